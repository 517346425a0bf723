// Vector semantics: one small pure function per v128 opcode of opcodes.def, named as its Op, in namespace
// num. Conventions as in numeric.h, whose generic operators (namespace op) are applied lane by lane here,
// in loops that compilers turn into vector code.
//
// Lane 0 lies at the lowest address. Relaxed operations (Spec: exec-numeric, relaxed operations) behave as
// in the deterministic profile, on every machine and in every tier: as their strict counterparts, madd and
// nmadd rounding twice, laneselect as bitselect, the 7-bit operand of dot products as signed.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include "engine/exec/numeric.h"

namespace skiff::num {

// clang would unroll loops over lanes before its vectoriser sees them.
#ifdef __clang__
#define SKIFF_LANES _Pragma("clang loop unroll(disable)")
#else
#define SKIFF_LANES
#endif

// Lane helpers. T: type of the lanes read; R: type of the lanes written, of the same width.
namespace op {

template <class T>
inline constexpr size_t kLanes = 16 / sizeof(T);
/// The integer type of half the width of T and its signedness.
template <class T>
using Narrower = std::tuple_element_t<std::countr_zero(sizeof(T)) - 1 + (std::is_signed_v<T> ? 3 : 0),
                                      std::tuple<uint8_t, uint16_t, uint32_t, int8_t, int16_t, int32_t>>;

template <class T, class R = T, class F>
[[gnu::always_inline]] constexpr V128 map1(V128 a, F f) {
  static_assert(sizeof(T) == sizeof(R));
  const auto x = a.lanes<T>();
  V128::Lanes<R> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<R>(f(x[i]));
  return V128::of<R>(r);
}
template <class T, class F>
[[gnu::always_inline]] constexpr V128 map2(V128 a, V128 b, F f) {
  const auto x = a.lanes<T>();
  const auto y = b.lanes<T>();
  V128::Lanes<T> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<T>(f(x[i], y[i]));
  return V128::of<T>(r);
}
template <class T, class F>
[[gnu::always_inline]] constexpr V128 map3(V128 a, V128 b, V128 c, F f) {
  const auto x = a.lanes<T>();
  const auto y = b.lanes<T>();
  const auto z = c.lanes<T>();
  V128::Lanes<T> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<T>(f(x[i], y[i], z[i]));
  return V128::of<T>(r);
}

/// All ones where the comparison holds.
template <class T, class F>
[[gnu::always_inline]] constexpr V128 compare(V128 a, V128 b, F f) {
  using Mask = std::conditional_t<sizeof(T) == 1, uint8_t,
               std::conditional_t<sizeof(T) == 2, uint16_t,
               std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
  const auto x = a.lanes<T>();
  const auto y = b.lanes<T>();
  V128::Lanes<Mask> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) r[i] = f(x[i], y[i]) ? static_cast<Mask>(-1) : Mask{0};
  return V128::of<Mask>(r);
}

template <class T>
constexpr V128 splat(T v) {
  V128::Lanes<T> r{};
  r.fill(v);
  return V128::of<T>(r);
}
/// Validation guarantees lane < kLanes<T>; the mask keeps the function total.
template <class T>
constexpr T extract(V128 v, uint8_t lane) {
  return v.lanes<T>()[lane % kLanes<T>];
}
template <class T>
constexpr V128 replace(V128 v, T x, uint8_t lane) {
  auto r = v.lanes<T>();
  r[lane % kLanes<T>] = x;
  return V128::of<T>(r);
}

/// The lanes of half a vector (high or low) of N, extended to T.
template <class T, class N, bool kHigh>
constexpr V128::Lanes<T> extend_half(V128 v) {
  const auto x = v.lanes<N>();
  V128::Lanes<T> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<T>(x[i + (kHigh ? r.size() : 0)]);
  return r;
}
template <class T, bool kHigh>
constexpr V128 extend(V128 v) {
  return V128::of<T>(extend_half<T, Narrower<T>, kHigh>(v));
}
template <class T, bool kHigh>
constexpr V128 extmul(V128 a, V128 b) {
  return map2<T>(V128::of<T>(extend_half<T, Narrower<T>, kHigh>(a)),
                 V128::of<T>(extend_half<T, Narrower<T>, kHigh>(b)), mul);
}
template <class T>
constexpr V128 extadd_pairwise(V128 v) {
  const auto x = v.lanes<Narrower<T>>();
  V128::Lanes<T> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<T>(x[2 * i] + x[2 * i + 1]);
  return V128::of<T>(r);
}
/// Sums of products of neighbouring signed lanes, modulo the width of T.
template <class T>
constexpr V128 dot(V128 a, V128 b) {
  const auto x = a.lanes<Narrower<T>>();
  const auto y = b.lanes<Narrower<T>>();
  V128::Lanes<T> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) {
    const auto even = static_cast<uint32_t>(x[2 * i] * y[2 * i]);
    const auto odd = static_cast<uint32_t>(x[2 * i + 1] * y[2 * i + 1]);
    r[i] = static_cast<T>(even + odd);
  }
  return V128::of<T>(r);
}
/// Signed lanes of a, then of b, saturated to the narrower type N.
template <class N, class T>
constexpr V128 narrow(V128 a, V128 b) {
  const auto x = a.lanes<T>();
  const auto y = b.lanes<T>();
  V128::Lanes<N> r{};
  const auto saturate = [](T v) {
    return static_cast<N>(std::clamp<T>(v, std::numeric_limits<N>::min(), std::numeric_limits<N>::max()));
  };
  SKIFF_LANES for (size_t i = 0; i < x.size(); ++i) r[i] = saturate(x[i]);
  SKIFF_LANES for (size_t i = 0; i < x.size(); ++i) r[i + x.size()] = saturate(y[i]);
  return V128::of<N>(r);
}
/// Saturating sums and differences of 8- or 16-bit lanes, signed or not as T is.
template <class T>
constexpr V128 add_sat(V128 a, V128 b) {
  return map2<T>(a, b, [](int x, int y) {
    return std::clamp<int>(x + y, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  });
}
template <class T>
constexpr V128 sub_sat(V128 a, V128 b) {
  return map2<T>(a, b, [](int x, int y) {
    return std::clamp<int>(x - y, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  });
}

inline constexpr auto negate = []<class T>(T x) { return static_cast<T>(T{0} - x); };
inline constexpr auto iabs = []<class T>(T x) {
  return static_cast<std::make_signed_t<T>>(x) < 0 ? static_cast<T>(T{0} - x) : x;
};
inline constexpr auto min = [](auto a, auto b) { return b < a ? b : a; };
inline constexpr auto max = [](auto a, auto b) { return a < b ? b : a; };
inline constexpr auto avgr = [](unsigned a, unsigned b) { return (a + b + 1) / 2; };
inline constexpr auto q15mulr = [](int a, int b) { return std::min((a * b + 0x4000) >> 15, 0x7FFF); };

template <class T>
constexpr uint32_t all_true(V128 v) {
  bool all = true;
  SKIFF_LANES for (T x : v.lanes<T>()) all &= x != 0;
  return all;
}
template <class T>
constexpr uint32_t bitmask(V128 v) {
  const auto x = v.lanes<T>();
  uint32_t mask = 0;
  SKIFF_LANES for (size_t i = 0; i < x.size(); ++i) {
    mask |= static_cast<uint32_t>(shr_u(x[i], 8 * sizeof(T) - 1)) << i;
  }
  return mask;
}

/// From the integer lanes I of half the vector or all of it to floating point lanes.
template <class F, class I>
constexpr V128 convert_low(V128 v) {
  return V128::of<F>(extend_half<F, I, false>(v));
}
/// Two f64 lanes to the low two i32 lanes, saturated; the others are zero.
template <class I>
constexpr V128 trunc_sat_zero(V128 v) {
  const auto x = v.lanes<double>();
  return V128::of<uint32_t>({trunc_sat_to<I>(x[0]), trunc_sat_to<I>(x[1]), 0, 0});
}
/// Half a vector of raw lanes N in memory, extended to T.
template <class T, class N>
constexpr V128 load_extend(uint64_t m) {
  const auto x = std::bit_cast<std::array<N, 8 / sizeof(N)>>(m);
  V128::Lanes<T> r{};
  SKIFF_LANES for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<T>(x[i]);
  return V128::of<T>(r);
}

}  // namespace op

// Memory. Spec: exec-vload-pack, exec-vload-splat, exec-vload-zero, exec-vload_lane, exec-vstore_lane.
constexpr V128 V128Load(V128 m) { return m; }
constexpr V128 V128Load8x8S(uint64_t m) { return op::load_extend<int16_t, int8_t>(m); }
constexpr V128 V128Load8x8U(uint64_t m) { return op::load_extend<uint16_t, uint8_t>(m); }
constexpr V128 V128Load16x4S(uint64_t m) { return op::load_extend<int32_t, int16_t>(m); }
constexpr V128 V128Load16x4U(uint64_t m) { return op::load_extend<uint32_t, uint16_t>(m); }
constexpr V128 V128Load32x2S(uint64_t m) { return op::load_extend<int64_t, int32_t>(m); }
constexpr V128 V128Load32x2U(uint64_t m) { return op::load_extend<uint64_t, uint32_t>(m); }
constexpr V128 V128Load8Splat(uint8_t m) { return op::splat(m); }
constexpr V128 V128Load16Splat(uint16_t m) { return op::splat(m); }
constexpr V128 V128Load32Splat(uint32_t m) { return op::splat(m); }
constexpr V128 V128Load64Splat(uint64_t m) { return op::splat(m); }
constexpr V128 V128Load32Zero(uint32_t m) { return V128::of<uint32_t>({m, 0, 0, 0}); }
constexpr V128 V128Load64Zero(uint64_t m) { return V128::of<uint64_t>({m, 0}); }
constexpr V128 V128Store(V128 v) { return v; }
constexpr V128 V128Load8Lane(uint8_t m, V128 v, uint8_t lane) { return op::replace(v, m, lane); }
constexpr V128 V128Load16Lane(uint16_t m, V128 v, uint8_t lane) { return op::replace(v, m, lane); }
constexpr V128 V128Load32Lane(uint32_t m, V128 v, uint8_t lane) { return op::replace(v, m, lane); }
constexpr V128 V128Load64Lane(uint64_t m, V128 v, uint8_t lane) { return op::replace(v, m, lane); }
constexpr uint8_t V128Store8Lane(V128 v, uint8_t lane) { return op::extract<uint8_t>(v, lane); }
constexpr uint16_t V128Store16Lane(V128 v, uint8_t lane) { return op::extract<uint16_t>(v, lane); }
constexpr uint32_t V128Store32Lane(V128 v, uint8_t lane) { return op::extract<uint32_t>(v, lane); }
constexpr uint64_t V128Store64Lane(V128 v, uint8_t lane) { return op::extract<uint64_t>(v, lane); }

// Lanes. Spec: exec-vshuffle, exec-vswizzlop, exec-vsplat, exec-vextract_lane, exec-vreplace_lane.

/// Validation guarantees lanes below 32; the mask keeps the function total.
constexpr V128 I8x16Shuffle(V128 a, V128 b, const std::array<uint8_t, 16>& lanes) {
  std::array<uint8_t, 32> both{};
  std::copy(a.bytes.begin(), a.bytes.end(), both.begin());
  std::copy(b.bytes.begin(), b.bytes.end(), both.begin() + 16);
  V128 r;
  SKIFF_LANES for (size_t i = 0; i < 16; ++i) r.bytes[i] = both[lanes[i] % 32];
  return r;
}
/// Lanes selected out of range are zero.
constexpr V128 I8x16Swizzle(V128 a, V128 lanes) {
  V128 r;
  SKIFF_LANES for (size_t i = 0; i < 16; ++i) {
    const uint8_t lane = lanes.bytes[i];
    r.bytes[i] = lane < 16 ? a.bytes[lane] : uint8_t{0};
  }
  return r;
}
constexpr V128 I8x16Splat(uint32_t x) { return op::splat(static_cast<uint8_t>(x)); }
constexpr V128 I16x8Splat(uint32_t x) { return op::splat(static_cast<uint16_t>(x)); }
constexpr V128 I32x4Splat(uint32_t x) { return op::splat(x); }
constexpr V128 I64x2Splat(uint64_t x) { return op::splat(x); }
constexpr V128 F32x4Splat(float x) { return op::splat(x); }
constexpr V128 F64x2Splat(double x) { return op::splat(x); }
constexpr uint32_t I8x16ExtractLaneS(V128 v, uint8_t lane) {
  return static_cast<uint32_t>(op::extract<int8_t>(v, lane));
}
constexpr uint32_t I8x16ExtractLaneU(V128 v, uint8_t lane) { return op::extract<uint8_t>(v, lane); }
constexpr V128 I8x16ReplaceLane(V128 v, uint32_t x, uint8_t lane) {
  return op::replace(v, static_cast<uint8_t>(x), lane);
}
constexpr uint32_t I16x8ExtractLaneS(V128 v, uint8_t lane) {
  return static_cast<uint32_t>(op::extract<int16_t>(v, lane));
}
constexpr uint32_t I16x8ExtractLaneU(V128 v, uint8_t lane) { return op::extract<uint16_t>(v, lane); }
constexpr V128 I16x8ReplaceLane(V128 v, uint32_t x, uint8_t lane) {
  return op::replace(v, static_cast<uint16_t>(x), lane);
}
constexpr uint32_t I32x4ExtractLane(V128 v, uint8_t lane) { return op::extract<uint32_t>(v, lane); }
constexpr V128 I32x4ReplaceLane(V128 v, uint32_t x, uint8_t lane) { return op::replace(v, x, lane); }
constexpr uint64_t I64x2ExtractLane(V128 v, uint8_t lane) { return op::extract<uint64_t>(v, lane); }
constexpr V128 I64x2ReplaceLane(V128 v, uint64_t x, uint8_t lane) { return op::replace(v, x, lane); }
constexpr float F32x4ExtractLane(V128 v, uint8_t lane) { return op::extract<float>(v, lane); }
constexpr V128 F32x4ReplaceLane(V128 v, float x, uint8_t lane) { return op::replace(v, x, lane); }
constexpr double F64x2ExtractLane(V128 v, uint8_t lane) { return op::extract<double>(v, lane); }
constexpr V128 F64x2ReplaceLane(V128 v, double x, uint8_t lane) { return op::replace(v, x, lane); }

// Bits of the whole vector. Spec: op-vvunop, op-vvbinop, op-vvternop, op-vvtestop.
constexpr V128 V128Not(V128 a) { return op::map1<uint64_t>(a, [](uint64_t x) { return ~x; }); }
constexpr V128 V128And(V128 a, V128 b) { return op::map2<uint64_t>(a, b, op::bit_and); }
constexpr V128 V128Andnot(V128 a, V128 b) {
  return op::map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x & ~y; });
}
constexpr V128 V128Or(V128 a, V128 b) { return op::map2<uint64_t>(a, b, op::bit_or); }
constexpr V128 V128Xor(V128 a, V128 b) { return op::map2<uint64_t>(a, b, op::bit_xor); }
/// Bits of a where c is set, else of b.
constexpr V128 V128Bitselect(V128 a, V128 b, V128 c) {
  return op::map3<uint64_t>(a, b, c, [](uint64_t x, uint64_t y, uint64_t z) { return (x & z) | (y & ~z); });
}
constexpr uint32_t V128AnyTrue(V128 a) {
  const auto x = a.lanes<uint64_t>();
  return (x[0] | x[1]) != 0;
}

