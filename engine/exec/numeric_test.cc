// Edge values of the scalar semantics, family by family. NaN results are compared as bits. opaque() keeps
// compilers from folding, so that what the processor does is tested.
#include "engine/exec/semantics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace skiff::num {
namespace {

template <class T>
T opaque(T v) {
  asm volatile("" : "+m"(v));
  return v;
}
uint32_t bits_of(float x) { return I32ReinterpretF32(x); }
uint64_t bits_of(double x) { return I64ReinterpretF64(x); }
float f32(uint32_t bits) { return opaque(F32ReinterpretI32(bits)); }
double f64(uint64_t bits) { return opaque(F64ReinterpretI64(bits)); }

constexpr uint32_t kMin32 = 0x80000000;
constexpr uint64_t kMin64 = 0x8000000000000000;
constexpr uint32_t kSignalling32 = 0x7FA00001;
constexpr uint64_t kSignalling64 = 0x7FF4000000000001;
constexpr uint32_t kCanonical32 = 0x7FC00000;
constexpr uint64_t kCanonical64 = 0x7FF8000000000000;

bool is_canonical(float x) { return (bits_of(x) & 0x7FFFFFFF) == kCanonical32; }
bool is_canonical(double x) { return (bits_of(x) & ~kMin64) == kCanonical64; }
bool is_arithmetic(float x) { return (bits_of(x) & kCanonical32) == kCanonical32; }
bool is_arithmetic(double x) { return (bits_of(x) & kCanonical64) == kCanonical64; }

template <class T, class F, class... A>
std::pair<TrapCode, T> run(F f, A... a) {
  T out = 77;
  const TrapCode code = f(opaque(a)..., out);
  return {code, out};
}
template <class T>
std::pair<TrapCode, T> value(T v) {
  return {TrapCode::None, v};
}
template <class T>
std::pair<TrapCode, T> trap(TrapCode code) {
  return {code, T{77}};
}

TEST(Numeric, Division) {
  EXPECT_EQ(run<uint32_t>(I32DivS, 7u, -2u), value<uint32_t>(-3));
  EXPECT_EQ(run<uint32_t>(I32DivS, kMin32, -1u), trap<uint32_t>(TrapCode::IntegerOverflow));
  EXPECT_EQ(run<uint32_t>(I32DivS, 1u, 0u), trap<uint32_t>(TrapCode::IntegerDivideByZero));
  EXPECT_EQ(run<uint32_t>(I32DivU, kMin32, -1u), value<uint32_t>(0));
  EXPECT_EQ(run<uint32_t>(I32RemS, kMin32, -1u), value<uint32_t>(0));
  EXPECT_EQ(run<uint32_t>(I32RemS, -7u, 2u), value<uint32_t>(-1));
  EXPECT_EQ(run<uint32_t>(I32RemU, 5u, -1u), value<uint32_t>(5));
  EXPECT_EQ(run<uint32_t>(I32RemU, -1u, -1u), value<uint32_t>(0));
  EXPECT_EQ(run<uint32_t>(I32RemU, 5u, 0u), trap<uint32_t>(TrapCode::IntegerDivideByZero));
  EXPECT_EQ(run<uint64_t>(I64DivS, kMin64, ~uint64_t{0}), trap<uint64_t>(TrapCode::IntegerOverflow));
  EXPECT_EQ(run<uint64_t>(I64RemS, kMin64, ~uint64_t{0}), value<uint64_t>(0));
  EXPECT_EQ(run<uint64_t>(I64DivU, kMin64, uint64_t{3}), value<uint64_t>(kMin64 / 3));
  EXPECT_EQ(run<uint64_t>(I64RemU, kMin64, ~uint64_t{0}), value<uint64_t>(kMin64));
}

TEST(Numeric, BitsAndShifts) {
  EXPECT_EQ(I32Clz(0), 32u);
  EXPECT_EQ(I32Ctz(0), 32u);
  EXPECT_EQ(I64Clz(1), 63u);
  EXPECT_EQ(I64Ctz(kMin64), 63u);
  EXPECT_EQ(I64Popcnt(~uint64_t{0}), 64u);
  EXPECT_EQ(I32Shl(1, 33), 2u);
  EXPECT_EQ(I32ShrS(kMin32, 63), 0xFFFFFFFFu);
  EXPECT_EQ(I32ShrU(kMin32, 31), 1u);
  EXPECT_EQ(I64Shl(1, 64), 1u);
  EXPECT_EQ(I64ShrS(kMin64, 63), ~uint64_t{0});
  EXPECT_EQ(I32Rotl(0x80000001, 1), 3u);
  EXPECT_EQ(I32Rotr(1, 0xFFFFFFFF), 2u);
  EXPECT_EQ(I64Rotl(1, ~uint64_t{0}), kMin64);
  EXPECT_EQ(I64Rotr(1, 64), 1u);
  EXPECT_EQ(I32LtS(-1u, 0), 1u);
  EXPECT_EQ(I32LtU(-1u, 0), 0u);
  EXPECT_EQ(I64GeS(kMin64, 0), 0u);
  EXPECT_EQ(I32Extend8S(0x180), 0xFFFFFF80u);
  EXPECT_EQ(I64Extend32S(0x1'8000'0000), 0xFFFF'FFFF'8000'0000u);
  EXPECT_EQ(I64ExtendI32S(kMin32), 0xFFFF'FFFF'8000'0000u);
  EXPECT_EQ(I64ExtendI32U(kMin32), 0x8000'0000u);
}

TEST(Numeric, MinMaxZerosAndNans) {
  EXPECT_EQ(bits_of(F32Min(opaque(0.0f), opaque(-0.0f))), kMin32);
  EXPECT_EQ(bits_of(F32Min(opaque(-0.0f), opaque(0.0f))), kMin32);
  EXPECT_EQ(bits_of(F32Max(opaque(-0.0f), opaque(0.0f))), 0u);
  EXPECT_EQ(bits_of(F64Max(opaque(-0.0), opaque(-0.0))), kMin64);
  EXPECT_EQ(F64Min(opaque(1.0), opaque(-INFINITY)), -INFINITY);
  EXPECT_EQ(F64Max(opaque(1.0), opaque(2.0)), 2.0);
  EXPECT_TRUE(is_canonical(F32Min(f32(kCanonical32), opaque(1.0f))));
  EXPECT_TRUE(is_canonical(F64Max(opaque(1.0), f64(kCanonical64))));
  EXPECT_TRUE(is_arithmetic(F32Min(f32(kSignalling32), opaque(1.0f))));
  EXPECT_TRUE(is_arithmetic(F64Max(opaque(1.0), f64(kSignalling64))));
}

TEST(Numeric, SignOperationsKeepSignallingNans) {
  EXPECT_EQ(bits_of(F32Abs(f32(kSignalling32 | kMin32))), kSignalling32);
  EXPECT_EQ(bits_of(F32Neg(f32(kSignalling32))), kSignalling32 | kMin32);
  EXPECT_EQ(bits_of(F64Neg(f64(kSignalling64))), kSignalling64 | kMin64);
  EXPECT_EQ(bits_of(F64Copysign(f64(kSignalling64), opaque(-1.0))), kSignalling64 | kMin64);
  EXPECT_EQ(bits_of(F32Copysign(opaque(1.0f), f32(kSignalling32 | kMin32))), bits_of(-1.0f));
  EXPECT_EQ(bits_of(F32Store(F32Load(f32(kSignalling32)))), kSignalling32);
}

TEST(Numeric, OperationsQuietNans) {
  for (auto f : {+F32Ceil, +F32Floor, +F32Trunc, +F32Nearest, +F32Sqrt}) {
    EXPECT_TRUE(is_arithmetic(f(f32(kSignalling32))));
    EXPECT_TRUE(is_arithmetic(f(f32(kSignalling32 | kMin32))));
    EXPECT_TRUE(is_canonical(f(f32(kCanonical32))));
  }
  for (auto f : {+F64Ceil, +F64Floor, +F64Trunc, +F64Nearest, +F64Sqrt}) {
    EXPECT_TRUE(is_arithmetic(f(f64(kSignalling64))));
    EXPECT_TRUE(is_canonical(f(f64(kCanonical64))));
  }
  EXPECT_TRUE(is_arithmetic(F32Add(f32(kSignalling32), opaque(0.0f))));
  EXPECT_TRUE(is_arithmetic(F64Mul(f64(kSignalling64), opaque(1.0))));
  EXPECT_TRUE(is_arithmetic(F32DemoteF64(f64(kSignalling64))));
  EXPECT_TRUE(is_arithmetic(F64PromoteF32(f32(kSignalling32))));
  EXPECT_TRUE(is_canonical(F64PromoteF32(f32(kCanonical32))));
  EXPECT_TRUE(is_canonical(F32DemoteF64(f64(kCanonical64))));
  EXPECT_TRUE(is_canonical(F32Div(opaque(0.0f), opaque(0.0f))));
  EXPECT_TRUE(is_canonical(F64Sqrt(opaque(-1.0))));
  EXPECT_EQ(bits_of(F64Sqrt(opaque(-0.0))), kMin64);
}

TEST(Numeric, RoundingMatchesTheLibrary) {
  std::mt19937_64 random(1);
  const auto check32 = [](float x) {
    EXPECT_EQ(bits_of(F32Ceil(x)), bits_of(std::ceil(x))) << x;
    EXPECT_EQ(bits_of(F32Floor(x)), bits_of(std::floor(x))) << x;
    EXPECT_EQ(bits_of(F32Trunc(x)), bits_of(std::trunc(x))) << x;
    EXPECT_EQ(bits_of(F32Nearest(x)), bits_of(std::nearbyint(x))) << x;
  };
  const auto check64 = [](double x) {
    EXPECT_EQ(bits_of(F64Ceil(x)), bits_of(std::ceil(x))) << x;
    EXPECT_EQ(bits_of(F64Floor(x)), bits_of(std::floor(x))) << x;
    EXPECT_EQ(bits_of(F64Trunc(x)), bits_of(std::trunc(x))) << x;
    EXPECT_EQ(bits_of(F64Nearest(x)), bits_of(std::nearbyint(x))) << x;
  };
  for (double x : {0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 3.5, 0x1p-1074, 0x1p-149, 0x1p22 + 0.5, 0x1p23 - 0.5,
                   0x1p23, 0x1p24, 0x1p51 + 0.5, 0x1p52 - 0.5, 0x1p52, 0x1p53, 1e300, double{INFINITY}}) {
    for (double y : {x, -x, std::nextafter(x, 0.0), -std::nextafter(x, 1e308)}) {
      check64(y);
      check32(static_cast<float>(y));
    }
  }
  for (int i = 0; i < 200000; ++i) {
    const double x = f64(random());
    const float y = f32(static_cast<uint32_t>(random()));
    if (!std::isnan(x)) check64(x);
    if (!std::isnan(y)) check32(y);
    const int exponent = static_cast<int>(random() % 60) - 60;
    check64(std::ldexp(static_cast<double>(static_cast<int64_t>(random())), exponent));
  }
}

TEST(Numeric, TruncationBounds) {
  const auto invalid = trap<uint32_t>(TrapCode::InvalidConversion);
  const auto overflow = trap<uint32_t>(TrapCode::IntegerOverflow);
  const auto overflow64 = trap<uint64_t>(TrapCode::IntegerOverflow);
  EXPECT_EQ(run<uint32_t>(I32TruncF32S, f32(kSignalling32)), invalid);
  EXPECT_EQ(run<uint32_t>(I32TruncF64U, f64(kCanonical64)), invalid);
  EXPECT_EQ(run<uint32_t>(I32TruncF32S, 2147483648.0f), overflow);
  EXPECT_EQ(run<uint32_t>(I32TruncF32S, -2147483648.0f), value(kMin32));
  EXPECT_EQ(run<uint32_t>(I32TruncF32S, -2147483904.0f), overflow);
  EXPECT_EQ(run<uint32_t>(I32TruncF64S, 2147483647.9), value(0x7FFFFFFFu));
  EXPECT_EQ(run<uint32_t>(I32TruncF64S, -2147483648.9), value(kMin32));
  EXPECT_EQ(run<uint32_t>(I32TruncF64S, -2147483649.0), overflow);
  EXPECT_EQ(run<uint32_t>(I32TruncF64U, -0.9), value(0u));
  EXPECT_EQ(run<uint32_t>(I32TruncF64U, -1.0), overflow);
  EXPECT_EQ(run<uint32_t>(I32TruncF64U, 4294967295.9), value(0xFFFFFFFFu));
  EXPECT_EQ(run<uint32_t>(I32TruncF32U, 4294967296.0f), overflow);
  EXPECT_EQ(run<uint64_t>(I64TruncF64S, 0x1p63), overflow64);
  EXPECT_EQ(run<uint64_t>(I64TruncF64S, -0x1p63), value(kMin64));
  EXPECT_EQ(run<uint64_t>(I64TruncF64S, std::nextafter(-0x1p63, -INFINITY)), overflow64);
  EXPECT_EQ(run<uint64_t>(I64TruncF64U, std::nextafter(0x1p64, 0.0)), value(0xFFFF'FFFF'FFFF'F800u));
  EXPECT_EQ(run<uint64_t>(I64TruncF32U, 0x1p64f), overflow64);
  EXPECT_EQ(run<uint64_t>(I64TruncF32S, -INFINITY), overflow64);
}

TEST(Numeric, SaturatingTruncation) {
  EXPECT_EQ(I32TruncSatF32S(f32(kSignalling32)), 0u);
  EXPECT_EQ(I32TruncSatF32S(opaque(1e30f)), 0x7FFFFFFFu);
  EXPECT_EQ(I32TruncSatF32S(opaque(-1e30f)), kMin32);
  EXPECT_EQ(I32TruncSatF64U(opaque(-1e30)), 0u);
  EXPECT_EQ(I32TruncSatF64U(opaque(1e30)), 0xFFFFFFFFu);
  EXPECT_EQ(I64TruncSatF64S(opaque(double{INFINITY})), ~kMin64);
  EXPECT_EQ(I64TruncSatF32U(opaque(INFINITY)), ~uint64_t{0});
  EXPECT_EQ(I64TruncSatF32U(opaque(-1.0f)), 0u);
  EXPECT_EQ(I64TruncSatF64S(opaque(-1.5)), ~uint64_t{0});
}

TEST(Numeric, ConversionsRoundToNearestEven) {
  EXPECT_EQ(F32ConvertI32S(opaque(uint32_t{0x1000001})), 0x1000000p0f);
  EXPECT_EQ(F32ConvertI32U(opaque(uint32_t{0xFFFFFFFF})), 0x1p32f);
  EXPECT_EQ(F32ConvertI64U(opaque(uint64_t{0x7FFFFF4000000001})), 0x1.fffffep62f);
  EXPECT_EQ(F32ConvertI64U(opaque(uint64_t{0x8000008000000000})), 0x1p63f);
  EXPECT_EQ(F32ConvertI64U(opaque(uint64_t{0x8000008000000001})), 0x1.000002p63f);
  EXPECT_EQ(F32ConvertI64S(opaque(uint64_t{0x8000004000000001})), -0x1.fffffep62f);
  EXPECT_EQ(F64ConvertI64U(opaque(~uint64_t{0})), 0x1p64);
  EXPECT_EQ(F64ConvertI64U(opaque(uint64_t{0x8000000000000400})), 0x1p63);
  EXPECT_EQ(F64ConvertI64U(opaque(uint64_t{0x8000000000000401})), 0x1.0000000000001p63);
  EXPECT_EQ(F64ConvertI64S(kMin64), -0x1p63);
  EXPECT_EQ(F64ConvertI32S(kMin32), -0x1p31);
  EXPECT_EQ(F32DemoteF64(opaque(0x1.fffffefffffffp127)), 0x1.fffffep127f);
  EXPECT_EQ(F32DemoteF64(opaque(0x1.ffffffp127)), INFINITY);
}

TEST(Numeric, WideArithmetic) {
  const WidePair sum = I64Add128(~uint64_t{0}, 1, 1, 2);
  EXPECT_EQ(sum.lo, 0u);
  EXPECT_EQ(sum.hi, 4u);
  const WidePair difference = I64Sub128(0, 1, 1, 0);
  EXPECT_EQ(difference.lo, ~uint64_t{0});
  EXPECT_EQ(difference.hi, 0u);
  const WidePair product = I64MulWideS(~uint64_t{0}, ~uint64_t{0});
  EXPECT_EQ(product.lo, 1u);
  EXPECT_EQ(product.hi, 0u);
  EXPECT_EQ(I64MulWideU(~uint64_t{0}, ~uint64_t{0}).hi, ~uint64_t{1});
  EXPECT_EQ(I64MulWideS(kMin64, 2).hi, ~uint64_t{0});
}

TEST(Numeric, MemoryAccess) {
  EXPECT_EQ(I32Load8S(-1), 0xFFFFFFFFu);
  EXPECT_EQ(I32Load8U(0xFF), 0xFFu);
  EXPECT_EQ(I64Load32S(std::numeric_limits<int32_t>::min()), 0xFFFF'FFFF'8000'0000u);
  EXPECT_EQ(I64Load32U(kMin32), kMin32);
  EXPECT_EQ(I64Store16(0x12345), 0x2345u);
  EXPECT_EQ(I32AtomicRmw8AddU(0xFF, 0x102), 1u);
  EXPECT_EQ(I64AtomicRmw32SubU(0, 1), 0xFFFFFFFFu);
  EXPECT_EQ(I32AtomicRmw16XchgU(1, 0xABCD1234), 0x1234u);
  // The expected value is wrapped before the comparison.
  EXPECT_EQ(I32AtomicRmw8CmpxchgU(0x11, 0xFF11, 0xFFCD), 0xCDu);
  EXPECT_EQ(I32AtomicRmw8CmpxchgU(0x11, 0x12, 0xCD), 0x11u);
  EXPECT_EQ(I64AtomicRmwCmpxchg(1, 1, 5), 5u);
}

}  // namespace
}  // namespace skiff::num
