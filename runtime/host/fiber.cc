// Switching between the loop's stack and fibers.
#include "runtime/host/fiber.h"

#include "engine/base/check.h"
#include "engine/base/os_memory.h"
#include "wasi/os/clock.h"

#if defined(__SANITIZE_ADDRESS__)
#define SKIFF_HOST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SKIFF_HOST_ASAN 1
#endif
#endif
#if defined(SKIFF_HOST_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace skiff::host {
namespace {

// What the host may use below the lowest point that guests reach: host functions, and the server's own work that they
// set off.
constexpr uint64_t kHostReserve = 256 * 1024;

}  // namespace

// What the first switch to a fiber sends.
struct Fiber::Start : component::StackStart {
  Fibers* from;
  Fiber* to;
};

Fiber::~Fiber() {
  if (stack_) os_release(stack_, reserved_);
}

uintptr_t Fiber::guest_limit() const {
  return reinterpret_cast<uintptr_t>(stack_) + os_page_size() + kHostReserve;
}

uint64_t Fiber::ran_ns() const {
  return ran_ns_ + (state_ == State::Running ? wasi::host_monotonic_ns() - began_ns_ : 0);
}

// Runs one entry after the other, each to its end.
void Fiber::begin(component::StackArrival arrival) {
  const Start start = *static_cast<const Start*>(arrival.data);
  start.from->machine_ = arrival.from;
  Fiber& self = *start.to;
#if defined(SKIFF_HOST_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, &start.from->bottom_, &start.from->size_);
#endif
  for (;;) {
    self.entry_(self.data_);
    self.leave(State::Idle);
  }
}

// Back to the loop's stack; returns when the loop switches here again.
void Fiber::leave(State state) {
  state_ = state;
  guard_scope_ = current_guard_scope();
  restore_guard_scope(nullptr);
#if defined(SKIFF_HOST_ASAN)
  __sanitizer_start_switch_fiber(&fake_stack_, owner_.bottom_, owner_.size_);
#endif
  const component::StackArrival back = component::switch_stack(owner_.machine_, nullptr);
#if defined(SKIFF_HOST_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
  owner_.machine_ = back.from;
}

void Fiber::set_store(Store* store) {
  store_ = store;
  if (state_ == State::Running) owner_.slice_.begin(store);
}

void Fiber::park() {
  SKIFF_DCHECK(state_ == State::Running);
  if (!unparked_) leave(State::Parked);
  unparked_ = false;
}

void Fiber::unpark() {
  if (state_ != State::Parked) {
    unparked_ = true;
    return;
  }
  state_ = State::Ready;
  owner_.ready_.push_back(this);
}

void Fiber::yield() {
  SKIFF_DCHECK(state_ == State::Running);
  owner_.ready_.push_back(this);
  leave(State::Ready);
}

Fibers::Fibers(uint64_t stack_size, SliceWatch* watch) : stack_size_(stack_size), slice_(watch) {}

Fibers::~Fibers() { SKIFF_CHECK(in_use() == 0); }

Result<Fiber*> Fibers::spawn(Fiber::Entry entry, void* data) {
  if (free_.empty()) {
    const uint64_t page = os_page_size();
    const uint64_t size = (stack_size_ + kHostReserve + page - 1) & ~(page - 1);
    std::unique_ptr<Fiber> fiber(new Fiber(*this));
    fiber->stack_ = os_reserve(page + size);
    fiber->reserved_ = page + size;
    if (!fiber->stack_ || !os_commit(fiber->stack_ + page, size))
      return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "a stack for a request");
    fiber->bottom_ = fiber->stack_ + page;
    fiber->size_ = size;
    fiber->machine_ = component::prepare_stack(fiber->stack_ + fiber->reserved_, size);
    fiber->index_ = all_.size();
    free_.push_back(fiber.get());
    all_.push_back(std::move(fiber));
  }
  Fiber* fiber = free_.back();
  free_.pop_back();
  fiber->entry_ = entry;
  fiber->data_ = data;
  fiber->store_ = nullptr;
  fiber->ran_ns_ = 0;
  fiber->unparked_ = false;
  fiber->state_ = Fiber::State::Ready;
  ready_.push_back(fiber);
  return fiber;
}

void Fibers::switch_to(Fiber& fiber) {
  current_ = &fiber;
  fiber.state_ = Fiber::State::Running;
  slice_.begin(fiber.store_);
  fiber.began_ns_ = wasi::host_monotonic_ns();
  restore_guard_scope(fiber.guard_scope_);
#if defined(SKIFF_HOST_ASAN)
  __sanitizer_start_switch_fiber(&fake_stack_, fiber.bottom_, fiber.size_);
#endif
  Fiber::Start start{{&Fiber::begin}, this, &fiber};
  const component::StackArrival back = component::switch_stack(fiber.machine_, &start);
#if defined(SKIFF_HOST_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
  fiber.machine_ = back.from;
  fiber.ran_ns_ += wasi::host_monotonic_ns() - fiber.began_ns_;
  slice_.end();
  current_ = nullptr;
}

void Fibers::run() {
  SKIFF_DCHECK(!current_);
  for (size_t n = ready_.size(); n != 0; --n) {
    Fiber& fiber = *ready_.front();
    ready_.pop_front();
    switch_to(fiber);
    if (fiber.state_ == Fiber::State::Idle) release(fiber);
  }
}

// It has ended. Of many idle ones some go.
void Fibers::release(Fiber& fiber) {
  if (free_.size() < kKept) {
    free_.push_back(&fiber);
    return;
  }
  const size_t at = fiber.index_;
  std::swap(all_[at], all_.back());
  all_[at]->index_ = at;
  all_.pop_back();
}

}  // namespace skiff::host
