// The walker: the one place where function bodies and constant expressions are decoded and type-checked
// (Spec: valid-func, valid-constant). It feeds a FunctionSink (sink.h) with what it has checked.
//
// FunctionWalker is a loop of decode, check (checker.h), deliver. The commonest one-byte instructions of
// WebAssembly 1.0 have a quick way through it, driven by a table that is derived from opcodes.def; whenever
// anything about them is unusual (wrong types, polymorphic stack, long immediates) they go the general way.
#pragma once

#include <array>

#include "engine/base/result.h"
#include "engine/valid/checker.h"
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

// The quick way of a first byte.
enum class Quick : uint8_t { None, Unary, Binary, Load, Store, LocalGet, LocalSet, LocalTee, I32Const, I64Const };

struct QuickOp {
  Quick how = Quick::None;
  uint8_t width = 0;
  Op op = Op::Nop;
  ValType operand;   // of both operands of Binary; the value of Store
  ValType result;
};

consteval ValType quick_type(char letter) {
  switch (letter) {
    case 'i': return ValType::I32;
    case 'l': return ValType::I64;
    case 'f': return ValType::F32;
    case 'd': return ValType::F64;
    default: return ValType::Bot;
  }
}

consteval Quick quick_way(const OpInfo& row) {
  if (row.prefix != 0 || row.feature != Feature::Mvp) return Quick::None;
  if (row.name == "LocalGet") return Quick::LocalGet;
  if (row.name == "LocalSet") return Quick::LocalSet;
  if (row.name == "LocalTee") return Quick::LocalTee;
  if (row.imm == Imm::I32) return Quick::I32Const;
  if (row.imm == Imm::I64) return Quick::I64Const;
  if (row.shape == Shape::Load) return Quick::Load;
  if (row.shape == Shape::Store) return Quick::Store;
  if (row.imm != Imm::None || row.special() || row.pushes != 1) return Quick::None;
  if (row.shape == Shape::Unary && row.pops == 1) return Quick::Unary;
  if (row.shape == Shape::Binary && row.pops == 2 && row.sig[0] == row.sig[1]) return Quick::Binary;
  return Quick::None;
}

consteval std::array<QuickOp, 256> make_quick_ops() {
  std::array<QuickOp, 256> table{};
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& row = kOps[i];
    const Quick how = quick_way(row);
    if (how == Quick::None) continue;
    QuickOp& q = table[row.code];
    q.how = how;
    q.width = row.width;
    q.op = static_cast<Op>(i);
    if (row.pops > 0) q.operand = quick_type(row.sig[row.pops - 1u]);
    if (row.pushes > 0) q.result = quick_type(row.sig.back());
  }
  return table;
}
inline constexpr std::array<QuickOp, 256> kQuickOps = make_quick_ops();
static_assert(kQuickOps[info(Op::I32Add).code].how == Quick::Binary);
static_assert(info(Op::LocalGet).imm == Imm::Local && info(Op::LocalSet).imm == Imm::Local);

template <FunctionSink S>
class FunctionWalker : FunctionChecker {
 public:
  FunctionWalker(const ModuleInfo& info, const CodeBytes& code, WalkScratch& scratch, S& sink,
                 ErrorCode end_error)
      : FunctionChecker(info, code, scratch, end_error), sink_(sink) {}

