// Calls. A callee in the same module is called by its symbol with our own context; everything else goes through
// a FuncInst, which names entry and context (abi.h, 2).
//
// Tail calls are jumps: all arguments are in registers or in the buffer. Where the context is in a
// callee-saved register a jump to a callee with another context would destroy our caller's; such calls jump to
// a small assembly thunk of the runtime (library call tail_call) that keeps it.
#include "compiler/llvm/translate.h"
#include "engine/base/check.h"

namespace skiff::llvm_tier {

using llvm::BasicBlock;
using llvm::Value;

void FunctionTranslator::emit_call_op(const Instr& instr, const ResolvedInstr& r) {
  charge_fuel();
  const Callee callee = callee_of(instr, r);
  switch (instr.op) {
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef: return emit_plain_call(callee, r);
    default: return emit_tail_call(callee, r);
  }
}

FunctionTranslator::Callee FunctionTranslator::callee_of(const Instr& instr, const ResolvedInstr& r) {
  switch (instr.op) {
    case Op::Call:
    case Op::ReturnCall: {
      Callee callee;
      const Module& m = shared.info.module;
      if (instr.index >= m.imported_funcs) {
        callee.entry = shared.function(instr.index);
        callee.ctx = ctx_;
        return callee;
      }
      // Imports are bound when the instance is made.
      Value* funcs = load_pointer(ctx_, offsetof(VmCtx, funcs), m.functions.size() * sizeof(void*));
      callee.func_inst = load_pointer(funcs, uint64_t{instr.index} * sizeof(void*), sizeof(FuncInst));
      callee.entry = load_invariant(pointer_type(), callee.func_inst, offsetof(FuncInst, native_entry));
      callee.ctx = load_invariant(pointer_type(), callee.func_inst, offsetof(FuncInst, native_ctx));
      return callee;
    }
    case Op::CallIndirect:
    case Op::ReturnCallIndirect: {
      Value* index = pop();
      if (r.address == AddressType::I32) index = widen(index);
      if (shared.static_tables.serves(instr.index2, r.type_id)) return static_callee(instr.index2, index, r.type_id);
      Value* element = table_element(instr.index2, index, TrapCode::UndefinedElement);
      Value* ref = load(b.getInt64Ty(), element, 0, Alias::Table, 8);
      return resolve(b.CreateIntToPtr(ref, pointer_type()), instr.index, true);
    }
    default: return resolve(b.CreateIntToPtr(pop(), pointer_type()), instr.index, false);
  }
}

// What is called is a function of this module, or it is a trap.
FunctionTranslator::Callee FunctionTranslator::static_callee(uint32_t table, Value* index, uint32_t type_id) {
  trap_if(b.CreateICmpUGE(index, i64(shared.static_tables.elements(table).size())), TrapCode::UndefinedElement);
  Value* array = shared.static_table(table);
  Value* element = b.CreateGEP(b.getInt64Ty(), array, index);
  Value* type = load_invariant(b.getInt32Ty(), element, StaticElement::kType, 4);
  BasicBlock* wrong =
      split_cold(b.CreateICmpNE(type, i32(shared.static_tables.type_number(type_id))), "wrong");
  {
    llvm::IRBuilderBase::InsertPointGuard guard(b);
    b.SetInsertPoint(wrong);
    // Elements without a type are null, or of an imported function.
    Value* elements = load(pointer_type(), table_inst(table), offsetof(TableInst, elems), Alias::Table, 8);
    Value* ref = load(b.getInt64Ty(), b.CreateGEP(b.getInt64Ty(), elements, index), 0, Alias::Table, 8);
    Value* code = b.CreateSelect(b.CreateICmpEQ(ref, i64(0)), i32(static_cast<uint32_t>(TrapCode::UninitializedElement)),
                                 i32(static_cast<uint32_t>(TrapCode::IndirectCallTypeMismatch)));
    libcall(Libcall::trap, {code});
    b.CreateUnreachable();
  }
  Value* distance = load_invariant(b.getInt32Ty(), element, StaticElement::kCode, 4);
  Callee callee;
  callee.entry = b.CreatePtrAdd(array, b.CreateSExt(distance, b.getInt64Ty()));
  callee.ctx = ctx_;
  return callee;
}

// The quick way: a FuncInst whose native_type_id is the expected one. Everything else (null, not yet bound, a
// subtype, the wrong type) is the library's business.
FunctionTranslator::Callee FunctionTranslator::resolve(Value* func, uint32_t type_index, bool table_call) {
  BasicBlock* slow = new_block("resolve");
  BasicBlock* check = new_block();
  BasicBlock* call = new_block("call");
  b.CreateCondBr(b.CreateIsNull(func), slow, check, shared.cold_weights());
  b.SetInsertPoint(check);
  Value* ids = load_pointer(ctx_, offsetof(VmCtx, type_ids), shared.info.types.size() * sizeof(uint32_t));
  Value* expected = load_invariant(b.getInt32Ty(), ids, uint64_t{type_index} * sizeof(uint32_t), 4);
  Value* actual = load(b.getInt32Ty(), func, offsetof(FuncInst, native_type_id), Alias::Func, 4);
  b.CreateCondBr(b.CreateICmpNE(actual, expected), slow, call, shared.cold_weights());
  b.SetInsertPoint(slow);
  Value* resolved = libcall(Libcall::resolve_call, {i32(type_index), func, i32(table_call)});
  b.CreateBr(call);
  b.SetInsertPoint(call);
  llvm::PHINode* bound = b.CreatePHI(pointer_type(), 2);
  bound->addIncoming(func, check);
  bound->addIncoming(resolved, slow);
  Callee callee;
  callee.func_inst = bound;
  callee.entry = load(pointer_type(), bound, offsetof(FuncInst, native_entry), Alias::Func, 8);
  callee.ctx = load(pointer_type(), bound, offsetof(FuncInst, native_ctx), Alias::Func, 8);
  return callee;
}

Value* FunctionTranslator::call_may_throw(llvm::FunctionType* type, Value* address, llvm::ArrayRef<Value*> args,
                                          llvm::AttributeList attributes) {
  Frame* handler = handler_frame(frames_.size());
  if (!handler) {
    llvm::CallInst* call = b.CreateCall(type, address, args);
    call->setAttributes(attributes);
    return call;
  }
  BasicBlock* next = new_block();
  llvm::InvokeInst* call = b.CreateInvoke(type, address, next, landing_pad(*handler), args);
  call->setAttributes(attributes);
  b.SetInsertPoint(next);
  return call;
}

void FunctionTranslator::emit_plain_call(const Callee& callee, const ResolvedInstr& r) {
  const FuncType& type = *r.func_type;
  const Signature& signature = shared.signature(r.type_id, type);
  const std::vector<Value*> args = pass_arguments(signature, callee.ctx, top(type.params.size()));
  drop(type.params.size());
  cost_ += type.params.size() + type.results.size();
  if (callee.func_inst) store(ctx_, vm_store(), offsetof(VmStore, caller), Alias::Store, 8);
  Value* direct = call_may_throw(signature.type, callee.entry, args, shared.call_attributes());
  llvm::SmallVector<Value*, 8> results;
  collect_results(signature, type.results, direct, results);
  for (Value* v : results) push(v);
}

void FunctionTranslator::finish_tail_call(const Signature& signature, Value* entry, Value* ctx, std::vector<Value*> args) {
  args[0] = ctx;
  llvm::CallInst* call = b.CreateCall(signature.type, entry, args);
  call->setAttributes(shared.call_attributes());
  // musttail is a promise, but only possible between equal prototypes; the rest is made good in pipeline.cc.
  const bool same = signature.type == function->getFunctionType();
  call->setTailCallKind(same ? llvm::CallInst::TCK_MustTail : llvm::CallInst::TCK_Tail);
  call->setMetadata("skiff.tail", llvm::MDNode::get(b.getContext(), {}));
  if (signature.type->getReturnType()->isVoidTy()) b.CreateRetVoid();
  else b.CreateRet(call);
}

void FunctionTranslator::emit_tail_call(const Callee& callee, const ResolvedInstr& r) {
  const FuncType& type = *r.func_type;
  const Signature& signature = shared.signature(r.type_id, type);
  const std::vector<Value*> args = pass_arguments(signature, ctx_, top(type.params.size()));
  drop(type.params.size());
  cost_ += type.params.size();
  if (!callee.func_inst) return finish_tail_call(signature, callee.entry, ctx_, args);
  store(ctx_, vm_store(), offsetof(VmStore, caller), Alias::Store, 8);
  if (!target.abi.swiftself) return finish_tail_call(signature, callee.entry, callee.ctx, args);
  BasicBlock* same = new_block("same");
  BasicBlock* other = new_block("other");
  b.CreateCondBr(b.CreateICmpEQ(callee.ctx, ctx_), same, other);
  b.SetInsertPoint(same);
  finish_tail_call(signature, callee.entry, ctx_, args);
  b.SetInsertPoint(other);
  store(callee.func_inst, vm_store(), offsetof(VmStore, tail_callee), Alias::Store, 8);
  finish_tail_call(signature, libcall_address(Libcall::tail_call), ctx_, args);
}

}  // namespace skiff::llvm_tier
