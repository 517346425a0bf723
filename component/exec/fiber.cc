// Fibers on stack_switch.h. Stacks have an inaccessible page below them.
#include "component/exec/fiber.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/os_memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define SKIFF_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SKIFF_FIBER_ASAN 1
#endif
#endif
#if defined(SKIFF_FIBER_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace skiff::component {
namespace {

// What host functions may use below the lowest point that guests reach, and how much guests get at most.
constexpr uint64_t kHostReserve = 256 * 1024;
constexpr uint64_t kGuestStack = 1024 * 1024;

}  // namespace

// What the first switch to a fiber carries, on the stack of whoever switches.
struct Fiber::Start : StackStart {
  Fiber* from;
  Fiber* to;
};

Result<std::unique_ptr<Fiber>> Fiber::of_running(Store& store) {
  std::unique_ptr<Fiber> fiber(new Fiber);
  fiber->context_ = SKIFF_TRY(ExecContext::of_running(store));
  return fiber;
}

Result<std::unique_ptr<Fiber>> Fiber::create(Store& store, Entry entry, void* data) {
  const uint64_t page = os_page_size();
  const uint64_t guest = std::min(store.engine().tunables().stack_size, kGuestStack);
  const uint64_t size = (guest + kHostReserve + page - 1) & ~(page - 1);
  std::unique_ptr<Fiber> fiber(new Fiber);
  fiber->stack_ = os_reserve(page + size);
  fiber->reserved_ = page + size;
  if (!fiber->stack_ || !os_commit(fiber->stack_ + page, size))
    return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "a stack for a task");
  fiber->entry_ = entry;
  fiber->data_ = data;
  fiber->bottom_ = fiber->stack_ + page;
  fiber->size_ = size;
  const auto limit = reinterpret_cast<uintptr_t>(fiber->stack_ + page + kHostReserve);
  fiber->context_ = SKIFF_TRY(ExecContext::of_new_stack(store, limit, guest));
  fiber->machine_ = prepare_stack(fiber->stack_ + fiber->reserved_, size);
  return fiber;
}

// The first thing that runs on a new stack: takes note of who came from where, then the entry.
void Fiber::begin(StackArrival arrival) {
  const Start start = *static_cast<const Start*>(arrival.data);
  start.from->machine_ = arrival.from;
  start.from->context_->left_at(arrival.from);
#if defined(SKIFF_FIBER_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, &start.from->bottom_, &start.from->size_);
#endif
  start.to->entry_(start.to->data_);
  SKIFF_CHECK(!"a fiber's entry returned");
  __builtin_unreachable();
}

Fiber::~Fiber() {
  if (stack_) os_release(stack_, reserved_);
}

void Fiber::switch_to(Fiber& other) {
  SKIFF_DCHECK(&other != this);
  context_->leave();
  other.context_->enter();
#if defined(SKIFF_FIBER_ASAN)
  __sanitizer_start_switch_fiber(&fake_stack_, other.bottom_, other.size_);
#endif
  Start start{{&Fiber::begin}, this, &other};
  const StackArrival back = switch_stack(other.machine_, &start);
  // Somebody switched back.
  const Start arrival = *static_cast<const Start*>(back.data);
#if defined(SKIFF_FIBER_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack_, &arrival.from->bottom_, &arrival.from->size_);
#endif
  arrival.from->machine_ = back.from;
  arrival.from->context_->left_at(back.from);
}

}  // namespace skiff::component
