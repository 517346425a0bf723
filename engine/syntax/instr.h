// Instr: one decoded instruction. binary/decode_instr.h fills it from bytes, binary/encode_instr.h
// writes it, text and walker read it. Which fields are meaningful follows from info(op).imm:
//
//   Label Func Type Local Global Table Elem Data Memory Tag     index
//   TypeTable    index = type, index2 = table        TableTable    index = dst, index2 = src
//   ElemTable    index = elem, index2 = table        MemoryMemory  index = dst, index2 = src
//   DataMemory   index = data, index2 = memory       TypeType      index = dst, index2 = src
//   TypeField    index = type, index2 = field        TypeLength    index = type, index2 = n
//   TypeData     index = type, index2 = data         TypeElem      index = type, index2 = elem
//   MemArg       memarg                              MemArgLane    memarg, lane
//   Lane         lane                                Lanes16, V128 bytes
//   I32 I64 F32 F64   bits (F32 in the low half, I32 zero-extended)
//   HeapType     type.heap(), nullability by opcode  BlockType     block
//   SelectTypes  types                               LabelVec      labels, default last
//   BrOnCast     index = label, type = source, type2 = target (as reference types)
//   TryTable     block, catches
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/syntax/opcode.h"
#include "engine/syntax/types.h"

namespace skiff {

/// Spec: syntax-memarg. Units: offset in bytes, align as log2 of bytes.
struct MemArg {
  uint64_t offset = 0;
  uint32_t align = 0;
  uint32_t memory = 0;
  bool operator==(const MemArg&) const = default;
};

/// Spec: syntax-blocktype: nothing, one value type, or a function type's index.
struct BlockType {
  enum class Kind : uint8_t { Empty, Value, Index };
  Kind kind = Kind::Empty;
  ValType value;
  uint32_t index = 0;
  bool operator==(const BlockType&) const = default;
};

/// Spec: syntax-catch. Codes of the binary format.
struct Catch {
  enum class Kind : uint8_t { Catch = 0, CatchRef = 1, CatchAll = 2, CatchAllRef = 3 };
  Kind kind = Kind::CatchAll;
  uint32_t tag = 0;
  uint32_t label = 0;
  bool operator==(const Catch&) const = default;
  bool has_tag() const { return kind == Kind::Catch || kind == Kind::CatchRef; }
  bool has_ref() const { return kind == Kind::CatchRef || kind == Kind::CatchAllRef; }
};

struct Instr {
  Op op = Op::Nop;
  uint8_t lane = 0;
  uint32_t index = 0;
  uint32_t index2 = 0;
  /// Absolute byte offset of the opcode in the module.
  uint64_t offset = 0;
  uint64_t bits = 0;
  MemArg memarg;
  ValType type, type2;
  BlockType block;
  std::array<uint8_t, 16> bytes{};
  // Views into the decoder's buffers: valid until the next instruction is decoded.
  std::span<const uint32_t> labels;
  std::span<const ValType> types;
  std::span<const Catch> catches;
};

}  // namespace skiff
