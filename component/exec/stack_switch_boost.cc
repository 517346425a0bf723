// Stack switching by Boost.Context's fcontext, which is what stack_switch.h was shaped after.
#include <boost/context/detail/fcontext.hpp>

#include "component/exec/stack_switch.h"

namespace skiff::component {

namespace context = boost::context::detail;

StackPoint prepare_stack(void* top, size_t size) {
  return context::make_fcontext(top, size, [](context::transfer_t transfer) {
    static_cast<const StackStart*>(transfer.data)->arrive({transfer.fctx, transfer.data});
  });
}

StackArrival switch_stack(StackPoint to, void* data) {
  const context::transfer_t back = context::jump_fcontext(to, data);
  return {back.fctx, back.data};
}

}  // namespace skiff::component
