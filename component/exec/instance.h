// ComponentInstance: Spec: CanonicalABI.md, Component Instances. Its handles, its threads, and the flags
// that say who may enter and leave it. After a trap the instances that had been entered stay so, and can
// never be entered again: the tree is locked down.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "component/abi/handles.h"
#include "component/abi/trap.h"
#include "component/exec/resource.h"
#include "component/types/types.h"

namespace skiff::component {

class ComponentStore;
class LiftedFunc;
class Thread;

/// Indices of threads; as HandleTable.
class ThreadTable {
 public:
  uint32_t add(Thread* thread);
  Thread* get(uint32_t index) const { return index < entries_.size() ? entries_[index] : nullptr; }
  void remove(uint32_t index);

 private:
  std::vector<Thread*> entries_;
  std::vector<uint32_t> free_;
};

/// A flag that fused adapters read and write as a global of type i32.
class GuestFlag {
 public:
  GuestFlag() { *this = true; }
  GuestFlag(const GuestFlag&) = delete;
  operator bool() const { return global.slots[0].u32 != 0; }  // NOLINT: implicit
  GuestFlag& operator=(bool value) {
    global.slots[0].u64 = value;
    return *this;
  }
  GlobalInst global;
};

class ComponentInstance {
 public:
  ComponentInstance(ComponentStore& store, ComponentInstance* parent, TypeTablePtr types);
  ~ComponentInstance();
  ComponentInstance(const ComponentInstance&) = delete;

  /// Spec: may_enter_from, enter_from, leave_to. `caller` null: the host.
  bool may_enter_from(const ComponentInstance* caller) const;
  void enter_from(const ComponentInstance* caller);
  void leave_to(const ComponentInstance* caller);
  /// The first two, and the third, for calls of the host. False: it may not be entered.
  bool try_enter_from_host() {
    for (const ComponentInstance* inst = this; inst; inst = inst->parent)
      if (!inst->may_enter) return false;
    for (ComponentInstance* inst = this; inst; inst = inst->parent) inst->may_enter = false;
    return true;
  }
  void leave_to_host() {
    for (ComponentInstance* inst = this; inst; inst = inst->parent) inst->may_enter = true;
  }
  /// The same instance, or one is an ancestor of the other.
  bool related_to(const ComponentInstance& other) const;
  /// A trap leaves this instance: nothing enters it again.
  void lock_down(const ComponentInstance* caller);

  /// The resource type that an id stands for in this instance. Requires: bound.
  ResourceType* resource(ResourceId id) const;
  /// The same, null if it is not bound.
  ResourceType* find_resource(ResourceId id) const;
  void bind_resource(ResourceId id, ResourceType* type) { resources_[id] = type; }

  // Handles, trapping: null after a trap.
  Handle* handle(uint32_t index);
  Handle* resource_handle(uint32_t index, const ResourceType* type);
  template <class T>
  T* object(uint32_t index) {
    return static_cast<T*>(object_of(index, T::kKind));
  }
  HandleObject* object_of(uint32_t index, HandleObject::Kind kind);
  /// Index of the new handle, 0 after a trap.
  uint32_t add(Handle handle);
  /// Traps unless the instance may be left.
  bool check_may_leave();

  ComponentStore& store;
  ComponentInstance* const parent;
  const TypeTablePtr types;
  HandleTable handles;
  ThreadTable threads;
  GuestFlag may_enter;
  GuestFlag may_leave;
  bool locked_down = false;
  bool makes_threads = false;        // it has thread.new-indirect: sync tasks may outlive their calls
  uint32_t backpressure = 0;
  uint32_t num_waiting_to_enter = 0;
  Thread* exclusive_thread = nullptr;

 private:
  friend class ComponentStore;
  /// The instances that entering this one from `caller` enters, this one first; `f` returns false to stop.
  template <class F>
  bool for_entering(const ComponentInstance* caller, F&& f) const;

  const uint32_t depth_;             // number of ancestors
  std::unordered_map<ResourceId, ResourceType*> resources_;
  std::unique_ptr<const LiftedFunc> no_func_;
};

}  // namespace skiff::component
