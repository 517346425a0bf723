// InstanceContext: the LiftLowerContext of a component instance: its memory, realloc and handles.
#pragma once

#include "component/abi/lift.h"
#include "component/exec/canon.h"
#include "component/exec/waitable.h"

namespace skiff::component {

class FusedCall;

class InstanceContext final : public LiftLowerContext {
 public:
  /// `task`: receives borrows, null where there are none.
  InstanceContext(ComponentInstance& inst, const CanonicalOptions& options, Task* task = nullptr);
  /// Of the caller's side of a call. `subtask`: lends, null for results.
  InstanceContext(const LoweredFunc& func, Subtask* subtask);
  /// Of one side of a fused call.
  InstanceContext(ComponentInstance& inst, const CanonicalOptions& options, FusedCall& call);

  bool trap(CmTrap trap, std::string detail = {}) override;
  bool reallocate(uint64_t old, uint64_t old_size, uint32_t align, uint64_t size, uint64_t& ptr) override;
  bool lift_own(uint32_t index, ResourceId type, ResourceVal& value) override;
  bool lift_borrow(uint32_t index, ResourceId type, ResourceVal& value) override;
  bool lower_own(const ResourceVal& value, ResourceId type, uint64_t& index) override;
  bool lower_borrow(const ResourceVal& value, ResourceId type, uint64_t& index) override;
  /// The same for a resource whose type is known.
  bool lower_borrow_of(ResourceType& type, uint64_t rep, uint64_t& index);
  bool lift_shared(Val::Kind kind, uint32_t index, ValType type, SharedObjectPtr& value) override;
  bool lower_shared(Val::Kind kind, const SharedObjectPtr& value, ValType type, uint64_t& index) override;

  ComponentInstance& inst;

 private:
  FuncInst* realloc_;
  Task* task_ = nullptr;
  FusedCall* fused_ = nullptr;                 // in place of a task
  std::vector<uint32_t>* lenders_ = nullptr;   // null: nothing is lent
};

}  // namespace skiff::component
