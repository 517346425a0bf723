// Linear memories: sizes at their edges, hostile types, growth, sharing.
#include "engine/exec/memory.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/exec/exec_test_support.h"

namespace skiff {
namespace {

constexpr uint64_t kPage = 65536;
constexpr uint64_t kNo = ~uint64_t{0};

Tunables checked() {
  Tunables t = default_tunables();
  t.guard_pages = false;
  return t;
}

std::shared_ptr<LinearMemory> make(const MemoryType& type, const Tunables& tunables) {
  auto memory = LinearMemory::create(type, tunables);
  if (!memory) return ADD_FAILURE() << memory.error().message(), nullptr;
  return *memory;
}

class Memories : public ::testing::TestWithParam<bool> {
 protected:
  Memories() {
    if (!GetParam()) tunables = checked();
  }
  Tunables tunables = default_tunables();
};
INSTANTIATE_TEST_SUITE_P(GuardedAndChecked, Memories, ::testing::Bool());

TEST_P(Memories, GrowToMaximumAndNoFurther) {
  auto m = make({.limits = {1, 3}}, tunables);
  EXPECT_EQ(m->guarded(), tunables.guard_pages);
  uint8_t* base = m->inst()->base;
  base[kPage - 1] = 5;
  EXPECT_EQ(m->grow(0), 1u);
  EXPECT_EQ(m->grow(3), kNo);
  EXPECT_EQ(m->grow(kNo), kNo);
  EXPECT_EQ(m->grow(uint64_t{1} << 48), kNo);
  EXPECT_EQ(m->grow(2), 1u);
  EXPECT_EQ(m->pages(), 3u);
  EXPECT_EQ(m->grow(1), kNo);
  EXPECT_EQ(m->grow(0), 3u);
  EXPECT_EQ(m->inst()->base, base);
  EXPECT_EQ(base[kPage - 1], 5);
  EXPECT_EQ(base[3 * kPage - 1], 0);
}

TEST_P(Memories, ZeroPagesAndNoMaximum) {
  auto m = make({}, tunables);
  EXPECT_EQ(m->bytes().size(), 0u);
  EXPECT_NE(m->inst()->base, nullptr);
  EXPECT_EQ(m->grow(65536), 0u);
  EXPECT_EQ(m->pages(), 65536u);
  EXPECT_EQ(m->grow(1), kNo);
  m->bytes().back() = 1;  // lazily there
  EXPECT_EQ(make({.limits = {0, 0}}, tunables)->grow(1), kNo);
}

TEST_P(Memories, LargestMinimumIsLazy) {
  auto m = make({.limits = {65536, 65536}}, tunables);
  EXPECT_EQ(m->bytes().size(), uint64_t{1} << 32);
  m->bytes().back() = 1;
  EXPECT_EQ(m->bytes().front(), 0);
}

TEST_P(Memories, PagesOfOneByte) {
  auto m = make({.limits = {3, 5000}, .page_size_log2 = 0}, tunables);
  EXPECT_FALSE(m->guarded());
  EXPECT_EQ(m->bytes().size(), 3u);
  EXPECT_EQ(m->grow(4094), 3u);
  EXPECT_EQ(m->pages(), 4097u);
  m->bytes().back() = 1;
  EXPECT_EQ(m->grow(904), kNo);
  EXPECT_EQ(m->grow(903), 4097u);
}

TEST_P(Memories, HostileTypesAreRefused) {
  for (uint64_t min :
       {uint64_t{1} << 34, uint64_t{1} << 47, (uint64_t{1} << 48) - 1, uint64_t{1} << 48, kNo}) {
    auto m = LinearMemory::create({.limits = {min, {}}, .address = AddressType::I64}, tunables);
    ASSERT_FALSE(m.has_value()) << min;
    EXPECT_EQ(m.error().code, ErrorCode::OutOfMemory);
    EXPECT_EQ(m.error().phase(), Phase::Resource);
  }
  auto bytes =
      LinearMemory::create({.limits = {kNo, {}}, .address = AddressType::I64, .page_size_log2 = 0}, tunables);
  EXPECT_FALSE(bytes.has_value());
}

TEST_P(Memories, HugeMaximumOf64BitMemoryIsOnlyAnUpperBound) {
  auto m = make({.limits = {1, uint64_t{1} << 48}, .address = AddressType::I64}, tunables);
  EXPECT_FALSE(m->guarded());
  EXPECT_EQ(m->grow(uint64_t{1} << 47), kNo);
  EXPECT_EQ(m->grow(1), 1u);
}

TEST(Memory, ReservationBoundsGrowthOfCheckedOnes) {
  Tunables t = checked();
  t.memory_reservation = 4 * kPage;
  auto m = make({.limits = {1, {}}}, t);
  EXPECT_EQ(m->grow(4), kNo);
  EXPECT_EQ(m->grow(3), 1u);
  EXPECT_EQ(make({.limits = {9, {}}}, t)->grow(1), kNo);
}

TEST(Memory, SharedOnesGrowFromManyThreads) {
  auto m = make({.limits = {0, 400}, .shared = true}, default_tunables());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 100; ++k) EXPECT_NE(m->grow(1), kNo);
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(m->pages(), 400u);
  EXPECT_EQ(m->grow(1), kNo);
}

TEST(Memory, StoreLimitsHoldWhenMadeAndGrown) {
  testing::World world(testing::return_ok, testing::test_config(), {.memory_bytes = 4 * kPage});
  auto a = world.store->new_memory({.limits = {1, {}}});
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ((*a)->grow(2), 1u);
  EXPECT_EQ(world.store->new_memory({.limits = {2, {}}}).error().code, ErrorCode::LimitExceeded);
  auto b = world.store->new_memory({.limits = {1, {}}});
  ASSERT_TRUE(b.has_value());
  EXPECT_EQ((*a)->grow(1), kNo);
  EXPECT_EQ((*b)->grow(1), kNo);
  EXPECT_EQ(world.failure("(memory 1)"), "limit exceeded: bytes of memory of this store");
  // Who holds a memory may grow it after the store is gone.
  world.store.reset();
  EXPECT_EQ((*a)->grow(1), 3u);
}

}  // namespace
}  // namespace skiff
