// The canonical definitions at run time: LoweredFunc (Spec: canon lower) and the built-ins, each a host
// function of the engine; and sync tasks that are not calls of lifted functions (destructors, start functions).
#pragma once

#include "component/exec/func.h"
#include "component/types/component.h"

namespace skiff::component {

class LoweredFunc {
 public:
  LoweredFunc(ComponentInstance& inst, FuncPtr callee, const FuncType& type, const CanonicalOptions& options);
  /// A HostFn.
  static Outcome entry(HostCall& call);

  ComponentInstance& inst() const { return inst_; }
  const FuncType& type() const { return type_; }
  const CanonicalOptions& options() const { return options_; }
  uint32_t max_flat_params() const { return options_.async_ ? kMaxFlatAsyncParams : kMaxFlatParams; }
  uint32_t max_flat_results() const { return options_.async_ ? 0 : kMaxFlatResults; }
  uint32_t flat_param_slots() const { return flat_params_; }
  /// The last parameter, when results go to memory.
  uint32_t out_param_slot() const { return out_param_; }
  bool calls_component() const { return calls_component_; }

 private:
  Outcome call_sync(Slot* values) const;
  Outcome call_async(Slot* values) const;
  ComponentInstance& inst_;
  const FuncPtr callee_;
  const FuncType& type_;            // as this instance sees it
  const CanonicalOptions options_;
  uint32_t flat_params_ = 0;        // core parameters
  uint32_t out_param_ = 0;
  bool calls_component_ = false;
};

/// What a built-in needs; which fields depends on its kind (component/types/canon.def).
struct Builtin {
  ComponentInstance* inst = nullptr;
  CanonKind kind = CanonKind::TaskCancel;
  ResourceType* resource = nullptr;       // resource.*
  OptType element;                        // streams, futures; task.return: the result
  CanonicalOptions options;               // also async_
  bool cancellable = false;
  uint32_t number = 0;                    // context.*: which
  bool wide = false;                      // context.*, thread.new-indirect: i64
  TableObject* table = nullptr;           // thread.new-indirect
  uint32_t core_type = 0;                 // thread.new-indirect: canonical
};
/// A HostFn whose data is a Builtin.
HostFn builtin_entry(CanonKind kind);

/// Runs `f` (returning Outcome) as a task of a sync function without parameters and results in `inst`.
/// Spec: what resource.drop does to call a destructor.
template <class F>
Outcome run_sync_task(ComponentInstance& inst, ComponentInstance* caller, F&& f);
Outcome run_sync_task(ComponentInstance& inst, ComponentInstance* caller, Outcome (*f)(void*), void* data);
template <class F>
Outcome run_sync_task(ComponentInstance& inst, ComponentInstance* caller, F&& f) {
  return run_sync_task(inst, caller, [](void* data) { return (*static_cast<F*>(data))(); }, &f);
}

/// Drops an own handle's resource. `caller` null: the host.
Outcome drop_resource(ComponentStore& store, const ResourceVal& resource, ComponentInstance* caller);

}  // namespace skiff::component
