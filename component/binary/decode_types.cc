// Types, aliases and extern names in the binary format (Spec: Binary.md, Alias Definitions, Type
// Definitions, Import and Export Definitions).
#include "component/binary/decode_parts.h"
#include "engine/binary/decode_parts.h"

namespace skiff::component::detail {
namespace {

constexpr uint8_t kCoreSub = 0x50, kCoreModuleType = 0x50;

std::string hex(uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "0x";
  if (byte >= 16) out += kDigits[byte >> 4];
  return out + kDigits[byte & 15];
}

// Opens a scope for as long as it lives.
class Nested {
 public:
  Nested(Reader& reader, Context& context) : context_(context) {
    if (++context_.depth > limits::kNesting) reader.set_error(ErrorCode::TooDeeplyNested);
  }
  ~Nested() { --context_.depth; }
  Nested(const Nested&) = delete;

 private:
  Context& context_;
};

std::optional<Primitive> primitive_of(uint8_t code) {
  switch (code) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case CODE: return Primitive::ID;
#include "component/types/primitives.def"
  }
  return std::nullopt;
}

Primitive check_primitive(Reader& reader, const Context& context, uint64_t at, Primitive type) {
  if (type == Primitive::ErrorContext) need(reader, context, Feature::CmErrorContext, at);
  return type;
}

OptValType read_optional_type(Reader& reader, const Context& context) {
  return read_optional(reader, "optional component value type",
                       [&] { return read_val_type(reader, context); });
}

LabelledType read_labelled(Reader& reader, const Context& context) {
  LabelledType field;
  field.label = read_string(reader);
  field.type = read_val_type(reader, context);
  return field;
}

std::vector<std::string> read_labels(Reader& reader, const char* what) {
  std::vector<std::string> labels;
  read_vec(reader, limits::kFields, what, [&] { labels.push_back(read_string(reader)); });
  return labels;
}

// Spec: case.
Case read_case(Reader& reader, const Context& context) {
  Case c;
  c.label = read_string(reader);
  c.type = read_optional_type(reader, context);
  const uint64_t at = reader.offset();
  const uint8_t zero = reader.u8();
  if (zero != 0) wrong_byte(reader, at, zero, "zero byte required");
  return c;
}

// Spec: functype, after its first byte.
FuncTypeDef read_func_type(Reader& reader, const Context& context, bool async_) {
  FuncTypeDef type;
  type.async_ = async_;
  read_vec(reader, limits::kParams, "parameters",
           [&] { type.params.push_back(read_labelled(reader, context)); });
  type.result = read_result_list(reader, context);
  return type;
}

// Spec: resourcetype, after its first byte.
ResourceDef read_resource(Reader& reader, const Context& context) {
  ResourceDef type;
  type.rep = decode_val_type(reader, context.features);
  type.dtor = read_optional(reader, "resource destructor", [&] { return reader.u32(); });
  return type;
}

// Spec: componentdecl, instancedecl.
TypeDecl read_type_decl(Reader& reader, Context& context, bool of_component) {
  TypeDecl decl;
  const uint64_t at = decl.offset = reader.offset();
  const uint8_t code = reader.u8();
  switch (code) {
    case 0x00: decl.decl = read_core_type(reader, context); return decl;
    case 0x01: decl.decl = read_type(reader, context); return decl;
    case 0x02: decl.decl = read_alias(reader, context); return decl;
    case 0x03:
      if (of_component) {
        ImportDef import;
        import.name = read_extern_name(reader, context);
        import.type = read_extern_type(reader, context);
        decl.decl = std::move(import);
        return decl;
      }
      break;
    case 0x04: {
      ExportDecl e;
      e.name = read_extern_name(reader, context);
      e.type = read_extern_type(reader, context);
      decl.decl = std::move(e);
      return decl;
    }
  }
  wrong_byte(reader, at, code, "component or instance type declaration");
  return decl;
}

std::shared_ptr<const TypeDecls> read_decls(Reader& reader, Context& context, bool of_component) {
  auto decls = std::make_shared<TypeDecls>();
  const Nested nested(reader, context);
  read_vec(reader, limits::kDeclarators, "declarators",
           [&] { decls->decls.push_back(read_type_decl(reader, context, of_component)); });
  return decls;
}

// Spec: core:externtype.
CoreExternType read_core_extern_type(Reader& reader, const Context& context) {
  CoreExternType type;
  const uint64_t at = reader.offset();
  const uint8_t kind = reader.u8();
  if (kind > static_cast<uint8_t>(ExternKind::Tag)) {
    wrong_byte(reader, at, kind, "external kind");
    return type;
  }
  type.kind = static_cast<ExternKind>(kind);
  switch (type.kind) {
    case ExternKind::Func: type.func_type = reader.u32(); break;
    case ExternKind::Table: type.table = skiff::detail::read_table_type(reader, context.features); break;
    case ExternKind::Memory: type.memory = skiff::detail::read_memory_type(reader, context.features); break;
    case ExternKind::Global: type.global = skiff::detail::read_global_type(reader, context.features); break;
    case ExternKind::Tag:
      need(reader, context, Feature::Exceptions, at);
      type.func_type = skiff::detail::read_tag_type(reader).type;
      break;
  }
  return type;
}

// Spec: core:alias, the only alias in module types.
AliasDef read_core_alias(Reader& reader) {
  AliasDef alias;
  alias.kind = AliasDef::Kind::Outer;
  alias.sort = Sort::CoreType;
  uint64_t at = reader.offset();
  const uint8_t sort = reader.u8();
  if (sort != code_of(Sort::CoreType)) wrong_byte(reader, at, sort, "outer alias kind");
  at = reader.offset();
  const uint8_t target = reader.u8();
  if (target != 0x01) wrong_byte(reader, at, target, "outer alias target");
  alias.count = reader.u32();
  alias.index = reader.u32();
  return alias;
}

// Spec: core:moduledecl.
CoreModuleDecl read_module_decl(Reader& reader, Context& context) {
  CoreModuleDecl decl;
  const uint64_t at = decl.offset = reader.offset();
  const uint8_t code = reader.u8();
  switch (code) {
    case 0x00: {
      CoreImportDecl import;
      import.module = read_string(reader);
      import.name = read_string(reader);
      import.type = read_core_extern_type(reader, context);
      decl.decl = std::move(import);
      return decl;
    }
    case 0x01: decl.decl = read_core_type(reader, context); return decl;
    case 0x02: decl.decl = read_core_alias(reader); return decl;
    case 0x03: {
      CoreExportDecl e;
      e.name = read_string(reader);
      e.type = read_core_extern_type(reader, context);
      decl.decl = std::move(e);
      return decl;
    }
  }
  wrong_byte(reader, at, code, "type definition");
  return decl;
}

Feature feature_of(Sort sort) {
  if (sort == Sort::CoreTag) return Feature::Exceptions;
  return sort == Sort::Value ? Feature::CmValues : Feature::ComponentModel;
}

bool is_outer_alias_sort(Sort sort) {
  return sort == Sort::CoreModule || sort == Sort::CoreType || sort == Sort::Component ||
         sort == Sort::Type;
}

}  // namespace

