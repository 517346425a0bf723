// ExecContext: copies out of the store and back.
#include "engine/exec/exec_context.h"

namespace skiff {

Result<std::unique_ptr<ExecContext>> ExecContext::of_running(Store& store) {
  return std::unique_ptr<ExecContext>(new ExecContext(store, SKIFF_TRY(store.tier_store().new_stack(0))));
}

Result<std::unique_ptr<ExecContext>> ExecContext::of_new_stack(Store& store, uintptr_t limit, uint64_t size) {
  std::unique_ptr<ExecContext> context(
      new ExecContext(store, SKIFF_TRY(store.tier_store().new_stack(size))));
  context->native_stack_limit_ = limit;
  context->call_depth_ = 1;  // calls on it must not take the limit of the thread's own stack
  return context;
}

void ExecContext::leave() {
  native_stack_limit_ = store_.vm_.native_stack_limit;
  call_depth_ = store_.call_depth_;
  slot_roots_ = store_.slot_roots_;
  guard_scope_ = current_guard_scope();
  if (slot_roots_) store_.suspended_roots_.push_back(&slot_roots_);
  store_.tier_store().save(*tier_stack_);
}

void ExecContext::enter() {
  store_.vm_.native_stack_limit = native_stack_limit_;
  store_.call_depth_ = call_depth_;
  store_.slot_roots_ = slot_roots_;
  restore_guard_scope(guard_scope_);
  if (slot_roots_) std::erase(store_.suspended_roots_, &slot_roots_);
  store_.tier_store().load(*tier_stack_);
}

}  // namespace skiff
