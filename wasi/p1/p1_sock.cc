// sock_*: on sockets that the embedder granted, and those accepted from them.
#include "wasi/p1/state.h"

namespace skiff::wasi {

Io<void> P1State::sock_accept(Guest& g, uint32_t fd, uint32_t flags, uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  Socket* socket = SKIFF_IO_TRY(table_.socket(fd, rights::SockAccept));
  if (flags & ~fdflag::Nonblock) return io_fail(Errno::Inval);
  SKIFF_IO_TRY(table_.check_room());
  P1Descriptor made{.what = SKIFF_IO_TRY(socket->accept(flags & fdflag::Nonblock, g.interrupt()))};
  const P1Descriptor* d = SKIFF_IO_TRY(table_.get(fd));
  made.dropped = made.dropped_inheriting = d->dropped_inheriting;
  out.set(SKIFF_IO_TRY(table_.add(std::move(made))));
  return {};
}

Io<void> P1State::sock_recv(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags,
                            uint32_t result, uint32_t result_flags) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  auto out_flags = SKIFF_IO_TRY(g.out<uint16_t>(result_flags));
  IoVecs vecs;
  SKIFF_IO_TRY(g.iovecs(iovs, count, vecs));
  Socket* socket = SKIFF_IO_TRY(table_.socket(fd, rights::FdRead));
  if (flags & ~riflag::All) return io_fail(Errno::Inval);
  const auto received = SKIFF_IO_TRY(
      socket->receive(vecs.view(), flags & riflag::Peek, flags & riflag::WaitAll, g.interrupt()));
  out.set(static_cast<uint32_t>(received.bytes));
  out_flags.set(received.truncated ? uint16_t{roflag::DataTruncated} : uint16_t{0});
  return {};
}

Io<void> P1State::sock_send(Guest& g, uint32_t fd, uint32_t iovs, uint32_t count, uint32_t flags,
                            uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  IoVecs vecs;
  SKIFF_IO_TRY(g.iovecs(iovs, count, vecs));
  Socket* socket = SKIFF_IO_TRY(table_.socket(fd, rights::FdWrite));
  if (flags != 0) return io_fail(Errno::Inval);
  out.set(static_cast<uint32_t>(SKIFF_IO_TRY(socket->send(vecs.view(), g.interrupt()))));
  return {};
}

Io<void> P1State::sock_shutdown(Guest&, uint32_t fd, uint32_t how) {
  Socket* socket = SKIFF_IO_TRY(table_.socket(fd, rights::SockShutdown));
  if (how & ~sdflag::All) return io_fail(Errno::Inval);
  return socket->shutdown(how & sdflag::Read, how & sdflag::Write);
}

}  // namespace skiff::wasi
