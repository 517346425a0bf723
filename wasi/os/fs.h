// Files and directories as capabilities. A Dir is the authority over the tree beneath it, a File over what
// it was opened for; nothing is reachable from a guest but by Dir::open_at from a Dir it holds. Access is
// one bit per tree: a read-only Dir refuses every change (Perm), as do the Files and Dirs opened from it,
// also across trees: linking or renaming needs both sides writable.
//
// Files: opening never blocks (no waiting for the other end of a FIFO), never makes a controlling terminal,
// and never reaches into procfs, where files stand for the host process itself (/proc/self/mem).
// Thread: each object one thread at a time; copies of a Dir are independent.
#pragma once

#include <sys/stat.h>
#include <sys/uio.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wasi/os/errno.h"
#include "wasi/os/fd.h"
#include "wasi/os/poll.h"
#include "wasi/os/resolve.h"

namespace skiff::wasi {

enum class Access : uint8_t { ReadOnly, ReadWrite };

/// Numbered as filetype of wasi_snapshot_preview1, which does not know Fifo.
enum class FileType : uint8_t {
  Unknown, BlockDevice, CharacterDevice, Directory, RegularFile, SocketDgram, SocketStream, SymbolicLink, Fifo
};

/// May lie before 1970.
struct Timestamp {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
};

struct FileStat {
  uint64_t device = 0;
  uint64_t inode = 0;
  FileType type = FileType::Unknown;
  uint64_t links = 0;
  uint64_t size = 0;
  Timestamp accessed, modified, changed;
};

/// What to do with a time of a file. Errors: Inval when nanoseconds >= 10^9, Overflow when the host cannot
/// count that many seconds.
struct NewTime {
  enum class Kind : uint8_t { Keep, Now, At };
  Kind kind = Kind::Keep;
  uint64_t seconds = 0;
  uint32_t nanoseconds = 0;
  bool before_1970 = false;    // seconds has the bits of a negative number
};

struct OpenOptions {
  bool read = false;
  bool write = false;
  bool create = false;
  bool exclusive = false;
  bool truncate = false;
  bool directory = false;      // must be one
  bool follow = true;
  bool append = false;
  bool nonblocking = false;
  bool dsync = false;
  bool rsync = false;
  bool sync = false;
};

/// Numbered as advice of wasi_snapshot_preview1.
enum class Advice : uint8_t { Normal, Sequential, Random, WillNeed, DontNeed, NoReuse };
/// Numbered as whence of wasi_snapshot_preview1.
enum class Whence : uint8_t { Set, Current, End };

class File {
 public:
  /// A descriptor that belongs to the host (a standard stream): it is not closed, and its host flags,
  /// which other processes share, are never changed.
  static Io<std::shared_ptr<File>> borrow(int fd);

  int fd() const { return fd_.get(); }
  /// Of the tree that it was opened in.
  Access access() const { return access_; }
  FileType type() const { return type_; }
  bool is_terminal() const { return terminal_; }
  bool seekable() const { return seekable_; }
  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  bool append() const { return append_; }
  bool nonblocking() const { return nonblocking_; }
  bool dsync() const { return options_.dsync; }
  bool rsync() const { return options_.rsync; }
  bool sync_writes() const { return options_.sync; }

  // Units: bytes. Errors: BadF when not opened for that, else the host's. At most IOV_MAX buffers.
  Io<size_t> read(std::span<const iovec> into, Interrupt interrupt = {});
  Io<size_t> write(std::span<const iovec> from, Interrupt interrupt = {});
  Io<size_t> pread(std::span<const iovec> into, uint64_t offset);
  Io<size_t> pwrite(std::span<const iovec> from, uint64_t offset);
  /// As read and write, but Again instead of waiting, whatever nonblocking() says.
  Io<size_t> read_now(std::span<const iovec> into);
  Io<size_t> write_now(std::span<const iovec> from);
  /// Writes at the end, wherever that is then.
  Io<size_t> append_write(std::span<const iovec> from);
  /// The new position. Errors: SPipe.
  Io<uint64_t> seek(int64_t delta, Whence whence);
  Io<void> sync();
  Io<void> datasync();
  Io<FileStat> stat() const;
  Io<void> set_size(uint64_t size);
  Io<void> set_times(NewTime accessed, NewTime modified);
  Io<void> advise(uint64_t offset, uint64_t length, Advice advice);
  Io<void> allocate(uint64_t offset, uint64_t length);
  Io<void> set_flags(bool append, bool nonblocking);

