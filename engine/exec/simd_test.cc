// Edge values of the vector semantics, and every lane-wise operation that has a scalar counterpart
// compared with it on random lanes.
#include "engine/exec/semantics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace skiff::num {
namespace {

template <class T>
V128 vec(std::initializer_list<T> lanes) {
  V128::Lanes<T> l{};
  std::copy(lanes.begin(), lanes.end(), l.begin());
  return V128::of<T>(l);
}
V128 all(uint8_t byte) { return I8x16Splat(byte); }

/// Random vectors, with the extreme lanes more often than chance would have them.
class Vectors {
 public:
  V128 operator()() {
    std::array<uint64_t, 2> words{random_(), random_()};
    V128 v = V128::of<uint64_t>(words);
    constexpr uint8_t kExtremes[] = {0x00, 0x7F, 0x80, 0xFF};
    for (uint8_t& byte : v.bytes)
      if (random_() % 3 == 0) byte = kExtremes[random_() % 4];
    return v;
  }

 private:
  std::mt19937_64 random_{1};
};

/// Checks `vector` against `scalar` lane by lane, in 64-bit signed arithmetic reduced to T.
template <class T, class V, class S>
void check_lanes(V vector, S scalar) {
  Vectors random;
  for (int i = 0; i < 2000; ++i) {
    const V128 a = random(), b = random();
    const auto x = a.lanes<T>(), y = b.lanes<T>(), got = vector(a, b).template lanes<T>();
    for (size_t k = 0; k < x.size(); ++k)
      ASSERT_EQ(got[k], static_cast<T>(scalar(x[k], y[k]))) << +x[k] << ' ' << +y[k];
  }
}
template <class T>
int64_t clamp_to(int64_t v) {
  return std::clamp<int64_t>(v, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

TEST(Simd, IntegerLanesMatchWideArithmetic) {
  const auto add = [](uint64_t a, uint64_t b) { return a + b; };
  const auto sub = [](uint64_t a, uint64_t b) { return a - b; };
  const auto mul = [](uint64_t a, uint64_t b) { return a * b; };
  check_lanes<uint8_t>(I8x16Add, add), check_lanes<uint16_t>(I16x8Add, add);
  check_lanes<uint32_t>(I32x4Add, add), check_lanes<uint64_t>(I64x2Add, add);
  check_lanes<uint8_t>(I8x16Sub, sub), check_lanes<uint64_t>(I64x2Sub, sub);
  check_lanes<uint16_t>(I16x8Mul, mul), check_lanes<uint32_t>(I32x4Mul, mul);
  check_lanes<uint64_t>(I64x2Mul, mul);

  const auto plus = [](int64_t a, int64_t b) { return a + b; };
  const auto minus = [](int64_t a, int64_t b) { return a - b; };
  check_lanes<int8_t>(I8x16AddSatS, [&](int a, int b) { return clamp_to<int8_t>(plus(a, b)); });
  check_lanes<uint8_t>(I8x16AddSatU, [&](int a, int b) { return clamp_to<uint8_t>(plus(a, b)); });
  check_lanes<int16_t>(I16x8SubSatS, [&](int a, int b) { return clamp_to<int16_t>(minus(a, b)); });
  check_lanes<uint16_t>(I16x8SubSatU, [&](int a, int b) { return clamp_to<uint16_t>(minus(a, b)); });

  const auto least = [](int64_t a, int64_t b) { return std::min(a, b); };
  const auto most = [](int64_t a, int64_t b) { return std::max(a, b); };
  check_lanes<int8_t>(I8x16MinS, least), check_lanes<uint8_t>(I8x16MinU, least);
  check_lanes<int16_t>(I16x8MaxS, most), check_lanes<uint32_t>(I32x4MaxU, most);
  check_lanes<uint8_t>(I8x16AvgrU, [](int a, int b) { return (a + b + 1) >> 1; });
  const auto q15 = [](int64_t a, int64_t b) { return clamp_to<int16_t>((a * b + 0x4000) >> 15); };
  check_lanes<int16_t>(I16x8Q15mulrSatS, q15);

  const auto mask = [](bool b) { return b ? -1 : 0; };
  check_lanes<int8_t>(I8x16LtS, [&](int a, int b) { return mask(a < b); });
  check_lanes<uint8_t>(I8x16LtU, [&](int a, int b) { return mask(a < b); });
  check_lanes<int64_t>(I64x2GeS, [&](int64_t a, int64_t b) { return mask(a >= b); });
  check_lanes<uint32_t>(I32x4GtU, [&](uint32_t a, uint32_t b) { return mask(a > b); });
}

TEST(Simd, UnaryIntegerLanes) {
  EXPECT_EQ(I8x16Abs(vec<int8_t>({-128, -1, 1})), vec<uint8_t>({128, 1, 1}));
  EXPECT_EQ(I64x2Neg(vec<int64_t>({INT64_MIN, 1})), vec<int64_t>({INT64_MIN, -1}));
  EXPECT_EQ(I8x16Popcnt(vec<uint8_t>({0, 255, 0x81})), vec<uint8_t>({0, 8, 2}));
  EXPECT_EQ(I8x16Shl(all(0x81), 9), all(0x02));
  EXPECT_EQ(I8x16ShrS(all(0x80), 15), all(0xFF));
  EXPECT_EQ(I16x8ShrU(all(0x80), 15), I16x8Splat(1));
  EXPECT_EQ(I64x2Shl(vec<uint64_t>({1, 2}), 64), vec<uint64_t>({1, 2}));
  EXPECT_EQ(I8x16Bitmask(vec<int8_t>({-1, 0, -128})), 5u);
  EXPECT_EQ(I16x8Bitmask(all(0xFF)), 0xFFu);
  EXPECT_EQ(I64x2Bitmask(vec<int64_t>({1, -1})), 2u);
  EXPECT_EQ(I32x4AllTrue(vec<uint32_t>({1, 2, 3, 0})), 0u);
  EXPECT_EQ(I32x4AllTrue(vec<uint32_t>({1, 2, 3, 4})), 1u);
  EXPECT_EQ(V128AnyTrue(vec<uint8_t>({0, 0, 1})), 1u);
  EXPECT_EQ(V128AnyTrue(V128{}), 0u);
  EXPECT_EQ(V128Bitselect(all(0xF0), all(0x0F), all(0x3C)), all(0x33));
  EXPECT_EQ(V128Andnot(all(0xF1), all(0x30)), all(0xC1));
}

TEST(Simd, WideningAndNarrowing) {
  const V128 a = vec<int8_t>({-128, -127, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, -1, -1});
  EXPECT_EQ(I16x8ExtendLowI8x16S(a), vec<int16_t>({-128, -127, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(I16x8ExtendHighI8x16U(a), vec<uint16_t>({9, 10, 11, 12, 13, 14, 255, 255}));
  EXPECT_EQ(I16x8ExtaddPairwiseI8x16S(a), vec<int16_t>({-255, 7, 11, 15, 19, 23, 27, -2}));
  EXPECT_EQ(I16x8ExtmulHighI8x16U(a, a), vec<uint16_t>({81, 100, 121, 144, 169, 196, 65025, 65025}));
  EXPECT_EQ(I16x8ExtmulLowI8x16S(a, a), vec<int16_t>({16384, 16129, 9, 16, 25, 36, 49, 64}));
  EXPECT_EQ(I64x2ExtmulLowI32x4U(all(0xFF), all(0xFF)), I64x2Splat(0xFFFF'FFFE'0000'0001));
  EXPECT_EQ(I32x4ExtmulLowI16x8U(all(0xFF), all(0xFF)), I32x4Splat(0xFFFE'0001));
  EXPECT_EQ(I32x4DotI16x8S(I16x8Splat(0x8000), I16x8Splat(0x8000)), I32x4Splat(0x8000'0000));
  EXPECT_EQ(I8x16NarrowI16x8S(vec<int16_t>({300, -300, 5}), vec<int16_t>({-1})),
            vec<int8_t>({127, -128, 5, 0, 0, 0, 0, 0, -1}));
  EXPECT_EQ(I16x8NarrowI32x4U(vec<int32_t>({-1, 65536, 7}), vec<int32_t>({INT32_MIN})),
            vec<uint16_t>({0, 65535, 7}));
}

TEST(Simd, LanesAndMemory) {
  const V128 a = vec<uint8_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  EXPECT_EQ(I8x16Shuffle(a, all(99), {31, 0, 15, 16}).bytes[2], 15);
  EXPECT_EQ(I8x16Shuffle(a, all(99), {31, 0, 15, 16}).bytes[0], 99);
  EXPECT_EQ(I8x16Swizzle(a, vec<uint8_t>({15, 16, 255, 1})), vec<uint8_t>({15, 0, 0, 1}));
  EXPECT_EQ(I8x16RelaxedSwizzle(a, all(0x8F)), V128{});
  EXPECT_EQ(I8x16ExtractLaneS(all(0x80), 3), 0xFFFFFF80u);
  EXPECT_EQ(I16x8ExtractLaneU(all(0x80), 7), 0x8080u);
  EXPECT_EQ(F64x2ExtractLane(F64x2ReplaceLane(a, -2.5, 1), 1), -2.5);
  EXPECT_EQ(I8x16ReplaceLane(V128{}, 0x1FF, 15).bytes[15], 0xFF);
  EXPECT_EQ(V128Load8x8S(0xFF80), vec<int16_t>({-128, -1}));
  EXPECT_EQ(V128Load32x2U(0xFFFFFFFF'00000001), vec<uint64_t>({1, 0xFFFFFFFF}));
  EXPECT_EQ(V128Load32Zero(5), vec<uint32_t>({5}));
  EXPECT_EQ(V128Load16Splat(0x1234), I16x8Splat(0x1234));
  EXPECT_EQ(V128Load64Lane(7, a, 1).lanes<uint64_t>()[1], 7u);
  EXPECT_EQ(V128Store16Lane(a, 1), 0x0302u);
}

TEST(Simd, FloatLanes) {
  const float inf = INFINITY;
  EXPECT_EQ(F32x4Min(vec<float>({0.0f, 1, -inf, 2}), vec<float>({-0.0f, 2, 0, 1})),
            vec<float>({-0.0f, 1, -inf, 1}));
  // pmin and pmax are the bare comparison: the first operand when unordered or equal.
  const float nan = F32ReinterpretI32(0x7FA00001);
  EXPECT_EQ(F32x4Pmin(vec<float>({nan, 0.0f}), vec<float>({1, -0.0f})), vec<float>({nan, 0.0f}));
  EXPECT_EQ(F32x4Pmax(vec<float>({1, 3}), vec<float>({nan, 4})), vec<float>({1, 4}));
  EXPECT_EQ(F64x2Nearest(vec<double>({2.5, -0.5})), vec<double>({2.0, -0.0}));
  EXPECT_EQ(F32x4Ceil(vec<float>({-0.5f, 1.5f, 1e30f, -inf})), vec<float>({-0.0f, 2, 1e30f, -inf}));
  EXPECT_EQ(F32x4Ne(vec<float>({nan, 1, 2, 3}), vec<float>({nan, 1, 3, 3})), vec<int32_t>({-1, 0, -1, 0}));
  EXPECT_EQ(F32x4Neg(vec<float>({nan})).lanes<uint32_t>()[0], 0xFFA00001u);
  for (const V128 quiet : {F32x4Sqrt(F32x4Splat(nan)), F32x4Floor(F32x4Splat(nan)),
                           F32x4Max(F32x4Splat(nan), F32x4Splat(1))})
    for (uint32_t bits : quiet.lanes<uint32_t>()) EXPECT_EQ(bits & 0x7FC00000, 0x7FC00000u);
}

TEST(Simd, Conversions) {
  EXPECT_EQ(I32x4TruncSatF32x4S(vec<float>({NAN, 3e9f, -3e9f, -1.9f})),
            vec<int32_t>({0, INT32_MAX, INT32_MIN, -1}));
  EXPECT_EQ(I32x4TruncSatF32x4U(vec<float>({NAN, 5e9f, -3e9f, 3e9f})),
            vec<uint32_t>({0, UINT32_MAX, 0, 3000000000}));
  EXPECT_EQ(I32x4TruncSatF64x2SZero(vec<double>({-1e300, 7.9})), vec<int32_t>({INT32_MIN, 7, 0, 0}));
  EXPECT_EQ(I32x4TruncSatF64x2UZero(vec<double>({1e300, NAN})), vec<uint32_t>({UINT32_MAX, 0, 0, 0}));
  EXPECT_EQ(F32x4ConvertI32x4U(vec<uint32_t>({UINT32_MAX, 1, 0x1000001, 0x80000080})),
            vec<float>({0x1p32f, 1, 0x1p24f, 0x1p31f}));
  EXPECT_EQ(F32x4ConvertI32x4S(vec<int32_t>({-1, INT32_MIN})), vec<float>({-1, -0x1p31f}));
  EXPECT_EQ(F64x2ConvertLowI32x4U(vec<uint32_t>({UINT32_MAX, 1, 9, 9})), vec<double>({4294967295.0, 1}));
  EXPECT_EQ(F64x2ConvertLowI32x4S(vec<int32_t>({-7, 1, 9, 9})), vec<double>({-7, 1}));
  EXPECT_EQ(F32x4DemoteF64x2Zero(vec<double>({1e300, -2})), vec<float>({INFINITY, -2}));
  EXPECT_EQ(F64x2PromoteLowF32x4(vec<float>({1.5f, -0.0f, 9})), vec<double>({1.5, -0.0}));
}

TEST(Simd, RelaxedOperationsAreDeterministic) {
  // (1 + 2^-12)^2 needs more than 24 bits: rounding twice loses the last term.
  const V128 x = F32x4Splat(1 + 0x1p-12f);
  EXPECT_EQ(F32x4RelaxedMadd(x, x, F32x4Splat(-(1 + 0x1p-11f))), F32x4Splat(0));
  EXPECT_EQ(F64x2RelaxedNmadd(F64x2Splat(2), F64x2Splat(3), F64x2Splat(10)), F64x2Splat(4));
  EXPECT_EQ(I16x8RelaxedQ15mulrS(I16x8Splat(0x8000), I16x8Splat(0x8000)), I16x8Splat(0x7FFF));
  EXPECT_EQ(I16x8RelaxedDotI8x16I7x16S(all(0x80), all(0x80)), I16x8Splat(0x8000));
  EXPECT_EQ(I32x4RelaxedDotI8x16I7x16AddS(all(2), all(3), I32x4Splat(1)), I32x4Splat(25));
  EXPECT_EQ(I8x16RelaxedLaneselect(all(0xFF), all(0), all(0x0F)), all(0x0F));
}

}  // namespace
}  // namespace skiff::num
