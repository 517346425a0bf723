// The quick way of common instructions: a table, derived from opcodes.def, by which the walker checks the
// commonest one-byte instructions of WebAssembly 1.0 in one tight loop (FunctionWalker::quick_run). Whenever
// anything about one is unusual (wrong types, polymorphic stack, long immediates, a second memory) it goes
// the general way instead, which knows all rules and makes all errors.
//
// Measured alternative: types looked up without any branch per opcode. Slower, because the address of the
// next instruction then waits for this one's row, while a predicted branch does not wait.
#pragma once

#include <array>

#include "engine/syntax/opcode.h"
#include "engine/syntax/types.h"

namespace skiff::detail {

// The quick way of a first byte.
enum class Quick : uint8_t {
  None,
  Unary,
  Binary,  // both operands of one type
  Load,
  Store,
  LocalGet,
  LocalSet,
  LocalTee,
  GlobalGet,
  GlobalSet,
  I32Const,
  I64Const,
  Drop,
  Select,  // of numbers
  BrIf,    // to labels that take nothing
};

struct QuickOp {
  Quick how = Quick::None;
  uint8_t width = 0;  // Load, Store
  Op op = Op::Nop;
  ValType operand;  // Unary, Binary; the value of Store
  ValType result;
};

// Bytes that may be looked at from the start of a quick instruction: opcode, alignment, three of offset.
inline constexpr int kQuickBytes = 5;

consteval ValType quick_type(char letter) {
  switch (letter) {
    case 'i': return ValType::I32;
    case 'l': return ValType::I64;
    case 'f': return ValType::F32;
    case 'd': return ValType::F64;
    default: return ValType::Bot;
  }
}

consteval Quick quick_way(Op op) {
  const OpInfo& row = info(op);
  switch (op) {
    case Op::LocalGet: return Quick::LocalGet;
    case Op::LocalSet: return Quick::LocalSet;
    case Op::LocalTee: return Quick::LocalTee;
    case Op::GlobalGet: return Quick::GlobalGet;
    case Op::GlobalSet: return Quick::GlobalSet;
    case Op::I32Const: return Quick::I32Const;
    case Op::I64Const: return Quick::I64Const;
    case Op::Drop: return Quick::Drop;
    case Op::Select: return Quick::Select;
    case Op::BrIf: return Quick::BrIf;
    default: break;
  }
  if (row.shape == Shape::Load) return Quick::Load;
  if (row.shape == Shape::Store) return Quick::Store;
  if (row.imm != Imm::None || row.special()) return Quick::None;
  if (row.shape == Shape::Unary) return Quick::Unary;
  return row.shape == Shape::Binary && row.sig[0] == row.sig[1] ? Quick::Binary : Quick::None;
}

consteval std::array<QuickOp, 256> make_quick_ops() {
  std::array<QuickOp, 256> table{};
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& row = kOps[i];
    const Op op = static_cast<Op>(i);
    if (row.prefix != 0 || row.feature != Feature::Mvp || quick_way(op) == Quick::None) continue;
    QuickOp& q = table[row.code];
    q = {quick_way(op), row.width, op, {}, {}};
    if (row.pops > 0) q.operand = quick_type(row.sig[row.pops - 1u]);
    if (row.pushes > 0) q.result = quick_type(row.sig.back());
  }
  return table;
}
inline constexpr std::array<QuickOp, 256> kQuickOps = make_quick_ops();
static_assert(kQuickOps[info(Op::I32Add).code].how == Quick::Binary);
static_assert(kQuickOps[info(Op::I64Store8).code].operand == ValType::I64);
static_assert(info(Op::LocalGet).imm == Imm::Local && info(Op::GlobalSet).imm == Imm::Global);

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

}  // namespace skiff::detail
