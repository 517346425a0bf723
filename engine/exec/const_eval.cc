// The constant instructions, on a stack of slots that the collector scans while objects are made.
#include "engine/exec/const_eval.h"

#include "engine/base/check.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/numeric.h"
#include "engine/valid/walker.h"

namespace skiff {

ConstEvaluator::ConstEvaluator(VmCtx& ctx) : ctx_(ctx) {}

TrapCode ConstEvaluator::evaluate(const ConstExpr& expr, ValType type, Slot* out) {
  stack_.clear();
  trap_ = TrapCode::None;
  const Status walked = walk_const_expr(ctx_.instance->info(), expr, type, scratch_, *this);
  SKIFF_CHECK(walked.has_value());  // it was validated with its module
  if (trap_ != TrapCode::None) return trap_;
  SKIFF_CHECK(stack_.size() == type.slots());
  std::copy(stack_.begin(), stack_.end(), out);
  return TrapCode::None;
}

void ConstEvaluator::push_u32(uint32_t value) { push_u64(value); }

void ConstEvaluator::push_u64(uint64_t value) {
  Slot slot;
  slot.u64 = value;
  push(slot);
}

uint64_t ConstEvaluator::pop_u64() {
  SKIFF_CHECK(!stack_.empty());
  const uint64_t value = stack_.back().u64;
  stack_.pop_back();
  return value;
}

uint32_t ConstEvaluator::pop_u32() { return static_cast<uint32_t>(pop_u64()); }

void ConstEvaluator::replace(size_t n, Ref object) {
  SKIFF_CHECK(n <= stack_.size());
  stack_.resize(stack_.size() - n);
  push_u64(object);
}

void ConstEvaluator::global_get(uint32_t index, ValType type) {
  const GlobalInst* global = ctx_.globals[index];
  SKIFF_CHECK(global != nullptr);
  for (uint32_t i = 0; i < type.slots(); ++i) push(global->slots[i]);
}

void ConstEvaluator::instr(const Instr& instr, const ResolvedInstr& resolved, const WalkView&) {
  if (trap_ != TrapCode::None) return;
  // The right operand is on top.
  auto binary32 = [&](auto f) {
    const uint32_t b = pop_u32();
    const uint32_t a = pop_u32();
    push_u32(f(a, b));
  };
  auto binary64 = [&](auto f) {
    const uint64_t b = pop_u64();
    const uint64_t a = pop_u64();
    push_u64(f(a, b));
  };
  switch (instr.op) {
    case Op::Nop: break;
    case Op::I32Const:
    case Op::F32Const: push_u32(static_cast<uint32_t>(instr.bits)); break;
    case Op::I64Const:
    case Op::F64Const: push_u64(instr.bits); break;
    case Op::V128Const:
      push_u64(load_unaligned<uint64_t>(instr.bytes.data()));
      push_u64(load_unaligned<uint64_t>(instr.bytes.data() + 8));
      break;
    case Op::I32Add: binary32(num::I32Add); break;
    case Op::I32Sub: binary32(num::I32Sub); break;
    case Op::I32Mul: binary32(num::I32Mul); break;
    case Op::I64Add: binary64(num::I64Add); break;
    case Op::I64Sub: binary64(num::I64Sub); break;
    case Op::I64Mul: binary64(num::I64Mul); break;
    case Op::GlobalGet: global_get(instr.index, resolved.type); break;
    case Op::RefNull: push_u64(kNullRef); break;
    case Op::RefFunc: push_u64(libcall::ref_func(&ctx_, instr.index)); break;
    case Op::RefI31: push_u64(make_i31(pop_u32())); break;
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: break;  // the same word (value.h)
    default: allocate(instr, resolved); break;  // opcodes are an open set: what is not constant fails there
  }
}

void ConstEvaluator::allocate(const Instr& instr, const ResolvedInstr& resolved) {
  const SlotRoots roots(*ctx_.vm_store->store, stack_);
  const CompositeType& type = ctx_.instance->info().registry->get(resolved.type_id).type.comp;
  const uint32_t elem_slots = type.kind == CompositeType::Kind::Array ? type.fields[0].storage.slots() : 0;
  Ref object = kNullRef;
  size_t operands = 0;
  switch (instr.op) {
    case Op::StructNew:
      for (const FieldType& field : type.fields) operands += field.storage.slots();
      trap_ = libcall::struct_new(&ctx_, instr.index, top(operands), object);
      break;
    case Op::StructNewDefault:
      trap_ = libcall::struct_new_default(&ctx_, instr.index, object);
      break;
    case Op::ArrayNew:
      operands = elem_slots + 1;
      trap_ = libcall::array_new(&ctx_, instr.index, top(operands), top(1)->u32, object);
      break;
    case Op::ArrayNewDefault:
      operands = 1;
      trap_ = libcall::array_new_default(&ctx_, instr.index, top(1)->u32, object);
      break;
    case Op::ArrayNewFixed:
      operands = size_t{elem_slots} * instr.index2;
      trap_ = libcall::array_new_fixed(&ctx_, instr.index, top(operands), instr.index2, object);
      break;
    default: SKIFF_CHECK(!"validated constant expression with an instruction that is not constant");
  }
  if (trap_ == TrapCode::None) replace(operands, object);
}

}  // namespace skiff
