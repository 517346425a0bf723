// Addresses.
#include "wasi/common/address.h"

namespace skiff::wasi {
namespace {

Ipv4Address to_wit4(const IpAddress& ip) { return {ip.bytes[0], ip.bytes[1], ip.bytes[2], ip.bytes[3]}; }

Ipv6Address to_wit6(const IpAddress& ip) {
  Ipv6Address groups;
  for (size_t i = 0; i < groups.size(); ++i)
    groups[i] = static_cast<uint16_t>(ip.bytes[2 * i] << 8 | ip.bytes[2 * i + 1]);
  return groups;
}

}  // namespace

SocketAddress from_wit(const IpSocketAddress& address) {
  if (const auto* a = std::get_if<Ipv4SocketAddress>(&address))
    return {IpAddress::v4(a->address[0], a->address[1], a->address[2], a->address[3]), a->port};
  const auto& a = std::get<Ipv6SocketAddress>(address);
  return {IpAddress::v6(a.address), a.port, a.flow_info, a.scope_id};
}

IpSocketAddress to_wit(const SocketAddress& a) {
  if (a.ip.family == AddressFamily::Ipv4) return Ipv4SocketAddress{a.port, to_wit4(a.ip)};
  return Ipv6SocketAddress{a.port, a.flow_info, to_wit6(a.ip), a.scope_id};
}

IpAddressCase to_wit(const IpAddress& ip) {
  if (ip.family == AddressFamily::Ipv4) return to_wit4(ip);
  return to_wit6(ip);
}

}  // namespace skiff::wasi
