// The language-specific data area that LLVM emits for a function with landing pads (Itanium C++ ABI:
// exception tables, 7.3): which landing pad belongs to a call site. Only the call-site table is read: every landing
// pad of generated code catches all exceptions of guests and sorts them out itself, so that actions and types
// do not matter.
#pragma once

#include <cstdint>

namespace skiff::compiler {

/// Address of the landing pad for the call before or at `pc`, or 0: none. `function`: the address that the
/// function starts at.
/// Requires: lsda points to tables of an image of ours (they are trusted as its code is).
uintptr_t find_landing_pad(const uint8_t* lsda, uintptr_t function, uintptr_t pc);

}  // namespace skiff::compiler
