// Socket addresses of WIT and of the services; sockets as resources.
#pragma once

#include "wasi/common/state.h"
#include "wasi/common/types.h"
#include "wasi/os/udp.h"

namespace skiff::wasi {

struct Tcp final : CommonResource<CommonKind::TcpSocket> {
  explicit Tcp(std::shared_ptr<TcpSocket> socket) : socket(std::move(socket)) {}
  std::shared_ptr<TcpSocket> socket;
  TcpStreams streams;      // of 0.3, until they are taken
};
struct Udp final : CommonResource<CommonKind::UdpSocket> {
  explicit Udp(std::shared_ptr<UdpSocket> socket) : socket(std::move(socket)) {}
  std::shared_ptr<UdpSocket> socket;
};

SocketAddress from_wit(const IpSocketAddress& address);
IpSocketAddress to_wit(const SocketAddress& address);
IpAddressCase to_wit(const IpAddress& ip);
inline AddressFamily family_of(IpFamily f) {
  return f == IpFamily::Ipv4 ? AddressFamily::Ipv4 : AddressFamily::Ipv6;
}
inline IpFamily family_of(AddressFamily f) { return f == AddressFamily::Ipv4 ? IpFamily::Ipv4 : IpFamily::Ipv6; }
inline NetIo<IpSocketAddress> to_wit(const NetIo<SocketAddress>& address) {
  if (!address) return net_fail(address.error());
  return to_wit(*address);
}

}  // namespace skiff::wasi
