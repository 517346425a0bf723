// compile_module: from a validated module to a linked image. GroupCompiler: the work of one thread.
#pragma once

#include <array>
#include <memory>

#include "compiler/llvm/compiler_api.h"
#include "compiler/llvm/emit.h"
#include "compiler/llvm/module_ir.h"
#include "engine/valid/walker.h"
#include "llvm/IR/LLVMContext.h"

namespace skiff::llvm_tier {

/// What becomes one LLVM module: functions [first, last), the thunks of some types, some static tables.
struct Group {
  uint32_t first = 0, last = 0;
  std::vector<uint32_t> types;
  std::vector<uint32_t> tables;
};

/// Bytes of large frames by function index.
using LargeFrames = llvm::DenseMap<uint32_t, uint64_t>;

class GroupCompiler {
 public:
  GroupCompiler(const ModuleInfo& info, const StaticTables& static_tables, const compiler::CompileOptions& options)
      : info_(info), static_tables_(static_tables), options_(options), choice_(choose_target(options)) {}

  /// Errors: LimitExceeded for functions beyond all bounds, Unsupported.
  Result<std::unique_ptr<llvm::MemoryBuffer>> compile(const Group& group);
  /// The IR just before code generation.
  Result<std::unique_ptr<llvm::Module>> optimized(llvm::LLVMContext& context, const Group& group,
                                                  const LargeFrames& large_frames, Effort& effort);

 private:
  Result<std::unique_ptr<llvm::Module>> build(llvm::LLVMContext& context, const Group& group);
  Status verify(llvm::Module& module, const char* when);
  Result<llvm::TargetMachine*> machine(Effort effort);

  const ModuleInfo& info_;
  const StaticTables& static_tables_;
  const compiler::CompileOptions& options_;
  TargetChoice choice_;
  TargetTraits traits_;
  std::array<std::unique_ptr<llvm::TargetMachine>, 4> machines_;  // by Effort
  std::unique_ptr<ModuleIr> shared_;
  WalkScratch scratch_;
  Effort limit_ = Effort::Full;   // what the group's functions allow
};

Result<compiler::NativeImage> compile_module(const ModuleInfo& info, const compiler::CompileOptions& options);

/// Errors: InvalidArgument when `func` is not a defined function.
Result<std::string> optimized_ir(const ModuleInfo& info, const compiler::CompileOptions& options, uint32_t func);

}  // namespace skiff::llvm_tier
