// Lowering of instructions without control: the sorting by shape, numeric and vector operators, variables.
#include <array>

#include "engine/base/check.h"
#include "engine/interp/lowering.h"

namespace skiff::interp {
namespace {

// First internal opcode of each opcode that has forms in codes.inc.
constexpr auto kFirst = [] {
  std::array<Code, kOpCount> first{};
#define FIRST(OP) first[static_cast<size_t>(Op::OP)] = Code::OP;
#define NO_FIRST(OP)
#define FIRST_Unary FIRST
#define FIRST_Binary FIRST
#define FIRST_Ternary FIRST
#define FIRST_Wide FIRST
#define FIRST_ExtractLane FIRST
#define FIRST_ReplaceLane FIRST
#define FIRST_Shuffle FIRST
#define FIRST_Load FIRST
#define FIRST_Store FIRST
#define FIRST_LoadLane FIRST
#define FIRST_StoreLane FIRST
#define FIRST_AtomicLoad FIRST
#define FIRST_AtomicStore FIRST
#define FIRST_AtomicRmw FIRST
#define FIRST_AtomicCmpxchg FIRST
#define FIRST_AtomicNotify FIRST
#define FIRST_AtomicWait FIRST
#define FIRST_AtomicFence FIRST
#define FIRST_Const NO_FIRST
#define FIRST_Control NO_FIRST
#define FIRST_Call NO_FIRST
#define FIRST_Parametric NO_FIRST
#define FIRST_Variable NO_FIRST
#define FIRST_Table NO_FIRST
#define FIRST_Memory NO_FIRST
#define FIRST_Reference NO_FIRST
#define FIRST_Gc NO_FIRST
#define WASM_OP(NAME, PREFIX, CODE, TEXT, IMM, SIG, SHAPE, FEATURE, TRAP, WIDTH) FIRST_##SHAPE(NAME)
#include "engine/syntax/opcodes.def"
#undef WASM_OP
  return first;
}();

constexpr bool within(Op op, Op first, Op last) { return op >= first && op <= last; }

}  // namespace

ValType letter_type(char letter) {
  switch (letter) {
    case 'i': return ValType::I32;
    case 'l': return ValType::I64;
    case 'f': return ValType::F32;
    case 'd': return ValType::F64;
    default: return ValType::V128;
  }
}

Code first_code(Op op) { return kFirst[static_cast<size_t>(op)]; }

bool is_fusible_op(Op op) {
  return within(op, Op::I32Eqz, Op::I32GeU) || within(op, Op::I64Eqz, Op::I64GeU) || op == Op::I32And ||
         op == Op::I64And || op == Op::I32Shl;
}

namespace {

ValType result_type(Op op) { return letter_type(info(op).sig.back()); }

/// The operator with its operands exchanged, if there is one (`op` itself where order does not matter).
bool swapped(Op op, Op& out) {
  // eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u; eq ne lt gt le ge
  static constexpr uint8_t kInt[] = {0, 1, 4, 5, 2, 3, 8, 9, 6, 7};
  static constexpr uint8_t kFloat[] = {0, 1, 3, 2, 5, 4};
  auto in = [&](Op first, Op last, const uint8_t* order) {
    if (!within(op, first, last)) return false;
    out = static_cast<Op>(static_cast<uint32_t>(first) +
                          order[static_cast<uint32_t>(op) - static_cast<uint32_t>(first)]);
    return true;
  };
  if (in(Op::I32Eq, Op::I32GeU, kInt) || in(Op::I64Eq, Op::I64GeU, kInt)) return true;
  if (in(Op::F32Eq, Op::F32Ge, kFloat) || in(Op::F64Eq, Op::F64Ge, kFloat)) return true;
  switch (op) {
    case Op::I32Add:
    case Op::I32Mul:
    case Op::I32And:
    case Op::I32Or:
    case Op::I32Xor:
    case Op::I64Add:
    case Op::I64Mul:
    case Op::I64And:
    case Op::I64Or:
    case Op::I64Xor: out = op; return true;
    default: return false;
  }
}

}  // namespace

void Lowering::instr(const Instr& e, const ResolvedInstr& resolved, const WalkView&) {
  offset_ = e.offset;
  const OpInfo& row = info(e.op);
  ++fuel_;
  if (row.shape == Shape::Control || row.shape == Shape::Call) charge_fuel();
  const bool vector = row.feature == Feature::Simd || row.feature == Feature::RelaxedSimd;
  switch (row.shape) {
    case Shape::Unary: return vector ? vector_op(e) : unary(e.op);
    case Shape::Binary: return vector ? vector_op(e) : binary(e.op);
    case Shape::Ternary:
    case Shape::ExtractLane:
    case Shape::ReplaceLane:
    case Shape::Shuffle: return vector_op(e);
    case Shape::Wide: return wide_op(e);
    case Shape::Const: return constant(e);
    case Shape::Load: return load(e, resolved);
    case Shape::Store: return store(e, resolved);
    case Shape::LoadLane:
    case Shape::StoreLane: return lane_access(e, resolved);
    case Shape::AtomicLoad:
    case Shape::AtomicStore:
    case Shape::AtomicRmw:
    case Shape::AtomicCmpxchg:
    case Shape::AtomicNotify:
    case Shape::AtomicWait:
    case Shape::AtomicFence: return atomic(e, resolved);
    case Shape::Control: return control(e, resolved);
    case Shape::Call: return call(e, resolved);
    case Shape::Parametric: return parametric(e);
    case Shape::Variable: return variable(e, resolved);
    case Shape::Table: return table_op(e, resolved);
    case Shape::Memory: return memory_op(e, resolved);
    case Shape::Reference: return reference(e, resolved);
    case Shape::Gc: return gc(e, resolved);
  }
}

void Lowering::unary(Op op) {
  if (op == Op::I32WrapI64) return wrap();
  const Operand o = pop();
  const Source a = source(o);
  if (info(op).traps == Trapping::MayTrap) mark_offset();
  const ValType type = result_type(op);
  const Code code = plus(first_code(op), a.form == Src::A ? 2 : 0);
  const bool fusible = is_fusible_op(op);
  if (fusible) spill(int_acc_);
  const Acc before = int_acc_;
  const uint32_t pos = begin_pair(code, type);
  put_source(a, o.type);
  push_pair(pos, code, type);
  if (!fusible) return;
  fusible_ = pos;
  fusible_op_ = op;
  fusible_left_ = a;
  fusible_acc_ = before;
}

// i32.wrap_i64 does nothing: whoever reads an i32 looks at 32 bits only.
void Lowering::wrap() {
  Operand& o = stack_.back();
  o.type = ValType::I32;
  if (o.where == Operand::Where::Const) o.bits = static_cast<uint32_t>(o.bits);
}

// base + (index << n), the shift being the last instruction. False when it is not.
bool Lowering::add_scaled(const Operand& a, const Operand& b) {
  const bool left = is_fusible(a);
  if (!left && !is_fusible(b)) return false;
  const Operand& base = left ? b : a;
  if (fusible_op_ != Op::I32Shl || fusible_right_.form != Src::I) return false;
  if (base.where != Operand::Where::Local && base.where != Operand::Where::Slot) return false;
  const Source index = fusible_left_;
  const auto shift = static_cast<uint32_t>(fusible_right_.bits);
  unemit();
  const int32_t base_slot = slot_of(base);
  const Code code = index.form == Src::A ? Code::AddScaled_A : Code::AddScaled;
  const uint32_t pos = begin_pair(code, ValType::I32);
  words({static_cast<uint32_t>(base_slot), static_cast<uint32_t>(index.slot), shift});
  push_pair(pos, code, ValType::I32);
  return true;
}

void Lowering::binary(Op op) {
  Operand b = pop();
  Operand a = pop();
  if (op == Op::I32Add && add_scaled(a, b)) return;
  if (a.where == Operand::Where::Const && b.where != Operand::Where::Const && swapped(op, op))
    std::swap(a, b);
  const Source left = source(a);
  const Source right = source(b, left.form != Src::A || class_of(a.type) != class_of(b.type), true);
  if (info(op).traps == Trapping::MayTrap) mark_offset();
  const uint32_t form = right.form == Src::I   ? (left.form == Src::A ? 4 : 3)
                        : right.form == Src::A ? 2
                        : left.form == Src::A  ? 1
                                               : 0;
  const ValType type = result_type(op);
  const Code code = plus(first_code(op), 2 * form);
  const bool fusible = is_fusible_op(op);
  if (fusible) spill(int_acc_);
  const Acc before = int_acc_;
  const uint32_t pos = begin_pair(code, type);
  put_source(left, a.type);
  put_source(right, b.type);
  push_pair(pos, code, type);
  if (!fusible) return;
  fusible_ = pos;
  fusible_op_ = op;
  fusible_left_ = left;
  fusible_right_ = right;
  fusible_acc_ = before;
}

void Lowering::constant(const Instr& e) {
  switch (e.op) {
    case Op::I32Const: return push_const(ValType::I32, static_cast<uint32_t>(e.bits));
    case Op::I64Const: return push_const(ValType::I64, e.bits);
    case Op::F32Const: return push_const(ValType::F32, static_cast<uint32_t>(e.bits));
    case Op::F64Const: return push_const(ValType::F64, e.bits);
    default: break;
  }
  begin_dst(Code::SetConst128, ValType::V128);
  for (size_t i = 0; i < 16; i += 4) word(load_unaligned<uint32_t>(&e.bytes[i]));
  push_dst(ValType::V128);
}

void Lowering::vector_op(const Instr& e) {
  const OpInfo& row = info(e.op);
  const ValType type = result_type(e.op);
  int32_t slots[3] = {};
  for (uint32_t i = row.pops; i-- > 0;) slots[i] = slot_of(pop());
  begin_dst(first_code(e.op), type);
  for (uint32_t i = 0; i < row.pops; ++i) slot_word(slots[i]);
  if (row.shape == Shape::ExtractLane || row.shape == Shape::ReplaceLane) word(e.lane);
  if (row.shape == Shape::Shuffle)
    for (size_t i = 0; i < 16; i += 4) word(load_unaligned<uint32_t>(&e.bytes[i]));
  push_dst(type);
}

void Lowering::wide_op(const Instr& e) {
  const uint32_t pops = info(e.op).pops;
  int32_t slots[4] = {};
  for (uint32_t i = pops; i-- > 0;) slots[i] = slot_of(pop());
  emit(first_code(e.op));
  slot_word(top_slot_);
  for (uint32_t i = 0; i < pops; ++i) slot_word(slots[i]);
  wrote(top_slot_, 2);
  push(ValType::I64);
  push(ValType::I64);
}

void Lowering::variable(const Instr& e, const ResolvedInstr& resolved) {
  const ValType type = resolved.type;
  switch (e.op) {
    case Op::LocalGet: return push_local(type, e.index);
    case Op::LocalSet: return local_set(e.index, false);
    case Op::LocalTee: return local_set(e.index, true);
    default: break;
  }
  const Class c = class_of(type);
  if (e.op == Op::GlobalGet) {
    if (c == Class::Vector) {
      begin_dst(Code::GlobalGet128, type);
      word(e.index);
      return push_dst(type);
    }
    const Code code = c == Class::Float ? Code::GlobalGetFloat : Code::GlobalGet;
    const uint32_t pos = begin_pair(code, type);
    word(e.index);
    return push_pair(pos, code, type);
  }
  const Source s = source(pop(), c != Class::Vector);
  emit(c == Class::Vector  ? Code::GlobalSet128
       : s.form == Src::S  ? Code::GlobalSet
       : c == Class::Float ? Code::GlobalSetFloat_A
                           : Code::GlobalSet_A);
  word(e.index);
  slot_word(s.slot);
}

void Lowering::local_set(uint32_t index, bool tee) {
  const Operand o = pop();
  if (o.where != Operand::Where::Local || o.read.local != index) {
    save_aliases(index);  // after this the producer of o is not the last instruction any more
    move_to(o, local_slots_[index], true);
  }
  if (!tee) return;
  if (o.where == Operand::Where::Const)
    push_const(o.type, o.bits);
  else
    push_local(o.type, index);
}

void Lowering::parametric(const Instr& e) {
  if (e.op == Op::Drop) {
    pop();
    return;
  }
  const Operand condition = pop();
  const Operand b = pop();
  const Operand a = pop();
  const Source c = source(condition);
  const int32_t second = slot_of(b);
  const int32_t first = slot_of(a);
  const Class cls = class_of(a.type);
  auto operands = [&](int32_t c_slot) {
    slot_word(first);
    slot_word(second);
    slot_word(c_slot);
  };
  if (cls == Class::Vector) {
    const int32_t c_slot = slot_of(condition);
    begin_dst(Code::Select128, a.type);
    operands(c_slot);
    return push_dst(a.type);
  }
  const Code code = c.form == Src::A ? Code::Select_A : Code::Select;
  if (cls == Class::Int) {
    const uint32_t pos = begin_pair(code, a.type);
    operands(c.slot);
    return push_pair(pos, code, a.type);
  }
  // A float, as bits through the other accumulator.
  spill(int_acc_);
  int_acc_.slot = kNone;
  begin_dst(plus(code, 1), a.type);
  operands(c.slot);
  push_dst(a.type);
}

}  // namespace skiff::interp
