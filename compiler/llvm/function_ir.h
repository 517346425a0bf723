// FunctionIr: one function under construction, wasm function or thunk: blocks, access to the instance's
// structures with their alias classes, library calls, traps. Thunks and the translator derive from it.
//
// Rules that the optimiser must not break (README.md): stores that wasm can observe after a trap are
// volatile, their loads are not (so they are forwarded); what never changes is an invariant load.
#pragma once

#include "compiler/llvm/module_ir.h"
#include "engine/exec/vmctx.h"

namespace skiff::llvm_tier {

class FunctionIr : public Ir {
 public:
  FunctionIr(ModuleIr& shared, llvm::Function* function);

  ModuleIr& shared;
  llvm::Function* const function;

  void trap_if(llvm::Value* condition, TrapCode code) override;
  /// Traps where the i32 `code` is not 0.
  void trap_on(llvm::Value* code);
  /// Traps and ends the block.
  void trap(TrapCode code);

  llvm::BasicBlock* new_block(const char* name = "");
  /// Branches to a new cold block where `condition` holds; goes on in another one. Returns the cold block.
  llvm::BasicBlock* split_cold(llvm::Value* condition, const char* name);

  llvm::Type* pointer_type() { return b.getPtrTy(); }
  llvm::Value* offset(llvm::Value* pointer, uint64_t bytes);
  llvm::Value* load(llvm::Type* type, llvm::Value* pointer, uint64_t bytes, Alias alias, unsigned align);
  llvm::Value* load_invariant(llvm::Type* type, llvm::Value* pointer, uint64_t bytes, unsigned align = 8);
  /// An invariant pointer to at least `size` readable bytes.
  llvm::Value* load_pointer(llvm::Value* pointer, uint64_t bytes, uint64_t size);
  llvm::StoreInst* store(llvm::Value* value, llvm::Value* pointer, uint64_t bytes, Alias alias, unsigned align);

  /// Values in slots: i32 and f32 take the low half.
  llvm::Value* load_slot(ValType type, llvm::Value* slots, uint32_t slot);
  void store_slot(llvm::Value* value, llvm::Value* slots, uint32_t slot);
  /// Room for so many slots in this function's frame; shared by all who ask.
  llvm::Value* scratch(uint32_t slots);

  llvm::CallInst* libcall(Libcall call, llvm::ArrayRef<llvm::Value*> args);
  /// The address of a library call, for invokes.
  llvm::Value* libcall_address(Libcall call);
  llvm::Value* vm_store();

  /// Passes arguments as the signature says; those that do not fit go into the buffer.
  std::vector<llvm::Value*> pass_arguments(const Signature& signature, llvm::Value* callee_ctx,
                                           llvm::ArrayRef<llvm::Value*> values);
  /// The results of a call, `direct` being LLVM's.
  void collect_results(const Signature& signature, std::span<const ValType> types, llvm::Value* direct,
                       llvm::SmallVectorImpl<llvm::Value*>& out);
  void emit_return(const Signature& signature, llvm::ArrayRef<llvm::Value*> values);
  /// Parameters as values. Requires: builder at the function's start.
  std::vector<llvm::Value*> receive_arguments(const Signature& signature, std::span<const ValType> types);

  void set_location(uint64_t wasm_offset);

 protected:
  /// The context that library calls get, and whose tables are used. Thunks override.
  llvm::Value* ctx_ = nullptr;
  /// What is loaded from; VmStore of ctx_ when null.
  llvm::Value* vm_store_ = nullptr;
  /// Where allocas go: before this, in the entry block.
  llvm::Instruction* entry_end_ = nullptr;
  llvm::DISubprogram* subprogram_ = nullptr;

 private:
  llvm::AllocaInst* scratch_ = nullptr;
};

}  // namespace skiff::llvm_tier
