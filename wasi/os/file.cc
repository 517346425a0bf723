// File: reading, writing and the rest that works on one open file.
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "wasi/os/fs.h"

namespace skiff::wasi {
namespace {

FileType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return FileType::RegularFile;
    case S_IFDIR: return FileType::Directory;
    case S_IFLNK: return FileType::SymbolicLink;
    case S_IFCHR: return FileType::CharacterDevice;
    case S_IFBLK: return FileType::BlockDevice;
    case S_IFSOCK: return FileType::SocketStream;
    case S_IFIFO: return FileType::Fifo;
    default: return FileType::Unknown;
  }
}

// While it lives, writing to a pipe that nobody reads gives EPIPE without the process-wide SIGPIPE.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &old_);
    if (::sigismember(&old_, SIGPIPE)) {  // only then can one be waiting already
      sigset_t pending;
      ::sigpending(&pending);
      was_pending_ = ::sigismember(&pending, SIGPIPE);
    }
  }
  // Takes back the signal that our own write raised.
  void consume() {
    const timespec zero = {};
    if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &zero);
  }
  ~NoSigpipe() { ::pthread_sigmask(SIG_SETMASK, &old_, nullptr); }

 private:
  sigset_t pipe_, old_;
  bool was_pending_ = false;
};

int count_of(std::span<const iovec> vecs) { return static_cast<int>(std::min<size_t>(vecs.size(), IOV_MAX)); }

template <class Call>
Io<size_t> retry(Call call) {
  ssize_t n;
  do n = call();
  while (n < 0 && errno == EINTR);
  if (n < 0) return io_fail_host();
  return static_cast<size_t>(n);
}

// Host offsets are signed.
Io<off_t> to_offset(uint64_t offset) {
  if (offset > static_cast<uint64_t>(INT64_MAX)) return io_fail(Errno::Inval);
  return static_cast<off_t>(offset);
}

Io<void> done(int result) {
  if (result != 0) return io_fail_host();
  return {};
}

Io<timespec> to_host_time(NewTime t) {
  timespec ts = {};
  switch (t.kind) {
    case NewTime::Kind::Keep: ts.tv_nsec = UTIME_OMIT; break;
    case NewTime::Kind::Now: ts.tv_nsec = UTIME_NOW; break;
    case NewTime::Kind::At:
      if (t.nanoseconds >= 1'000'000'000) return io_fail(Errno::Inval);
      if (!t.before_1970 && t.seconds > static_cast<uint64_t>(INT64_MAX)) return io_fail(Errno::Overflow);
      ts.tv_sec = static_cast<time_t>(t.seconds);
      ts.tv_nsec = static_cast<long>(t.nanoseconds);
      break;
  }
  return ts;
}

}  // namespace

FileStat to_file_stat(const struct stat& st) {
  const auto time = [](const timespec& ts) {
    return Timestamp{ts.tv_sec, static_cast<uint32_t>(ts.tv_nsec)};
  };
  FileStat out;
  out.device = st.st_dev;
  out.inode = st.st_ino;
  out.type = type_of(st.st_mode);
  out.links = st.st_nlink;
  out.size = static_cast<uint64_t>(st.st_size);
  out.accessed = time(st.st_atim);
  out.modified = time(st.st_mtim);
  out.changed = time(st.st_ctim);
  return out;
}

Io<void> to_host_times(NewTime accessed, NewTime modified, timespec (&out)[2]) {
  out[0] = SKIFF_IO_TRY(to_host_time(accessed));
  out[1] = SKIFF_IO_TRY(to_host_time(modified));
  return {};
}

File::File(FdRef fd, const struct stat& st, const OpenOptions& options, Access access)
    : fd_(std::move(fd)),
      options_(options),
      access_(access),
      type_(type_of(st.st_mode)),
      regular_(S_ISREG(st.st_mode)),
      seekable_(regular_ || S_ISBLK(st.st_mode)),
      readable_(options.read),
      writable_(options.write),
      append_(options.append),
      nonblocking_(options.nonblocking) {
  if (type_ == FileType::CharacterDevice) {
    terminal_ = ::isatty(fd_.get()) == 1;
    seekable_ = !terminal_ && ::lseek(fd_.get(), 0, SEEK_CUR) >= 0;
  }
}

Io<std::shared_ptr<File>> File::borrow(int fd) {
  struct stat st;
  if (::fstat(fd, &st) != 0) return io_fail_host();
  if (S_ISDIR(st.st_mode)) return io_fail(Errno::IsDir);
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return io_fail_host();
  const int mode = flags & O_ACCMODE;
  const OpenOptions options{
      .read = mode != O_WRONLY, .write = mode != O_RDONLY, .append = (flags & O_APPEND) != 0};
  return std::shared_ptr<File>(new File(FdRef::borrow(fd), st, options, Access::ReadWrite));
}

// What may block waits through poll first, which can be interrupted and which emulates nonblocking_ for
// borrowed descriptors; those that we own have O_NONBLOCK themselves.
Io<size_t> File::read(std::span<const iovec> into, Interrupt interrupt) {
  if (!readable_) return io_fail(Errno::BadF);
  if (!regular_) SKIFF_IO_TRY(wait_ready(fd(), POLLIN, nonblocking_, interrupt));
  return retry([&] { return ::readv(fd(), into.data(), count_of(into)); });
}

Io<size_t> File::write(std::span<const iovec> from, Interrupt interrupt) {
  if (!writable_) return io_fail(Errno::BadF);
  if (regular_) return retry([&] { return ::writev(fd(), from.data(), count_of(from)); });
  SKIFF_IO_TRY(wait_ready(fd(), POLLOUT, nonblocking_, interrupt));
  const auto write_now = [&] { return ::writev(fd(), from.data(), count_of(from)); };
  if (type_ == FileType::CharacterDevice) return retry(write_now);
  NoSigpipe guard;
  auto n = retry(write_now);
  if (!n && n.error() == Errno::Pipe) guard.consume();
  return n;
}

