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

/// What the first switch to a prepared stack sends begins with this: the first function there, which never returns.
struct StackStart {
  void (*arrive)(StackArrival arrival);
};

/// Prepares a stack of `size` bytes that ends below `top`; the first switch to the result must send a StackStart.
StackPoint prepare_stack(void* top, size_t size);

/// Leaves the running stack for `to`. Returns when something switches back.
StackArrival switch_stack(StackPoint to, void* data);

}  // namespace skiff::component
