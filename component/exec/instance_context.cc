// Realloc and handles of one instance.
#include "component/exec/instance_context.h"

#include "component/exec/fused.h"
#include "component/exec/store.h"
#include "component/exec/stream.h"
#include "engine/base/check.h"

namespace skiff::component {

InstanceContext::InstanceContext(ComponentInstance& inst, const CanonicalOptions& options, Task* task)
    : LiftLowerContext(*inst.types, options.lift), inst(inst), realloc_(options.realloc), task_(task) {
  budget = inst.store.limits().lifted_bytes;
}

InstanceContext::InstanceContext(const LoweredFunc& func, Subtask* subtask)
    : InstanceContext(func.inst(), func.options()) {
  if (subtask) lenders_ = &subtask->lenders();
  between_components = func.calls_component();
}

InstanceContext::InstanceContext(ComponentInstance& inst, const CanonicalOptions& options, FusedCall& call)
    : InstanceContext(inst, options) {
  fused_ = &call;
  lenders_ = &call.lenders;
  between_components = true;
}

bool InstanceContext::trap(CmTrap trap, std::string detail) { return inst.store.trap(trap, detail); }

// Spec: reallocate: a call of its own, on a fresh thread, that may not leave the instance.
bool InstanceContext::reallocate(uint64_t old, uint64_t old_size, uint32_t align, uint64_t size, uint64_t& ptr) {
  SKIFF_CHECK(realloc_);
  SKIFF_DCHECK(inst.may_leave);
  Thread thread(inst.store, nullptr);
  const ComponentStore::Current current(inst.store, thread);
  inst.may_leave = false;
  Slot values[4];
  values[0].u64 = old;
  values[1].u64 = old_size;
  values[2].u64 = align;
  values[3].u64 = size;
  if (call_core(inst.store, realloc_, values) != Outcome::Ok) return false;
  inst.may_leave = true;
  ptr = options.wide ? values[0].u64 : values[0].u32;
  return true;
}

bool InstanceContext::lift_own(uint32_t index, ResourceId type, ResourceVal& value) {
  const Handle* handle = inst.resource_handle(index, inst.resource(type));
  if (!handle) return false;
  if (handle->number != 0) return trap(CmTrap::HandleLent);
  if (handle->kind != Handle::Kind::Own) return trap(CmTrap::HandleNotOwned);
  value = {handle->type, handle->rep};
  inst.handles.remove(index);
  return true;
}

bool InstanceContext::lift_borrow(uint32_t index, ResourceId type, ResourceVal& value) {
  SKIFF_CHECK(lenders_);
  Handle* handle = inst.resource_handle(index, inst.resource(type));
  if (!handle) return false;
  ++handle->number;
  lenders_->push_back(index);
  value = {handle->type, handle->rep};
  return true;
}

// The embedder may give a resource of another type; components cannot.
bool InstanceContext::lower_own(const ResourceVal& value, ResourceId type, uint64_t& index) {
  if (value.type != inst.resource(type)) return trap(CmTrap::WrongValue, "another resource type");
  index = inst.add({.kind = Handle::Kind::Own, .type = value.type, .rep = value.rep});
  return index != 0;
}

bool InstanceContext::lower_borrow(const ResourceVal& value, ResourceId type, uint64_t& index) {
  if (value.type != inst.resource(type)) return trap(CmTrap::WrongValue, "another resource type");
  return lower_borrow_of(*value.type, value.rep, index);
}

bool InstanceContext::lower_borrow_of(ResourceType& type, uint64_t rep, uint64_t& index) {
  if (type.impl == &inst) {
    index = rep;
    return true;
  }
  SKIFF_CHECK(task_ || fused_);
  Task& task = task_ ? *task_ : fused_->task();
  index = inst.add({.kind = Handle::Kind::Borrow, .type = &type, .rep = rep, .borrow_scope = &task});
  if (!index) return false;
  ++task.num_borrows;
  return true;
}

bool InstanceContext::lift_shared(Val::Kind kind, uint32_t index, ValType type, SharedObjectPtr& value) {
  if (kind == Val::Kind::ErrorContext) {
    const auto* context = inst.object<ErrorContextHandle>(index);
    if (context) value = context->object;
    return context != nullptr;
  }
  return lift_readable_end(inst, kind == Val::Kind::Stream, index, type, value);
}

bool InstanceContext::lower_shared(Val::Kind kind, const SharedObjectPtr& value, ValType type, uint64_t& index) {
  std::shared_ptr<HandleObject> handle;
  if (kind == Val::Kind::ErrorContext)
    handle = std::make_shared<ErrorContextHandle>(std::static_pointer_cast<ErrorContext>(value));
  else
    handle = make_readable_end(inst, kind == Val::Kind::Stream, value, type);
  index = inst.add({.kind = Handle::Kind::Object, .object = std::move(handle)});
  return index != 0;
}

}  // namespace skiff::component
