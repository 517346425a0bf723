// decode_component: the preamble, the sections with their sizes and the definitions in them (Spec:
// Binary.md, Component Definitions). Each section is read through a Reader of its own; nested components
// are read in place, so that every byte is read once. Types, aliases and names have files of their own.
#include "component/binary/binary.h"

#include <algorithm>
#include <cstring>

#include "component/binary/decode_parts.h"
#include "engine/binary/decode.h"
#include "engine/binary/decode_parts.h"
#include "engine/syntax/limits.h"

namespace skiff::component {
namespace {

using namespace detail;

class Decoder {
 public:
  Decoder(const SharedBytes& whole, Features features) : whole_(whole), context_{features} {}

  /// The component that is all of `bytes`; errors stay in `reader`, which reads them.
  std::shared_ptr<const Component> read_component(Reader& reader, uint64_t size);

 private:
  void read_preamble(Reader& reader);
  void read_section(Reader& reader, Component& out);
  void read_content(uint8_t id, Reader& reader, Component& out);
  void read_custom(Reader& reader, Component& out);
  void count_section(uint8_t id, Reader& reader, uint64_t at);
  template <class Read>
  void read_definitions(Reader& reader, Component& out, const char* what, Read read);
  SharedBytes rest_of(Reader& reader) const;

  CoreInstanceDef read_core_instance(Reader& reader);
  InstanceDef read_instance(Reader& reader);
  SortIdx read_sort_index(Reader& reader);
  SortIdx read_core_sort_index(Reader& reader);
  CanonDef read_canon(Reader& reader);
  void read_immediate(Reader& reader, char letter, CanonDef& canon);
  CanonOpt read_canon_option(Reader& reader);
  StartDef read_start(Reader& reader);
  ImportDef read_import(Reader& reader);
  ExportDef read_export(Reader& reader);
  ValueDef read_value(Reader& reader);

  // How many there are in the component being read.
  struct Counts {
    uint32_t modules = 0, components = 0;
  };

