// Op, Imm, Shape: what opcodes.def says, as C++. The table is checked here at compile time (sorted,
// unique, known signature letters); a mistake in a row is a compile error.
// Spec: binary-instr, index of instructions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/syntax/features.h"

namespace skiff {

/// What follows an opcode in the binary format, and how the text format writes it.
enum class Imm : uint8_t {
  None,
  BlockType,
  Label,
  LabelVec,      // br_table: vec(label) label
  Func,
  Type,
  TypeTable,     // call_indirect: type table
  Local,
  Global,
  Table,
  TableTable,    // table.copy: dst src
  ElemTable,     // table.init: elem table
  Elem,
  Data,
  Memory,
  MemoryMemory,  // memory.copy: dst src
  DataMemory,    // memory.init: data memory
  MemArg,
  MemArgLane,
  Lane,
  Lanes16,       // i8x16.shuffle
  V128,
  I32,
  I64,
  F32,
  F64,
  HeapType,
  SelectTypes,   // vec(valtype)
  TypeField,     // struct.get: type field
  TypeLength,    // array.new_fixed: type n
  TypeData,
  TypeElem,
  TypeType,      // array.copy: dst src
  BrOnCast,      // flags label heaptype heaptype
  Tag,
  TryTable,      // blocktype vec(catch)
  Fence,         // one zero byte
};

/// How an operator's semantics are expressed; pure ones name a function in engine/exec/numeric.h or simd.h.
enum class Shape : uint8_t {
  Unary,        // T f(A)
  Binary,       // T f(A, B)
  Ternary,      // T f(A, B, C)
  Wide,         // i64 pairs
  Const,
  ExtractLane,  // T f(V128, lane)
  ReplaceLane,  // V128 f(V128, T, lane)
  Shuffle,      // V128 f(V128, V128, lanes)
  Load,         // T f(raw memory value)
  Store,        // raw memory value f(T)
  LoadLane,     // V128 f(raw memory value, V128, lane)
  StoreLane,    // raw memory value f(V128, lane)
  AtomicLoad,
  AtomicStore,
  AtomicRmw,
  AtomicCmpxchg,
  AtomicNotify,
  AtomicWait,
  AtomicFence,
  Control,
  Call,
  Parametric,
  Variable,
  Table,
  Memory,
  Reference,
  Gc,
};

enum class Trapping : uint8_t { NoTrap, MayTrap };

enum class Op : uint16_t {
#define WASM_OP(NAME, PREFIX, CODE, TEXT, IMM, SIG, SHAPE, FEATURE, TRAP, WIDTH) NAME,
#include "engine/syntax/opcodes.def"
#undef WASM_OP
};

struct OpInfo {
  std::string_view name;   // C++ name, "I32Add"
  std::string_view text;   // text format keyword
  std::string_view sig;    // operands ':' results, or "*"
  uint16_t code;
  uint8_t prefix;          // 0 when one byte
  Imm imm;
  Shape shape;
  Feature feature;
  Trapping traps;
  uint8_t width;           // log2 of bytes accessed
  uint8_t pops;            // operands of sig
  uint8_t pushes;          // results of sig

  constexpr bool special() const { return sig == "*"; }
};

namespace detail {
constexpr uint8_t sig_pops(std::string_view sig) {
  return sig == "*" ? 0 : static_cast<uint8_t>(sig.find(':'));
}
constexpr uint8_t sig_pushes(std::string_view sig) {
  return sig == "*" ? 0 : static_cast<uint8_t>(sig.size() - sig.find(':') - 1);
}
}  // namespace detail

inline constexpr OpInfo kOps[] = {
#define WASM_OP(NAME, PREFIX, CODE, TEXT, IMM, SIG, SHAPE, FEATURE, TRAP, WIDTH)              \
  {#NAME, TEXT, SIG, CODE, PREFIX, Imm::IMM, Shape::SHAPE, Feature::FEATURE, Trapping::TRAP, \
   WIDTH, detail::sig_pops(SIG), detail::sig_pushes(SIG)},
#include "engine/syntax/opcodes.def"
#undef WASM_OP
};
inline constexpr size_t kOpCount = std::size(kOps);

constexpr const OpInfo& info(Op op) { return kOps[static_cast<size_t>(op)]; }

namespace detail {

consteval bool table_is_well_formed() {
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& o = kOps[i];
    if (i > 0) {
      const OpInfo& before = kOps[i - 1];
      if (before.prefix > o.prefix || (before.prefix == o.prefix && before.code >= o.code)) return false;
    }
    if (o.special()) continue;
    if (o.sig.find(':') == std::string_view::npos) return false;
    for (char c : o.sig)
      if (std::string_view("ilfdvat:").find(c) == std::string_view::npos) return false;
  }
  return true;
}
static_assert(table_is_well_formed(), "opcodes.def: rows must be sorted, unique and use known signature letters");

// One dense table per prefix from code to Op + 1 (0: no such opcode).
template <uint8_t Prefix, size_t Size>
consteval std::array<uint16_t, Size> codes_of_prefix() {
  std::array<uint16_t, Size> table{};
  for (size_t i = 0; i < kOpCount; ++i)
    if (kOps[i].prefix == Prefix) table[kOps[i].code] = static_cast<uint16_t>(i + 1);
  return table;
}
inline constexpr auto kCodes00 = codes_of_prefix<0x00, 256>();
inline constexpr auto kCodesFB = codes_of_prefix<0xFB, 64>();
inline constexpr auto kCodesFC = codes_of_prefix<0xFC, 64>();
inline constexpr auto kCodesFD = codes_of_prefix<0xFD, 0x180>();
inline constexpr auto kCodesFE = codes_of_prefix<0xFE, 0x80>();

}  // namespace detail

/// True for the bytes that announce a two-part opcode.
constexpr bool is_prefix(uint8_t byte) { return byte >= 0xFB && byte <= 0xFE; }

/// The opcode of (prefix, code), or false when there is none. `prefix` 0 for one-byte opcodes.
constexpr bool find_op(uint8_t prefix, uint32_t code, Op& op) {
  auto look = [&](const auto& table) {
    if (code >= table.size() || table[code] == 0) return false;
    op = static_cast<Op>(table[code] - 1);
    return true;
  };
  switch (prefix) {
    case 0x00: return look(detail::kCodes00);
    case 0xFB: return look(detail::kCodesFB);
    case 0xFC: return look(detail::kCodesFC);
    case 0xFD: return look(detail::kCodesFD);
    case 0xFE: return look(detail::kCodesFE);
    default: return false;
  }
}

}  // namespace skiff
