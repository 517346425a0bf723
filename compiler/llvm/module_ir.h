// ModuleIr: what the functions of one LLVM module share: signatures, declarations, library calls' types, alias
// classes, debug information. One for each job of compile.cc; belongs to one thread and one LLVMContext.
#pragma once

#include <array>
#include <vector>

#include "compiler/llvm/compiler_api.h"
#include "compiler/llvm/ir.h"
#include "compiler/llvm/static_tables.h"
#include "engine/exec/trap.h"
#include "engine/valid/valid.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/DIBuilder.h"
#include "llvm/IR/Module.h"

namespace skiff::llvm_tier {

/// Index into VmCtx::libcalls.
enum class Libcall : uint32_t {
#define SKIFF_LIBCALL(NAME, RESULT, ARGS) NAME,
#include "compiler/target/native_libcalls.def"
#undef SKIFF_LIBCALL
};

/// What abi.h, 1 makes of a function type.
struct Signature {
  struct Place {
    bool in_register = true;
    uint32_t index = 0;                // LLVM argument number, or slot in arg_buffer or result_buffer
  };
  llvm::FunctionType* type = nullptr;
  std::vector<Place> params;
  std::vector<Place> results;          // in_register: the LLVM result
  uint32_t param_slots = 0;            // slots of all parameters, and of all results: array calls
  uint32_t result_slots = 0;
  bool buffered_params = false, buffered_results = false;
};

/// Disjoint classes of memory, as far as generated code can tell them apart.
enum class Alias : uint8_t {
  Context,       // VmCtx and its arrays: never written by code
  Store,         // VmStore
  Func,          // FuncInst
  Table,         // TableInst and elements
  MemoryLength,  // MemoryInst::byte_length
  Memory,        // linear memories
  Heap,          // garbage-collected objects
  Slots,         // argument and result buffers
  Globals,       // imported globals; defined ones have a class each
  Count,
};

/// Ends the name of a function's body where its frame is so large that the function itself only checks the stack.
inline constexpr const char* kBodySuffix = ".body";

class ModuleIr {
 public:
  ModuleIr(llvm::Module& module, const ModuleInfo& info, const StaticTables& static_tables,
           const compiler::CompileOptions& options, const TargetTraits& target);

  llvm::Module& module;
  const ModuleInfo& info;
  const StaticTables& static_tables;
  const compiler::CompileOptions& options;
  const TargetTraits& target;

  llvm::LLVMContext& context() { return module.getContext(); }
  /// Requires: `type` is the function type of canonical id `type_id`, or the id is kNoIndex.
  const Signature& signature(uint32_t type_id, const FuncType& type);
  /// "f<index>", declared or defined. Requires: not imported.
  llvm::Function* function(uint32_t index);
  /// The array of a static table (static_tables.h), declared or defined.
  llvm::GlobalVariable* static_table(uint32_t table);
  void define_static_table(uint32_t table);
  /// A new definition with the attributes that all code has.
  llvm::Function* define(llvm::FunctionType* type, const llvm::Twine& name);
  void set_code_attributes(llvm::Function& function);
  llvm::AttributeList call_attributes();

  llvm::FunctionType* libcall_type(Libcall call);
  llvm::AttributeList libcall_attributes(Libcall call);
  llvm::Function* personality();

  llvm::MDNode* alias(Alias alias_class);
  llvm::MDNode* global_alias(uint32_t global);
  llvm::MDNode* cold_weights() { return cold_weights_; }
  llvm::DISubprogram* new_subprogram(uint32_t line);
  /// Call once when all functions are there.
  void finish() { debug_.finalize(); }

 private:
  Signature make_signature(const FuncType& type);
  llvm::MDNode* alias_node(llvm::StringRef name);

  llvm::DIBuilder debug_;
  llvm::DIFile* file_ = nullptr;
  llvm::DICompileUnit* unit_ = nullptr;
  llvm::DISubroutineType* no_type_ = nullptr;
  llvm::MDNode* alias_root_ = nullptr;
  std::array<llvm::MDNode*, static_cast<size_t>(Alias::Count)> alias_{};
  llvm::DenseMap<uint32_t, llvm::MDNode*> global_alias_;
  llvm::MDNode* cold_weights_ = nullptr;
  llvm::DenseMap<uint32_t, std::unique_ptr<Signature>> signatures_;
  llvm::DenseMap<uint32_t, llvm::Function*> functions_;
  llvm::Function* personality_ = nullptr;
};

}  // namespace skiff::llvm_tier
