// The optimisation pipeline of one LLVM module, and what is put into functions only after it.
#pragma once

#include "compiler/llvm/module_ir.h"
#include "llvm/Target/TargetMachine.h"

namespace skiff::llvm_tier {

/// How much work a module's size allows.
enum class Effort : uint8_t {
  Full,      // everything
  Cheap,     // linear passes only; quick instruction selection stays off
  Least,     // promotion of locals, quick instruction selection and register allocation
  None,      // locals stay in memory: as values they would need too many phis
};

/// Returns the effort that code generation should make: less than asked for where the module turns out hard.
/// `fast_loops`: whether memory 0 is as fast_loops.h wants it.
Effort optimize(llvm::Module& module, llvm::TargetMachine& machine, Effort effort, bool fast_loops);

/// To be called after optimize: stack checks and polls at function entries (they would otherwise be copied by
/// inlining), and tail calls put back into tail position. `large_frames`: bytes of the frames of functions
/// that need more than the stack reserve allows; these are checked before the frame is made.
void finish_functions(ModuleIr& shared, const llvm::DenseMap<uint32_t, uint64_t>& large_frames);

}  // namespace skiff::llvm_tier
