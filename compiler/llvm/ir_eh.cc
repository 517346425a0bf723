// Exceptions (abi.h, 7). A call inside a try is an invoke whose landing pad takes the exception from the unwinder
// and jumps to the try's dispatch code, which compares tags one after the other. When none matches the dispatch code
// of the next try around it goes on; outside of all, the exception goes back to the unwinder. Which exception
// is on its way is kept in two variables of the frame.
//
// The legacy try differs in that its handlers are parts of the block itself, are delivered one by one, and can
// rethrow; delegate hands everything to the handlers around another label.
#include "compiler/llvm/translate.h"
#include "engine/base/check.h"
#include "engine/gc/object.h"

namespace skiff::llvm_tier {

using llvm::BasicBlock;
using llvm::Value;

void FunctionTranslator::begin_try(const Instr& instr, Frame& frame) {
  if (!exception_slot_) {
    llvm::IRBuilder<> entry(entry_end_);
    exception_slot_ = entry.CreateAlloca(entry.getInt64Ty(), nullptr, "exnref");
    unwind_slot_ = entry.CreateAlloca(entry.getPtrTy(), nullptr, "unwinding");
    function->setPersonalityFn(shared.personality());
  }
  frame.catches.assign(instr.catches.begin(), instr.catches.end());
}

// The innermost of the `below` outermost frames that handles exceptions, or null.
FunctionTranslator::Frame* FunctionTranslator::handler_frame(size_t below) {
  if (!exception_slot_) return nullptr;
  while (below > 0) {
    Frame& frame = frames_[--below];
    if ((frame.op == Op::TryTable || frame.op == Op::Try) && frame.in_body) return &frame;
  }
  return nullptr;
}

BasicBlock* FunctionTranslator::dispatch_of(Frame& frame) {
  if (!frame.dispatch) frame.dispatch = new_block("dispatch");
  return frame.dispatch;
}

BasicBlock* FunctionTranslator::landing_pad(Frame& frame) {
  if (frame.landing_pad) return frame.landing_pad;
  llvm::IRBuilderBase::InsertPointGuard guard(b);
  frame.landing_pad = new_block("landing");
  b.SetInsertPoint(frame.landing_pad);
  llvm::LandingPadInst* pad =
      b.CreateLandingPad(llvm::StructType::get(pointer_type(), b.getInt32Ty()), 1, "exception");
  pad->addClause(llvm::ConstantPointerNull::get(b.getPtrTy()));
  Value* unwinding = b.CreateExtractValue(pad, 0);
  b.CreateStore(unwinding, unwind_slot_);
  b.CreateStore(libcall(Libcall::catch_begin, {unwinding}), exception_slot_);
  b.CreateBr(dispatch_of(frame));
  return frame.landing_pad;
}

// Nobody here wants the exception: on to the handlers of `outer`, or out of the function.
void FunctionTranslator::pass_on(Frame* outer) {
  if (outer) {
    b.CreateBr(dispatch_of(*outer));
    return;
  }
  libcall(Libcall::resume_unwind, {b.CreateLoad(pointer_type(), unwind_slot_)});
  b.CreateUnreachable();
}

void FunctionTranslator::throw_exception(Value* exception) {
  call_may_throw(shared.libcall_type(Libcall::throw_ref), libcall_address(Libcall::throw_ref), {ctx_, exception},
                 shared.libcall_attributes(Libcall::throw_ref));
  b.CreateUnreachable();
}

void FunctionTranslator::emit_throw(const Instr& instr, const ResolvedInstr& r) {
  switch (instr.op) {
    case Op::Throw: {
      const std::vector<ValType>& params = r.func_type->params;
      Value* slots = pack_into_slots(top(params.size()), params);
      drop(params.size());
      return throw_exception(libcall(Libcall::new_exception, {i32(instr.index), slots}));
    }
    case Op::ThrowRef: {
      Value* exception = pop();
      trap_if(b.CreateICmpEQ(exception, i64(0)), TrapCode::NullExceptionReference);
      return throw_exception(exception);
    }
    default: return throw_exception(frame_of(instr.index).exception);
  }
}

Value* FunctionTranslator::tag_matches(Value* exception, uint32_t tag) {
  Value* tags = load_pointer(ctx_, offsetof(VmCtx, tags), shared.info.tag_types.size() * sizeof(void*));
  Value* expected = load_invariant(pointer_type(), tags, uint64_t{tag} * sizeof(void*));
  Value* object = b.CreateIntToPtr(exception, pointer_type());
  return b.CreateICmpEQ(load(pointer_type(), object, gc::kExceptionTagOffset, Alias::Heap, 8), expected);
}

// Layout of exception objects: gc/object.h. Slots follow a bitmap of one bit for each.
void FunctionTranslator::payload(Value* exception, uint32_t tag, llvm::SmallVectorImpl<Value*>& out) {
  const std::vector<ValType>& params = shared.info.registry->func_type(shared.info.tag_types[tag]).params;
  uint64_t count = 0;
  for (ValType t : params) count += t.slots();
  uint64_t at = sizeof(gc::ExceptionObject) + (count + 63) / 64 * 8;
  Value* object = b.CreateIntToPtr(exception, pointer_type());
  cost_ += params.size();
  for (ValType t : params) {
    out.push_back(load(type(t), object, at, Alias::Heap, std::min(t.size(), 8u)));
    at += t.slots() * sizeof(Slot);
  }
}

// After the end of a try_table: its dispatch code. It is also there when nothing in the block can throw, since for
// the walker the labels of its clauses are reached; the optimiser removes it. Labels count from outside.
void FunctionTranslator::emit_try_table_handlers(Frame& frame) {
  b.SetInsertPoint(dispatch_of(frame));
  Value* exception = b.CreateLoad(b.getInt64Ty(), exception_slot_);
  for (const Catch& clause : frame.catches) {
    BasicBlock* next = nullptr;
    if (clause.has_tag()) {
      BasicBlock* here = new_block("catch");
      next = new_block();
      b.CreateCondBr(tag_matches(exception, clause.tag), here, next);
      b.SetInsertPoint(here);
    }
    Values values;
    if (clause.has_tag()) payload(exception, clause.tag, values);
    if (clause.has_ref()) values.push_back(exception);
    Frame& label = frame_of(clause.label);
    add_edge(label, values);
    b.CreateBr(label.target);
    b.SetInsertPoint(next ? next : new_block());  // what follows a catch_all is dead
  }
  pass_on(handler_frame(frames_.size()));
}

// Spec (legacy): a catch or catch_all begins.
void FunctionTranslator::emit_catch(const Instr& instr, const ResolvedInstr&, Frame& frame) {
  frame.in_body = false;
  BasicBlock* test = frame.next_test ? frame.next_test : dispatch_of(frame);
  b.SetInsertPoint(test);
  frame.exception = b.CreateLoad(b.getInt64Ty(), exception_slot_);
  if (instr.op == Op::CatchAll) {
    frame.next_test = nullptr;
    frame.dispatch = nullptr;  // complete
    return;
  }
  BasicBlock* here = new_block("catch");
  frame.next_test = new_block();
  b.CreateCondBr(tag_matches(frame.exception, instr.index), here, frame.next_test);
  b.SetInsertPoint(here);
  Values values;
  payload(frame.exception, instr.index, values);
  for (Value* v : values) push(v);
}

// Spec (legacy): end or delegate. The frame is no longer among frames_.
void FunctionTranslator::finish_try(const Instr& instr, Frame& frame) {
  BasicBlock* rest = frame.next_test ? frame.next_test : frame.dispatch;
  if (!rest) return;
  b.SetInsertPoint(rest);
  // delegate counts labels from outside the try; the target may be any block.
  const size_t outer = instr.op == Op::Delegate ? frames_.size() - instr.index : frames_.size();
  pass_on(handler_frame(outer));
}

}  // namespace skiff::llvm_tier
