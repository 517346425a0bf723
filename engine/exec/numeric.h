// Scalar semantics: one small pure function per scalar opcode of opcodes.def, named as its Op, in
// namespace num. Interpreter, stencils, constant expressions and the fuzz oracle all call these and
// nothing else; simd.h has the vector ones, semantics.cc checks both against the table at compile time.
//
// Conventions. wasm i32 = uint32_t, i64 = uint64_t, f32 = float, f64 = double, v128 = V128; operations
// on signed integers cast inside; tests and comparisons return uint32_t. Operations that may trap return
// TrapCode and write their result only when it is None. A load maps the raw value in memory to the
// operand, a store the other way round; an atomic read-modify-write maps (old raw value, operands) to
// the new raw value, the instruction's result being the old value zero-extended (zero_extended()).
//
// Floating point (Spec: exec-numeric, NaN propagation): abs, neg, copysign and reinterpret work on bits
// and keep signalling NaNs. Everything else returns quiet NaNs, canonical ones for canonical operands.
// The build turns off contraction of a*b+c (-ffp-contract=off), which these functions rely on.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "engine/exec/trap.h"
#include "engine/exec/value.h"

namespace skiff::num {

/// Result of the 128-bit operations. Spec: wide-arithmetic.
struct WidePair {
  uint64_t lo;
  uint64_t hi;
};

// Generic operators: what scalar functions and lanes of vectors share. Integers are of unsigned types
// unless the name says otherwise. The factor 1u keeps products of promoted types out of (signed) int.
namespace op {

inline constexpr auto add = [](auto a, auto b) { return static_cast<decltype(a)>(a + b); };
inline constexpr auto sub = [](auto a, auto b) { return static_cast<decltype(a)>(a - b); };
inline constexpr auto mul = [](auto a, auto b) {
  if constexpr (std::is_floating_point_v<decltype(a)>) return a * b;
  else return static_cast<decltype(a)>(1u * a * b);
};
inline constexpr auto div = [](auto a, auto b) { return a / b; };  // floating point only
inline constexpr auto bit_and = [](auto a, auto b) { return static_cast<decltype(a)>(a & b); };
inline constexpr auto bit_or = [](auto a, auto b) { return static_cast<decltype(a)>(a | b); };
inline constexpr auto bit_xor = [](auto a, auto b) { return static_cast<decltype(a)>(a ^ b); };
inline constexpr auto eq = [](auto a, auto b) { return a == b; };
inline constexpr auto ne = [](auto a, auto b) { return a != b; };
inline constexpr auto lt = [](auto a, auto b) { return a < b; };
inline constexpr auto gt = [](auto a, auto b) { return a > b; };
inline constexpr auto le = [](auto a, auto b) { return a <= b; };
inline constexpr auto ge = [](auto a, auto b) { return a >= b; };

/// Shifts take their count modulo the width of the type.
template <class T>
constexpr T shl(T a, uint64_t n) {
  return static_cast<T>(1u * a << (n % (8 * sizeof(T))));
}
template <class T>
constexpr T shr_u(T a, uint64_t n) {
  return static_cast<T>(a >> (n % (8 * sizeof(T))));
}
template <class T>
constexpr T shr_s(T a, uint64_t n) {
  return static_cast<T>(static_cast<std::make_signed_t<T>>(a) >> (n % (8 * sizeof(T))));
}

// Floating point.

template <class F>
using Bits = std::conditional_t<sizeof(F) == 4, uint32_t, uint64_t>;
template <class F>
inline constexpr Bits<F> kSignBit = Bits<F>{1} << (8 * sizeof(F) - 1);
template <class F>
inline constexpr Bits<F> kQuietBit = Bits<F>{1} << (std::numeric_limits<F>::digits - 2);

template <class F>
constexpr Bits<F> bits(F x) {
  return std::bit_cast<Bits<F>>(x);
}
template <class F>
constexpr F from_bits(Bits<F> b) {
  return std::bit_cast<F>(b);
}
template <class F>
constexpr bool is_nan(F x) {
  return x != x;
}
/// The quiet NaN with the payload of a NaN. An operation on bits: x + x may be folded or reordered.
template <class F>
constexpr F quiet(F nan) {
  return from_bits<F>(bits(nan) | kQuietBit<F>);
}

inline constexpr auto abs = []<class F>(F x) { return from_bits<F>(bits(x) & ~kSignBit<F>); };
inline constexpr auto neg = []<class F>(F x) { return from_bits<F>(bits(x) ^ kSignBit<F>); };
inline constexpr auto copysign = []<class F>(F x, F sign) {
  return from_bits<F>((bits(x) & ~kSignBit<F>) | (bits(sign) & kSignBit<F>));
};
inline constexpr auto sqrt = []<class F>(F x) {
  if constexpr (sizeof(F) == 4) return __builtin_sqrtf(x);
  else return __builtin_sqrt(x);
};

/// Spec: op-fmin, op-fmax. Equal operands differ at most in the sign of zero.
inline constexpr auto fmin = []<class F>(F a, F b) {
  const F ordered = a == b ? from_bits<F>(bits(a) | bits(b)) : a < b ? a : b;
  return is_nan(a) || is_nan(b) ? a + b : ordered;
};
inline constexpr auto fmax = []<class F>(F a, F b) {
  const F ordered = a == b ? from_bits<F>(bits(a) & bits(b)) : a > b ? a : b;
  return is_nan(a) || is_nan(b) ? a + b : ordered;
};

// Rounding to integral values without library calls (which stencils could not make, and which return
// signalling NaNs unchanged on some hosts): adding and subtracting 2^(digits-1) rounds |x| half to even.
// From that magnitude on every value is integral already.
template <class F, class Adjust>
constexpr F round_with(F x, Adjust adjust) {
  constexpr F limit = 1 / std::numeric_limits<F>::epsilon();
  const F magnitude = abs(x);
  const F even = copysign((magnitude + limit) - limit, x);
  const F rounded = copysign(adjust(even, x), x);
  return magnitude < limit ? rounded : is_nan(x) ? quiet(x) : x;
}
inline constexpr auto nearest = []<class F>(F x) {
  return round_with(x, [](F even, F) { return even; });
};
inline constexpr auto ceil = []<class F>(F x) {
  return round_with(x, [](F even, F exact) { return even < exact ? even + 1 : even; });
};
inline constexpr auto floor = []<class F>(F x) {
  return round_with(x, [](F even, F exact) { return even > exact ? even - 1 : even; });
};
inline constexpr auto trunc = []<class F>(F x) {
  return round_with(x, [](F even, F exact) {
    const F magnitude = abs(even);
    return magnitude > abs(exact) ? magnitude - 1 : magnitude;
  });
};

/// True when x truncated is a value of the integer type I. False for NaN.
template <class I, class F>
constexpr bool truncates_into(F x) {
  using L = std::numeric_limits<I>;
  constexpr F above = static_cast<F>(L::max() / 2 + 1) * 2;  // max + 1, exactly
  if constexpr (!L::is_signed) return x > F{-1} && x < above;
  else if constexpr (L::digits < std::numeric_limits<F>::digits) return x > -above - 1 && x < above;
  else return x >= -above && x < above;
}
/// Spec: op-trunc.   Traps: InvalidConversion, IntegerOverflow
template <class I, class F>
constexpr TrapCode trunc_to(F x, std::make_unsigned_t<I>& out) {
  if (truncates_into<I>(x)) [[likely]] {
    out = static_cast<std::make_unsigned_t<I>>(static_cast<I>(x));
    return TrapCode::None;
  }
  return is_nan(x) ? TrapCode::InvalidConversion : TrapCode::IntegerOverflow;
}
/// Spec: op-trunc_sat.
template <class I, class F>
constexpr std::make_unsigned_t<I> trunc_sat_to(F x) {
  using L = std::numeric_limits<I>;
  const I saturated = is_nan(x) ? I{0} : x < 0 ? L::min() : L::max();
  return static_cast<std::make_unsigned_t<I>>(truncates_into<I>(x) ? static_cast<I>(x) : saturated);
}

// Integer division. I is signed or unsigned and decides the operation.

/// Spec: op-idiv.   Traps: IntegerDivideByZero, IntegerOverflow
template <class I, class U = std::make_unsigned_t<I>>
constexpr TrapCode divide(U a, U b, U& out) {
  if (b == 0) [[unlikely]] return TrapCode::IntegerDivideByZero;
  if constexpr (std::is_signed_v<I>)
    if (static_cast<I>(a) == std::numeric_limits<I>::min() && static_cast<I>(b) == -1) [[unlikely]]
      return TrapCode::IntegerOverflow;
  out = static_cast<U>(static_cast<I>(a) / static_cast<I>(b));
  return TrapCode::None;
}
/// Spec: op-irem.   Traps: IntegerDivideByZero
template <class I, class U = std::make_unsigned_t<I>>
constexpr TrapCode remainder(U a, U b, U& out) {
  if (b == 0) [[unlikely]] return TrapCode::IntegerDivideByZero;
  // The processor's division would fault on min % -1.
  const bool minus_one = std::is_signed_v<I> && static_cast<I>(b) == I(-1);
  out = minus_one ? 0 : static_cast<U>(static_cast<I>(a) % static_cast<I>(b));
  return TrapCode::None;
}

/// Sign extension of the low bits: the value of v as a Narrow, in the type of v.
template <class Narrow, class T>
constexpr T extend_s(T v) {
  return static_cast<T>(static_cast<std::make_signed_t<T>>(static_cast<Narrow>(v)));
}

}  // namespace op

// i32: tests and comparisons. Spec: op-ieqz, op-irelop.
constexpr uint32_t I32Eqz(uint32_t a) { return a == 0; }
constexpr uint32_t I32Eq(uint32_t a, uint32_t b) { return a == b; }
constexpr uint32_t I32Ne(uint32_t a, uint32_t b) { return a != b; }
constexpr uint32_t I32LtS(uint32_t a, uint32_t b) {
  return static_cast<int32_t>(a) < static_cast<int32_t>(b);
}
constexpr uint32_t I32LtU(uint32_t a, uint32_t b) { return a < b; }
constexpr uint32_t I32GtS(uint32_t a, uint32_t b) {
  return static_cast<int32_t>(a) > static_cast<int32_t>(b);
}
constexpr uint32_t I32GtU(uint32_t a, uint32_t b) { return a > b; }
constexpr uint32_t I32LeS(uint32_t a, uint32_t b) {
  return static_cast<int32_t>(a) <= static_cast<int32_t>(b);
}
constexpr uint32_t I32LeU(uint32_t a, uint32_t b) { return a <= b; }
constexpr uint32_t I32GeS(uint32_t a, uint32_t b) {
  return static_cast<int32_t>(a) >= static_cast<int32_t>(b);
}
constexpr uint32_t I32GeU(uint32_t a, uint32_t b) { return a >= b; }

// i64: tests and comparisons. Spec: op-ieqz, op-irelop.
constexpr uint32_t I64Eqz(uint64_t a) { return a == 0; }
constexpr uint32_t I64Eq(uint64_t a, uint64_t b) { return a == b; }
constexpr uint32_t I64Ne(uint64_t a, uint64_t b) { return a != b; }
constexpr uint32_t I64LtS(uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) < static_cast<int64_t>(b);
}
constexpr uint32_t I64LtU(uint64_t a, uint64_t b) { return a < b; }
constexpr uint32_t I64GtS(uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) > static_cast<int64_t>(b);
}
constexpr uint32_t I64GtU(uint64_t a, uint64_t b) { return a > b; }
constexpr uint32_t I64LeS(uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) <= static_cast<int64_t>(b);
}
constexpr uint32_t I64LeU(uint64_t a, uint64_t b) { return a <= b; }
constexpr uint32_t I64GeS(uint64_t a, uint64_t b) {
  return static_cast<int64_t>(a) >= static_cast<int64_t>(b);
}
constexpr uint32_t I64GeU(uint64_t a, uint64_t b) { return a >= b; }

