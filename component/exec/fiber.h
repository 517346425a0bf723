// Fiber: a native stack on which guests' threads run, with what the engine keeps for it (ExecContext). The
// stack of the host's own thread is a fiber too, that which was not made here.
//
// Fibers are symmetric: one switches to another, which goes on where it last switched away. They end by being
// destroyed while they wait for a new task, with nothing on their stacks.
// Thread: as the store, one at a time.
#pragma once

#include <cstdint>
#include <memory>

#include "component/exec/stack_switch.h"
#include "engine/exec/exec_context.h"

namespace skiff::component {

class Fiber {
 public:
  using Entry = void (*)(void* data);

  /// The stack that runs now. Errors: OutOfMemory
  static Result<std::unique_ptr<Fiber>> of_running(Store& store);
  /// A new stack; the first switch to it calls entry(data), which never returns. Errors: OutOfMemory
  static Result<std::unique_ptr<Fiber>> create(Store& store, Entry entry, void* data);
  ~Fiber();
  Fiber(const Fiber&) = delete;

  /// Leaves this fiber, which is running, for another one. Returns when something switches back.
  void switch_to(Fiber& other);

  /// For its owner: the next in a list of unused ones.
  std::unique_ptr<Fiber> next;

 private:
  Fiber() = default;
  struct Start;
  [[noreturn]] static void begin(StackArrival arrival);

  std::unique_ptr<ExecContext> context_;
  StackPoint machine_ = nullptr;     // where it was left
  uint8_t* stack_ = nullptr;         // reserved block, null for the host's own
  uint64_t reserved_ = 0;
  Entry entry_ = nullptr;
  void* data_ = nullptr;
  // For sanitizers: bounds of the stack, learned at the first switch for the host's own.
  const void* bottom_ = nullptr;
  size_t size_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
};

}  // namespace skiff::component
