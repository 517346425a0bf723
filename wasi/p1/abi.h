// Numbers and layouts of wasi_snapshot_preview1 (witx), and where wasi_unstable differs. Structures are
// never overlaid on guest memory: fields are stored one by one at these offsets.
#pragma once

#include <cstdint>

namespace skiff::wasi {

/// Which of the two modules a guest calls. They differ in filestat, subscription and whence.
enum class Abi : uint8_t { Snapshot1, Unstable };

using Rights = uint64_t;
namespace rights {
enum : Rights {
  FdDatasync = 1 << 0, FdRead = 1 << 1, FdSeek = 1 << 2, FdFdstatSetFlags = 1 << 3, FdSync = 1 << 4,
  FdTell = 1 << 5, FdWrite = 1 << 6, FdAdvise = 1 << 7, FdAllocate = 1 << 8, PathCreateDirectory = 1 << 9,
  PathCreateFile = 1 << 10, PathLinkSource = 1 << 11, PathLinkTarget = 1 << 12, PathOpen = 1 << 13,
  FdReaddir = 1 << 14, PathReadlink = 1 << 15, PathRenameSource = 1 << 16, PathRenameTarget = 1 << 17,
  PathFilestatGet = 1 << 18, PathFilestatSetSize = 1 << 19, PathFilestatSetTimes = 1 << 20,
  FdFilestatGet = 1 << 21, FdFilestatSetSize = 1 << 22, FdFilestatSetTimes = 1 << 23, PathSymlink = 1 << 24,
  PathRemoveDirectory = 1 << 25, PathUnlinkFile = 1 << 26, PollFdReadwrite = 1 << 27,
  SockShutdown = 1 << 28, SockAccept = 1 << 29,
};
inline constexpr Rights kFileChange = FdWrite | FdAllocate | FdFilestatSetSize | FdFilestatSetTimes;
inline constexpr Rights kFile = FdDatasync | FdRead | FdSeek | FdFdstatSetFlags | FdSync | FdTell | FdAdvise |
                                FdFilestatGet | PollFdReadwrite | kFileChange;
inline constexpr Rights kDirChange = PathCreateDirectory | PathCreateFile | PathLinkSource | PathLinkTarget |
                                     PathRenameSource | PathRenameTarget | PathFilestatSetSize |
                                     PathFilestatSetTimes | FdFilestatSetTimes | PathSymlink |
                                     PathRemoveDirectory | PathUnlinkFile;
inline constexpr Rights kDir = FdDatasync | FdFdstatSetFlags | FdSync | PathOpen | FdReaddir | PathReadlink |
                               PathFilestatGet | FdFilestatGet | kDirChange;
inline constexpr Rights kStream = FdFilestatGet | FdFdstatSetFlags | PollFdReadwrite;
inline constexpr Rights kSocket = FdRead | FdWrite | FdFilestatGet | FdFdstatSetFlags | PollFdReadwrite |
                                  SockShutdown | SockAccept;
}  // namespace rights

namespace fdflag {
enum : uint32_t { Append = 1, Dsync = 2, Nonblock = 4, Rsync = 8, Sync = 16, All = 31 };
}
namespace oflag {
enum : uint32_t { Creat = 1, Directory = 2, Excl = 4, Trunc = 8, All = 15 };
}
namespace fstflag {
enum : uint32_t { Atim = 1, AtimNow = 2, Mtim = 4, MtimNow = 8, All = 15 };
}
namespace lookupflag {
enum : uint32_t { SymlinkFollow = 1, All = 1 };
}
namespace riflag {
enum : uint32_t { Peek = 1, WaitAll = 2, All = 3 };
}
namespace roflag {
enum : uint32_t { DataTruncated = 1 };
}
namespace sdflag {
enum : uint32_t { Read = 1, Write = 2, All = 3 };
}
namespace event_type {
enum : uint8_t { Clock = 0, FdRead = 1, FdWrite = 2 };
}
namespace clock_flag {
enum : uint32_t { Absolute = 1, All = 1 };
}
namespace rw_flag {
enum : uint16_t { Hangup = 1 };
}

struct FilestatLayout {
  uint32_t size, links, bytes, accessed, modified, changed;  // dev at 0, ino at 8, filetype at 16
  bool wide_links;
};
constexpr FilestatLayout filestat_layout(Abi abi) {
  return abi == Abi::Snapshot1 ? FilestatLayout{64, 24, 32, 40, 48, 56, true}
                               : FilestatLayout{56, 20, 24, 32, 40, 48, false};
}

struct SubscriptionLayout {
  uint32_t size, clock, timeout, flags;  // userdata at 0, tag at 8, descriptor at 16
};
constexpr SubscriptionLayout subscription_layout(Abi abi) {
  return abi == Abi::Snapshot1 ? SubscriptionLayout{48, 16, 24, 40} : SubscriptionLayout{56, 24, 32, 48};
}

inline constexpr uint32_t kEventSize = 32;   // userdata 0, error 8, type 10, nbytes 16, flags 24
inline constexpr uint32_t kFdstatSize = 24;  // filetype 0, flags 2, base 8, inheriting 16
inline constexpr uint32_t kPrestatSize = 8;  // tag 0, name length 4
inline constexpr uint32_t kDirentSize = 24;  // next 0, inode 8, name length 16, type 20

}  // namespace skiff::wasi