  const SharedBytes& whole_;
  Context context_;
  Counts counts_;
};

std::shared_ptr<const Component> Decoder::read_component(Reader& reader, uint64_t size) {
  auto component = std::make_shared<Component>();
  component->offset = reader.offset();
  component->size = size;
  if (++context_.depth > limits::kNesting) reader.set_error(ErrorCode::TooDeeplyNested);
  const Counts outer = std::exchange(counts_, {});
  read_preamble(reader);
  while (reader.ok() && !reader.at_end()) read_section(reader, *component);
  counts_ = outer;
  --context_.depth;
  for (const ComponentCustom& custom : component->customs) {
    if (custom.name != kNameSection) continue;
    component->names = read_names(custom.bytes.bytes, context_.features);
    break;
  }
  return component;
}

void Decoder::read_preamble(Reader& reader) {
  const uint64_t at = reader.offset();
  const ByteSpan magic = reader.bytes(sizeof kMagic, ErrorCode::UnexpectedEnd);
  if (reader.ok() && !std::ranges::equal(magic, kMagic)) {
    return reader.set_error_at(ErrorCode::MagicHeaderNotDetected, at);
  }
  const ByteSpan version = reader.bytes(sizeof kVersionAndLayer, ErrorCode::UnexpectedEnd);
  if (!reader.ok() || std::ranges::equal(version, kVersionAndLayer)) return;
  const bool is_module = version[2] == 0 && version[3] == 0;
  reader.set_error_at(ErrorCode::UnknownBinaryVersion, at + sizeof kMagic,
                      is_module ? "expected a version header for a component, found a core module" : "");
}

// Spec: section.
void Decoder::read_section(Reader& reader, Component& out) {
  const uint64_t at = reader.offset();
  const uint8_t id = reader.u8();
  const bool gated = id == kStartId || id == kValueId;
  if (id > kValueId) return reader.set_error_at(ErrorCode::MalformedSectionId, at);
  if (gated) need(reader, context_, Feature::CmValues, at);
  const uint32_t size = reader.u32();
  const uint64_t offset = reader.offset();
  const ByteSpan bytes = reader.bytes(size);
  if (!reader.ok()) return;
  Reader section(bytes, offset);
  count_section(id, section, at);
  read_content(id, section, out);
  if (section.ok() && !section.at_end()) {
    section.set_error(ErrorCode::SectionSizeMismatch,
                      std::to_string(section.remaining()) + " bytes are left over");
  }
  if (!section.ok()) {
    reader.set_error_at(section.error().code, section.error().offset, section.error().detail);
  }
}

void Decoder::count_section(uint8_t id, Reader& reader, uint64_t at) {
  if (id == kCoreModuleId && ++counts_.modules > limits::kModules) {
    reader.set_error_at(ErrorCode::ImplementationLimit, at, "too many core modules");
  }
  if (id == kComponentId && ++counts_.components > limits::kComponents) {
    reader.set_error_at(ErrorCode::ImplementationLimit, at, "too many components");
  }
}

template <class Read>
void Decoder::read_definitions(Reader& reader, Component& out, const char* what, Read read) {
  read_vec(reader, limits::kDefinitions, what, [&] {
    const uint64_t offset = reader.offset();
    if (out.definitions.size() >= limits::kDefinitions) {
      return reader.set_error(ErrorCode::ImplementationLimit, "too many definitions");
    }
    out.definitions.push_back({read(), offset});
  });
}

void Decoder::read_content(uint8_t id, Reader& reader, Component& out) {
  switch (static_cast<SectionId>(id)) {
    case kCustomId: return read_custom(reader, out);
    case kCoreModuleId: {
      const uint64_t offset = reader.offset();
      out.definitions.push_back({CoreModuleDef{rest_of(reader), offset}, offset});
      return;
    }
    case kComponentId: {
      const uint64_t offset = reader.offset();
      out.definitions.push_back({ComponentDef{read_component(reader, reader.remaining())}, offset});
      return;
    }
    case kStartId: {
      const uint64_t offset = reader.offset();
      out.definitions.push_back({read_start(reader), offset});
      return;
    }
    case kCoreInstanceId:
      return read_definitions(reader, out, "core instances", [&] { return read_core_instance(reader); });
    case kCoreTypeId:
      return read_definitions(reader, out, "core types", [&] { return read_core_type(reader, context_); });
    case kInstanceId:
      return read_definitions(reader, out, "instances", [&] { return read_instance(reader); });
    case kAliasId:
      return read_definitions(reader, out, "aliases", [&] { return read_alias(reader, context_); });
    case kTypeId: return read_definitions(reader, out, "types", [&] { return read_type(reader, context_); });
    case kCanonId:
      return read_definitions(reader, out, "canonical functions", [&] { return read_canon(reader); });
    case kImportId: return read_definitions(reader, out, "imports", [&] { return read_import(reader); });
    case kExportId: return read_definitions(reader, out, "exports", [&] { return read_export(reader); });
    case kValueId: return read_definitions(reader, out, "values", [&] { return read_value(reader); });
  }
}

// All that is left, without a copy when the input has an owner.
SharedBytes Decoder::rest_of(Reader& reader) const {
  const ByteSpan bytes = reader.bytes(reader.remaining());
  return {bytes, whole_.owner};
}

void Decoder::read_custom(Reader& reader, Component& out) {
  ComponentCustom custom;
  custom.name = std::string(reader.name());
  custom.offset = reader.offset();
  custom.after = out.definitions.size();
  custom.bytes = rest_of(reader);
  if (reader.ok()) out.customs.push_back(std::move(custom));
}

// Spec: core:sortidx.
SortIdx Decoder::read_core_sort_index(Reader& reader) {
  const uint64_t at = reader.offset();
  const uint8_t code = reader.u8();
  const std::optional<Sort> sort = sort_from_code(true, code);
  if (!sort) {
    wrong_byte(reader, at, code, "external kind");
    return {};
  }
  return {*sort, reader.u32()};
}

// Spec: sortidx.
SortIdx Decoder::read_sort_index(Reader& reader) {
  SortIdx out;
  out.sort = read_sort(reader, context_, "component external kind");
  out.index = reader.u32();
  return out;
}

// Spec: core:instance.
CoreInstanceDef Decoder::read_core_instance(Reader& reader) {
  CoreInstanceDef instance;
  const uint64_t at = reader.offset();
  const uint8_t form = reader.u8();
  if (form > 1) wrong_byte(reader, at, form, "core instance");
  if (form == 1) {
    read_vec(reader, limits::kArguments, "exports", [&] {
      CoreInlineExport e;
      e.offset = reader.offset();
      e.name = read_string(reader);
      e.value = read_core_sort_index(reader);
      instance.exports.push_back(std::move(e));
    });
    return instance;
  }
  instance.module = reader.u32();
  read_vec(reader, limits::kArguments, "arguments", [&] {
    CoreInstantiateArg arg;
    arg.offset = reader.offset();
    arg.name = read_string(reader);
    const uint64_t sort_at = reader.offset();
    const uint8_t sort = reader.u8();
    if (sort != code_of(Sort::CoreInstance)) wrong_byte(reader, sort_at, sort, "instantiation arg kind");
    arg.value = {Sort::CoreInstance, reader.u32()};
    instance.args.push_back(std::move(arg));
  });
  return instance;
}

// Spec: instance.
InstanceDef Decoder::read_instance(Reader& reader) {
  InstanceDef instance;
  const uint64_t at = reader.offset();
  const uint8_t form = reader.u8();
  if (form > 1) wrong_byte(reader, at, form, "instance");
  if (form == 1) {
    read_vec(reader, limits::kArguments, "exports", [&] {
      InlineExport e;
      e.offset = reader.offset();
      e.name = read_extern_name(reader, context_);
      e.value = read_sort_index(reader);
      instance.exports.push_back(std::move(e));
    });
    return instance;
  }
  instance.component = reader.u32();
  read_vec(reader, limits::kArguments, "arguments", [&] {
    InstantiateArg arg;
    arg.offset = reader.offset();
    arg.name = read_string(reader);
    arg.value = read_sort_index(reader);
    instance.args.push_back(std::move(arg));
  });
  return instance;
}

struct CanonRow {
  CanonKind kind;
  const char* immediates;
  Feature feature;
};
constexpr CanonRow kCanons[] = {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) {CanonKind::ID, IMMEDIATES, Feature::FEATURE},
#include "component/types/canon.def"
};

// Spec: canon.
CanonDef Decoder::read_canon(Reader& reader) {
  CanonDef canon;
  const uint64_t at = reader.offset();
  const uint8_t code = reader.u8();
  const auto row = std::ranges::find(kCanons, static_cast<CanonKind>(code), &CanonRow::kind);
  if (row == std::end(kCanons)) {
    wrong_byte(reader, at, code, "canonical function");
    return canon;
  }
  need(reader, context_, row->feature, at);
  canon.kind = row->kind;
  for (const char* letter = row->immediates; *letter != '\0' && reader.ok(); ++letter) {
    read_immediate(reader, *letter, canon);
  }
  return canon;
}

// `letter`: of a row of canon.def.
void Decoder::read_immediate(Reader& reader, char letter, CanonDef& canon) {
  auto flag = [&] {
    const uint64_t at = reader.offset();
    const uint8_t value = reader.u8();
    if (value > 1) reader.set_error_at(ErrorCode::InvalidBooleanValue, at);
    return value == 1;
  };
  auto func_sort = [&](const char* what) {
    const uint64_t at = reader.offset();
    const uint8_t sort = reader.u8();
    if (sort != 0) wrong_byte(reader, at, sort, what);
  };
  switch (letter) {
    case 'F':
      func_sort("canonical function lift");
      canon.core_func = reader.u32();
      return;
    case 'f':
      func_sort("canonical function lower");
      canon.func = reader.u32();
      return;
    case 't': canon.type = reader.u32(); return;
    case 'T': canon.core_type = reader.u32(); return;
    case 'b': canon.core_table = reader.u32(); return;
    case 'm': canon.memory = reader.u32(); return;
    case 'i': canon.number = reader.u32(); return;
    case 'v': canon.value_type = decode_val_type(reader, context_.features); return;
    case 'a': canon.async_ = flag(); return;
    case 'c': canon.cancellable = flag(); return;
    case 's': canon.shared = flag(); return;
    case 'r': canon.result = read_result_list(reader, context_); return;
    case 'o':
      return read_vec(reader, limits::kCanonOptions, "canonical options",
                      [&] { canon.options.push_back(read_canon_option(reader)); });
  }
}

// Spec: canonopt.
CanonOpt Decoder::read_canon_option(Reader& reader) {
  CanonOpt option;
  const uint64_t at = reader.offset();
  const uint8_t code = reader.u8();
  if (code > static_cast<uint8_t>(CanonOpt::Kind::Callback)) {
    wrong_byte(reader, at, code, "canonical option");
    return option;
  }
  option.kind = static_cast<CanonOpt::Kind>(code);
  switch (option.kind) {
    case CanonOpt::Kind::Utf8:
    case CanonOpt::Kind::Utf16:
    case CanonOpt::Kind::Latin1Utf16: break;
    case CanonOpt::Kind::Async: need(reader, context_, Feature::CmAsync, at); break;
    case CanonOpt::Kind::Callback: need(reader, context_, Feature::CmAsync, at); [[fallthrough]];
    case CanonOpt::Kind::Memory:
    case CanonOpt::Kind::Realloc:
    case CanonOpt::Kind::PostReturn: option.index = reader.u32(); break;
  }
  return option;
}

// Spec: start.
StartDef Decoder::read_start(Reader& reader) {
  StartDef start;
  start.func = reader.u32();
  read_vec(reader, limits::kParams, "arguments", [&] { start.args.push_back(reader.u32()); });
  const uint64_t at = reader.offset();
  start.results = reader.u32();
  if (start.results > limits::kParams) {
    reader.set_error_at(ErrorCode::ImplementationLimit, at, "too many results");
  }
  return start;
}

// Spec: import.
ImportDef Decoder::read_import(Reader& reader) {
  ImportDef import;
  import.name = read_extern_name(reader, context_);
  import.type = read_extern_type(reader, context_);
  return import;
}

// Spec: export.
ExportDef Decoder::read_export(Reader& reader) {
  ExportDef e;
  e.name = read_extern_name(reader, context_);
  e.value = read_sort_index(reader);
  e.type = read_optional(reader, "optional component export type",
                         [&] { return read_extern_type(reader, context_); });
  return e;
}

// Spec: value. The bytes are for the validator to check, which knows the type.
ValueDef Decoder::read_value(Reader& reader) {
  ValueDef value;
  value.type = read_val_type(reader, context_);
  const ByteSpan bytes = reader.bytes(reader.u32());
  value.bytes.assign(bytes.begin(), bytes.end());
  return value;
}

}  // namespace