// f32: comparisons. Spec: op-frelop.
constexpr uint32_t F32Eq(float a, float b) { return a == b; }
constexpr uint32_t F32Ne(float a, float b) { return a != b; }
constexpr uint32_t F32Lt(float a, float b) { return a < b; }
constexpr uint32_t F32Gt(float a, float b) { return a > b; }
constexpr uint32_t F32Le(float a, float b) { return a <= b; }
constexpr uint32_t F32Ge(float a, float b) { return a >= b; }

// f64: comparisons. Spec: op-frelop.
constexpr uint32_t F64Eq(double a, double b) { return a == b; }
constexpr uint32_t F64Ne(double a, double b) { return a != b; }
constexpr uint32_t F64Lt(double a, double b) { return a < b; }
constexpr uint32_t F64Gt(double a, double b) { return a > b; }
constexpr uint32_t F64Le(double a, double b) { return a <= b; }
constexpr uint32_t F64Ge(double a, double b) { return a >= b; }

// i32: arithmetic.
constexpr uint32_t I32Clz(uint32_t a) { return static_cast<uint32_t>(std::countl_zero(a)); }
constexpr uint32_t I32Ctz(uint32_t a) { return static_cast<uint32_t>(std::countr_zero(a)); }
constexpr uint32_t I32Popcnt(uint32_t a) { return static_cast<uint32_t>(std::popcount(a)); }
constexpr uint32_t I32Add(uint32_t a, uint32_t b) { return a + b; }
constexpr uint32_t I32Sub(uint32_t a, uint32_t b) { return a - b; }
constexpr uint32_t I32Mul(uint32_t a, uint32_t b) { return a * b; }
constexpr TrapCode I32DivS(uint32_t a, uint32_t b, uint32_t& out) { return op::divide<int32_t>(a, b, out); }
constexpr TrapCode I32DivU(uint32_t a, uint32_t b, uint32_t& out) { return op::divide<uint32_t>(a, b, out); }
constexpr TrapCode I32RemS(uint32_t a, uint32_t b, uint32_t& out) {
  return op::remainder<int32_t>(a, b, out);
}
constexpr TrapCode I32RemU(uint32_t a, uint32_t b, uint32_t& out) {
  return op::remainder<uint32_t>(a, b, out);
}
constexpr uint32_t I32And(uint32_t a, uint32_t b) { return a & b; }
constexpr uint32_t I32Or(uint32_t a, uint32_t b) { return a | b; }
constexpr uint32_t I32Xor(uint32_t a, uint32_t b) { return a ^ b; }
constexpr uint32_t I32Shl(uint32_t a, uint32_t n) { return op::shl(a, n); }
constexpr uint32_t I32ShrS(uint32_t a, uint32_t n) { return op::shr_s(a, n); }
constexpr uint32_t I32ShrU(uint32_t a, uint32_t n) { return op::shr_u(a, n); }
constexpr uint32_t I32Rotl(uint32_t a, uint32_t n) { return std::rotl(a, static_cast<int>(n % 32)); }
constexpr uint32_t I32Rotr(uint32_t a, uint32_t n) { return std::rotr(a, static_cast<int>(n % 32)); }

