// wasi:sockets/tcp. There is one network, so which one a call names does not matter.
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {
namespace {

TcpSocket::Shutdown to_os(ShutdownType how) {
  switch (how) {
    case ShutdownType::Receive: return TcpSocket::Shutdown::Receive;
    case ShutdownType::Send: return TcpSocket::Shutdown::Send;
    case ShutdownType::Both: break;
  }
  return TcpSocket::Shutdown::Both;
}

}  // namespace

NetResult<Own<Tcp>> create_tcp_socket(P2Call& c, IpFamily family) {
  return c.make<Tcp>(nullptr, SKIFF_NET_TRY(TcpSocket::create(c.state.net, family_of(family))));
}

NetResult<void> tcp_start_bind(P2Call&, Borrow<Tcp> self, Borrow<Network>, IpSocketAddress local) {
  return self->socket->start_bind(from_wit(local));
}
NetResult<void> tcp_finish_bind(P2Call&, Borrow<Tcp> self) { return self->socket->finish_bind(); }

NetResult<void> tcp_start_connect(P2Call&, Borrow<Tcp> self, Borrow<Network>, IpSocketAddress remote) {
  return self->socket->start_connect(from_wit(remote));
}

NetResult<std::tuple<Own<Input>, Own<Output>>> tcp_finish_connect(P2Call& c, Borrow<Tcp> self) {
  TcpStreams streams = SKIFF_NET_TRY(self->socket->finish_connect());
  const auto in = c.make<Input>(nullptr, std::move(streams.in));
  return std::tuple(in, c.make<Output>(nullptr, std::move(streams.out)));
}

NetResult<void> tcp_start_listen(P2Call&, Borrow<Tcp> self) { return self->socket->start_listen(); }
NetResult<void> tcp_finish_listen(P2Call&, Borrow<Tcp> self) { return self->socket->finish_listen(); }

NetResult<std::tuple<Own<Tcp>, Own<Input>, Own<Output>>> tcp_accept(P2Call& c, Borrow<Tcp> self) {
  TcpSocket::Accepted accepted = SKIFF_NET_TRY(self->socket->accept());
  const auto socket = c.make<Tcp>(nullptr, std::move(accepted.socket));
  const auto in = c.make<Input>(nullptr, std::move(accepted.streams.in));
  return std::tuple(socket, in, c.make<Output>(nullptr, std::move(accepted.streams.out)));
}

NetResult<IpSocketAddress> tcp_local_address(P2Call&, Borrow<Tcp> self) { return to_wit(self->socket->local()); }
NetResult<IpSocketAddress> tcp_remote_address(P2Call&, Borrow<Tcp> self) { return to_wit(self->socket->remote()); }
bool tcp_is_listening(P2Call&, Borrow<Tcp> self) {
  return self->socket->state() == TcpSocket::State::Listening;
}
IpFamily tcp_address_family(P2Call&, Borrow<Tcp> self) { return family_of(self->socket->family()); }

NetResult<void> tcp_set_listen_backlog_size(P2Call&, Borrow<Tcp> self, uint64_t value) {
  return self->socket->set_listen_backlog_size(value);
}
NetResult<bool> tcp_keep_alive_enabled(P2Call&, Borrow<Tcp> self) { return self->socket->keep_alive(); }
NetResult<void> tcp_set_keep_alive_enabled(P2Call&, Borrow<Tcp> self, bool value) {
  return self->socket->set_keep_alive(value);
}
NetResult<uint64_t> tcp_keep_alive_idle_time(P2Call&, Borrow<Tcp> self) {
  return self->socket->keep_alive_idle_time();
}
NetResult<void> tcp_set_keep_alive_idle_time(P2Call&, Borrow<Tcp> self, uint64_t value) {
  return self->socket->set_keep_alive_idle_time(value);
}
NetResult<uint64_t> tcp_keep_alive_interval(P2Call&, Borrow<Tcp> self) {
  return self->socket->keep_alive_interval();
}
NetResult<void> tcp_set_keep_alive_interval(P2Call&, Borrow<Tcp> self, uint64_t value) {
  return self->socket->set_keep_alive_interval(value);
}
NetResult<uint32_t> tcp_keep_alive_count(P2Call&, Borrow<Tcp> self) { return self->socket->keep_alive_count(); }
NetResult<void> tcp_set_keep_alive_count(P2Call&, Borrow<Tcp> self, uint32_t value) {
  return self->socket->set_keep_alive_count(value);
}
NetResult<uint8_t> tcp_hop_limit(P2Call&, Borrow<Tcp> self) { return self->socket->hop_limit(); }
NetResult<void> tcp_set_hop_limit(P2Call&, Borrow<Tcp> self, uint8_t value) {
  return self->socket->set_hop_limit(value);
}
NetResult<uint64_t> tcp_receive_buffer_size(P2Call&, Borrow<Tcp> self) { return self->socket->buffer_size(true); }
NetResult<void> tcp_set_receive_buffer_size(P2Call&, Borrow<Tcp> self, uint64_t value) {
  return self->socket->set_buffer_size(true, value);
}
NetResult<uint64_t> tcp_send_buffer_size(P2Call&, Borrow<Tcp> self) { return self->socket->buffer_size(false); }
NetResult<void> tcp_set_send_buffer_size(P2Call&, Borrow<Tcp> self, uint64_t value) {
  return self->socket->set_buffer_size(false, value);
}

Own<Pollable> tcp_subscribe(P2Call& c, Borrow<Tcp> self) {
  return c.make<Pollable>(self.resource, self->socket);
}

NetResult<void> tcp_shutdown(P2Call&, Borrow<Tcp> self, ShutdownType how) {
  return self->socket->shutdown(to_os(how));
}

}  // namespace skiff::wasi::p2
