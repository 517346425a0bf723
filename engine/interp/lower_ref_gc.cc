// Lowering of references, structs, arrays and casts.
#include <bit>

#include "engine/base/check.h"
#include "engine/interp/lowering.h"

namespace skiff::interp {

void Lowering::reference(const Instr& e, const ResolvedInstr& resolved) {
  switch (e.op) {
    case Op::RefNull: return push_const(resolved.type, kNullRef);
    case Op::RefIsNull: return unary(Op::I64Eqz);
    case Op::RefEq: return binary(Op::I64Eq);
    case Op::RefFunc:
      begin_dst(Code::RefFunc, resolved.type);
      word(e.index);
      return push_dst(ValType::FuncRef);
    default: break;
  }
  const int32_t slot = slot_of(stack_.back());  // ref.as_non_null: the operand stays
  mark_offset();
  emit(Code::RefAsNonNull);
  slot_word(slot);
}

// Operands in any slots, result in one of its own.
void Lowering::gc_slots(Code code, uint32_t operands, std::initializer_list<uint32_t> tail) {
  int32_t slots[4] = {};
  for (uint32_t i = operands; i-- > 0;) slots[i] = slot_of(pop());
  spill_all();
  mark_offset();
  emit(code);
  for (uint32_t i = 0; i < operands; ++i) slot_word(slots[i]);
  words(tail);
}

void Lowering::gc_get(Code code, uint32_t operands, uint32_t field, int sign, ValType storage) {
  int32_t slots[2] = {};
  for (uint32_t i = operands; i-- > 0;) slots[i] = slot_of(pop());
  const ValType type = storage.unpacked();
  mark_offset();
  begin_dst(code, type);
  for (uint32_t i = 0; i < operands; ++i) slot_word(slots[i]);
  if (code == Code::StructGet) word(field);
  words({static_cast<uint32_t>(sign), type.slots()});
  push_dst(type);
}

void Lowering::gc(const Instr& e, const ResolvedInstr& resolved) {
  const auto result = [&](Code code, uint32_t pops, ValType type, std::initializer_list<uint32_t> tail) {
    base_op(code, pops, tail);
    wrote(top_slot_, 1);
    push(type);
  };
  // Destination, source.
  const auto convert = [&](Code code, ValType type, bool traps) {
    const int32_t from = slot_of(pop());
    if (traps) mark_offset();
    begin_dst(code, type);
    slot_word(from);
    push_dst(type);
  };
  const auto target = std::bit_cast<uint32_t>(resolved.type);
  const ValType object = ValType::AnyRef;  // of results: which reference does not matter here
  switch (e.op) {
    case Op::StructNew: {
      const auto& fields = context_.info.registry->get(resolved.type_id).type.comp.fields;
      return result(Code::StructNew, static_cast<uint32_t>(fields.size()), object, {e.index});
    }
    case Op::StructNewDefault: return result(Code::StructNewDefault, 0, object, {e.index});
    case Op::StructGet: return gc_get(Code::StructGet, 1, e.index2, 0, resolved.type);
    case Op::StructGetS: return gc_get(Code::StructGet, 1, e.index2, 1, resolved.type);
    case Op::StructGetU: return gc_get(Code::StructGet, 1, e.index2, 2, resolved.type);
    case Op::StructSet: return gc_slots(Code::StructSet, 2, {e.index2});
    case Op::ArrayNew: {
      const int32_t length = slot_of(pop());
      return result(Code::ArrayNew, 1, object, {e.index, static_cast<uint32_t>(length)});
    }
    case Op::ArrayNewDefault: return result(Code::ArrayNewDefault, 1, object, {e.index});
    case Op::ArrayNewFixed: return result(Code::ArrayNewFixed, e.index2, object, {e.index, e.index2});
    case Op::ArrayNewData: return result(Code::ArrayNewData, 2, object, {e.index, e.index2});
    case Op::ArrayNewElem: return result(Code::ArrayNewElem, 2, object, {e.index, e.index2});
    case Op::ArrayGet: return gc_get(Code::ArrayGet, 2, 0, 0, resolved.type);
    case Op::ArrayGetS: return gc_get(Code::ArrayGet, 2, 0, 1, resolved.type);
    case Op::ArrayGetU: return gc_get(Code::ArrayGet, 2, 0, 2, resolved.type);
    case Op::ArraySet: return gc_slots(Code::ArraySet, 3, {});
    case Op::ArrayLen: return convert(Code::ArrayLen, ValType::I32, true);
    case Op::ArrayFill: return gc_slots(Code::ArrayFill, 4, {e.index});
    case Op::ArrayCopy: return base_op(Code::ArrayCopy, 5, {});
    case Op::ArrayInitData: return base_op(Code::ArrayInitData, 4, {e.index, e.index2});
    case Op::ArrayInitElem: return base_op(Code::ArrayInitElem, 4, {e.index, e.index2});
    case Op::RefTest:
    case Op::RefTestNull: {
      const int32_t from = slot_of(pop());
      begin_dst(Code::RefTest, ValType::I32);
      slot_word(from);
      word(target);
      return push_dst(ValType::I32);
    }
    case Op::RefCast:
    case Op::RefCastNull: {
      const int32_t slot = slot_of(stack_.back());  // the operand stays
      mark_offset();
      emit(Code::RefCast);
      slot_word(slot);
      return word(target);
    }
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return;  // the identity
    case Op::RefI31: return convert(Code::RefI31, object, false);
    case Op::I31GetS: return convert(Code::I31GetS, ValType::I32, true);
    case Op::I31GetU: return convert(Code::I31GetU, ValType::I32, true);
    default: SKIFF_CHECK(!"not an opcode of the garbage collection proposal");
  }
}

}  // namespace skiff::interp
