// Rules of parametric, variable, table and memory instructions (Spec: valid-instr-parametric,
// valid-instr-variable, valid-instr-table, valid-instr-memory), and which instructions are constant
// (Spec: valid-constant).
#include "engine/valid/checker.h"

namespace skiff {

bool FunctionChecker::check_drop() { return pop_any(resolved_.type); }

// Spec: valid-select. Without a type: numbers and vectors only.
bool FunctionChecker::check_select() {
  ValType first, second;
  if (!pop(ValType::I32) || !pop_any(second) || !pop_any(first)) return false;
  for (ValType t : {first, second})
    if (t.is_ref()) return error(ErrorCode::TypeMismatch, "select without type on " + to_string(t));
  if (first != second && !first.is_bot() && !second.is_bot()) return mismatch(first, second);
  resolved_.type = first.is_bot() ? second : first;
  push(resolved_.type);
  return true;
}

bool FunctionChecker::check_select_typed() {
  if (instr_.types.size() != 1)
    return error(ErrorCode::InvalidResultArity, std::to_string(instr_.types.size()) + " types");
  ValType type = instr_.types[0];
  if (!resolve(type)) return false;
  resolved_.type = type;
  if (!pop(ValType::I32) || !pop(type) || !pop(type)) return false;
  push(type);
  return true;
}

// ------------------------------------------------------------------------------------- locals and globals

bool FunctionChecker::check_local_get() {
  const uint32_t x = instr_.index;
  if (!local_type(x, resolved_.type)) return false;
  const bool tracked = tracks_locals_ && !resolved_.type.is_defaultable();
  if (tracked && scratch_.initialised[x] != scratch_.generation)
    return error(ErrorCode::UninitializedLocal, " " + std::to_string(x));
  push(resolved_.type);
  return true;
}

bool FunctionChecker::check_local_set() {
  if (!local_type(instr_.index, resolved_.type) || !pop(resolved_.type)) return false;
  if (tracks_locals_ && !resolved_.type.is_defaultable()) set_initialised(instr_.index);
  if (instr_.op == Op::LocalTee) push(resolved_.type);
  return true;
}

bool FunctionChecker::check_global_get() {
  if (!has_index(instr_.index, info_.globals.size(), ErrorCode::UnknownGlobal)) return false;
  resolved_.type = info_.globals[instr_.index].type;
  push(resolved_.type);
  return true;
}

bool FunctionChecker::check_global_set() {
  if (!has_index(instr_.index, info_.globals.size(), ErrorCode::UnknownGlobal)) return false;
  const GlobalType& global = info_.globals[instr_.index];
  if (!global.mut) return error(ErrorCode::ImmutableGlobal, " " + std::to_string(instr_.index));
  resolved_.type = global.type;
  return pop(global.type);
}

// -------------------------------------------------------------------------------------- tables and memories

bool FunctionChecker::check_table_access() {
  if (!table_index(instr_.index)) return false;
  const TableType& table = info_.tables[instr_.index];
  const ValType at = value_type(table.address);
  resolved_.type = table.elem;
  resolved_.address = resolved_.address2 = table.address;
  switch (instr_.op) {
    case Op::TableGet:
      if (!pop(at)) return false;
      push(table.elem);
      return true;
    case Op::TableSet: return pop(table.elem) && pop(at);
    case Op::TableGrow:
      if (!pop(at) || !pop(table.elem)) return false;
      push(at);
      return true;
    default: return pop(at) && pop(table.elem) && pop(at);  // table.fill
  }
}

bool FunctionChecker::check_table_init() {
  if (!table_index(instr_.index2) || !elem_index(instr_.index)) return false;
  const TableType& table = info_.tables[instr_.index2];
  const ValType elem = info_.elem_types[instr_.index];
  if (!matches(elem, table.elem)) return mismatch(table.elem, elem);
  resolved_.type = table.elem;
  resolved_.address = resolved_.address2 = table.address;
  return pop(ValType::I32) && pop(ValType::I32) && pop(value_type(table.address));
}

// The length has the smaller of the two address types.
bool FunctionChecker::check_table_copy() {
  if (!table_index(instr_.index) || !table_index(instr_.index2)) return false;
  const TableType &to = info_.tables[instr_.index], &from = info_.tables[instr_.index2];
  if (!matches(from.elem, to.elem)) return mismatch(to.elem, from.elem);
  resolved_.type = to.elem;
  resolved_.address = to.address;
  resolved_.address2 = from.address;
  const AddressType length = to.address < from.address ? to.address : from.address;
  return pop(value_type(length)) && pop(value_type(from.address)) && pop(value_type(to.address));
}

bool FunctionChecker::check_memory_init() {
  if (!memory_index(instr_.index2) || !data_index(instr_.index)) return false;
  resolved_.address = resolved_.address2 = module_.memories[instr_.index2].type.address;
  return pop(ValType::I32) && pop(ValType::I32) && pop(value_type(resolved_.address));
}

bool FunctionChecker::check_memory_copy() {
  if (!memory_index(instr_.index) || !memory_index(instr_.index2)) return false;
  const AddressType to = module_.memories[instr_.index].type.address;
  const AddressType from = module_.memories[instr_.index2].type.address;
  resolved_.address = to;
  resolved_.address2 = from;
  return pop(value_type(to < from ? to : from)) && pop(value_type(from)) && pop(value_type(to));
}

// --------------------------------------------------------------------------------------------- constants

// Spec: valid-constant. Also refuses what has no meaning without a function.
bool FunctionChecker::check_constant() {
  switch (instr_.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const:
    case Op::V128Const:
    case Op::RefNull:
    case Op::RefFunc:
    case Op::RefI31:
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return true;
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul:
      if (context_.features.has(Feature::ExtendedConst)) return true;
      break;
    case Op::GlobalGet: {
      // Before the GC proposal only imported globals were in scope.
      const size_t visible =
          context_.features.has(Feature::Gc) ? info_.globals.size() : module_.imported_globals;
      if (!has_index(instr_.index, visible, ErrorCode::UnknownGlobal)) return false;
      if (!info_.globals[instr_.index].mut) return true;
      break;
    }
    default: break;
  }
  return error(ErrorCode::ConstantExpressionRequired, std::string(info(instr_.op).text));
}

}  // namespace skiff
