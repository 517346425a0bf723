// Values at run time. Slot: an untyped 8-byte cell of frames, argument buffers and globals (v128 takes
// two consecutive ones). Val: a typed value of the embedding API. V128: 16 bytes, little-endian lanes.
//
// References in a Slot are one 64-bit word, see engine/gc/ref.h.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "engine/gc/ref.h"
#include "engine/syntax/types.h"

namespace skiff {

struct alignas(16) V128 {
  std::array<uint8_t, 16> bytes{};
  template <class T>
  using Lanes = std::array<T, 16 / sizeof(T)>;
  template <class T>
  constexpr Lanes<T> lanes() const {
    return std::bit_cast<Lanes<T>>(bytes);
  }
  template <class T>
  static constexpr V128 of(const Lanes<T>& lanes) {
    return {std::bit_cast<std::array<uint8_t, 16>>(lanes)};
  }
  bool operator==(const V128&) const = default;
};

union Slot {
  int32_t i32;
  uint32_t u32;
  int64_t i64;
  uint64_t u64;
  float f32;
  double f64;
  Ref ref;
  void* ptr;
};
static_assert(sizeof(Slot) == 8);

/// Reads and writes a v128 that lies in two slots.
inline V128 load_v128(const Slot* s) {
  V128 v;
  std::memcpy(static_cast<void*>(&v), s, 16);
  return v;
}
inline void store_v128(Slot* s, const V128& v) { std::memcpy(static_cast<void*>(s), &v, 16); }

/// A typed value. References are only valid while rooted (see gc/roots.h) and within their store.
struct Val {
  ValType type;
  union {
    int32_t i32;
    int64_t i64;
    uint32_t f32_bits;
    uint64_t f64_bits;
    Ref ref;
    V128 v128;
  };
  Val() : type(ValType::I32), v128{} {}
  static Val of_i32(int32_t v) { Val r; r.type = ValType::I32; r.i32 = v; return r; }
  static Val of_i64(int64_t v) { Val r; r.type = ValType::I64; r.i64 = v; return r; }
  static Val of_f32(float v) { Val r; r.type = ValType::F32; std::memcpy(&r.f32_bits, &v, 4); return r; }
  static Val of_f64(double v) { Val r; r.type = ValType::F64; std::memcpy(&r.f64_bits, &v, 8); return r; }
  static Val of_v128(V128 v) { Val r; r.type = ValType::V128; r.v128 = v; return r; }
  static Val of_ref(ValType type, Ref v) { Val r; r.type = type; r.ref = v; return r; }
  /// Zero, or null. Requires: t.is_defaultable().
  static Val zero(ValType t) { Val r; r.type = t; return r; }
};

/// Copies a value into its slot(s); returns the slot after it.
inline Slot* put(Slot* s, const Val& v) {
  if (v.type.is_vec()) return store_v128(s, v.v128), s + 2;
  s->u64 = 0;
  const uint32_t n = v.type.size();
  std::memcpy(static_cast<void*>(s), &v.v128, n);
  return s + 1;
}
/// Reads a value of type `t` from its slot(s).
inline Val take(const Slot* s, ValType t) {
  Val v = Val::zero(t);
  std::memcpy(static_cast<void*>(&v.v128), s, t.size());
  return v;
}

}  // namespace skiff
