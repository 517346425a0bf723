// Lowering: code, operands and accumulators. Invariants: lowering.h.
#include "engine/interp/lower.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/interp/lowering.h"

namespace skiff::interp {

Result<std::unique_ptr<FuncCode>> lower_body(const LowerContext& context, uint32_t func_index,
                                             WalkScratch& scratch) {
  auto code = std::make_unique<FuncCode>();
  Lowering sink(context, *code);
  SKIFF_TRY(walk_function(context.info, func_index, sink, scratch));
  return code;
}

Lowering::Lowering(const LowerContext& context, FuncCode& out) : context_(context), out_(out) {}

void Lowering::begin(const FunctionHeader& header) {
  type_ = header.type;
  locals_ = header.locals;
  for (ValType t : type_->params) param_slots_ += static_cast<int32_t>(t.slots());
  for (ValType t : type_->results) result_slots_ += static_cast<int32_t>(t.slots());
  int32_t slot = -param_slots_;
  local_slots_.reserve(locals_.size());
  for (size_t i = 0; i < locals_.size(); ++i) {
    if (i == type_->params.size()) slot = kHeaderSlots;
    local_slots_.push_back(slot);
    slot += static_cast<int32_t>(locals_[i].slots());
  }
  if (locals_.size() == type_->params.size()) slot = kHeaderSlots;
  alias_heads_.assign(locals_.size(), 0);
  operand_base_ = top_slot_ = slot;
  out_.zero_pairs = static_cast<uint32_t>(slot - static_cast<int32_t>(kHeaderSlots) + 1) / 2;
  use_slot(slot + 1);
  out_.body_offset = marked_offset_ = context_.info.module.functions[header.index].body.offset;
  blocks_.push_back({.op = Op::Block, .base = top_slot_, .results = type_->results});
  use_slot(top_slot_ + result_slots_);
}

void Lowering::end() {
  out_.frame_slots = static_cast<uint32_t>(max_slot_) + kHeaderSlots;
  out_.words = here();
  out_.code = std::make_unique<Word[]>(code_.size());
  std::copy(code_.begin(), code_.end(), out_.code.get());
  out_.entry = out_.code.get();
  out_.offsets.shrink_to_fit();
  out_.clauses.shrink_to_fit();
}

// Code.

uint32_t Lowering::emit(Code code) {
  const uint32_t pos = here();
  code_.resize(pos + kHandlerWords);
  put_handler(&code_[pos], code);
  last_ = pos;
  last_slot_ = kNone;
  fusible_ = kNoPos;
  return pos;
}

void Lowering::word64(uint64_t w) {
  word(static_cast<uint32_t>(w));
  word(static_cast<uint32_t>(w >> 32));
}

// At the same places as compiled code does (compiler/llvm): at every end of a basic block and before every call.
void Lowering::charge_fuel() {
  if (!context_.tunables.fuel || fuel_ == 0) return;
  mark_offset();
  emit(Code::ChargeFuel);
  word(std::exchange(fuel_, 0));
}

void Lowering::mark_offset() {
  if (offset_ == marked_offset_) return;
  auto put = [&](uint64_t n) {
    for (; n >= 0x80; n >>= 7) out_.offsets.push_back(static_cast<uint8_t>(n | 0x80));
    out_.offsets.push_back(static_cast<uint8_t>(n));
  };
  put(here() - marked_word_);
  put(offset_ - marked_offset_);
  marked_word_ = here();
  marked_offset_ = offset_;
}

// Operands.

Lowering::Class Lowering::class_of(ValType t) {
  switch (t.kind()) {
    case ValType::Kind::F32:
    case ValType::Kind::F64: return Class::Float;
    case ValType::Kind::V128: return Class::Vector;
    default: return Class::Int;
  }
}

void Lowering::use_slot(int32_t end) { max_slot_ = std::max(max_slot_, end); }

Lowering::Operand& Lowering::push(ValType type) {
  stack_.push_back({.type = type, .slot = top_slot_});
  top_slot_ += static_cast<int32_t>(type.slots());
  use_slot(top_slot_);
  return stack_.back();
}

void Lowering::push_all(std::span<const ValType> types) {
  for (ValType t : types) push(t);
}

void Lowering::push_local(ValType type, uint32_t local) {
  Operand& o = push(type);
  o.where = Operand::Where::Local;
  o.read = {local, alias_heads_[local]};
  alias_heads_[local] = static_cast<uint32_t>(stack_.size());
}

void Lowering::push_const(ValType type, uint64_t bits) {
  Operand& o = push(type);
  o.where = Operand::Where::Const;
  o.bits = bits;
}

void Lowering::unlink_alias(Operand& o) { alias_heads_[o.read.local] = o.read.next; }

Lowering::Operand Lowering::pop() {
  SKIFF_DCHECK(!stack_.empty());
  Operand o = stack_.back();
  if (o.where == Operand::Where::Local) unlink_alias(o);
  if (o.where == Operand::Where::Acc) acc_of(class_of(o.type)).operand = kNoPos;
  stack_.pop_back();
  top_slot_ = o.slot;
  flushed_ = std::min(flushed_, static_cast<uint32_t>(stack_.size()));
  return o;
}

void Lowering::drop(uint32_t n) {
  while (n-- > 0) pop();
}

void Lowering::drop_to(uint32_t height) {
  while (stack_.size() > height) pop();
}

int32_t Lowering::slot_at(uint32_t height) const {
  return height < stack_.size() ? stack_[height].slot : top_slot_;
}

void Lowering::retarget(Acc& acc, int32_t slot) {
  put_handler(&code_[acc.producer], plus(acc.code, 1));
  code_[acc.producer + kHandlerWords] = static_cast<uint32_t>(slot);
  acc.slot = slot;
}

void Lowering::spill(Acc& acc) {
  if (acc.operand == kNoPos) return;
  Operand& o = stack_[acc.operand];
  acc.operand = kNoPos;
  o.where = Operand::Where::Slot;
  retarget(acc, o.slot);
}

void Lowering::spill_all() {
  spill(int_acc_);
  spill(float_acc_);
}

void Lowering::wrote(int32_t slot, int32_t n) {
  for (Acc* acc : {&int_acc_, &float_acc_})
    if (acc->slot >= slot && acc->slot < slot + n) acc->slot = kNone;
}

void Lowering::reset_accs() {
  SKIFF_DCHECK(int_acc_.operand == kNoPos && float_acc_.operand == kNoPos);
  int_acc_ = float_acc_ = Acc{};
  last_ = fusible_ = kNoPos;
  last_slot_ = kNone;
}

Lowering::Source Lowering::source(const Operand& o, bool acc, bool imm) {
  const Class c = class_of(o.type);
  switch (o.where) {
    case Operand::Where::Const:
      if (imm) return {.form = Src::I, .bits = o.bits};
      emit(Code::SetConst);
      slot_word(o.slot);
      word64(o.bits);
      wrote(o.slot, 1);
      return {.slot = o.slot};
    case Operand::Where::Acc: {
      if (acc) return {.form = Src::A};
      Acc& a = acc_of(c);
      const int32_t slot = o.slot;
      if (a.operand != kNoPos)
        spill(a);
      else
        retarget(a, slot);  // popped already
      return {.slot = slot};
    }
    case Operand::Where::Local:
    case Operand::Where::Slot: break;
  }
  const int32_t slot = o.where == Operand::Where::Local ? local_slots_[o.read.local] : o.slot;
  if (acc && c != Class::Vector && acc_of(c).slot == slot) return {.form = Src::A, .slot = slot};
  return {.slot = slot};
}

void Lowering::put_source(const Source& s, ValType type) {
  if (s.form != Src::I) return slot_word(s.slot);
  if (type.size() == 8)
    word64(s.bits);
  else
    word(static_cast<uint32_t>(s.bits));
}

void Lowering::move_to(const Operand& o, int32_t slot, bool last_use) {
  const Class c = class_of(o.type);
  if (o.where == Operand::Where::Acc) {
    Acc& a = acc_of(c);
    if (last_use && a.producer == last_) {
      retarget(a, slot);
    } else {
      emit(c == Class::Float ? Code::SetFloatAcc : Code::SetAcc);
      slot_word(slot);
      wrote(slot, 1);
      a.slot = slot;
    }
    return;
  }
  if (o.where == Operand::Where::Const) {
    emit(Code::SetConst);
    slot_word(slot);
    word64(o.bits);
    return wrote(slot, 1);
  }
  const int32_t from = slot_of(o);
  if (from == slot) return;
  const auto n = static_cast<int32_t>(o.type.slots());
  if (last_use && o.where == Operand::Where::Slot && last_slot_ == from) {
    code_[last_ + kHandlerWords] = static_cast<uint32_t>(slot);
    last_slot_ = slot;
    return wrote(slot, n);
  }
  if (c != Class::Vector && acc_of(c).slot == from) {
    emit(c == Class::Float ? Code::SetFloatAcc : Code::SetAcc);
    slot_word(slot);
    wrote(slot, n);
    if (last_use && o.where == Operand::Where::Slot) acc_of(c).slot = slot;
    return;
  }
  emit(c == Class::Vector ? Code::CopyPair : Code::Copy);
  slot_word(slot);
  slot_word(from);
  wrote(slot, n);
  last_slot_ = slot;
}

void Lowering::flush(Operand& o, bool consts) {
  switch (o.where) {
    case Operand::Where::Slot: return;
    case Operand::Where::Acc: return spill(acc_of(class_of(o.type)));
    case Operand::Where::Const:
      if (!consts) return;
      break;
    case Operand::Where::Local: unlink_alias(o); break;
  }
  move_to(o, o.slot, false);
  o.where = Operand::Where::Slot;
}

void Lowering::flush_all(uint32_t top_consts) {
  const auto size = static_cast<uint32_t>(stack_.size());
  const uint32_t consts_from = size - top_consts;
  for (uint32_t i = size; i-- > std::min(flushed_, consts_from);) flush(stack_[i], i >= consts_from);
  flushed_ = size;
}

int32_t Lowering::flush_top(uint32_t n) {
  const auto size = static_cast<uint32_t>(stack_.size());
  for (uint32_t i = size; i-- > size - n;) flush(stack_[i], true);
  return slot_at(size - n);
}

void Lowering::save_aliases(uint32_t local) {
  for (uint32_t i = alias_heads_[local]; i != 0;) {
    Operand& o = stack_[i - 1];
    i = o.read.next;
    move_to(o, o.slot, false);
    o.where = Operand::Where::Slot;
  }
  alias_heads_[local] = 0;
}

// Results.

bool Lowering::is_fusible(const Operand& popped) const {
  return popped.where == Operand::Where::Acc && fusible_ != kNoPos && class_of(popped.type) == Class::Int &&
         fusible_ == int_acc_.producer;
}

void Lowering::unemit() {
  code_.resize(fusible_);
  int_acc_ = fusible_acc_;
  last_ = fusible_ = kNoPos;
  last_slot_ = kNone;
}

uint32_t Lowering::begin_pair(Code code, ValType type) {
  Acc& acc = acc_of(class_of(type));
  spill(acc);
  acc.slot = kNone;
  const uint32_t pos = emit(code);
  slot_word(top_slot_);
  return pos;
}

void Lowering::push_pair(uint32_t pos, Code code, ValType type) {
  push(type).where = Operand::Where::Acc;
  acc_of(class_of(type)) = {static_cast<uint32_t>(stack_.size() - 1), pos, code, kNone};
}

void Lowering::begin_dst(Code code, ValType type) {
  emit(code);
  slot_word(top_slot_);
  wrote(top_slot_, static_cast<int32_t>(type.slots()));
}

void Lowering::push_dst(ValType type) { last_slot_ = push(type).slot; }

}  // namespace skiff::interp
