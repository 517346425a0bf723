// Both thunks are FunctionIrs whose context is not their first argument's VmCtx by itself: the array entry gets it as
// second argument, the import thunk takes its caller's out of the VmStore.
#include "compiler/llvm/thunks.h"

#include "compiler/llvm/function_ir.h"
#include "llvm/IR/Intrinsics.h"

namespace skiff::llvm_tier {

using llvm::Value;

namespace {

const FuncType& func_type(ModuleIr& shared, uint32_t type_index) {
  return shared.info.registry->func_type(shared.info.types.id(type_index));
}

class ArrayEntry : FunctionIr {
 public:
  ArrayEntry(ModuleIr& shared, llvm::Function* function) : FunctionIr(shared, function) {
    ctx_ = function->getArg(1);
  }
  void emit(const FuncType& type, const Signature& signature);
};

// Outcome e(void* entry, VmCtx* ctx, Slot* values)
void ArrayEntry::emit(const FuncType& type, const Signature& signature) {
  subprogram_ = shared.new_subprogram(0);
  function->setSubprogram(subprogram_);
  b.SetCurrentDebugLocation(llvm::DILocation::get(b.getContext(), 0, 0, subprogram_));
  function->setPersonalityFn(shared.personality());
  Value* slots = function->getArg(2);
  llvm::SmallVector<Value*, 8> values;
  uint32_t slot = 0;
  for (ValType t : type.params) {
    values.push_back(load_slot(t, slots, slot));
    slot += t.slots();
  }
  const std::vector<Value*> args = pass_arguments(signature, ctx_, values);
  llvm::BasicBlock* done = new_block();
  llvm::BasicBlock* thrown = new_block();
  llvm::InvokeInst* call = b.CreateInvoke(signature.type, function->getArg(0), done, thrown, args);
  call->setAttributes(shared.call_attributes());
  b.SetInsertPoint(thrown);
  llvm::LandingPadInst* pad = b.CreateLandingPad(llvm::StructType::get(pointer_type(), b.getInt32Ty()), 1);
  pad->addClause(llvm::ConstantPointerNull::get(b.getPtrTy()));
  b.CreateRet(i32(static_cast<uint32_t>(Outcome::Exception)));
  b.SetInsertPoint(done);
  llvm::SmallVector<Value*, 8> results;
  collect_results(signature, type.results, call, results);
  slot = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    store_slot(results[i], slots, slot);
    slot += type.results[i].slots();
  }
  b.CreateRet(i32(static_cast<uint32_t>(Outcome::Ok)));
}

class ImportThunk : FunctionIr {
 public:
  ImportThunk(ModuleIr& shared, llvm::Function* function) : FunctionIr(shared, function) {}
  void emit(const FuncType& type, const Signature& signature);
};

void ImportThunk::emit(const FuncType& type, const Signature& signature) {
  subprogram_ = shared.new_subprogram(0);
  function->setSubprogram(subprogram_);
  b.SetCurrentDebugLocation(llvm::DILocation::get(b.getContext(), 0, 0, subprogram_));
  Value* self = function->getArg(0);
  vm_store_ = load_pointer(self, offsetof(FuncInst, native_vm_store), sizeof(VmStore));
  ctx_ = load(pointer_type(), vm_store_, offsetof(VmStore, caller), Alias::Store, 8);
  Value* limit = load(b.getInt64Ty(), vm_store_, offsetof(VmStore, native_stack_limit), Alias::Store, 8);
  Value* here = b.CreatePtrToInt(b.CreateIntrinsic(llvm::Intrinsic::stackaddress, {pointer_type()}, {}), b.getInt64Ty());
  trap_if(b.CreateICmpULT(here, limit), TrapCode::StackExhausted);
  const std::vector<Value*> args = receive_arguments(signature, type.params);
  Value* slots = scratch(std::max({signature.param_slots, signature.result_slots, 1u}));
  uint32_t slot = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    store_slot(args[i], slots, slot);
    slot += type.params[i].slots();
  }
  auto* call_type = llvm::FunctionType::get(b.getInt32Ty(), {pointer_type(), pointer_type(), pointer_type()}, false);
  Value* call = load(pointer_type(), self, offsetof(FuncInst, call), Alias::Func, 8);
  Value* outcome = b.CreateCall(call_type, call, {self, ctx_, slots});
  llvm::BasicBlock* failed = split_cold(b.CreateIsNotNull(outcome), "failed");
  llvm::SmallVector<Value*, 8> results;
  slot = 0;
  for (ValType t : type.results) {
    results.push_back(load_slot(t, slots, slot));
    slot += t.slots();
  }
  emit_return(signature, results);
  // The first argument of raise is the function, not a context.
  b.SetInsertPoint(failed);
  llvm::CallInst* raise = b.CreateCall(shared.libcall_type(Libcall::raise), libcall_address(Libcall::raise), {self, outcome});
  raise->setAttributes(shared.libcall_attributes(Libcall::raise));
  b.CreateUnreachable();
}

}  // namespace

void emit_array_entry(ModuleIr& shared, uint32_t type_index) {
  const FuncType& type = func_type(shared, type_index);
  auto* pointer = llvm::PointerType::getUnqual(shared.context());
  auto* entry_type =
      llvm::FunctionType::get(llvm::Type::getInt32Ty(shared.context()), {pointer, pointer, pointer}, false);
  ArrayEntry(shared, shared.define(entry_type, "e" + llvm::Twine(type_index)))
      .emit(type, shared.signature(shared.info.types.id(type_index), type));
}

void emit_import_thunk(ModuleIr& shared, uint32_t type_index) {
  const FuncType& type = func_type(shared, type_index);
  const Signature& signature = shared.signature(shared.info.types.id(type_index), type);
  llvm::Function* function = shared.define(signature.type, "t" + llvm::Twine(type_index));
  if (shared.target.abi.swiftself) function->addParamAttr(0, llvm::Attribute::SwiftSelf);
  ImportThunk(shared, function).emit(type, signature);
}

}  // namespace skiff::llvm_tier
