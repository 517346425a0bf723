// Innermost loops over a guarded memory get a second version that runs where all they access was proven in bounds before
// they begin: nothing in it can trap, so its accesses are plain ones and LLVM vectorises it. Versions that are not
// vectorised are dropped again: then a function is what it was.
#pragma once

#include "llvm/IR/PassManager.h"

namespace skiff::llvm_tier {

/// Requires: memory 0 of the module is guarded (ir_memory.cc) and not shared; accesses to it are all volatile accesses
/// whose address begins at VmCtx::memory0_base.
class FastLoops : public llvm::PassInfoMixin<FastLoops> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& f, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace skiff::llvm_tier