// i8x16
constexpr V128 I8x16Eq(V128 a, V128 b) { return op::compare<uint8_t>(a, b, op::eq); }
constexpr V128 I8x16Ne(V128 a, V128 b) { return op::compare<uint8_t>(a, b, op::ne); }
constexpr V128 I8x16LtS(V128 a, V128 b) { return op::compare<int8_t>(a, b, op::lt); }
constexpr V128 I8x16LtU(V128 a, V128 b) { return op::compare<uint8_t>(a, b, op::lt); }
constexpr V128 I8x16GtS(V128 a, V128 b) { return op::compare<int8_t>(a, b, op::gt); }
constexpr V128 I8x16GtU(V128 a, V128 b) { return op::compare<uint8_t>(a, b, op::gt); }
constexpr V128 I8x16LeS(V128 a, V128 b) { return op::compare<int8_t>(a, b, op::le); }
constexpr V128 I8x16LeU(V128 a, V128 b) { return op::compare<uint8_t>(a, b, op::le); }
constexpr V128 I8x16GeS(V128 a, V128 b) { return op::compare<int8_t>(a, b, op::ge); }
constexpr V128 I8x16GeU(V128 a, V128 b) { return op::compare<uint8_t>(a, b, op::ge); }
constexpr V128 I8x16Abs(V128 a) { return op::map1<uint8_t>(a, op::iabs); }
constexpr V128 I8x16Neg(V128 a) { return op::map1<uint8_t>(a, op::negate); }
constexpr V128 I8x16Popcnt(V128 a) {
  return op::map1<uint8_t>(a, [](uint8_t x) { return std::popcount(x); });
}
constexpr uint32_t I8x16AllTrue(V128 a) { return op::all_true<uint8_t>(a); }
constexpr uint32_t I8x16Bitmask(V128 a) { return op::bitmask<uint8_t>(a); }
constexpr V128 I8x16Shl(V128 a, uint32_t n) {
  return op::map1<uint8_t>(a, [n](uint8_t x) { return op::shl(x, n); });
}
constexpr V128 I8x16ShrS(V128 a, uint32_t n) {
  return op::map1<uint8_t>(a, [n](uint8_t x) { return op::shr_s(x, n); });
}
constexpr V128 I8x16ShrU(V128 a, uint32_t n) {
  return op::map1<uint8_t>(a, [n](uint8_t x) { return op::shr_u(x, n); });
}
constexpr V128 I8x16Add(V128 a, V128 b) { return op::map2<uint8_t>(a, b, op::add); }
constexpr V128 I8x16AddSatS(V128 a, V128 b) { return op::add_sat<int8_t>(a, b); }
constexpr V128 I8x16AddSatU(V128 a, V128 b) { return op::add_sat<uint8_t>(a, b); }
constexpr V128 I8x16Sub(V128 a, V128 b) { return op::map2<uint8_t>(a, b, op::sub); }
constexpr V128 I8x16SubSatS(V128 a, V128 b) { return op::sub_sat<int8_t>(a, b); }
constexpr V128 I8x16SubSatU(V128 a, V128 b) { return op::sub_sat<uint8_t>(a, b); }
constexpr V128 I8x16MinS(V128 a, V128 b) { return op::map2<int8_t>(a, b, op::min); }
constexpr V128 I8x16MinU(V128 a, V128 b) { return op::map2<uint8_t>(a, b, op::min); }
constexpr V128 I8x16MaxS(V128 a, V128 b) { return op::map2<int8_t>(a, b, op::max); }
constexpr V128 I8x16MaxU(V128 a, V128 b) { return op::map2<uint8_t>(a, b, op::max); }
constexpr V128 I8x16AvgrU(V128 a, V128 b) { return op::map2<uint8_t>(a, b, op::avgr); }
constexpr V128 I8x16NarrowI16x8S(V128 a, V128 b) { return op::narrow<int8_t, int16_t>(a, b); }
constexpr V128 I8x16NarrowI16x8U(V128 a, V128 b) { return op::narrow<uint8_t, int16_t>(a, b); }

