// canon lift and canon lower, as the specification has them.
#include "component/exec/canon.h"

#include <algorithm>

#include "component/exec/fused.h"
#include "component/exec/instance_context.h"
#include "component/exec/store.h"
#include "component/exec/waitable.h"
#include "engine/base/check.h"

namespace skiff::component {

Outcome call_core(ComponentStore& store, FuncInst* func, Slot* values) {
  const Outcome outcome = store.core().call_raw(func, values);
  if (outcome == Outcome::Exception) return store.trapped(CmTrap::UncaughtException);
  return outcome;
}

// ---- canon lift

namespace {

// Body of implicit threads on fibers.
Outcome run_task(Thread& thread) { return thread.task->func.run(thread); }

}  // namespace

LiftedFunc::LiftedFunc(ComponentInstance& inst, FuncInst* core, TypeTablePtr types, TypeId type,
                       const CanonicalOptions& options)
    : Func(std::move(types), type), inst_(inst), core_(core), options_(options) {}

LiftedFunc::~LiftedFunc() = default;

void LiftedFunc::make_host_call() const {
  host_call_ = std::make_unique<FusedCall>(nullptr, CanonicalOptions{}, *this);
}

Outcome LiftedFunc::call(ComponentStore& store, CallSidePtr side, ComponentInstance* caller,
                         CalleePtr* callee) const {
  if (!inst_.may_enter_from(caller)) return store.trapped(CmTrap::CannotEnter);
  // The official suite wants these calls to trap "for now"; the specification's text would allow them.
  if (caller && !store.limits().related_calls && inst_.related_to(*caller))
    return store.trapped(CmTrap::CannotEnter);
  inst_.enter_from(caller);
  Outcome outcome;
  if (type().async_) {
    auto task = std::make_shared<Task>(*this, std::move(side));
    task->from_component = caller != nullptr;
    Thread* thread = store.new_thread(task, run_task);
    outcome = thread ? store.resume(*thread) : Outcome::Trap;
    if (callee && outcome == Outcome::Ok && task->state != Task::State::Resolved) *callee = std::move(task);
  } else if (inst_.makes_threads) {
    const auto task = std::make_shared<Task>(*this, std::move(side));
    task->from_component = caller != nullptr;
    outcome = call_sync(*task);
  } else {
    Task task(*this, std::move(side));
    task.from_component = caller != nullptr;
    outcome = call_sync(task);
  }
  if (outcome == Outcome::Ok) inst_.leave_to(caller);
  else inst_.lock_down(caller);
  return outcome;
}

Outcome LiftedFunc::call_sync(Task& task) const {
  Thread thread(inst_.store, &task);
  const ComponentStore::Current current(inst_.store, thread);
  return run(thread);
}

Outcome LiftedFunc::run(Thread& thread) const {
  Task& task = *thread.task;
  const Wake entered = task.enter_implicit_thread(thread);
  if (entered != Wake::Normal) return entered == Wake::Trap ? Outcome::Trap : Outcome::Ok;

  InstanceContext cx(inst_, options_, &task);
  cx.between_components = task.from_component;
  Slot flat[kMaxFlatParams + 1];
  FlatWriter writer(flat);
  if (!task.start(cx, writer)) return Outcome::Trap;
  if (call_core(inst_.store, core_, flat) != Outcome::Ok) return Outcome::Trap;
  if (options_.async_ && options_.callback) return run_callback_loop(thread, flat[0].u32);
  if (!options_.async_) {
    FlatReader reader(flat);
    if (!task.return_(cx, kMaxFlatResults, reader)) return Outcome::Trap;
    if (options_.post_return) {
      inst_.may_leave = false;
      if (call_core(inst_.store, options_.post_return, flat) != Outcome::Ok) return Outcome::Trap;
      inst_.may_leave = true;
    }
  }
  return task.exit_implicit_thread() ? Outcome::Ok : Outcome::Trap;
}

Outcome LiftedFunc::run_callback_loop(Thread& thread, uint32_t packed) const {
  enum : uint32_t { kExit = 0, kYield = 1, kWait = 2 };
  Task& task = *thread.task;
  ComponentStore& store = inst_.store;
  for (;;) {
    const uint32_t code = packed & 0xF;
    if (code == kExit) return task.exit_implicit_thread() ? Outcome::Ok : Outcome::Trap;
    if (code > kWait) return store.trapped(CmTrap::UnsupportedCallback);
    SKIFF_CHECK(inst_.exclusive_thread == &thread);
    inst_.exclusive_thread = nullptr;
    auto free = [this] { return inst_.exclusive_thread == nullptr; };
    Event event;
    Wake wake;
    if (code == kYield) {
      wake = thread.yield_until(free, true);
      if (wake == Wake::Cancelled) event = {EventCode::TaskCancelled, 0, 0};
    } else {
      auto* set = inst_.object<WaitableSet>(packed >> 4);
      if (!set) return Outcome::Trap;
      wake = set->wait_for_event_and(thread, free, true, event);
    }
    if (wake == Wake::Trap) return Outcome::Trap;
    SKIFF_CHECK(inst_.exclusive_thread == nullptr);
    inst_.exclusive_thread = &thread;
    Slot values[3];
    values[0].u64 = static_cast<uint32_t>(event.code);
    values[1].u64 = event.index;
    values[2].u64 = event.payload;
    if (call_core(store, options_.callback, values) != Outcome::Ok) return Outcome::Trap;
    packed = values[0].u32;
  }
}

// ---- canon lower

LoweredFunc::LoweredFunc(ComponentInstance& inst, FuncPtr callee, const FuncType& type,
                         const CanonicalOptions& options)
    : inst_(inst), callee_(std::move(callee)), type_(type), options_(options) {
  const bool wide = options.lift.wide;
  const uint32_t params = flat_param_count(*inst.types, type, wide);
  flat_params_ = out_param_ = params > max_flat_params() ? 1 : params;
  if (type.result && inst.types->facts(*type.result).flat[wide].count > max_flat_results()) ++flat_params_;
  calls_component_ = callee_->is_component();
}

Outcome LoweredFunc::entry(HostCall& call) {
  const auto& func = *static_cast<const LoweredFunc*>(call.data);
  if (!func.inst_.check_may_leave()) return Outcome::Trap;
  return func.options_.async_ ? func.call_async(call.values) : func.call_sync(call.values);
}

Outcome LoweredFunc::call_sync(Slot* values) const {
  auto finish = [&](Subtask& subtask) {
    subtask.deliver_resolve();
    values[0] = subtask.flat_results[0];
    return Outcome::Ok;
  };
  if (!type_.async_) {
    Subtask subtask(*this, values);
    const Outcome outcome = callee_->call(inst_.store, borrowed(subtask), &inst_, nullptr);
    if (outcome != Outcome::Ok) return outcome;
    SKIFF_CHECK(subtask.state == Subtask::State::Returned);
    return finish(subtask);
  }
  Thread& thread = *inst_.store.current_thread();
  // A sync task could only wait for it while other threads of its instance run.
  if (!thread.may_block()) return inst_.store.trapped(CmTrap::CannotBlock);
  // The callee may outlive this call if that ends with a trap.
  const auto subtask = std::make_shared<Subtask>(*this, values);
  const Outcome outcome = callee_->call(inst_.store, subtask, &inst_, &subtask->callee);
  if (outcome != Outcome::Ok) return outcome;
  if (!subtask->resolved() &&
      thread.wait_until([&] { return subtask->resolved(); }, false) == Wake::Trap)
    return Outcome::Trap;
  return finish(*subtask);
}

Outcome LoweredFunc::call_async(Slot* values) const {
  const auto subtask = std::make_shared<Subtask>(*this, values);
  const Outcome outcome = callee_->call(inst_.store, subtask, &inst_, &subtask->callee);
  if (outcome != Outcome::Ok) return outcome;
  if (subtask->resolved()) {
    subtask->deliver_resolve();
    values[0].u64 = static_cast<uint32_t>(Subtask::State::Returned);
    return Outcome::Ok;
  }
  const uint32_t index = inst_.add({.kind = Handle::Kind::Object, .object = subtask});
  if (!index) return Outcome::Trap;
  subtask->notify_as(index);
  values[0].u64 = static_cast<uint32_t>(subtask->state) | uint64_t{index} << 4;
  return Outcome::Ok;
}

// ---- sync tasks that are not calls of lifted functions

namespace {

// The task's other side, which gives and wants nothing.
class NoSide final : public CallSide {
 public:
  bool on_start(std::vector<Val>&) override { return true; }
  bool on_resolve(Val*) override { return true; }
  bool on_cancelled() override { return true; }
};

}  // namespace

Outcome run_sync_task(ComponentInstance& inst, ComponentInstance* caller, Outcome (*f)(void*), void* data) {
  ComponentStore& store = inst.store;
  if (!inst.may_enter_from(caller)) return store.trapped(CmTrap::CannotEnter);
  inst.enter_from(caller);
  NoSide side;
  const auto task = std::make_shared<Task>(store.no_func(inst), borrowed(side));
  Thread thread(store, task.get());
  const ComponentStore::Current current(store, thread);
  InstanceContext cx(inst, task->func.options(), task.get());
  Slot none[1];
  FlatWriter writer(none);
  FlatReader reader(none);
  const bool done = task->enter_implicit_thread(thread) == Wake::Normal && task->start(cx, writer) &&
                    f(data) == Outcome::Ok && task->return_(cx, kMaxFlatResults, reader) &&
                    task->exit_implicit_thread();
  if (done) inst.leave_to(caller);
  else inst.lock_down(caller);
  return done ? Outcome::Ok : Outcome::Trap;
}

Outcome drop_resource(ComponentStore& store, const ResourceVal& resource, ComponentInstance* caller) {
  const ResourceType& type = *resource.type;
  if (!type.impl) {
    return type.host_drop ? type.host_drop(store, resource.rep) : Outcome::Ok;
  }
  return run_sync_task(*type.impl, caller, [&] {
    if (!type.dtor) return Outcome::Ok;
    Slot rep;
    rep.u64 = resource.rep;
    return call_core(store, type.dtor, &rep);
  });
}

}  // namespace skiff::component
