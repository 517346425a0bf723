// wasi:sockets: errors, names.
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {

std::optional<NetError> network_error_code(P2Call&, Borrow<Error> error) {
  if (error->error.origin != ErrorOrigin::Socket) return std::nullopt;
  return net_error_of(error->error.code);
}

Own<Network> instance_network(P2Call& c) { return c.make<Network>(nullptr); }

NetResult<std::optional<IpAddressCase>> resolve_next_address(P2Call&, Borrow<AddressStream> self) {
  const auto ip = SKIFF_NET_TRY(self->lookup->next());
  if (!ip) return std::nullopt;
  return to_wit(*ip);
}

Own<Pollable> lookup_subscribe(P2Call& c, Borrow<AddressStream> self) {
  return c.make<Pollable>(self.resource, self->lookup);
}

NetResult<Own<AddressStream>> resolve_addresses(P2Call& c, Borrow<Network>, const Text& name) {
  auto lookup = SKIFF_NET_TRY(Lookup::start(c.state.ctx.network, c.state.ctx.resolver.get(), name.get()));
  return c.make<AddressStream>(nullptr, std::move(lookup));
}

}  // namespace skiff::wasi::p2