// i16x8
constexpr V128 I16x8Eq(V128 a, V128 b) { return op::compare<uint16_t>(a, b, op::eq); }
constexpr V128 I16x8Ne(V128 a, V128 b) { return op::compare<uint16_t>(a, b, op::ne); }
constexpr V128 I16x8LtS(V128 a, V128 b) { return op::compare<int16_t>(a, b, op::lt); }
constexpr V128 I16x8LtU(V128 a, V128 b) { return op::compare<uint16_t>(a, b, op::lt); }
constexpr V128 I16x8GtS(V128 a, V128 b) { return op::compare<int16_t>(a, b, op::gt); }
constexpr V128 I16x8GtU(V128 a, V128 b) { return op::compare<uint16_t>(a, b, op::gt); }
constexpr V128 I16x8LeS(V128 a, V128 b) { return op::compare<int16_t>(a, b, op::le); }
constexpr V128 I16x8LeU(V128 a, V128 b) { return op::compare<uint16_t>(a, b, op::le); }
constexpr V128 I16x8GeS(V128 a, V128 b) { return op::compare<int16_t>(a, b, op::ge); }
constexpr V128 I16x8GeU(V128 a, V128 b) { return op::compare<uint16_t>(a, b, op::ge); }
constexpr V128 I16x8Abs(V128 a) { return op::map1<uint16_t>(a, op::iabs); }
constexpr V128 I16x8Neg(V128 a) { return op::map1<uint16_t>(a, op::negate); }
constexpr uint32_t I16x8AllTrue(V128 a) { return op::all_true<uint16_t>(a); }
constexpr uint32_t I16x8Bitmask(V128 a) { return op::bitmask<uint16_t>(a); }
constexpr V128 I16x8Shl(V128 a, uint32_t n) {
  return op::map1<uint16_t>(a, [n](uint16_t x) { return op::shl(x, n); });
}
constexpr V128 I16x8ShrS(V128 a, uint32_t n) {
  return op::map1<uint16_t>(a, [n](uint16_t x) { return op::shr_s(x, n); });
}
constexpr V128 I16x8ShrU(V128 a, uint32_t n) {
  return op::map1<uint16_t>(a, [n](uint16_t x) { return op::shr_u(x, n); });
}
constexpr V128 I16x8Add(V128 a, V128 b) { return op::map2<uint16_t>(a, b, op::add); }
constexpr V128 I16x8AddSatS(V128 a, V128 b) { return op::add_sat<int16_t>(a, b); }
constexpr V128 I16x8AddSatU(V128 a, V128 b) { return op::add_sat<uint16_t>(a, b); }
constexpr V128 I16x8Sub(V128 a, V128 b) { return op::map2<uint16_t>(a, b, op::sub); }
constexpr V128 I16x8SubSatS(V128 a, V128 b) { return op::sub_sat<int16_t>(a, b); }
constexpr V128 I16x8SubSatU(V128 a, V128 b) { return op::sub_sat<uint16_t>(a, b); }
constexpr V128 I16x8Mul(V128 a, V128 b) { return op::map2<uint16_t>(a, b, op::mul); }
constexpr V128 I16x8MinS(V128 a, V128 b) { return op::map2<int16_t>(a, b, op::min); }
constexpr V128 I16x8MinU(V128 a, V128 b) { return op::map2<uint16_t>(a, b, op::min); }
constexpr V128 I16x8MaxS(V128 a, V128 b) { return op::map2<int16_t>(a, b, op::max); }
constexpr V128 I16x8MaxU(V128 a, V128 b) { return op::map2<uint16_t>(a, b, op::max); }
constexpr V128 I16x8AvgrU(V128 a, V128 b) { return op::map2<uint16_t>(a, b, op::avgr); }
constexpr V128 I16x8NarrowI32x4S(V128 a, V128 b) { return op::narrow<int16_t, int32_t>(a, b); }
constexpr V128 I16x8NarrowI32x4U(V128 a, V128 b) { return op::narrow<uint16_t, int32_t>(a, b); }
constexpr V128 I16x8Q15mulrSatS(V128 a, V128 b) { return op::map2<int16_t>(a, b, op::q15mulr); }
constexpr V128 I16x8ExtaddPairwiseI8x16S(V128 a) { return op::extadd_pairwise<int16_t>(a); }
constexpr V128 I16x8ExtaddPairwiseI8x16U(V128 a) { return op::extadd_pairwise<uint16_t>(a); }
constexpr V128 I16x8ExtendLowI8x16S(V128 a) { return op::extend<int16_t, false>(a); }
constexpr V128 I16x8ExtendHighI8x16S(V128 a) { return op::extend<int16_t, true>(a); }
constexpr V128 I16x8ExtendLowI8x16U(V128 a) { return op::extend<uint16_t, false>(a); }
constexpr V128 I16x8ExtendHighI8x16U(V128 a) { return op::extend<uint16_t, true>(a); }
constexpr V128 I16x8ExtmulLowI8x16S(V128 a, V128 b) { return op::extmul<int16_t, false>(a, b); }
constexpr V128 I16x8ExtmulHighI8x16S(V128 a, V128 b) { return op::extmul<int16_t, true>(a, b); }
constexpr V128 I16x8ExtmulLowI8x16U(V128 a, V128 b) { return op::extmul<uint16_t, false>(a, b); }
constexpr V128 I16x8ExtmulHighI8x16U(V128 a, V128 b) { return op::extmul<uint16_t, true>(a, b); }

