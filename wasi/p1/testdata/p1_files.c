// Files, links, renaming, truncation and times through wasi-libc, in the preopened "/".
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static void say(const char* what, int result) {
  if (result < 0) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: %d\n", what, result);
}

static void show(const char* path) {
  char text[100] = "";
  FILE* f = fopen(path, "r");
  if (!f) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  size_t n = fread(text, 1, sizeof text - 1, f);
  printf("%s: %zu bytes: %s\n", path, n, text);
  fclose(f);
}

int main(void) {
  FILE* f = fopen("a.txt", "w");
  fprintf(f, "hello %d", 42);
  fclose(f);
  show("a.txt");
  f = fopen("a.txt", "a");
  fputs(" appended", f);
  fclose(f);
  show("a.txt");

  say("mkdir", mkdir("d", 0777));
  say("mkdir again", mkdir("d", 0777));
  say("rename", rename("a.txt", "d/b.txt"));
  show("a.txt");
  show("d/b.txt");
  say("symlink", symlink("d/b.txt", "s"));
  show("s");
  char target[50];
  const ssize_t n = readlink("s", target, sizeof target);
  printf("readlink: %.*s\n", (int)n, target);
  say("link", link("d/b.txt", "hard"));

  struct stat st;
  say("stat", stat("hard", &st));
  printf("size %lld links %d regular %d\n", (long long)st.st_size, (int)st.st_nlink, S_ISREG(st.st_mode));
  say("lstat", lstat("s", &st));
  printf("link %d\n", S_ISLNK(st.st_mode));
  struct timespec times[2] = {{1000000000, 5}, {1234567890, 987654321}};
  say("utimensat", utimensat(AT_FDCWD, "hard", times, 0));
  stat("d/b.txt", &st);
  printf("atime %lld mtime %lld.%09ld\n", (long long)st.st_atim.tv_sec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);

  const int fd = open("d/b.txt", O_RDWR);
  say("ftruncate", ftruncate(fd, 5));
  say("seek end", (int)lseek(fd, 0, SEEK_END));
  say("pwrite", (int)pwrite(fd, "J", 1, 0));
  say("seek before start", (int)lseek(fd, -1, SEEK_SET));
  close(fd);
  show("hard");
  say("trunc", close(open("hard", O_WRONLY | O_TRUNC)));
  show("hard");

  say("rmdir not empty", rmdir("d"));
  say("unlink dir", unlink("d"));
  say("unlink", unlink("d/b.txt"));
  say("rmdir", rmdir("d"));
  show("s");
  say("slash behind file", open("hard/", O_RDONLY));
  say("excl", open("hard", O_CREAT | O_EXCL | O_WRONLY, 0666));
  say("closed", close(99));
  printf("isatty %d\n", isatty(1));
  return 0;
}
