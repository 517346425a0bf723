// wasi:sockets/udp.
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {
namespace {

constexpr uint64_t kMaxReceived = 1 << 20;     // bytes of one receive

// Readiness of one direction of a socket.
class Ready final : public Event {
 public:
  Ready(std::shared_ptr<UdpSocket> socket, bool receive) : socket_(std::move(socket)), receive_(receive) {}
  bool poll(WaitSet& set) override { return receive_ ? socket_->poll_receive(set) : socket_->poll_send(set); }

 private:
  std::shared_ptr<UdpSocket> socket_;
  bool receive_;
};

std::optional<SocketAddress> from_wit(const std::optional<IpSocketAddress>& address) {
  if (!address) return std::nullopt;
  return wasi::from_wit(*address);
}

}  // namespace

NetResult<Own<Udp>> create_udp_socket(P2Call& c, IpFamily family) {
  return c.make<Udp>(nullptr, SKIFF_NET_TRY(UdpSocket::create(c.state.net, family_of(family))));
}

NetResult<void> udp_start_bind(P2Call&, Borrow<Udp> self, Borrow<Network>, IpSocketAddress local) {
  return self->socket->start_bind(wasi::from_wit(local));
}
NetResult<void> udp_finish_bind(P2Call&, Borrow<Udp> self) { return self->socket->finish_bind(); }

NetResult<std::tuple<Own<DatagramsIn>, Own<DatagramsOut>>> udp_stream(P2Call& c, Borrow<Udp> self,
                                                                     std::optional<IpSocketAddress> remote) {
  SKIFF_NET_TRY(self->socket->connect(from_wit(remote)));
  const auto in = c.make<DatagramsIn>(nullptr, self->socket);
  return std::tuple(in, c.make<DatagramsOut>(nullptr, self->socket));
}

NetResult<IpSocketAddress> udp_local_address(P2Call&, Borrow<Udp> self) { return to_wit(self->socket->local()); }
NetResult<IpSocketAddress> udp_remote_address(P2Call&, Borrow<Udp> self) { return to_wit(self->socket->remote()); }
IpFamily udp_address_family(P2Call&, Borrow<Udp> self) {
  return family_of(self->socket->family());
}
NetResult<uint8_t> udp_hop_limit(P2Call&, Borrow<Udp> self) { return self->socket->hop_limit(); }
NetResult<void> udp_set_hop_limit(P2Call&, Borrow<Udp> self, uint8_t value) {
  return self->socket->set_hop_limit(value);
}
NetResult<uint64_t> udp_receive_buffer_size(P2Call&, Borrow<Udp> self) { return self->socket->buffer_size(true); }
NetResult<void> udp_set_receive_buffer_size(P2Call&, Borrow<Udp> self, uint64_t value) {
  return self->socket->set_buffer_size(true, value);
}
NetResult<uint64_t> udp_send_buffer_size(P2Call&, Borrow<Udp> self) { return self->socket->buffer_size(false); }
NetResult<void> udp_set_send_buffer_size(P2Call&, Borrow<Udp> self, uint64_t value) {
  return self->socket->set_buffer_size(false, value);
}
Own<Pollable> udp_subscribe(P2Call& c, Borrow<Udp> self) {
  return c.make<Pollable>(self.resource, self->socket);
}

NetResult<std::vector<IncomingDatagram>> datagrams_receive(P2Call&, Borrow<DatagramsIn> self, uint64_t most) {
  if (self->generation != self->socket->generation()) return net_fail(NetError::InvalidState);
  auto received = SKIFF_NET_TRY(self->socket->receive(most, kMaxReceived));
  std::vector<IncomingDatagram> all;
  for (Datagram& d : received) {
    IncomingDatagram& made = all.emplace_back(IncomingDatagram{std::move(d.data), {}, to_wit(d.from)});
    made.data = made.bytes;
  }
  return all;
}

Own<Pollable> datagrams_in_subscribe(P2Call& c, Borrow<DatagramsIn> self) {
  return c.make<Pollable>(self.resource, std::make_shared<Ready>(self->socket, true));
}

NetResult<uint64_t> datagrams_check_send(P2Call&, Borrow<DatagramsOut> self) {
  if (self->generation != self->socket->generation()) return net_fail(NetError::InvalidState);
  self->permit = SKIFF_NET_TRY(self->socket->send_capacity());
  return self->permit;
}

NetResult<uint64_t> datagrams_send(P2Call& c, Borrow<DatagramsOut> self, const std::vector<OutgoingDatagram>& all) {
  if (all.size() > self->permit) return c.trap("more datagrams than check-send permitted"), uint64_t{0};
  self->permit -= all.size();
  if (self->generation != self->socket->generation()) return net_fail(NetError::InvalidState);
  uint64_t sent = 0;
  for (const OutgoingDatagram& d : all) {
    const auto done = self->socket->send(d.data, from_wit(d.remote_address));
    if (!done && sent == 0) return net_fail(done.error());
    if (!done || !*done) break;
    ++sent;
  }
  return sent;
}

Own<Pollable> datagrams_out_subscribe(P2Call& c, Borrow<DatagramsOut> self) {
  return c.make<Pollable>(self.resource, std::make_shared<Ready>(self->socket, false));
}

}  // namespace skiff::wasi::p2