void wrong_byte(Reader& reader, uint64_t at, uint8_t byte, const char* what) {
  reader.set_error_at(ErrorCode::InvalidLeadingByte, at, " (" + hex(byte) + ") for " + what);
}

void need(Reader& reader, const Context& context, Feature feature, uint64_t at) {
  if (context.features.has(feature)) return;
  reader.set_error_at(ErrorCode::FeatureDisabled, at, skiff::detail::disabled(feature));
}

std::string read_string(Reader& reader) {
  const uint64_t at = reader.offset();
  const std::string_view name = reader.name();
  if (name.size() > limits::kStringSize) {
    reader.set_error_at(ErrorCode::ImplementationLimit, at, "name is too long");
    return {};
  }
  return std::string(name);
}

ExternName read_extern_name(Reader& reader, const Context& context) {
  ExternName name;
  const uint64_t at = reader.offset();
  const uint8_t form = reader.u8();
  if (form > 2) wrong_byte(reader, at, form, "component name");
  name.name = read_string(reader);
  if (form != 2) return name;
  const struct {
    std::optional<std::string>* place;
    Feature feature;
    const char* text;
  } kAttributes[] = {
      {&name.implements, Feature::CmImplements, "implements"},
      {&name.version_suffix, Feature::CmCanonicalNames, "versionsuffix"},
      {&name.external_id, Feature::CmImplements, "external-id"},
  };
  read_vec(reader, limits::kFields, "attributes", [&] {
    const uint64_t start = reader.offset();
    const uint8_t code = reader.u8();
    if (code >= std::size(kAttributes)) return wrong_byte(reader, start, code, "name option");
    const auto& attribute = kAttributes[code];
    need(reader, context, attribute.feature, start);
    if (*attribute.place) {
      reader.set_error_at(ErrorCode::DuplicateNameOption, start,
                          std::string(" '") + attribute.text + "' option in name");
    }
    *attribute.place = read_string(reader);
  });
  return name;
}

