// Sockets that the embedder made and hands to a guest: accept, receive, send, shut down. Nothing here
// creates or connects a socket. Inherited descriptors may be shared with other processes, so their host
// flags are never changed: not blocking is done per call.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>

#include "wasi/os/errno.h"
#include "wasi/os/fd.h"
#include "wasi/os/poll.h"

namespace skiff::wasi {

class Socket {
 public:
  /// Takes over an open socket. Errors: NotSock.
  static Io<std::shared_ptr<Socket>> adopt(OwnedFd fd);

  int fd() const { return fd_.get(); }
  /// SOCK_STREAM or not.
  bool is_stream() const { return stream_; }
  bool nonblocking() const { return nonblocking_; }
  void set_nonblocking(bool on) { nonblocking_ = on; }

  Io<std::shared_ptr<Socket>> accept(bool nonblocking, Interrupt interrupt);
  struct Received {
    size_t bytes = 0;
    bool truncated = false;  // the rest of a datagram was lost
  };
  Io<Received> receive(std::span<const iovec> into, bool peek, bool wait_all, Interrupt interrupt);
  Io<size_t> send(std::span<const iovec> from, Interrupt interrupt);
  Io<void> shutdown(bool read, bool write);

 private:
  Socket(OwnedFd fd, bool stream) : fd_(std::move(fd)), stream_(stream) {}
  OwnedFd fd_;
  bool stream_;
  bool nonblocking_ = false;
};

}  // namespace skiff::wasi
