// Numbers of wasi_snapshot_preview1 and the layouts of its structures, which C's are.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef uint16_t Errno;
// In the order of preview 1; those that the adapter has no use for are left to the gaps.
enum {
  kSuccess = 0, kTooBig = 1, kAcces = 2, kAgain = 6, kAlready = 7, kBadF = 8, kBusy = 10, kDeadLk = 16, kDQuot = 19,
  kExist = 20, kFault = 21, kFBig = 22, kIlSeq = 25, kInProgress = 26, kIntr = 27, kInval = 28, kIo = 29, kIsDir = 31,
  kLoop = 32, kMLink = 34, kMsgSize = 35, kNameTooLong = 37, kNoDev = 43, kNoEnt = 44, kNoLck = 46, kNoMem = 48,
  kNoSpc = 51, kNotDir = 54, kNotEmpty = 55, kNotRecoverable = 56, kNotSock = 57, kNotSup = 58, kNoTty = 59, kNxio = 60,
  kOverflow = 61, kPerm = 63, kPipe = 64, kRoFs = 69, kSPipe = 70, kTxtBsy = 74, kXDev = 75, kNotCapable = 76,
};

enum {  // filetype
  kUnknownType, kBlockDevice, kCharacterDevice, kDirectoryType, kRegularFile, kSocketDgram, kSocketStream, kSymbolicLink
};
enum { kAppend = 1, kDsync = 2, kNonblock = 4, kRsync = 8, kSync = 16, kAllFdFlags = 31 };
enum { kCreat = 1, kOpenDirectory = 2, kExcl = 4, kTrunc = 8, kAllOpenFlags = 15 };
enum { kAtim = 1, kAtimNow = 2, kMtim = 4, kMtimNow = 8, kAllFstFlags = 15 };
enum { kRealtime, kMonotonic };

typedef uint64_t Rights;
enum {
  kFdDatasync = 1 << 0, kFdRead = 1 << 1, kFdSeek = 1 << 2, kFdFdstatSetFlags = 1 << 3, kFdSync = 1 << 4,
  kFdTell = 1 << 5, kFdWrite = 1 << 6, kFdAdvise = 1 << 7, kFdAllocate = 1 << 8, kPathCreateDirectory = 1 << 9,
  kPathCreateFile = 1 << 10, kPathLinkSource = 1 << 11, kPathLinkTarget = 1 << 12, kPathOpen = 1 << 13,
  kFdReaddir = 1 << 14, kPathReadlink = 1 << 15, kPathRenameSource = 1 << 16, kPathRenameTarget = 1 << 17,
  kPathFilestatGet = 1 << 18, kPathFilestatSetSize = 1 << 19, kPathFilestatSetTimes = 1 << 20,
  kFdFilestatGet = 1 << 21, kFdFilestatSetSize = 1 << 22, kFdFilestatSetTimes = 1 << 23, kPathSymlink = 1 << 24,
  kPathRemoveDirectory = 1 << 25, kPathUnlinkFile = 1 << 26, kPollFdReadwrite = 1 << 27,
  kStreamRights = kFdFilestatGet | kFdFdstatSetFlags | kPollFdReadwrite,
  kFileRights = kStreamRights | kFdDatasync | kFdRead | kFdSeek | kFdSync | kFdTell | kFdWrite | kFdAdvise |
                kFdAllocate | kFdFilestatSetSize | kFdFilestatSetTimes,
  kDirChangeRights = kPathCreateDirectory | kPathCreateFile | kPathLinkSource | kPathLinkTarget | kPathRenameSource |
                     kPathRenameTarget | kPathFilestatSetSize | kPathFilestatSetTimes | kFdFilestatSetTimes |
                     kPathSymlink | kPathRemoveDirectory | kPathUnlinkFile,
  kDirRights = kFdDatasync | kFdFdstatSetFlags | kFdSync | kPathOpen | kFdReaddir | kPathReadlink | kPathFilestatGet |
               kFdFilestatGet | kDirChangeRights,
};

struct Iovec { uint32_t address, size; };
struct Fdstat { uint8_t type; uint16_t flags; Rights base, inheriting; };
struct Filestat { uint64_t device, inode; uint8_t type; uint64_t links, size, accessed, modified, changed; };
struct Prestat { uint8_t tag; uint32_t name_size; };
struct Dirent { uint64_t next, inode; uint32_t name_size; uint8_t type; };
enum { kDirentSize = 24 };

enum { kClock, kReadable, kWritable };  // eventtype
struct Subscription {
  uint64_t userdata;
  uint8_t type;
  union {
    struct { uint32_t clock; uint64_t timeout, precision; uint16_t flags; };
    uint32_t fd;
  };
};
struct Event { uint64_t userdata; Errno error; uint8_t type; uint64_t bytes; uint16_t flags; };

_Static_assert(sizeof(struct Fdstat) == 24, "");
_Static_assert(sizeof(struct Filestat) == 64, "");
_Static_assert(sizeof(struct Prestat) == 8, "");
_Static_assert(sizeof(struct Subscription) == 48, "");
_Static_assert(sizeof(struct Event) == 32, "");
