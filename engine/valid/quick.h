// The quick way of common instructions: a table, derived from opcodes.def, by which the walker checks the
// commonest one-byte instructions of WebAssembly 1.0 in one tight loop (FunctionWalker::quick_run). Whenever
// anything about one is unusual (wrong types, polymorphic stack, overlong immediates, a second memory) it goes
// the general way instead, which knows all rules and makes all errors.
//
// Measured alternative: types looked up without any branch per opcode. Slower, because the address of the
// next instruction then waits for this one's row, while a predicted branch does not wait.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "engine/base/bits.h"
#include "engine/syntax/instr.h"
#include "engine/syntax/module.h"
#include "engine/syntax/opcode.h"
#include "engine/syntax/types.h"

namespace skiff::detail {

// Opcodes with a way of their own, and all ways: X(enumerator, the end of its handler's name). None comes
// first: rows that are not filled in.
#define SKIFF_QUICK_OPS(X)                                                                            \
  X(Nop, nop) X(Unreachable, unreachable) X(Block, block) X(Loop, block) X(If, block) X(Else, else)   \
  X(End, end) X(Br, br) X(BrIf, br_if) X(Return, return) X(Call, call) X(Drop, drop)                  \
  X(Select, select) X(LocalGet, local_get) X(LocalSet, local_set) X(LocalTee, local_tee)              \
  X(GlobalGet, global_get) X(GlobalSet, global_set) X(I32Const, i32_const) X(I64Const, i64_const)     \
  X(F32Const, f32_const) X(F64Const, f64_const)
#define SKIFF_QUICK_WAYS(X) \
  X(None, none) X(Unary, unary) X(Extend, extend) X(Binary, binary) X(Load, load) X(Store, store) SKIFF_QUICK_OPS(X)
enum class Quick : uint8_t {
#define SKIFF_QUICK_WAY(NAME, HANDLER) NAME,
  SKIFF_QUICK_WAYS(SKIFF_QUICK_WAY)
#undef SKIFF_QUICK_WAY
};

struct QuickOp {
  Quick how = Quick::None;
  uint8_t width = 0;  // Load, Store
  Op op = Op::Nop;
  ValType operand;  // Unary, Binary; the value of Store
  ValType result;
};

// Bytes that may be looked at from the start of a quick instruction: opcode, alignment, one of offset.
inline constexpr int kQuickBytes = 3;

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
#define SKIFF_QUICK_OP(NAME, HANDLER) \
  case Op::NAME: return Quick::NAME;
    SKIFF_QUICK_OPS(SKIFF_QUICK_OP)
#undef SKIFF_QUICK_OP
    default: break;
  }
  if (row.shape == Shape::Load) return Quick::Load;
  if (row.shape == Shape::Store) return Quick::Store;
  if (row.imm != Imm::None || row.special()) return Quick::None;
  if (row.shape == Shape::Unary) return row.feature == Feature::Mvp ? Quick::Unary : Quick::Extend;
  return row.shape == Shape::Binary && row.sig[0] == row.sig[1] ? Quick::Binary : Quick::None;
}

consteval std::array<QuickOp, 256> make_quick_ops() {
  std::array<QuickOp, 256> table{};
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& row = kOps[i];
    const Op op = static_cast<Op>(i);
    const bool usual = row.feature == Feature::Mvp || row.feature == Feature::SignExtension;
    if (row.prefix != 0 || !usual || quick_way(op) == Quick::None) continue;
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

// The LEB128 of more than one byte at p, put together without asking for its length, which branches would
// guess wrong. The result is the length, or 0 where it does not fit or nearly reaches `end`.
template <class Word, bool Signed>
inline uint32_t long_leb(const uint8_t* p, const uint8_t* end, Word& value) {
  constexpr unsigned kBits = sizeof(Word) * 8;
  if (end - p < static_cast<ptrdiff_t>(sizeof(Word))) [[unlikely]]
    return 0;
  const Word w = load_unaligned<Word>(p);
  const Word last = ~w & static_cast<Word>(0x8080808080808080u);
  if (last == 0) [[unlikely]]
    return 0;
  const unsigned bits = static_cast<unsigned>(std::countr_zero(last)) + 1;
  Word x = (w << (kBits - bits) >> (kBits - bits)) & static_cast<Word>(0x7F7F7F7F7F7F7F7Fu);
  x = (x & static_cast<Word>(0x007F007F007F007Fu)) | (x >> 1 & static_cast<Word>(0x3F803F803F803F80u));
  x = (x & static_cast<Word>(0x00003FFF00003FFFu)) | (x >> 2 & static_cast<Word>(0x0FFFC0000FFFC000u));
  if constexpr (kBits == 64) x = (x & 0x0FFFFFFFu) | (x >> 4 & 0x00FFFFFFF0000000u);
  if constexpr (Signed) {
    const unsigned unused = kBits - bits / 8 * 7;
    x = static_cast<Word>(static_cast<std::make_signed_t<Word>>(x << unused) >> unused);
  }
  value = x;
  return bits / 8;
}

// The block type that is neither values nor a type index.
inline constexpr uint8_t kEmptyBlock = 0x40;

// A LEB128 at p of no more bytes than Word has. Requires: p < end.
template <class Word = uint32_t, bool Signed = false>
inline uint32_t quick_leb(const uint8_t* p, const uint8_t* end, Word& value) {
  if (*p >= 0x80) return long_leb<Word, Signed>(p, end, value);
  value = *p;
  if constexpr (Signed) value = static_cast<Word>(static_cast<int8_t>(*p << 1) >> 1);
  return 1;
}

// Whether an expression is but a short constant of the type expected, the commonest by far, which then is in
// `out` as decoded.
inline bool quick_constant(const CodeBytes& expr, ValType expected, Instr& out) {
  std::array<uint8_t, 8> code{};
  const size_t size = expr.bytes.size();
  if (size < 3 || size > 6) return false;  // a LEB128 of at most four bytes
  std::memcpy(code.data(), expr.bytes.data(), size);
  const QuickOp& q = kQuickOps[code[0]];
  if (q.how != Quick::I32Const && q.how != Quick::I64Const) return false;
  uint32_t value;
  const uint32_t length = quick_leb<uint32_t, true>(&code[1], code.data() + code.size(), value);
  if (length != size - 2 || kQuickOps[code[size - 1]].how != Quick::End || expected != q.result) return false;
  out.op = q.op;
  out.offset = expr.offset;
  out.bits = q.how == Quick::I32Const ? value : static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)});
  return true;
}

}  // namespace skiff::detail