// i64: arithmetic.
constexpr uint64_t I64Clz(uint64_t a) { return static_cast<uint64_t>(std::countl_zero(a)); }
constexpr uint64_t I64Ctz(uint64_t a) { return static_cast<uint64_t>(std::countr_zero(a)); }
constexpr uint64_t I64Popcnt(uint64_t a) { return static_cast<uint64_t>(std::popcount(a)); }
constexpr uint64_t I64Add(uint64_t a, uint64_t b) { return a + b; }
constexpr uint64_t I64Sub(uint64_t a, uint64_t b) { return a - b; }
constexpr uint64_t I64Mul(uint64_t a, uint64_t b) { return a * b; }
constexpr TrapCode I64DivS(uint64_t a, uint64_t b, uint64_t& out) { return op::divide<int64_t>(a, b, out); }
constexpr TrapCode I64DivU(uint64_t a, uint64_t b, uint64_t& out) { return op::divide<uint64_t>(a, b, out); }
constexpr TrapCode I64RemS(uint64_t a, uint64_t b, uint64_t& out) {
  return op::remainder<int64_t>(a, b, out);
}
constexpr TrapCode I64RemU(uint64_t a, uint64_t b, uint64_t& out) {
  return op::remainder<uint64_t>(a, b, out);
}
constexpr uint64_t I64And(uint64_t a, uint64_t b) { return a & b; }
constexpr uint64_t I64Or(uint64_t a, uint64_t b) { return a | b; }
constexpr uint64_t I64Xor(uint64_t a, uint64_t b) { return a ^ b; }
constexpr uint64_t I64Shl(uint64_t a, uint64_t n) { return op::shl(a, n); }
constexpr uint64_t I64ShrS(uint64_t a, uint64_t n) { return op::shr_s(a, n); }
constexpr uint64_t I64ShrU(uint64_t a, uint64_t n) { return op::shr_u(a, n); }
constexpr uint64_t I64Rotl(uint64_t a, uint64_t n) { return std::rotl(a, static_cast<int>(n % 64)); }
constexpr uint64_t I64Rotr(uint64_t a, uint64_t n) { return std::rotr(a, static_cast<int>(n % 64)); }

