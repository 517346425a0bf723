// OwnedFd: a host file descriptor with one owner; closed when the owner goes. FdRef: one that is either
// owned or borrowed (the host's standard streams), so that services need not care.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace skiff::wasi {

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~OwnedFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  /// Closes now. Linux closes even when close() reports an error, so it is never repeated.
  void reset() {
    if (fd_ < 0) return;
    const int saved = errno;
    ::close(std::exchange(fd_, -1));
    errno = saved;
  }

 private:
  int fd_ = -1;
};

class FdRef {
 public:
  FdRef() = default;
  FdRef(OwnedFd owned) : owned_(std::move(owned)), fd_(owned_.get()) {}
  static FdRef borrow(int fd) {
    FdRef ref;
    ref.fd_ = fd;
    return ref;
  }
  FdRef(FdRef&& other) noexcept : owned_(std::move(other.owned_)), fd_(std::exchange(other.fd_, -1)) {}
  FdRef& operator=(FdRef&& other) noexcept {
    owned_ = std::move(other.owned_);
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  int get() const { return fd_; }
  bool borrowed() const { return !owned_; }

 private:
  OwnedFd owned_;
  int fd_ = -1;
};

}  // namespace skiff::wasi
