// Lowering of loads, stores, atomics, memory and table operators.
#include "engine/base/check.h"
#include "engine/exec/memory.h"
#include "engine/interp/lowering.h"

namespace skiff::interp {

Mem Lowering::memory_kind(const Instr& e) const {
  const MemoryType& type = context_.info.module.memories[e.memarg.memory].type;
  if (e.memarg.memory != 0 || type.address == AddressType::I64) return Mem::General;
  return LinearMemory::is_guarded(type, context_.tunables) ? Mem::Guarded : Mem::Checked;
}

void Lowering::general_words(const Instr& e, AddressType address) {
  word(e.memarg.memory | (address == AddressType::I64 ? kAddress64 : 0));
  word64(e.memarg.offset);
}

void Lowering::load(const Instr& e, const ResolvedInstr& resolved) {
  const Mem kind = memory_kind(e);
  const Code first = first_code(e.op);
  const Operand address = pop();
  const ValType type = letter_type(info(e.op).sig.back());
  const bool vector = type.is_vec();
  const bool general = kind == Mem::General;
  const Source a = source(address, !vector && !general, !vector && !general);
  const uint32_t form = static_cast<uint32_t>(a.form);  // S, A, I
  mark_offset();
  const Code code = vector    ? plus(first, static_cast<uint32_t>(kind))
                    : general ? plus(first, 12)
                              : plus(first, 2 * (form + (kind == Mem::Checked ? 3 : 0)));
  uint32_t pos = 0;
  if (vector)
    begin_dst(code, type);
  else
    pos = begin_pair(code, type);
  put_source(a, ValType::I32);
  if (general)
    general_words(e, resolved.address);
  else
    word(static_cast<uint32_t>(e.memarg.offset));
  if (vector)
    push_dst(type);
  else
    push_pair(pos, code, type);
}

void Lowering::store(const Instr& e, const ResolvedInstr& resolved) {
  const Mem kind = memory_kind(e);
  const Code first = first_code(e.op);
  const Operand value = pop();
  const Operand address = pop();
  if (kind == Mem::General) {
    const int32_t v = slot_of(value);
    const int32_t a = slot_of(address);
    mark_offset();
    emit(plus(first, value.type.is_vec() ? 2 : 16));
    slot_word(a);
    slot_word(v);
    return general_words(e, resolved.address);
  }
  const bool vector = value.type.is_vec();
  const Source a = source(address, !vector, !vector);
  const bool acc_free = a.form != Src::A || class_of(value.type) == Class::Float;
  const Source v = source(value, acc_free, a.form != Src::I);
  // Order of the forms: SS AS SA AA SI AI IS IA.
  static constexpr uint8_t kForms[3][3] = {{0, 2, 4}, {1, 3, 5}, {6, 7, 0}};
  const uint32_t form = kForms[static_cast<size_t>(a.form)][static_cast<size_t>(v.form)];
  mark_offset();
  emit(vector ? plus(first, static_cast<uint32_t>(kind))
              : plus(first, form + (kind == Mem::Checked ? 8 : 0)));
  put_source(a, ValType::I32);
  word(static_cast<uint32_t>(e.memarg.offset));
  put_source(v, value.type);
}

void Lowering::lane_access(const Instr& e, const ResolvedInstr& resolved) {
  const int32_t vector = slot_of(pop());
  const int32_t address = slot_of(pop());
  mark_offset();
  const bool load = info(e.op).shape == Shape::LoadLane;
  if (load)
    begin_dst(first_code(e.op), ValType::V128);
  else
    emit(first_code(e.op));
  slot_word(address);
  slot_word(vector);
  general_words(e, resolved.address);
  word(e.lane);
  if (load) push_dst(ValType::V128);
}

void Lowering::atomic(const Instr& e, const ResolvedInstr& resolved) {
  const OpInfo& row = info(e.op);
  if (row.shape == Shape::AtomicFence) {
    emit(first_code(e.op));
    return;
  }
  int32_t slots[3] = {};
  for (uint32_t i = row.pops; i-- > 0;) slots[i] = slot_of(pop());
  mark_offset();
  const ValType type = letter_type(row.sig.back());
  if (row.pushes)
    begin_dst(first_code(e.op), type);
  else
    emit(first_code(e.op));
  for (uint32_t i = 0; i < row.pops; ++i) slot_word(slots[i]);
  general_words(e, resolved.address);
  if (row.pushes) push_dst(type);
}

void Lowering::base_op(Code code, uint32_t pops, std::initializer_list<uint32_t> tail) {
  const int32_t base = flush_top(pops);
  spill_all();
  drop(pops);
  mark_offset();
  emit(code);
  slot_word(base);
  words(tail);
}

namespace {

constexpr uint32_t wide_if(AddressType a, uint32_t bits) { return a == AddressType::I64 ? bits : 0; }

}  // namespace

void Lowering::memory_op(const Instr& e, const ResolvedInstr& resolved) {
  const AddressType at = resolved.address;
  const auto push_address = [&] {
    wrote(top_slot_, 1);
    push(value_type(at));
  };
  switch (e.op) {
    case Op::MemorySize:
      base_op(Code::MemorySize, 0, {e.index, context_.info.module.memories[e.index].type.page_size_log2});
      return push_address();
    case Op::MemoryGrow: base_op(Code::MemoryGrow, 1, {e.index, wide_if(at, 1)}); return push_address();
    case Op::MemoryFill: return base_op(Code::MemoryFill, 3, {e.index, wide_if(at, 5)});
    case Op::MemoryCopy: {
      // The length has the narrower of both address types.
      const bool both = at == AddressType::I64 && resolved.address2 == AddressType::I64;
      const uint32_t flags = wide_if(at, 1) | wide_if(resolved.address2, 2) | (both ? 4 : 0);
      return base_op(Code::MemoryCopy, 3, {e.index, e.index2, flags});
    }
    case Op::MemoryInit:
      return base_op(Code::MemoryInit, 3, {e.index, e.index2, wide_if(memory_address(e.index2), 1)});
    default: break;
  }
  emit(Code::DataDrop);
  word(e.index);
}

AddressType Lowering::memory_address(uint32_t index) const {
  return context_.info.module.memories[index].type.address;
}
AddressType Lowering::table_address(uint32_t index) const { return context_.info.tables[index].address; }

void Lowering::table_op(const Instr& e, const ResolvedInstr& resolved) {
  const auto push_value = [&](ValType type) {
    wrote(top_slot_, 1);
    push(type);
  };
  switch (e.op) {
    case Op::TableGet:
      base_op(Code::TableGet, 1, {e.index, wide_if(table_address(e.index), 1)});
      return push_value(resolved.type);
    case Op::TableSet: return base_op(Code::TableSet, 2, {e.index, wide_if(table_address(e.index), 1)});
    case Op::TableSize:
      base_op(Code::TableSize, 0, {e.index});
      return push_value(value_type(table_address(e.index)));
    case Op::TableGrow:
      base_op(Code::TableGrow, 2, {e.index, wide_if(table_address(e.index), 2)});
      return push_value(value_type(table_address(e.index)));
    case Op::TableFill: return base_op(Code::TableFill, 3, {e.index, wide_if(table_address(e.index), 5)});
    case Op::TableCopy: {
      const AddressType dst = table_address(e.index), src = table_address(e.index2);
      const bool both = dst == AddressType::I64 && src == AddressType::I64;
      return base_op(Code::TableCopy, 3,
                     {e.index, e.index2, wide_if(dst, 1) | wide_if(src, 2) | (both ? 4u : 0u)});
    }
    case Op::TableInit:
      return base_op(Code::TableInit, 3, {e.index, e.index2, wide_if(table_address(e.index2), 1)});
    default: break;
  }
  emit(Code::ElemDrop);
  word(e.index);
}

}  // namespace skiff::interp
