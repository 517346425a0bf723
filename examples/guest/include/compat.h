/* What unmodified C programs expect of POSIX and Debian's wasi-libc of 2022 lacks. Included before every
 * file of the larger guests (-include compat.h); compat.c has the bodies. Calls that a sandbox cannot
 * honour fail as POSIX lets them fail. */
#pragma once
#ifdef __wasm__
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef F_RDLCK
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2
#define F_GETLK 5
#define F_SETLK 6
#endif
#ifndef L_tmpnam
#define L_tmpnam 20
#endif

int fchmod(int, mode_t);
int fchown(int, uid_t, gid_t);
int chmod(const char*, mode_t);
int chown(const char*, uid_t, gid_t);
uid_t geteuid(void);
int system(const char*);
int utimes(const char*, const struct timeval[2]);
mode_t umask(mode_t);
#endif
