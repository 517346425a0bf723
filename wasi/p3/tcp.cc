// wasi:sockets/types: TCP.
#include "wasi/p3/functions.h"

namespace skiff::wasi::p3 {

NetCode net_code(NetError e) {
  switch (e) {
    case NetError::AccessDenied: return NetCode::AccessDenied;
    case NetError::NotSupported: return NetCode::NotSupported;
    case NetError::InvalidArgument: return NetCode::InvalidArgument;
    case NetError::OutOfMemory:
    case NetError::NewSocketLimit: return NetCode::OutOfMemory;
    case NetError::Timeout: return NetCode::Timeout;
    case NetError::ConcurrencyConflict:
    case NetError::NotInProgress:
    case NetError::InvalidState: return NetCode::InvalidState;
    case NetError::AddressNotBindable: return NetCode::AddressNotBindable;
    case NetError::AddressInUse: return NetCode::AddressInUse;
    case NetError::RemoteUnreachable: return NetCode::RemoteUnreachable;
    case NetError::ConnectionRefused: return NetCode::ConnectionRefused;
    case NetError::ConnectionReset: return NetCode::ConnectionReset;
    case NetError::ConnectionAborted: return NetCode::ConnectionAborted;
    case NetError::DatagramTooLarge: return NetCode::DatagramTooLarge;
    case NetError::Unknown:
    case NetError::WouldBlock:
    case NetError::NameUnresolvable:
    case NetError::TemporaryResolverFailure:
    case NetError::PermanentResolverFailure: break;
  }
  return NetCode::Other;
}

namespace {

component::Val tell(const StreamFault& fault) {
  NetCode code = NetCode::ConnectionBroken;
  if (fault.kind == StreamFault::Kind::Failed && fault.error.code != Errno::Pipe)
    code = fault.error.code == Errno::NotConn ? NetCode::InvalidState : net_code(net_error_of(fault.error.code));
  return Wit<SocketError>::value(code);
}

// What using a stream of a socket that has none is.
std::unexpected<StreamFault> no_stream() {
  return std::unexpected(StreamFault{StreamFault::Kind::Failed, {Errno::NotConn, ErrorOrigin::Socket}});
}

constexpr SocketAddress any_address(AddressFamily family) {
  SocketAddress any;
  any.ip.family = family;
  return any;
}

// Connections that come in, as sockets, when the guest asks for them.
class Connections final : public component::HostEnd, private HostLoop::Watcher {
 public:
  Connections(component::ComponentStore& store, WasiState& state, component::ResourceType& type,
              std::shared_ptr<TcpSocket> listener)
      : store_(store), state_(state), type_(type), listener_(std::move(listener)) {}
  ~Connections() override { stop(); }
  bool on_offer() override { return step(); }
  void on_dropped() override { stop(); }

 private:
  bool ready() override { return step(); }
  bool step() {
    component::Buffer* const to = offered();
    if (!to) return true;
    if (to->is_zero_length()) {
      if (is_ready(*listener_)) complete();
      else watch(state_.loop, *listener_);
      return true;
    }
    while (to->remain() != 0) {
      if (state_.resources.full()) {
        static_cast<void>(store_.core().trap(TrapCode::HostError, "the guest has too many resources of the host"));
        return false;
      }
      auto accepted = listener_->accept();
      if (!accepted) {
        if (accepted.error() == NetError::ConnectionAborted) continue;
        wait(accepted.error());
        break;
      }
      Tcp* const made = new Tcp(std::move(accepted->socket));
      made->streams = std::move(accepted->streams);
      state_.resources.add(made);
      std::vector<component::Val> one;
      one.push_back(component::Val::of_own({&type_, made->rep()}));
      if (!to->write(component::Val::of_list(std::move(one)))) return false;
      copied();
    }
    return true;
  }
  // The stream goes on after what is wrong for a while (no descriptors, no memory).
  void wait(NetError e) {
    constexpr uint64_t kPause = 50'000'000;
    if (e == NetError::WouldBlock) return watch(state_.loop, *listener_);
    pause_ = std::make_unique<TimerEvent>(deadline_after(kPause));
    watch(state_.loop, *pause_);
  }

