// The states of a TCP socket. Its connection, which the streams share, is in tcp_connection.cc.
#include "wasi/os/tcp.h"

#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "wasi/os/tcp_connection.h"

namespace skiff::wasi {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

// Linux's own bounds (include/net/tcp.h): beyond them setting fails.
constexpr uint64_t kMaxKeepAliveSeconds = 32767;
constexpr uint32_t kMaxKeepAliveCount = 127;
constexpr uint64_t kMaxBacklog = 4096;

bool is_client_bind(const SocketAddress& a) { return a.ip.is_unspecified() && a.port == 0; }

NetError connect_error(Errno e) {
  // Linux says so when there is no free port for the implicit bind.
  if (e == Errno::AddrNotAvail || e == Errno::Again) return NetError::AddressInUse;
  return net_error_of(e);
}

}  // namespace

NetIo<SocketCount> SocketCount::take(NetContext& net) {
  if (net.sockets >= net.max_sockets) return net_fail(NetError::NewSocketLimit);
  return SocketCount(net);
}

TcpSocket::TcpSocket(NetContext& net, SocketCount count, std::shared_ptr<TcpConnection> connection,
                     AddressFamily family)
    : net_(net), count_(std::move(count)), connection_(std::move(connection)), family_(family) {}

NetIo<std::shared_ptr<TcpSocket>> TcpSocket::create(NetContext& net, AddressFamily family) {
  if (!net.policy.allows_sockets()) return net_fail(NetError::AccessDenied);
  SocketCount count = SKIFF_NET_TRY(SocketCount::take(net));
  OwnedFd fd = SKIFF_NET_TRY(make_socket(family, SOCK_STREAM));
  auto connection = std::make_shared<TcpConnection>(std::move(fd), net.scheduler);
  return std::shared_ptr<TcpSocket>(new TcpSocket(net, std::move(count), std::move(connection), family));
}

int TcpSocket::fd() const { return connection_->fd(); }

NetIo<void> TcpSocket::check_open() const {
  if (state_ == State::Closed) return net_fail(NetError::InvalidState);
  return {};
}

NetIo<void> TcpSocket::start_bind(const SocketAddress& address) {
  if (state_ == State::BindStarted || state_ == State::ListenStarted || state_ == State::ConnectInProgress)
    return net_fail(NetError::ConcurrencyConflict);
  if (state_ != State::Unbound) return net_fail(NetError::InvalidState);
  SKIFF_NET_TRY(check_local(address, family_));
  client_only_ = false;
  if (!net_.policy.allows(NetUse::TcpBind, address)) {
    if (!net_.policy.allows_clients() || !is_client_bind(address)) {
      net_.policy.refused(NetUse::TcpBind, address);
      return net_fail(NetError::AccessDenied);
    }
    client_only_ = true;
  }
  // Connections of an earlier listener that are still being forgotten do not matter.
  SKIFF_NET_TRY(set_option(fd(), SOL_SOCKET, SO_REUSEADDR, 1));
  const HostAddress host = to_host(address);
  if (::bind(fd(), host.get(), host.size) != 0) {
    const Errno e = last_errno();
    return net_fail(e == Errno::NoBufs ? NetError::AddressInUse : net_error_of(e));
  }
  state_ = State::BindStarted;
  return {};
}

NetIo<void> TcpSocket::finish_bind() {
  if (state_ != State::BindStarted) return net_fail(NetError::NotInProgress);
  state_ = State::Bound;
  return {};
}

NetIo<void> TcpSocket::start_connect(const SocketAddress& address) {
  if (state_ == State::BindStarted || state_ == State::ListenStarted || state_ == State::ConnectInProgress)
    return net_fail(NetError::ConcurrencyConflict);
  if (state_ != State::Unbound && state_ != State::Bound) return net_fail(NetError::InvalidState);
  SKIFF_NET_TRY(check_remote(address, family_));
  if (!net_.policy.allows(NetUse::TcpConnect, address)) {
    net_.policy.refused(NetUse::TcpConnect, address);
    return net_fail(NetError::AccessDenied);
  }
  const HostAddress host = to_host(address);
  int result;
  do result = ::connect(fd(), host.get(), host.size);
  while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EINPROGRESS) {
    state_ = State::Closed;
    return net_fail(connect_error(last_errno()));
  }
  state_ = State::ConnectInProgress;
  return {};
}

