// encode_component: the definitions of a Component as sections, as long as consecutive definitions allow,
// custom sections between them (Spec: Binary.md). The decoder gives an equal component back.
#include <algorithm>

#include "component/binary/binary.h"
#include "component/binary/decode_parts.h"
#include "component/binary/encode_parts.h"
#include "engine/base/check.h"
#include "engine/binary/encode.h"

namespace skiff::component {
namespace {

using namespace detail;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

void write_sized(Writer& out, const Writer& content) {
  out.u32(content.size());
  out.bytes(content.view());
}
void write_section(Writer& out, uint8_t id, const Writer& content) {
  out.u8(id);
  write_sized(out, content);
}

template <class T, class Write>
void write_vec(Writer& out, const std::vector<T>& items, Write write) {
  out.u32(items.size());
  for (const T& item : items) write(item);
}

// ---- names and sorts

void write_extern_name(Writer& out, const ExternName& name) {
  const uint32_t attributes = (name.implements ? 1 : 0) + (name.version_suffix ? 1 : 0) + (name.external_id ? 1 : 0);
  out.u8(attributes == 0 ? 0x00 : 0x02);
  out.name(name.name);
  if (attributes == 0) return;
  out.u32(attributes);
  auto attribute = [&](uint8_t code, const std::optional<std::string>& value) {
    if (!value) return;
    out.u8(code);
    out.name(*value);
  };
  attribute(0x00, name.implements);
  attribute(0x01, name.version_suffix);
  attribute(0x02, name.external_id);
}

void write_sort(Writer& out, Sort sort) {
  if (is_core(sort)) out.u8(0x00);
  out.u8(code_of(sort));
}
void write_sort_index(Writer& out, const SortIdx& value) {
  write_sort(out, value.sort);
  out.u32(value.index);
}

void write_alias(Writer& out, const AliasDef& alias) {
  write_sort(out, alias.sort);
  out.u8(static_cast<uint8_t>(alias.kind));
  if (alias.kind == AliasDef::Kind::Outer) {
    out.u32(alias.count);
    out.u32(alias.index);
  } else {
    out.u32(alias.index);
    out.name(alias.name);
  }
}

// ---- core types

void write_core_extern_type(Writer& out, const CoreExternType& type) {
  out.u8(static_cast<uint8_t>(type.kind));
  switch (type.kind) {
    case ExternKind::Func: return out.u32(type.func_type);
    case ExternKind::Table: return encode_table_type(out, type.table);
    case ExternKind::Memory: return encode_memory_type(out, type.memory);
    case ExternKind::Global: return encode_global_type(out, type.global);
    case ExternKind::Tag:
      out.u8(0x00);
      return out.u32(type.func_type);
  }
}

void write_core_type(Writer& out, const CoreTypeDef& def);

void write_module_decl(Writer& out, const CoreModuleDecl& decl) {
  std::visit(Overloaded{
                 [&](const CoreImportDecl& import) {
                   out.u8(0x00);
                   out.name(import.module);
                   out.name(import.name);
                   write_core_extern_type(out, import.type);
                 },
                 [&](const CoreTypeDef& type) {
                   out.u8(0x01);
                   write_core_type(out, type);
                 },
                 [&](const AliasDef& alias) {
                   out.u8(0x02);
                   out.u8(code_of(Sort::CoreType));
                   out.u8(0x01);
                   out.u32(alias.count);
                   out.u32(alias.index);
                 },
                 [&](const CoreExportDecl& e) {
                   out.u8(0x03);
                   out.name(e.name);
                   write_core_extern_type(out, e.type);
                 },
             },
             decl.decl);
}

// A non-final subtype by itself follows a zero byte, since 0x50 means a module type here.
void write_core_type(Writer& out, const CoreTypeDef& def) {
  std::visit(Overloaded{
                 [&](const CoreRecType& group) {
                   const bool alone = group.types.size() == 1 && !group.explicit_group;
                   if (alone && !group.types[0].final) out.u8(0x00);
                   encode_rec_type(out, group.types, group.explicit_group);
                 },
                 [&](const std::shared_ptr<const CoreModuleType>& type) {
                   out.u8(0x50);
                   write_vec(out, type->decls, [&](const CoreModuleDecl& d) { write_module_decl(out, d); });
                 },
             },
             def.type);
}

// ---- types

void write_val_type(Writer& out, const ValTypeRef& ref) {
  if (const auto* primitive = std::get_if<Primitive>(&ref.type)) return out.u8(static_cast<uint8_t>(*primitive));
  out.s33(std::get<uint32_t>(ref.type));
}
void write_optional_type(Writer& out, const OptValType& type) {
  out.u8(type ? 0x01 : 0x00);
  if (type) write_val_type(out, *type);
}
void write_result_list(Writer& out, const OptValType& result) {
  if (result) {
    out.u8(0x00);
    write_val_type(out, *result);
  } else {
    out.u8(0x01);
    out.u8(0x00);
  }
}
void write_labelled(Writer& out, const LabelledType& field) {
  out.name(field.label);
  write_val_type(out, field.type);
}
void write_labels(Writer& out, const std::vector<std::string>& labels) {
  write_vec(out, labels, [&](const std::string& label) { out.name(label); });
}

void write_extern_type(Writer& out, const ExternTypeRef& type) {
  write_sort(out, type.sort);
  if (type.sort == Sort::Type) {
    out.u8(type.sub_resource ? 0x01 : 0x00);
    if (!type.sub_resource) out.u32(type.index);
  } else if (type.sort == Sort::Value) {
    out.u8(type.eq_value ? 0x00 : 0x01);
    if (type.eq_value) return out.u32(type.index);
    write_val_type(out, type.value_type);
  } else {
    out.u32(type.index);
  }
}

void write_type(Writer& out, const TypeDef& def);

void write_import(Writer& out, const ImportDef& import) {
  write_extern_name(out, import.name);
  write_extern_type(out, import.type);
}

void write_type_decl(Writer& out, const TypeDecl& decl) {
  std::visit(Overloaded{
                 [&](const CoreTypeDef& type) { out.u8(0x00), write_core_type(out, type); },
                 [&](const TypeDef& type) { out.u8(0x01), write_type(out, type); },
                 [&](const AliasDef& alias) { out.u8(0x02), write_alias(out, alias); },
                 [&](const ImportDef& import) { out.u8(0x03), write_import(out, import); },
                 [&](const ExportDecl& e) {
                   out.u8(0x04);
                   write_extern_name(out, e.name);
                   write_extern_type(out, e.type);
                 },
             },
             decl.decl);
}

// One overload of write_body for each alternative of TypeDef.
void write_body(Writer& out, const PrimitiveDef& t) { out.u8(static_cast<uint8_t>(t.type)); }
void write_body(Writer& out, const RecordDef& t) {
  out.u8(0x72);
  write_vec(out, t.fields, [&](const LabelledType& field) { write_labelled(out, field); });
}
void write_body(Writer& out, const VariantDef& t) {
  out.u8(0x71);
  write_vec(out, t.cases, [&](const Case& c) {
    out.name(c.label);
    write_optional_type(out, c.type);
    out.u8(0x00);
  });
}
void write_body(Writer& out, const ListDef& t) {
  out.u8(t.length ? 0x67 : 0x70);
  write_val_type(out, t.element);
  if (t.length) out.u32(*t.length);
}
void write_body(Writer& out, const MapDef& t) {
  out.u8(0x63);
  write_val_type(out, t.key);
  write_val_type(out, t.value);
}
void write_body(Writer& out, const TupleDef& t) {
  out.u8(0x6F);
  write_vec(out, t.types, [&](const ValTypeRef& type) { write_val_type(out, type); });
}
void write_body(Writer& out, const FlagsDef& t) { out.u8(0x6E), write_labels(out, t.labels); }
void write_body(Writer& out, const EnumDef& t) { out.u8(0x6D), write_labels(out, t.labels); }
void write_body(Writer& out, const OptionDef& t) { out.u8(0x6B), write_val_type(out, t.type); }
void write_body(Writer& out, const ResultDef& t) {
  out.u8(0x6A);
  write_optional_type(out, t.ok);
  write_optional_type(out, t.error);
}
void write_body(Writer& out, const OwnDef& t) { out.u8(0x69), out.u32(t.resource); }
void write_body(Writer& out, const BorrowDef& t) { out.u8(0x68), out.u32(t.resource); }
void write_body(Writer& out, const StreamDef& t) { out.u8(0x66), write_optional_type(out, t.element); }
void write_body(Writer& out, const FutureDef& t) { out.u8(0x65), write_optional_type(out, t.element); }
void write_body(Writer& out, const FuncTypeDef& t) {
  out.u8(t.async_ ? 0x43 : 0x40);
  write_vec(out, t.params, [&](const LabelledType& param) { write_labelled(out, param); });
  write_result_list(out, t.result);
}
void write_body(Writer& out, const ComponentTypeDef& t) {
  out.u8(0x41);
  write_vec(out, t.decls->decls, [&](const TypeDecl& decl) { write_type_decl(out, decl); });
}
void write_body(Writer& out, const InstanceTypeDef& t) {
  out.u8(0x42);
  write_vec(out, t.decls->decls, [&](const TypeDecl& decl) { write_type_decl(out, decl); });
}
void write_body(Writer& out, const ResourceDef& t) {
  out.u8(0x3F);
  encode_val_type(out, t.rep);
  out.u8(t.dtor ? 0x01 : 0x00);
  if (t.dtor) out.u32(*t.dtor);
}

void write_type(Writer& out, const TypeDef& def) {
  std::visit([&](const auto& body) { write_body(out, body); }, def.type);
}

// ---- definitions

void write_core_instance(Writer& out, const CoreInstanceDef& def) {
  if (!def.module) {
    out.u8(0x01);
    return write_vec(out, def.exports, [&](const CoreInlineExport& e) {
      out.name(e.name);
      out.u8(code_of(e.value.sort));
      out.u32(e.value.index);
    });
  }
  out.u8(0x00);
  out.u32(*def.module);
  write_vec(out, def.args, [&](const CoreInstantiateArg& arg) {
    out.name(arg.name);
    out.u8(code_of(Sort::CoreInstance));
    out.u32(arg.value.index);
  });
}

void write_instance(Writer& out, const InstanceDef& def) {
  if (!def.component) {
    out.u8(0x01);
    return write_vec(out, def.exports, [&](const InlineExport& e) {
      write_extern_name(out, e.name);
      write_sort_index(out, e.value);
    });
  }
  out.u8(0x00);
  out.u32(*def.component);
  write_vec(out, def.args, [&](const InstantiateArg& arg) {
    out.name(arg.name);
    write_sort_index(out, arg.value);
  });
}

void write_canon_option(Writer& out, const CanonOpt& option) {
  out.u8(static_cast<uint8_t>(option.kind));
  switch (option.kind) {
    case CanonOpt::Kind::Memory:
    case CanonOpt::Kind::Realloc:
    case CanonOpt::Kind::PostReturn:
    case CanonOpt::Kind::Callback: return out.u32(option.index);
    case CanonOpt::Kind::Utf8:
    case CanonOpt::Kind::Utf16:
    case CanonOpt::Kind::Latin1Utf16:
    case CanonOpt::Kind::Async: return;
  }
}

// `letter`: of a row of canon.def.
void write_immediate(Writer& out, char letter, const CanonDef& def) {
  switch (letter) {
    case 'F': out.u8(0x00); return out.u32(def.core_func);
    case 'f': out.u8(0x00); return out.u32(def.func);
    case 't': return out.u32(def.type);
    case 'T': return out.u32(def.core_type);
    case 'b': return out.u32(def.core_table);
    case 'm': return out.u32(def.memory);
    case 'i': return out.u32(def.number);
    case 'v': return encode_val_type(out, def.value_type);
    case 'a': return out.u8(def.async_);
    case 'c': return out.u8(def.cancellable);
    case 's': return out.u8(def.shared);
    case 'r': return write_result_list(out, def.result);
    case 'o': return write_vec(out, def.options, [&](const CanonOpt& o) { write_canon_option(out, o); });
  }
}

const char* immediates_of(CanonKind kind) {
  switch (kind) {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) \
  case CanonKind::ID: return IMMEDIATES;
#include "component/types/canon.def"
  }
  return "";
}

void write_canon(Writer& out, const CanonDef& def) {
  out.u8(static_cast<uint8_t>(def.kind));
  for (const char* letter = immediates_of(def.kind); *letter != '\0'; ++letter) write_immediate(out, *letter, def);
}

void write_start(Writer& out, const StartDef& def) {
  out.u32(def.func);
  write_vec(out, def.args, [&](uint32_t arg) { out.u32(arg); });
  out.u32(def.results);
}

void write_export(Writer& out, const ExportDef& def) {
  write_extern_name(out, def.name);
  write_sort_index(out, def.value);
  out.u8(def.type ? 0x01 : 0x00);
  if (def.type) write_extern_type(out, *def.type);
}

void write_value(Writer& out, const ValueDef& def) {
  write_val_type(out, def.type);
  out.u32(def.bytes.size());
  out.bytes(def.bytes);
}

// ---- sections

SectionId section_of(const Definition& definition) {
  return std::visit(Overloaded{
                        [](const CoreModuleDef&) { return kCoreModuleId; },
                        [](const CoreInstanceDef&) { return kCoreInstanceId; },
                        [](const CoreTypeDef&) { return kCoreTypeId; },
                        [](const ComponentDef&) { return kComponentId; },
                        [](const InstanceDef&) { return kInstanceId; },
                        [](const AliasDef&) { return kAliasId; },
                        [](const TypeDef&) { return kTypeId; },
                        [](const CanonDef&) { return kCanonId; },
                        [](const StartDef&) { return kStartId; },
                        [](const ImportDef&) { return kImportId; },
                        [](const ExportDef&) { return kExportId; },
                        [](const ValueDef&) { return kValueId; },
                    },
                    definition.def);
}

// Sections that hold one definition, without a count.
bool holds_one(SectionId id) { return id == kCoreModuleId || id == kComponentId || id == kStartId; }

void write_component(Writer& out, const Component& component);

void write_definition(Writer& out, const Definition& definition) {
  std::visit(Overloaded{
                 [&](const CoreModuleDef& def) { out.bytes(def.binary.bytes); },
                 [&](const CoreInstanceDef& def) { write_core_instance(out, def); },
                 [&](const CoreTypeDef& def) { write_core_type(out, def); },
                 [&](const ComponentDef& def) { write_component(out, *def.component); },
                 [&](const InstanceDef& def) { write_instance(out, def); },
                 [&](const AliasDef& def) { write_alias(out, def); },
                 [&](const TypeDef& def) { write_type(out, def); },
                 [&](const CanonDef& def) { write_canon(out, def); },
                 [&](const StartDef& def) { write_start(out, def); },
                 [&](const ImportDef& def) { write_import(out, def); },
                 [&](const ExportDef& def) { write_export(out, def); },
                 [&](const ValueDef& def) { write_value(out, def); },
             },
             definition.def);
}

void write_custom(Writer& out, std::string_view name, ByteSpan bytes) {
  Writer content;
  content.name(name);
  content.bytes(bytes);
  write_section(out, kCustomId, content);
}

void write_component(Writer& out, const Component& component) {
  out.bytes(kMagic);
  out.bytes(kVersionAndLayer);
  const std::vector<Definition>& definitions = component.definitions;
  size_t next_custom = 0;
  auto customs_before = [&](size_t i) {
    const auto& customs = component.customs;
    for (; next_custom < customs.size() && customs[next_custom].after <= i; ++next_custom)
      write_custom(out, customs[next_custom].name, customs[next_custom].bytes.bytes);
  };
  for (size_t i = 0; i < definitions.size();) {
    customs_before(i);
    const SectionId id = section_of(definitions[i]);
    const size_t limit = next_custom < component.customs.size() ? component.customs[next_custom].after
                                                                : definitions.size();
    size_t end = i + 1;
    while (!holds_one(id) && end < std::min(limit, definitions.size()) && section_of(definitions[end]) == id) ++end;
    Writer content;
    if (!holds_one(id)) content.u32(end - i);
    for (; i < end; ++i) write_definition(content, definitions[i]);
    write_section(out, id, content);
  }
  customs_before(~size_t{0});
  const bool has_names = std::ranges::any_of(
      component.customs, [](const ComponentCustom& custom) { return custom.name == kNameSection; });
  if (has_names) return;
  const std::vector<uint8_t> names = encode_names(component.names);
  if (!names.empty()) write_custom(out, kNameSection, names);
}

}  // namespace

namespace detail {

std::vector<uint8_t> encode_names(const ComponentNames& names) {
  Writer content;
  if (!names.component.empty()) {
    Writer name;
    name.name(names.component);
    content.u8(0);
    write_sized(content, name);
  }
  for (size_t i = 0; i < kSortCount; ++i) {
    if (names.of_sort[i].empty()) continue;
    Writer map;
    write_sort(map, static_cast<Sort>(i));
    write_vec(map, names.of_sort[i], [&](const auto& entry) {
      map.u32(entry.first);
      map.name(entry.second);
    });
    content.u8(1);
    write_sized(content, map);
  }
  return content.take();
}

}  // namespace detail

std::vector<uint8_t> encode_component(const Component& component) {
  Writer out;
  write_component(out, component);
  return out.take();
}

}  // namespace skiff::component