  Status function(uint32_t func_index) {
    if (!enter_function(func_index)) return std::unexpected(take_error());
    sink_.begin(header_);
    while (top_ != nullptr) {
      if (!quick_step() && !step()) [[unlikely]] return std::unexpected(take_error());
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
  // Delivers what a quick step has checked, before it changes the stack.
  void deliver_quick(const QuickOp& q, uint64_t offset) {
    if (!live_) return;
    instr_.op = q.op;
    instr_.offset = offset;
    sink_.instr(instr_, resolved_, view());
  }

  // Does the next instruction when it is a common one without surprises; else touches nothing.
  bool quick_step() {
    const QuickOp& q = kQuickOps[reader_.peek()];
    switch (q.how) {
      case Quick::None: return false;
      case Quick::Unary: {
        if (sp_ == base_ || sp_[-1] != q.operand) [[unlikely]] return false;
        deliver_quick(q, skip_byte());
        sp_[-1] = q.result;
        return true;
      }
      case Quick::Binary: {
        if (sp_ - base_ < 2 || sp_[-1] != q.operand || sp_[-2] != q.operand) [[unlikely]] return false;
        deliver_quick(q, skip_byte());
        --sp_;
        sp_[-1] = q.result;
        return true;
      }
      case Quick::Load:
      case Quick::Store: return quick_memory(q);
      case Quick::LocalGet:
      case Quick::LocalSet:
      case Quick::LocalTee: return quick_local(q);
      case Quick::I32Const:
      case Quick::I64Const: {
        const uint64_t offset = skip_byte();
        // A malformed immediate sticks in the Reader; the general way then reports it.
        instr_.bits = q.how == Quick::I32Const ? static_cast<uint32_t>(reader_.s32())
                                               : static_cast<uint64_t>(reader_.s64());
        if (!reader_.ok()) [[unlikely]] return false;
        deliver_quick(q, offset);
        push(q.result);
        return true;
      }
    }
    return false;
  }

  // The offset of the byte skipped.
  uint64_t skip_byte() {
    const uint64_t offset = reader_.offset();
    reader_.u8();
    return offset;
  }

  // local.get, local.set, local.tee with an index of one byte.
  bool quick_local(const QuickOp& q) {
    if (tracks_locals_ || reader_.remaining() < 2) [[unlikely]] return false;
    const uint8_t index = reader_.pos()[1];
    if (index >= 0x80 || index >= locals_.size()) [[unlikely]] return false;
    const ValType type = locals_[index];
    if (q.how != Quick::LocalGet && (sp_ == base_ || sp_[-1] != type)) [[unlikely]] return false;
    const uint64_t offset = skip_byte();
    reader_.u8();
    instr_.index = index;
    resolved_.type = type;
    deliver_quick(q, offset);
    if (q.how == Quick::LocalGet) {
      push(type);
    } else if (q.how == Quick::LocalSet) {
      --sp_;
    }
    return true;
  }

  // Loads and stores on memory 0 whose immediates take one byte each.
  bool quick_memory(const QuickOp& q) {
    if (!quick_memory_ || reader_.remaining() < 3) [[unlikely]] return false;
    const uint8_t align = reader_.pos()[1], displacement = reader_.pos()[2];
    if (align > q.width || displacement >= 0x80) return false;
    const bool store = q.how == Quick::Store;
    if (sp_ - base_ < 1 + store || sp_[-1 - store] != ValType::I32) [[unlikely]] return false;
    if (store && sp_[-1] != q.operand) [[unlikely]] return false;
    const uint64_t offset = skip_byte();
    reader_.u8();
    reader_.u8();
    instr_.memarg = {displacement, align, 0};
    resolved_.address = AddressType::I32;
    deliver_quick(q, offset);
    if (store) {
      sp_ -= 2;
    } else {
      sp_[-1] = q.result;
    }
    return true;
  }

  // The general way.
  bool step() {
    const WalkView before = view();
    const bool live = live_;
    if (!decode_instr(reader_, context_, scratch_.buffers, instr_)) [[unlikely]] return false;
    switch (instr_.op) {
      case Op::Block:
      case Op::Loop:
      case Op::If:
      case Op::Try:
      case Op::TryTable:
        if (!check_block()) return false;
        if (live) sink_.block_begin(instr_, top_->info, before);
        return true;
      case Op::Else:
      case Op::Catch:
      case Op::CatchAll:
        if (!check_part()) return false;
        if (top_->delivered) sink_.block_else(instr_, resolved_, top_->info, before, live);
        return true;
      case Op::End:
      case Op::Delegate: {
        const ControlFrame& frame = *top_;
        if (!check_end()) return false;
        if (frame.delivered) sink_.block_end(instr_, frame.info, before, live);
        return true;
      }
      default: break;
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
