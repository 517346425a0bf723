// Result<T>: the value of an operation on possibly bad input, or the Error that says what was wrong.
// Bad input (malformed modules, wrong flags, absent files) is always reported through it; guests'
// faults are TrapCodes (engine/exec/trap.h), our own bugs abort through SKIFF_CHECK (check.h).
#pragma once

#include <expected>
#include <utility>

#include "engine/base/error.h"

namespace skiff {

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// Builds the failure side of a Result: `return fail(ErrorCode::UnknownType, offset, index);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(Args&&... args) {
  return std::unexpected<Error>(Error{std::forward<Args>(args)...});
}

}  // namespace skiff

/// Evaluates a Result expression: yields its value, or returns its Error from this function.
#define SKIFF_TRY(EXPR)                                                        \
  __extension__({                                                              \
    auto skiff_try_result = (EXPR);                                            \
    if (!skiff_try_result) [[unlikely]]                                        \
      return std::unexpected<::skiff::Error>(std::move(skiff_try_result).error()); \
    ::skiff::detail::take_value(std::move(skiff_try_result));                  \
  })

namespace skiff::detail {
template <class T>
T take_value(std::expected<T, Error>&& r) {
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}
}  // namespace skiff::detail
