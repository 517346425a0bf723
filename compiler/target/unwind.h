// Exceptions of guests in native code: raised through the platform's unwinder (Itanium C++ ABI, level I), which
// finds the landing pads of generated code through our personality function.
//
// Only guests' exceptions ever enter a landing pad, and array entries have one that catches them all, so that they
// never leave generated code. A C++ exception of a host function that meets a frame of a guest ends the
// program (std::terminate), as does every exception that is thrown through code that is not made for it; a
// thread that is being cancelled unwinds through.
#pragma once

#include <unwind.h>

#include <cstdint>

#include "engine/gc/ref.h"

extern "C" {
/// What the unwind information of images names as personality.
_Unwind_Reason_Code skiff_personality(int version, _Unwind_Action actions, uint64_t exception_class,
                                      _Unwind_Exception* exception, _Unwind_Context* context);
}

namespace skiff::compiler {

/// An exception in flight. One for each store is enough: it is caught before another one can be thrown.
struct NativeException {
  _Unwind_Exception header = {};
  Ref exn = kNullRef;  // no root: in flight Store::pending_exception is
};

/// Raises it. Requires: the caller's frames are those of library calls and generated code, all with
/// registered unwind information, up to an array entry.
[[noreturn]] void raise_native(NativeException& exception);

/// The exception that a landing pad was given.
inline NativeException& native_exception(void* header) { return *static_cast<NativeException*>(header); }

/// Tells the unwinder of a section .eh_frame that ends with a zero word. Thread: any.
void register_eh_frames(const uint8_t* section);
void forget_eh_frames(const uint8_t* section);

}  // namespace skiff::compiler