// i32x4
constexpr V128 I32x4Eq(V128 a, V128 b) { return op::compare<uint32_t>(a, b, op::eq); }
constexpr V128 I32x4Ne(V128 a, V128 b) { return op::compare<uint32_t>(a, b, op::ne); }
constexpr V128 I32x4LtS(V128 a, V128 b) { return op::compare<int32_t>(a, b, op::lt); }
constexpr V128 I32x4LtU(V128 a, V128 b) { return op::compare<uint32_t>(a, b, op::lt); }
constexpr V128 I32x4GtS(V128 a, V128 b) { return op::compare<int32_t>(a, b, op::gt); }
constexpr V128 I32x4GtU(V128 a, V128 b) { return op::compare<uint32_t>(a, b, op::gt); }
constexpr V128 I32x4LeS(V128 a, V128 b) { return op::compare<int32_t>(a, b, op::le); }
constexpr V128 I32x4LeU(V128 a, V128 b) { return op::compare<uint32_t>(a, b, op::le); }
constexpr V128 I32x4GeS(V128 a, V128 b) { return op::compare<int32_t>(a, b, op::ge); }
constexpr V128 I32x4GeU(V128 a, V128 b) { return op::compare<uint32_t>(a, b, op::ge); }
constexpr V128 I32x4Abs(V128 a) { return op::map1<uint32_t>(a, op::iabs); }
constexpr V128 I32x4Neg(V128 a) { return op::map1<uint32_t>(a, op::negate); }
constexpr uint32_t I32x4AllTrue(V128 a) { return op::all_true<uint32_t>(a); }
constexpr uint32_t I32x4Bitmask(V128 a) { return op::bitmask<uint32_t>(a); }
constexpr V128 I32x4Shl(V128 a, uint32_t n) {
  return op::map1<uint32_t>(a, [n](uint32_t x) { return op::shl(x, n); });
}
constexpr V128 I32x4ShrS(V128 a, uint32_t n) {
  return op::map1<uint32_t>(a, [n](uint32_t x) { return op::shr_s(x, n); });
}
constexpr V128 I32x4ShrU(V128 a, uint32_t n) {
  return op::map1<uint32_t>(a, [n](uint32_t x) { return op::shr_u(x, n); });
}
constexpr V128 I32x4Add(V128 a, V128 b) { return op::map2<uint32_t>(a, b, op::add); }
constexpr V128 I32x4Sub(V128 a, V128 b) { return op::map2<uint32_t>(a, b, op::sub); }
constexpr V128 I32x4Mul(V128 a, V128 b) { return op::map2<uint32_t>(a, b, op::mul); }
constexpr V128 I32x4MinS(V128 a, V128 b) { return op::map2<int32_t>(a, b, op::min); }
constexpr V128 I32x4MinU(V128 a, V128 b) { return op::map2<uint32_t>(a, b, op::min); }
constexpr V128 I32x4MaxS(V128 a, V128 b) { return op::map2<int32_t>(a, b, op::max); }
constexpr V128 I32x4MaxU(V128 a, V128 b) { return op::map2<uint32_t>(a, b, op::max); }
constexpr V128 I32x4ExtaddPairwiseI16x8S(V128 a) { return op::extadd_pairwise<int32_t>(a); }
constexpr V128 I32x4ExtaddPairwiseI16x8U(V128 a) { return op::extadd_pairwise<uint32_t>(a); }
constexpr V128 I32x4ExtendLowI16x8S(V128 a) { return op::extend<int32_t, false>(a); }
constexpr V128 I32x4ExtendHighI16x8S(V128 a) { return op::extend<int32_t, true>(a); }
constexpr V128 I32x4ExtendLowI16x8U(V128 a) { return op::extend<uint32_t, false>(a); }
constexpr V128 I32x4ExtendHighI16x8U(V128 a) { return op::extend<uint32_t, true>(a); }
constexpr V128 I32x4ExtmulLowI16x8S(V128 a, V128 b) { return op::extmul<int32_t, false>(a, b); }
constexpr V128 I32x4ExtmulHighI16x8S(V128 a, V128 b) { return op::extmul<int32_t, true>(a, b); }
constexpr V128 I32x4ExtmulLowI16x8U(V128 a, V128 b) { return op::extmul<uint32_t, false>(a, b); }
constexpr V128 I32x4ExtmulHighI16x8U(V128 a, V128 b) { return op::extmul<uint32_t, true>(a, b); }
constexpr V128 I32x4DotI16x8S(V128 a, V128 b) { return op::dot<int32_t>(a, b); }

