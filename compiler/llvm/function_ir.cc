// Loads and stores of the engine's structures, library calls and traps.
#include "compiler/llvm/function_ir.h"

#include <cstddef>

#include "engine/base/check.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/MDBuilder.h"

namespace skiff::llvm_tier {

using llvm::BasicBlock;
using llvm::Type;
using llvm::Value;

FunctionIr::FunctionIr(ModuleIr& shared, llvm::Function* function)
    : Ir(shared.module, shared.target), shared(shared), function(function) {
  BasicBlock* entry = new_block("entry");
  BasicBlock* start = new_block("start");
  entry_end_ = llvm::BranchInst::Create(start, entry);
  b.SetInsertPoint(start);
  ctx_ = function->getArg(0);
}

BasicBlock* FunctionIr::new_block(const char* name) { return BasicBlock::Create(b.getContext(), name, function); }

BasicBlock* FunctionIr::split_cold(Value* condition, const char* name) {
  BasicBlock* cold = new_block(name);
  BasicBlock* next = new_block();
  b.CreateCondBr(condition, cold, next, shared.cold_weights());
  b.SetInsertPoint(next);
  return cold;
}

void FunctionIr::trap(TrapCode code) {
  libcall(Libcall::trap, {i32(static_cast<uint32_t>(code))});
  b.CreateUnreachable();
}

void FunctionIr::trap_if(Value* condition, TrapCode code) {
  if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(condition); constant && constant->isZero()) return;
  BasicBlock* cold = split_cold(condition, "trap");
  llvm::IRBuilderBase::InsertPointGuard guard(b);
  b.SetInsertPoint(cold);
  trap(code);
}

void FunctionIr::trap_on(Value* code) {
  BasicBlock* cold = split_cold(b.CreateIsNotNull(code), "trap");
  llvm::IRBuilderBase::InsertPointGuard guard(b);
  b.SetInsertPoint(cold);
  libcall(Libcall::trap, {code});
  b.CreateUnreachable();
}

Value* FunctionIr::offset(Value* pointer, uint64_t bytes) {
  return bytes == 0 ? pointer : b.CreatePtrAdd(pointer, i64(bytes));
}

Value* FunctionIr::load(Type* type, Value* pointer, uint64_t bytes, Alias alias, unsigned align) {
  llvm::LoadInst* load = b.CreateAlignedLoad(type, offset(pointer, bytes), llvm::Align(align));
  load->setMetadata(llvm::LLVMContext::MD_tbaa, shared.alias(alias));
  return load;
}

Value* FunctionIr::load_invariant(Type* type, Value* pointer, uint64_t bytes, unsigned align) {
  auto* value = llvm::cast<llvm::LoadInst>(load(type, pointer, bytes, Alias::Context, align));
  value->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b.getContext(), {}));
  return value;
}

Value* FunctionIr::load_pointer(Value* pointer, uint64_t bytes, uint64_t size) {
  auto* value = llvm::cast<llvm::LoadInst>(load_invariant(pointer_type(), pointer, bytes));
  llvm::Metadata* readable = llvm::ConstantAsMetadata::get(b.getInt64(size));
  if (size != 0) {
    value->setMetadata(llvm::LLVMContext::MD_dereferenceable, llvm::MDNode::get(b.getContext(), {readable}));
    value->setMetadata(llvm::LLVMContext::MD_nonnull, llvm::MDNode::get(b.getContext(), {}));
  }
  return value;
}

llvm::StoreInst* FunctionIr::store(Value* value, Value* pointer, uint64_t bytes, Alias alias, unsigned align) {
  llvm::StoreInst* store = b.CreateAlignedStore(value, offset(pointer, bytes), llvm::Align(align));
  store->setMetadata(llvm::LLVMContext::MD_tbaa, shared.alias(alias));
  return store;
}

Value* FunctionIr::load_slot(ValType t, Value* slots, uint32_t slot) {
  return load(type(t), slots, uint64_t{slot} * sizeof(Slot), Alias::Slots, t.size() < 8 ? t.size() : 8);
}

void FunctionIr::store_slot(Value* value, Value* slots, uint32_t slot) {
  const unsigned bits = value->getType()->getPrimitiveSizeInBits().getFixedValue();
  store(value, slots, uint64_t{slot} * sizeof(Slot), Alias::Slots, bits < 64 ? 4 : 8);
}

