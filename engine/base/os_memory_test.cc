// Reservations can be had, used and given back; impossible ones are refused, not fatal.
#include "engine/base/os_memory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

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

TEST(OsMemory, ProtectedPagesKeepTheirContents) {
  const uint64_t page = os_page_size();
  uint8_t* p = os_reserve(4 * page);
  ASSERT_TRUE(os_commit(p, 2 * page));
  p[page] = 7;
  ASSERT_TRUE(os_protect(p + page, page));
  ASSERT_TRUE(os_commit(p + page, page));
  EXPECT_EQ(p[page], 7);
  os_release(p, 4 * page);
}

TEST(OsMemory, PrivateCopiesOfAFile) {
  const uint64_t page = os_page_size();
  const std::vector<uint8_t> bytes(3 * page, 5);
  const int fd = os_make_memory_file(bytes.data(), bytes.size());
  if (fd < 0) GTEST_SKIP() << "no files in memory here";
  uint8_t* p = os_reserve(8 * page);
  ASSERT_TRUE(os_map_private(p + page, 3 * page, fd, 0));
  const uint8_t* original = os_map_readonly(3 * page, fd, 0);
  ASSERT_NE(original, nullptr);
  p[page] = 6;
  EXPECT_EQ(original[0], 5);
  EXPECT_EQ(p[2 * page], 5);
  ASSERT_TRUE(os_drop(p + page, 3 * page));
  EXPECT_EQ(p[page], 5);
  close(fd);
  os_release(p, 8 * page);
  os_release(const_cast<uint8_t*>(original), 3 * page);
}

// What the test knows to be written, and nothing else, is found; in a child after fork() too.
void expect_dirty_pages(DirtyPages& dirty, uint8_t* p, bool& known) {
  const uint64_t page = os_page_size();
  (void)*static_cast<volatile uint8_t*>(p);  // read: not dirty
  p[2 * page] = 1;
  p[3 * page + 1] = 0;
  p[9 * page] = 1;
  DirtyPages::Range ranges[8];
  const uint8_t* next = nullptr;
  const int n = dirty.find(p, p + 16 * page, ranges, 8, 100, next);
  if (n < 0) return;
  known = true;
  ASSERT_EQ(n, 2);
  const auto at = reinterpret_cast<uint64_t>(p);
  EXPECT_EQ(ranges[0].begin, at + 2 * page);
  EXPECT_EQ(ranges[0].end, at + 4 * page);
  EXPECT_EQ(ranges[1].begin, at + 9 * page);
  EXPECT_EQ(next, p + 16 * page);
  EXPECT_EQ(dirty.find(p, p + 16 * page, ranges, 1, 1, next), 1);
  EXPECT_EQ(next, p + 3 * page);
}

TEST(OsMemory, DirtyPagesAreFound) {
  const uint64_t page = os_page_size();
  DirtyPages dirty;
  uint8_t* p = os_reserve(16 * page);
  os_avoid_huge_pages(p, 16 * page);
  ASSERT_TRUE(os_commit(p, 16 * page));
  bool known = false;
  expect_dirty_pages(dirty, p, known);
  if (!known) GTEST_SKIP() << "this system does not tell";
  // In the child the same addresses are other pages.
  uint8_t* q = os_reserve(16 * page);
  os_avoid_huge_pages(q, 16 * page);
  ASSERT_TRUE(os_commit(q, 16 * page));
  const pid_t child = fork();
  if (child == 0) {
    bool known_here = false;
    expect_dirty_pages(dirty, q, known_here);
    _exit(known_here && !::testing::Test::HasFailure() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  os_release(p, 16 * page);
  os_release(q, 16 * page);
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
