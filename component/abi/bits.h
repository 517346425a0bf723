// Little-endian words of memory, and canonical NaNs.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "component/abi/value.h"

namespace skiff::component {

inline uint64_t load_bits(const uint8_t* p, uint32_t size) {
  uint64_t bits = 0;
  std::memcpy(&bits, p, size);
  return bits;
}
inline void store_bits(uint8_t* p, uint64_t bits, uint32_t size) { std::memcpy(p, &bits, size); }

/// Spec: canonicalize_nan32, canonicalize_nan64
inline uint32_t canonical_nan32(uint32_t bits) { return (bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC00000 : bits; }
inline uint64_t canonical_nan64(uint64_t bits) {
  return (bits & 0x7FFFFFFFFFFFFFFF) > 0x7FF0000000000000 ? 0x7FF8000000000000 : bits;
}
/// The same for a list of numbers; only floats change.
inline void canonicalize_nans(Primitive element, std::span<uint8_t> bytes) {
  if (element == Primitive::F32)
    for (size_t i = 0; i < bytes.size(); i += 4)
      store_bits(&bytes[i], canonical_nan32(static_cast<uint32_t>(load_bits(&bytes[i], 4))), 4);
  if (element == Primitive::F64)
    for (size_t i = 0; i < bytes.size(); i += 8) store_bits(&bytes[i], canonical_nan64(load_bits(&bytes[i], 8)), 8);
}

}  // namespace skiff::component
