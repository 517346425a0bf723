// The assembly part of entering and leaving generated code. Like setjmp and longjmp, but made of one frame: the
// stub's frame holds all callee-saved registers, and leaving from anywhere below means returning from it.
#pragma once

#include <cstdint>

#include "engine/exec/vmctx.h"

extern "C" {

/// Calls array_entry(native_entry, native_ctx, values) and returns its outcome. First stores the stub's frame pointer
/// to *frame.
skiff::Outcome skiff_native_call(void* native_entry, void* native_ctx, skiff::Slot* values, void* array_entry,
                                 uintptr_t* frame);

/// Makes the call of skiff_native_call with this frame return `outcome`. Destructors of frames in between do not run.
[[noreturn]] void skiff_native_leave(uintptr_t frame, skiff::Outcome outcome);

/// Generated code jumps here, all its arguments in place, to tail-call vm_store->tail_callee, a function of
/// another instance. Where the context is in a register that callees preserve, somebody must put the caller's back:
/// a frame of this function, one however many such tail calls follow each other.
/// x86-64 and AArch64 only. Not to be called from C++.
void skiff_native_tail_call(skiff::VmCtx* ctx);
}
