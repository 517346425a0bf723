// The parking lot: threads that wait, in buckets by address. It is process-wide because shared memories are:
// two stores that know nothing of each other can share one. It is one of the two places in the engine with
// global state (the other is signals.cc), constant-initialised and never destroyed.
//
// A waiter is a node on its own stack. Its fields are guarded by its bucket's mutex; who removes it from the
// list sets `woken` and signals while holding the mutex, after which the node may be gone. No wake-up is
// lost: the value in memory is compared under the mutex that a notifier must take.
#include "engine/exec/atomics.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "engine/base/bits.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"

namespace skiff {
namespace {

using Clock = std::chrono::steady_clock;

enum WaitResult : uint32_t { kWoken = 0, kNotEqual = 1, kTimedOut = 2 };  // Spec: the instruction's results

struct Waiter {
  const void* address = nullptr;
  const VmStore* vm = nullptr;
  bool woken = false;
  std::condition_variable wake;
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
};

// Waiters in order of arrival.
struct Bucket {
  std::mutex mutex;
  Waiter* first = nullptr;
  Waiter* last = nullptr;

  void append(Waiter& w) {
    w.previous = last;
    (last ? last->next : first) = &w;
    last = &w;
  }
  void remove(Waiter& w) {
    (w.previous ? w.previous->next : first) = w.next;
    (w.next ? w.next->previous : last) = w.previous;
  }
};

constinit std::array<Bucket, 64> buckets{};

Bucket& bucket_of(const void* address) {
  // Fibonacci hashing: the top bits of the product are well mixed.
  static_assert(buckets.size() == 64);
  return buckets[(reinterpret_cast<uint64_t>(address) * 0x9E37'79B9'7F4A'7C15u) >> 58];
}

// Waits until woken, `deadline` (if any) or interruption. Requires: `lock` holds the bucket's mutex.
TrapCode park(Bucket& bucket, std::unique_lock<std::mutex>& lock, Waiter& self,
              const Clock::time_point* deadline, uint32_t& out) {
  bucket.append(self);
  bool timed_out = false;
  while (!self.woken && !timed_out && !(self.vm->interrupt.load(std::memory_order_relaxed) & kInterruptStop)) {
    if (deadline)
      timed_out = self.wake.wait_until(lock, *deadline) == std::cv_status::timeout;
    else
      self.wake.wait(lock);
  }
  if (self.woken) {
    out = kWoken;
    return TrapCode::None;
  }
  bucket.remove(self);
  if (self.vm->interrupt.load(std::memory_order_relaxed) & kInterruptStop) return TrapCode::Interrupted;
  out = kTimedOut;
  return TrapCode::None;
}

// Checks of all atomic accesses by address. Spec (threads): alignment is exact, whatever the immediate says.
TrapCode check_access(const MemoryInst& memory, uint64_t address, uint64_t width) {
  if (address % width != 0) return TrapCode::UnalignedAtomic;
  if (!in_bounds(address, width, memory.byte_length.load(std::memory_order_acquire)))
    return TrapCode::MemoryOutOfBounds;
  return TrapCode::None;
}

template <class T>
TrapCode wait(VmCtx* ctx, uint32_t memory, uint64_t address, T expected, int64_t timeout_ns, uint32_t& out) {
  const MemoryInst& inst = *ctx->memories[memory];
  if (const TrapCode trap = check_access(inst, address, sizeof(T)); trap != TrapCode::None) return trap;
  if (!ctx->instance->memory(memory)->type().shared) return TrapCode::AtomicWaitNonShared;

  auto* cell = reinterpret_cast<T*>(inst.base + address);
  // Times beyond a century are for ever; so the sum with the clock cannot overflow.
  constexpr int64_t kForEver = int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;
  const bool bounded = timeout_ns >= 0 && timeout_ns < kForEver;
  const Clock::time_point deadline = Clock::now() + std::chrono::nanoseconds(bounded ? timeout_ns : 0);

  Bucket& bucket = bucket_of(cell);
  Waiter self;
  self.address = cell;
  self.vm = ctx->vm_store;
  std::unique_lock lock(bucket.mutex);
  if (std::atomic_ref<T>(*cell).load(std::memory_order_seq_cst) != expected) {
    out = kNotEqual;
    return TrapCode::None;
  }
  return park(bucket, lock, self, bounded ? &deadline : nullptr, out);
}

}  // namespace

void wake_interrupted(const VmStore& vm) {
  for (Bucket& bucket : buckets) {
    std::lock_guard lock(bucket.mutex);
    for (Waiter* w = bucket.first; w; w = w->next)
      if (w->vm == &vm) w->wake.notify_one();
  }
}

namespace libcall {

TrapCode atomic_notify(VmCtx* ctx, uint32_t memory, uint64_t address, uint32_t count, uint32_t& woken) {
  const MemoryInst& inst = *ctx->memories[memory];
  if (const TrapCode trap = check_access(inst, address, 4); trap != TrapCode::None) return trap;
  const void* cell = inst.base + address;
  woken = 0;
  Bucket& bucket = bucket_of(cell);
  std::lock_guard lock(bucket.mutex);
  for (Waiter* w = bucket.first; w && woken < count;) {
    Waiter* next = w->next;
    if (w->address == cell) {
      bucket.remove(*w);
      w->woken = true;
      w->wake.notify_one();
      ++woken;
    }
    w = next;
  }
  return TrapCode::None;
}

TrapCode atomic_wait32(VmCtx* ctx, uint32_t memory, uint64_t address, uint32_t expected, int64_t timeout_ns,
                       uint32_t& out) {
  return wait<uint32_t>(ctx, memory, address, expected, timeout_ns, out);
}

TrapCode atomic_wait64(VmCtx* ctx, uint32_t memory, uint64_t address, uint64_t expected, int64_t timeout_ns,
                       uint32_t& out) {
  return wait<uint64_t>(ctx, memory, address, expected, timeout_ns, out);
}

}  // namespace libcall
}  // namespace skiff
