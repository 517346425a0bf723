// The walker: the one place where function bodies and constant expressions are decoded and type-checked
// (Spec: valid-func, valid-constant). It feeds a FunctionSink (sink.h) with what it has checked.
//
// FunctionWalker is a loop of decode, check (checker.h), deliver. The commonest one-byte instructions of
// WebAssembly 1.0 have a quick way through it (quick.h); whenever anything about them is unusual (wrong
// types, polymorphic stack, long immediates) they go the general way.
#pragma once

#include <array>
#include <type_traits>

#include "engine/base/result.h"
#include "engine/valid/checker.h"
#include "engine/valid/quick.h"
#include "engine/valid/sink.h"
#include "engine/valid/stacks.h"
#include "engine/valid/valid.h"

namespace skiff {

/// Decodes and checks a function's body and delivers it to `sink`.
/// Spec: valid-func   Requires: func_index is a defined function of a module whose module-level rules hold
/// (validate_module, with or without bodies).   Errors: Invalid ones, and the Malformed ones of bodies, with
/// Error.func set; the sink must then throw its work away.
template <FunctionSink S>
Status walk_function(const ModuleInfo& info, uint32_t func_index, S& sink, WalkScratch& scratch);

/// The same for a constant expression, which must have the (canonical) type `expected`. Of the sink only
/// `instr` is called: in order, for each instruction but the final `end`.
/// Spec: valid-constant. Only globals that are in info.globals are in scope.
template <FunctionSink S>
Status walk_const_expr(const ModuleInfo& info, const ConstExpr& expr, ValType expected, WalkScratch& scratch,
                       S& sink);

namespace detail {

// Structured instructions are delivered otherwise than plain ones.
enum class Structure : uint8_t { Plain, Begin, Part, End };
consteval std::array<Structure, kOpCount> make_structures() {
  std::array<Structure, kOpCount> table{};
  for (Op op : {Op::Block, Op::Loop, Op::If, Op::Try, Op::TryTable})
    table[static_cast<size_t>(op)] = Structure::Begin;
  for (Op op : {Op::Else, Op::Catch, Op::CatchAll}) table[static_cast<size_t>(op)] = Structure::Part;
  for (Op op : {Op::End, Op::Delegate}) table[static_cast<size_t>(op)] = Structure::End;
  return table;
}
inline constexpr std::array<Structure, kOpCount> kStructure = make_structures();

template <FunctionSink S>
class FunctionWalker : FunctionChecker {
 public:
  FunctionWalker(const ModuleInfo& info, const CodeBytes& code, WalkScratch& scratch, S& sink,
                 ErrorCode end_error)
      : FunctionChecker(info, code, scratch, end_error), sink_(sink) {}

  Status function(uint32_t func_index) {
    if (!enter_function(func_index, !kSilent)) return std::unexpected(take_error());
    sink_.begin(header_);
    while (top_ != nullptr) {
      quick_run();
      if (!step()) [[unlikely]]
        return std::unexpected(take_error());
    }
    if (!finish()) return std::unexpected(take_error());
    sink_.end();
    return {};
  }

  Status const_expr(ValType expected) {
    enter_const_expr(expected);
    while (true) {
      const WalkView before = view();
      if (!decode_instr(reader_, context_, scratch_.buffers, instr_)) break;
      if (instr_.op == Op::End) {
        if (check_end()) break;
      } else if (!check_instr()) {
        break;
      } else {
        sink_.instr(instr_, resolved_, before);
      }
      if (!reader_.ok()) break;
    }
    if (!finish()) return std::unexpected(take_error());
    return {};
  }

 private:
  static constexpr bool kSilent = std::is_same_v<S, NullSink>;

