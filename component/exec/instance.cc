// Component instances: entering and leaving, and handles with the traps for wrong ones.
#include "component/exec/instance.h"

#include "component/exec/func.h"
#include "component/exec/store.h"
#include "engine/base/check.h"

namespace skiff::component {

uint32_t ThreadTable::add(Thread* thread) {
  if (!free_.empty()) {
    const uint32_t index = free_.back();
    free_.pop_back();
    entries_[index] = thread;
    return index;
  }
  if (entries_.empty()) entries_.push_back(nullptr);
  if (entries_.size() > HandleTable::kMaxLength) return 0;
  entries_.push_back(thread);
  return static_cast<uint32_t>(entries_.size() - 1);
}

void ThreadTable::remove(uint32_t index) {
  SKIFF_CHECK(get(index));
  entries_[index] = nullptr;
  free_.push_back(index);
}

ComponentInstance::ComponentInstance(ComponentStore& store, ComponentInstance* parent, TypeTablePtr types)
    : store(store),
      parent(parent),
      types(std::move(types)),
      handles(store.limits().handles),
      depth_(parent ? parent->depth_ + 1 : 0) {}

ComponentInstance::~ComponentInstance() = default;

// Spec: entering_set: this instance and its ancestors without the caller and its ancestors. Ancestors
// form a path to the root, so the first common one ends it.
template <class F>
bool ComponentInstance::for_entering(const ComponentInstance* caller, F&& f) const {
  for (const ComponentInstance* inst = this; inst; inst = inst->parent) {
    while (caller && caller->depth_ > inst->depth_) caller = caller->parent;
    if (caller == inst) return true;
    if (!f(const_cast<ComponentInstance&>(*inst))) return false;
  }
  return true;
}

bool ComponentInstance::may_enter_from(const ComponentInstance* caller) const {
  return for_entering(caller, [](const ComponentInstance& inst) { return bool{inst.may_enter}; });
}

bool ComponentInstance::related_to(const ComponentInstance& other) const {
  const ComponentInstance* inner = this;
  const ComponentInstance* outer = &other;
  if (inner->depth_ < outer->depth_) std::swap(inner, outer);
  while (inner->depth_ > outer->depth_) inner = inner->parent;
  return inner == outer;
}

void ComponentInstance::enter_from(const ComponentInstance* caller) {
  for_entering(caller, [](ComponentInstance& inst) {
    SKIFF_DCHECK(inst.may_enter);
    inst.may_enter = false;
    return true;
  });
}

void ComponentInstance::leave_to(const ComponentInstance* caller) {
  for_entering(caller, [](ComponentInstance& inst) {
    SKIFF_DCHECK(!inst.may_enter);
    inst.may_enter = true;
    return true;
  });
}

void ComponentInstance::lock_down(const ComponentInstance* caller) {
  for_entering(caller, [](ComponentInstance& inst) {
    inst.may_enter = false;
    inst.locked_down = true;
    return true;
  });
  may_enter = false;
  locked_down = true;
}

ResourceType* ComponentInstance::find_resource(ResourceId id) const {
  const auto found = resources_.find(id);
  return found == resources_.end() ? nullptr : found->second;
}

ResourceType* ComponentInstance::resource(ResourceId id) const {
  ResourceType* type = find_resource(id);
  SKIFF_CHECK(type);
  return type;
}

namespace {

std::string_view name_of(const Handle& handle) {
  if (handle.is_resource()) return handle.type->impl ? "guest-defined resource" : "host-defined resource";
  switch (handle.object->kind) {
    case HandleObject::Kind::Subtask: return "subtask";
    case HandleObject::Kind::WaitableSet: return "waitable-set";
    case HandleObject::Kind::ReadableStream: return "stream";
    case HandleObject::Kind::WritableStream: return "writable stream end";
    case HandleObject::Kind::ReadableFuture: return "future";
    case HandleObject::Kind::WritableFuture: return "writable future end";
    case HandleObject::Kind::ErrorContext: return "error-context";
  }
  return {};
}

std::string_view name_of(HandleObject::Kind kind) {
  switch (kind) {
    case HandleObject::Kind::Subtask: return "subtask";
    case HandleObject::Kind::WaitableSet: return "waitable-set";
    case HandleObject::Kind::ReadableStream: return "stream";
    case HandleObject::Kind::WritableStream: return "writable stream end";
    case HandleObject::Kind::ReadableFuture: return "future";
    case HandleObject::Kind::WritableFuture: return "writable future end";
    case HandleObject::Kind::ErrorContext: return "error-context";
  }
  return {};
}

std::string mismatch(uint32_t index, std::string_view expected, std::string_view found) {
  return std::to_string(index)
      .append(" used with the wrong type, expected ")
      .append(expected)
      .append(" but found ")
      .append(found);
}

}  // namespace

Handle* ComponentInstance::handle(uint32_t index) {
  Handle* found = handles.get(index);
  if (!found) store.trap(CmTrap::UnknownHandle, std::to_string(index));
  return found;
}

Handle* ComponentInstance::resource_handle(uint32_t index, const ResourceType* type) {
  Handle* found = handle(index);
  if (!found) return nullptr;
  if (found->is_resource() && found->type == type) return found;
  const std::string_view expected = type->impl ? "guest-defined resource" : "host-defined resource";
  std::string other(name_of(*found));
  if (other == expected) other = "a different " + other;
  store.trap(CmTrap::WrongHandle, mismatch(index, expected, other));
  return nullptr;
}

HandleObject* ComponentInstance::object_of(uint32_t index, HandleObject::Kind kind) {
  Handle* found = handle(index);
  if (!found) return nullptr;
  if (found->kind == Handle::Kind::Object && found->object->kind == kind) return found->object.get();
  store.trap(CmTrap::WrongHandle, mismatch(index, name_of(kind), name_of(*found)));
  return nullptr;
}

uint32_t ComponentInstance::add(Handle handle) {
  const uint32_t index = handles.add(std::move(handle));
  if (!index) store.trap(CmTrap::TableFull);
  return index;
}

bool ComponentInstance::check_may_leave() { return may_leave || store.trap(CmTrap::CannotLeave); }

}  // namespace skiff::component