// f32: arithmetic.
constexpr float F32Abs(float a) { return op::abs(a); }
constexpr float F32Neg(float a) { return op::neg(a); }
constexpr float F32Ceil(float a) { return op::ceil(a); }
constexpr float F32Floor(float a) { return op::floor(a); }
constexpr float F32Trunc(float a) { return op::trunc(a); }
constexpr float F32Nearest(float a) { return op::nearest(a); }
inline float F32Sqrt(float a) { return op::sqrt(a); }
constexpr float F32Add(float a, float b) { return a + b; }
constexpr float F32Sub(float a, float b) { return a - b; }
constexpr float F32Mul(float a, float b) { return a * b; }
constexpr float F32Div(float a, float b) { return a / b; }
constexpr float F32Min(float a, float b) { return op::fmin(a, b); }
constexpr float F32Max(float a, float b) { return op::fmax(a, b); }
constexpr float F32Copysign(float a, float b) { return op::copysign(a, b); }

// f64: arithmetic.
constexpr double F64Abs(double a) { return op::abs(a); }
constexpr double F64Neg(double a) { return op::neg(a); }
constexpr double F64Ceil(double a) { return op::ceil(a); }
constexpr double F64Floor(double a) { return op::floor(a); }
constexpr double F64Trunc(double a) { return op::trunc(a); }
constexpr double F64Nearest(double a) { return op::nearest(a); }
inline double F64Sqrt(double a) { return op::sqrt(a); }
constexpr double F64Add(double a, double b) { return a + b; }
constexpr double F64Sub(double a, double b) { return a - b; }
constexpr double F64Mul(double a, double b) { return a * b; }
constexpr double F64Div(double a, double b) { return a / b; }
constexpr double F64Min(double a, double b) { return op::fmin(a, b); }
constexpr double F64Max(double a, double b) { return op::fmax(a, b); }
constexpr double F64Copysign(double a, double b) { return op::copysign(a, b); }

