// FunctionWalker's quick way: one handler for each way of quick.h, and the loop between them. Part of
// walker.h, apart only for its length.
//
// A handler does its instruction completely (check, deliver, pass over the bytes) or, where anything about it
// is unusual, nothing at all: then it returns false, and the general way does it or makes the error. Every
// handler jumps to the next one itself, which is what lets the processor foresee where.
#pragma once

#include <algorithm>

#include "engine/syntax/limits.h"
#include "engine/valid/walker.h"

namespace skiff::detail {

#define SKIFF_QUICK(RESULT, NAME) \
  template <FunctionSink S>       \
  [[gnu::always_inline]] inline RESULT FunctionWalker<S>::NAME

template <FunctionSink S>
void FunctionWalker<S>::quick_run() {
  static const void* const kWays[] = {
#define SKIFF_QUICK_WAY(NAME, HANDLER) &&NAME,
      SKIFF_QUICK_WAYS(SKIFF_QUICK_WAY)
#undef SKIFF_QUICK_WAY
  };
  Run r{reader_.pos(), reader_.pos() + reader_.remaining(), base_, sp_, locals_, tracks_locals_};
  const QuickOp* q;
#define SKIFF_QUICK_NEXT()                  \
  if (r.end - r.p < kQuickBytes) goto done; \
  q = &kQuickOps[*r.p];                     \
  goto* kWays[static_cast<size_t>(q->how)]
  SKIFF_QUICK_NEXT();
#define SKIFF_QUICK_WAY(NAME, HANDLER)            \
  NAME:                                  \
  if (!quick_##HANDLER(r, *q)) [[unlikely]] \
    goto done;                           \
  SKIFF_QUICK_NEXT();
  SKIFF_QUICK_WAYS(SKIFF_QUICK_WAY)
#undef SKIFF_QUICK_WAY
#undef SKIFF_QUICK_NEXT
done:
  sp_ = r.sp;
  reader_.skip(static_cast<size_t>(r.p - reader_.pos()));
}

// ---------------------------------------------------------------------------------------------- delivery

SKIFF_QUICK(void, describe)(const Run& r, const QuickOp& q) {
  instr_.op = q.op;
  instr_.offset = reader_.offset() + static_cast<uint64_t>(r.p - reader_.pos());
}

// Before the handler changes anything.
SKIFF_QUICK(void, deliver)(const Run& r, const QuickOp& q, uint64_t imm, ValType type) {
  if (kSilent || !live_) return;
  describe(r, q);
  instr_.index = static_cast<uint32_t>(imm);
  instr_.bits = imm;
  resolved_.type = type;
  resolved_.address = AddressType::I32;
  sink_.instr(instr_, resolved_, view(r));
}

// ----------------------------------------------------------------------------------------------- numbers

SKIFF_QUICK(bool, quick_none)(Run&, const QuickOp&) { return false; }

SKIFF_QUICK(bool, quick_nop)(Run& r, const QuickOp& q) {
  deliver(r, q);
  ++r.p;
  return true;
}

SKIFF_QUICK(bool, quick_unary)(Run& r, const QuickOp& q) {
  if (r.sp == r.base || r.sp[-1] != q.operand) [[unlikely]]
    return false;
  deliver(r, q);
  r.sp[-1] = q.result;
  ++r.p;
  return true;
}

// i32.extend8_s and the like.
SKIFF_QUICK(bool, quick_extend)(Run& r, const QuickOp& q) {
  return context_.features.has(Feature::SignExtension) && quick_unary(r, q);
}

SKIFF_QUICK(bool, quick_binary)(Run& r, const QuickOp& q) {
  if (r.sp - r.base < 2 || r.sp[-1] != q.operand || r.sp[-2] != q.operand) [[unlikely]]
    return false;
  deliver(r, q);
  --r.sp;
  r.sp[-1] = q.result;
  ++r.p;
  return true;
}

SKIFF_QUICK(bool, quick_i32_const)(Run& r, const QuickOp& q) {
  uint32_t value;
  const uint32_t length = quick_leb<uint32_t, true>(r.p + 1, r.end, value);
  if (length == 0) [[unlikely]]
    return false;
  deliver(r, q, value);
  *r.sp++ = ValType::I32;
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_i64_const)(Run& r, const QuickOp& q) {
  uint64_t value;
  const uint32_t length = quick_leb<uint64_t, true>(r.p + 1, r.end, value);
  if (length == 0) [[unlikely]]
    return false;
  deliver(r, q, value);
  *r.sp++ = ValType::I64;
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_f32_const)(Run& r, const QuickOp& q) {
  if (r.end - r.p < 5) [[unlikely]]
    return false;
  deliver(r, q, load_unaligned<uint32_t>(r.p + 1));
  *r.sp++ = ValType::F32;
  r.p += 5;
  return true;
}

SKIFF_QUICK(bool, quick_f64_const)(Run& r, const QuickOp& q) {
  if (r.end - r.p < 9) [[unlikely]]
    return false;
  deliver(r, q, load_unaligned<uint64_t>(r.p + 1));
  *r.sp++ = ValType::F64;
  r.p += 9;
  return true;
}

// ------------------------------------------------------------------------------------------------ memory

SKIFF_QUICK(bool, quick_load)(Run& r, const QuickOp& q) {
  uint32_t offset;
  const uint32_t length = quick_leb(r.p + 2, r.end, offset);
  if (length == 0 || !quick_memory_ || r.p[1] > q.width) [[unlikely]]
    return false;
  if (r.sp == r.base || r.sp[-1] != ValType::I32) [[unlikely]]
    return false;
  instr_.memarg = {offset, r.p[1], 0};
  deliver(r, q);
  r.sp[-1] = q.result;
  r.p += 2 + length;
  return true;
}

SKIFF_QUICK(bool, quick_store)(Run& r, const QuickOp& q) {
  uint32_t offset;
  const uint32_t length = quick_leb(r.p + 2, r.end, offset);
  if (length == 0 || !quick_memory_ || r.p[1] > q.width) [[unlikely]]
    return false;
  if (r.sp - r.base < 2 || r.sp[-1] != q.operand || r.sp[-2] != ValType::I32) [[unlikely]]
    return false;
  instr_.memarg = {offset, r.p[1], 0};
  deliver(r, q);
  r.sp -= 2;
  r.p += 2 + length;
  return true;
}

// --------------------------------------------------------------------------------- variables, parametric

// The initialisation of locals without default value is tracked by the general way.
SKIFF_QUICK(bool, quick_local)(const Run& r, uint32_t& index, uint32_t& length) {
  length = quick_leb(r.p + 1, r.end, index);
  return length != 0 && index < r.locals.size() && !(r.tracks && !r.locals[index].is_defaultable());
}

SKIFF_QUICK(bool, quick_local_get)(Run& r, const QuickOp& q) {
  uint32_t index, length;
  if (!quick_local(r, index, length)) [[unlikely]]
    return false;
  deliver(r, q, index, r.locals[index]);
  *r.sp++ = r.locals[index];
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_local_set)(Run& r, const QuickOp& q) {
  if (!quick_local_tee(r, q)) [[unlikely]]
    return false;
  --r.sp;
  return true;
}

SKIFF_QUICK(bool, quick_local_tee)(Run& r, const QuickOp& q) {
  uint32_t index, length;
  if (!quick_local(r, index, length) || r.sp == r.base || r.sp[-1] != r.locals[index]) [[unlikely]]
    return false;
  deliver(r, q, index, r.sp[-1]);
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_global)(const Run& r, uint32_t& index, uint32_t& length) {
  length = quick_leb(r.p + 1, r.end, index);
  return length != 0 && index < info_.globals.size();
}

SKIFF_QUICK(bool, quick_global_get)(Run& r, const QuickOp& q) {
  uint32_t index, length;
  if (!quick_global(r, index, length)) [[unlikely]]
    return false;
  const ValType type = info_.globals[index].type;
  deliver(r, q, index, type);
  *r.sp++ = type;
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_global_set)(Run& r, const QuickOp& q) {
  uint32_t index, length;
  if (!quick_global(r, index, length) || !info_.globals[index].mut) [[unlikely]]
    return false;
  if (r.sp == r.base || r.sp[-1] != info_.globals[index].type) [[unlikely]]
    return false;
  deliver(r, q, index, r.sp[-1]);
  --r.sp;
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_drop)(Run& r, const QuickOp& q) {
  if (r.sp == r.base) [[unlikely]]
    return false;
  deliver(r, q, 0, r.sp[-1]);
  --r.sp;
  ++r.p;
  return true;
}

SKIFF_QUICK(bool, quick_select)(Run& r, const QuickOp& q) {
  if (r.sp - r.base < 3 || r.sp[-1] != ValType::I32) [[unlikely]]
    return false;
  if (r.sp[-2] != r.sp[-3] || !r.sp[-3].is_num()) [[unlikely]]
    return false;
  deliver(r, q, 0, r.sp[-3]);
  r.sp -= 2;
  ++r.p;
  return true;
}

// ------------------------------------------------------------------------------------------------ blocks

// Blocks that take nothing and give nothing or a number.
SKIFF_QUICK(bool, quick_block)(Run& r, const QuickOp& q) {
  const uint8_t code = r.p[1];
  const ValType value{static_cast<ValType::Kind>(code)};
  const bool empty = code == kEmptyBlock;
  if (!(empty || value.is_num()) || depth() >= limits::kControlNesting) [[unlikely]]
    return false;
  const uint32_t popped = q.how == Quick::If;
  if (popped && (r.sp == r.base || r.sp[-1] != ValType::I32)) [[unlikely]]
    return false;
  const WalkView before = view(r);
  ControlFrame& f = open_block(q.op, before.height - popped);
  f.value = value;
  f.info.results = {&f.value, empty ? 0u : 1u};
  top_ = &f;
  if (!kSilent && live_) {
    describe(r, q);
    instr_.block = {empty ? BlockType::Kind::Empty : BlockType::Kind::Value, empty ? ValType{} : value, 0};
    sink_.block_begin(instr_, f.info, before);
  }
  r.sp -= popped;
  base_ = r.base = r.sp;
  r.p += 2;
  return true;
}

// Whether the block's part ends with exactly its results, at most one.
SKIFF_QUICK(bool, quick_close)(const Run& r, const ControlFrame& f) {
  const std::span<const ValType> results = f.info.results;
  if (results.empty()) return r.sp == r.base;
  if (results.size() > 1) return false;
  return r.sp == r.base ? f.unreachable : r.sp == r.base + 1 && r.sp[-1] == results[0];
}

SKIFF_QUICK(bool, quick_else)(Run& r, const QuickOp& q) {
  ControlFrame& f = *top_;
  if (f.part != Op::If || !f.info.params.empty() || !quick_close(r, f)) [[unlikely]]
    return false;
  const WalkView before = view(r);
  const bool falls_through = live_;
  leave_part(f);
  f.part = Op::Else;
  f.unreachable = false;
  live_ = f.delivered;
  if (!kSilent && f.delivered) {
    describe(r, q);
    sink_.block_else(instr_, resolved_, f.info, before, falls_through);
  }
  r.sp = r.base;
  ++r.p;
  return true;
}

// The function's own end goes the general way.
SKIFF_QUICK(bool, quick_end)(Run& r, const QuickOp& q) {
  ControlFrame& f = *top_;
  if (depth() == 1 || !quick_close(r, f)) [[unlikely]]
    return false;
  if (f.part == Op::If) {
    if (f.info.results.size() != f.info.params.size() || !f.info.params.empty()) return false;
    f.end_reached |= f.delivered;
  }
  const WalkView before = view(r);
  const bool falls_through = live_;
  leave_part(f);
  close_block(f);
  if (!kSilent && f.delivered) {
    describe(r, q);
    sink_.block_end(instr_, f.info, before, falls_through);
  }
  r.sp = r.base;
  r.base = base_;
  if (!f.info.results.empty()) *r.sp++ = f.info.results[0];
  ++r.p;
  return true;
}

// ---------------------------------------------------------------------------------------------- branches

// The label at r.p + 1 where it takes nothing or what lies below `sp`.
SKIFF_QUICK(bool, quick_label)(const Run& r, const ValType* sp, ControlFrame*& target, uint32_t& index,
                               uint32_t& length) {
  length = quick_leb(r.p + 1, r.end, index);
  if (length == 0 || index >= depth()) [[unlikely]]
    return false;
  target = &scratch_.control.label(index);
  const std::span<const ValType> types = target->info.label_types();
  if (types.empty()) return true;
  return types.size() == 1 && sp > r.base && sp[-1] == types[0];
}

// The rest of the block is unreachable.
SKIFF_QUICK(void, quick_stop)(Run& r) {
  set_unreachable();
  r.sp = r.base;
}

SKIFF_QUICK(bool, quick_br)(Run& r, const QuickOp& q) {
  ControlFrame* target;
  uint32_t index, length;
  if (!quick_label(r, r.sp, target, index, length)) [[unlikely]]
    return false;
  branches_to(*target);
  deliver(r, q, index);
  quick_stop(r);
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_br_if)(Run& r, const QuickOp& q) {
  ControlFrame* target;
  uint32_t index, length;
  if (r.sp == r.base || r.sp[-1] != ValType::I32) [[unlikely]]
    return false;
  if (!quick_label(r, r.sp - 1, target, index, length)) [[unlikely]]
    return false;
  branches_to(*target);
  deliver(r, q, index);
  --r.sp;
  r.p += 1 + length;
  return true;
}

SKIFF_QUICK(bool, quick_return)(Run& r, const QuickOp& q) {
  const std::vector<ValType>& results = header_.type->results;
  if (results.size() > 1) [[unlikely]]
    return false;
  if (!results.empty() && (r.sp == r.base || r.sp[-1] != results[0])) [[unlikely]]
    return false;
  deliver(r, q);
  quick_stop(r);
  ++r.p;
  return true;
}

SKIFF_QUICK(bool, quick_unreachable)(Run& r, const QuickOp& q) {
  deliver(r, q);
  quick_stop(r);
  ++r.p;
  return true;
}

SKIFF_QUICK(bool, quick_call)(Run& r, const QuickOp& q) {
  uint32_t index;
  const uint32_t length = quick_leb(r.p + 1, r.end, index);
  if (length == 0 || index >= info_.func_types.size()) [[unlikely]]
    return false;
  const uint32_t id = info_.func_types[index];
  const FuncType& type = registry_.func_type(id);
  const size_t params = type.params.size();
  if (type.results.size() > 1 || static_cast<size_t>(r.sp - r.base) < params) [[unlikely]]
    return false;
  ValType* const below = r.sp - params;
  if (!std::equal(type.params.begin(), type.params.end(), below)) [[unlikely]]
    return false;
  resolved_.type_id = id;
  resolved_.func_type = &type;
  deliver(r, q, index);
  r.sp = below;
  if (!type.results.empty()) *r.sp++ = type.results[0];
  r.p += 1 + length;
  return true;
}

#undef SKIFF_QUICK

}  // namespace skiff::detail
