// Lowering of blocks, branches, calls and exceptions.
#include "engine/base/check.h"
#include "engine/interp/lowering.h"

namespace skiff::interp {
namespace {

// Label values from which on they are moved together.
constexpr uint32_t kManyValues = 4;

constexpr uint32_t index_of(Code c) { return static_cast<uint32_t>(c); }

/// The first form of the fused branch on an integer comparison (not eqz) or a test of bits.
Code branch_code(Op op) {
  if (op == Op::I32And) return Code::BrI32And;
  if (op == Op::I64And) return Code::BrI64And;
  constexpr uint32_t kForms = index_of(Code::BrI32Ne) - index_of(Code::BrI32Eq);
  const bool wide = op >= Op::I64Eqz;
  const uint32_t n = static_cast<uint32_t>(op) - static_cast<uint32_t>(wide ? Op::I64Eq : Op::I32Eq);
  return static_cast<Code>(index_of(wide ? Code::BrI64Eq : Code::BrI32Eq) + n * kForms);
}
static_assert(index_of(Code::BackI64GeU) == index_of(Code::BrI64Eq) + 95);

/// The comparison that is true when `op` is false.
Op inverse(Op op) {
  static constexpr uint8_t kInverse[] = {1, 0, 8, 9, 6,
                                         7, 4, 5, 2, 3};  // eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
  const auto first = static_cast<uint32_t>(op >= Op::I64Eqz ? Op::I64Eq : Op::I32Eq);
  return static_cast<Op>(first + kInverse[static_cast<uint32_t>(op) - first]);
}

constexpr bool is_and(Op op) { return op == Op::I32And || op == Op::I64And; }
constexpr bool is_eqz(Op op) { return op == Op::I32Eqz || op == Op::I64Eqz; }

uint32_t slots_of(std::span<const ValType> types) {
  uint32_t n = 0;
  for (ValType t : types) n += t.slots();
  return n;
}

}  // namespace

// Conditions and branches.

Lowering::Condition Lowering::take_condition() {
  const Operand o = pop();
  // The low half of a 64-bit test of bits is all of it only if the mask has no high ones.
  const bool whole =
      fusible_op_ != Op::I64And || (fusible_right_.form == Src::I && fusible_right_.bits >> 32 == 0);
  if (is_fusible(o) && fusible_op_ != Op::I32Shl && whole) {
    // The comparison is the last instruction and nobody else wants its result: it becomes part of the branch.
    unemit();
    return {
        .kind = Condition::Kind::Compare, .op = fusible_op_, .left = fusible_left_, .right = fusible_right_};
  }
  return {.kind = Condition::Kind::Value32, .left = source(o)};
}

uint32_t Lowering::branch_when(const Condition& c, bool sense, bool back) {
  using Kind = Condition::Kind;
  if (back) mark_offset();
  if (c.kind == Kind::Compare && !is_eqz(c.op)) {
    const uint32_t form = c.right.form == Src::I   ? (c.left.form == Src::A ? 4 : 3)
                          : c.right.form == Src::A ? 2
                          : c.left.form == Src::A  ? 1
                                                   : 0;
    const bool none = is_and(c.op) && !sense;
    const Op op = sense || none ? c.op : inverse(c.op);
    const uint32_t pos = emit(plus(branch_code(op), form + (back ? 5 : 0) + (none ? 10 : 0)));
    word(0);
    slot_word(c.left.slot);
    put_source(c.right, letter_type(info(op).sig[0]));
    return pos + kHandlerWords;
  }
  if (c.kind == Kind::Cast) {
    const Code code = sense ? Code::BrOnCast : Code::BrOnCastFail;
    const uint32_t pos = emit(plus(code, back ? 1 : 0));
    words({0, static_cast<uint32_t>(c.left.slot), std::bit_cast<uint32_t>(c.target)});
    return pos + kHandlerWords;
  }
  const bool wide = c.kind == Kind::Value64 || (c.kind == Kind::Compare && c.op == Op::I64Eqz);
  if (c.kind == Kind::Compare) sense = !sense;  // eqz
  const Code code =
      wide ? (sense ? Code::BrNonZero64 : Code::BrZero64) : (sense ? Code::BrNonZero32 : Code::BrZero32);
  const uint32_t pos = emit(plus(code, (c.left.form == Src::A ? 1 : 0) + (back ? 2 : 0)));
  words({0, static_cast<uint32_t>(c.left.slot)});
  return pos + kHandlerWords;
}

bool Lowering::label_in_place(const Block& b) const {
  const auto n = static_cast<uint32_t>(b.label_types().size());
  return slot_at(static_cast<uint32_t>(stack_.size()) - n) == b.base;
}

// From the lowest on: no destination is above its source. Many values are moved by one instruction, so that
// code stays linear in the body; conditional branches have flushed them before.
void Lowering::move_label_values(const Block& b, bool last_use) {
  const auto n = static_cast<uint32_t>(b.label_types().size());
  int32_t slot = b.base;
  if (n > kManyValues) {
    const int32_t from = flush_top(n);
    if (from == slot) return;
    const int32_t slots = top_slot_ - from;
    emit(Code::CopyMany);
    words({static_cast<uint32_t>(slot), static_cast<uint32_t>(from), static_cast<uint32_t>(slots)});
    wrote(slot, slots);
    return use_slot(slot + slots);
  }
  for (uint32_t i = static_cast<uint32_t>(stack_.size()) - n; i < stack_.size(); ++i) {
    move_to(stack_[i], slot, last_use);
    slot += static_cast<int32_t>(stack_[i].type.slots());
  }
  use_slot(slot);
}

void Lowering::link(uint32_t offset_word, Block& b) {
  if (b.bound) return set_offset(offset_word, b.label);
  code_[offset_word] = b.fixups;
  b.fixups = offset_word;
  b.branched = true;
}

void Lowering::jump(Block& b) {
  if (b.bound) mark_offset();
  const uint32_t pos = emit(b.bound ? Code::BrBack : Code::Br);
  word(0);
  link(pos + kHandlerWords, b);
}

// Requires: label values are in place, nothing is in accumulators only.
void Lowering::bind(Block& b) {
  for (uint32_t at = b.fixups; at != 0;) {
    const uint32_t next = code_[at];
    set_offset(at, here());
    at = next;
  }
  for (uint32_t i = b.clause_fixups; i != 0;) {
    CatchClause& clause = out_.clauses[i - 1];
    i = clause.target;
    clause.target = here();
  }
  b.fixups = b.clause_fixups = 0;
  reset_accs();
}

void Lowering::branch_to_label(const Condition& c, bool sense, Block& b) {
  const auto n = static_cast<uint32_t>(b.label_types().size());
  if (n == 0 || label_in_place(b)) {
    flush_top(n);
    const uint32_t at = branch_when(c, sense, b.bound);
    if (n == 0 && !b.bound) note_loop_head(c, sense, b, at - kHandlerWords);
    return link(at, b);
  }
  if (n > kManyValues) flush_top(n);
  const uint32_t skip = branch_when(c, !sense, false);
  // On the other path nothing has happened: what is known of operands stays as it is.
  const Acc int_acc = int_acc_, float_acc = float_acc_;
  last_ = kNoPos;
  move_label_values(b, false);
  jump(b);
  set_offset(skip, here());
  int_acc_ = int_acc;
  float_acc_ = float_acc;
  last_ = fusible_ = kNoPos;
  last_slot_ = kNone;
}

// A conditional exit at `pos`: remembered if it is the first instruction of a loop.
void Lowering::note_loop_head(const Condition& c, bool sense, const Block& exit, uint32_t pos) {
  Block& loop = blocks_.back();
  if (loop.op != Op::Loop || loop.label != pos || !loop.params.empty()) return;
  loop.head = c;
  loop.head_sense = sense;
  loop.head_exit = static_cast<uint32_t>(&exit - blocks_.data());
  loop.head_end = here();
}

// `loop (br_if exit c) ... (br loop)`: the test is made at the end of the loop, which saves a jump in each
// turn.
void Lowering::jump_to_loop(const Block& b) {
  const uint32_t at = branch_when(b.head, !b.head_sense, true);
  set_offset(at, b.head_end);
  jump(blocks_[b.head_exit]);
}

void Lowering::br(uint32_t label) {
  if (label + 1 == blocks_.size()) return do_return();
  Block& b = block_at(label);
  if (b.head_end != 0) return jump_to_loop(b);
  move_label_values(b, true);
  jump(b);
}

void Lowering::br_if(uint32_t label) {
  const Condition c = take_condition();
  branch_to_label(c, true, block_at(label));
}

void Lowering::br_table(const Instr& e) {
  const Source index = source(pop());
  const auto n = static_cast<uint32_t>(block_at(e.labels.back()).label_types().size());
  flush_top(n);
  mark_offset();
  emit(index.form == Src::A ? Code::BrTable_A : Code::BrTable);
  slot_word(index.slot);
  word(static_cast<uint32_t>(e.labels.size() - 1));
  stub_labels_.clear();
  for (const uint32_t label : e.labels) {
    Block& b = block_at(label);
    const uint32_t at = here();
    word(0);
    if (n == 0 || label_in_place(b)) {
      link(at, b);
    } else {
      if (b.stub == 0) stub_labels_.push_back(label);
      code_[at] = b.stub;
      b.stub = at;
    }
  }
  for (const uint32_t label : stub_labels_) {
    Block& b = block_at(label);
    for (uint32_t at = b.stub; at != 0;) {
      const uint32_t next = code_[at];
      set_offset(at, here());
      at = next;
    }
    b.stub = 0;
    move_label_values(b, false);
    jump(b);
  }
}

void Lowering::br_on_null(const Instr& e) {
  const Operand o = pop();
  const Condition c{.kind = Condition::Kind::Value64, .left = {.slot = slot_of(o)}};
  auto push_back = [&] {
    if (o.where == Operand::Where::Local)
      push_local(o.type, o.read.local);
    else
      push(o.type);
  };
  if (e.op == Op::BrOnNull) {
    branch_to_label(c, false, block_at(e.index));
    return push_back();
  }
  push_back();
  branch_to_label(c, true, block_at(e.index));
  pop();
}

void Lowering::br_on_cast(const Instr& e, const ResolvedInstr& resolved) {
  const Condition c{
      .kind = Condition::Kind::Cast, .target = resolved.type2, .left = {.slot = slot_of(stack_.back())}};
  spill_all();
  branch_to_label(c, e.op == Op::BrOnCast, block_at(e.index));
}

void Lowering::do_return() {
  const uint32_t count = static_cast<uint32_t>(type_->results.size());
  if (count == 0) {
    emit(Code::Ret);
    return;
  }
  const ValType type = type_->results.back();
  if (count > 1 || type.is_vec()) {
    const int32_t from = flush_top(count);
    emit(Code::RetMany);
    slot_word(-param_slots_);
    slot_word(from);
    word(static_cast<uint32_t>(result_slots_));
    return;
  }
  const bool is_float = class_of(type) == Class::Float;
  const Source s = source(stack_.back(), true, !is_float);
  if (s.form == Src::I)
    emit(Code::RetInt_I);
  else if (is_float)
    emit(s.form == Src::A ? Code::RetFloat_A : Code::RetFloat);
  else
    emit(s.form == Src::A ? Code::RetInt_A : Code::RetInt);
  slot_word(-param_slots_);
  put_source(s, ValType::I64);
}

// Blocks.

void Lowering::block_begin(const Instr& e, const BlockInfo& block, const WalkView&) {
  offset_ = e.offset;
  charge_fuel();
  Condition c;
  if (e.op == Op::If) c = take_condition();
  const auto params = static_cast<uint32_t>(block.params.size());
  flush_all(e.op == Op::Loop || e.op == Op::If ? params : 0);
  Block b{.op = e.op, .params = block.params, .results = block.results};
  b.height = static_cast<uint32_t>(stack_.size()) - params;
  b.base = slot_at(b.height);
  use_slot(b.base + static_cast<int32_t>(slots_of(b.results)));
  b.try_begin = here();
  switch (e.op) {
    case Op::Loop:
      reset_accs();
      b.bound = true;
      b.label = here();
      break;
    case Op::If:
      b.else_fixup = branch_when(c, false, false);
      b.if_open = true;
      break;
    case Op::TryTable:
      b.first_catch = static_cast<uint32_t>(catches_.size());
      catches_.insert(catches_.end(), e.catches.begin(), e.catches.end());
      break;
    default: break;
  }
  blocks_.push_back(b);
}

void Lowering::block_else(const Instr& e, const ResolvedInstr& resolved, const BlockInfo&, const WalkView&,
                          bool falls_through) {
  offset_ = e.offset;
  Block& b = blocks_.back();
  if (b.op == Op::Try && !b.in_catch) b.try_end = here();
  if (falls_through) {
    charge_fuel();
    move_label_values(b, true);
    jump(b);
  }
  drop_to(b.height);
  reset_accs();
  if (b.op != Op::If) return begin_catch(e, resolved, b);
  set_offset(b.else_fixup, here());
  b.if_open = false;
  push_all(b.params);
}

void Lowering::block_end(const Instr& e, const BlockInfo&, const WalkView&, bool falls_through) {
  offset_ = e.offset;
  if (falls_through) charge_fuel();
  Block b = blocks_.back();
  if (b.op == Op::TryTable) end_try_table(b);
  if (e.op == Op::Delegate)
    out_.clauses.push_back({.begin = b.try_begin,
                            .end = here(),
                            .depth = static_cast<uint32_t>(blocks_.size() - 1),
                            .delegate_to = static_cast<uint32_t>(blocks_.size() - 2 - e.index),
                            .kind = CatchClause::Kind::Delegate});
  close(b, falls_through);
  blocks_.pop_back();
  if (blocks_.empty() && (falls_through || b.branched)) do_return();
}

// The end of a block. Where only the fall-through arrives, operands may stay where they are.
void Lowering::close(Block& b, bool falls_through) {
  const bool loop = b.op == Op::Loop;
  const bool merges = (b.branched && !loop) || b.if_open || b.in_catch;
  if (falls_through && !merges) return;
  if (falls_through) {
    // The values of the end, which for a loop are not those of its label.
    Block end = b;
    end.op = Op::Block;
    move_label_values(end, true);
  }
  drop_to(b.height);
  if (b.if_open) set_offset(b.else_fixup, here());
  if (loop)
    reset_accs();
  else
    bind(b);
  push_all(b.results);
}

void Lowering::end_try_table(Block& b) {
  // Labels of the clauses are counted from outside; bind() finds the clauses through the label's chain.
  for (uint32_t i = b.first_catch; i < catches_.size(); ++i) {
    const Catch& c = catches_[i];
    Block& target = block_at(c.label + 1);
    CatchClause clause{.begin = b.try_begin,
                       .end = here(),
                       .tag = c.tag,
                       .depth = static_cast<uint32_t>(blocks_.size() - 1),
                       .payload = target.base,
                       .kind = c.has_tag() ? CatchClause::Kind::Tag : CatchClause::Kind::All,
                       .keep_exn = c.has_ref()};
    uint32_t payload_slots = 0;
    if (c.has_tag())
      payload_slots = slots_of(context_.info.registry->func_type(context_.info.tag_types[c.tag]).params);
    clause.exn = target.base + static_cast<int32_t>(payload_slots);
    use_slot(clause.exn + 1);
    if (target.bound) {
      clause.target = target.label;
    } else {
      clause.target = target.clause_fixups;
      target.clause_fixups = static_cast<uint32_t>(out_.clauses.size() + 1);
      target.branched = true;
    }
    out_.clauses.push_back(clause);
  }
  catches_.resize(b.first_catch);
}

// Legacy exceptions: in a handler the exception lies below the payload, for rethrow.
void Lowering::begin_catch(const Instr& e, const ResolvedInstr& resolved, Block& b) {
  b.in_catch = true;
  const int32_t exn = push(ValType::ExnRef).slot;
  const bool tag = e.op == Op::Catch;
  out_.clauses.push_back({.begin = b.try_begin,
                          .end = b.try_end,
                          .target = here(),
                          .tag = e.index,
                          .depth = static_cast<uint32_t>(blocks_.size() - 1),
                          .payload = exn + 1,
                          .exn = exn,
                          .kind = tag ? CatchClause::Kind::Tag : CatchClause::Kind::All,
                          .keep_exn = true});
  if (tag) push_all(resolved.func_type->params);
}

// Instructions.

void Lowering::control(const Instr& e, const ResolvedInstr& resolved) {
  switch (e.op) {
    case Op::Nop: return;
    case Op::Unreachable:
      mark_offset();
      emit(Code::Unreachable);
      return;
    case Op::Br: return br(e.index);
    case Op::BrIf: return br_if(e.index);
    case Op::BrTable: return br_table(e);
    case Op::Return: return do_return();
    case Op::BrOnNull:
    case Op::BrOnNonNull: return br_on_null(e);
    case Op::BrOnCast:
    case Op::BrOnCastFail: return br_on_cast(e, resolved);
    case Op::Throw:
      return base_op(Code::Throw, static_cast<uint32_t>(resolved.func_type->params.size()), {e.index});
    case Op::ThrowRef:
    case Op::Rethrow: {
      const int32_t exn = e.op == Op::Rethrow ? block_at(e.index).base : slot_of(pop());
      mark_offset();
      emit(Code::ThrowRef);
      return slot_word(exn);
    }
    default: SKIFF_CHECK(!"a structured instruction was delivered as a plain one");
  }
}

void Lowering::call_done(const FuncType& type, int32_t base) {
  int_acc_.slot = float_acc_.slot = kNone;
  push_all(type.results);
  if (type.results.size() == 1 && !type.results[0].is_vec()) acc_of(class_of(type.results[0])).slot = base;
}

void Lowering::call(const Instr& e, const ResolvedInstr& resolved) {
  const bool indirect = e.op == Op::CallIndirect || e.op == Op::ReturnCallIndirect;
  const bool by_ref = e.op == Op::CallRef || e.op == Op::ReturnCallRef;
  const bool tail = e.op == Op::ReturnCall || e.op == Op::ReturnCallIndirect || e.op == Op::ReturnCallRef;
  const FuncType& type = *resolved.func_type;
  const int32_t callee = indirect || by_ref ? slot_of(pop()) : 0;
  const int32_t base = flush_top(static_cast<uint32_t>(type.params.size()));
  spill_all();
  drop(static_cast<uint32_t>(type.params.size()));
  use_slot(base + static_cast<int32_t>(std::max(slots_of(type.params), slots_of(type.results))));
  mark_offset();
  if (indirect) {
    emit(tail ? Code::ReturnCallIndirect : Code::CallIndirect);
    words({static_cast<uint32_t>(base), e.index2, resolved.type_id, static_cast<uint32_t>(callee),
           table_address(e.index2) == AddressType::I64});
  } else if (by_ref) {
    emit(tail ? Code::ReturnCallRef : Code::CallRef);
    words({static_cast<uint32_t>(base), static_cast<uint32_t>(callee)});
  } else if (!tail && e.index >= context_.info.module.imported_funcs) {
    emit(Code::Call);
    slot_word(base + static_cast<int32_t>(slots_of(type.params)));
    word64(reinterpret_cast<uintptr_t>(&context_.funcs[e.index]));
  } else {
    emit(tail ? Code::ReturnCall : Code::CallImport);
    words({static_cast<uint32_t>(base), e.index});
  }
  if (!tail) call_done(type, base);
}

}  // namespace skiff::interp