Sort read_sort(Reader& reader, const Context& context, const char* what) {
  const uint64_t at = reader.offset();
  uint8_t code = reader.u8();
  const bool core = code == 0x00;
  if (core) code = reader.u8();
  const std::optional<Sort> sort = sort_from_code(core, code);
  if (!sort) {
    wrong_byte(reader, at, code, what);
    return Sort::Func;
  }
  need(reader, context, feature_of(*sort), at);
  return *sort;
}

// Spec: alias.
AliasDef read_alias(Reader& reader, const Context& context) {
  constexpr const char* kWhat = "component outer alias kind";
  AliasDef alias;
  const uint64_t sort_at = reader.offset();
  alias.sort = read_sort(reader, context, kWhat);
  const uint64_t at = reader.offset();
  const uint8_t target = reader.u8();
  if (target > 2) {
    wrong_byte(reader, at, target, "alias");
    return alias;
  }
  alias.kind = static_cast<AliasDef::Kind>(target);
  if (alias.kind == AliasDef::Kind::Outer) {
    if (!is_outer_alias_sort(alias.sort)) wrong_byte(reader, sort_at, code_of(alias.sort), kWhat);
    alias.count = reader.u32();
    alias.index = reader.u32();
  } else {
    alias.index = reader.u32();
    alias.name = read_string(reader);
  }
  return alias;
}

// Spec: core:type. A non-final subtype by itself follows a zero byte, since 0x50 means a module type here.
CoreTypeDef read_core_type(Reader& reader, Context& context) {
  const uint64_t at = reader.offset();
  if (reader.peek() == kCoreModuleType) {
    reader.u8();
    auto type = std::make_shared<CoreModuleType>();
    const Nested nested(reader, context);
    read_vec(reader, limits::kDeclarators, "declarators",
             [&] { type->decls.push_back(read_module_decl(reader, context)); });
    return {std::move(type)};
  }
  CoreRecType group;
  if (reader.peek() == 0x00 && !reader.at_end()) {
    reader.u8();
    if (reader.peek() != kCoreSub) wrong_byte(reader, at + 1, reader.peek(), "non-final sub type");
    group.types.push_back(skiff::detail::read_sub_type(reader, context.features));
  } else {
    group.explicit_group = skiff::detail::read_rec_type(reader, context.features, group.types);
  }
  return {std::move(group)};
}

// Spec: valtype. Types are negative one-byte LEB128, indices are not negative.
ValTypeRef read_val_type(Reader& reader, const Context& context) {
  const uint64_t at = reader.offset();
  const uint8_t code = reader.peek();
  if ((code & 0xC0) == 0x40) {
    reader.u8();
    const std::optional<Primitive> type = primitive_of(code);
    if (type) return {check_primitive(reader, context, at, *type)};
    wrong_byte(reader, at, code, "component value type");
    return {};
  }
  const int64_t index = reader.s33();
  if (index < 0) reader.set_error_at(ErrorCode::IntegerTooLarge, at);
  return {static_cast<uint32_t>(index)};
}

// Spec: resultlist.
OptValType read_result_list(Reader& reader, const Context& context) {
  uint64_t at = reader.offset();
  const uint8_t form = reader.u8();
  if (form == 0x00) {
    if (!reader.ok()) return std::nullopt;
    return read_val_type(reader, context);
  }
  if (form != 0x01) wrong_byte(reader, at, form, "component function results");
  at = reader.offset();
  const uint8_t zero = reader.u8();
  if (zero != 0x00) wrong_byte(reader, at, zero, "number of results");
  return std::nullopt;
}

