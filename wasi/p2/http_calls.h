// What the functions of wasi:http share.
#pragma once

#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {

/// Longest method and path with query that a guest may set. Bytes
inline constexpr size_t kMaxMethod = 64;
inline constexpr size_t kMaxTarget = 64 << 10;

/// Traps when the guest makes the host keep too much.
inline void check_memory(P2Call& c) {
  if (c.state.http.exceeded()) c.trap("the guest has too many messages of HTTP, or too large ones");
}

/// As P2Call::make, of resources that are accounted for.
template <class R, class... Args>
Own<R> make_http(P2Call& c, HostResource* parent, Args&&... args) {
  const auto made = c.make<R>(parent, c.state.http, std::forward<Args>(args)...);
  check_memory(c);
  return made;
}

/// The end of a resource whose handle the guest gave. False: it has children, a trap.
inline bool destroy(P2Call& c, HostResource* resource) {
  if (c.state.resources.drop(resource)) return true;
  c.trap("a resource that has children cannot be given away");
  return false;
}

}  // namespace skiff::wasi::p2
