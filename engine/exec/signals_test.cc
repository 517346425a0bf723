// The fault handler claims exactly what is ours: thread, address and code must all match.
#include "engine/exec/signals.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include <csignal>
#include <thread>

#include "engine/base/os_memory.h"

namespace skiff {
namespace {

// The only code in which faults are claimed here. Followed by a function that marks its end is not portable,
// so its size is bounded generously.
[[gnu::noinline, gnu::no_sanitize("address", "thread", "undefined")]] uint32_t faulting_load(
    volatile uint8_t* p) {
  return *p;
}
constexpr size_t kCodeBytes = 64;

const uint8_t* code_begin() { return reinterpret_cast<const uint8_t*>(&faulting_load); }

struct Jump {
  jmp_buf buffer;
  GuardScope* scope = nullptr;
};

void land(void* cookie) { longjmp(static_cast<Jump*>(cookie)->buffer, 1); }

// 0: loaded, 1: landed.
int try_load(uint8_t* p, uintptr_t* fault_address = nullptr) {
  Jump jump;
  GuardScope scope(land, &jump);
  if (setjmp(jump.buffer) != 0) {
    if (fault_address) *fault_address = scope.fault_address;
    return 1;
  }
  faulting_load(p);
  return 0;
}

class Signals : public ::testing::Test {
 protected:
  static constexpr uint64_t kSize = 1 << 20;
  void SetUp() override {
    page_ = os_page_size();
    region_ = os_reserve(kSize);
    ASSERT_TRUE(os_commit(region_, page_));
    ASSERT_TRUE(install_fault_handler().has_value());
    add_guarded_range(region_, region_ + kSize);
    add_code_range(code_begin(), code_begin() + kCodeBytes);
  }
  void TearDown() override {
    remove_code_range(code_begin(), code_begin() + kCodeBytes);
    remove_guarded_range(region_, region_ + kSize);
    os_release(region_, kSize);
  }
  uint64_t page_ = 0;
  uint8_t* region_ = nullptr;
};

TEST_F(Signals, GuardedFaultsLandAgainAndAgain) {
  EXPECT_EQ(try_load(region_), 0);
  for (int i = 0; i < 3; ++i) {
    uintptr_t where = 0;
    EXPECT_EQ(try_load(region_ + page_ + 5, &where), 1);
    EXPECT_EQ(where, reinterpret_cast<uintptr_t>(region_ + page_ + 5));
  }
  EXPECT_EQ(current_guard_scope(), nullptr);
}

TEST_F(Signals, OnOtherThreadsToo) {
  std::thread([&] { EXPECT_EQ(try_load(region_ + page_), 1); }).join();
}

TEST_F(Signals, InnermostScopeLands) {
  Jump outer;
  GuardScope scope(land, &outer);
  if (setjmp(outer.buffer) != 0) FAIL() << "wrong scope";
  EXPECT_EQ(try_load(region_ + page_), 1);
  EXPECT_EQ(current_guard_scope(), &scope);
}

TEST_F(Signals, ManyRanges) {
  for (uint8_t* p = region_; p < region_ + 200; ++p) add_guarded_range(p + kSize, p + kSize + 1);
  for (uint8_t* p = region_; p < region_ + 200; ++p) remove_guarded_range(p + kSize, p + kSize + 1);
  EXPECT_EQ(try_load(region_ + page_), 1);
}

// What is not ours reaches the handler that was there before: first the default action ...
using SignalsDeathTest = Signals;

TEST_F(SignalsDeathTest, WithoutScope) {
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_DEATH(faulting_load(region_ + page_), "");
}

TEST_F(SignalsDeathTest, OutsideGuardedRanges) {
  GTEST_FLAG_SET(death_test_style, "fast");
  uint8_t* other = os_reserve(page_);
  EXPECT_DEATH(try_load(other), "");
  os_release(other, page_);
}

TEST_F(SignalsDeathTest, OutsideCodeRanges) {
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_DEATH(
      {
        Jump jump;
        GuardScope scope(land, &jump);
        if (setjmp(jump.buffer) == 0) region_[page_] = 1;
        _exit(0);
      },
      "");
}

TEST_F(SignalsDeathTest, SentSignalsHaveTheirDefaultEffect) {
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_DEATH(
      {
        Jump jump;
        GuardScope scope(land, &jump);
        raise(SIGSEGV);
        _exit(0);
      },
      "");
}

// ... or, in a process that had one before us, that one. Needs a fresh process: handlers install once.
void earlier_handler(int, siginfo_t*, void*) {
  constexpr char kText[] = "earlier handler\n";
  [[maybe_unused]] auto n = write(2, kText, sizeof kText - 1);
  _exit(3);
}

TEST(SignalsChainDeathTest, EarlierHandlerIsCalled) {
  if (std::getenv("SKIFF_EMULATED")) GTEST_SKIP() << "qemu-user cannot execute this program again";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        struct sigaction action = {};
        action.sa_sigaction = earlier_handler;
        action.sa_flags = SA_SIGINFO;
        sigaction(SIGSEGV, &action, nullptr);
        if (!install_fault_handler()) _exit(1);
        uint8_t* p = os_reserve(os_page_size());
        Jump jump;
        GuardScope scope(land, &jump);
        faulting_load(p);
      },
      ::testing::ExitedWithCode(3), "earlier handler");
}

}  // namespace
}  // namespace skiff
