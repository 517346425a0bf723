// Options of sockets, over getsockopt and setsockopt.
#include "wasi/os/socket_options.h"

#include <algorithm>
#include <cerrno>

namespace skiff::wasi {

NetIo<OwnedFd> make_socket(AddressFamily family, int type) {
  OwnedFd fd(::socket(host_family(family), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return net_fail(last_net_error());
  if (family == AddressFamily::Ipv6) SKIFF_NET_TRY(set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1));
  return fd;
}

NetIo<int> get_option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, level, name, &value, &size) != 0) return net_fail(last_net_error());
  return value;
}

NetIo<void> set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return net_fail(last_net_error());
  return {};
}

NetIo<uint8_t> get_hop_limit(int fd, AddressFamily family) {
  const int value = family == AddressFamily::Ipv4
                        ? SKIFF_NET_TRY(get_option(fd, IPPROTO_IP, IP_TTL))
                        : SKIFF_NET_TRY(get_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
  return static_cast<uint8_t>(std::clamp(value, 1, 255));
}

NetIo<void> set_hop_limit(int fd, AddressFamily family, uint8_t value) {
  if (value == 0) return net_fail(NetError::InvalidArgument);
  if (family == AddressFamily::Ipv4) return set_option(fd, IPPROTO_IP, IP_TTL, value);
  return set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, value);
}

NetIo<uint64_t> get_buffer_size(int fd, int name) {
  return static_cast<uint64_t>(std::max(SKIFF_NET_TRY(get_option(fd, SOL_SOCKET, name)), 0)) / 2;
}

NetIo<void> set_buffer_size(int fd, int name, uint64_t value) {
  if (value == 0) return net_fail(NetError::InvalidArgument);
  return set_option(fd, SOL_SOCKET, name, static_cast<int>(std::min<uint64_t>(value, INT32_MAX / 2)));
}

NetIo<SocketAddress> local_address(int fd) {
  HostAddress a;
  if (::getsockname(fd, a.get(), &a.size) != 0) return net_fail(last_net_error());
  if (const auto address = from_host(a)) return *address;
  return net_fail(NetError::Unknown);
}

NetIo<SocketAddress> remote_address(int fd) {
  HostAddress a;
  if (::getpeername(fd, a.get(), &a.size) != 0) return net_fail(NetError::InvalidState);
  if (const auto address = from_host(a)) return *address;
  return net_fail(NetError::Unknown);
}

NetIo<void> check_local(const SocketAddress& address, AddressFamily family) {
  if (address.ip.family != family || address.ip.is_ipv4_in_ipv6() || address.ip.is_multicast() ||
      address.ip.is_broadcast())
    return net_fail(NetError::InvalidArgument);
  return {};
}

NetIo<void> check_remote(const SocketAddress& address, AddressFamily family) {
  SKIFF_NET_TRY(check_local(address, family));
  if (address.ip.is_unspecified() || address.port == 0) return net_fail(NetError::InvalidArgument);
  return {};
}

}  // namespace skiff::wasi
