// Element and data segments in the binary format (Spec: binary-elemsec, binary-datasec), and the extent of
// the constant expressions in them. The content of expressions is for validation to judge.
#include "engine/binary/decode_parts.h"
#include "engine/syntax/limits.h"

namespace skiff::detail {
namespace {

// Element segment flags: bit 0 passive or declarative, bit 1 explicit table index (active) or declarative
// (not active), bit 2 expressions instead of function indices.
constexpr uint32_t kNotActive = 1, kExplicit = 2, kExprs = 4;
constexpr uint32_t kElemFlagsEnd = 8;

// Data segment flags.
constexpr uint32_t kDataActive = 0, kDataPassive = 1, kDataActiveExplicit = 2;

constexpr ValType kFuncIndexType = ValType::ref(HeapType::Func, false);

// Spec: binary-elemkind.
void read_elem_kind(Reader& reader) {
  const uint64_t at = reader.offset();
  if (reader.u8() != 0) reader.set_error_at(ErrorCode::MalformedElementKind, at);
}

void read_elem_items(Reader& reader, SectionContext& context, ElemSegment& segment) {
  const uint32_t n = reader.count();
  if (segment.uses_exprs) {
    segment.exprs.reserve(n);
    for (uint32_t i = 0; i < n && reader.ok(); ++i) {
      segment.exprs.push_back(read_const_expr(reader, context));
    }
  } else {
    segment.funcs.reserve(n);
    for (uint32_t i = 0; i < n && reader.ok(); ++i) segment.funcs.push_back(reader.u32());
  }
}

// Spec: binary-elem.
void read_elem(Reader& reader, SectionContext& context, ElemSegment& segment) {
  const Features features = context.instr.features;
  segment.offset = reader.offset();
  const uint32_t flags = reader.u32();
  if (flags >= kElemFlagsEnd || (flags != 0 && !features.has(Feature::BulkMemory))) {
    return reader.set_error_at(ErrorCode::MalformedElementKind, segment.offset);
  }
  segment.uses_exprs = (flags & kExprs) != 0;
  if ((flags & kNotActive) == 0) {
    segment.mode = ElemSegment::Mode::Active;
    if (flags & kExplicit) segment.table = reader.u32();
    segment.offset_expr = read_const_expr(reader, context);
  } else {
    segment.mode = flags & kExplicit ? ElemSegment::Mode::Declarative : ElemSegment::Mode::Passive;
  }
  segment.type = segment.uses_exprs ? ValType::FuncRef : kFuncIndexType;
  if ((flags & (kNotActive | kExplicit)) != 0) {
    if (segment.uses_exprs) {
      segment.type = read_ref_type(reader, features);
    } else {
      read_elem_kind(reader);
    }
  }
  read_elem_items(reader, context, segment);
}

// Spec: binary-data.
void read_data(Reader& reader, SectionContext& context, DataSegment& segment) {
  segment.offset = reader.offset();
  const uint32_t flags = reader.u32();
  const bool bulk = context.instr.features.has(Feature::BulkMemory);
  if (flags > kDataActiveExplicit || (flags != kDataActive && !bulk)) {
    return reader.set_error_at(ErrorCode::MalformedDataKind, segment.offset);
  }
  segment.active = flags != kDataPassive;
  if (flags == kDataActiveExplicit) segment.memory = reader.u32();
  if (segment.active) segment.offset_expr = read_const_expr(reader, context);
  segment.bytes = reader.bytes(reader.u32(), ErrorCode::UnexpectedEndOfSection);
}

// The length of a short constant and its `end`, the commonest expression by far; 0 where it is anything else.
size_t constant_length(const Reader& reader) {
  constexpr size_t kMost = 4;  // bytes of LEB128, which then fits whatever it is
  constexpr auto kI32Const = static_cast<uint8_t>(info(Op::I32Const).code);
  constexpr auto kI64Const = static_cast<uint8_t>(info(Op::I64Const).code);
  constexpr auto kEnd = static_cast<uint8_t>(info(Op::End).code);
  const uint8_t* p = reader.pos();
  if (reader.remaining() < kMost + 2 || (p[0] != kI32Const && p[0] != kI64Const)) return 0;
  size_t last = 1;
  while (last < kMost && p[last] >= 0x80) ++last;
  return p[last] < 0x80 && p[last + 1] == kEnd ? last + 2 : 0;
}

}  // namespace

void skip_locals(Reader& reader, Features features) {
  const uint32_t groups = reader.count();
  for (uint32_t i = 0; i < groups && reader.ok(); ++i) {
    reader.u32();
    decode_val_type(reader, features);
  }
}

void skip_expr(Reader& reader, const DecodeContext& context, InstrBuffers& buffers) {
  Instr instr;
  for (uint64_t depth = 1; depth != 0;) {
    if (!decode_instr(reader, context, buffers, instr)) return;
    const Imm imm = info(instr.op).imm;
    if (instr.op == Op::End || instr.op == Op::Delegate) {
      --depth;
    } else if (imm == Imm::BlockType || imm == Imm::TryTable) {
      ++depth;
    }
  }
}

ConstExpr read_const_expr(Reader& reader, SectionContext& context) {
  ConstExpr expr;
  expr.offset = reader.offset();
  const uint8_t* begin = reader.pos();
  if (const size_t length = constant_length(reader)) {
    reader.skip(length);
  } else {
    skip_expr(reader, context.instr, context.buffers);
  }
  if (reader.ok()) expr.bytes = ByteSpan(begin, reader.pos());
  return expr;
}

void read_elem_section(Reader& reader, SectionContext& context, Module& module) {
  read_list(reader, module.elems, 3, limits::kElemSegments, "element segments",
            [&] { read_elem(reader, context, module.elems.emplace_back()); });
}

void read_data_section(Reader& reader, SectionContext& context, Module& module) {
  read_list(reader, module.datas, 2, limits::kDataSegments, "data segments",
            [&] { read_data(reader, context, module.datas.emplace_back()); });
}

}  // namespace skiff::detail
