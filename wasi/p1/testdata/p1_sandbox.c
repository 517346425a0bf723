// What must not work: leaving the preopened directories, changing a read-only one.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void try(const char* what, int result) {
  if (result >= 0) printf("%s: IT WORKED\n", what);
  else printf("%s: %s\n", what, strerror(errno));
}

int main(void) {
  mkdir("/x", 0777);
  try("up", open("/../etc/passwd", O_RDONLY));
  try("up twice", open("/x/../../etc/passwd", O_RDONLY));
  printf("link out: %d\n", symlink("../../etc", "/out"));
  try("through a link", open("/out/passwd", O_RDONLY));
  try("slash behind a link", open("/out/", O_RDONLY | O_DIRECTORY));
  try("absolute link", symlink("/etc", "/absolute"));

  char text[10] = "";
  const int fd = open("/ro/given", O_RDONLY);
  printf("read %d: %s\n", (int)read(fd, text, 5), text);
  try("write", (int)write(fd, "x", 1));
  try("open to write", open("/ro/given", O_WRONLY));
  try("truncate", open("/ro/given", O_RDONLY | O_TRUNC));
  try("create", open("/ro/new", O_CREAT | O_WRONLY, 0666));
  try("unlink", unlink("/ro/given"));
  try("mkdir", mkdir("/ro/d", 0777));
  try("rename out", rename("/ro/given", "/stolen"));
  try("link out", link("/ro/given", "/stolen"));
  try("set size", ftruncate(fd, 0));
  try("set times", utimensat(AT_FDCWD, "/ro/given", NULL, 0));
  return 0;
}