// i64x2
constexpr V128 I64x2Eq(V128 a, V128 b) { return op::compare<uint64_t>(a, b, op::eq); }
constexpr V128 I64x2Ne(V128 a, V128 b) { return op::compare<uint64_t>(a, b, op::ne); }
constexpr V128 I64x2LtS(V128 a, V128 b) { return op::compare<int64_t>(a, b, op::lt); }
constexpr V128 I64x2GtS(V128 a, V128 b) { return op::compare<int64_t>(a, b, op::gt); }
constexpr V128 I64x2LeS(V128 a, V128 b) { return op::compare<int64_t>(a, b, op::le); }
constexpr V128 I64x2GeS(V128 a, V128 b) { return op::compare<int64_t>(a, b, op::ge); }
constexpr V128 I64x2Abs(V128 a) { return op::map1<uint64_t>(a, op::iabs); }
constexpr V128 I64x2Neg(V128 a) { return op::map1<uint64_t>(a, op::negate); }
constexpr uint32_t I64x2AllTrue(V128 a) { return op::all_true<uint64_t>(a); }
constexpr uint32_t I64x2Bitmask(V128 a) { return op::bitmask<uint64_t>(a); }
constexpr V128 I64x2Shl(V128 a, uint32_t n) {
  return op::map1<uint64_t>(a, [n](uint64_t x) { return op::shl(x, n); });
}
constexpr V128 I64x2ShrS(V128 a, uint32_t n) {
  return op::map1<uint64_t>(a, [n](uint64_t x) { return op::shr_s(x, n); });
}
constexpr V128 I64x2ShrU(V128 a, uint32_t n) {
  return op::map1<uint64_t>(a, [n](uint64_t x) { return op::shr_u(x, n); });
}
constexpr V128 I64x2Add(V128 a, V128 b) { return op::map2<uint64_t>(a, b, op::add); }
constexpr V128 I64x2Sub(V128 a, V128 b) { return op::map2<uint64_t>(a, b, op::sub); }
constexpr V128 I64x2Mul(V128 a, V128 b) { return op::map2<uint64_t>(a, b, op::mul); }
constexpr V128 I64x2ExtendLowI32x4S(V128 a) { return op::extend<int64_t, false>(a); }
constexpr V128 I64x2ExtendHighI32x4S(V128 a) { return op::extend<int64_t, true>(a); }
constexpr V128 I64x2ExtendLowI32x4U(V128 a) { return op::extend<uint64_t, false>(a); }
constexpr V128 I64x2ExtendHighI32x4U(V128 a) { return op::extend<uint64_t, true>(a); }
constexpr V128 I64x2ExtmulLowI32x4S(V128 a, V128 b) { return op::extmul<int64_t, false>(a, b); }
constexpr V128 I64x2ExtmulHighI32x4S(V128 a, V128 b) { return op::extmul<int64_t, true>(a, b); }
constexpr V128 I64x2ExtmulLowI32x4U(V128 a, V128 b) { return op::extmul<uint64_t, false>(a, b); }
constexpr V128 I64x2ExtmulHighI32x4U(V128 a, V128 b) { return op::extmul<uint64_t, true>(a, b); }

