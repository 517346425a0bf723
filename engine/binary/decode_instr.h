// The one decoder of instructions (Spec: binary-instr): opcode and immediates from a Reader to an Instr.
// Used by the walker and by printers; nobody else reads instruction bytes.
//
// decode_instr runs for every instruction of every module. Its inline path takes the common shapes (no
// immediate; one-byte index, constant or empty block type; two-byte memarg) without asking which of them
// it is, since that question is a branch that cannot be predicted: a table says how far to go and which
// bits must have which values, and the fields of all these shapes are written at once. Everything else is
// one switch over Imm in decode_instr.cc. Afterwards only the fields of Instr that belong to the Imm kind
// mean anything (instr.h lists them).
#pragma once

#include <array>
#include <vector>

#include "engine/base/reader.h"
#include "engine/syntax/instr.h"
#include "engine/syntax/module.h"

namespace skiff {

/// Buffers that variable-length immediates point into; reused from one instruction to the next.
struct InstrBuffers {
  std::vector<uint32_t> labels;
  std::vector<ValType> types;
  std::vector<Catch> catches;
};

/// What the decoder must know about the module to read memory immediates and flag data-count use.
struct DecodeContext {
  Features features;
  bool has_data_count = true;   // false: instructions with a data index are DataCountRequired
};

/// Reads one instruction. On bad input the Reader holds the error and the result is false.
/// Errors: IllegalOpcode (also for opcodes of disabled features, with a detail that names the feature),
/// MalformedMemopFlags, DataCountRequired, what Reader reports.
bool decode_instr(Reader& reader, const DecodeContext& context, InstrBuffers& buffers, Instr& out);

/// The error of a body that runs out of bytes before its last `end`: the end_error for a Reader over a
/// body. Worded as by the specification's interpreter, which reads on into whatever follows:
/// the end of the module, the next section, or the next body.
ErrorCode body_end_error(const Module& module, const CodeBytes& body);

// Parts of it, shared with the module decoder. Types use module type indices; the range of an index
// is for validation to check. An index that HeapType cannot hold becomes the largest one that it can,
// which is far above limits::kTypes and therefore as unknown.
ValType decode_val_type(Reader& reader, Features features);
HeapType decode_heap_type(Reader& reader, Features features);
BlockType decode_block_type(Reader& reader, Features features);

namespace detail {

// The row of a first byte: the inline path applies when the next four bytes `w` (first byte lowest) have
// (w & mask) == want; the instruction is then `length` bytes long.
struct ByteOp {
  uint32_t mask = 0;
  uint32_t want = 1;           // unless set otherwise, never
  Op op = Op::Nop;
  Feature feature = Feature::Mvp;
  uint8_t length = 0;
  uint8_t bits_shift = 0;      // a constant's upper bits that are cut off
};
constexpr uint64_t imm_bit(Imm imm) { return uint64_t{1} << static_cast<unsigned>(imm); }
inline constexpr uint64_t kOneByteImms = imm_bit(Imm::Label) | imm_bit(Imm::Func) | imm_bit(Imm::Type) |
                                         imm_bit(Imm::Local) | imm_bit(Imm::Global) | imm_bit(Imm::Tag) |
                                         imm_bit(Imm::I32) | imm_bit(Imm::I64);
constexpr ByteOp make_byte_op(Op op, const OpInfo& row) {
  ByteOp b{.op = op, .feature = row.feature};
  auto fast = [&](uint8_t length, uint32_t mask, uint32_t want) {
    b.length = length;
    b.mask = mask;
    b.want = want;
  };
  if (row.imm == Imm::None) fast(1, 0, 0);
  if (imm_bit(row.imm) & kOneByteImms) fast(2, 0x8000, 0);
  if (row.imm == Imm::BlockType) fast(2, 0xFF00, 0x4000);
  if (row.imm == Imm::MemArg) fast(3, 0x80C000, 0);
  if (row.imm == Imm::I32) b.bits_shift = 32;
  return b;
}
consteval std::array<ByteOp, 256> make_byte_ops() {
  std::array<ByteOp, 256> table{};
  for (size_t i = 0; i < kOpCount; ++i) {
    if (kOps[i].prefix == 0) table[kOps[i].code] = make_byte_op(static_cast<Op>(i), kOps[i]);
  }
  return table;
}
inline constexpr std::array<ByteOp, 256> kByteOps = make_byte_ops();

// Every instruction, by the switch over Imm.
bool decode_any_instr(Reader& reader, const DecodeContext& context, InstrBuffers& buffers, Instr& out);

}  // namespace detail

[[gnu::always_inline]] inline bool decode_instr(Reader& reader, const DecodeContext& context,
                                                InstrBuffers& buffers, Instr& out) {
  if (reader.remaining() < sizeof(uint32_t)) [[unlikely]] {
    return detail::decode_any_instr(reader, context, buffers, out);
  }
  const auto w = load_unaligned<uint32_t>(reader.pos());
  const detail::ByteOp& row = detail::kByteOps[w & 0xFF];
  if ((w & row.mask) != row.want || !context.features.has(row.feature)) {
    return detail::decode_any_instr(reader, context, buffers, out);
  }
  out.offset = reader.offset();
  out.op = row.op;
  out.index = w >> 8 & 0xFF;
  const auto constant = static_cast<int64_t>(static_cast<uint64_t>(w) << 49) >> 57;  // bits 8..14, signed
  out.bits = static_cast<uint64_t>(constant) << row.bits_shift >> row.bits_shift;
  out.memarg = {.offset = w >> 16 & 0xFF, .align = w >> 8 & 0xFF, .memory = 0};
  out.block = {};
  reader.skip(row.length);
  return true;
}

}  // namespace skiff
