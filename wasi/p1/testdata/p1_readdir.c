// A directory of 1000 entries: all are seen once, also after rewinding; seekdir continues where telldir was.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int seen[1000];

static int scan(DIR* dir) {
  int others = 0;
  struct dirent* e;
  while ((e = readdir(dir))) {
    if (strncmp(e->d_name, "entry", 5) == 0) ++seen[atoi(e->d_name + 5)];
    else ++others;
  }
  return others;
}

static int count(int wanted) {
  int n = 0;
  for (int i = 0; i < 1000; ++i) n += seen[i] == wanted;
  return n;
}

int main(void) {
  char name[50];
  mkdir("many", 0777);
  for (int i = 0; i < 1000; ++i) {
    snprintf(name, sizeof name, "many/entry%d", i);
    close(open(name, O_CREAT | O_WRONLY, 0666));
  }
  DIR* dir = opendir("many");
  printf("others %d\n", scan(dir));
  printf("seen once %d\n", count(1));
  rewinddir(dir);
  scan(dir);
  printf("seen twice %d\n", count(2));
  rewinddir(dir);
  for (int i = 0; i < 500; ++i) readdir(dir);
  const long at = telldir(dir);
  struct dirent* e = readdir(dir);
  char kept[50];
  strcpy(kept, e->d_name);
  scan(dir);
  seekdir(dir, at);
  printf("same after seekdir %d\n", strcmp(kept, readdir(dir)->d_name) == 0);
  closedir(dir);
  for (int i = 0; i < 1000; ++i) {
    snprintf(name, sizeof name, "many/entry%d", i);
    unlink(name);
  }
  printf("rmdir %d\n", rmdir("many"));
  return 0;
}
