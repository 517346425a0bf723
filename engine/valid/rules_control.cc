// Rules of control instructions, branches, calls and exceptions (Spec: valid-instr-control).
//
// Reachability for sinks is kept apart from the polymorphism of the typing algorithm: after the `end` of a
// block that neither falls through nor is branched to, typing goes on normally, but nothing is delivered.
#include "engine/syntax/limits.h"
#include "engine/valid/checker.h"

namespace skiff {

// ------------------------------------------------------------------------------------------------ blocks

bool FunctionChecker::check_block() {
  if (constant_) return check_constant();
  const Op op = instr_.op;
  const BlockType& type = instr_.block;
  if (scratch_.control.size() >= limits::kControlNesting)
    return error(ErrorCode::ImplementationLimit, "nesting of blocks");
  std::span<const ValType> params, results;
  ValType value = type.value;
  if (type.kind == BlockType::Kind::Index) {
    uint32_t id;
    if (!resolve_func_type(type.index, id)) return false;
    const FuncType& func = registry_.func_type(id);
    params = func.params;
    results = func.results;
  } else if (type.kind == BlockType::Kind::Value && !resolve(value)) {
    return false;
  }
  if (op == Op::If && !pop(ValType::I32)) return false;
  if (op == Op::TryTable && !check_catches()) return false;
  if (!pop_all(params)) return false;
  ControlFrame& f = open_block(op, height());
  f.value = value;
  if (type.kind == BlockType::Kind::Value) results = {&f.value, 1};
  f.info.params = params;
  f.info.results = results;
  top_ = &f;
  base_ = sp_;
  return push_all(params);
}

// Spec: valid-catch, in the context outside of the try_table.
bool FunctionChecker::check_catches() {
  for (const Catch& c : instr_.catches) {
    std::span<const ValType> payload;
    if (c.has_tag()) {
      if (!has_index(c.tag, info_.tag_types.size(), ErrorCode::UnknownTag)) return false;
      payload = registry_.func_type(info_.tag_types[c.tag]).params;
    }
    ControlFrame* target = label(c.label);
    if (target == nullptr) return false;
    const std::span<const ValType> types = target->info.label_types();
    if (types.size() != payload.size() + c.has_ref())
      return error(ErrorCode::TypeMismatch,
                   "catch clause and label " + std::to_string(c.label) + " differ in arity");
    for (size_t i = 0; i < payload.size(); ++i)
      if (!matches(payload[i], types[i])) return mismatch(types[i], payload[i]);
    constexpr ValType kExn = ValType::ref(HeapType::Exn, false);
    if (c.has_ref() && !matches(kExn, types.back())) return mismatch(types.back(), kExn);
    branches_to(*target);
  }
  return true;
}

// The end of a block or of one of its parts: exactly the results are on the stack.
bool FunctionChecker::close_part() {
  if (!pop_all(top_->info.results)) return false;
  if (sp_ != base_) {
    const size_t extra = static_cast<size_t>(sp_ - base_);
    return error(ErrorCode::TypeMismatch,
                 std::to_string(extra) + " more operands than results at the end of the block");
  }
  leave_part(*top_);
  return true;
}

bool FunctionChecker::check_part() {
  ControlFrame& f = *top_;
  std::span<const ValType> operands;
  switch (instr_.op) {
    case Op::Else:
      if (constant_ || f.part != Op::If) return error(ErrorCode::EndOpcodeExpected, "else without if");
      operands = f.info.params;
      break;
    case Op::Catch:
    case Op::CatchAll:
      if (f.part != Op::Try && f.part != Op::Catch)
        return error(ErrorCode::EndOpcodeExpected, "catch without try");
      if (instr_.op == Op::CatchAll) break;
      if (!has_index(instr_.index, info_.tag_types.size(), ErrorCode::UnknownTag)) return false;
      resolved_.type_id = info_.tag_types[instr_.index];
      resolved_.func_type = &registry_.func_type(resolved_.type_id);
      operands = resolved_.func_type->params;
      break;
    default: SKIFF_CHECK(false);
  }
  if (!close_part()) return false;
  f.part = instr_.op;
  f.unreachable = false;
  live_ = f.delivered;
  return push_all(operands);
}

bool FunctionChecker::check_end() {
  ControlFrame& f = *top_;
  if (instr_.op == Op::Delegate) {
    if (f.part != Op::Try) return error(ErrorCode::EndOpcodeExpected, "delegate without try");
    // The label counts from outside of the try.
    if (instr_.index >= scratch_.control.size() - 1)
      return error(ErrorCode::UnknownLabel, " " + std::to_string(instr_.index));
  }
  if (!close_part()) return false;
  if (f.part == Op::If) {
    // Without else the params must be the results.
    const auto params = f.info.params, results = f.info.results;
    bool same = params.size() == results.size();
    for (size_t i = 0; same && i < params.size(); ++i) same = matches(params[i], results[i]);
    if (!same)
      return error(ErrorCode::TypeMismatch, "if without else must have results equal to its parameters");
    f.end_reached |= f.delivered;
  }
  return !close_block(f) || push_all(f.info.results);
}

// ---------------------------------------------------------------------------------------------- branches

bool FunctionChecker::check_unreachable() {
  set_unreachable();
  return true;
}

bool FunctionChecker::check_br() {
  ControlFrame* target = label(instr_.index);
  if (target == nullptr || !top_matches(target->info.label_types())) return false;
  branches_to(*target);
  set_unreachable();
  return true;
}

bool FunctionChecker::check_br_if() {
  ControlFrame* target = label(instr_.index);
  if (target == nullptr || !pop(ValType::I32)) return false;
  const std::span<const ValType> types = target->info.label_types();
  branches_to(*target);
  if (types.empty()) return true;
  return pop_all(types) && push_all(types);
}

// Each label is checked once, and equal lists of types one after the other once, so that large tables of
// wide labels stay cheap.
bool FunctionChecker::check_br_table() {
  if (!pop(ValType::I32)) return false;
  ControlFrame* fallback = label(instr_.labels.back());
  if (fallback == nullptr) return false;
  const size_t arity = fallback->info.label_types().size();
  const ValType* checked = nullptr;
  for (const uint32_t depth : instr_.labels) {
    ControlFrame* target = label(depth);
    if (target == nullptr) return false;
    if (target->seen == instr_.offset) continue;
    target->seen = instr_.offset;
    branches_to(*target);
    const std::span<const ValType> types = target->info.label_types();
    if (types.size() != arity) return error(ErrorCode::TypeMismatch, "labels of br_table differ in arity");
    if (types.data() == checked) continue;
    checked = types.data();
    if (!top_matches(types)) return false;
  }
  set_unreachable();
  return true;
}

bool FunctionChecker::check_return() {
  if (!top_matches(header_.type->results)) return false;
  set_unreachable();
  return true;
}

// ------------------------------------------------------------------------------------------------- calls

bool FunctionChecker::call(uint32_t type_id, bool tail) {
  const FuncType& type = registry_.func_type(type_id);
  resolved_.type_id = type_id;
  resolved_.func_type = &type;
  if (!pop_all(type.params)) return false;
  if (!tail) return push_all(type.results);
  const std::vector<ValType>& own = header_.type->results;
  bool same = own.size() == type.results.size();
  for (size_t i = 0; same && i < own.size(); ++i) same = matches(type.results[i], own[i]);
  if (!same)
    return error(ErrorCode::TypeMismatch,
                 "a tail call to " + to_string(type) + " cannot return to the caller");
  set_unreachable();
  return true;
}

bool FunctionChecker::check_call() {
  if (!has_index(instr_.index, info_.func_types.size(), ErrorCode::UnknownFunction)) return false;
  return call(info_.func_types[instr_.index], instr_.op == Op::ReturnCall);
}

bool FunctionChecker::check_call_indirect() {
  uint32_t id;
  if (!table_index(instr_.index2) || !resolve_func_type(instr_.index, id)) return false;
  const TableType& table = info_.tables[instr_.index2];
  if (!matches(table.elem, ValType::FuncRef)) return mismatch(ValType::FuncRef, table.elem);
  resolved_.type = table.elem;
  resolved_.address = resolved_.address2 = table.address;
  return pop(value_type(table.address)) && call(id, instr_.op == Op::ReturnCallIndirect);
}

bool FunctionChecker::check_call_ref() {
  uint32_t id;
  if (!resolve_func_type(instr_.index, id)) return false;
  resolved_.type = ValType::ref(HeapType::concrete(id), true);
  return pop(resolved_.type) && call(id, instr_.op == Op::ReturnCallRef);
}

// -------------------------------------------------------------------------------------------- exceptions

bool FunctionChecker::check_throw() {
  if (!has_index(instr_.index, info_.tag_types.size(), ErrorCode::UnknownTag)) return false;
  resolved_.type_id = info_.tag_types[instr_.index];
  resolved_.func_type = &registry_.func_type(resolved_.type_id);
  if (!pop_all(resolved_.func_type->params)) return false;
  set_unreachable();
  return true;
}

bool FunctionChecker::check_throw_ref() {
  if (!pop(ValType::ExnRef)) return false;
  set_unreachable();
  return true;
}

bool FunctionChecker::check_rethrow() {
  ControlFrame* target = label(instr_.index);
  if (target == nullptr) return false;
  if (target->part != Op::Catch && target->part != Op::CatchAll) return error(ErrorCode::InvalidRethrowLabel);
  set_unreachable();
  return true;
}

}  // namespace skiff