// Conversions. Spec: op-wrap, op-extend, op-trunc, op-trunc_sat, op-convert, op-promote, op-demote,
// op-reinterpret. C++ conversions from integers and between formats round to nearest, ties to even.
constexpr uint32_t I32WrapI64(uint64_t a) { return static_cast<uint32_t>(a); }
constexpr TrapCode I32TruncF32S(float a, uint32_t& out) { return op::trunc_to<int32_t>(a, out); }
constexpr TrapCode I32TruncF32U(float a, uint32_t& out) { return op::trunc_to<uint32_t>(a, out); }
constexpr TrapCode I32TruncF64S(double a, uint32_t& out) { return op::trunc_to<int32_t>(a, out); }
constexpr TrapCode I32TruncF64U(double a, uint32_t& out) { return op::trunc_to<uint32_t>(a, out); }
constexpr uint64_t I64ExtendI32S(uint32_t a) { return op::extend_s<int32_t>(uint64_t{a}); }
constexpr uint64_t I64ExtendI32U(uint32_t a) { return a; }
constexpr TrapCode I64TruncF32S(float a, uint64_t& out) { return op::trunc_to<int64_t>(a, out); }
constexpr TrapCode I64TruncF32U(float a, uint64_t& out) { return op::trunc_to<uint64_t>(a, out); }
constexpr TrapCode I64TruncF64S(double a, uint64_t& out) { return op::trunc_to<int64_t>(a, out); }
constexpr TrapCode I64TruncF64U(double a, uint64_t& out) { return op::trunc_to<uint64_t>(a, out); }
constexpr float F32ConvertI32S(uint32_t a) { return static_cast<float>(static_cast<int32_t>(a)); }
constexpr float F32ConvertI32U(uint32_t a) { return static_cast<float>(a); }
constexpr float F32ConvertI64S(uint64_t a) { return static_cast<float>(static_cast<int64_t>(a)); }
constexpr float F32ConvertI64U(uint64_t a) { return static_cast<float>(a); }
constexpr float F32DemoteF64(double a) { return static_cast<float>(a); }
constexpr double F64ConvertI32S(uint32_t a) { return static_cast<double>(static_cast<int32_t>(a)); }
constexpr double F64ConvertI32U(uint32_t a) { return static_cast<double>(a); }
constexpr double F64ConvertI64S(uint64_t a) { return static_cast<double>(static_cast<int64_t>(a)); }
constexpr double F64ConvertI64U(uint64_t a) { return static_cast<double>(a); }
constexpr double F64PromoteF32(float a) { return a; }
constexpr uint32_t I32ReinterpretF32(float a) { return op::bits(a); }
constexpr uint64_t I64ReinterpretF64(double a) { return op::bits(a); }
constexpr float F32ReinterpretI32(uint32_t a) { return op::from_bits<float>(a); }
constexpr double F64ReinterpretI64(uint64_t a) { return op::from_bits<double>(a); }
constexpr uint32_t I32Extend8S(uint32_t a) { return op::extend_s<int8_t>(a); }
constexpr uint32_t I32Extend16S(uint32_t a) { return op::extend_s<int16_t>(a); }
constexpr uint64_t I64Extend8S(uint64_t a) { return op::extend_s<int8_t>(a); }
constexpr uint64_t I64Extend16S(uint64_t a) { return op::extend_s<int16_t>(a); }
constexpr uint64_t I64Extend32S(uint64_t a) { return op::extend_s<int32_t>(a); }
constexpr uint32_t I32TruncSatF32S(float a) { return op::trunc_sat_to<int32_t>(a); }
constexpr uint32_t I32TruncSatF32U(float a) { return op::trunc_sat_to<uint32_t>(a); }
constexpr uint32_t I32TruncSatF64S(double a) { return op::trunc_sat_to<int32_t>(a); }
constexpr uint32_t I32TruncSatF64U(double a) { return op::trunc_sat_to<uint32_t>(a); }
constexpr uint64_t I64TruncSatF32S(float a) { return op::trunc_sat_to<int64_t>(a); }
constexpr uint64_t I64TruncSatF32U(float a) { return op::trunc_sat_to<uint64_t>(a); }
constexpr uint64_t I64TruncSatF64S(double a) { return op::trunc_sat_to<int64_t>(a); }
constexpr uint64_t I64TruncSatF64U(double a) { return op::trunc_sat_to<uint64_t>(a); }

