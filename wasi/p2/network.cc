// wasi:sockets: addresses, errors, names.
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {

SocketAddress from_wit(const IpSocketAddress& address) {
  if (const auto* a = std::get_if<Ipv4SocketAddress>(&address))
    return {IpAddress::v4(a->address[0], a->address[1], a->address[2], a->address[3]), a->port};
  const auto& a = std::get<Ipv6SocketAddress>(address);
  return {IpAddress::v6(a.address), a.port, a.flow_info, a.scope_id};
}

namespace {

Ipv4Address to_wit4(const IpAddress& ip) { return {ip.bytes[0], ip.bytes[1], ip.bytes[2], ip.bytes[3]}; }

Ipv6Address to_wit6(const IpAddress& ip) {
  Ipv6Address groups;
  for (size_t i = 0; i < groups.size(); ++i)
    groups[i] = static_cast<uint16_t>(ip.bytes[2 * i] << 8 | ip.bytes[2 * i + 1]);
  return groups;
}

}  // namespace

IpSocketAddress to_wit(const SocketAddress& a) {
  if (a.ip.family == AddressFamily::Ipv4) return Ipv4SocketAddress{a.port, to_wit4(a.ip)};
  return Ipv6SocketAddress{a.port, a.flow_info, to_wit6(a.ip), a.scope_id};
}

std::optional<NetError> network_error_code(P2Call&, Borrow<Error> error) {
  if (error->error.origin != ErrorOrigin::Socket) return std::nullopt;
  return net_error_of(error->error.code);
}

Own<Network> instance_network(P2Call& c) { return c.make<Network>(nullptr); }

NetResult<std::optional<IpAddressCase>> resolve_next_address(P2Call&, Borrow<AddressStream> self) {
  const auto ip = SKIFF_NET_TRY(self->lookup->next());
  if (!ip) return std::nullopt;
  if (ip->family == AddressFamily::Ipv4) return IpAddressCase(to_wit4(*ip));
  return IpAddressCase(to_wit6(*ip));
}

Own<Pollable> lookup_subscribe(P2Call& c, Borrow<AddressStream> self) {
  return c.make<Pollable>(self.resource, self->lookup);
}

NetResult<Own<AddressStream>> resolve_addresses(P2Call& c, Borrow<Network>, const Text& name) {
  auto lookup = SKIFF_NET_TRY(Lookup::start(c.state.ctx.network, c.state.ctx.resolver.get(), name.get()));
  return c.make<AddressStream>(nullptr, std::move(lookup));
}

}  // namespace skiff::wasi::p2
