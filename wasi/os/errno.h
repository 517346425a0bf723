// Errno: how a system service fails, numbered as in wasi_snapshot_preview1; the later WASI versions map
// from it. Io<T>: a service's result. One table (errno.def) relates host errors, numbers and names.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

#include "engine/base/result.h"

namespace skiff::wasi {

enum class Errno : uint16_t {
#define SKIFF_ERRNO(ID, HOST, NAME) ID,
#define SKIFF_ERRNO_ALIAS(ID, HOST)
#include "wasi/os/errno.def"
#undef SKIFF_ERRNO
#undef SKIFF_ERRNO_ALIAS
};
static_assert(static_cast<int>(Errno::NotCapable) == 76, "errno.def must list WASI's numbers in order");

/// The Errno of a host errno; Io for those that WASI does not know.
Errno errno_of_host(int host);
/// The Errno of the calling thread's errno.
Errno last_errno();
/// WASI's name, e.g. "noent".
std::string_view name_of(Errno e);

template <class T>
using Io = std::expected<T, Errno>;

/// The failure side of an Io.
[[nodiscard]] inline std::unexpected<Errno> io_fail(Errno e) { return std::unexpected<Errno>(e); }
[[nodiscard]] inline std::unexpected<Errno> io_fail_host() { return std::unexpected<Errno>(last_errno()); }

namespace detail {
template <class T>
T take_io(Io<T>&& r) {
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}
}  // namespace detail
}  // namespace skiff::wasi

/// Evaluates an Io expression: yields its value, or returns its Errno from this function.
#define SKIFF_IO_TRY(EXPR)                                                      \
  __extension__({                                                               \
    auto skiff_io_result = (EXPR);                                              \
    if (!skiff_io_result) [[unlikely]]                                          \
      return ::skiff::wasi::io_fail(skiff_io_result.error());                   \
    ::skiff::wasi::detail::take_io(std::move(skiff_io_result));                 \
  })
