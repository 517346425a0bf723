// encode_module: the sections of a Module in the binary format's order, custom sections between them
// (Spec: binary-module). A section without content is left out; the decoder gives an equal module back.
#include "engine/base/check.h"
#include "engine/binary/decode_parts.h"
#include "engine/binary/encode.h"

namespace skiff {
namespace {

using namespace detail;

constexpr uint8_t kHeader[] = {0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};
constexpr uint8_t kEnd = 0x0B;

void write_bytes(Writer& out, const CodeBytes& code) { out.bytes(code.bytes); }

// Length, then content.
void write_sized(Writer& out, const Writer& content) {
  out.u32(content.size());
  out.bytes(content.view());
}

void write_section(Writer& out, uint8_t id, const Writer& content) {
  if (content.size() == 0) return;
  out.u8(id);
  write_sized(out, content);
}

void write_custom(Writer& out, std::string_view name, ByteSpan bytes) {
  Writer content;
  content.name(name);
  content.bytes(bytes);
  write_section(out, 0, content);
}

// Spec: binary-fieldtype.
void write_field(Writer& out, const FieldType& field) {
  encode_val_type(out, field.storage);
  out.u8(field.mut);
}

void write_result_type(Writer& out, const std::vector<ValType>& types) {
  out.u32(types.size());
  for (ValType type : types) encode_val_type(out, type);
}

// Spec: binary-limits. `extra`: flag bits besides those of the limits themselves.
void write_limits(Writer& out, const Limits& limits, AddressType address, unsigned extra) {
  const unsigned flags = (limits.max ? 1 : 0) | (address == AddressType::I64 ? 4 : 0) | extra;
  out.u8(static_cast<uint8_t>(flags));
  out.u64(limits.min);
  if (limits.max) out.u64(*limits.max);
}

}  // namespace

// Spec: binary-subtype; a final type without supertype in its short form.
void encode_sub_type(Writer& out, const SubType& type) {
  if (!type.final || type.super) {
    out.u8(type.final ? 0x4F : 0x50);
    out.u32(type.super ? 1 : 0);
    if (type.super) out.u32(*type.super);
  }
  switch (type.comp.kind) {
    case CompositeType::Kind::Func:
      out.u8(0x60);
      write_result_type(out, type.comp.func.params);
      write_result_type(out, type.comp.func.results);
      return;
    case CompositeType::Kind::Struct:
      out.u8(0x5F);
      out.u32(type.comp.fields.size());
      for (const FieldType& field : type.comp.fields) write_field(out, field);
      return;
    case CompositeType::Kind::Array:
      SKIFF_CHECK(type.comp.fields.size() == 1);
      out.u8(0x5E);
      write_field(out, type.comp.fields[0]);
      return;
  }
}

void encode_rec_type(Writer& out, std::span<const SubType> types, bool explicit_group) {
  if (types.size() != 1 || explicit_group) {
    out.u8(0x4E);
    out.u32(types.size());
  }
  for (const SubType& type : types) encode_sub_type(out, type);
}

void encode_table_type(Writer& out, const TableType& type) {
  encode_val_type(out, type.elem);
  write_limits(out, type.limits, type.address, 0);
}

void encode_memory_type(Writer& out, const MemoryType& type) {
  constexpr uint8_t kDefaultPageSize = 16;
  const bool custom = type.page_size_log2 != kDefaultPageSize;
  write_limits(out, type.limits, type.address, (type.shared ? 2 : 0) | (custom ? 8 : 0));
  if (custom) out.u32(type.page_size_log2);
}

void encode_global_type(Writer& out, const GlobalType& type) {
  encode_val_type(out, type.type);
  out.u8(type.mut);
}

namespace {

void write_types(Writer& out, const Module& module) {
  if (module.rec_groups.empty()) return;
  out.u32(module.rec_groups.size());
  for (const RecGroup& group : module.rec_groups) {
    encode_rec_type(out, std::span(module.types).subspan(group.first, group.count), false);
  }
}

void write_tag_type(Writer& out, const TagType& type) {
  out.u8(0);
  out.u32(type.type);
}

void write_imports(Writer& out, const Module& module) {
  if (module.imports.empty()) return;
  out.u32(module.imports.size());
  for (const Import& import : module.imports) {
    out.name(import.module);
    out.name(import.name);
    out.u8(static_cast<uint8_t>(import.kind));
    switch (import.kind) {
      case ExternKind::Func: out.u32(module.functions[import.index].type); break;
      case ExternKind::Table: encode_table_type(out, module.tables[import.index].type); break;
      case ExternKind::Memory: encode_memory_type(out, module.memories[import.index].type); break;
      case ExternKind::Global: encode_global_type(out, module.globals[import.index].type); break;
      case ExternKind::Tag: write_tag_type(out, module.tags[import.index].type); break;
    }
  }
}

// The defined part of an index space, as a list; nothing when it is empty.
template <class T, class Write>
void write_defined(Writer& out, const std::vector<T>& space, uint32_t imported, Write write) {
  const std::span<const T> defined = std::span(space).subspan(imported);
  if (defined.empty()) return;
  out.u32(defined.size());
  for (const T& item : defined) write(item);
}

// Spec: binary-table.
void write_table(Writer& out, const Table& table) {
  if (table.init) {
    out.u8(0x40);
    out.u8(0x00);
  }
  encode_table_type(out, table.type);
  if (table.init) write_bytes(out, *table.init);
}

void write_export(Writer& out, const Export& e) {
  out.name(e.name);
  out.u8(static_cast<uint8_t>(e.kind));
  out.u32(e.index);
}

// Function indices of a segment as expressions: for element types that the index form cannot express.
void write_funcs_as_exprs(Writer& out, const std::vector<uint32_t>& funcs) {
  for (uint32_t func : funcs) {
    Instr instr;
    instr.op = Op::RefFunc;
    instr.index = func;
    encode_instr(out, instr);
    out.u8(kEnd);
  }
}

// Spec: binary-elem, with the shortest of its eight forms.
void write_elem(Writer& out, const ElemSegment& segment) {
  const bool as_exprs = segment.uses_exprs || segment.type != ValType::ref(HeapType::Func, false);
  const bool active = segment.mode == ElemSegment::Mode::Active;
  const bool short_form = active && segment.table == 0 && (!as_exprs || segment.type == ValType::FuncRef);
  const unsigned mode = active ? (short_form ? 0 : 2)
                               : (segment.mode == ElemSegment::Mode::Declarative ? 3 : 1);
  out.u32(mode | (as_exprs ? 4 : 0));
  if (active && !short_form) out.u32(segment.table);
  if (active) write_bytes(out, segment.offset_expr);
  if (!short_form) {
    if (as_exprs) {
      encode_val_type(out, segment.type);
    } else {
      out.u8(0);
    }
  }
  out.u32(segment.size());
  if (segment.uses_exprs) {
    for (const ConstExpr& expr : segment.exprs) write_bytes(out, expr);
  } else if (as_exprs) {
    write_funcs_as_exprs(out, segment.funcs);
  } else {
    for (uint32_t func : segment.funcs) out.u32(func);
  }
}

// Spec: binary-data.
void write_data(Writer& out, const DataSegment& segment) {
  out.u32(segment.active ? (segment.memory == 0 ? 0 : 2) : 1);
  if (segment.active && segment.memory != 0) out.u32(segment.memory);
  if (segment.active) write_bytes(out, segment.offset_expr);
  out.u32(segment.bytes.size());
  out.bytes(segment.bytes);
}

// The content of the non-custom section `id`; nothing when the module has none.
void write_content(Writer& out, const Module& m, uint8_t id) {
  switch (id) {
    case 1: return write_types(out, m);
    case 2: return write_imports(out, m);
    case 3:
      return write_defined(out, m.functions, m.imported_funcs, [&](const Function& f) { out.u32(f.type); });
    case 4:
      return write_defined(out, m.tables, m.imported_tables, [&](const Table& t) { write_table(out, t); });
    case 5:
      return write_defined(out, m.memories, m.imported_memories,
                           [&](const Memory& memory) { encode_memory_type(out, memory.type); });
    case 6:
      return write_defined(out, m.globals, m.imported_globals, [&](const Global& g) {
        encode_global_type(out, g.type);
        write_bytes(out, g.init);
      });
    case 7: return write_defined(out, m.exports, 0, [&](const Export& e) { write_export(out, e); });
    case 8:
      if (m.start) out.u32(*m.start);
      return;
    case 9: return write_defined(out, m.elems, 0, [&](const ElemSegment& s) { write_elem(out, s); });
    case 10:
      return write_defined(out, m.functions, m.imported_funcs, [&](const Function& f) {
        out.u32(f.body.bytes.size());
        write_bytes(out, f.body);
      });
    case 11: return write_defined(out, m.datas, 0, [&](const DataSegment& s) { write_data(out, s); });
    case 12:
      if (m.data_count) out.u32(*m.data_count);
      return;
    case 13:
      return write_defined(out, m.tags, m.imported_tags, [&](const Tag& t) { write_tag_type(out, t.type); });
  }
}

void write_name_map(Writer& out, const NameMap& map) {
  out.u32(map.entries.size());
  for (const auto& [index, name] : map.entries) {
    out.u32(index);
    out.name(name);
  }
}

void write_names(Writer& out, uint8_t id, const NameMap& map) {
  if (map.entries.empty()) return;
  Writer content;
  write_name_map(content, map);
  write_section(out, id, content);
}

void write_names(Writer& out, uint8_t id, const IndirectNameMap& map) {
  if (map.entries.empty()) return;
  Writer content;
  content.u32(map.entries.size());
  for (const auto& [index, inner] : map.entries) {
    content.u32(index);
    write_name_map(content, inner);
  }
  write_section(out, id, content);
}

// Spec: binary-namesec.
void write_name_section(Writer& out, const Names& names) {
  Writer content;
  if (names.module) {
    Writer name;
    name.name(*names.module);
    write_section(content, 0, name);
  }
  write_names(content, 1, names.funcs);
  write_names(content, 2, names.locals);
  write_names(content, 3, names.labels);
  write_names(content, 4, names.types);
  write_names(content, 5, names.tables);
  write_names(content, 6, names.memories);
  write_names(content, 7, names.globals);
  write_names(content, 8, names.elems);
  write_names(content, 9, names.datas);
  write_names(content, 10, names.fields);
  write_names(content, 11, names.tags);
  if (content.size() != 0) write_custom(out, kNameSection, content.view());
}

// The hints of one function, which begin at `first`; returns where the next function's begin.
size_t write_function_hints(Writer& out, std::span<const BranchHint> hints, size_t first) {
  size_t end = first;
  while (end < hints.size() && hints[end].func == hints[first].func) ++end;
  out.u32(hints[first].func);
  out.u32(end - first);
  for (const BranchHint& hint : hints.subspan(first, end - first)) {
    out.u32(hint.offset);
    out.u32(1);
    out.u8(hint.likely);
  }
  return end;
}

// Branch hinting, "metadata.code.branch_hint". Requires: sorted by function and offset.
void write_branch_hints(Writer& out, std::span<const BranchHint> hints) {
  if (hints.empty()) return;
  Writer functions;
  uint32_t n = 0;
  for (size_t i = 0; i < hints.size(); ++n) i = write_function_hints(functions, hints, i);
  Writer content;
  content.u32(n);
  content.bytes(functions.view());
  write_custom(out, kBranchHintSection, content.view());
}

bool has_custom(const Module& module, std::string_view name) {
  return std::any_of(module.customs.begin(), module.customs.end(),
                     [&](const CustomSection& section) { return section.name == name; });
}

// The custom sections whose place is after section `id`.
void write_customs(Writer& out, const Module& module, uint8_t id) {
  for (const CustomSection& section : module.customs) {
    if (section.after == id) write_custom(out, section.name, section.bytes);
  }
}

}  // namespace

std::vector<uint8_t> encode_module(const Module& module) {
  Writer out;
  out.bytes(kHeader);
  write_customs(out, module, 0);
  for (uint8_t id : kSectionOrder) {
    if (id == kCodeSectionId && !has_custom(module, kBranchHintSection)) {
      write_branch_hints(out, module.branch_hints);
    }
    Writer content;
    write_content(content, module, id);
    write_section(out, id, content);
    write_customs(out, module, id);
  }
  if (!has_custom(module, kNameSection)) write_name_section(out, module.names);
  return out.take();
}

}  // namespace skiff
