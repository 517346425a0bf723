// The parts of calls from the host that are rare.
#include "component/exec/guest_call.h"

namespace skiff::component {

bool GuestCall::fail(Outcome outcome) {
  if (outcome == Outcome::Exception) return inst_.store.trap(CmTrap::UncaughtException);
  return false;
}

bool GuestCall::post_return() {
  inst_.may_leave = false;
  Slot values[1] = {result_};
  if (call_core(inst_.store, func_.options().post_return, values) != Outcome::Ok) return false;
  inst_.may_leave = true;
  return true;
}

// The calls within this one, and this one.
void GuestCall::abandon() {
  ComponentStore& store = inst_.store;
  FusedCall::abandon(store.current_fused());
  store.current_fused() = outer_;
  store.end_nested();
}

}  // namespace skiff::component