// 128-bit arithmetic on pairs (low, high). Spec: wide-arithmetic.
namespace op {
using U128 = unsigned __int128;
constexpr U128 join(uint64_t lo, uint64_t hi) { return U128{hi} << 64 | lo; }
constexpr WidePair split(U128 v) { return {static_cast<uint64_t>(v), static_cast<uint64_t>(v >> 64)}; }
}  // namespace op
constexpr WidePair I64Add128(uint64_t a_lo, uint64_t a_hi, uint64_t b_lo, uint64_t b_hi) {
  return op::split(op::join(a_lo, a_hi) + op::join(b_lo, b_hi));
}
constexpr WidePair I64Sub128(uint64_t a_lo, uint64_t a_hi, uint64_t b_lo, uint64_t b_hi) {
  return op::split(op::join(a_lo, a_hi) - op::join(b_lo, b_hi));
}
constexpr WidePair I64MulWideS(uint64_t a, uint64_t b) {
  const auto product = static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(b);
  return op::split(static_cast<op::U128>(product));
}
constexpr WidePair I64MulWideU(uint64_t a, uint64_t b) { return op::split(op::U128{a} * b); }

// Loads: raw value in memory to operand.
constexpr uint32_t I32Load(uint32_t m) { return m; }
constexpr uint64_t I64Load(uint64_t m) { return m; }
constexpr float F32Load(float m) { return m; }
constexpr double F64Load(double m) { return m; }
constexpr uint32_t I32Load8S(int8_t m) { return static_cast<uint32_t>(int32_t{m}); }
constexpr uint32_t I32Load8U(uint8_t m) { return m; }
constexpr uint32_t I32Load16S(int16_t m) { return static_cast<uint32_t>(int32_t{m}); }
constexpr uint32_t I32Load16U(uint16_t m) { return m; }
constexpr uint64_t I64Load8S(int8_t m) { return static_cast<uint64_t>(int64_t{m}); }
constexpr uint64_t I64Load8U(uint8_t m) { return m; }
constexpr uint64_t I64Load16S(int16_t m) { return static_cast<uint64_t>(int64_t{m}); }
constexpr uint64_t I64Load16U(uint16_t m) { return m; }
constexpr uint64_t I64Load32S(int32_t m) { return static_cast<uint64_t>(int64_t{m}); }
constexpr uint64_t I64Load32U(uint32_t m) { return m; }

// Stores: operand to raw value in memory.
constexpr uint32_t I32Store(uint32_t v) { return v; }
constexpr uint64_t I64Store(uint64_t v) { return v; }
constexpr float F32Store(float v) { return v; }
constexpr double F64Store(double v) { return v; }
constexpr uint8_t I32Store8(uint32_t v) { return static_cast<uint8_t>(v); }
constexpr uint16_t I32Store16(uint32_t v) { return static_cast<uint16_t>(v); }
constexpr uint8_t I64Store8(uint64_t v) { return static_cast<uint8_t>(v); }
constexpr uint16_t I64Store16(uint64_t v) { return static_cast<uint16_t>(v); }
constexpr uint32_t I64Store32(uint64_t v) { return static_cast<uint32_t>(v); }

