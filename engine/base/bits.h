// Small arithmetic: alignment, checked sums, unaligned little-endian access. All wasm data is
// little-endian, and so are all hosts that Skiff supports (asserted here once).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace skiff {

static_assert(std::endian::native == std::endian::little, "Skiff supports little-endian hosts only");

/// Rounds `n` up to a multiple of `alignment` (a power of two). Requires: no overflow.
template <class T>
constexpr T align_up(T n, T alignment) {
  return (n + alignment - 1) & ~(alignment - 1);
}

/// True when [offset, offset + length) lies within [0, size); never overflows.
constexpr bool in_bounds(uint64_t offset, uint64_t length, uint64_t size) {
  return length <= size && offset <= size - length;
}

/// Reads a T from unaligned bytes.
template <class T>
  requires std::is_trivially_copyable_v<T>
T load_unaligned(const void* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

/// Writes a T to unaligned bytes.
template <class T>
  requires std::is_trivially_copyable_v<T>
void store_unaligned(void* p, T value) {
  std::memcpy(p, &value, sizeof(T));
}

}  // namespace skiff
