// Atomic wait and notify between threads, as two stores with one shared memory.
#include "engine/exec/atomics.h"

#include <thread>

#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"
#include "engine/exec/exec_test_support.h"

namespace skiff {
namespace {

constexpr int64_t kForEver = -1;
constexpr std::string_view kModule = R"((memory (import "m" "shared") 1 1 shared) (memory 1))";

class Atomics : public ::testing::Test {
 protected:
  Atomics() {
    Extern memory;
    memory.kind = ExternKind::Memory;
    memory.memory = *LinearMemory::create({.limits = {1, 1}, .shared = true}, default_tunables());
    bytes = memory.memory->bytes();
    for (testing::World* w : {&a, &b}) w->linker.define("m", "shared", memory);
    here = &a.make(kModule).ctx();
    there = &b.make(kModule).ctx();
  }
  // Notifies until `n` were woken: the waiters may not be there yet.
  void wake(uint64_t address, uint32_t n) {
    for (uint32_t total = 0; total < n; std::this_thread::yield()) {
      uint32_t woken = 0;
      ASSERT_EQ(libcall::atomic_notify(here, 0, address, n - total, woken), TrapCode::None);
      total += woken;
    }
  }
  testing::World a, b;
  VmCtx* here = nullptr;
  VmCtx* there = nullptr;
  std::span<uint8_t> bytes;
};

TEST_F(Atomics, ChecksComeFirst) {
  uint32_t out = 9;
  EXPECT_EQ(libcall::atomic_wait32(here, 0, 2, 0, 0, out), TrapCode::UnalignedAtomic);
  EXPECT_EQ(libcall::atomic_wait64(here, 0, 4, 0, 0, out), TrapCode::UnalignedAtomic);
  EXPECT_EQ(libcall::atomic_wait32(here, 0, 65536, 0, 0, out), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(libcall::atomic_wait32(here, 0, ~uint64_t{3}, 0, 0, out), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(libcall::atomic_notify(here, 0, 65536, 1, out), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(libcall::atomic_wait32(here, 1, 0, 0, 0, out), TrapCode::AtomicWaitNonShared);
  EXPECT_EQ(libcall::atomic_notify(here, 1, 0, 1, out), TrapCode::None);
  EXPECT_EQ(out, 0u);
}

TEST_F(Atomics, NotEqualAndTimeout) {
  uint32_t out = 9;
  EXPECT_EQ(libcall::atomic_wait32(here, 0, 8, 1, kForEver, out), TrapCode::None);
  EXPECT_EQ(out, 1u);
  EXPECT_EQ(libcall::atomic_wait64(here, 0, 8, 0, 0, out), TrapCode::None);
  EXPECT_EQ(out, 2u);
  EXPECT_EQ(libcall::atomic_wait32(here, 0, 8, 0, 2'000'000, out), TrapCode::None);
  EXPECT_EQ(out, 2u);
}

TEST_F(Atomics, NotifyReachesOtherStores) {
  for (int64_t timeout : {kForEver, std::numeric_limits<int64_t>::max()}) {
    uint32_t out = 9;
    std::thread waiter(
        [&] { EXPECT_EQ(libcall::atomic_wait32(there, 0, 16, 0, timeout, out), TrapCode::None); });
    wake(16, 1);
    waiter.join();
    EXPECT_EQ(out, 0u);
  }
}

TEST_F(Atomics, CountAndAddressAreRespected) {
  std::atomic<int> awake{0};
  std::vector<std::thread> waiters;
  for (uint64_t i = 0; i < 4; ++i)
    waiters.emplace_back([&, i] {
      uint32_t out = 9;
      EXPECT_EQ(libcall::atomic_wait32(there, 0, i == 3 ? 128 : 64, 0, kForEver, out), TrapCode::None);
      ++awake;
    });
  wake(64, 2);
  while (awake.load() < 2) std::this_thread::yield();
  EXPECT_EQ(awake.load(), 2);
  wake(64, 1);
  wake(128, 1);
  for (std::thread& t : waiters) t.join();
  uint32_t woken = 9;
  EXPECT_EQ(libcall::atomic_notify(here, 0, 64, ~0u, woken), TrapCode::None);
  EXPECT_EQ(woken, 0u);
}

TEST_F(Atomics, InterruptEndsAWait) {
  std::thread waiter([&] {
    uint32_t out = 9;
    EXPECT_EQ(libcall::atomic_wait64(there, 0, 32, 0, kForEver, out), TrapCode::Interrupted);
  });
  b.store->interrupt();
  waiter.join();
  // The other store is not affected, and ours waits again when cleared.
  b.store->clear_interrupt();
  uint32_t out = 9;
  EXPECT_EQ(libcall::atomic_wait32(there, 0, 32, 0, 1, out), TrapCode::None);
  EXPECT_EQ(libcall::atomic_wait32(here, 0, 32, 0, 1, out), TrapCode::None);
}

}  // namespace
}  // namespace skiff
