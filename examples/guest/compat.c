/* Bodies for compat.h: a sandboxed program has no users, no permissions and no other programs. */
#include "compat.h"

int fchmod(int fd, mode_t mode) { (void)fd, (void)mode; return 0; }
int fchown(int fd, uid_t user, gid_t group) { (void)fd, (void)user, (void)group; return 0; }
int chmod(const char* path, mode_t mode) { (void)path, (void)mode; return 0; }
int chown(const char* path, uid_t user, gid_t group) { (void)path, (void)user, (void)group; return 0; }
uid_t geteuid(void) { return 0; }
mode_t umask(mode_t mask) { (void)mask; return 0; }

int system(const char* command) {
  if (!command) return 0; /* no command processor */
  errno = ENOSYS;
  return -1;
}

FILE* tmpfile(void) {
  errno = ENOSYS;
  return NULL;
}

char* tmpnam(char* buffer) {
  (void)buffer;
  return NULL;
}