Value* FunctionIr::scratch(uint32_t slots) {
  if (!scratch_) {
    llvm::IRBuilder<> entry(entry_end_);
    scratch_ = entry.CreateAlloca(entry.getInt64Ty(), i32(slots), "slots");
    scratch_->setAlignment(llvm::Align(16));
  }
  if (llvm::cast<llvm::ConstantInt>(scratch_->getArraySize())->getZExtValue() < slots)
    scratch_->setOperand(0, i32(slots));
  return scratch_;
}

Value* FunctionIr::libcall_address(Libcall call) {
  Value* table = load_pointer(ctx_, offsetof(VmCtx, libcalls), 8);
  return load_invariant(pointer_type(), table, uint64_t{static_cast<uint32_t>(call)} * 8);
}

llvm::CallInst* FunctionIr::libcall(Libcall call, llvm::ArrayRef<Value*> args) {
  llvm::SmallVector<Value*, 8> all = {ctx_};
  all.append(args.begin(), args.end());
  llvm::CallInst* result = b.CreateCall(shared.libcall_type(call), libcall_address(call), all);
  result->setAttributes(shared.libcall_attributes(call));
  return result;
}

Value* FunctionIr::vm_store() {
  return vm_store_ ? vm_store_ : load_pointer(ctx_, offsetof(VmCtx, vm_store), sizeof(VmStore));
}

std::vector<Value*> FunctionIr::pass_arguments(const Signature& signature, Value* callee_ctx,
                                               llvm::ArrayRef<Value*> values) {
  std::vector<Value*> args(signature.type->getNumParams());
  args[0] = callee_ctx;
  Value* buffer = nullptr;
  if (signature.buffered_params) buffer = load_invariant(pointer_type(), vm_store(), offsetof(VmStore, arg_buffer));
  for (size_t i = 0; i < values.size(); ++i) {
    const Signature::Place place = signature.params[i];
    if (place.in_register) args[place.index] = values[i];
    else store_slot(values[i], buffer, place.index);
  }
  return args;
}

void FunctionIr::collect_results(const Signature& signature, std::span<const ValType> types, Value* direct,
                                 llvm::SmallVectorImpl<Value*>& out) {
  Value* buffer = nullptr;
  if (signature.buffered_results)
    buffer = load_invariant(pointer_type(), vm_store(), offsetof(VmStore, result_buffer));
  for (size_t i = 0; i < types.size(); ++i) {
    const Signature::Place place = signature.results[i];
    out.push_back(place.in_register ? direct : load_slot(types[i], buffer, place.index));
  }
}

void FunctionIr::emit_return(const Signature& signature, llvm::ArrayRef<Value*> values) {
  Value* direct = nullptr;
  Value* buffer = nullptr;
  if (signature.buffered_results)
    buffer = load_invariant(pointer_type(), vm_store(), offsetof(VmStore, result_buffer));
  for (size_t i = 0; i < values.size(); ++i) {
    const Signature::Place place = signature.results[i];
    if (place.in_register) direct = values[i];
    else store_slot(values[i], buffer, place.index);
  }
  if (direct) b.CreateRet(direct);
  else b.CreateRetVoid();
}

std::vector<Value*> FunctionIr::receive_arguments(const Signature& signature, std::span<const ValType> types) {
  std::vector<Value*> values;
  Value* buffer = nullptr;
  if (signature.buffered_params) buffer = load_invariant(pointer_type(), vm_store(), offsetof(VmStore, arg_buffer));
  for (size_t i = 0; i < signature.params.size(); ++i) {
    const Signature::Place place = signature.params[i];
    values.push_back(place.in_register ? static_cast<Value*>(function->getArg(place.index))
                                       : load_slot(types[i], buffer, place.index));
  }
  return values;
}

// Line: wasm offset + 1, so that 0 stays "no position".
void FunctionIr::set_location(uint64_t wasm_offset) {
  b.SetCurrentDebugLocation(llvm::DILocation::get(b.getContext(), static_cast<unsigned>(wasm_offset + 1), 0, subprogram_));
}

}  // namespace skiff::llvm_tier
