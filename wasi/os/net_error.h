// NetError: how sockets fail, in the terms of WASI (0.2 and 0.3 number subsets of it). NetIo<T>: a result.
#pragma once

#include <cstdint>
#include <expected>

#include "wasi/os/errno.h"

namespace skiff::wasi {

/// The first ones are numbered as error-code of wasi:sockets/network@0.2.
enum class NetError : uint8_t {
  Unknown, AccessDenied, NotSupported, InvalidArgument, OutOfMemory, Timeout, ConcurrencyConflict,
  NotInProgress, WouldBlock, InvalidState, NewSocketLimit, AddressNotBindable, AddressInUse,
  RemoteUnreachable, ConnectionRefused, ConnectionReset, ConnectionAborted, DatagramTooLarge,
  NameUnresolvable, TemporaryResolverFailure, PermanentResolverFailure
};

template <class T>
using NetIo = std::expected<T, NetError>;

[[nodiscard]] inline std::unexpected<NetError> net_fail(NetError e) { return std::unexpected<NetError>(e); }
/// What a host's errno means where nothing more is known about the operation.
NetError net_error_of(Errno e);
NetError last_net_error();

/// As SKIFF_IO_TRY.
#define SKIFF_NET_TRY(EXPR)                                                     \
  __extension__({                                                               \
    auto skiff_net_result = (EXPR);                                             \
    if (!skiff_net_result) [[unlikely]]                                         \
      return ::skiff::wasi::net_fail(skiff_net_result.error());                 \
    ::skiff::wasi::detail::take_net(std::move(skiff_net_result));               \
  })

namespace detail {
template <class T>
T take_net(NetIo<T>&& r) {
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}
}  // namespace detail
}  // namespace skiff::wasi
