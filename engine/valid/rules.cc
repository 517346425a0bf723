// Which rule checks which opcode: the generic one for rows with a signature, else the one listed here. Made
// at compile time; a '*' row without a rule does not compile.
#include "engine/valid/checker.h"

namespace skiff {

constexpr FunctionChecker::Rule FunctionChecker::rule_of(Op op) {
  using C = FunctionChecker;
  if (!info(op).special()) return &C::check_signature;
  switch (op) {
    case Op::Unreachable: return &C::check_unreachable;
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: return &C::check_block;
    case Op::Else:
    case Op::Catch:
    case Op::CatchAll: return &C::check_part;
    case Op::End:
    case Op::Delegate: return &C::check_end;
    case Op::Br: return &C::check_br;
    case Op::BrIf: return &C::check_br_if;
    case Op::BrTable: return &C::check_br_table;
    case Op::Return: return &C::check_return;
    case Op::Call:
    case Op::ReturnCall: return &C::check_call;
    case Op::CallIndirect:
    case Op::ReturnCallIndirect: return &C::check_call_indirect;
    case Op::CallRef:
    case Op::ReturnCallRef: return &C::check_call_ref;
    case Op::Throw: return &C::check_throw;
    case Op::ThrowRef: return &C::check_throw_ref;
    case Op::Rethrow: return &C::check_rethrow;
    case Op::BrOnNull: return &C::check_br_on_null;
    case Op::BrOnNonNull: return &C::check_br_on_non_null;
    case Op::BrOnCast:
    case Op::BrOnCastFail: return &C::check_br_on_cast;

    case Op::Drop: return &C::check_drop;
    case Op::Select: return &C::check_select;
    case Op::SelectT: return &C::check_select_typed;
    case Op::LocalGet: return &C::check_local_get;
    case Op::LocalSet:
    case Op::LocalTee: return &C::check_local_set;
    case Op::GlobalGet: return &C::check_global_get;
    case Op::GlobalSet: return &C::check_global_set;
    case Op::TableGet:
    case Op::TableSet:
    case Op::TableGrow:
    case Op::TableFill: return &C::check_table_access;
    case Op::TableInit: return &C::check_table_init;
    case Op::TableCopy: return &C::check_table_copy;
    case Op::MemoryInit: return &C::check_memory_init;
    case Op::MemoryCopy: return &C::check_memory_copy;

    case Op::RefNull: return &C::check_ref_null;
    case Op::RefFunc: return &C::check_ref_func;
    case Op::RefIsNull:
    case Op::RefAsNonNull: return &C::check_ref_unary;
    case Op::RefEq: return &C::check_ref_eq;
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::RefCast:
    case Op::RefCastNull: return &C::check_ref_cast;
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return &C::check_convert;
    case Op::RefI31: return &C::check_ref_i31;
    case Op::I31GetS:
    case Op::I31GetU: return &C::check_i31_get;
    case Op::StructNew:
    case Op::StructNewDefault: return &C::check_struct_new;
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::StructSet: return &C::check_struct_access;
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed: return &C::check_array_new;
    case Op::ArrayNewData:
    case Op::ArrayNewElem: return &C::check_array_new_segment;
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:
    case Op::ArraySet: return &C::check_array_access;
    case Op::ArrayLen: return &C::check_array_len;
    case Op::ArrayFill: return &C::check_array_fill;
    case Op::ArrayCopy: return &C::check_array_copy;
    case Op::ArrayInitData:
    case Op::ArrayInitElem: return &C::check_array_init;
    default: return nullptr;
  }
}

constexpr std::array<FunctionChecker::Rule, kOpCount> FunctionChecker::kRules = [] {
  std::array<Rule, kOpCount> table{};
  for (size_t i = 0; i < kOpCount; ++i) table[i] = rule_of(static_cast<Op>(i));
  return table;
}();

// Derived only to reach the protected table.
struct RuleCheck : FunctionChecker {
  static consteval bool complete() {
    for (size_t i = 0; i < kOpCount; ++i)
      if (kRules[i] == nullptr) return false;
    return true;
  }
};
static_assert(RuleCheck::complete(), "opcodes.def has a '*' row without a rule");

}  // namespace skiff
