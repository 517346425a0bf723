// ConstEvaluator: values of constant expressions (Spec: exec-expr for valid-constant ones): initialisers of
// globals and tables, element expressions, offsets of segments. A FunctionSink behind the walker, so constant
// expressions are decoded where all code is.
#pragma once

#include <vector>

#include "engine/exec/vmctx.h"
#include "engine/valid/sink.h"
#include "engine/valid/stacks.h"

namespace skiff {

class ConstEvaluator {
 public:
  /// Requires: ctx's store and instance are set, and what the expressions name is already there.
  explicit ConstEvaluator(VmCtx& ctx);

  /// Evaluates a validated expression of (canonical) type `type` into out[0], and out[1] for v128.
  /// Traps: OutOfMemory, ArrayOutOfBounds where an array cannot be had.
  /// Allocates GC objects, which may collect: what the caller holds must be rooted.
  TrapCode evaluate(const ConstExpr& expr, ValType type, Slot* out);

  // FunctionSink. Only instr is ever called for constant expressions.
  void begin(const FunctionHeader&) {}
  void instr(const Instr& instr, const ResolvedInstr& resolved, const WalkView& view);
  void block_begin(const Instr&, const BlockInfo&, const WalkView&) {}
  void block_else(const Instr&, const ResolvedInstr&, const BlockInfo&, const WalkView&, bool) {}
  void block_end(const Instr&, const BlockInfo&, const WalkView&, bool) {}
  void end() {}

 private:
  void push(Slot slot) { stack_.push_back(slot); }
  void push_u32(uint32_t value);
  void push_u64(uint64_t value);
  uint32_t pop_u32();
  uint64_t pop_u64();
  /// Replaces the topmost n slots by an object reference.
  void replace(size_t n, Ref object);
  const Slot* top(size_t n) const { return stack_.data() + stack_.size() - n; }
  void global_get(uint32_t index, ValType type);
  void allocate(const Instr& instr, const ResolvedInstr& resolved);

  VmCtx& ctx_;
  WalkScratch scratch_;
  std::vector<Slot> stack_;
  TrapCode trap_ = TrapCode::None;
};
static_assert(FunctionSink<ConstEvaluator>);

}  // namespace skiff
