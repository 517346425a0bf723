// Sockets in the clear.
#include "runtime/host/transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace skiff::host {

wasi::Io<size_t> Transport::read(std::span<uint8_t> into) {
  for (;;) {
    const ssize_t n = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return wasi::io_fail_host();
  }
}

wasi::Io<size_t> Transport::write(std::span<const iovec> from) {
  msghdr message = {};
  message.msg_iov = const_cast<iovec*>(from.data());
  message.msg_iovlen = from.size();
  for (;;) {
    const ssize_t n = ::sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return wasi::io_fail_host();
  }
}

bool Transport::shut_down() {
  ::shutdown(fd(), SHUT_WR);
  return true;
}

void Transport::reset_on_close() {
  const linger now = {1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace skiff::host