Io<size_t> File::read_now(std::span<const iovec> into) {
  if (!readable_) return io_fail(Errno::BadF);
  if (!regular_) SKIFF_IO_TRY(wait_ready(fd(), POLLIN, true, {}));
  return retry([&] { return ::readv(fd(), into.data(), count_of(into)); });
}

Io<size_t> File::write_now(std::span<const iovec> from) {
  if (!writable_) return io_fail(Errno::BadF);
  if (regular_) return retry([&] { return ::writev(fd(), from.data(), count_of(from)); });
  SKIFF_IO_TRY(wait_ready(fd(), POLLOUT, true, {}));
  const auto write = [&] { return ::pwritev2(fd(), from.data(), count_of(from), -1, RWF_NOWAIT); };
  NoSigpipe guard;
  auto n = retry(write);
  if (!n && (n.error() == Errno::NotSup || n.error() == Errno::Inval || n.error() == Errno::SPipe)) {
    // The kernel cannot promise not to wait. A pipe that poll calls writable takes one page without waiting.
    iovec one = from.empty() ? iovec{} : from.front();
    one.iov_len = std::min<size_t>(one.iov_len, PIPE_BUF);
    n = retry([&] { return ::writev(fd(), &one, 1); });
  }
  if (!n && n.error() == Errno::Pipe) guard.consume();
  return n;
}

Io<size_t> File::append_write(std::span<const iovec> from) {
  if (!writable_) return io_fail(Errno::BadF);
  auto n = retry([&] { return ::pwritev2(fd(), from.data(), count_of(from), 0, RWF_APPEND); });
  if (n || n.error() != Errno::NotSup) return n;
  return pwrite(from, SKIFF_IO_TRY(stat()).size);  // file systems of old kernels
}

Io<size_t> File::pread(std::span<const iovec> into, uint64_t offset) {
  if (!readable_) return io_fail(Errno::BadF);
  const off_t at = SKIFF_IO_TRY(to_offset(offset));
  return retry([&] { return ::preadv(fd(), into.data(), count_of(into), at); });
}

Io<size_t> File::pwrite(std::span<const iovec> from, uint64_t offset) {
  if (!writable_) return io_fail(Errno::BadF);
  const off_t at = SKIFF_IO_TRY(to_offset(offset));
  return retry([&] { return ::pwritev(fd(), from.data(), count_of(from), at); });
}

Io<uint64_t> File::seek(int64_t delta, Whence whence) {
  int how = SEEK_SET;
  switch (whence) {
    case Whence::Set: how = SEEK_SET; break;
    case Whence::Current: how = SEEK_CUR; break;
    case Whence::End: how = SEEK_END; break;
  }
  if (!seekable_) return io_fail(Errno::SPipe);
  const off_t at = ::lseek(fd(), delta, how);
  if (at < 0) return io_fail_host();
  return static_cast<uint64_t>(at);
}

Io<void> File::sync() { return done(::fsync(fd())); }
Io<void> File::datasync() { return done(::fdatasync(fd())); }

Io<FileStat> File::stat() const {
  struct stat st;
  if (::fstat(fd(), &st) != 0) return io_fail_host();
  return to_file_stat(st);
}

Io<void> File::set_size(uint64_t size) {
  if (access_ == Access::ReadOnly) return io_fail(Errno::Perm);
  return done(::ftruncate(fd(), SKIFF_IO_TRY(to_offset(size))));
}

Io<void> File::set_times(NewTime accessed, NewTime modified) {
  if (access_ == Access::ReadOnly) return io_fail(Errno::Perm);
  timespec times[2];
  SKIFF_IO_TRY(to_host_times(accessed, modified, times));
  return done(::futimens(fd(), times));
}

Io<void> File::advise(uint64_t offset, uint64_t length, Advice advice) {
  int how = POSIX_FADV_NORMAL;
  switch (advice) {
    case Advice::Normal: how = POSIX_FADV_NORMAL; break;
    case Advice::Sequential: how = POSIX_FADV_SEQUENTIAL; break;
    case Advice::Random: how = POSIX_FADV_RANDOM; break;
    case Advice::WillNeed: how = POSIX_FADV_WILLNEED; break;
    case Advice::DontNeed: how = POSIX_FADV_DONTNEED; break;
    case Advice::NoReuse: how = POSIX_FADV_NOREUSE; break;
  }
  const off_t at = SKIFF_IO_TRY(to_offset(offset));
  const off_t n = SKIFF_IO_TRY(to_offset(length));
  if (const int e = ::posix_fadvise(fd(), at, n, how)) return io_fail(errno_of_host(e));
  return {};
}

Io<void> File::allocate(uint64_t offset, uint64_t length) {
  if (access_ == Access::ReadOnly) return io_fail(Errno::Perm);
  const off_t at = SKIFF_IO_TRY(to_offset(offset));
  const off_t n = SKIFF_IO_TRY(to_offset(length));
  int result;
  do result = ::fallocate(fd(), 0, at, n);
  while (result != 0 && errno == EINTR);
  return done(result);
}

Io<void> File::set_flags(bool append, bool nonblocking) {
  if (fd_.borrowed()) {
    if (append != append_) return io_fail(Errno::NotSup);
  } else if (::fcntl(fd(), F_SETFL, (append ? O_APPEND : 0) | (nonblocking ? O_NONBLOCK : 0)) != 0) {
    return io_fail_host();
  }
  append_ = append;
  nonblocking_ = nonblocking;
  return {};
}

}  // namespace skiff::wasi
