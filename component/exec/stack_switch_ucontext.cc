// Stack switching by the C library's ucontext, for builds without Boost.Context. Each switch costs a system
// call (the signal mask). The record of a left stack lies on that stack, in the frame of switch_stack.
#include <ucontext.h>

#include <cstdint>
#include <new>

#include "component/exec/stack_switch.h"

namespace skiff::component {
namespace {

struct Left {
  ucontext_t context;
  StackArrival arrival;            // set by whoever switches here
};

// makecontext passes ints only: the pointer comes in two halves.
void first_arrival(unsigned high, unsigned low) {
  const uint64_t bits = uint64_t{high} << 32 | low;
  const StackArrival arrival = reinterpret_cast<Left*>(static_cast<uintptr_t>(bits))->arrival;
  static_cast<const StackStart*>(arrival.data)->arrive(arrival);
}

}  // namespace

StackPoint prepare_stack(void* top, size_t size) {
  // The record takes the uppermost bytes of the stack; what runs there starts below it.
  constexpr uintptr_t kAlign = 64;
  const uintptr_t end = reinterpret_cast<uintptr_t>(top);
  const uintptr_t at = (end - sizeof(Left)) & ~(kAlign - 1);
  Left* left = new (reinterpret_cast<void*>(at)) Left;
  getcontext(&left->context);
  left->context.uc_stack.ss_sp = static_cast<uint8_t*>(top) - size;
  left->context.uc_stack.ss_size = size - (end - at);
  left->context.uc_link = nullptr;
  const uint64_t bits = reinterpret_cast<uintptr_t>(left);
  makecontext(&left->context, reinterpret_cast<void (*)()>(first_arrival), 2,
              static_cast<unsigned>(bits >> 32), static_cast<unsigned>(bits));
  return left;
}

StackArrival switch_stack(StackPoint to, void* data) {
  Left here;
  Left* there = static_cast<Left*>(to);
  there->arrival = {&here, data};
  swapcontext(&here.context, &there->context);
  return here.arrival;
}

}  // namespace skiff::component
