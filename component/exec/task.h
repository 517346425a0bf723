// Threads and tasks (Spec: CanonicalABI.md, Threads and Tasks, whose names these are). A task is one call
// of a lifted function; threads are what runs guests' code: one implicit thread a task, others as guests make
// them.
//
// Threads of functions of async type run on fibers of their own. The implicit thread of a sync call is
// `direct`: it runs on the stack of whoever called. When it blocks, its stack runs the other ready threads of
// its instance until it can go on, which is what the specification has the caller of such a thread do.
//
// Thread: as the store, one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "component/abi/trap.h"
#include "component/abi/value.h"
#include "component/exec/fiber.h"
#include "engine/exec/store.h"

namespace skiff::component {

class ComponentInstance;
class ComponentStore;
class Task;
class LiftedFunc;
class LiftLowerContext;
class FlatReader;
class FlatWriter;

/// How a blocked thread goes on.
enum class Wake : uint8_t { Normal, Cancelled, Trap };

/// A predicate that lives elsewhere.
struct Ready {
  bool (*test)(void*) = nullptr;
  void* data = nullptr;
  bool operator()() const { return test(data); }
};

class Thread {
 public:
  /// What the thread does, on a fiber. Trap: recorded.
  using Body = Outcome (*)(Thread& thread);

  /// Direct: on the running stack. Spec: current_thread becomes this one.
  Thread(ComponentStore& store, Task* task) : store(store), task(task) {}
  ~Thread();
  Thread(const Thread&) = delete;

  bool running() const { return running_; }
  bool waiting() const { return waiting_; }
  bool suspended() const { return !running_ && !waiting_; }
  bool ready() const { return waiting_ && ready_(); }
  /// Its task is not sync, or something else could run meanwhile.
  bool may_block();

  // Blocking operations. Requires: this is the current thread.
  Wake suspend(bool cancellable);
  /// Of what the specification leaves open: goes on at once when the test holds already.
  template <class F>
  Wake wait_until(F&& test, bool cancellable) {
    if (take_cancellation(cancellable)) return Wake::Cancelled;
    return test() ? Wake::Normal : yield_until(test, cancellable);
  }
  /// The same, but lets others go first in any case.
  template <class F>
  Wake yield_until(F&& test, bool cancellable) {
    return wait_for({[](void* data) { return static_cast<bool>((*static_cast<std::remove_reference_t<F>*>(data))()); }, &test},
                    cancellable);
  }
  Wake yield(bool cancellable);
  Wake suspend_then_resume(bool cancellable, Thread& other);
  Wake yield_then_resume(bool cancellable, Thread& other);
  Wake suspend_then_promote(bool cancellable, Thread& other);
  Wake yield_then_promote(bool cancellable, Thread& other);
  /// Spec: resume_later. Requires: suspended.
  void resume_later();

  ComponentStore& store;
  Task* task;                       // null while realloc runs
  uint32_t index = 0;               // in the instance's thread table
  uint64_t storage[2] = {0, 0};     // context.get, context.set
  bool cancellable = false;
  FuncInst* start_func = nullptr;   // explicit threads: what they run, with what
  uint64_t start_arg = 0;

 private:
  friend class ComponentStore;
  Wake wait_for(Ready ready, bool cancellable);
  bool take_cancellation(bool cancellable);
  void start_waiting(Ready ready);
  void stop_waiting();

  bool running_ = true;             // direct threads run at once
  bool waiting_ = false;
  bool direct_ = true;
  Wake wake_ = Wake::Normal;
  Ready ready_;
  Body body_ = nullptr;             // not direct
  Fiber* home_ = nullptr;           // whose stack it is on; null: has not started
  Fiber* handler_ = nullptr;        // who goes on when it blocks or ends
  // Not direct:
  std::shared_ptr<Task> keep_;
  std::unique_ptr<Fiber> fiber_;
  size_t position_ = 0;             // in the store's fiber_threads_
};

/// The caller's side of a call (Spec: OnStart, OnResolve). Functions return false when they trapped.
class CallSide {
 public:
  virtual ~CallSide() = default;
  /// Lifts the arguments, when the callee is ready for them.
  virtual bool on_start(std::vector<Val>& args) = 0;
  /// Gives the result. `result` is null when the function has none.
  virtual bool on_resolve(Val* result) = 0;
  virtual bool on_cancelled() = 0;

  // The same from memory to memory, for callers that are components.
  virtual bool is_flat(const ComponentInstance& callee) const { return false; }
  /// Arguments as flat values of the callee. Requires: is_flat.
  virtual bool start_flat(LiftLowerContext& to, const FuncType& type, FlatWriter& out) { return false; }
  /// The result from flat values of the callee, at most `max_flat`. Requires: is_flat.
  virtual bool resolve_flat(LiftLowerContext& from, const FuncType& type, uint32_t max_flat, FlatReader& in) {
    return false;
  }
};
using CallSidePtr = std::shared_ptr<CallSide>;
/// One that outlives the call anyway.
inline CallSidePtr borrowed(CallSide& side) { return CallSidePtr(CallSidePtr(), &side); }

/// What the caller can cancel: a task of ours, or a call of the host (Spec: OnCancel).
class Callee {
 public:
  virtual ~Callee() = default;
  virtual Outcome request_cancellation(ComponentInstance* caller) = 0;
};
using CalleePtr = std::shared_ptr<Callee>;

class Task final : public Callee, public std::enable_shared_from_this<Task> {
 public:
  enum class State : uint8_t { Initial, Started, PendingCancel, CancelDelivered, Resolved };

  Task(const LiftedFunc& func, CallSidePtr side);
  ~Task() override;

  bool needs_exclusive() const;
  /// Waits until the instance takes the task. Cancelled: the task is over. Spec: enter_implicit_thread
  Wake enter_implicit_thread(Thread& thread);
  bool exit_implicit_thread();
  bool register_thread(Thread& thread);
  /// False: the last thread ends without the task being resolved.
  bool unregister_thread(Thread& thread);

  Outcome request_cancellation(ComponentInstance* caller) override;
  bool deliver_pending_cancel(bool cancellable);
  /// Spec: start, and lowering of what it gives.
  bool start(LiftLowerContext& to, FlatWriter& out);
  /// Spec: return_, after lifting the result from at most `max_flat` flat values.
  bool return_(LiftLowerContext& from, uint32_t max_flat, FlatReader& in);
  bool cancel();
  /// It will never have a result: a trap ended it, or the store ends.
  void abandon() { side_.reset(); }

  /// Requires: made by make_shared; so are the tasks of instances that make threads.
  std::shared_ptr<Task> share() { return shared_from_this(); }

  const LiftedFunc& func;
  ComponentInstance& inst;
  State state = State::Initial;
  bool from_component = false;      // the caller is one
  uint32_t num_borrows = 0;
  Thread* implicit_thread = nullptr;
  std::vector<Thread*> threads;

 private:
  bool let_exclusive_go_on();
  CallSidePtr side_;
};

}  // namespace skiff::component
