// Target machines and object files.
#pragma once

#include <memory>
#include <string>

#include "compiler/llvm/compiler_api.h"
#include "compiler/llvm/ir.h"
#include "compiler/llvm/pipeline.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

namespace skiff::llvm_tier {

/// Makes LLVM's targets known and sets its process-wide options. Thread: any; the first call does the work.
void initialize_llvm();

/// Triple, CPU and features that options ask for, spelled out.
struct TargetChoice {
  std::string triple, cpu, features;
};
TargetChoice choose_target(const compiler::CompileOptions& options);

/// Errors: Unsupported.
Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const TargetChoice& choice, Effort effort);
TargetTraits traits_of(const llvm::TargetMachine& machine);

/// Machine code of a module. Destroys the IR's usefulness.
std::unique_ptr<llvm::MemoryBuffer> emit_object(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace skiff::llvm_tier
