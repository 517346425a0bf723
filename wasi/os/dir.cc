// Dir: everything that goes through a path, and reading directories.
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "wasi/os/fs.h"

namespace skiff::wasi {
namespace {

constexpr mode_t kNewFile = 0666;  // both modified by the host's umask
constexpr mode_t kNewDirectory = 0777;

// Cookies count entries, since C libraries keep them in 32 bits: 0 is ".", 1 is "..", kFirst the host's first
// entry. Where entry kFirst + i of the host ends is in Dir::positions_[i]: positions, unlike counts, survive
// that entries before them are removed. Beyond kMaxPositions a cookie is kRaw + the host's position.
constexpr uint64_t kFirst = 2;
constexpr size_t kMaxPositions = 1 << 20;
constexpr uint64_t kRaw = uint64_t{1} << 32;
constexpr size_t kMinBatch = 1024;
constexpr size_t kMaxBatch = 32 << 10;

Io<void> done(int result) {
  if (result != 0) return io_fail_host();
  return {};
}

int host_flags(const OpenOptions& o) {
  int flags = o.write ? (o.read ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (o.create) flags |= O_CREAT;
  if (o.exclusive) flags |= O_EXCL;
  if (o.truncate) flags |= O_TRUNC;
  if (o.directory) flags |= O_DIRECTORY;
  if (o.append) flags |= O_APPEND;
  if (o.dsync) flags |= O_DSYNC;
  if (o.rsync) flags |= O_RSYNC;
  if (o.sync) flags |= O_SYNC;
  return flags | O_NONBLOCK | O_NOCTTY;
}

// Only file systems without a device can be procfs.
bool is_procfs(int fd, const struct stat& st) {
  if (major(st.st_dev) != 0) return false;
  struct statfs fs;
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

FileType entry_type(unsigned char d_type) {
  switch (d_type) {
    case DT_REG: return FileType::RegularFile;
    case DT_DIR: return FileType::Directory;
    case DT_LNK: return FileType::SymbolicLink;
    case DT_CHR: return FileType::CharacterDevice;
    case DT_BLK: return FileType::BlockDevice;
    case DT_SOCK: return FileType::SocketStream;
    case DT_FIFO: return FileType::Fifo;
    default: return FileType::Unknown;
  }
}

// The kernel's linux_dirent64, without its flexible name.
struct HostEntry {
  uint64_t inode;
  int64_t next;
  uint16_t size;
  uint8_t type;
};
constexpr size_t kHostEntryName = 19;  // offset of the name

}  // namespace

Io<Dir> Dir::open_host(const std::string& path, Access access, Resolver resolver) {
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return io_fail_host();
  if (resolver == Resolver::Auto) resolver = probe_resolver(fd.get());
  return Dir(std::move(fd), access, resolver);
}

Io<void> Dir::need_write() const {
  if (access_ == Access::ReadOnly) return io_fail(Errno::Perm);
  return {};
}

Io<OwnedFd> Dir::open_path(std::string_view path, bool follow) const {
  return open_beneath(fd(), path, {.flags = O_PATH, .follow = follow}, resolver_);
}

Io<Dir::Opened> Dir::open_at(std::string_view path, const OpenOptions& options) const {
  if (options.directory && (options.create || options.exclusive || options.truncate))
    return io_fail(Errno::Inval);
  if (options.create || options.truncate || options.write) SKIFF_IO_TRY(need_write());
  const OpenHow how{.flags = host_flags(options), .mode = kNewFile, .follow = options.follow};
  OwnedFd fd = SKIFF_IO_TRY(open_beneath(this->fd(), path, how, resolver_));
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) return io_fail_host();
  if (S_ISDIR(st.st_mode)) return Dir(std::move(fd), access_, resolver_);
  if (is_procfs(fd.get(), st)) return io_fail(Errno::Perm);
  // O_NONBLOCK served the opening; on regular files it means nothing and may stay.
  if (!S_ISREG(st.st_mode) && !options.nonblocking) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) return io_fail_host();
  }
  OpenOptions effective = options;
  effective.read = options.read || !options.write;
  return std::shared_ptr<File>(new File(std::move(fd), st, effective, access_));
}

