// Threads and tasks, method by method as in the specification.
#include "component/exec/task.h"

#include <algorithm>

#include "component/exec/func.h"
#include "component/exec/store.h"
#include "engine/base/check.h"

namespace skiff::component {

// ---- threads

Thread::~Thread() {
  if (waiting_) stop_waiting();
}

void Thread::start_waiting(Ready ready) {
  SKIFF_DCHECK(!waiting_);
  ready_ = ready;
  waiting_ = true;
  store.waiting_.push_back(this);
}

void Thread::stop_waiting() {
  SKIFF_DCHECK(waiting_);
  waiting_ = false;
  std::vector<Thread*>& waiting = store.waiting_;
  waiting.erase(std::find(waiting.begin(), waiting.end(), this));
}

namespace {

constexpr Ready kAlways{[](void*) { return true; }, nullptr};

}  // namespace

void Thread::resume_later() {
  SKIFF_DCHECK(suspended());
  start_waiting(kAlways);
}

bool Thread::take_cancellation(bool cancellable_) { return task->deliver_pending_cancel(cancellable_); }

Wake Thread::wait_for(Ready ready, bool cancellable_) {
  if (task->deliver_pending_cancel(cancellable_)) return Wake::Cancelled;
  start_waiting(ready);
  return store.block(*this, cancellable_, nullptr);
}

bool Thread::may_block() { return !direct_ || store.candidate(*this) != nullptr; }

Wake Thread::suspend(bool cancellable_) {
  if (task->deliver_pending_cancel(cancellable_)) return Wake::Cancelled;
  return store.block(*this, cancellable_, nullptr);
}

Wake Thread::yield(bool cancellable_) { return wait_for(kAlways, cancellable_); }

Wake Thread::suspend_then_resume(bool cancellable_, Thread& other) {
  SKIFF_DCHECK(other.suspended());
  if (task->deliver_pending_cancel(cancellable_)) return Wake::Cancelled;
  return store.block(*this, cancellable_, &other);
}

Wake Thread::yield_then_resume(bool cancellable_, Thread& other) {
  SKIFF_DCHECK(other.suspended());
  if (task->deliver_pending_cancel(cancellable_)) return Wake::Cancelled;
  start_waiting(kAlways);
  return store.block(*this, cancellable_, &other);
}

Wake Thread::suspend_then_promote(bool cancellable_, Thread& other) {
  if (task->deliver_pending_cancel(cancellable_)) return Wake::Cancelled;
  if (!other.ready()) return suspend(cancellable_);
  other.stop_waiting();
  return suspend_then_resume(cancellable_, other);
}

Wake Thread::yield_then_promote(bool cancellable_, Thread& other) {
  if (task->deliver_pending_cancel(cancellable_)) return Wake::Cancelled;
  if (!other.ready()) return yield(cancellable_);
  other.stop_waiting();
  return yield_then_resume(cancellable_, other);
}

// ---- tasks

Task::Task(const LiftedFunc& func, CallSidePtr side) : func(func), inst(func.inst()), side_(std::move(side)) {}

Task::~Task() = default;

bool Task::needs_exclusive() const { return !func.options().async_ || func.options().callback; }

Wake Task::enter_implicit_thread(Thread& thread) {
  SKIFF_DCHECK(state == State::Initial);
  implicit_thread = &thread;
  if (func.type().async_) {
    auto has_backpressure = [this] {
      return inst.backpressure > 0 || (needs_exclusive() && inst.exclusive_thread != nullptr);
    };
    if (has_backpressure() || inst.num_waiting_to_enter > 0) {
      if (!let_exclusive_go_on()) return Wake::Trap;
      ++inst.num_waiting_to_enter;
      const Wake wake = thread.wait_until([&] { return !has_backpressure(); }, true);
      --inst.num_waiting_to_enter;
      if (wake == Wake::Trap) return wake;
      if (wake == Wake::Cancelled) return cancel() ? wake : Wake::Trap;
    }
    if (needs_exclusive()) {
      SKIFF_CHECK(inst.exclusive_thread == nullptr);
      inst.exclusive_thread = &thread;
    }
  }
  return register_thread(thread) ? Wake::Normal : Wake::Trap;
}

// Whoever has the instance for itself may only wait for its turn. It gets it, so that calls do not wait for
// what has nothing to wait for.
bool Task::let_exclusive_go_on() {
  Thread* holder = inst.exclusive_thread;
  if (!needs_exclusive() || !holder || !holder->ready() || inst.backpressure || inst.num_waiting_to_enter) return true;
  return inst.store.resume(*holder) == Outcome::Ok;
}

bool Task::register_thread(Thread& thread) {
  thread.index = inst.threads.add(&thread);
  if (!thread.index) return inst.store.trap(CmTrap::TableFull);
  threads.push_back(&thread);
  return true;
}

bool Task::unregister_thread(Thread& thread) {
  threads.erase(std::find(threads.begin(), threads.end(), &thread));
  inst.threads.remove(thread.index);
  thread.index = 0;
  if (!threads.empty()) return true;
  if (state != State::Resolved) return inst.store.trap(CmTrap::TaskNotReturned);
  SKIFF_DCHECK(num_borrows == 0);
  return true;
}

bool Task::exit_implicit_thread() {
  if (!unregister_thread(*implicit_thread)) return false;
  if (func.type().async_ && needs_exclusive()) {
    SKIFF_CHECK(inst.exclusive_thread == implicit_thread);
    inst.exclusive_thread = nullptr;
  }
  return true;
}

Outcome Task::request_cancellation(ComponentInstance* caller) {
  const std::shared_ptr<Task> alive = shared_from_this();
  if (inst.locked_down) return Outcome::Ok;
  if (state == State::Initial) {
    state = State::CancelDelivered;
    return inst.store.resume(*implicit_thread, Wake::Cancelled);
  }
  SKIFF_DCHECK(state == State::Started);
  Thread* candidate = nullptr;
  const bool busy = needs_exclusive() && inst.exclusive_thread && inst.exclusive_thread != implicit_thread;
  for (Thread* thread : threads)
    if (thread->cancellable && !thread->running() && !(busy && thread == implicit_thread)) {
      candidate = thread;
      break;
    }
  if (!candidate || !inst.may_enter_from(caller)) {
    state = State::PendingCancel;
    return Outcome::Ok;
  }
  state = State::CancelDelivered;
  inst.enter_from(caller);
  const Outcome outcome = inst.store.resume(*candidate, Wake::Cancelled);
  if (outcome == Outcome::Ok) inst.leave_to(caller);
  else inst.lock_down(caller);
  return outcome;
}

bool Task::deliver_pending_cancel(bool cancellable) {
  if (!cancellable || state != State::PendingCancel) return false;
  state = State::CancelDelivered;
  return true;
}

bool Task::start(LiftLowerContext& to, FlatWriter& out) {
  SKIFF_DCHECK(state == State::Initial);
  state = State::Started;
  if (side_->is_flat(inst)) return side_->start_flat(to, func.type(), out);
  std::vector<Val> args;
  return side_->on_start(args) && lower_params(to, func.type(), args, out);
}

bool Task::return_(LiftLowerContext& from, uint32_t max_flat, FlatReader& in) {
  if (state == State::Resolved || !side_) return inst.store.trap(CmTrap::TaskAlreadyReturned);
  if (num_borrows > 0) return inst.store.trap(CmTrap::BorrowsRemain);
  state = State::Resolved;
  const CallSidePtr side = std::move(side_);
  if (side->is_flat(inst)) return side->resolve_flat(from, func.type(), max_flat, in);
  Val result;
  if (!lift_result(from, func.type(), max_flat, in, result)) return false;
  return side->on_resolve(func.type().result ? &result : nullptr);
}

bool Task::cancel() {
  if (state == State::Resolved || !side_) return inst.store.trap(CmTrap::TaskAlreadyReturned);
  if (state != State::CancelDelivered) return inst.store.trap(CmTrap::TaskNotCancelled);
  if (num_borrows > 0) return inst.store.trap(CmTrap::BorrowsRemain);
  state = State::Resolved;
  const CallSidePtr side = std::move(side_);
  return side->on_cancelled();
}

}  // namespace skiff::component
