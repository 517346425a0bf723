// wasi:sockets: UDP, and looking up names.
#include "wasi/os/lookup.h"
#include "wasi/p3/functions.h"

namespace skiff::wasi::p3 {
namespace {

constexpr uint64_t kMaxDatagram = 65536;

// Readiness of one direction of a socket.
class Ready final : public Event {
 public:
  Ready(std::shared_ptr<UdpSocket> socket, bool receive) : socket_(std::move(socket)), receive_(receive) {}
  bool poll(WaitSet& set) override { return receive_ ? socket_->poll_receive(set) : socket_->poll_send(set); }

 private:
  std::shared_ptr<UdpSocket> socket_;
  bool receive_;
};

// Binds a socket that is not yet, to any free port.
NetIo<void> bind_somewhere(UdpSocket& socket) {
  if (socket.bound()) return {};
  SocketAddress any;
  any.ip.family = socket.family();
  SKIFF_NET_TRY(socket.start_bind(any));
  return socket.finish_bind();
}

LookupCode lookup_code(NetError e) {
  switch (e) {
    case NetError::AccessDenied: return LookupCode::AccessDenied;
    case NetError::InvalidArgument: return LookupCode::InvalidArgument;
    case NetError::NameUnresolvable: return LookupCode::NameUnresolvable;
    case NetError::TemporaryResolverFailure: return LookupCode::TemporaryResolverFailure;
    case NetError::PermanentResolverFailure: return LookupCode::PermanentResolverFailure;
    default: return LookupCode::Other;
  }
}

}  // namespace

NetResult<Own<Udp>> udp_create(P3Call& c, IpFamily family) {
  auto socket = UdpSocket::create(c.state.net, family_of(family));
  if (!socket) return std::unexpected(SocketError(net_code(socket.error())));
  return c.make<Udp>(nullptr, *std::move(socket));
}

NetResult<void> udp_bind(P3Call&, Borrow<Udp> self, IpSocketAddress local) {
  if (const auto r = self->socket->start_bind(from_wit(local)); !r) return told(r);
  return told(self->socket->finish_bind());
}

NetResult<void> udp_connect(P3Call&, Borrow<Udp> self, IpSocketAddress remote) {
  if (const auto r = bind_somewhere(*self->socket); !r) return told(r);
  return told(self->socket->connect(from_wit(remote)));
}

NetResult<void> udp_disconnect(P3Call&, Borrow<Udp> self) {
  if (!self->socket->remote()) return std::unexpected(SocketError(NetCode::InvalidState));
  return told(self->socket->connect(std::nullopt));
}

Async<NetResult<void>> udp_send(P3Call& c, Borrow<Udp> self, Bytes data, std::optional<IpSocketAddress> remote) {
  using Result = NetResult<void>;
  if (data.size() > kMaxDatagram) return Result(std::unexpected(SocketError(NetCode::DatagramTooLarge)));
  if (const auto r = bind_somewhere(*self->socket); !r) return told(r);
  const auto to = remote ? std::optional(from_wit(*remote)) : std::nullopt;
  const auto sent = self->socket->send(data, to);
  if (!sent) return Result(std::unexpected(SocketError(net_code(sent.error()))));
  if (*sent) return Result();
  // The guest's memory is its own again once the call has returned.
  return attempt_until_done<Result>(
      std::make_shared<Ready>(self->socket, false),
      [socket = self->socket, bytes = std::vector<uint8_t>(data.begin(), data.end()), to]() -> std::optional<Result> {
        const auto sent = socket->send(bytes, to);
        if (!sent) return Result(std::unexpected(SocketError(net_code(sent.error()))));
        return *sent ? std::optional(Result()) : std::nullopt;
      });
}

Async<NetResult<Received>> udp_receive(P3Call&, Borrow<Udp> self) {
  using Result = NetResult<Received>;
  if (!self->socket->bound()) return Result(std::unexpected(SocketError(NetCode::InvalidState)));
  return attempt_until_done<Result>(std::make_shared<Ready>(self->socket, true),
                                    [socket = self->socket]() -> std::optional<Result> {
    auto received = socket->receive(1, kMaxDatagram);
    if (!received) return Result(std::unexpected(SocketError(net_code(received.error()))));
    if (received->empty()) return std::nullopt;
    Datagram& one = received->front();
    return Result(Received(std::move(one.data), to_wit(one.from)));
  });
}

NetResult<IpSocketAddress> udp_local_address(P3Call&, Borrow<Udp> self) {
  return told(to_wit(self->socket->local()));
}
NetResult<IpSocketAddress> udp_remote_address(P3Call&, Borrow<Udp> self) {
  return told(to_wit(self->socket->remote()));
}
IpFamily udp_address_family(P3Call&, Borrow<Udp> self) { return family_of(self->socket->family()); }
NetResult<uint8_t> udp_hop_limit(P3Call&, Borrow<Udp> self) { return told(self->socket->hop_limit()); }
NetResult<void> udp_set_hop_limit(P3Call&, Borrow<Udp> self, uint8_t value) {
  return told(self->socket->set_hop_limit(value));
}
NetResult<uint64_t> udp_receive_buffer_size(P3Call&, Borrow<Udp> self) {
  return told(self->socket->buffer_size(true));
}
NetResult<void> udp_set_receive_buffer_size(P3Call&, Borrow<Udp> self, uint64_t value) {
  return told(self->socket->set_buffer_size(true, value));
}
NetResult<uint64_t> udp_send_buffer_size(P3Call&, Borrow<Udp> self) { return told(self->socket->buffer_size(false)); }
NetResult<void> udp_set_send_buffer_size(P3Call&, Borrow<Udp> self, uint64_t value) {
  return told(self->socket->set_buffer_size(false, value));
}

Async<std::expected<std::vector<IpAddressCase>, LookupError>> resolve_addresses(P3Call& c, const Text& name) {
  using Result = std::expected<std::vector<IpAddressCase>, LookupError>;
  auto started = Lookup::start(c.state.ctx.network, c.state.ctx.resolver.get(), name.get());
  if (!started) return Result(std::unexpected(LookupError(lookup_code(started.error()))));
  return attempt_until_done<Result>(*started, [lookup = *started]() -> std::optional<Result> {
    std::vector<IpAddressCase> all;
    for (;;) {
      const auto next = lookup->next();
      if (!next && next.error() == NetError::WouldBlock) return std::nullopt;
      if (!next) return Result(std::unexpected(LookupError(lookup_code(next.error()))));
      if (!*next) return Result(std::move(all));
      all.push_back(to_wit(**next));
    }
  });
}

}  // namespace skiff::wasi::p3
