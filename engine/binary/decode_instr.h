// The one decoder of instructions (Spec: binary-instr): opcode and immediates from a Reader to an Instr.
// Used by the walker and by printers; nobody else reads instruction bytes.
//
// decode_instr runs for every instruction of every module, so its common path (one-byte opcodes without
// immediates or with one index) is inline and fed by a table of four bytes a row; everything else is one
// switch over Imm in decode_instr.cc. Only the fields of Instr that belong to the Imm kind are written
// (instr.h lists them): the others keep what an earlier instruction left there.
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

// Sets of Imm kinds as bits.
constexpr uint64_t imm_bit(Imm imm) { return uint64_t{1} << static_cast<unsigned>(imm); }
inline constexpr uint64_t kPlainIndexImms = imm_bit(Imm::Label) | imm_bit(Imm::Func) | imm_bit(Imm::Type) |
                                            imm_bit(Imm::Local) | imm_bit(Imm::Global) | imm_bit(Imm::Tag) |
                                            imm_bit(Imm::Elem);

// The row of a first byte.
struct ByteOp {
  Op op = Op::Nop;
  Imm imm = Imm::None;
  Feature feature = Feature::Mvp;
  bool known = false;  // false: a prefix, or no opcode at all
};
consteval std::array<ByteOp, 256> make_byte_ops() {
  std::array<ByteOp, 256> table{};
  for (size_t i = 0; i < kOpCount; ++i)
    if (kOps[i].prefix == 0) {
      table[kOps[i].code] = {static_cast<Op>(i), kOps[i].imm, kOps[i].feature, true};
    }
  return table;
}
inline constexpr std::array<ByteOp, 256> kByteOps = make_byte_ops();

// Prefixed, unknown and disabled opcodes: `byte` has been read already.
bool decode_rare(Reader& reader, const DecodeContext& context, InstrBuffers& buffers, Instr& out,
                 uint8_t byte);
// The immediates of out.op.
bool decode_immediates(Reader& reader, const DecodeContext& context, InstrBuffers& buffers, Instr& out,
                       Imm imm);

}  // namespace detail

inline bool decode_instr(Reader& reader, const DecodeContext& context, InstrBuffers& buffers, Instr& out) {
  out.offset = reader.offset();
  const uint8_t byte = reader.u8();
  const detail::ByteOp row = detail::kByteOps[byte];
  if (!row.known || !context.features.has(row.feature)) [[unlikely]] {
    return detail::decode_rare(reader, context, buffers, out, byte);
  }
  out.op = row.op;
  if (row.imm == Imm::None) return reader.ok();
  if (detail::kPlainIndexImms >> static_cast<unsigned>(row.imm) & 1) {
    out.index = reader.u32();
    return reader.ok();
  }
  return detail::decode_immediates(reader, context, buffers, out, row.imm);
}

}  // namespace skiff
