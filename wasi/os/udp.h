// UdpSocket: datagrams with the states of WASI 0.2 and 0.3. Every destination is checked against the policy at
// every send. A socket that is bound only as clients are (NetPolicy::allows_clients) receives only from
// addresses that it may send to; the rest is dropped.
// Thread: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "wasi/os/tcp.h"

namespace skiff::wasi {

struct Datagram {
  std::vector<uint8_t> data;
  SocketAddress from;
};

/// Most datagrams of one receive, and the permit of one send.
inline constexpr uint64_t kMaxDatagrams = 16;

class UdpSocket final : public Event {
 public:
  enum class State : uint8_t { Unbound, BindStarted, Bound };

  /// Errors: AccessDenied when the policy grants nothing, NotSupported, NewSocketLimit.
  static NetIo<std::shared_ptr<UdpSocket>> create(NetContext& net, AddressFamily family);

  NetIo<void> start_bind(const SocketAddress& address);
  NetIo<void> finish_bind();
  /// Limits the socket to one peer, or to none. Streams that were made before stop working.
  NetIo<void> connect(const std::optional<SocketAddress>& peer);
  /// Number of the latest connect; streams remember theirs.
  uint64_t generation() const { return generation_; }
  bool bound() const { return state_ == State::Bound; }

  /// At most `most` datagrams and kMaxDatagrams, and no more than about `bytes` in all; none when there are none.
  NetIo<std::vector<Datagram>> receive(uint64_t most, uint64_t bytes);
  /// 0 when nothing can be sent now.
  NetIo<uint64_t> send_capacity();
  /// False: would block. Without `to`, to the peer. Errors: InvalidArgument, AccessDenied, ...
  NetIo<bool> send(std::span<const uint8_t> data, const std::optional<SocketAddress>& to);
  bool poll_receive(WaitSet& set);
  bool poll_send(WaitSet& set);

  AddressFamily family() const { return family_; }
  NetIo<SocketAddress> local() const;
  NetIo<SocketAddress> remote() const;
  NetIo<uint8_t> hop_limit() const { return get_hop_limit(fd_.get(), family_); }
  NetIo<void> set_hop_limit(uint8_t value) { return skiff::wasi::set_hop_limit(fd_.get(), family_, value); }
  NetIo<uint64_t> buffer_size(bool receive) const;
  NetIo<void> set_buffer_size(bool receive, uint64_t value);

  /// Binding never has to be waited for.
  bool poll(WaitSet&) override { return true; }

 private:
  UdpSocket(NetContext& net, SocketCount count, OwnedFd fd, AddressFamily family)
      : net_(net), count_(std::move(count)), fd_(std::move(fd)), family_(family) {}

  NetContext& net_;
  SocketCount count_;
  OwnedFd fd_;
  AddressFamily family_;
  State state_ = State::Unbound;
  bool client_only_ = false;
  std::optional<SocketAddress> peer_;
  uint64_t generation_ = 0;
};

}  // namespace skiff::wasi
