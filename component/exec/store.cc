// The component store: what it owns, and the scheduler.
#include "component/exec/store.h"

#include "component/exec/func.h"
#include "component/exec/fused.h"
#include "engine/base/check.h"

namespace skiff::component {

Result<std::unique_ptr<ComponentStore>> ComponentStore::create(Store& core, ComponentLimits limits) {
  std::unique_ptr<ComponentStore> store(new ComponentStore(core, limits));
  store->root_ = SKIFF_TRY(Fiber::of_running(core));
  store->running_fiber_ = store->root_.get();
  return store;
}

ComponentStore::~ComponentStore() {
  SKIFF_CHECK(nesting_ == 0);
  end_threads();
  while (free_fibers_) free_fibers_ = std::move(free_fibers_->next);
}

bool ComponentStore::trap(CmTrap trap, std::string_view detail) {
  (void)core_.trap(TrapCode::Component, std::string(text_of(trap)).append(detail));
  return false;
}

ComponentInstance* ComponentStore::new_instance(ComponentInstance* parent, TypeTablePtr types) {
  return instances_.emplace_back(std::make_unique<ComponentInstance>(*this, parent, std::move(types))).get();
}

ResourceType* ComponentStore::new_resource(ComponentInstance* impl, FuncInst* dtor, bool wide) {
  return &resources_.emplace_back(impl, dtor, wide);
}

const LiftedFunc& ComponentStore::no_func(ComponentInstance& inst) {
  if (!own_types_) {
    own_types_ = std::make_shared<TypeTable>();
    no_func_type_ = own_types_->add(FuncType{});
  }
  if (!inst.no_func_)
    inst.no_func_ = std::make_unique<LiftedFunc>(inst, nullptr, own_types_, no_func_type_, CanonicalOptions{});
  return *inst.no_func_;
}

// ---- fused calls

Thread* ComponentStore::current_thread() {
  return current_fused() ? &FusedCall::of(current_fused()).thread() : current_;
}

void ComponentStore::abandon_fused() { FusedCall::abandon(current_fused()); }

FuncInst* ComponentStore::fuse_intrinsic(fuse::Intrinsic which) {
  FuncInst*& func = intrinsics_[static_cast<size_t>(which)];
  if (func) return func;
  const std::string_view signature = fuse::kIntrinsicSignatures[static_cast<size_t>(which)];
  skiff::FuncType type;
  std::vector<skiff::ValType>* to = &type.params;
  for (const char c : signature) {
    if (c == ':') to = &type.results;
    else to->push_back(c == 'l' ? skiff::ValType::I64 : skiff::ValType::I32);
  }
  return func = core_.new_host_func(core_.engine().types().add_func_type(type), component::fuse_intrinsic(which), this);
}

// ---- threads on fibers

Thread* ComponentStore::new_thread(std::shared_ptr<Task> task, Thread::Body body) {
  if (fiber_threads_.size() >= limits_.fibers)
    return (void)core_.trap(TrapCode::OutOfMemory, "threads of components"), nullptr;
  Thread* thread = fiber_threads_.emplace_back(std::make_unique<Thread>(*this, task.get())).get();
  thread->position_ = fiber_threads_.size() - 1;
  thread->keep_ = std::move(task);
  thread->body_ = body;
  thread->direct_ = false;
  thread->running_ = false;
  return thread;
}

bool ComponentStore::provide_fiber(Thread& thread) {
  if (free_fibers_) {
    thread.fiber_ = std::move(free_fibers_);
    free_fibers_ = std::move(thread.fiber_->next);
  } else {
    Result<std::unique_ptr<Fiber>> fiber = Fiber::create(core_, fiber_main, this);
    if (!fiber) return (void)core_.trap(TrapCode::OutOfMemory, fiber.error().message()), false;
    thread.fiber_ = std::move(*fiber);
  }
  thread.home_ = thread.fiber_.get();
  return true;
}

// Runs one thread after the other, each to its end.
void ComponentStore::fiber_main(void* data) {
  auto& store = *static_cast<ComponentStore*>(data);
  for (;;) {
    Thread& thread = *store.starting_;
    Fiber* handler;
    {
      const Outcome outcome = thread.body_(thread);
      store.message_ = {outcome == Outcome::Ok ? Message::Kind::Finished : Message::Kind::Trapped, nullptr};
      handler = thread.handler_;
    }
    store.switch_fiber(*handler);
  }
}

void ComponentStore::switch_fiber(Fiber& to) {
  Fiber& from = *running_fiber_;
  running_fiber_ = &to;
  from.switch_to(to);
}

void ComponentStore::finish(Thread& thread) {
  if (thread.waiting_) thread.stop_waiting();
  if (thread.fiber_) {
    thread.fiber_->next = std::move(free_fibers_);
    free_fibers_ = std::move(thread.fiber_);
  }
  const size_t position = thread.position_;
  const std::unique_ptr<Thread> gone = std::move(fiber_threads_[position]);
  fiber_threads_[position] = std::move(fiber_threads_.back());
  if (fiber_threads_[position]) fiber_threads_[position]->position_ = position;
  fiber_threads_.pop_back();
}

// Fused calls of this stack are nothing to those of other threads.
ComponentStore::Resumed ComponentStore::resume_chain(Thread* thread, Wake wake) {
  const uint64_t outer_fused = std::exchange(current_fused(), 0);
  const Resumed resumed = run_chain(thread, wake);
  current_fused() = outer_fused;
  return resumed;
}

ComponentStore::Resumed ComponentStore::run_chain(Thread* thread, Wake wake) {
  Thread* const outer = current_;
  Fiber* const here = running_fiber_;
  while (thread) {
    SKIFF_DCHECK(!thread->running_ && !thread->direct_);
    if (thread->waiting_) thread->stop_waiting();
    if (!thread->home_ && !provide_fiber(*thread)) return {Outcome::Trap, nullptr};
    thread->running_ = true;
    thread->wake_ = wake;
    thread->handler_ = here;
    current_ = starting_ = thread;
    switch_fiber(*thread->home_);
    restore(outer, 0);
    if (message_.kind != Message::Kind::Blocked) {
      if (message_.kind == Message::Kind::Trapped || ending_) thread->task->abandon();
      finish(*thread);
      return {message_.kind == Message::Kind::Trapped ? Outcome::Trap : Outcome::Ok, nullptr};
    }
    thread = message_.next;
    wake = Wake::Normal;
    if (!thread || !thread->direct_) continue;
    // A direct thread goes on where it blocked. If that is not here, it has its turn when its stack has.
    if (thread->home_ == here) return {Outcome::Ok, thread};
    thread->resume_later();
    break;
  }
  return {};
}

Outcome ComponentStore::resume(Thread& thread, Wake wake) {
  const Resumed resumed = resume_chain(&thread, wake);
  if (resumed.handoff) resumed.handoff->resume_later();
  return resumed.outcome;
}

// ---- blocking

Wake ComponentStore::block(Thread& thread, bool cancellable, Thread* next) {
  if (ending_) {
    if (thread.waiting_) thread.stop_waiting();
    return trap(CmTrap::StoreEnding), Wake::Trap;
  }
  thread.cancellable = cancellable;
  thread.running_ = false;
  if (thread.direct_) return block_in_place(thread, next);
  message_ = {Message::Kind::Blocked, next};
  switch_fiber(*thread.handler_);
  if (thread.wake_ == Wake::Trap) trap(CmTrap::StoreEnding);
  return thread.wake_;
}

// What canon_lift does while its task is not resolved (Spec: canon_lift): here it is the blocked thread that
// does it, since the stack is its own.
Wake ComponentStore::block_in_place(Thread& thread, Thread* next) {
  thread.home_ = running_fiber_;
  for (;;) {
    if (!next) next = candidate(thread);
    if (!next) {
      if (thread.waiting_) thread.stop_waiting();
      thread.running_ = true;
      return trap(CmTrap::CannotBlock), Wake::Trap;
    }
    if (next != &thread) {
      const Resumed resumed = resume_chain(next, Wake::Normal);
      next = nullptr;
      if (resumed.outcome != Outcome::Ok) {
        if (thread.waiting_) thread.stop_waiting();
        thread.running_ = true;
        return Wake::Trap;
      }
      if (resumed.handoff != &thread) continue;
    }
    if (thread.waiting_) thread.stop_waiting();
    thread.running_ = true;
    return poll_host() == Outcome::Ok ? Wake::Normal : Wake::Trap;
  }
}

// Of the ready threads of the instance the one that has waited longest. Other direct threads cannot go on
// before the stacks above theirs are done.
Thread* ComponentStore::candidate(Thread& blocked) {
  const ComponentInstance& inst = blocked.task->inst;
  for (Thread* thread : waiting_) {
    if (!thread->task || &thread->task->inst != &inst || !thread->index || thread == inst.exclusive_thread)
      continue;
    if (thread->direct_ && thread != &blocked) continue;
    // What needs the instance for itself does not get it in the middle of another call.
    if (thread != &blocked && thread == thread->task->implicit_thread && thread->task->needs_exclusive()) continue;
    if (thread->ready()) return thread;
  }
  return nullptr;
}

Outcome ComponentStore::tick(bool& progressed) {
  SKIFF_CHECK(nesting_ == 0);
  const Nesting nesting(*this);
  progressed = false;
  for (Thread* thread : waiting_) {
    ComponentInstance& inst = thread->task->inst;
    if (!inst.may_enter_from(nullptr) || !thread->ready()) continue;
    progressed = true;
    inst.enter_from(nullptr);
    const Outcome outcome = resume(*thread);
    if (outcome == Outcome::Ok) inst.leave_to(nullptr);
    else inst.lock_down(nullptr);
    return outcome;
  }
  return Outcome::Ok;
}

// Threads that are in the middle of something end as by a trap, so that what is on their stacks is released.
void ComponentStore::end_threads() {
  ending_ = true;
  while (!fiber_threads_.empty()) {
    Thread& thread = *fiber_threads_.back();
    if (thread.home_) (void)resume(thread, Wake::Trap);
    else thread.task->abandon(), finish(thread);
  }
}

}  // namespace skiff::component
