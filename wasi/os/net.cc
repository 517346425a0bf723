// Sockets, on top of recvmsg and sendmsg with MSG_DONTWAIT.
#include "wasi/os/net.h"

#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace skiff::wasi {
namespace {

// Runs `attempt` (which must not block) until it does something else than "would block".
template <class Attempt>
Io<size_t> until_ready(int fd, short events, bool nonblocking, Interrupt interrupt, Attempt attempt) {
  for (;;) {
    const ssize_t n = attempt();
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EINTR) continue;
    if (errno != EAGAIN || nonblocking) return io_fail_host();
    SKIFF_IO_TRY(wait_ready(fd, events, false, interrupt));
  }
}

msghdr message_of(std::span<const iovec> vecs) {
  msghdr m = {};
  m.msg_iov = const_cast<iovec*>(vecs.data());
  m.msg_iovlen = vecs.size();
  return m;
}

}  // namespace

Io<std::shared_ptr<Socket>> Socket::adopt(OwnedFd fd) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &type, &size) != 0) return io_fail_host();
  return std::shared_ptr<Socket>(new Socket(std::move(fd), type == SOCK_STREAM));
}

Io<std::shared_ptr<Socket>> Socket::accept(bool nonblocking, Interrupt interrupt) {
  for (;;) {
    SKIFF_IO_TRY(wait_ready(fd_.get(), POLLIN, nonblocking_, interrupt));
    OwnedFd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EINTR || errno == ECONNABORTED || (errno == EAGAIN && !nonblocking_)) continue;
      return io_fail_host();
    }
    auto accepted = SKIFF_IO_TRY(adopt(std::move(fd)));
    accepted->set_nonblocking(nonblocking);
    return accepted;
  }
}

Io<Socket::Received> Socket::receive(std::span<const iovec> into, bool peek, bool wait_all,
                                     Interrupt interrupt) {
  // Waiting for all is a loop here, not MSG_WAITALL, so that it can be interrupted.
  wait_all = wait_all && stream_ && !peek && !nonblocking_;
  std::vector<iovec> rest(into.begin(), into.end());
  size_t first = 0;  // the first buffer that is not full
  Received r;
  for (;;) {
    msghdr m = message_of(std::span(rest).subspan(first));
    const auto n = until_ready(fd_.get(), POLLIN, nonblocking_, interrupt, [&] {
      return ::recvmsg(fd_.get(), &m, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    });
    if (!n && r.bytes == 0) return io_fail(n.error());
    r.truncated = (m.msg_flags & MSG_TRUNC) != 0;
    size_t got = n.value_or(0);
    r.bytes += got;
    for (; first < rest.size() && got >= rest[first].iov_len; ++first) got -= rest[first].iov_len;
    if (!wait_all || n.value_or(0) == 0 || first == rest.size()) return r;
    rest[first].iov_base = static_cast<char*>(rest[first].iov_base) + got;
    rest[first].iov_len -= got;
  }
}

Io<size_t> Socket::send(std::span<const iovec> from, Interrupt interrupt) {
  const msghdr m = message_of(from);
  return until_ready(fd_.get(), POLLOUT, nonblocking_, interrupt,
                     [&] { return ::sendmsg(fd_.get(), &m, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

Io<void> Socket::shutdown(bool read, bool write) {
  const int how = read ? (write ? SHUT_RDWR : SHUT_RD) : SHUT_WR;
  if (!read && !write) return io_fail(Errno::Inval);
  if (::shutdown(fd_.get(), how) != 0) return io_fail_host();
  return {};
}

}  // namespace skiff::wasi
