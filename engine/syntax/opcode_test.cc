// The opcode table: look-up by byte, and the feature list parser.
#include "engine/syntax/opcode.h"

#include <gtest/gtest.h>

namespace skiff {
namespace {

TEST(Opcode, FindsEveryRowByItsBytes) {
  for (size_t i = 0; i < kOpCount; ++i) {
    Op op;
    ASSERT_TRUE(find_op(kOps[i].prefix, kOps[i].code, op));
    EXPECT_EQ(static_cast<size_t>(op), i);
  }
  Op op;
  EXPECT_FALSE(find_op(0, 0xFF, op));
  EXPECT_FALSE(find_op(0xFD, 0x9A, op));
  EXPECT_FALSE(find_op(0xFD, 1u << 20, op));
}

TEST(Opcode, SignatureCounts) {
  EXPECT_EQ(info(Op::I32Add).pops, 2);
  EXPECT_EQ(info(Op::I32Add).pushes, 1);
  EXPECT_EQ(info(Op::I64Store).pops, 2);
  EXPECT_EQ(info(Op::I64Store).pushes, 0);
}

TEST(Features, ListsApplyLeftToRight) {
  Features f;
  EXPECT_TRUE(f.apply("-gc,+legacy-exceptions,-threads,threads"));
  EXPECT_FALSE(f.has(Feature::Gc));
  EXPECT_TRUE(f.has(Feature::LegacyExceptions));
  EXPECT_TRUE(f.has(Feature::Threads));
  EXPECT_TRUE(f.apply("none"));
  EXPECT_TRUE(f.has(Feature::Mvp));
  EXPECT_FALSE(f.has(Feature::Simd));
  auto bad = f.apply("+warp");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message().find("warp"), std::string::npos);
}

}  // namespace
}  // namespace skiff