NetIo<TcpStreams> TcpSocket::finish_connect() {
  if (state_ != State::ConnectInProgress) return net_fail(NetError::NotInProgress);
  pollfd p = {fd(), POLLOUT, 0};
  if (::poll(&p, 1, 0) <= 0) return net_fail(NetError::WouldBlock);
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    state_ = State::Closed;
    return net_fail(connect_error(errno_of_host(error)));
  }
  state_ = State::Connected;
  return streams();
}

TcpStreams TcpSocket::streams() { return {tcp_input(connection_), tcp_output(connection_)}; }

NetIo<void> TcpSocket::start_listen() {
  if (state_ == State::BindStarted || state_ == State::ListenStarted || state_ == State::ConnectInProgress)
    return net_fail(NetError::ConcurrencyConflict);
  if (state_ != State::Bound) return net_fail(NetError::InvalidState);
  if (client_only_) {
    if (const auto address = local_address(fd())) net_.policy.refused(NetUse::TcpBind, *address);
    return net_fail(NetError::AccessDenied);
  }
  if (::listen(fd(), backlog_) != 0) {
    const Errno e = last_errno();
    return net_fail(e == Errno::MFile ? NetError::OutOfMemory : net_error_of(e));
  }
  state_ = State::ListenStarted;
  return {};
}

NetIo<void> TcpSocket::finish_listen() {
  if (state_ != State::ListenStarted) return net_fail(NetError::NotInProgress);
  state_ = State::Listening;
  return {};
}

