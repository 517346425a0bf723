// Waitables, their sets, subtasks.
#include "component/exec/waitable.h"

#include <algorithm>

#include "component/abi/transfer.h"
#include "component/exec/canon.h"
#include "component/exec/instance_context.h"
#include "engine/base/check.h"

namespace skiff::component {

void Waitable::join(WaitableSet* set) {
  if (set_) set_->elems_.erase(std::find(set_->elems_.begin(), set_->elems_.end(), this));
  set_ = set;
  if (set) set->elems_.push_back(this);
}

WaitableSet::~WaitableSet() {
  for (Waitable* waitable : elems_) waitable->set_ = nullptr;
}

bool WaitableSet::has_pending_event() const {
  return std::any_of(elems_.begin(), elems_.end(), [](const Waitable* w) { return w->pending_; });
}

Event WaitableSet::take_event() {
  const auto found = std::find_if(elems_.begin(), elems_.end(), [](const Waitable* w) { return w->pending_; });
  SKIFF_CHECK(found != elems_.end());
  return (*found)->take_event();
}

Event WaitableSet::poll(Thread& thread, bool cancellable) {
  if (thread.task->deliver_pending_cancel(cancellable)) return {EventCode::TaskCancelled, 0, 0};
  return has_pending_event() ? take_event() : Event{};
}

Subtask::Subtask(const LoweredFunc& func, const Slot* values) : Waitable(kKind), func_(func) {
  std::copy_n(values, func.flat_param_slots(), flat_args_);
  if (func.out_param_slot() == func.flat_param_slots()) flat_args_[func.out_param_slot()].u64 = 0;  // there is none
}

void Subtask::deliver_resolve() {
  SKIFF_DCHECK(!delivered_ && resolved());
  for (const uint32_t index : lenders_) --func_.inst().handles.get(index)->number;
  lenders_.clear();
  delivered_ = true;
}

Event Subtask::make_event() {
  if (resolved()) deliver_resolve();
  return {EventCode::Subtask, index_, static_cast<uint32_t>(state)};
}

bool Subtask::on_start(std::vector<Val>& args) {
  progress();
  SKIFF_DCHECK(state == State::Starting);
  state = State::Started;
  InstanceContext cx(func_, this);
  FlatReader flat(flat_args_);
  return lift_params(cx, func_.type(), func_.max_flat_params(), flat, args);
}

bool Subtask::on_resolve(Val* result) {
  // Nobody is there any more to see the result.
  if (func_.inst().locked_down) return true;
  progress();
  SKIFF_DCHECK(state == State::Started);
  callee.reset();
  if (result) {
    InstanceContext cx(func_, nullptr);
    FlatWriter flat(flat_results);
    if (!lower_result(cx, func_.type(), func_.max_flat_results(), *result, out_address(), flat)) return false;
  }
  state = State::Returned;
  return true;
}

uint64_t Subtask::out_address() const {
  const Slot out = flat_args_[func_.out_param_slot()];
  return func_.options().lift.wide ? out.u64 : out.u32;
}

// Calls within one instance keep to the order of the specification: all is lifted before anything is lowered.
bool Subtask::is_flat(const ComponentInstance& callee) const { return &callee != &func_.inst(); }

bool Subtask::start_flat(LiftLowerContext& to, const FuncType& type, FlatWriter& out) {
  progress();
  SKIFF_DCHECK(state == State::Starting);
  state = State::Started;
  InstanceContext cx(func_, this);
  FlatReader flat(flat_args_);
  return transfer_params(cx, func_.type(), func_.max_flat_params(), flat, to, type, out);
}

bool Subtask::resolve_flat(LiftLowerContext& from, const FuncType& type, uint32_t max_flat, FlatReader& in) {
  if (func_.inst().locked_down) return true;
  progress();
  SKIFF_DCHECK(state == State::Started);
  callee.reset();
  InstanceContext cx(func_, nullptr);
  FlatWriter flat(flat_results);
  if (!transfer_result(from, type, max_flat, in, cx, func_.type(), func_.max_flat_results(), out_address(), flat))
    return false;
  state = State::Returned;
  return true;
}

bool Subtask::on_cancelled() {
  if (func_.inst().locked_down) return true;
  progress();
  SKIFF_DCHECK(cancellation_requested);
  callee.reset();
  state = state == State::Starting ? State::CancelledBeforeStarted : State::CancelledBeforeReturned;
  return true;
}

}  // namespace skiff::component
