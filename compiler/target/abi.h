// The native calling convention: how functions compiled by any tier call each other, the engine and the
// host. The code generators and the C++ side both follow this file. Everything a generated function needs
// is reached from its context, so that code holds no absolute address and can be mapped from a file.
//
// 1. Signature of a wasm function of type [p1..pn] -> [r1..rm]:
//        R f(VmCtx* ctx swiftself, P1, .., Pn)         C convention of the platform
//    ctx is in the platform's swiftself register (x86-64 r13, AArch64 x20; RISC-V: the first argument).
//    i32 -> i32, i64 -> i64, f32 -> float, f64 -> double, v128 -> <16 x i8>, reference -> i64.
//    At most kMaxIntArgs integer-class and kMaxVectorArgs float-or-vector-class parameters are passed in
//    registers (kMaxVectorArgs counts v128 only where kV128InRegisters). The rest, in order, are stored by the
//    caller into vm_store->arg_buffer (8-byte slots, v128 two), and read by the callee on entry.
//    R is void for no results, r1 for one; more results: r1 is returned, r2.. are stored in order into
//    vm_store->result_buffer, which the caller reads right after the call.
//    A v128 result 1 where !kV128InRegisters goes into result_buffer too, and R is void.
//    So no argument is ever on the stack, and every tail call is a jump.
//
// 2. FuncInst::native_entry is such a function; native_ctx is what to pass as ctx: for wasm functions
//    their VmCtx, for everything else (host functions, functions of another tier) the FuncInst itself:
//    their native_entry is an import thunk (3). native_type_id is FuncInst::type_id once native_entry is
//    bound, ~0 before: an indirect call compares native_type_id with the expected id and takes the slow
//    path (libcall resolve_call) on any difference: that binds, or accepts a subtype, or traps.
//    Before a call through a FuncInst (indirect, by reference, imported) the caller stores its own ctx into
//    vm_store->caller; import thunks pass it on as HostCall::caller.
//
// 3. Per function type of a module (module type index) an image has
//      array entry   Outcome (*)(void* native_entry, void* native_ctx, Slot* values)      C convention, no swiftself
//          loads arguments from slots, calls, stores results; returns Outcome::Ok, or Exception when one
//          arrives (landing pad, catch-all). Traps do not return through it: they longjmp to native_enter.
//      import thunk  R (FuncInst* self swiftself, P...)
//          stores arguments into a slot array of its own frame, calls self->call(self, vm_store->caller,
//          slots), or HostFunc::fn with a HostCall of its own if self has no ctx (host functions), and on
//          anything but Ok calls libcall raise(outcome), which does not return.
//          vm_store is found through self->native_vm_store.
//
// 4. Libcalls: ctx->libcalls[i] in the order of native_libcalls.def, C convention, ctx as ordinary first
//    argument. Those that can fail return a TrapCode (0: none); generated code then calls libcall trap.
//
// 5. Traps. A trapping site calls libcall trap(ctx, code), noreturn; its return address is the trap site.
//    Guarded memory accesses fault instead. Both find the wasm offset in the image's pc table. Integer
//    division is checked by branches. Frames keep a frame-pointer chain ("frame-pointer"="all").
//
// 6. Stack overflow: every function with calls or a frame compares its stack address with
//    vm_store->native_stack_limit on entry and calls trap(StackExhausted). The limit leaves
//    kStackReserve bytes for leaf functions and libcalls.
//
// 7. Exceptions: libcall throw_ref(ctx, exn), noreturn, raises a foreign exception through the platform
//    unwinder (_Unwind_RaiseException); call sites inside try_table are LLVM invokes whose landing pad
//    calls libcall catch_begin(ctx, exception pointer) -> exnref and then compares tags. The personality
//    is one C++ function, referenced by the image through a fix-up (NativeImage::fixups).
//
// 8. GC: no stack maps. The native stack from the innermost libcall's frame (registers spilled there) to the
//    activation's entry is scanned conservatively.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skiff::compiler {

inline constexpr unsigned kMaxVectorArgs = 8;
#if defined(__riscv)
inline constexpr unsigned kMaxIntArgs = 7;
#elif defined(__aarch64__)
inline constexpr unsigned kMaxIntArgs = 8;
#else
inline constexpr unsigned kMaxIntArgs = 6;
#endif

/// What the convention says for a target ISA; the compiler may run on another one than it compiles for.
struct TargetAbi {
  unsigned max_int_args = kMaxIntArgs;
  unsigned max_vector_args = kMaxVectorArgs;
  bool v128_in_registers = true;   // false: RISC-V
  bool swiftself = true;           // false: RISC-V, where ctx is the first ordinary argument
};

inline constexpr size_t kStackReserve = 64 * 1024;

}  // namespace skiff::compiler
