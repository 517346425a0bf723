// Reservations can be had, used and given back; impossible ones are refused, not fatal.
#include "engine/base/os_memory.h"

#include <gtest/gtest.h>

namespace skiff {
namespace {

TEST(OsMemory, CommittedPartsAreZeroAndWritable) {
  const uint64_t page = os_page_size();
  uint8_t* p = os_reserve(16 * page);
  ASSERT_NE(p, nullptr);
  ASSERT_TRUE(os_commit(p, page));
  EXPECT_EQ(p[page - 1], 0);
  p[page - 1] = 7;
  ASSERT_TRUE(os_commit(p, 3 * page));
  EXPECT_EQ(p[page - 1], 7);
  EXPECT_EQ(p[3 * page - 1], 0);
  os_release(p, 16 * page);
}

TEST(OsMemory, ImpossibleReservationsAreNull) {
  EXPECT_EQ(os_reserve(0), nullptr);
  EXPECT_EQ(os_reserve(~uint64_t{0}), nullptr);
  EXPECT_EQ(os_reserve(uint64_t{1} << 62), nullptr);
  EXPECT_FALSE(os_can_reserve(uint64_t{1} << 62, 1));
  EXPECT_TRUE(os_can_reserve(os_page_size(), 4));
}

TEST(OsMemory, ThreadStackHoldsALocal) {
  uintptr_t low = 0, high = 0;
  ASSERT_TRUE(os_thread_stack(low, high));
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  EXPECT_LT(low, here);
  EXPECT_LT(here, high);
}

}  // namespace
}  // namespace skiff