// f32x4
constexpr V128 F32x4Eq(V128 a, V128 b) { return op::compare<float>(a, b, op::eq); }
constexpr V128 F32x4Ne(V128 a, V128 b) { return op::compare<float>(a, b, op::ne); }
constexpr V128 F32x4Lt(V128 a, V128 b) { return op::compare<float>(a, b, op::lt); }
constexpr V128 F32x4Gt(V128 a, V128 b) { return op::compare<float>(a, b, op::gt); }
constexpr V128 F32x4Le(V128 a, V128 b) { return op::compare<float>(a, b, op::le); }
constexpr V128 F32x4Ge(V128 a, V128 b) { return op::compare<float>(a, b, op::ge); }
constexpr V128 F32x4Abs(V128 a) { return op::map1<float>(a, op::abs); }
constexpr V128 F32x4Neg(V128 a) { return op::map1<float>(a, op::neg); }
constexpr V128 F32x4Ceil(V128 a) { return op::map1<float>(a, op::ceil); }
constexpr V128 F32x4Floor(V128 a) { return op::map1<float>(a, op::floor); }
constexpr V128 F32x4Trunc(V128 a) { return op::map1<float>(a, op::trunc); }
constexpr V128 F32x4Nearest(V128 a) { return op::map1<float>(a, op::nearest); }
inline V128 F32x4Sqrt(V128 a) { return op::map1<float>(a, op::sqrt); }
constexpr V128 F32x4Add(V128 a, V128 b) { return op::map2<float>(a, b, op::add); }
constexpr V128 F32x4Sub(V128 a, V128 b) { return op::map2<float>(a, b, op::sub); }
constexpr V128 F32x4Mul(V128 a, V128 b) { return op::map2<float>(a, b, op::mul); }
constexpr V128 F32x4Div(V128 a, V128 b) { return op::map2<float>(a, b, op::div); }
constexpr V128 F32x4Min(V128 a, V128 b) { return op::map2<float>(a, b, op::fmin); }
constexpr V128 F32x4Max(V128 a, V128 b) { return op::map2<float>(a, b, op::fmax); }
constexpr V128 F32x4Pmin(V128 a, V128 b) { return op::map2<float>(a, b, op::min); }
constexpr V128 F32x4Pmax(V128 a, V128 b) { return op::map2<float>(a, b, op::max); }

