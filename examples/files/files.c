/* Files and directories: makes, writes, reads, lists, renames and removes them in the current directory,
 * and shows that nothing outside of it can be reached. Prints the same natively and in the sandbox. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(what)                                              \
  do {                                                           \
    if (!(what)) {                                               \
      printf("failed: %s: %s\n", #what, strerror(errno));        \
      exit(1);                                                   \
    }                                                            \
  } while (0)

static int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static void list(const char* path) {
  DIR* dir = opendir(path);
  CHECK(dir);
  char* names[64];
  int count = 0;
  for (struct dirent* entry; (entry = readdir(dir));) {
    if (entry->d_name[0] != '.' && count < 64) names[count++] = strdup(entry->d_name);
  }
  closedir(dir);
  qsort(names, count, sizeof names[0], by_name);
  printf("%s:", path);
  for (int i = 0; i < count; ++i) printf(" %s", names[i]), free(names[i]);
  printf("\n");
}

int main(void) {
  CHECK(mkdir("work", 0777) == 0);
  FILE* out = fopen("work/numbers.txt", "w");
  CHECK(out);
  for (int i = 0; i < 1000; ++i) fprintf(out, "%d %d\n", i, i * i);
  CHECK(fclose(out) == 0);

  struct stat info;
  CHECK(stat("work/numbers.txt", &info) == 0);
  printf("numbers.txt: %lld bytes, %s\n", (long long)info.st_size, S_ISREG(info.st_mode) ? "file" : "other");

  FILE* in = fopen("work/numbers.txt", "r");
  CHECK(in);
  long long sum = 0;
  for (int a, b; fscanf(in, "%d %d", &a, &b) == 2;) sum += b - a;
  CHECK(fclose(in) == 0);
  printf("sum: %lld\n", sum);

  int fd = open("work/numbers.txt", O_RDWR);
  CHECK(fd >= 0);
  CHECK(lseek(fd, -6, SEEK_END) > 0);
  char tail[7] = {0};
  CHECK(read(fd, tail, 6) == 6);
  printf("tail: %s", tail);
  CHECK(ftruncate(fd, 10) == 0);
  CHECK(pwrite(fd, "!", 1, 9) == 1);
  close(fd);
  CHECK(stat("work/numbers.txt", &info) == 0);
  printf("after truncate: %lld\n", (long long)info.st_size);

  CHECK(rename("work/numbers.txt", "work/renamed.txt") == 0);
  CHECK(symlink("renamed.txt", "work/link") == 0);
  CHECK(link("work/renamed.txt", "work/hard") == 0);
  char target[32] = {0};
  CHECK(readlink("work/link", target, sizeof target - 1) > 0);
  printf("link -> %s\n", target);
  list("work");
  CHECK(access("work/missing", F_OK) != 0 && errno == ENOENT);
  CHECK(unlink("work/link") == 0 && unlink("work/hard") == 0 && unlink("work/renamed.txt") == 0);
  list("work");
  CHECK(rmdir("work") == 0);
  printf("done\n");
  return 0;
}
