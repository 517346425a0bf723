// Both thunks are FunctionIrs whose context is not their first argument's VmCtx by itself: the array entry gets it as
// second argument, the import thunk takes its caller's out of the VmStore.
#include "compiler/llvm/thunks.h"

#include "compiler/llvm/function_ir.h"
#include "engine/exec/store.h"
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

 private:
  Value* emit_array_call(Value* self, Value* slots, Value* host_call);
};

// What FuncInst::call does for host functions (only these have no context) is done here: a call less.
Value* ImportThunk::emit_array_call(Value* self, Value* slots, Value* host_call) {
  llvm::BasicBlock* host = new_block("host");
  llvm::BasicBlock* other = new_block("other");
  llvm::BasicBlock* done = new_block();
  b.CreateCondBr(b.CreateIsNull(load(pointer_type(), self, offsetof(FuncInst, ctx), Alias::Func, 8)), host, other);

  b.SetInsertPoint(host);
  Value* func = load(pointer_type(), self, offsetof(FuncInst, code), Alias::Func, 8);
  Value* const fields[] = {load(pointer_type(), func, offsetof(HostFunc, store), Alias::Func, 8), ctx_, slots,
                           load(pointer_type(), func, offsetof(HostFunc, data), Alias::Func, 8)};
  static_assert(sizeof(HostCall) == sizeof fields);  // its members in order
  for (size_t i = 0; i < std::size(fields); ++i)
    b.CreateAlignedStore(fields[i], offset(host_call, i * sizeof(void*)), llvm::Align(8));
  auto* host_type = llvm::FunctionType::get(b.getInt32Ty(), {pointer_type()}, false);
  Value* host_outcome =
      b.CreateCall(host_type, load(pointer_type(), func, offsetof(HostFunc, fn), Alias::Func, 8), {host_call});
  b.CreateBr(done);

  b.SetInsertPoint(other);
  auto* call_type = llvm::FunctionType::get(b.getInt32Ty(), {pointer_type(), pointer_type(), pointer_type()}, false);
  Value* call = load(pointer_type(), self, offsetof(FuncInst, call), Alias::Func, 8);
  Value* other_outcome = b.CreateCall(call_type, call, {self, ctx_, slots});
  b.CreateBr(done);

  b.SetInsertPoint(done);
  llvm::PHINode* outcome = b.CreatePHI(b.getInt32Ty(), 2);
  outcome->addIncoming(host_outcome, host);
  outcome->addIncoming(other_outcome, other);
  return outcome;
}

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
  const uint32_t value_slots = std::max({signature.param_slots, signature.result_slots, 1u});
  Value* slots = scratch(value_slots + sizeof(HostCall) / sizeof(Slot));
  uint32_t slot = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    store_slot(args[i], slots, slot);
    slot += type.params[i].slots();
  }
  Value* outcome = emit_array_call(self, slots, offset(slots, uint64_t{value_slots} * sizeof(Slot)));
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