// f64x2
constexpr V128 F64x2Eq(V128 a, V128 b) { return op::compare<double>(a, b, op::eq); }
constexpr V128 F64x2Ne(V128 a, V128 b) { return op::compare<double>(a, b, op::ne); }
constexpr V128 F64x2Lt(V128 a, V128 b) { return op::compare<double>(a, b, op::lt); }
constexpr V128 F64x2Gt(V128 a, V128 b) { return op::compare<double>(a, b, op::gt); }
constexpr V128 F64x2Le(V128 a, V128 b) { return op::compare<double>(a, b, op::le); }
constexpr V128 F64x2Ge(V128 a, V128 b) { return op::compare<double>(a, b, op::ge); }
constexpr V128 F64x2Abs(V128 a) { return op::map1<double>(a, op::abs); }
constexpr V128 F64x2Neg(V128 a) { return op::map1<double>(a, op::neg); }
constexpr V128 F64x2Ceil(V128 a) { return op::map1<double>(a, op::ceil); }
constexpr V128 F64x2Floor(V128 a) { return op::map1<double>(a, op::floor); }
constexpr V128 F64x2Trunc(V128 a) { return op::map1<double>(a, op::trunc); }
constexpr V128 F64x2Nearest(V128 a) { return op::map1<double>(a, op::nearest); }
inline V128 F64x2Sqrt(V128 a) { return op::map1<double>(a, op::sqrt); }
constexpr V128 F64x2Add(V128 a, V128 b) { return op::map2<double>(a, b, op::add); }
constexpr V128 F64x2Sub(V128 a, V128 b) { return op::map2<double>(a, b, op::sub); }
constexpr V128 F64x2Mul(V128 a, V128 b) { return op::map2<double>(a, b, op::mul); }
constexpr V128 F64x2Div(V128 a, V128 b) { return op::map2<double>(a, b, op::div); }
constexpr V128 F64x2Min(V128 a, V128 b) { return op::map2<double>(a, b, op::fmin); }
constexpr V128 F64x2Max(V128 a, V128 b) { return op::map2<double>(a, b, op::fmax); }
constexpr V128 F64x2Pmin(V128 a, V128 b) { return op::map2<double>(a, b, op::min); }
constexpr V128 F64x2Pmax(V128 a, V128 b) { return op::map2<double>(a, b, op::max); }

