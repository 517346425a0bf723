// What the other guests do not: polling, directories read in turns and from the middle, many descriptors, appending
// switched on and off.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kFiles = 300 };

static void for_each_file(void (*act)(const char*)) {
  char name[100];
  for (int i = 0; i < kFiles; ++i) {
    snprintf(name, sizeof name, "d/file-with-a-rather-long-name-%d", i);
    act(name);
    snprintf(name, sizeof name, "e/%d", i);
    act(name);
  }
}
static void make(const char* name) { close(open(name, O_CREAT | O_WRONLY, 0666)); }
static void drop(const char* name) { unlink(name); }

static void polling(void) {
  struct pollfd out = {1, POLLOUT, 0};
  printf("poll %d", poll(&out, 1, 1000));
  printf(" events %d", out.revents == POLLOUT);
  printf(" timeout %d\n", poll(NULL, 0, 10));
}

static void directories(void) {
  mkdir("d", 0777);
  mkdir("e", 0777);
  for_each_file(make);
  DIR *d = opendir("d"), *e = opendir("e");
  int in_d = 0, in_e = 0, wrong = 0;
  for (int more = 1; more;) {
    more = 0;
    struct dirent* entry;
    if (readdir(d)) ++in_d, more = 1;
    if ((entry = readdir(e))) {
      struct stat st;
      ++in_e, more = 1;
      if (entry->d_type == DT_REG) wrong += fstatat(dirfd(e), entry->d_name, &st, 0) != 0 || st.st_ino != entry->d_ino;
    }
  }
  printf("%d and %d entries, %d wrong\n", in_d, in_e, wrong);
  rewinddir(d);
  long middle = 0;
  for (in_d = 0; readdir(d);)
    if (++in_d == kFiles / 2) middle = telldir(d);
  seekdir(d, middle);
  int rest = 0;
  while (readdir(d)) ++rest;
  printf("%d again, %d from the middle\n", in_d, rest);
  make("d/new");
  rewinddir(d);
  for (in_d = 0; readdir(d);) ++in_d;
  drop("d/new");
  printf("%d with a new one\n", in_d);
  closedir(d);
  closedir(e);
  for_each_file(drop);
  printf("rmdir %d %d\n", rmdir("d"), rmdir("e"));
}

static void descriptors(void) {
  int fds[40];
  for (int i = 0; i < 40; ++i) fds[i] = open(".", O_RDONLY | O_DIRECTORY);
  printf("%d descriptors\n", fds[39] - fds[0] + 1);
  for (int i = 0; i < 40; ++i) close(fds[i]);
}

static void appending(void) {
  char text[9] = "";
  const int fd = open("log", O_CREAT | O_RDWR | O_APPEND, 0666);
  write(fd, "abc", 3);
  lseek(fd, 0, SEEK_SET);
  write(fd, "def", 3);
  printf("at %d", (int)lseek(fd, 0, SEEK_CUR));
  fcntl(fd, F_SETFL, 0);
  lseek(fd, 0, SEEK_SET);
  write(fd, "X", 1);
  fcntl(fd, F_SETFL, O_APPEND);
  write(fd, "Y", 1);
  pread(fd, text, 8, 0);
  printf(": %s\n", text);
  close(fd);
  const int out = open("log", O_WRONLY);
  const int got = (int)read(out, text, 1);
  printf("read %d: %s\n", got, strerror(errno));
  close(out);
}

int main(void) {
  polling();
  directories();
  descriptors();
  appending();
  return 0;
}