  component::ComponentStore& store_;
  WasiState& state_;
  component::ResourceType& type_;
  std::shared_ptr<TcpSocket> listener_;
  std::unique_ptr<TimerEvent> pause_;
};

}  // namespace

NetResult<Own<Tcp>> tcp_create(P3Call& c, IpFamily family) {
  auto socket = TcpSocket::create(c.state.net, family_of(family));
  if (!socket) return std::unexpected(SocketError(net_code(socket.error())));
  return c.make<Tcp>(nullptr, *std::move(socket));
}

NetResult<void> tcp_bind(P3Call&, Borrow<Tcp> self, IpSocketAddress local) {
  if (const auto r = self->socket->start_bind(from_wit(local)); !r) return told(r);
  return told(self->socket->finish_bind());
}

Async<NetResult<void>> tcp_connect(P3Call&, Borrow<Tcp> self, IpSocketAddress remote) {
  if (const auto r = self->socket->start_connect(from_wit(remote)); !r) return told(r);
  // The handle is lent as long as the call goes on, so it is there.
  return attempt_until_done<NetResult<void>>(self->socket, [tcp = self.resource]() -> std::optional<NetResult<void>> {
    auto streams = tcp->socket->finish_connect();
    if (!streams && streams.error() == NetError::WouldBlock) return std::nullopt;
    if (!streams) return NetResult<void>(std::unexpected(SocketError(net_code(streams.error()))));
    tcp->streams = *std::move(streams);
    return NetResult<void>();
  });
}

NetResult<StreamOut<Own<Tcp>>> tcp_listen(P3Call& c, Borrow<Tcp> self) {
  TcpSocket& socket = *self->socket;
  if (socket.state() == TcpSocket::State::Unbound) {
    if (const auto r = socket.start_bind(any_address(socket.family())); !r)
      return std::unexpected(SocketError(net_code(r.error())));
    if (const auto r = socket.finish_bind(); !r) return std::unexpected(SocketError(net_code(r.error())));
  }
  if (const auto r = socket.start_listen(); !r) return std::unexpected(SocketError(net_code(r.error())));
  if (const auto r = socket.finish_listen(); !r) return std::unexpected(SocketError(net_code(r.error())));
  auto& types = *static_cast<const HostTypes*>(c.flat.data());
  return c.stream<Own<Tcp>>(
      std::make_shared<Connections>(c.flat.store(), c.state, *types.resources[Tcp::kType], self->socket));
}

Ended<SocketError> tcp_send(P3Call& c, Borrow<Tcp> self, BytesIn data) {
  if (!self->streams.out) return take_bytes<SocketError>(c, data, no_stream(), tell);
  return take_bytes<SocketError>(c, data, std::move(self->streams.out), tell, [socket = self->socket] {
    static_cast<void>(socket->shutdown(TcpSocket::Shutdown::Send));
  });
}

BytesOut<SocketError> tcp_receive(P3Call& c, Borrow<Tcp> self) {
  if (!self->streams.in) return give_bytes<SocketError>(c, no_stream(), tell);
  return give_bytes<SocketError>(c, std::move(self->streams.in), tell, [socket = self->socket] {
    static_cast<void>(socket->shutdown(TcpSocket::Shutdown::Receive));
  });
}

NetResult<IpSocketAddress> tcp_local_address(P3Call&, Borrow<Tcp> self) {
  return told(to_wit(self->socket->local()));
}
NetResult<IpSocketAddress> tcp_remote_address(P3Call&, Borrow<Tcp> self) {
  return told(to_wit(self->socket->remote()));
}
bool tcp_is_listening(P3Call&, Borrow<Tcp> self) { return self->socket->state() == TcpSocket::State::Listening; }
IpFamily tcp_address_family(P3Call&, Borrow<Tcp> self) { return family_of(self->socket->family()); }

NetResult<void> tcp_set_listen_backlog_size(P3Call&, Borrow<Tcp> self, uint64_t value) {
  return told(self->socket->set_listen_backlog_size(value));
}
NetResult<bool> tcp_keep_alive_enabled(P3Call&, Borrow<Tcp> self) { return told(self->socket->keep_alive()); }
NetResult<void> tcp_set_keep_alive_enabled(P3Call&, Borrow<Tcp> self, bool value) {
  return told(self->socket->set_keep_alive(value));
}
NetResult<uint64_t> tcp_keep_alive_idle_time(P3Call&, Borrow<Tcp> self) {
  return told(self->socket->keep_alive_idle_time());
}
NetResult<void> tcp_set_keep_alive_idle_time(P3Call&, Borrow<Tcp> self, uint64_t value) {
  return told(self->socket->set_keep_alive_idle_time(value));
}
NetResult<uint64_t> tcp_keep_alive_interval(P3Call&, Borrow<Tcp> self) {
  return told(self->socket->keep_alive_interval());
}
NetResult<void> tcp_set_keep_alive_interval(P3Call&, Borrow<Tcp> self, uint64_t value) {
  return told(self->socket->set_keep_alive_interval(value));
}
NetResult<uint32_t> tcp_keep_alive_count(P3Call&, Borrow<Tcp> self) { return told(self->socket->keep_alive_count()); }
NetResult<void> tcp_set_keep_alive_count(P3Call&, Borrow<Tcp> self, uint32_t value) {
  return told(self->socket->set_keep_alive_count(value));
}
NetResult<uint8_t> tcp_hop_limit(P3Call&, Borrow<Tcp> self) { return told(self->socket->hop_limit()); }
NetResult<void> tcp_set_hop_limit(P3Call&, Borrow<Tcp> self, uint8_t value) {
  return told(self->socket->set_hop_limit(value));
}
NetResult<uint64_t> tcp_receive_buffer_size(P3Call&, Borrow<Tcp> self) {
  return told(self->socket->buffer_size(true));
}
NetResult<void> tcp_set_receive_buffer_size(P3Call&, Borrow<Tcp> self, uint64_t value) {
  return told(self->socket->set_buffer_size(true, value));
}
NetResult<uint64_t> tcp_send_buffer_size(P3Call&, Borrow<Tcp> self) { return told(self->socket->buffer_size(false)); }
NetResult<void> tcp_set_send_buffer_size(P3Call&, Borrow<Tcp> self, uint64_t value) {
  return told(self->socket->set_buffer_size(false, value));
}

}  // namespace skiff::wasi::p3
