#include "compiler/target/lsda.h"

#include <gtest/gtest.h>

namespace skiff::compiler {
namespace {

constexpr uintptr_t kFunction = 0x1000;

TEST(Lsda, UlebRows) {
  const uint8_t lsda[] = {
      0xFF,              // landing pads count from the function
      0x9B, 20,          // type table: indirect, pc-relative; its place is skipped
      0x01, 13,          // ULEB rows, 13 bytes
      0,    0x10, 0, 0,  // [0, 0x10): none
      0x10, 0x05, 0x80, 0x01, 1,  // [0x10, 0x15): pad at 0x80
      0x20, 0x10, 0x40, 0,        // [0x20, 0x30): pad at 0x40
  };
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x00), 0u);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x0F), 0u);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x10), kFunction + 0x80);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x14), kFunction + 0x80);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x15), 0u);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x2F), kFunction + 0x40);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x30), 0u);
}

TEST(Lsda, FixedRowsAndStart) {
  const uint8_t lsda[] = {
      0x02, 0x00, 0x20,            // landing pads count from 0x2000
      0xFF,                        // no type table
      0x03, 13,                    // four-byte rows
      0x08, 0, 0, 0, 0x04, 0, 0, 0, 0x24, 0x01, 0, 0, 0,
  };
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x07), 0u);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x0B), 0x2124u);
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction + 0x0C), 0u);
}

TEST(Lsda, EmptyTable) {
  const uint8_t lsda[] = {0xFF, 0xFF, 0x01, 0};
  EXPECT_EQ(find_landing_pad(lsda, kFunction, kFunction), 0u);
}

}  // namespace
}  // namespace skiff::compiler