Io<FileStat> Dir::stat() const {
  struct stat st;
  if (::fstat(fd(), &st) != 0) return io_fail_host();
  return to_file_stat(st);
}

Io<FileStat> Dir::stat_at(std::string_view path, bool follow) const {
  const OwnedFd found = SKIFF_IO_TRY(open_path(path, follow));
  struct stat st;
  if (::fstat(found.get(), &st) != 0) return io_fail_host();
  return to_file_stat(st);
}

Io<void> Dir::set_times(NewTime accessed, NewTime modified) const {
  SKIFF_IO_TRY(need_write());
  timespec times[2];
  SKIFF_IO_TRY(to_host_times(accessed, modified, times));
  return done(::futimens(fd(), times));
}

Io<void> Dir::set_times_at(std::string_view path, bool follow, NewTime accessed, NewTime modified) const {
  SKIFF_IO_TRY(need_write());
  timespec times[2];
  SKIFF_IO_TRY(to_host_times(accessed, modified, times));
  const OwnedFd found = SKIFF_IO_TRY(open_path(path, follow));
  if (::utimensat(found.get(), "", times, AT_EMPTY_PATH) == 0) return {};
  if (errno != EINVAL && errno != ENOENT) return io_fail_host();
  // Kernels before 5.8: through the descriptor's own link, which leads to exactly what was opened.
  char self[32];
  ::snprintf(self, sizeof self, "/proc/self/fd/%d", found.get());
  return done(::utimensat(AT_FDCWD, self, times, 0));
}

Io<void> Dir::sync() const { return done(::fsync(fd())); }

// The host's position that a cookie from kFirst on stands for; nothing for made-up ones.
std::optional<int64_t> Dir::position_of(uint64_t cookie) const {
  if (cookie >= kRaw)
    return cookie - kRaw <= INT64_MAX ? std::optional(static_cast<int64_t>(cookie - kRaw)) : std::nullopt;
  if (cookie == kFirst) return 0;
  const uint64_t i = cookie - kFirst - 1;
  return i < positions_.size() ? std::optional(positions_[i]) : std::nullopt;
}

// The cookie after the entry that `cookie` stands for, which ends at `end`.
uint64_t Dir::cookie_after(uint64_t cookie, int64_t end) {
  const uint64_t i = cookie - kFirst;
  if (cookie >= kRaw || i >= kMaxPositions) return kRaw + static_cast<uint64_t>(end);
  if (i < positions_.size()) positions_[i] = end;
  else positions_.push_back(end);
  return cookie + 1;
}

