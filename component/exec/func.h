// Func: a component function as something to call (Spec: FuncInst): lifted from a core function, or the
// host's. Owned by the component store.
#pragma once

#include <memory>
#include <span>

#include "component/abi/lift.h"
#include "component/exec/instance.h"
#include "component/exec/task.h"

namespace skiff::component {

/// Spec: CanonicalOptions
struct CanonicalOptions {
  LiftOptions lift;
  FuncInst* realloc = nullptr;
  FuncInst* post_return = nullptr;
  FuncInst* callback = nullptr;
  bool async_ = false;
};

class FlatCall;
class FusedCall;

class Func {
 public:
  virtual ~Func() = default;
  Func(const Func&) = delete;

  /// Starts the call; by its return it may have resolved, and for functions of sync type it has. `callee`: what can
  /// cancel the call if it has not. `caller`: null for the host. Trap: recorded.
  virtual Outcome call(ComponentStore& store, CallSidePtr side, ComponentInstance* caller,
                       CalleePtr* callee) const = 0;
  /// What a resource id in the type stands for, null if that is not known.
  virtual const ResourceType* resource(ResourceId id) const = 0;

  /// True when it is a component that is called: a LiftedFunc.
  virtual bool is_component() const { return false; }
  /// What components call directly, of flat host functions (host.h).
  virtual Outcome (*flat_host() const)(FlatCall&) { return nullptr; }
  virtual void* flat_data() const { return nullptr; }
  const FuncType& type() const { return *type_; }
  const TypeTablePtr& types() const { return types_; }

 protected:
  Func(TypeTablePtr types, TypeId type) : types_(std::move(types)), type_(&types_->get<FuncType>(type)) {}

 private:
  const TypeTablePtr types_;
  const FuncType* const type_;
};
using FuncPtr = std::shared_ptr<const Func>;

/// Spec: canon lift
class LiftedFunc final : public Func {
 public:
  LiftedFunc(ComponentInstance& inst, FuncInst* core, TypeTablePtr types, TypeId type,
             const CanonicalOptions& options);
  ~LiftedFunc() override;

  Outcome call(ComponentStore& store, CallSidePtr side, ComponentInstance* caller,
               CalleePtr* callee) const override;
  const ResourceType* resource(ResourceId id) const override { return inst_.find_resource(id); }

  bool is_component() const override { return true; }
  ComponentInstance& inst() const { return inst_; }
  const CanonicalOptions& options() const { return options_; }
  /// The body of the implicit thread.
  Outcome run(Thread& thread) const;
  FuncInst* core() const { return core_; }
  /// What stands for calls of the host by core values.
  FusedCall& host_call() const {
    if (!host_call_) [[unlikely]] make_host_call();
    return *host_call_;
  }

 private:
  void make_host_call() const;
  Outcome call_sync(Task& task) const;
  Outcome run_callback_loop(Thread& thread, uint32_t packed) const;
  ComponentInstance& inst_;
  FuncInst* const core_;
  const CanonicalOptions options_;
  mutable std::unique_ptr<FusedCall> host_call_;
};

/// Calls a core function on behalf of an instance: exceptions become traps.
Outcome call_core(ComponentStore& store, FuncInst* func, Slot* values);

}  // namespace skiff::component
