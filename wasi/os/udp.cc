// Datagrams.
#include "wasi/os/udp.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace skiff::wasi {
namespace {

constexpr size_t kMaxDatagramSize = 65535;
constexpr int kMaxDropped = 64;      // datagrams that one receive passes over

// The next datagram, or nothing; MSG_DONTWAIT.
NetIo<std::optional<Datagram>> receive_one(int fd, std::span<uint8_t> scratch) {
  HostAddress from;
  ssize_t n;
  do n = ::recvfrom(fd, scratch.data(), scratch.size(), MSG_DONTWAIT, from.get(), &from.size);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return std::nullopt;
  if (n < 0) return net_fail(last_net_error());
  const auto address = from_host(from);
  if (!address) return net_fail(NetError::Unknown);
  return Datagram{{scratch.begin(), scratch.begin() + n}, *address};
}

}  // namespace

NetIo<std::shared_ptr<UdpSocket>> UdpSocket::create(NetContext& net, AddressFamily family) {
  if (!net.policy.allows_sockets()) return net_fail(NetError::AccessDenied);
  SocketCount count = SKIFF_NET_TRY(SocketCount::take(net));
  OwnedFd fd = SKIFF_NET_TRY(make_socket(family, SOCK_DGRAM));
  return std::shared_ptr<UdpSocket>(new UdpSocket(net, std::move(count), std::move(fd), family));
}

NetIo<void> UdpSocket::start_bind(const SocketAddress& address) {
  if (state_ == State::BindStarted) return net_fail(NetError::ConcurrencyConflict);
  if (state_ == State::Bound) return net_fail(NetError::InvalidState);
  SKIFF_NET_TRY(check_local(address, family_));
  client_only_ = false;
  if (!net_.policy.allows(NetUse::UdpBind, address)) {
    if (!net_.policy.allows_clients() || !address.ip.is_unspecified() || address.port != 0) {
      net_.policy.refused(NetUse::UdpBind, address);
      return net_fail(NetError::AccessDenied);
    }
    client_only_ = true;
  }
  const HostAddress host = to_host(address);
  if (::bind(fd_.get(), host.get(), host.size) != 0) {
    const Errno e = last_errno();
    return net_fail(e == Errno::NoBufs ? NetError::AddressInUse : net_error_of(e));
  }
  state_ = State::BindStarted;
  return {};
}

NetIo<void> UdpSocket::finish_bind() {
  if (state_ != State::BindStarted) return net_fail(NetError::NotInProgress);
  state_ = State::Bound;
  return {};
}

NetIo<void> UdpSocket::connect(const std::optional<SocketAddress>& peer) {
  if (state_ != State::Bound) return net_fail(NetError::InvalidState);
  if (peer) {
    SKIFF_NET_TRY(check_remote(*peer, family_));
    if (!net_.policy.allows(NetUse::UdpSend, *peer)) {
      net_.policy.refused(NetUse::UdpSend, *peer);
      return net_fail(NetError::AccessDenied);
    }
  }
  if (peer_) {
    sockaddr none = {};
    none.sa_family = AF_UNSPEC;
    if (::connect(fd_.get(), &none, sizeof none) != 0 && errno != EAFNOSUPPORT) return net_fail(last_net_error());
    peer_.reset();
  }
  ++generation_;
  if (peer) {
    const HostAddress host = to_host(*peer);
    if (::connect(fd_.get(), host.get(), host.size) != 0) {
      const Errno e = last_errno();
      return net_fail(e == Errno::AddrNotAvail ? NetError::AddressInUse : net_error_of(e));
    }
    peer_ = *peer;
  }
  return {};
}

NetIo<std::vector<Datagram>> UdpSocket::receive(uint64_t most, uint64_t bytes) {
  most = std::min(most, kMaxDatagrams);
  std::vector<Datagram> all;
  if (most == 0) return all;
  std::vector<uint8_t> scratch(kMaxDatagramSize);
  for (int dropped = 0; all.size() < most && bytes != 0 && dropped < kMaxDropped;) {
    auto one = receive_one(fd_.get(), scratch);
    if (!one) {
      if (all.empty()) return net_fail(one.error());
      break;
    }
    if (!*one) break;
    Datagram& datagram = **one;
    // What came before the socket was connected may still be in its queue.
    const bool wanted = peer_ ? datagram.from == *peer_
                              : !client_only_ || net_.policy.allows(NetUse::UdpSend, datagram.from);
    if (!wanted) {
      ++dropped;
      continue;
    }
    bytes -= std::min<uint64_t>(bytes, datagram.data.size() + 1);
    all.push_back(std::move(datagram));
  }
  return all;
}

NetIo<uint64_t> UdpSocket::send_capacity() {
  pollfd p = {fd_.get(), POLLOUT, 0};
  if (::poll(&p, 1, 0) <= 0) return uint64_t{0};
  return kMaxDatagrams;
}

NetIo<bool> UdpSocket::send(std::span<const uint8_t> data, const std::optional<SocketAddress>& to) {
  if (!to && !peer_) return net_fail(NetError::InvalidArgument);
  if (to && peer_ && *to != *peer_) return net_fail(NetError::InvalidArgument);
  const SocketAddress& target = to ? *to : *peer_;
  SKIFF_NET_TRY(check_remote(target, family_));
  if (!net_.policy.allows(NetUse::UdpSend, target)) {
    net_.policy.refused(NetUse::UdpSend, target);
    return net_fail(NetError::AccessDenied);
  }
  if (data.size() > kMaxDatagramSize) return net_fail(NetError::DatagramTooLarge);
  const HostAddress host = to_host(target);
  ssize_t n;
  do n = ::sendto(fd_.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                  peer_ ? nullptr : host.get(), peer_ ? 0 : host.size);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return false;
  if (n < 0) return net_fail(last_net_error());
  return true;
}

bool UdpSocket::poll_receive(WaitSet& set) {
  set.add_fd(fd_.get(), POLLIN);
  return false;
}

bool UdpSocket::poll_send(WaitSet& set) {
  set.add_fd(fd_.get(), POLLOUT);
  return false;
}

NetIo<SocketAddress> UdpSocket::local() const {
  if (state_ != State::Bound) return net_fail(NetError::InvalidState);
  return local_address(fd_.get());
}

NetIo<SocketAddress> UdpSocket::remote() const {
  if (!peer_) return net_fail(NetError::InvalidState);
  return *peer_;
}

NetIo<uint64_t> UdpSocket::buffer_size(bool receive) const {
  return get_buffer_size(fd_.get(), receive ? SO_RCVBUF : SO_SNDBUF);
}

NetIo<void> UdpSocket::set_buffer_size(bool receive, uint64_t value) {
  return skiff::wasi::set_buffer_size(fd_.get(), receive ? SO_RCVBUF : SO_SNDBUF, value);
}

}  // namespace skiff::wasi
