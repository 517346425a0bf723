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
enum class Quick : uint8_t { None, Plain, Memory, LocalGet, LocalSet, LocalTee, Const };

// What a quick instruction does to the operand stack: pops one or two operands (Const: none), pushes at most one.
struct QuickOp {
  Quick how = Quick::None;
  uint8_t width = 0;
  uint8_t pops = 0;
  uint8_t pushes = 0;
  Op op = Op::Nop;
  bool is_const64 = false;
  ValType first, last;   // deepest and topmost operand
  ValType result;
};

consteval ValType quick_type(char letter) {
  switch (letter) {
    case 'a':              // memory 0 with 32-bit addresses
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
  if (row.imm == Imm::I32 || row.imm == Imm::I64) return Quick::Const;
  if (row.shape == Shape::Load || row.shape == Shape::Store) return Quick::Memory;
  const bool numeric = row.shape == Shape::Unary || row.shape == Shape::Binary;
  return numeric && row.imm == Imm::None && !row.special() ? Quick::Plain : Quick::None;
}

consteval std::array<QuickOp, 256> make_quick_ops() {
  std::array<QuickOp, 256> table{};
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& row = kOps[i];
    const Quick how = quick_way(row);
    if (how == Quick::None) continue;
    QuickOp& q = table[row.code];
    q = {how, row.width, row.pops, row.pushes, static_cast<Op>(i), row.imm == Imm::I64, {}, {}, {}};
    if (row.pops > 0) q.first = quick_type(row.sig[0]);
    if (row.pops > 0) q.last = quick_type(row.sig[row.pops - 1u]);
    if (row.pushes > 0) q.result = quick_type(row.sig.back());
  }
  return table;
}
inline constexpr std::array<QuickOp, 256> kQuickOps = make_quick_ops();
static_assert(kQuickOps[info(Op::I32Add).code].how == Quick::Plain && kQuickOps[info(Op::I32Add).code].pops == 2);
static_assert(kQuickOps[info(Op::I64Store8).code].last == ValType::I64);
static_assert(info(Op::LocalGet).imm == Imm::Local && info(Op::LocalSet).imm == Imm::Local);

// Structured instructions are delivered otherwise than plain ones.
enum class Structure : uint8_t { Plain, Begin, Part, End };
consteval std::array<Structure, kOpCount> make_structures() {
  std::array<Structure, kOpCount> table{};
  for (Op op : {Op::Block, Op::Loop, Op::If, Op::Try, Op::TryTable}) table[static_cast<size_t>(op)] = Structure::Begin;
  for (Op op : {Op::Else, Op::Catch, Op::CatchAll}) table[static_cast<size_t>(op)] = Structure::Part;
  for (Op op : {Op::End, Op::Delegate}) table[static_cast<size_t>(op)] = Structure::End;
  return table;
}
inline constexpr std::array<Structure, kOpCount> kStructure = make_structures();

// A LEB128 of at most three bytes at p. The result is its length, or 0 when it is longer.
template <bool Signed>
inline uint32_t short_leb(const uint8_t* p, uint32_t& value) {
  const auto widen = [](uint32_t v, uint32_t bits) {
    return Signed ? static_cast<uint32_t>(static_cast<int32_t>(v << (32 - bits)) >> (32 - bits)) : v;
  };
  if (p[0] < 0x80) return value = widen(p[0], 7), 1u;
  if (p[1] < 0x80) return value = widen((p[0] & 0x7Fu) | uint32_t{p[1]} << 7, 14), 2u;
  if (p[2] < 0x80) return value = widen((p[0] & 0x7Fu) | (p[1] & 0x7Fu) << 7 | uint32_t{p[2]} << 14, 21), 3u;
  return 0;
}

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
      quick_run();
      if (!step()) [[unlikely]] return std::unexpected(take_error());
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
  // Does the run of common instructions that begins here, with everything it needs in registers. It stops,
  // with nothing of it done, at the first instruction that is none of them or has any surprise.
  void quick_run() {
    const uint8_t* const begin = reader_.pos();
    const uint8_t* const end = begin + reader_.remaining();
    const uint8_t* p = begin;
    const uint64_t offset = reader_.offset();
    ValType* const base = base_;
    ValType* sp = sp_;
    const std::span<const ValType> locals = tracks_locals_ ? std::span<const ValType>() : locals_;
    const bool live = live_;
    const auto deliver = [&](const QuickOp& q) {
      if (!live) return;
      instr_.op = q.op;
      instr_.offset = offset + static_cast<uint64_t>(p - begin);
      sink_.instr(instr_, resolved_, WalkView{static_cast<uint32_t>(sp - stack_), depth()});
    };
    // The longest quick instruction has 1 + 1 + 3 bytes.
    while (end - p >= 5) {
      const QuickOp& q = kQuickOps[*p];
      uint32_t imm = 0;
      uint32_t length = 0;
      if (q.how == Quick::Plain) {
        if (!takes(q, base, sp)) [[unlikely]] break;
        deliver(q);
        sp -= q.pops - 1;
        sp[-1] = q.result;
        ++p;
        continue;
      }
      switch (q.how) {
        case Quick::LocalGet:
        case Quick::LocalSet:
        case Quick::LocalTee: {
          length = short_leb<false>(p + 1, imm);
          const bool get = q.how == Quick::LocalGet;
          const bool fits = length != 0 && imm < locals.size() && (get || (sp != base && sp[-1] == locals[imm]));
          if (!fits) [[unlikely]] {
            length = 0;
            break;
          }
          const ValType type = locals[imm];
          instr_.index = imm;
          resolved_.type = type;
          deliver(q);
          if (get) *sp = type;
          sp += get - (q.how == Quick::LocalSet);
          break;
        }
        case Quick::Const:
          length = short_leb<true>(p + 1, imm);
          if (length == 0) break;
          instr_.bits = q.is_const64 ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(imm)}) : imm;
          deliver(q);
          *sp++ = q.result;
          break;
        case Quick::Memory:
          if (!quick_memory_ || p[1] > q.width || !takes(q, base, sp)) [[unlikely]] break;
          length = short_leb<false>(p + 2, imm);
          if (length == 0) break;
          instr_.memarg = {imm, p[1], 0};
          resolved_.address = AddressType::I32;
          deliver(q);
          ++length;
          sp += q.pushes - q.pops;
          if (q.pushes) sp[-1] = q.result;
          break;
        case Quick::Plain:
        case Quick::None: break;
      }
      if (length == 0) break;
      p += 1 + length;
    }
    sp_ = sp;
    reader_.bytes(static_cast<uint64_t>(p - begin));
  }

  // The operands of a quick instruction are there, of exactly its types.
  static bool takes(const QuickOp& q, const ValType* base, const ValType* sp) {
    return sp - base >= q.pops && sp[-1] == q.last && sp[-q.pops] == q.first;
  }

  // The general way.
  bool step() {
    const WalkView before = view();
    const bool live = live_;
    if (!decode_instr(reader_, context_, scratch_.buffers, instr_)) [[unlikely]] return false;
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
