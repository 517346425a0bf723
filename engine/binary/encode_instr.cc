// Types and single instructions in the binary format (Spec: binary-types, binary-instr): the mirror of
// decode_instr.cc, one switch over Imm. Everything is written in its shortest form.
#include "engine/base/check.h"
#include "engine/binary/encode.h"

namespace skiff {
namespace {

constexpr uint8_t kRefByte = 0x64, kRefNullByte = 0x63;
constexpr uint8_t kEmptyBlockByte = 0x40;
constexpr uint32_t kMemoryBit = 0x40;  // memarg flags: a memory index follows

void encode_memarg(Writer& out, const MemArg& memarg) {
  if (memarg.memory != 0) {
    out.u32(memarg.align | kMemoryBit);
    out.u32(memarg.memory);
  } else {
    out.u32(memarg.align);
  }
  out.u64(memarg.offset);
}

void encode_block_type(Writer& out, const BlockType& block) {
  switch (block.kind) {
    case BlockType::Kind::Empty: return out.u8(kEmptyBlockByte);
    case BlockType::Kind::Value: return encode_val_type(out, block.value);
    case BlockType::Kind::Index: return out.s33(block.index);
  }
}

// labels: at least the default one, which is last.
void encode_labels(Writer& out, std::span<const uint32_t> labels) {
  SKIFF_CHECK(!labels.empty());
  out.u32(labels.size() - 1);
  for (uint32_t label : labels) out.u32(label);
}

void encode_catches(Writer& out, std::span<const Catch> catches) {
  out.u32(catches.size());
  for (const Catch& c : catches) {
    out.u8(static_cast<uint8_t>(c.kind));
    if (c.has_tag()) out.u32(c.tag);
    out.u32(c.label);
  }
}

void encode_br_on_cast(Writer& out, const Instr& instr) {
  const unsigned source_null = instr.type.is_nullable_ref() ? 1 : 0;
  const unsigned target_null = instr.type2.is_nullable_ref() ? 2 : 0;
  out.u8(static_cast<uint8_t>(source_null | target_null));
  out.u32(instr.index);
  encode_heap_type(out, instr.type.heap());
  encode_heap_type(out, instr.type2.heap());
}

}  // namespace

void encode_heap_type(Writer& out, HeapType type) {
  if (type.is_concrete()) {
    out.s33(type.index());
  } else {
    out.u8(type.code());
  }
}

void encode_val_type(Writer& out, ValType type) {
  if (!type.is_ref()) return out.u8(static_cast<uint8_t>(type.kind()));
  if (type.is_nullable_ref() && !type.heap().is_concrete()) return out.u8(type.heap().code());
  out.u8(type.is_nullable_ref() ? kRefNullByte : kRefByte);
  encode_heap_type(out, type.heap());
}

void encode_instr(Writer& out, const Instr& instr) {
  const OpInfo& row = info(instr.op);
  if (row.prefix != 0) {
    out.u8(row.prefix);
    out.u32(row.code);
  } else {
    out.u8(static_cast<uint8_t>(row.code));
  }
  switch (row.imm) {
    case Imm::None: return;
    case Imm::BlockType: return encode_block_type(out, instr.block);
    case Imm::Label:
    case Imm::Func:
    case Imm::Type:
    case Imm::Local:
    case Imm::Global:
    case Imm::Table:
    case Imm::Elem:
    case Imm::Data:
    case Imm::Memory:
    case Imm::Tag: return out.u32(instr.index);
    case Imm::LabelVec: return encode_labels(out, instr.labels);
    case Imm::TypeTable:
    case Imm::TableTable:
    case Imm::ElemTable:
    case Imm::MemoryMemory:
    case Imm::DataMemory:
    case Imm::TypeField:
    case Imm::TypeLength:
    case Imm::TypeData:
    case Imm::TypeElem:
    case Imm::TypeType: out.u32(instr.index); return out.u32(instr.index2);
    case Imm::MemArg: return encode_memarg(out, instr.memarg);
    case Imm::MemArgLane: encode_memarg(out, instr.memarg); return out.u8(instr.lane);
    case Imm::Lane: return out.u8(instr.lane);
    case Imm::Lanes16:
    case Imm::V128: return out.bytes(instr.bytes);
    case Imm::I32: return out.s32(static_cast<int32_t>(instr.bits));
    case Imm::I64: return out.s64(static_cast<int64_t>(instr.bits));
    case Imm::F32: return out.fixed(static_cast<uint32_t>(instr.bits));
    case Imm::F64: return out.fixed(instr.bits);
    case Imm::HeapType: return encode_heap_type(out, instr.type.heap());
    case Imm::SelectTypes:
      out.u32(instr.types.size());
      for (ValType type : instr.types) encode_val_type(out, type);
      return;
    case Imm::BrOnCast: return encode_br_on_cast(out, instr);
    case Imm::TryTable: encode_block_type(out, instr.block); return encode_catches(out, instr.catches);
    case Imm::Fence: return out.u8(0);
  }
}

}  // namespace skiff
