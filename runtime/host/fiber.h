// Fiber: a native stack on which one request's guest runs, from its store being made to its being destroyed. Fibers of
// one thread take turns with that thread's own stack (the loop's): a fiber runs until it parks, yields or ends. Whatever
// waits parks (wasi::ReactorScheduler); what computes for longer than a slice is made to yield (slice.h).
//
// The store that runs on a fiber must not be used from anywhere else until that has ended.
// Thread: one, that of its Fibers.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "component/exec/stack_switch.h"
#include "engine/base/result.h"
#include "engine/exec/signals.h"
#include "runtime/host/slice.h"
#include "wasi/os/reactor.h"

namespace skiff::host {

class Fibers;

class Fiber final : public wasi::Parker {
 public:
  using Entry = void (*)(void* data);
  ~Fiber() override;
  Fiber(const Fiber&) = delete;

  /// Stops until unpark(), which may have come before. Requires: this fiber runs.
  void park() override;
  /// Thread: the same.
  void unpark() override;
  /// Lets all others that are ready go first.
  void yield();

  /// Lowest address of the stack that guests may use; below it host functions have room.
  uintptr_t guest_limit() const;
  /// The store that runs here now, which is asked for attention when its slice is over; null: none.
  void set_store(Store* store);
  /// Time that it has been running since it was spawned. Units: nanoseconds
  uint64_t ran_ns() const;

 private:
  friend class Fibers;
  enum class State : uint8_t { Idle, Ready, Running, Parked };
  struct Start;

  explicit Fiber(Fibers& owner) : owner_(owner) {}
  [[noreturn]] static void begin(component::StackArrival arrival);
  void leave(State state);

  Fibers& owner_;
  uint8_t* stack_ = nullptr;
  uint64_t reserved_ = 0;
  size_t index_ = 0;           // in the owner's list
  component::StackPoint machine_ = nullptr;
  GuardScope* guard_scope_ = nullptr;
  Entry entry_ = nullptr;
  void* data_ = nullptr;
  Store* store_ = nullptr;
  State state_ = State::Idle;
  bool unparked_ = false;      // before it parked
  uint64_t ran_ns_ = 0;        // before it was last switched to
  uint64_t began_ns_ = 0;      // when that was
  // For sanitizers.
  const void* bottom_ = nullptr;
  size_t size_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
};

/// The fibers of one thread.
class Fibers {
 public:
  /// `stack_size`: bytes for guests on each. `watch`: may be null.
  Fibers(uint64_t stack_size, SliceWatch* watch);
  /// Requires: none is in use.
  ~Fibers();
  Fibers(const Fibers&) = delete;

  /// A fiber that will run entry(data) in the next run(). Errors: OutOfMemory.
  Result<Fiber*> spawn(Fiber::Entry entry, void* data);
  /// Runs each fiber that is ready now, once. Requires: called on the loop's stack.
  void run();
  bool has_ready() const { return !ready_.empty(); }
  /// Null on the loop's stack.
  Fiber* current() const { return current_; }
  /// Spawned and not ended.
  size_t in_use() const { return all_.size() - free_.size(); }

 private:
  friend class Fiber;
  static constexpr size_t kKept = 64;       // idle stacks
  void switch_to(Fiber& fiber);
  void release(Fiber& fiber);

  const uint64_t stack_size_;
  SliceSlot slice_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> free_;
  std::deque<Fiber*> ready_;
  Fiber* current_ = nullptr;
  // The loop's stack.
  component::StackPoint machine_ = nullptr;
  [[maybe_unused]] const void* bottom_ = nullptr;
  [[maybe_unused]] size_t size_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
};

}  // namespace skiff::host
