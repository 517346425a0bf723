// Number literals: ranges of integers, exact rounding of floats at every boundary, printing.
#include "engine/text/numbers.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace skiff::text {
namespace {

TEST(Numbers, Classify) {
  for (const char* s : {"0", "12_3", "0x1_F", "007"}) EXPECT_EQ(classify_number(s), NumberKind::Nat) << s;
  for (const char* s : {"+0", "-1", "-0xab"}) EXPECT_EQ(classify_number(s), NumberKind::Int) << s;
  for (const char* s : {"1.", "1.5", "1e5", "1.e-5", "0x1.8p3", "0x1p-1_0", "inf", "-nan", "nan:0x1"})
    EXPECT_EQ(classify_number(s), NumberKind::Float) << s;
  for (const char* s :
       {"",     "+",     "_1",     "1_",   "1__2", "0x",  "0x_1",     "1e",  "1.e+", ".5",           "0x1e+",
        "0x1p", "nan:1", "nan:0x", "1.5_", "1._5", "0X1", "infinity", "- 1", "1p3",  "nan:canonical"})
    EXPECT_EQ(classify_number(s), NumberKind::None) << s;
}

TEST(Numbers, Integers) {
  EXPECT_EQ(parse_i32("4294967295"), 0xFFFFFFFFu);
  EXPECT_EQ(parse_i32("-2147483648"), 0x80000000u);
  EXPECT_EQ(parse_i32("-0x8000_0000"), 0x80000000u);
  EXPECT_EQ(parse_i32("4294967296"), std::nullopt);
  EXPECT_EQ(parse_i32("-2147483649"), std::nullopt);
  EXPECT_EQ(parse_i64("0xFFFF_FFFF_FFFF_FFFF"), ~uint64_t{0});
  EXPECT_EQ(parse_i64("-9223372036854775808"), uint64_t{1} << 63);
  EXPECT_EQ(parse_i64("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse_i64("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(parse_integer("-128", 8), 0x80u);
  EXPECT_EQ(parse_integer("255", 8), 0xFFu);
  EXPECT_EQ(parse_integer("-129", 8), std::nullopt);
  EXPECT_EQ(parse_unsigned("-1", 32), std::nullopt);
  EXPECT_EQ(parse_unsigned("+1", 32), std::nullopt);
}

TEST(Numbers, F32HexRounding) {
  EXPECT_EQ(parse_f32_bits("0x1p-149"), 1u);
  EXPECT_EQ(parse_f32_bits("-0x1p-149"), 0x80000001u);
  EXPECT_EQ(parse_f32_bits("0x1p-150"), 0u);                     // half of the smallest: ties to even
  EXPECT_EQ(parse_f32_bits("0x1.000000000000000001p-150"), 1u);  // sticky bits far behind
  EXPECT_EQ(parse_f32_bits("0x3p-150"), 2u);                     // 1.5 smallest: ties to even
  EXPECT_EQ(parse_f32_bits("0x0.000002p-126"), 4u >> 2);         // 2^-23 * 2^-126
  EXPECT_EQ(parse_f32_bits("0x1p-126"), 0x00800000u);
  EXPECT_EQ(parse_f32_bits("0x0.ffffffp-126"), 0x00800000u);  // largest subnormal, rounded up to normal
  EXPECT_EQ(parse_f32_bits("0x0.fffffep-126"), 0x007FFFFFu);
  EXPECT_EQ(parse_f32_bits("0x1.fffffep127"), 0x7F7FFFFFu);
  EXPECT_EQ(parse_f32_bits("0x1.fffffeffffffffffp127"), 0x7F7FFFFFu);
  EXPECT_EQ(parse_f32_bits("0x1.ffffffp127"), std::nullopt);  // half way to infinity
  EXPECT_EQ(parse_f32_bits("0x1p128"), std::nullopt);
  EXPECT_EQ(parse_f32_bits("0x1.000001p0"), 0x3F800000u);  // tie, even below
  EXPECT_EQ(parse_f32_bits("0x1.000003p0"), 0x3F800002u);  // tie, even above
  EXPECT_EQ(parse_f32_bits("0x1.00000100000000000000000001p0"), 0x3F800001u);
  EXPECT_EQ(parse_f32_bits("0x0p99999999999999999999"), 0u);
  EXPECT_EQ(parse_f32_bits("0x1p-99999999999999999999"), 0u);
  EXPECT_EQ(parse_f32_bits("0x1p99999999999999999999"), std::nullopt);
  EXPECT_EQ(parse_f32_bits("0x" + std::string(500, '0') + "1"), 0x3F800000u);
  EXPECT_EQ(parse_f32_bits("0x1" + std::string(500, '0') + "p-2000"), 0x3F800000u);
  EXPECT_EQ(parse_f32_bits("0x0." + std::string(499, '0') + "1p2000"), 0x3F800000u);
}

TEST(Numbers, F32DecimalIsNotRoundedTwice) {
  // Just above half way between two floats; through double it would be exactly half way.
  EXPECT_EQ(parse_f32_bits("1.00000005960464477540"), 0x3F800001u);
  EXPECT_EQ(parse_f32_bits("1.000000059604644775390625"), 0x3F800000u);
  EXPECT_EQ(parse_f32_bits("1.000000059604644775390626"), 0x3F800001u);
  EXPECT_EQ(parse_f32_bits("1.4e-45"), 1u);
  EXPECT_EQ(parse_f32_bits("7.006492321624085e-46"), 0u);
  EXPECT_EQ(parse_f32_bits("7.006492321624086e-46"), 1u);
  EXPECT_EQ(parse_f32_bits("1e-46"), 0u);
  EXPECT_EQ(parse_f32_bits("-1e-4600000000000000000000"), 0x80000000u);
  EXPECT_EQ(parse_f32_bits("0.000000000000000000000000000000000000000000000000001"), 0u);
  EXPECT_EQ(parse_f32_bits("340282356779733661637539395458142568447"), 0x7F7FFFFFu);
  EXPECT_EQ(parse_f32_bits("340282356779733661637539395458142568448"), std::nullopt);
  EXPECT_EQ(parse_f32_bits("1e39"), std::nullopt);
  EXPECT_EQ(parse_f32_bits("1e9999999999999999999999"), std::nullopt);
  EXPECT_EQ(parse_f32_bits("0e9999999999999999999999"), 0u);
  EXPECT_EQ(parse_f32_bits("1_0.2_5e0_1"), std::bit_cast<uint32_t>(102.5f));
  EXPECT_EQ(parse_f32_bits("1."), 0x3F800000u);
  EXPECT_EQ(parse_f32_bits("1.e1"), std::bit_cast<uint32_t>(10.0f));
}

TEST(Numbers, F64) {
  EXPECT_EQ(parse_f64_bits("0x1p-1074"), 1u);
  EXPECT_EQ(parse_f64_bits("0x1p-1075"), 0u);
  EXPECT_EQ(parse_f64_bits("0x1.00000000000000000000001p-1075"), 1u);
  EXPECT_EQ(parse_f64_bits("0x1.fffffffffffffp1023"), 0x7FEFFFFFFFFFFFFFu);
  EXPECT_EQ(parse_f64_bits("0x1.fffffffffffff8p1023"), std::nullopt);
  EXPECT_EQ(parse_f64_bits("0x1.fffffffffffff7ffffffp1023"), 0x7FEFFFFFFFFFFFFFu);
  EXPECT_EQ(parse_f64_bits("0x1.00000000000008p0"), 0x3FF0000000000000u);
  EXPECT_EQ(parse_f64_bits("0x1.000000000000080000001p0"), 0x3FF0000000000001u);
  EXPECT_EQ(parse_f64_bits("4.9406564584124654e-324"), 1u);
  EXPECT_EQ(parse_f64_bits("2.4703282292062327e-324"), 0u);
  EXPECT_EQ(parse_f64_bits("2.4703282292062328e-324"), 1u);
  EXPECT_EQ(parse_f64_bits("2.2250738585072011e-308"), 0x000FFFFFFFFFFFFFu);
  EXPECT_EQ(parse_f64_bits("1.7976931348623158e308"), 0x7FEFFFFFFFFFFFFFu);
  EXPECT_EQ(parse_f64_bits("1.7976931348623159e308"), std::nullopt);
  EXPECT_EQ(parse_f64_bits("9007199254740993"), std::bit_cast<uint64_t>(9007199254740992.0));
  EXPECT_EQ(parse_f64_bits("-0"), uint64_t{1} << 63);
}

TEST(Numbers, Nan) {
  EXPECT_EQ(parse_f32_bits("nan"), 0x7FC00000u);
  EXPECT_EQ(parse_f32_bits("-nan:0x7f_ffff"), 0xFFFFFFFFu);
  EXPECT_EQ(parse_f32_bits("nan:0x80_0000"), std::nullopt);
  EXPECT_EQ(parse_f32_bits("nan:0x0"), std::nullopt);
  EXPECT_EQ(parse_f32_bits("nan:canonical"), std::nullopt);
  EXPECT_EQ(parse_f64_bits("nan:0xfffffffffffff"), 0x7FFFFFFFFFFFFFFFu);
  EXPECT_EQ(parse_f64_bits("nan:0x10000000000000"), std::nullopt);
  EXPECT_EQ(parse_f64_bits("-inf"), 0xFFF0000000000000u);
}

TEST(Numbers, PrintRoundTrip) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random();
    const auto low = static_cast<uint32_t>(bits);
    EXPECT_EQ(parse_f32_bits(print_f32(low)), low) << print_f32(low);
    EXPECT_EQ(parse_f64_bits(print_f64(bits)), bits) << print_f64(bits);
    // Subnormal and special ones are rare at random.
    const uint32_t small = low & 0x807FFFFFu, special = low | 0x7F800000u;
    EXPECT_EQ(parse_f32_bits(print_f32(small)), small) << print_f32(small);
    EXPECT_EQ(parse_f32_bits(print_f32(special)), special) << print_f32(special);
  }
  EXPECT_EQ(print_f32(0x7FC00000u), "nan");
  EXPECT_EQ(print_f32(0xFFC00001u), "-nan:0x400001");
  EXPECT_EQ(print_f64(0x3FF8000000000000u), "1.5");
}

TEST(Numbers, HexAgreesWithTheCLibrary) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    char text[64];
    const int exponent = static_cast<int>(random() % 320) - 180;
    std::snprintf(text, sizeof text, "0x%llx.%llxp%d",
                  static_cast<unsigned long long>(random() >> (random() % 64)),
                  static_cast<unsigned long long>(random()), exponent);
    const float f = std::strtof(text, nullptr);
    const auto bits = parse_f32_bits(text);
    if (std::isinf(f))
      EXPECT_EQ(bits, std::nullopt) << text;
    else
      EXPECT_EQ(bits, std::bit_cast<uint32_t>(f)) << text;
    EXPECT_EQ(parse_f64_bits(text), std::bit_cast<uint64_t>(std::strtod(text, nullptr))) << text;
  }
}

}  // namespace
}  // namespace skiff::text
