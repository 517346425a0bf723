// Text of a trap's frames, for people.
#pragma once

#include <string>

#include "engine/exec/trap.h"

namespace skiff {

/// The name of a function: from the name section, else of its export or import, else empty.
std::string function_name(const Instance& instance, uint32_t func);

/// One line without number, e.g. "0x1a2b  hello!main (func 12)".
std::string describe_frame(const TrapFrame& frame);

/// All frames, innermost first, one line each: "  0: 0x1a2b  hello!main (func 12)".
std::string describe_frames(const Trap& trap);

}  // namespace skiff