 private:
  friend class Dir;
  File(FdRef fd, const struct stat& st, const OpenOptions& options, Access access);

  FdRef fd_;
  OpenOptions options_;
  Access access_;
  FileType type_;
  bool regular_;
  bool terminal_ = false;
  bool seekable_;
  bool readable_;
  bool writable_;
  bool append_;
  bool nonblocking_;
};

struct DirEntry {
  uint64_t next = 0;           // cookie of the entry after this one
  uint64_t inode = 0;
  FileType type = FileType::Unknown;
  std::string_view name;
};

class Dir {
 public:
  using Opened = std::variant<std::shared_ptr<File>, Dir>;

  /// A directory of the host, by the embedder's authority. Errors: the host's; NotDir.
  static Io<Dir> open_host(const std::string& path, Access access, Resolver resolver = Resolver::Auto);

  Access access() const { return access_; }
  int fd() const { return fd_->get(); }

  /// Errors: Perm for escapes and for changes (create, truncate, write) of read-only trees; Inval for
  /// directory together with create, exclusive or truncate.
  Io<Opened> open_at(std::string_view path, const OpenOptions& options) const;

  Io<FileStat> stat() const;
  Io<FileStat> stat_at(std::string_view path, bool follow) const;
  Io<void> set_times(NewTime accessed, NewTime modified) const;
  Io<void> set_times_at(std::string_view path, bool follow, NewTime accessed, NewTime modified) const;
  Io<void> sync() const;

  /// Calls `entry` for the entries from `cookie` on (0: from the start) until it returns false or no more
  /// are left. "." and ".." come first. A cookie is valid for this Dir, until it reads from the start
  /// again; made-up ones give arbitrary entries or none. `batch_bytes`: how much to ask of the host at once.
  Io<void> read_entries(uint64_t cookie, size_t batch_bytes,
                        const std::function<bool(const DirEntry&)>& entry);

  Io<void> create_directory_at(std::string_view path) const;
  Io<void> remove_directory_at(std::string_view path) const;
  Io<void> unlink_file_at(std::string_view path) const;
  /// Errors: Perm for absolute targets.
  Io<void> symlink_at(std::string_view target, std::string_view path) const;
  /// Errors: Inval when it is no link.
  Io<std::string> readlink_at(std::string_view path) const;
  /// Renames within this tree or to another. Errors: Perm unless both are writable.
  Io<void> rename_at(std::string_view path, const Dir& new_dir, std::string_view new_path) const;
  /// Makes a hard link; a link as last component of `path` is linked itself. Errors: as rename_at, and
  /// Perm for directories.
  Io<void> link_at(std::string_view path, const Dir& new_dir, std::string_view new_path) const;

 private:
  Dir(OwnedFd fd, Access access, Resolver resolver)
      : fd_(std::make_shared<OwnedFd>(std::move(fd))), access_(access), resolver_(resolver) {}
  Io<void> need_write() const;
  Io<OwnedFd> open_path(std::string_view path, bool follow) const;
  Io<Parent> parent(std::string_view path) const { return open_parent(fd(), path, resolver_); }

  std::optional<int64_t> position_of(uint64_t cookie) const;
  uint64_t cookie_after(uint64_t cookie, int64_t end);

  // The descriptor is shared by copies and has no state that they could disturb; the position of
  // reading entries lives in one of its own.
  std::shared_ptr<OwnedFd> fd_;
  std::shared_ptr<OwnedFd> scan_fd_;
  std::vector<int64_t> positions_;  // see dir.cc
  Access access_;
  Resolver resolver_;
};

/// From a host's stat.
FileStat to_file_stat(const struct stat& st);
/// Checked times for utimensat.
Io<void> to_host_times(NewTime accessed, NewTime modified, timespec (&out)[2]);

}  // namespace skiff::wasi
