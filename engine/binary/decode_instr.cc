// decode_instr for every shape of instruction: opcode, gate, one switch over Imm (Spec: binary-instr).
// Variable-length immediates go into the caller's buffers, whose size is bounded by the bytes read.
#include "engine/binary/decode_instr.h"

#include <cstring>

#include "engine/syntax/limits.h"

namespace skiff {
namespace {

constexpr uint32_t kMemoryBit = 0x40;      // memarg flags: a memory index follows
constexpr uint32_t kMemArgFlagsEnd = 0x80;
constexpr uint8_t kCastFlags = 0x03;       // br_on_cast: nullability of source (1) and target (2)

std::string hex_byte(uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  return {kDigits[byte >> 4], kDigits[byte & 15]};
}

// Bytes of an opcode as the error shows them: " fd 9a 01".
std::string opcode_bytes(uint8_t prefix, uint32_t code) {
  std::string text = prefix ? " " + hex_byte(prefix) : "";
  for (; code >= 0x80 && prefix; code >>= 7) text += " " + hex_byte(static_cast<uint8_t>(code | 0x80));
  return text + " " + hex_byte(static_cast<uint8_t>(code));
}

bool illegal_opcode(Reader& reader, uint64_t at, uint8_t prefix, uint32_t code, const OpInfo* op = nullptr) {
  std::string detail = opcode_bytes(prefix, code);
  if (op != nullptr) {
    const std::string feature(name_of(op->feature));
    detail.append(" (").append(op->text).append("): ").append(feature);
    detail.append(" is disabled; enable with --features=+").append(feature);
  }
  reader.set_error_at(ErrorCode::IllegalOpcode, at, std::move(detail));
  return false;
}

// An index that was one zero byte before `feature` existed.
uint32_t index_or_zero(Reader& reader, Features features, Feature feature) {
  if (features.has(feature)) [[likely]] return reader.u32();
  const uint64_t at = reader.offset();
  if (reader.u8() != 0) reader.set_error_at(ErrorCode::ZeroByteExpected, at);
  return 0;
}
uint32_t memory_index(Reader& reader, const DecodeContext& context) {
  return index_or_zero(reader, context.features, Feature::MultiMemory);
}
uint32_t table_index(Reader& reader, const DecodeContext& context) {
  return index_or_zero(reader, context.features, Feature::ReferenceTypes);
}

// Spec: binary-memarg.
void decode_memarg(Reader& reader, Features features, MemArg& out) {
  const uint64_t at = reader.offset();
  const uint32_t flags = reader.u32();
  out.align = flags;
  out.memory = 0;
  if (flags >= kMemoryBit) [[unlikely]] {
    if (flags >= kMemArgFlagsEnd || !features.has(Feature::MultiMemory)) {
      return reader.set_error_at(ErrorCode::MalformedMemopFlags, at);
    }
    out.align = flags - kMemoryBit;
    out.memory = reader.u32();
  }
  out.offset = features.has(Feature::Memory64) ? reader.u64() : reader.u32();
}

uint32_t data_index(Reader& reader, const DecodeContext& context, uint64_t at) {
  if (!context.has_data_count) reader.set_error_at(ErrorCode::DataCountRequired, at);
  return reader.u32();
}

void decode_labels(Reader& reader, std::vector<uint32_t>& labels) {
  labels.clear();
  const uint64_t at = reader.offset();
  const uint32_t n = reader.count();
  if (n > limits::kBrTableTargets) {
    return reader.set_error_at(ErrorCode::ImplementationLimit, at, "too many br_table targets");
  }
  labels.reserve(n + size_t{1});
  for (uint32_t i = 0; i <= n && reader.ok(); ++i) labels.push_back(reader.u32());
}

void decode_types(Reader& reader, Features features, std::vector<ValType>& types) {
  types.clear();
  const uint32_t n = reader.count();
  for (uint32_t i = 0; i < n && reader.ok(); ++i) types.push_back(decode_val_type(reader, features));
}

// Spec: binary-catch.
void decode_catches(Reader& reader, std::vector<Catch>& catches) {
  catches.clear();
  const uint32_t n = reader.count();
  for (uint32_t i = 0; i < n && reader.ok(); ++i) {
    const uint64_t at = reader.offset();
    const uint8_t kind = reader.u8();
    if (kind > static_cast<uint8_t>(Catch::Kind::CatchAllRef)) {
      return reader.set_error_at(ErrorCode::MalformedCatch, at);
    }
    Catch& c = catches.emplace_back();
    c.kind = static_cast<Catch::Kind>(kind);
    if (c.has_tag()) c.tag = reader.u32();
    c.label = reader.u32();
  }
}

void decode_br_on_cast(Reader& reader, Features features, Instr& out) {
  const uint64_t at = reader.offset();
  const uint8_t flags = reader.u8();
  if (flags > kCastFlags) return reader.set_error_at(ErrorCode::MalformedCastFlags, at);
  out.index = reader.u32();
  out.type = ValType::ref(decode_heap_type(reader, features), flags & 1);
  out.type2 = ValType::ref(decode_heap_type(reader, features), flags & 2);
}

bool heap_type_is_nullable(Op op) {
  return op == Op::RefNull || op == Op::RefTestNull || op == Op::RefCastNull;
}

// The immediates of out.op.
bool decode_immediates(Reader& reader, const DecodeContext& context, InstrBuffers& buffers, Instr& out,
                       Imm imm) {
  const Features features = context.features;
  switch (imm) {
    case Imm::None: break;
    case Imm::BlockType: out.block = decode_block_type(reader, features); break;
    case Imm::Label:
    case Imm::Func:
    case Imm::Type:
    case Imm::Local:
    case Imm::Global:
    case Imm::Elem:
    case Imm::Tag: out.index = reader.u32(); break;
    case Imm::LabelVec:
      decode_labels(reader, buffers.labels);
      out.labels = buffers.labels;
      break;
    case Imm::TypeTable:
      out.index = reader.u32();
      out.index2 = table_index(reader, context);
      break;
    case Imm::Table: out.index = table_index(reader, context); break;
    case Imm::TableTable:
      out.index = table_index(reader, context);
      out.index2 = table_index(reader, context);
      break;
    case Imm::ElemTable:
      out.index = reader.u32();
      out.index2 = table_index(reader, context);
      break;
    case Imm::Data: out.index = data_index(reader, context, out.offset); break;
    case Imm::Memory: out.index = memory_index(reader, context); break;
    case Imm::MemoryMemory:
      out.index = memory_index(reader, context);
      out.index2 = memory_index(reader, context);
      break;
    case Imm::DataMemory:
      out.index = data_index(reader, context, out.offset);
      out.index2 = memory_index(reader, context);
      break;
    case Imm::MemArg: decode_memarg(reader, features, out.memarg); break;
    case Imm::MemArgLane:
      decode_memarg(reader, features, out.memarg);
      out.lane = reader.u8();
      break;
    case Imm::Lane: out.lane = reader.u8(); break;
    case Imm::Lanes16:
    case Imm::V128: out.bytes = reader.fixed<std::array<uint8_t, 16>>(); break;
    case Imm::I32: out.bits = static_cast<uint32_t>(reader.s32()); break;
    case Imm::I64: out.bits = static_cast<uint64_t>(reader.s64()); break;
    case Imm::F32: out.bits = reader.fixed<uint32_t>(); break;
    case Imm::F64: out.bits = reader.fixed<uint64_t>(); break;
    case Imm::HeapType:
      out.type = ValType::ref(decode_heap_type(reader, features), heap_type_is_nullable(out.op));
      break;
    case Imm::SelectTypes:
      decode_types(reader, features, buffers.types);
      out.types = buffers.types;
      break;
    case Imm::TypeField:
    case Imm::TypeLength:
    case Imm::TypeElem:
    case Imm::TypeType:
      out.index = reader.u32();
      out.index2 = reader.u32();
      break;
    case Imm::TypeData:
      out.index = reader.u32();
      out.index2 = data_index(reader, context, out.offset);
      break;
    case Imm::BrOnCast: decode_br_on_cast(reader, features, out); break;
    case Imm::TryTable:
      out.block = decode_block_type(reader, features);
      decode_catches(reader, buffers.catches);
      out.catches = buffers.catches;
      break;
    case Imm::Fence:
      if (reader.u8() != 0) reader.set_error_at(ErrorCode::ZeroByteExpected, reader.offset() - 1);
      break;
  }
  return reader.ok();
}

}  // namespace

bool detail::decode_any_instr(Reader& reader, const DecodeContext& context, InstrBuffers& buffers,
                              Instr& out) {
  out.offset = reader.offset();
  const uint8_t byte = reader.u8();
  const uint8_t prefix = is_prefix(byte) ? byte : 0;
  const uint32_t code = prefix ? reader.u32() : byte;
  if (!reader.ok()) return false;
  if (!find_op(prefix, code, out.op)) return illegal_opcode(reader, out.offset, prefix, code);
  const OpInfo& row = info(out.op);
  if (!context.features.has(row.feature)) return illegal_opcode(reader, out.offset, prefix, code, &row);
  return decode_immediates(reader, context, buffers, out, row.imm);
}

ErrorCode body_end_error(const Module& module, const CodeBytes& body) {
  const uint64_t end = body.offset + body.bytes.size();
  if (end == module.size) return ErrorCode::UnexpectedEndOfSection;
  for (const Module::SectionRange& section : module.sections) {
    if (section.offset + section.length == end) return ErrorCode::SectionSizeMismatch;
  }
  return ErrorCode::EndOpcodeExpected;
}

}  // namespace skiff