Io<void> Dir::read_entries(uint64_t cookie, size_t batch_bytes,
                           const std::function<bool(const DirEntry&)>& entry) {
  if (cookie < kFirst) {
    // ".." is given the inode of "." : what lies above is not this directory's to tell.
    const FileStat self = SKIFF_IO_TRY(stat());
    for (; cookie < kFirst; ++cookie) {
      const DirEntry e{cookie + 1, self.inode, FileType::Directory, cookie == 0 ? "." : ".."};
      if (!entry(e)) return {};
    }
  }
  const std::optional<int64_t> position = position_of(cookie);
  if (!position) return {};
  if (!scan_fd_ || scan_fd_.use_count() > 1) {  // a position of its own for each copy
    OwnedFd scan(::openat(fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!scan) return io_fail_host();
    scan_fd_ = std::make_shared<OwnedFd>(std::move(scan));
  }
  if (::lseek(scan_fd_->get(), *position, SEEK_SET) < 0) return io_fail_host();

  std::vector<char> batch(std::clamp(batch_bytes, kMinBatch, kMaxBatch));
  for (;;) {
    const long n = ::syscall(SYS_getdents64, scan_fd_->get(), batch.data(), batch.size());
    if (n < 0) return io_fail_host();
    if (n == 0) return {};
    for (size_t at = 0; at < static_cast<size_t>(n);) {
      HostEntry host;
      std::memcpy(&host, batch.data() + at, kHostEntryName);
      const std::string_view name = batch.data() + at + kHostEntryName;
      at += host.size;
      if (name == "." || name == "..") continue;
      cookie = cookie_after(cookie, host.next);
      if (!entry({cookie, host.inode, entry_type(host.type), name})) return {};
    }
  }
}

Io<void> Dir::create_directory_at(std::string_view path) const {
  SKIFF_IO_TRY(need_write());
  const Parent p = SKIFF_IO_TRY(parent(path));
  return done(::mkdirat(p.fd, p.name.c_str(), kNewDirectory));
}

Io<void> Dir::remove_directory_at(std::string_view path) const {
  SKIFF_IO_TRY(need_write());
  const Parent p = SKIFF_IO_TRY(parent(path));
  return done(::unlinkat(p.fd, p.name.c_str(), AT_REMOVEDIR));
}

Io<void> Dir::unlink_file_at(std::string_view path) const {
  SKIFF_IO_TRY(need_write());
  const Parent p = SKIFF_IO_TRY(parent(path));
  return done(::unlinkat(p.fd, p.name.c_str(), 0));
}

Io<void> Dir::symlink_at(std::string_view target, std::string_view path) const {
  SKIFF_IO_TRY(need_write());
  if (target.starts_with('/')) return io_fail(Errno::Perm);
  if (target.size() >= PATH_MAX) return io_fail(Errno::NameTooLong);
  if (target.find('\0') != target.npos) return io_fail(Errno::Inval);
  const Parent p = SKIFF_IO_TRY(parent(path));
  if (::symlinkat(std::string(target).c_str(), p.fd, p.name.c_str()) == 0) return {};
  const Errno error = last_errno();
  // Behind a slash only a directory can be: that something else is there matters less than that it is none.
  struct stat st{};
  if (error == Errno::Exist && p.trailing_slash && ::fstatat(p.fd, p.name.c_str(), &st, 0) != 0 && errno == ENOTDIR)
    return io_fail(Errno::NotDir);
  return io_fail(error);
}

Io<std::string> Dir::readlink_at(std::string_view path) const {
  const OwnedFd found = SKIFF_IO_TRY(open_path(path, false));
  char target[PATH_MAX];
  const ssize_t n = ::readlinkat(found.get(), "", target, sizeof target);
  if (n < 0) return io_fail(errno == ENOENT ? Errno::Inval : last_errno());  // ENOENT: not a link
  return std::string(target, static_cast<size_t>(n));
}

Io<void> Dir::rename_at(std::string_view path, const Dir& new_dir, std::string_view new_path) const {
  SKIFF_IO_TRY(need_write());
  SKIFF_IO_TRY(new_dir.need_write());
  const Parent from = SKIFF_IO_TRY(parent(path));
  const Parent to = SKIFF_IO_TRY(new_dir.parent(new_path));
  return done(::renameat(from.fd, from.name.c_str(), to.fd, to.name.c_str()));
}

Io<void> Dir::link_at(std::string_view path, const Dir& new_dir, std::string_view new_path) const {
  SKIFF_IO_TRY(need_write());
  SKIFF_IO_TRY(new_dir.need_write());
  const Parent from = SKIFF_IO_TRY(parent(path));
  if (from.is_dots || from.trailing_slash) {
    // linkat looks its source up, following a link before a slash; and it could only be a directory.
    SKIFF_IO_TRY(open_path(path, false));
    return io_fail(Errno::Perm);
  }
  const Parent to = SKIFF_IO_TRY(new_dir.parent(new_path));
  return done(::linkat(from.fd, from.name.c_str(), to.fd, to.name.c_str(), 0));
}

}  // namespace skiff::wasi
