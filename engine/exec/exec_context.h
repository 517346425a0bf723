// ExecContext: what a store's execution has on one native stack: stack limit, call depth, rooted slots, guard
// scopes, the tier's own part. Code that runs guests on several stacks (fibers) leaves the context of the
// one and enters that of the other around each switch. Suspended contexts are scanned for roots.
// Thread: as the store. A context may be entered on another thread than that on which it was left.
#pragma once

#include <memory>

#include "engine/exec/signals.h"
#include "engine/exec/store.h"
#include "engine/exec/tier.h"

namespace skiff {

class ExecContext {
 public:
  /// For the stack that runs now. Errors: OutOfMemory
  static Result<std::unique_ptr<ExecContext>> of_running(Store& store);
  /// For a stack on which nothing runs yet; code on it may use the addresses from `limit` on up. `size`: for
  /// tiers with a value stack. Errors: OutOfMemory
  static Result<std::unique_ptr<ExecContext>> of_new_stack(Store& store, uintptr_t limit, uint64_t size);

  /// Requires: nothing runs on its stack, and the store exists.
  ~ExecContext() { store_.tier_store().forget(*tier_stack_); }
  ExecContext(const ExecContext&) = delete;

  /// Before switching away from this stack.
  void leave();
  /// Told after that: the lowest address in use of the stack that was left.
  void left_at(const void* sp) { tier_stack_->left_at(sp); }
  /// Before switching to this stack, or after, on it.
  void enter();

 private:
  ExecContext(Store& store, std::unique_ptr<TierStore::Stack> tier_stack)
      : store_(store), tier_stack_(std::move(tier_stack)) {}
  Store& store_;
  std::unique_ptr<TierStore::Stack> tier_stack_;
  uintptr_t native_stack_limit_ = 0;
  uint32_t call_depth_ = 0;
  SlotRoots* slot_roots_ = nullptr;
  GuardScope* guard_scope_ = nullptr;
};

}  // namespace skiff
