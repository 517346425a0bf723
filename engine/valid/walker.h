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

  // Does the run of common instructions that begins here, with everything it needs in registers. It stops,
  // with nothing of it done, at the first instruction that is none of them or has any surprise.
  void quick_run() {
    const uint8_t* const begin = reader_.pos();
    const uint8_t* const end = begin + reader_.remaining();
    const uint8_t* p = begin;
    ValType* const base = base_;
    ValType* sp = sp_;
    const std::span<const ValType> locals = locals_;
    // The general way tracks the initialisation of locals without default value.
    const auto is_tracked = [tracks = tracks_locals_](ValType type) {
      return tracks && !type.is_defaultable();
    };
    const auto deliver = [&](const QuickOp& q, uint32_t imm, ValType type) {
      if (kSilent || !live_) return;
      instr_.op = q.op;
      instr_.offset = reader_.offset() + static_cast<uint64_t>(p - begin);
      instr_.index = imm;
      instr_.bits = q.op == Op::I64Const ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(imm)}) : imm;
      resolved_.type = type;
      resolved_.address = AddressType::I32;
      sink_.instr(instr_, resolved_, WalkView{static_cast<uint32_t>(sp - stack_), depth()});
    };
    while (end - p >= kQuickBytes) {
      const QuickOp& q = kQuickOps[*p];
      uint32_t imm = 0, length = 0;
      switch (q.how) {
        case Quick::None: goto done;
        case Quick::Unary:
          if (sp == base || sp[-1] != q.operand) [[unlikely]]
            goto done;
          deliver(q, 0, {});
          sp[-1] = q.result;
          break;
        case Quick::Binary:
          if (sp - base < 2 || sp[-1] != q.operand || sp[-2] != q.operand) [[unlikely]]
            goto done;
          deliver(q, 0, {});
          --sp;
          sp[-1] = q.result;
          break;
        case Quick::Load:
          length = short_leb<false>(p + 2, imm);
          if (length == 0 || !quick_memory_ || p[1] > q.width) [[unlikely]]
            goto done;
          if (sp == base || sp[-1] != ValType::I32) [[unlikely]]
            goto done;
          instr_.memarg = {imm, p[1], 0};
          deliver(q, 0, {});
          sp[-1] = q.result;
          ++length;
          break;
        case Quick::Store:
          length = short_leb<false>(p + 2, imm);
          if (length == 0 || !quick_memory_ || p[1] > q.width) [[unlikely]]
            goto done;
          if (sp - base < 2 || sp[-1] != q.operand || sp[-2] != ValType::I32) [[unlikely]]
            goto done;
          instr_.memarg = {imm, p[1], 0};
          deliver(q, 0, {});
          sp -= 2;
          ++length;
          break;
        case Quick::LocalGet:
          length = short_leb<false>(p + 1, imm);
          if (length == 0 || imm >= locals.size() || is_tracked(locals[imm])) [[unlikely]]
            goto done;
          deliver(q, imm, locals[imm]);
          *sp++ = locals[imm];
          break;
        case Quick::LocalSet:
          length = short_leb<false>(p + 1, imm);
          if (length == 0 || imm >= locals.size() || sp == base || sp[-1] != locals[imm]) [[unlikely]]
            goto done;
          if (is_tracked(sp[-1])) [[unlikely]]
            goto done;
          deliver(q, imm, sp[-1]);
          --sp;
          break;
        case Quick::LocalTee:
          length = short_leb<false>(p + 1, imm);
          if (length == 0 || imm >= locals.size() || sp == base || sp[-1] != locals[imm]) [[unlikely]]
            goto done;
          if (is_tracked(sp[-1])) [[unlikely]]
            goto done;
          deliver(q, imm, sp[-1]);
          break;
        case Quick::GlobalGet:
          length = short_leb<false>(p + 1, imm);
          if (length == 0 || imm >= info_.globals.size()) [[unlikely]]
            goto done;
          deliver(q, imm, info_.globals[imm].type);
          *sp++ = info_.globals[imm].type;
          break;
        case Quick::GlobalSet:
          length = short_leb<false>(p + 1, imm);
          if (length == 0 || imm >= info_.globals.size() || !info_.globals[imm].mut) [[unlikely]]
            goto done;
          if (sp == base || sp[-1] != info_.globals[imm].type) [[unlikely]]
            goto done;
          deliver(q, imm, sp[-1]);
          --sp;
          break;
        case Quick::I32Const:
        case Quick::I64Const:
          length = short_leb<true>(p + 1, imm);
          if (length == 0) [[unlikely]]
            goto done;
          deliver(q, imm, {});
          *sp++ = q.result;
          break;
        case Quick::Drop:
          if (sp == base) [[unlikely]]
            goto done;
          deliver(q, 0, sp[-1]);
          --sp;
          break;
        case Quick::Select:
          if (sp - base < 3 || sp[-1] != ValType::I32 || sp[-2] != sp[-3] || !sp[-3].is_num()) [[unlikely]]
            goto done;
          deliver(q, 0, sp[-3]);
          sp -= 2;
          break;
        case Quick::BrIf: {
          length = short_leb<false>(p + 1, imm);
          if (length == 0 || imm >= depth() || sp == base || sp[-1] != ValType::I32) [[unlikely]]
            goto done;
          ControlFrame& target = scratch_.control.label(imm);
          if (!target.info.label_types().empty()) goto done;
          branches_to(target);
          deliver(q, imm, {});
          --sp;
          break;
        }
      }
      p += 1 + length;
    }
  done:
    sp_ = sp;
    reader_.skip(static_cast<size_t>(p - begin));
  }

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
  detail::FunctionWalker<S> walker(info, expr, scratch, sink, ErrorCode::UnexpectedEndOfSection);
  return walker.const_expr(expected);
}

}  // namespace skiff