bool is_component(ByteSpan bytes) {
  constexpr size_t kLayerAt = sizeof kMagic + 2;
  return bytes.size() >= sizeof kMagic + sizeof kVersionAndLayer &&
         std::ranges::equal(bytes.first(sizeof kMagic), kMagic) && bytes[kLayerAt] == 0x01 &&
         bytes[kLayerAt + 1] == 0x00;
}

Result<std::shared_ptr<const Component>> decode_component(SharedBytes binary, Features features) {
  Reader reader(binary.bytes);
  if (!features.has(Feature::ComponentModel)) {
    return fail(ErrorCode::FeatureDisabled, uint64_t{0}, kNoIndex,
                skiff::detail::disabled(Feature::ComponentModel));
  }
  if (binary.bytes.size() > skiff::limits::kModuleSize) {
    return fail(ErrorCode::ImplementationLimit, uint64_t{0}, kNoIndex, "component is larger than 1 GiB");
  }
  Decoder decoder(binary, features);
  std::shared_ptr<const Component> component = decoder.read_component(reader, binary.bytes.size());
  if (reader.ok()) return component;
  Error error = reader.error();
  // There is one name for all ways of running out of bytes here.
  if (error.code == ErrorCode::LengthOutOfBounds) error.code = ErrorCode::UnexpectedEnd;
  return std::unexpected(std::move(error));
}

}  // namespace skiff::component
