// The one decoder of instructions (Spec: binary-instr): opcode and immediates from a Reader to an Instr,
// one switch over Imm. Used by the walker and by printers; nobody else reads instruction bytes.
#pragma once

#include <vector>

#include "engine/base/reader.h"
#include "engine/syntax/instr.h"

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

// Parts of it, shared with the module decoder. Types use module type indices; the range of an index
// is for validation to check.
ValType decode_val_type(Reader& reader, Features features);
HeapType decode_heap_type(Reader& reader, Features features);
BlockType decode_block_type(Reader& reader, Features features);

}  // namespace skiff