// Conversions.
constexpr V128 F32x4DemoteF64x2Zero(V128 a) {
  const auto x = a.lanes<double>();
  return V128::of<float>({F32DemoteF64(x[0]), F32DemoteF64(x[1]), 0, 0});
}
constexpr V128 F64x2PromoteLowF32x4(V128 a) { return op::convert_low<double, float>(a); }
constexpr V128 I32x4TruncSatF32x4S(V128 a) {
  return op::map1<float, uint32_t>(a, [](float x) { return op::trunc_sat_to<int32_t>(x); });
}
constexpr V128 I32x4TruncSatF32x4U(V128 a) {
  return op::map1<float, uint32_t>(a, [](float x) { return op::trunc_sat_to<uint32_t>(x); });
}
constexpr V128 F32x4ConvertI32x4S(V128 a) { return op::map1<int32_t, float>(a, [](auto x) { return x; }); }
constexpr V128 F32x4ConvertI32x4U(V128 a) { return op::map1<uint32_t, float>(a, [](auto x) { return x; }); }
constexpr V128 I32x4TruncSatF64x2SZero(V128 a) { return op::trunc_sat_zero<int32_t>(a); }
constexpr V128 I32x4TruncSatF64x2UZero(V128 a) { return op::trunc_sat_zero<uint32_t>(a); }
constexpr V128 F64x2ConvertLowI32x4S(V128 a) { return op::convert_low<double, int32_t>(a); }
constexpr V128 F64x2ConvertLowI32x4U(V128 a) { return op::convert_low<double, uint32_t>(a); }

// Relaxed operations.
constexpr V128 I8x16RelaxedSwizzle(V128 a, V128 b) { return I8x16Swizzle(a, b); }
constexpr V128 I32x4RelaxedTruncF32x4S(V128 a) { return I32x4TruncSatF32x4S(a); }
constexpr V128 I32x4RelaxedTruncF32x4U(V128 a) { return I32x4TruncSatF32x4U(a); }
constexpr V128 I32x4RelaxedTruncF64x2SZero(V128 a) { return I32x4TruncSatF64x2SZero(a); }
constexpr V128 I32x4RelaxedTruncF64x2UZero(V128 a) { return I32x4TruncSatF64x2UZero(a); }
constexpr V128 F32x4RelaxedMadd(V128 a, V128 b, V128 c) { return F32x4Add(F32x4Mul(a, b), c); }
constexpr V128 F32x4RelaxedNmadd(V128 a, V128 b, V128 c) { return F32x4Add(F32x4Mul(F32x4Neg(a), b), c); }
constexpr V128 F64x2RelaxedMadd(V128 a, V128 b, V128 c) { return F64x2Add(F64x2Mul(a, b), c); }
constexpr V128 F64x2RelaxedNmadd(V128 a, V128 b, V128 c) { return F64x2Add(F64x2Mul(F64x2Neg(a), b), c); }
constexpr V128 I8x16RelaxedLaneselect(V128 a, V128 b, V128 c) { return V128Bitselect(a, b, c); }
constexpr V128 I16x8RelaxedLaneselect(V128 a, V128 b, V128 c) { return V128Bitselect(a, b, c); }
constexpr V128 I32x4RelaxedLaneselect(V128 a, V128 b, V128 c) { return V128Bitselect(a, b, c); }
constexpr V128 I64x2RelaxedLaneselect(V128 a, V128 b, V128 c) { return V128Bitselect(a, b, c); }
constexpr V128 F32x4RelaxedMin(V128 a, V128 b) { return F32x4Min(a, b); }
constexpr V128 F32x4RelaxedMax(V128 a, V128 b) { return F32x4Max(a, b); }
constexpr V128 F64x2RelaxedMin(V128 a, V128 b) { return F64x2Min(a, b); }
constexpr V128 F64x2RelaxedMax(V128 a, V128 b) { return F64x2Max(a, b); }
constexpr V128 I16x8RelaxedQ15mulrS(V128 a, V128 b) { return I16x8Q15mulrSatS(a, b); }
constexpr V128 I16x8RelaxedDotI8x16I7x16S(V128 a, V128 b) { return op::dot<int16_t>(a, b); }
constexpr V128 I32x4RelaxedDotI8x16I7x16AddS(V128 a, V128 b, V128 c) {
  return I32x4Add(I32x4ExtaddPairwiseI16x8S(I16x8RelaxedDotI8x16I7x16S(a, b)), c);
}

#undef SKIFF_LANES

}  // namespace skiff::num