  // The quick way (quick_run.h): the run of common instructions that begins here, with everything it needs
  // in registers. It stops, with nothing of it done, at the first instruction that is none of them or has
  // any surprise.
  struct Run {
    const uint8_t* p;
    const uint8_t* end;
    ValType* base;
    ValType* sp;
    std::span<const ValType> locals;
    bool tracks;  // some locals have no default value
  };
  void quick_run();
  bool quick_none(Run& r, const QuickOp& q);
  bool quick_nop(Run& r, const QuickOp& q);
  bool quick_unary(Run& r, const QuickOp& q);
  bool quick_extend(Run& r, const QuickOp& q);
  bool quick_binary(Run& r, const QuickOp& q);
  bool quick_i32_const(Run& r, const QuickOp& q);
  bool quick_i64_const(Run& r, const QuickOp& q);
  bool quick_f32_const(Run& r, const QuickOp& q);
  bool quick_f64_const(Run& r, const QuickOp& q);
  bool quick_load(Run& r, const QuickOp& q);
  bool quick_store(Run& r, const QuickOp& q);
  bool quick_local(const Run& r, uint32_t& index, uint32_t& length);
  bool quick_local_get(Run& r, const QuickOp& q);
  bool quick_local_set(Run& r, const QuickOp& q);
  bool quick_local_tee(Run& r, const QuickOp& q);
  bool quick_global(const Run& r, uint32_t& index, uint32_t& length);
  bool quick_global_get(Run& r, const QuickOp& q);
  bool quick_global_set(Run& r, const QuickOp& q);
  bool quick_drop(Run& r, const QuickOp& q);
  bool quick_select(Run& r, const QuickOp& q);
  bool quick_block(Run& r, const QuickOp& q);
  bool quick_else(Run& r, const QuickOp& q);
  bool quick_end(Run& r, const QuickOp& q);
  bool quick_close(const Run& r, const ControlFrame& frame);
  bool quick_label(const Run& r, const ValType* sp, ControlFrame*& target, uint32_t& index, uint32_t& length);
  bool quick_br(Run& r, const QuickOp& q);
  bool quick_br_if(Run& r, const QuickOp& q);
  bool quick_return(Run& r, const QuickOp& q);
  bool quick_unreachable(Run& r, const QuickOp& q);
  bool quick_call(Run& r, const QuickOp& q);
  void quick_stop(Run& r);
  void deliver(const Run& r, const QuickOp& q, uint64_t imm = 0, ValType type = {});
  void describe(const Run& r, const QuickOp& q);
  WalkView view(const Run& r) { return {static_cast<uint32_t>(r.sp - stack_), depth()}; }
  using FunctionChecker::view;

  // The general way.
  bool step() {
    const WalkView before = view();
    const bool live = live_;
    if (!decode_instr(reader_, context_, scratch_.buffers, instr_)) [[unlikely]]
      return false;
    switch (kStructure[static_cast<size_t>(instr_.op)]) {
      case Structure::Plain: break;
      case Structure::Begin:
        if (!check_block()) return false;
        if (live) sink_.block_begin(instr_, top_->info, before);
        return true;
      case Structure::Part:
        if (!check_part()) return false;
        if (top_->delivered) sink_.block_else(instr_, resolved_, top_->info, before, live);
        return true;
      case Structure::End: {
        const ControlFrame& frame = *top_;
        if (!check_end()) return false;
        if (frame.delivered) sink_.block_end(instr_, frame.info, before, live);
        return true;
      }
    }
    if (!check_instr()) return false;
#ifndef NDEBUG
    const OpInfo& row = info(instr_.op);
    SKIFF_CHECK(!live || row.special() || height() + row.pops == before.height + row.pushes);
#endif
    if (live) sink_.instr(instr_, resolved_, before);
    return true;
  }

  S& sink_;
};

}  // namespace detail

template <FunctionSink S>
Status walk_function(const ModuleInfo& info, uint32_t func_index, S& sink, WalkScratch& scratch) {
  const CodeBytes& body = info.module.functions[func_index].body;
  detail::FunctionWalker<S> walker(info, body, scratch, sink, ErrorCode::UnexpectedEndOfSection);
  Status status = walker.function(func_index);
  // Which error a body without `end` is depends on what follows it.
  if (!status && status.error().code == ErrorCode::UnexpectedEndOfSection)
    status.error().code = body_end_error(info.module, body);
  return status;
}

template <FunctionSink S>
Status walk_const_expr(const ModuleInfo& info, const ConstExpr& expr, ValType expected, WalkScratch& scratch,
                       S& sink) {
  if (detail::quick_constant(expr, expected, scratch.instr)) {
    sink.instr(scratch.instr, ResolvedInstr{}, WalkView{.height = 0, .depth = 1});
    return {};
  }
  detail::FunctionWalker<S> walker(info, expr, scratch, sink, ErrorCode::UnexpectedEndOfSection);
  return walker.const_expr(expected);
}

}  // namespace skiff

#include "engine/valid/quick_run.h"
