// The canonical built-ins, one function each, named as in the specification. Arguments come in values and the
// result goes to values[0].
#include <optional>

#include "component/abi/strings.h"
#include "component/exec/canon.h"
#include "component/exec/instance_context.h"
#include "component/exec/store.h"
#include "component/exec/stream.h"
#include "engine/base/check.h"
#include "engine/exec/table.h"

namespace skiff::component {
namespace {

constexpr uint32_t kBlocked = 0xFFFFFFFF;

// One call of a built-in.
struct Call {
  const Builtin& builtin;
  ComponentInstance& inst;
  ComponentStore& store;
  Slot* values;

  uint32_t u32(size_t i) const { return values[i].u32; }
  uint64_t address(size_t i) const { return builtin.options.lift.wide ? values[i].u64 : values[i].u32; }
  Thread& thread() const { return *store.current_thread(); }
  Task& task() const { return *thread().task; }
  Outcome result(uint64_t bits) const {
    values[0].u64 = bits;
    return Outcome::Ok;
  }
  Outcome trap(CmTrap t, std::string_view detail = {}) const { return store.trapped(t, detail); }
  /// The new handle's index is the result.
  Outcome add(Handle handle) const {
    const uint32_t index = inst.add(std::move(handle));
    return index ? result(index) : Outcome::Trap;
  }
  Outcome woken(Wake wake) const {
    return wake == Wake::Trap ? Outcome::Trap : result(wake == Wake::Cancelled ? 1 : 0);
  }
};

// ---- resources

Outcome resource_new(const Call& c) {
  const uint64_t rep = c.builtin.resource->wide ? c.values[0].u64 : c.u32(0);
  return c.add({.kind = Handle::Kind::Own, .type = c.builtin.resource, .rep = rep});
}

Outcome resource_rep(const Call& c) {
  const Handle* handle = c.inst.resource_handle(c.u32(0), c.builtin.resource);
  return handle ? c.result(handle->rep) : Outcome::Trap;
}

Outcome resource_drop(const Call& c) {
  Handle* found = c.inst.resource_handle(c.u32(0), c.builtin.resource);
  if (!found) return Outcome::Trap;
  if (found->number != 0) return c.trap(CmTrap::HandleLent);
  const Handle handle = c.inst.handles.remove(c.u32(0));
  if (handle.kind == Handle::Kind::Own) return drop_resource(c.store, {handle.type, handle.rep}, &c.inst);
  --handle.borrow_scope->num_borrows;
  return Outcome::Ok;
}

// ---- contexts, backpressure, tasks

Outcome context_get(const Call& c) {
  const uint64_t value = c.thread().storage[c.builtin.number];
  return c.result(c.builtin.wide ? value : static_cast<uint32_t>(value));
}

Outcome context_set(const Call& c) {
  c.thread().storage[c.builtin.number] = c.builtin.wide ? c.values[0].u64 : c.u32(0);
  return Outcome::Ok;
}

Outcome backpressure_inc(const Call& c) {
  if (++c.inst.backpressure == uint32_t{1} << 16) return c.trap(CmTrap::BackpressureOverflow);
  return Outcome::Ok;
}

Outcome backpressure_dec(const Call& c) {
  if (c.inst.backpressure == 0) return c.trap(CmTrap::BackpressureUnderflow);
  --c.inst.backpressure;
  return Outcome::Ok;
}

Outcome task_return(const Call& c) {
  Task& task = c.task();
  const CanonicalOptions& options = task.func.options();
  if (!options.async_) return c.trap(CmTrap::TaskNotAsync);
  // Options that the result does not need may be left out.
  const LiftOptions& mine = c.builtin.options.lift;
  const OptType result_type = c.builtin.element;
  if (!same_type(c.inst, result_type, task.func.type().result) ||
      (mine.memory && mine.memory != options.lift.memory) ||
      (result_type && c.inst.types->facts(*result_type).has_pointer && mine.encoding != options.lift.encoding))
    return c.trap(CmTrap::TaskReturnSignature);
  InstanceContext cx(c.inst, c.builtin.options);
  cx.between_components = true;
  FlatReader flat(c.values);
  return task.return_(cx, kMaxFlatParams, flat) ? Outcome::Ok : Outcome::Trap;
}

Outcome task_cancel(const Call& c) {
  if (!c.task().func.options().async_) return c.trap(CmTrap::TaskNotAsync);
  return c.task().cancel() ? Outcome::Ok : Outcome::Trap;
}

// ---- waitables

Outcome waitable_set_new(const Call& c) {
  return c.add({.kind = Handle::Kind::Object, .object = std::make_shared<WaitableSet>()});
}

// Spec: unpack_event
Outcome give_event(const Call& c, const Event& event) {
  InstanceContext cx(c.inst, c.builtin.options);
  uint8_t* p = cx.checked(c.address(1), 8, 4, CmTrap::UnalignedPointer, CmTrap::PointerOutOfBounds);
  if (!p) return Outcome::Trap;
  std::memcpy(p, &event.index, 4);
  std::memcpy(p + 4, &event.payload, 4);
  return c.result(static_cast<uint32_t>(event.code));
}

Outcome waitable_set_wait(const Call& c) {
  auto* set = c.inst.object<WaitableSet>(c.u32(0));
  if (!set) return Outcome::Trap;
  Event event;
  if (set->wait_for_event_and(c.thread(), [] { return true; }, c.builtin.cancellable, event) == Wake::Trap)
    return Outcome::Trap;
  return give_event(c, event);
}

Outcome waitable_set_poll(const Call& c) {
  auto* set = c.inst.object<WaitableSet>(c.u32(0));
  return set ? give_event(c, set->poll(c.thread(), c.builtin.cancellable)) : Outcome::Trap;
}

Outcome waitable_set_drop(const Call& c) {
  const auto* set = c.inst.object<WaitableSet>(c.u32(0));
  if (!set) return Outcome::Trap;
  if (set->num_waiting()) return c.trap(CmTrap::SetHasWaiters);
  if (set->size()) return c.trap(CmTrap::SetHasElements);
  c.inst.handles.remove(c.u32(0));
  return Outcome::Ok;
}

Outcome waitable_join(const Call& c) {
  const Handle* handle = c.inst.handle(c.u32(0));
  if (!handle) return Outcome::Trap;
  if (handle->kind != Handle::Kind::Object || !Waitable::is_waitable(*handle->object))
    return c.trap(CmTrap::WrongHandle, std::to_string(c.u32(0)) + " used with the wrong type, expected a waitable");
  auto& waitable = static_cast<Waitable&>(*handle->object);
  if (waitable.has_sync_waiter()) return c.trap(CmTrap::WaitableBusy);
  WaitableSet* set = nullptr;
  if (c.u32(1)) {
    set = c.inst.object<WaitableSet>(c.u32(1));
    if (!set) return Outcome::Trap;
  }
  waitable.join(set);
  return Outcome::Ok;
}

bool may_wait(const Call& c);

Outcome subtask_cancel(const Call& c) {
  if (!may_wait(c)) return Outcome::Trap;
  if (!c.inst.object<Subtask>(c.u32(0))) return Outcome::Trap;
  const auto subtask = std::static_pointer_cast<Subtask>(c.inst.handles.get(c.u32(0))->object);
  if (subtask->resolve_delivered()) return c.trap(CmTrap::SubtaskDelivered);
  if (subtask->cancellation_requested) return c.trap(CmTrap::SubtaskCancelTwice);
  if (subtask->in_waitable_set() && !c.builtin.options.async_) return c.trap(CmTrap::WaitableInSet);
  if (!subtask->resolved()) {
    subtask->cancellation_requested = true;
    const CalleePtr callee = subtask->callee;
    if (callee && callee->request_cancellation(&c.inst) != Outcome::Ok) return Outcome::Trap;
    if (!subtask->resolved()) {
      if (c.builtin.options.async_) return c.result(kBlocked);
      if (subtask->wait_until_resolved(c.thread()) == Wake::Trap) return Outcome::Trap;
    }
  }
  const Event event = subtask->take_event();
  return c.result(event.payload);
}

Outcome subtask_drop(const Call& c) {
  const auto* subtask = c.inst.object<Subtask>(c.u32(0));
  if (!subtask) return Outcome::Trap;
  if (!subtask->resolve_delivered()) return c.trap(CmTrap::SubtaskUnresolved);
  c.inst.handles.remove(c.u32(0));
  return Outcome::Ok;
}

// ---- streams and futures

bool is_stream(CanonKind kind) {
  return kind >= CanonKind::StreamNew && kind <= CanonKind::StreamDropWritable;
}

HandleObject::Kind end_kind(bool stream, bool readable) {
  if (stream) return readable ? HandleObject::Kind::ReadableStream : HandleObject::Kind::WritableStream;
  return readable ? HandleObject::Kind::ReadableFuture : HandleObject::Kind::WritableFuture;
}

Outcome copy_new(const Call& c) {
  const bool stream = is_stream(c.builtin.kind);
  const auto shared = std::make_shared<SharedCopy>(c.store, stream, c.builtin.element);
  uint32_t index[2];
  for (int writable = 0; writable < 2; ++writable) {
    auto end = std::make_shared<CopyEnd>(end_kind(stream, !writable), shared, c.builtin.element);
    index[writable] = c.inst.add({.kind = Handle::Kind::Object, .object = std::move(end)});
    if (!index[writable]) return Outcome::Trap;
  }
  return c.result(index[0] | uint64_t{index[1]} << 32);
}

// The end of a handle, of the built-in's kind and element type.
std::shared_ptr<CopyEnd> end_of(const Call& c, bool readable) {
  const uint32_t index = c.u32(0);
  if (!c.inst.object_of(index, end_kind(is_stream(c.builtin.kind), readable))) return nullptr;
  auto end = std::static_pointer_cast<CopyEnd>(c.inst.handles.get(index)->object);
  if (!same_type(c.inst, end->element, c.builtin.element)) {
    (void)c.trap(CmTrap::WrongHandle, std::to_string(index) + " used with the wrong element type");
    return nullptr;
  }
  return end;
}

// Sync tasks may wait only if something else can go on meanwhile; they learn that before anything happens.
bool may_wait(const Call& c) {
  return c.builtin.options.async_ || c.thread().may_block() || c.store.trap(CmTrap::CannotBlock);
}

// Waits unless the built-in is async, then takes what happened.
Outcome finish_copy(const Call& c, CopyEnd& end) {
  if (!end.has_pending_event()) {
    if (c.builtin.options.async_) return c.result(kBlocked);
    if (end.wait_for_pending_event(c.thread()) == Wake::Trap) return Outcome::Trap;
  }
  return c.result(end.take_event().payload);
}

// Spec: stream_copy, future_copy
Outcome copy(const Call& c, bool readable) {
  if (!may_wait(c)) return Outcome::Trap;
  const std::shared_ptr<CopyEnd> end = end_of(c, readable);
  if (!end) return Outcome::Trap;
  if (end->state != CopyEnd::State::Idle) return c.trap(end->why_not_copy());
  if (end->in_waitable_set() && !c.builtin.options.async_) return c.trap(CmTrap::WaitableInSet);
  auto buffer = std::make_unique<GuestBuffer>(c.inst, c.builtin.options, c.builtin.element);
  const uint64_t count = end->is_stream() ? c.address(2) : 1;
  if (!buffer->set(c.address(1), count)) return Outcome::Trap;
  if (!end->start_copy(c.inst, c.u32(0), std::move(buffer))) return Outcome::Trap;
  return finish_copy(c, *end);
}

Outcome copy_read(const Call& c) { return copy(c, true); }
Outcome copy_write(const Call& c) { return copy(c, false); }

Outcome cancel_copy(const Call& c, bool readable) {
  if (!may_wait(c)) return Outcome::Trap;
  const std::shared_ptr<CopyEnd> end = end_of(c, readable);
  if (!end) return Outcome::Trap;
  if (end->state != CopyEnd::State::Copying || end->has_sync_waiter()) return c.trap(CmTrap::NoCopyToCancel);
  if (end->in_waitable_set() && !c.builtin.options.async_) return c.trap(CmTrap::WaitableInSet);
  end->state = CopyEnd::State::CancellingCopy;
  if (!end->has_pending_event() || end->copies_on()) end->shared->cancel();
  return finish_copy(c, *end);
}

Outcome cancel_read(const Call& c) { return cancel_copy(c, true); }
Outcome cancel_write(const Call& c) { return cancel_copy(c, false); }

Outcome drop_end(const Call& c, bool readable) {
  const std::shared_ptr<CopyEnd> end = end_of(c, readable);
  if (!end || !end->drop(c.store)) return Outcome::Trap;
  c.inst.handles.remove(c.u32(0));
  return Outcome::Ok;
}

Outcome drop_readable(const Call& c) { return drop_end(c, true); }
Outcome drop_writable(const Call& c) { return drop_end(c, false); }

// ---- threads

Outcome thread_index(const Call& c) { return c.result(c.thread().index); }

Outcome run_start_func(Thread& thread) {
  Slot arg;
  arg.u64 = thread.start_arg;
  if (call_core(thread.store, thread.start_func, &arg) != Outcome::Ok) return Outcome::Trap;
  return thread.task->unregister_thread(thread) ? Outcome::Ok : Outcome::Trap;
}

Outcome thread_new_indirect(const Call& c) {
  const TableInst& table = c.builtin.table->inst;
  const uint64_t index = c.builtin.table->type.address == AddressType::I64 ? c.values[0].u64 : c.u32(0);
  if (index >= table.length) return c.store.core().trap(TrapCode::UndefinedElement);
  auto* func = reinterpret_cast<FuncInst*>(table.elems[index]);
  if (!func) return c.store.core().trap(TrapCode::UninitializedElement);
  if (func->type_id != c.builtin.core_type) return c.trap(CmTrap::ThreadStart);
  Task& task = c.task();
  Thread* thread = c.store.new_thread(task.share(), run_start_func);
  if (!thread) return Outcome::Trap;
  thread->start_func = func;
  thread->start_arg = c.builtin.wide ? c.values[1].u64 : c.u32(1);
  if (!task.register_thread(*thread)) return Outcome::Trap;
  return c.result(thread->index);
}

Thread* other_thread(const Call& c, bool must_be_suspended = true) {
  Thread* other = c.inst.threads.get(c.u32(0));
  if (!other) return (void)c.trap(CmTrap::UnknownThread, std::to_string(c.u32(0))), nullptr;
  if (must_be_suspended && !other->suspended()) return (void)c.trap(CmTrap::ThreadNotSuspended), nullptr;
  return other;
}

Outcome thread_resume_later(const Call& c) {
  Thread* other = other_thread(c);
  if (!other) return Outcome::Trap;
  other->resume_later();
  return Outcome::Ok;
}

Outcome thread_suspend(const Call& c) { return c.woken(c.thread().suspend(c.builtin.cancellable)); }
Outcome thread_yield(const Call& c) { return c.woken(c.thread().yield(c.builtin.cancellable)); }

Outcome thread_suspend_then_resume(const Call& c) {
  Thread* other = other_thread(c);
  return other ? c.woken(c.thread().suspend_then_resume(c.builtin.cancellable, *other)) : Outcome::Trap;
}
Outcome thread_yield_then_resume(const Call& c) {
  Thread* other = other_thread(c);
  return other ? c.woken(c.thread().yield_then_resume(c.builtin.cancellable, *other)) : Outcome::Trap;
}
Outcome thread_suspend_then_promote(const Call& c) {
  Thread* other = other_thread(c, false);
  return other ? c.woken(c.thread().suspend_then_promote(c.builtin.cancellable, *other)) : Outcome::Trap;
}
Outcome thread_yield_then_promote(const Call& c) {
  Thread* other = other_thread(c, false);
  return other ? c.woken(c.thread().yield_then_promote(c.builtin.cancellable, *other)) : Outcome::Trap;
}

// ---- error contexts

Outcome error_context_new(const Call& c) {
  InstanceContext cx(c.inst, c.builtin.options);
  Val message;
  if (!load_string(cx, c.address(0), c.address(1), message)) return Outcome::Trap;
  auto context = std::make_shared<ErrorContext>();
  context->message = message.string();
  return c.add({.kind = Handle::Kind::Object, .object = std::make_shared<ErrorContextHandle>(std::move(context))});
}

Outcome error_context_debug_message(const Call& c) {
  const auto* handle = c.inst.object<ErrorContextHandle>(c.u32(0));
  if (!handle) return Outcome::Trap;
  InstanceContext cx(c.inst, c.builtin.options);
  const std::shared_ptr<ErrorContext> context = handle->object;
  const std::string& message = context->message;
  uint64_t ptr = 0, units = 0;
  const StringView text{message, StringSource::Utf8, static_cast<uint32_t>(message.size())};
  if (!store_string(cx, text, ptr, units)) return Outcome::Trap;
  const uint32_t size = cx.pointer_size();
  uint8_t* p = cx.checked(c.address(1), 2 * size, size, CmTrap::UnalignedPointer, CmTrap::PointerOutOfBounds);
  if (!p) return Outcome::Trap;
  std::memcpy(p, &ptr, size);
  std::memcpy(p + size, &units, size);
  return Outcome::Ok;
}

Outcome error_context_drop(const Call& c) {
  if (!c.inst.object<ErrorContextHandle>(c.u32(0))) return Outcome::Trap;
  c.inst.handles.remove(c.u32(0));
  return Outcome::Ok;
}

enum class MayLeave : uint8_t { Checked, Any };

template <Outcome (*kBody)(const Call&), MayLeave kMayLeave = MayLeave::Checked>
Outcome entry(HostCall& call) {
  const auto& builtin = *static_cast<const Builtin*>(call.data);
  ComponentInstance& inst = *builtin.inst;
  if (kMayLeave == MayLeave::Checked && !inst.check_may_leave()) return Outcome::Trap;
  return kBody({builtin, inst, inst.store, call.values});
}

}  // namespace

HostFn builtin_entry(CanonKind kind) {
  switch (kind) {
    case CanonKind::Lift:
    case CanonKind::Lower: break;
    case CanonKind::ResourceNew: return entry<resource_new>;
    case CanonKind::ResourceDrop: return entry<resource_drop>;
    case CanonKind::ResourceRep: return entry<resource_rep, MayLeave::Any>;
    case CanonKind::TaskCancel: return entry<task_cancel>;
    case CanonKind::SubtaskCancel: return entry<subtask_cancel>;
    case CanonKind::TaskReturn: return entry<task_return>;
    case CanonKind::ContextGet: return entry<context_get, MayLeave::Any>;
    case CanonKind::ContextSet: return entry<context_set, MayLeave::Any>;
    case CanonKind::ThreadYield: return entry<thread_yield>;
    case CanonKind::SubtaskDrop: return entry<subtask_drop>;
    case CanonKind::StreamNew:
    case CanonKind::FutureNew: return entry<copy_new>;
    case CanonKind::StreamRead:
    case CanonKind::FutureRead: return entry<copy_read>;
    case CanonKind::StreamWrite:
    case CanonKind::FutureWrite: return entry<copy_write>;
    case CanonKind::StreamCancelRead:
    case CanonKind::FutureCancelRead: return entry<cancel_read>;
    case CanonKind::StreamCancelWrite:
    case CanonKind::FutureCancelWrite: return entry<cancel_write>;
    case CanonKind::StreamDropReadable:
    case CanonKind::FutureDropReadable: return entry<drop_readable>;
    case CanonKind::StreamDropWritable:
    case CanonKind::FutureDropWritable: return entry<drop_writable>;
    case CanonKind::ErrorContextNew: return entry<error_context_new>;
    case CanonKind::ErrorContextDebugMessage: return entry<error_context_debug_message>;
    case CanonKind::ErrorContextDrop: return entry<error_context_drop>;
    case CanonKind::WaitableSetNew: return entry<waitable_set_new>;
    case CanonKind::WaitableSetWait: return entry<waitable_set_wait>;
    case CanonKind::WaitableSetPoll: return entry<waitable_set_poll>;
    case CanonKind::WaitableSetDrop: return entry<waitable_set_drop>;
    case CanonKind::WaitableJoin: return entry<waitable_join>;
    case CanonKind::BackpressureInc: return entry<backpressure_inc, MayLeave::Any>;
    case CanonKind::BackpressureDec: return entry<backpressure_dec, MayLeave::Any>;
    case CanonKind::ThreadIndex: return entry<thread_index>;
    case CanonKind::ThreadNewIndirect: return entry<thread_new_indirect>;
    case CanonKind::ThreadResumeLater: return entry<thread_resume_later>;
    case CanonKind::ThreadSuspend: return entry<thread_suspend>;
    case CanonKind::ThreadSuspendThenResume: return entry<thread_suspend_then_resume>;
    case CanonKind::ThreadYieldThenResume: return entry<thread_yield_then_resume>;
    case CanonKind::ThreadSuspendThenPromote: return entry<thread_suspend_then_promote>;
    case CanonKind::ThreadYieldThenPromote: return entry<thread_yield_then_promote>;
    case CanonKind::ThreadSpawnRef:
    case CanonKind::ThreadSpawnIndirect:
    case CanonKind::ThreadAvailableParallelism: break;
  }
  return nullptr;
}

}  // namespace skiff::component
