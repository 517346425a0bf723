// TcpSocket: a socket with the states of WASI (Spec: TcpSocketOperationalSemantics), for 0.2 and 0.3.
// Operations that WASI splits in start and finish are done by the host in one of the two; the states in between
// are kept all the same. Every address is checked against the policy before the host sees it.
//
// What is written is sent at once as far as the kernel takes it; the rest, bounded by the permit, waits here and
// is sent by the reactor, so that it leaves while the guest waits for the answer.
// Thread: one at a time.
#pragma once

#include <memory>
#include <vector>

#include "wasi/os/byte_stream.h"
#include "wasi/os/net_policy.h"
#include "wasi/os/reactor.h"
#include "wasi/os/socket_options.h"

namespace skiff::wasi {

/// What the sockets of one guest share. Outlives them.
struct NetContext {
  NetPolicy& policy;
  Scheduler& scheduler;
  uint32_t max_sockets = 1024;
  uint32_t sockets = 0;         // now
};

/// Counts a socket while it lives.
class SocketCount {
 public:
  static NetIo<SocketCount> take(NetContext& net);
  SocketCount(SocketCount&& other) noexcept : net_(std::exchange(other.net_, nullptr)) {}
  SocketCount& operator=(SocketCount&&) = delete;
  ~SocketCount() {
    if (net_) --net_->sockets;
  }

 private:
  explicit SocketCount(NetContext& net) : net_(&net) { ++net.sockets; }
  NetContext* net_;
};

class TcpConnection;

struct TcpStreams {
  std::shared_ptr<InputStream> in;
  std::shared_ptr<OutputStream> out;
};

class TcpSocket final : public Event {
 public:
  enum class State : uint8_t {
    Unbound, BindStarted, Bound, ListenStarted, Listening, ConnectInProgress, Connected, Closed
  };
  enum class Shutdown : uint8_t { Receive, Send, Both };

  /// Errors: AccessDenied when the policy grants nothing, NotSupported, NewSocketLimit.
  static NetIo<std::shared_ptr<TcpSocket>> create(NetContext& net, AddressFamily family);

  NetIo<void> start_bind(const SocketAddress& address);
  NetIo<void> finish_bind();
  NetIo<void> start_connect(const SocketAddress& address);
  /// Errors: WouldBlock while it goes on.
  NetIo<TcpStreams> finish_connect();
  NetIo<void> start_listen();
  NetIo<void> finish_listen();
  struct Accepted {
    std::shared_ptr<TcpSocket> socket;
    TcpStreams streams;
  };
  /// Errors: WouldBlock when nobody is there.
  NetIo<Accepted> accept();

  State state() const { return state_; }
  AddressFamily family() const { return family_; }
  NetIo<SocketAddress> local() const;
  NetIo<SocketAddress> remote() const;
  NetIo<void> set_listen_backlog_size(uint64_t value);
  NetIo<bool> keep_alive() const;
  NetIo<void> set_keep_alive(bool on);
  // Units: nanoseconds; kept in seconds by the host, rounded up.
  NetIo<uint64_t> keep_alive_idle_time() const;
  NetIo<void> set_keep_alive_idle_time(uint64_t ns);
  NetIo<uint64_t> keep_alive_interval() const;
  NetIo<void> set_keep_alive_interval(uint64_t ns);
  NetIo<uint32_t> keep_alive_count() const;
  NetIo<void> set_keep_alive_count(uint32_t count);
  NetIo<uint8_t> hop_limit() const;
  NetIo<void> set_hop_limit(uint8_t value);
  NetIo<uint64_t> buffer_size(bool receive) const;
  NetIo<void> set_buffer_size(bool receive, uint64_t value);
  NetIo<void> shutdown(Shutdown how);

  /// Ready when the pending operation (finish-*, accept) would not answer WouldBlock; always, if there is none.
  bool poll(WaitSet& set) override;

 private:
  TcpSocket(NetContext& net, SocketCount count, std::shared_ptr<TcpConnection> connection,
            AddressFamily family);
  TcpStreams streams();
  NetIo<void> check_open() const;
  int fd() const;

  NetContext& net_;
  SocketCount count_;
  std::shared_ptr<TcpConnection> connection_;
  AddressFamily family_;
  State state_ = State::Unbound;
  bool client_only_ = false;     // bound as clients are, may not listen
  int backlog_ = 128;
  // What accepted sockets inherit and Linux does not hand down by itself.
  std::optional<uint8_t> hop_limit_;
};

}  // namespace skiff::wasi
