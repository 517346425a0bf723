// FusedCall: what the runtime has of one fused adapter (component/fuse) in one store, or of one function that the host calls
// by core values. While it runs, the store's current call is this one; the task that the specification has for it is made
// when something asks for it, which few callees do. A callee is entered once at a time, and so a FusedCall is never
// active twice.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "component/exec/func.h"
#include "component/fuse/intrinsics.h"

namespace skiff::component {

class FusedCall {
 public:
  /// `caller` null: the host. Requires: `callee` lives as long as this.
  FusedCall(ComponentInstance* caller, const CanonicalOptions& lowered, const LiftedFunc& callee);
  FusedCall(const FusedCall&) = delete;

  /// What stands for a call in ComponentStore::current_fused; its low bit says that the task has been made.
  static constexpr uint64_t kHasTask = 1;
  uint64_t id() const { return reinterpret_cast<uintptr_t>(this); }
  static FusedCall& of(uint64_t id) { return *reinterpret_cast<FusedCall*>(id & ~kHasTask); }

  /// The call's task and thread, made now if need be. Requires: this is the store's current call.
  Task& task();
  Thread& thread() { return task(), *thread_; }
  /// The task has a result; traps when borrowed handles remain.
  bool task_returns();
  bool task_ends();
  /// A trap has ended the call; also those that it was called by, up to the host.
  static void abandon(uint64_t id);

  ComponentInstance* const caller;
  const CanonicalOptions lowered;
  const LiftedFunc& callee;
  std::vector<uint32_t> lenders;               // handles of the caller that are borrowed
  // What the adapter's module imports.
  GlobalInst id_global;
  GlobalInst previous;                         // what was current before

 private:
  std::shared_ptr<Task> task_;
  std::optional<Thread> thread_;
};

/// A host function of the engine; its data is the ComponentStore.
HostFn fuse_intrinsic(fuse::Intrinsic which);

}  // namespace skiff::component