// Spec: externtype.
ExternTypeRef read_extern_type(Reader& reader, const Context& context) {
  ExternTypeRef type;
  uint64_t at = reader.offset();
  uint8_t code = reader.u8();
  if (!reader.ok()) return type;
  const bool core = code == 0x00;
  if (core) code = reader.u8();
  const std::optional<Sort> sort = sort_from_code(core, code);
  if (!sort || (core && *sort != Sort::CoreModule)) {
    wrong_byte(reader, at, code, "component external kind");
    return type;
  }
  type.sort = *sort;
  need(reader, context, feature_of(*sort), at);
  if (*sort != Sort::Type && *sort != Sort::Value) {
    type.index = reader.u32();
    return type;
  }
  at = reader.offset();
  const uint8_t bound = reader.u8();
  if (bound > 1) wrong_byte(reader, at, bound, *sort == Sort::Type ? "type bound" : "value bound");
  if (*sort == Sort::Type) {
    type.sub_resource = bound == 1;
    if (bound == 0) type.index = reader.u32();
  } else {
    type.eq_value = bound == 0;
    if (bound == 0) {
      type.index = reader.u32();
    } else {
      type.value_type = read_val_type(reader, context);
    }
  }
  return type;
}

namespace {

// The value types whose first byte is `code`; false for any other byte.
bool read_compound(Reader& reader, const Context& context, uint64_t at, uint8_t code, TypeDef& out) {
  auto val_type = [&] { return read_val_type(reader, context); };
  switch (code) {
    case 0x72: {
      RecordDef type;
      read_vec(reader, limits::kFields, "fields", [&] { type.fields.push_back(read_labelled(reader, context)); });
      out.type = std::move(type);
      return true;
    }
    case 0x71: {
      VariantDef type;
      read_vec(reader, limits::kFields, "cases", [&] { type.cases.push_back(read_case(reader, context)); });
      out.type = std::move(type);
      return true;
    }
    case 0x70: out.type = ListDef{val_type(), std::nullopt}; return true;
    case 0x67: {
      need(reader, context, Feature::CmFixedLists, at);
      ListDef type{val_type(), std::nullopt};
      type.length = reader.u32();
      out.type = type;
      return true;
    }
    case 0x6F: {
      TupleDef type;
      read_vec(reader, limits::kFields, "tuple members", [&] { type.types.push_back(val_type()); });
      out.type = std::move(type);
      return true;
    }
    case 0x6E: out.type = FlagsDef{read_labels(reader, "flags")}; return true;
    case 0x6D: out.type = EnumDef{read_labels(reader, "enum cases")}; return true;
    case 0x6B: out.type = OptionDef{val_type()}; return true;
    case 0x6A: {
      ResultDef type;
      type.ok = read_optional_type(reader, context);
      type.error = read_optional_type(reader, context);
      out.type = type;
      return true;
    }
    case 0x69: out.type = OwnDef{reader.u32()}; return true;
    case 0x68: out.type = BorrowDef{reader.u32()}; return true;
    case 0x66:
      need(reader, context, Feature::CmAsync, at);
      out.type = StreamDef{read_optional_type(reader, context)};
      return true;
    case 0x65:
      need(reader, context, Feature::CmAsync, at);
      out.type = FutureDef{read_optional_type(reader, context)};
      return true;
    case 0x63: {
      need(reader, context, Feature::CmMap, at);
      MapDef type;
      type.key = val_type();
      type.value = val_type();
      out.type = type;
      return true;
    }
  }
  return false;
}

}  // namespace

// Spec: deftype.
TypeDef read_type(Reader& reader, Context& context) {
  TypeDef type;
  const uint64_t at = reader.offset();
  const uint8_t code = reader.u8();
  if (!reader.ok()) return type;
  if (const auto primitive = primitive_of(code)) {
    type.type = PrimitiveDef{check_primitive(reader, context, at, *primitive)};
    return type;
  }
  if (read_compound(reader, context, at, code, type)) return type;
  switch (code) {
    case 0x43: need(reader, context, Feature::CmAsync, at); [[fallthrough]];
    case 0x40: type.type = read_func_type(reader, context, code == 0x43); return type;
    case 0x41: type.type = ComponentTypeDef{read_decls(reader, context, true)}; return type;
    case 0x42: type.type = InstanceTypeDef{read_decls(reader, context, false)}; return type;
    case 0x3F: type.type = read_resource(reader, context); return type;
  }
  wrong_byte(reader, at, code, "component defined type");
  return type;
}

}  // namespace skiff::component::detail