NetIo<TcpSocket::Accepted> TcpSocket::accept() {
  if (state_ != State::Listening) return net_fail(NetError::InvalidState);
  SocketCount count = SKIFF_NET_TRY(SocketCount::take(net_));
  OwnedFd fd;
  do fd = OwnedFd(::accept4(this->fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  while (!fd && errno == EINTR);
  if (!fd) return net_fail(last_net_error());
  if (hop_limit_) SKIFF_NET_TRY(skiff::wasi::set_hop_limit(fd.get(), family_, *hop_limit_));
  auto connection = std::make_shared<TcpConnection>(std::move(fd), net_.scheduler);
  std::shared_ptr<TcpSocket> made(new TcpSocket(net_, std::move(count), std::move(connection), family_));
  made->state_ = State::Connected;
  made->hop_limit_ = hop_limit_;
  TcpStreams streams = made->streams();
  return Accepted{std::move(made), std::move(streams)};
}

NetIo<SocketAddress> TcpSocket::local() const {
  if (state_ == State::Unbound || state_ == State::BindStarted || state_ == State::Closed)
    return net_fail(NetError::InvalidState);
  return local_address(fd());
}

NetIo<SocketAddress> TcpSocket::remote() const {
  if (state_ != State::Connected) return net_fail(NetError::InvalidState);
  return remote_address(fd());
}

NetIo<void> TcpSocket::set_listen_backlog_size(uint64_t value) {
  if (value == 0) return net_fail(NetError::InvalidArgument);
  if (state_ == State::ConnectInProgress || state_ == State::Connected || state_ == State::Closed)
    return net_fail(NetError::InvalidState);
  backlog_ = static_cast<int>(std::min(value, kMaxBacklog));
  // Linux takes a second listen() as a change of the backlog.
  if ((state_ == State::Listening || state_ == State::ListenStarted) && ::listen(fd(), backlog_) != 0)
    return net_fail(NetError::NotSupported);
  return {};
}

NetIo<bool> TcpSocket::keep_alive() const {
  SKIFF_NET_TRY(check_open());
  return SKIFF_NET_TRY(get_option(fd(), SOL_SOCKET, SO_KEEPALIVE)) != 0;
}

NetIo<void> TcpSocket::set_keep_alive(bool on) {
  SKIFF_NET_TRY(check_open());
  return set_option(fd(), SOL_SOCKET, SO_KEEPALIVE, on);
}

namespace {

NetIo<void> set_seconds(int fd, int name, uint64_t ns) {
  if (ns == 0) return net_fail(NetError::InvalidArgument);
  const uint64_t seconds = std::min(ns / kSecond + (ns % kSecond != 0), kMaxKeepAliveSeconds);
  return set_option(fd, IPPROTO_TCP, name, static_cast<int>(seconds));
}

NetIo<uint64_t> get_seconds(int fd, int name) {
  return static_cast<uint64_t>(std::max(SKIFF_NET_TRY(get_option(fd, IPPROTO_TCP, name)), 0)) * kSecond;
}

}  // namespace

NetIo<uint64_t> TcpSocket::keep_alive_idle_time() const {
  SKIFF_NET_TRY(check_open());
  return get_seconds(fd(), TCP_KEEPIDLE);
}

NetIo<void> TcpSocket::set_keep_alive_idle_time(uint64_t ns) {
  SKIFF_NET_TRY(check_open());
  return set_seconds(fd(), TCP_KEEPIDLE, ns);
}

NetIo<uint64_t> TcpSocket::keep_alive_interval() const {
  SKIFF_NET_TRY(check_open());
  return get_seconds(fd(), TCP_KEEPINTVL);
}

NetIo<void> TcpSocket::set_keep_alive_interval(uint64_t ns) {
  SKIFF_NET_TRY(check_open());
  return set_seconds(fd(), TCP_KEEPINTVL, ns);
}

NetIo<uint32_t> TcpSocket::keep_alive_count() const {
  SKIFF_NET_TRY(check_open());
  return static_cast<uint32_t>(std::max(SKIFF_NET_TRY(get_option(fd(), IPPROTO_TCP, TCP_KEEPCNT)), 0));
}

NetIo<void> TcpSocket::set_keep_alive_count(uint32_t count) {
  SKIFF_NET_TRY(check_open());
  if (count == 0) return net_fail(NetError::InvalidArgument);
  return set_option(fd(), IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(std::min(count, kMaxKeepAliveCount)));
}

NetIo<uint8_t> TcpSocket::hop_limit() const {
  SKIFF_NET_TRY(check_open());
  return get_hop_limit(fd(), family_);
}

NetIo<void> TcpSocket::set_hop_limit(uint8_t value) {
  SKIFF_NET_TRY(check_open());
  SKIFF_NET_TRY(skiff::wasi::set_hop_limit(fd(), family_, value));
  hop_limit_ = value;
  return {};
}

NetIo<uint64_t> TcpSocket::buffer_size(bool receive) const {
  SKIFF_NET_TRY(check_open());
  return get_buffer_size(fd(), receive ? SO_RCVBUF : SO_SNDBUF);
}

NetIo<void> TcpSocket::set_buffer_size(bool receive, uint64_t value) {
  SKIFF_NET_TRY(check_open());
  return skiff::wasi::set_buffer_size(fd(), receive ? SO_RCVBUF : SO_SNDBUF, value);
}

NetIo<void> TcpSocket::shutdown(Shutdown how) {
  if (state_ != State::Connected) return net_fail(NetError::InvalidState);
  if (how != Shutdown::Send) connection_->shutdown_receive();
  if (how != Shutdown::Receive) connection_->shutdown_send();
  return {};
}

bool TcpSocket::poll(WaitSet& set) {
  if (state_ == State::ConnectInProgress) set.add_fd(fd(), POLLOUT);
  else if (state_ == State::Listening) set.add_fd(fd(), POLLIN);
  else return true;
  return false;
}

}  // namespace skiff::wasi
