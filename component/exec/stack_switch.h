// stack_switch: the two primitives of fibers, leaving one native stack for another. Boost.Context has them for
// every CPU that we run on; where its library is not there (cross builds on Debian), the C library's
// ucontext does the same, slower (stack_switch_ucontext.cc). CMake chooses one of the two files.
//
// A StackPoint is where a stack was left: an address on that stack, below everything that lives there (the
// saved registers included), so that all words from it upwards are what a collector has to look at.
#pragma once

#include <cstddef>

namespace skiff::component {

using StackPoint = void*;

/// What arrives on a stack with the control: the point where the other one was left, and what it sent.
struct StackArrival {
  StackPoint from;
  void* data;
};

/// Prepares a stack of `size` bytes that ends below `top`; the first switch to the result calls
/// arrive_on_new_stack there.
StackPoint prepare_stack(void* top, size_t size);
/// Defined by the user of this file (fiber.cc): the first function on every prepared stack.
[[noreturn]] void arrive_on_new_stack(StackArrival arrival);

/// Leaves the running stack for `to`. Returns when something switches back.
StackArrival switch_stack(StackPoint to, void* data);

}  // namespace skiff::component