// Atomic accesses. Spec: threads. Narrow compare-and-exchange compares the expected value wrapped to
// the width of the access.

/// What an atomic read-modify-write of raw type Raw pushes: the old value zero-extended.
template <class T, class Raw>
constexpr T zero_extended(Raw old) {
  static_assert(std::is_unsigned_v<T> && std::is_unsigned_v<Raw> && sizeof(Raw) <= sizeof(T));
  return old;
}

constexpr uint32_t I32AtomicLoad(uint32_t m) { return m; }
constexpr uint64_t I64AtomicLoad(uint64_t m) { return m; }
constexpr uint32_t I32AtomicLoad8U(uint8_t m) { return m; }
constexpr uint32_t I32AtomicLoad16U(uint16_t m) { return m; }
constexpr uint64_t I64AtomicLoad8U(uint8_t m) { return m; }
constexpr uint64_t I64AtomicLoad16U(uint16_t m) { return m; }
constexpr uint64_t I64AtomicLoad32U(uint32_t m) { return m; }
constexpr uint32_t I32AtomicStore(uint32_t v) { return v; }
constexpr uint64_t I64AtomicStore(uint64_t v) { return v; }
constexpr uint8_t I32AtomicStore8(uint32_t v) { return static_cast<uint8_t>(v); }
constexpr uint16_t I32AtomicStore16(uint32_t v) { return static_cast<uint16_t>(v); }
constexpr uint8_t I64AtomicStore8(uint64_t v) { return static_cast<uint8_t>(v); }
constexpr uint16_t I64AtomicStore16(uint64_t v) { return static_cast<uint16_t>(v); }
constexpr uint32_t I64AtomicStore32(uint64_t v) { return static_cast<uint32_t>(v); }
constexpr uint32_t I32AtomicRmwAdd(uint32_t old, uint32_t v) { return old + v; }
constexpr uint64_t I64AtomicRmwAdd(uint64_t old, uint64_t v) { return old + v; }
constexpr uint8_t I32AtomicRmw8AddU(uint8_t old, uint32_t v) { return static_cast<uint8_t>(old + v); }
constexpr uint16_t I32AtomicRmw16AddU(uint16_t old, uint32_t v) { return static_cast<uint16_t>(old + v); }
constexpr uint8_t I64AtomicRmw8AddU(uint8_t old, uint64_t v) { return static_cast<uint8_t>(old + v); }
constexpr uint16_t I64AtomicRmw16AddU(uint16_t old, uint64_t v) { return static_cast<uint16_t>(old + v); }
constexpr uint32_t I64AtomicRmw32AddU(uint32_t old, uint64_t v) { return static_cast<uint32_t>(old + v); }
constexpr uint32_t I32AtomicRmwSub(uint32_t old, uint32_t v) { return old - v; }
constexpr uint64_t I64AtomicRmwSub(uint64_t old, uint64_t v) { return old - v; }
constexpr uint8_t I32AtomicRmw8SubU(uint8_t old, uint32_t v) { return static_cast<uint8_t>(old - v); }
constexpr uint16_t I32AtomicRmw16SubU(uint16_t old, uint32_t v) { return static_cast<uint16_t>(old - v); }
constexpr uint8_t I64AtomicRmw8SubU(uint8_t old, uint64_t v) { return static_cast<uint8_t>(old - v); }
constexpr uint16_t I64AtomicRmw16SubU(uint16_t old, uint64_t v) { return static_cast<uint16_t>(old - v); }
constexpr uint32_t I64AtomicRmw32SubU(uint32_t old, uint64_t v) { return static_cast<uint32_t>(old - v); }
constexpr uint32_t I32AtomicRmwAnd(uint32_t old, uint32_t v) { return old & v; }
constexpr uint64_t I64AtomicRmwAnd(uint64_t old, uint64_t v) { return old & v; }
constexpr uint8_t I32AtomicRmw8AndU(uint8_t old, uint32_t v) { return static_cast<uint8_t>(old & v); }
constexpr uint16_t I32AtomicRmw16AndU(uint16_t old, uint32_t v) { return static_cast<uint16_t>(old & v); }
constexpr uint8_t I64AtomicRmw8AndU(uint8_t old, uint64_t v) { return static_cast<uint8_t>(old & v); }
constexpr uint16_t I64AtomicRmw16AndU(uint16_t old, uint64_t v) { return static_cast<uint16_t>(old & v); }
constexpr uint32_t I64AtomicRmw32AndU(uint32_t old, uint64_t v) { return static_cast<uint32_t>(old & v); }
constexpr uint32_t I32AtomicRmwOr(uint32_t old, uint32_t v) { return old | v; }
constexpr uint64_t I64AtomicRmwOr(uint64_t old, uint64_t v) { return old | v; }
constexpr uint8_t I32AtomicRmw8OrU(uint8_t old, uint32_t v) { return static_cast<uint8_t>(old | v); }
constexpr uint16_t I32AtomicRmw16OrU(uint16_t old, uint32_t v) { return static_cast<uint16_t>(old | v); }
constexpr uint8_t I64AtomicRmw8OrU(uint8_t old, uint64_t v) { return static_cast<uint8_t>(old | v); }
constexpr uint16_t I64AtomicRmw16OrU(uint16_t old, uint64_t v) { return static_cast<uint16_t>(old | v); }
constexpr uint32_t I64AtomicRmw32OrU(uint32_t old, uint64_t v) { return static_cast<uint32_t>(old | v); }
constexpr uint32_t I32AtomicRmwXor(uint32_t old, uint32_t v) { return old ^ v; }
constexpr uint64_t I64AtomicRmwXor(uint64_t old, uint64_t v) { return old ^ v; }
constexpr uint8_t I32AtomicRmw8XorU(uint8_t old, uint32_t v) { return static_cast<uint8_t>(old ^ v); }
constexpr uint16_t I32AtomicRmw16XorU(uint16_t old, uint32_t v) { return static_cast<uint16_t>(old ^ v); }
constexpr uint8_t I64AtomicRmw8XorU(uint8_t old, uint64_t v) { return static_cast<uint8_t>(old ^ v); }
constexpr uint16_t I64AtomicRmw16XorU(uint16_t old, uint64_t v) { return static_cast<uint16_t>(old ^ v); }
constexpr uint32_t I64AtomicRmw32XorU(uint32_t old, uint64_t v) { return static_cast<uint32_t>(old ^ v); }
constexpr uint32_t I32AtomicRmwXchg(uint32_t, uint32_t v) { return v; }
constexpr uint64_t I64AtomicRmwXchg(uint64_t, uint64_t v) { return v; }
constexpr uint8_t I32AtomicRmw8XchgU(uint8_t, uint32_t v) { return static_cast<uint8_t>(v); }
constexpr uint16_t I32AtomicRmw16XchgU(uint16_t, uint32_t v) { return static_cast<uint16_t>(v); }
constexpr uint8_t I64AtomicRmw8XchgU(uint8_t, uint64_t v) { return static_cast<uint8_t>(v); }
constexpr uint16_t I64AtomicRmw16XchgU(uint16_t, uint64_t v) { return static_cast<uint16_t>(v); }
constexpr uint32_t I64AtomicRmw32XchgU(uint32_t, uint64_t v) { return static_cast<uint32_t>(v); }
constexpr uint32_t I32AtomicRmwCmpxchg(uint32_t old, uint32_t expected, uint32_t replacement) {
  return old == expected ? replacement : old;
}
constexpr uint64_t I64AtomicRmwCmpxchg(uint64_t old, uint64_t expected, uint64_t replacement) {
  return old == expected ? replacement : old;
}
constexpr uint8_t I32AtomicRmw8CmpxchgU(uint8_t old, uint32_t expected, uint32_t replacement) {
  return old == static_cast<uint8_t>(expected) ? static_cast<uint8_t>(replacement) : old;
}
constexpr uint16_t I32AtomicRmw16CmpxchgU(uint16_t old, uint32_t expected, uint32_t replacement) {
  return old == static_cast<uint16_t>(expected) ? static_cast<uint16_t>(replacement) : old;
}
constexpr uint8_t I64AtomicRmw8CmpxchgU(uint8_t old, uint64_t expected, uint64_t replacement) {
  return old == static_cast<uint8_t>(expected) ? static_cast<uint8_t>(replacement) : old;
}
constexpr uint16_t I64AtomicRmw16CmpxchgU(uint16_t old, uint64_t expected, uint64_t replacement) {
  return old == static_cast<uint16_t>(expected) ? static_cast<uint16_t>(replacement) : old;
}
constexpr uint32_t I64AtomicRmw32CmpxchgU(uint32_t old, uint64_t expected, uint64_t replacement) {
  return old == static_cast<uint32_t>(expected) ? static_cast<uint32_t>(replacement) : old;
}

}  // namespace skiff::num
