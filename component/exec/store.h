// ComponentStore: what component instances have beyond the engine's store (Spec: CanonicalABI.md, Store):
// owner of instances, resource types and functions, and the scheduler of threads. Scheduling is
// deterministic: of several ready threads, that which began to wait first.
//
// Destroy it before the engine's store. Thread: as that, one at a time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "component/exec/fiber.h"
#include "component/exec/instance.h"
#include "component/exec/task.h"
#include "component/fuse/intrinsics.h"

namespace skiff::component {

struct ComponentLimits {
  uint32_t handles = 1'000'000;               // per instance, at a time
  uint64_t lifted_bytes = uint64_t{1} << 30;  // that the values of one call may take on the host
  uint32_t fibers = 100'000;                  // at a time
  uint32_t instances = 100'000;               // component instances, in all
  /// Components may call their own exports, those of the components that they contain, and of those they are in.
  bool related_calls = false;
  /// Calls between components go through compiled adapters where there are some; else all of them are interpreted.
  bool fused_calls = true;
};

class ComponentStore {
 public:
  static Result<std::unique_ptr<ComponentStore>> create(Store& core, ComponentLimits limits = {});
  ~ComponentStore();
  ComponentStore(const ComponentStore&) = delete;

  Store& core() { return core_; }
  const ComponentLimits& limits() const { return limits_; }

  /// Records a trap; returns false.
  bool trap(CmTrap trap, std::string_view detail = {});
  /// The same as an Outcome.
  Outcome trapped(CmTrap t, std::string_view detail = {}) { return trap(t, detail), Outcome::Trap; }

  // Things that live as long as the store.
  ComponentInstance* new_instance(ComponentInstance* parent, TypeTablePtr types);
  ResourceType* new_resource(ComponentInstance* impl, FuncInst* dtor, bool wide);
  /// Keeps something alive.
  void keep(std::shared_ptr<const void> thing) { kept_.push_back(std::move(thing)); }
  /// A function of sync type without parameters and results, for tasks that are no calls.
  const LiftedFunc& no_func(ComponentInstance& inst);
  size_t instance_count() const { return instances_.size(); }

  // Scheduling.
  /// Spec: current_thread; that of a fused call is made now. Null when no guest runs.
  Thread* current_thread();
  /// The fused call that runs (FusedCall::id), 0: the guest has been called otherwise.
  uint64_t& current_fused() { return current_fused_.slots[0].u64; }
  GlobalInst* current_fused_global() { return &current_fused_; }
  FuncInst* fuse_intrinsic(fuse::Intrinsic which);
  /// A new thread on a fiber, suspended. Null after a trap.
  Thread* new_thread(std::shared_ptr<Task> task, Thread::Body body);
  /// Spec: Thread.resume
  Outcome resume(Thread& thread, Wake wake = Wake::Normal);
  /// Runs one ready thread, if there is one. Spec: tick. Requires: no guest runs.
  Outcome tick(bool& progressed);
  /// True while guests run.
  bool busy() const { return nesting_ != 0; }
  /// Lets the host's asynchronous calls and streams go on; `wait`: until something has happened. `progressed`: something
  /// has; false after waiting: there is nothing to wait for. Trap: recorded.
  std::function<Outcome(bool wait, bool& progressed)> wait_for_host;
  /// The same for guests that never wait: now and then, without waiting.
  Outcome poll_host() {
    constexpr uint32_t kTurns = 32;
    if (!wait_for_host || ++turns_ % kTurns != 0) return Outcome::Ok;
    bool progressed = false;
    return wait_for_host(false, progressed);
  }

  /// Makes `thread` the current one while it lives.
  class Current {
   public:
    Current(ComponentStore& store, Thread& thread)
        : store_(store), outer_(store.current_), outer_fused_(std::exchange(store.current_fused(), 0)) {
      store.current_ = &thread;
    }
    ~Current() { store_.restore(outer_, outer_fused_); }
    Current(const Current&) = delete;

   private:
    ComponentStore& store_;
    Thread* outer_;
    uint64_t outer_fused_;
  };
  /// Spec: nesting_depth.
  void begin_nested() { ++nesting_; }
  void end_nested() { --nesting_; }
  /// The same while it lives.
  class Nesting {
   public:
    explicit Nesting(ComponentStore& store) : store_(store) { ++store_.nesting_; }
    ~Nesting() { --store_.nesting_; }
    Nesting(const Nesting&) = delete;

   private:
    ComponentStore& store_;
  };

 private:
  friend class Thread;
  // What whoever resumed a thread is told when it comes back.
  struct Message {
    enum class Kind : uint8_t { Blocked, Finished, Trapped } kind = Kind::Blocked;
    Thread* next = nullptr;         // Blocked: goes on instead
  };
  struct Resumed {
    Outcome outcome = Outcome::Ok;
    Thread* handoff = nullptr;      // a direct thread of this stack is to go on
  };

  ComponentStore(Store& core, ComponentLimits limits) : core_(core), limits_(limits) { current_fused() = 0; }
  /// What ran before runs again. Fused calls that are left are so because of a trap.
  void restore(Thread* current, uint64_t fused) {
    if (current_fused()) [[unlikely]] abandon_fused();
    current_ = current;
    current_fused() = fused;
  }
  void abandon_fused();
  Wake block(Thread& thread, bool cancellable, Thread* next);
  Wake block_in_place(Thread& thread, Thread* next);
  Resumed resume_chain(Thread* thread, Wake wake);
  Resumed run_chain(Thread* thread, Wake wake);
  Thread* candidate(Thread& blocked);
  void end_threads();
  static void fiber_main(void* store);
  bool provide_fiber(Thread& thread);
  void switch_fiber(Fiber& to);
  void finish(Thread& thread);

  Store& core_;
  ComponentLimits limits_;
  TypeTablePtr own_types_;
  TypeId no_func_type_ = kNoType;
  std::vector<std::unique_ptr<ComponentInstance>> instances_;
  std::deque<ResourceType> resources_;
  std::vector<std::shared_ptr<const void>> kept_;

  Thread* current_ = nullptr;
  GlobalInst current_fused_;
  FuncInst* intrinsics_[fuse::kIntrinsicCount] = {};
  uint32_t nesting_ = 0;
  uint32_t turns_ = 0;
  bool ending_ = false;
  std::vector<Thread*> waiting_;                     // in the order in which they began to
  std::vector<std::unique_ptr<Thread>> fiber_threads_;  // not direct, not finished
  std::unique_ptr<Fiber> root_;                      // the host's stack
  Fiber* running_fiber_ = nullptr;
  std::unique_ptr<Fiber> free_fibers_;               // a list
  uint32_t fiber_count_ = 0;
  Thread* starting_ = nullptr;                       // what a fiber that is switched to shall run
  Message message_;
};

}  // namespace skiff::component
