// decode_module: the header, the sequence of sections with their sizes, and the sections that are plain
// lists (Spec: binary-module). Each section is read through a Reader of its own, so that nothing in it can
// reach beyond it. Types, segments and custom sections have files of their own (decode_*.cc).
#include "engine/binary/decode.h"

#include <cstring>

#include "engine/binary/decode_parts.h"
#include "engine/syntax/limits.h"

namespace skiff {
namespace {

using namespace detail;

constexpr uint8_t kMagic[] = {0x00, 'a', 's', 'm'};
constexpr uint32_t kVersion = 1;
constexpr uint32_t kComponentVersion = 0x0001'000D;
constexpr uint8_t kTableWithInit = 0x40;

enum SectionId : uint8_t {
  kCustomId, kTypeId, kImportId, kFunctionId, kTableId, kMemoryId, kGlobalId, kExportId, kStartId,
  kElemId, kCodeId, kDataId, kDataCountId, kTagId,
};

class ModuleDecoder {
 public:
  ModuleDecoder(ByteSpan bytes, Features features) : whole_(bytes), input_(bytes) {
    module_.features = features;
    module_.size = bytes.size();
    context_.instr.features = features;
  }

  // Everything. The Reader holds the error, if any.
  void read_module() {
    read_header();
    while (input_.ok() && !input_.at_end()) read_section();
    if (input_.ok()) check_counts();
    if (input_.ok()) read_known_custom_sections(module_);
  }

  Result<Module> take() {
    if (input_.ok()) return std::move(module_);
    return std::unexpected(error_in_bodies().value_or(input_.error()));
  }

 private:
  void read_header();
  void read_section();
  void read_content(uint8_t id, Reader& reader);
  void read_custom(Reader& reader);
  void read_imports(Reader& reader);
  void read_import(Reader& reader);
  void read_functions(Reader& reader);
  void read_tables(Reader& reader);
  void read_exports(Reader& reader);
  void read_code(Reader& reader);
  void check_counts();
  void adopt_error(const Reader& reader);
  void explain_short_section(uint8_t id, uint64_t offset, uint64_t size);
  std::optional<Error> error_in_bodies();
  bool knows_section(uint8_t id) const;

  ByteSpan whole_;
  Reader input_;
  Module module_;
  SectionContext context_;
  unsigned last_rank_ = 0;          // place of the last non-custom section
  uint8_t last_id_ = 0;             // its id
  uint32_t declared_functions_ = 0;
  uint32_t bodies_ = 0;
};

void ModuleDecoder::read_header() {
  if (input_.remaining() > limits::kModuleSize) {
    return input_.set_error(ErrorCode::ImplementationLimit, "module is larger than 1 GiB");
  }
  const ByteSpan magic = input_.bytes(sizeof kMagic, ErrorCode::UnexpectedEnd);
  if (input_.ok() && !has_wasm_magic(magic)) {
    return input_.set_error_at(ErrorCode::MagicHeaderNotDetected, 0);
  }
  const uint32_t version = input_.fixed<uint32_t>();
  if (input_.ok() && version != kVersion) {
    input_.set_error_at(ErrorCode::UnknownBinaryVersion, sizeof kMagic,
                        version == kComponentVersion ? "this is a component, not a core module" : "");
  }
}

bool ModuleDecoder::knows_section(uint8_t id) const {
  if (id == kDataCountId) return module_.features.has(Feature::BulkMemory);
  if (id == kTagId) {
    return module_.features.has(Feature::Exceptions) || module_.features.has(Feature::LegacyExceptions);
  }
  return section_rank(id) != 0;
}

// Spec: binary-section, with the order that binary-module prescribes.
void ModuleDecoder::read_section() {
  const uint64_t at = input_.offset();
  const uint8_t id = input_.u8();
  if (id != kCustomId) {
    if (!knows_section(id)) return input_.set_error_at(ErrorCode::MalformedSectionId, at);
    if (section_rank(id) <= last_rank_) {
      return input_.set_error_at(ErrorCode::UnexpectedContentAfterLastSection, at,
                                 "section " + std::to_string(id) + " after section " +
                                     std::to_string(last_id_));
    }
  }
  const uint32_t size = input_.u32();
  const uint64_t offset = input_.offset();
  const ByteSpan bytes = input_.bytes(size);
  if (!input_.ok()) return;
  Reader reader(bytes, offset, ErrorCode::UnexpectedEndOfSection);
  if (id == kCustomId) {
    read_custom(reader);
  } else {
    last_rank_ = section_rank(id);
    last_id_ = id;
    module_.sections.push_back({id, offset, size});
    read_content(id, reader);
    if (reader.ok() && !reader.at_end()) {
      reader.set_error(ErrorCode::SectionSizeMismatch,
                       std::to_string(reader.remaining()) + " bytes are left over");
    }
  }
  if (reader.ok()) return;
  const ErrorCode code = reader.error().code;
  const bool too_short = code == ErrorCode::UnexpectedEndOfSection || code == ErrorCode::LengthOutOfBounds;
  if (too_short && id != kCustomId && !input_.at_end()) return explain_short_section(id, offset, size);
  adopt_error(reader);
}

void ModuleDecoder::adopt_error(const Reader& reader) {
  input_.set_error_at(reader.error().code, reader.error().offset, reader.error().detail);
}

// A section has run over its end while the module goes on. The specification's interpreter does not stop
// there: its error is the first one that comes when reading on, or else that the size is wrong. So is ours.
void ModuleDecoder::explain_short_section(uint8_t id, uint64_t offset, uint64_t size) {
  Reader beyond(whole_.subspan(offset), offset, ErrorCode::UnexpectedEndOfSection);
  read_content(id, beyond);
  if (!beyond.ok()) return adopt_error(beyond);
  input_.set_error_at(ErrorCode::SectionSizeMismatch, offset + size, "the section is longer than announced");
}

// For a module that is malformed after its code section: the bodies have not been looked into yet, and if
// one of them is malformed too, that is the first error.
std::optional<Error> ModuleDecoder::error_in_bodies() {
  const DecodeContext context{module_.features, module_.data_count.has_value()};
  for (const Function& function : module_.functions) {
    const CodeBytes& body = function.body;
    if (body.bytes.empty()) continue;
    Reader reader(whole_.subspan(body.offset), body.offset, ErrorCode::UnexpectedEndOfSection);
    skip_locals(reader, module_.features);
    skip_expr(reader, context, context_.buffers);
    if (!reader.ok()) return reader.error();
    if (reader.offset() != body.offset + body.bytes.size()) break;
  }
  return std::nullopt;
}

void ModuleDecoder::read_content(uint8_t id, Reader& reader) {
  const Features features = module_.features;
  switch (static_cast<SectionId>(id)) {
    case kCustomId: break;
    case kTypeId: return read_type_section(reader, module_);
    case kImportId: return read_imports(reader);
    case kFunctionId: return read_functions(reader);
    case kTableId: return read_tables(reader);
    case kMemoryId:
      return read_list(reader, module_.memories, 2, limits::kMemories, "memories",
                       [&] { module_.memories.push_back({read_memory_type(reader, features)}); });
    case kGlobalId:
      return read_list(reader, module_.globals, 3, limits::kGlobals, "globals", [&] {
        Global& global = module_.globals.emplace_back();
        global.type = read_global_type(reader, features);
        global.init = read_const_expr(reader, context_);
      });
    case kExportId: return read_exports(reader);
    case kStartId:
      module_.start_offset = reader.offset();
      module_.start = reader.u32();
      return;
    case kElemId: return read_elem_section(reader, context_, module_);
    case kCodeId: return read_code(reader);
    case kDataId: return read_data_section(reader, context_, module_);
    case kDataCountId: module_.data_count = reader.u32(); return;
    case kTagId:
      return read_list(reader, module_.tags, 2, limits::kTags, "tags",
                       [&] { module_.tags.push_back({read_tag_type(reader)}); });
  }
}

// Spec: binary-customsec.
void ModuleDecoder::read_custom(Reader& reader) {
  CustomSection section;
  section.name = reader.name();
  section.after = last_id_;
  section.offset = reader.offset();
  section.bytes = reader.bytes(reader.remaining());
  if (reader.ok()) module_.customs.push_back(section);
}

void ModuleDecoder::read_imports(Reader& reader) {
  read_list(reader, module_.imports, 4, limits::kImports, "imports", [&] { read_import(reader); });
  module_.imported_funcs = static_cast<uint32_t>(module_.functions.size());
  module_.imported_tables = static_cast<uint32_t>(module_.tables.size());
  module_.imported_memories = static_cast<uint32_t>(module_.memories.size());
  module_.imported_globals = static_cast<uint32_t>(module_.globals.size());
  module_.imported_tags = static_cast<uint32_t>(module_.tags.size());
}

// Spec: binary-import, binary-externtype.
void ModuleDecoder::read_import(Reader& reader) {
  const Features features = module_.features;
  Import import;
  import.offset = reader.offset();
  import.module = reader.name();
  import.name = reader.name();
  const uint64_t at = reader.offset();
  const uint8_t kind = reader.u8();
  if (!reader.ok()) return;
  auto place = [&](auto& space) {
    import.kind = static_cast<ExternKind>(kind);
    import.index = static_cast<uint32_t>(space.size());
    module_.imports.push_back(import);
  };
  switch (static_cast<ExternKind>(kind)) {
    case ExternKind::Func:
      place(module_.functions);
      module_.functions.push_back({reader.u32(), {}});
      return;
    case ExternKind::Table:
      place(module_.tables);
      module_.tables.push_back({read_table_type(reader, features), {}});
      return;
    case ExternKind::Memory:
      place(module_.memories);
      module_.memories.push_back({read_memory_type(reader, features)});
      return;
    case ExternKind::Global:
      place(module_.globals);
      module_.globals.push_back({read_global_type(reader, features), {}});
      return;
    case ExternKind::Tag:
      if (!knows_section(kTagId)) break;
      place(module_.tags);
      module_.tags.push_back({read_tag_type(reader)});
      return;
  }
  reader.set_error_at(ErrorCode::MalformedImportKind, at);
}

void ModuleDecoder::read_functions(Reader& reader) {
  read_list(reader, module_.functions, 1, limits::kFunctions, "functions", [&] {
    module_.functions.push_back({reader.u32(), {}});
    ++declared_functions_;
  });
}

// Spec: binary-table.
void ModuleDecoder::read_tables(Reader& reader) {
  const Features features = module_.features;
  read_list(reader, module_.tables, 3, limits::kTables, "tables", [&] {
    Table& table = module_.tables.emplace_back();
    if (reader.peek() != kTableWithInit || !features.has(Feature::FunctionReferences)) {
      table.type = read_table_type(reader, features);
      return;
    }
    reader.u8();
    const uint64_t at = reader.offset();
    if (reader.u8() != 0) reader.set_error_at(ErrorCode::ZeroByteExpected, at);
    table.type = read_table_type(reader, features);
    table.init = read_const_expr(reader, context_);
  });
}

// Spec: binary-export.
void ModuleDecoder::read_exports(Reader& reader) {
  read_list(reader, module_.exports, 3, limits::kExports, "exports", [&] {
    Export& e = module_.exports.emplace_back();
    e.offset = reader.offset();
    e.name = reader.name();
    const uint64_t at = reader.offset();
    const uint8_t kind = reader.u8();
    const bool known = kind < static_cast<uint8_t>(ExternKind::Tag) ||
                       (kind == static_cast<uint8_t>(ExternKind::Tag) && knows_section(kTagId));
    if (!known) return reader.set_error_at(ErrorCode::MalformedExportKind, at);
    e.kind = static_cast<ExternKind>(kind);
    e.index = reader.u32();
  });
}

// Spec: binary-codesec. Only the extent of each body; surplus ones are counted (check_counts).
void ModuleDecoder::read_code(Reader& reader) {
  const uint64_t start = reader.offset();
  const uint32_t n = reader.u32();
  read_elements(reader, n, start, limits::kFunctions, "function bodies", [&] {
    const uint64_t at = reader.offset();
    const uint32_t size = reader.u32();
    if (size > limits::kFunctionSize) {
      return reader.set_error_at(ErrorCode::ImplementationLimit, at, "function body is too large");
    }
    const uint64_t offset = reader.offset();
    const ByteSpan bytes = reader.bytes(size);
    const size_t index = size_t{module_.imported_funcs} + bodies_++;
    if (index < module_.functions.size()) module_.functions[index].body = {bytes, offset};
  });
}

// Spec: binary-module, the side conditions on lengths.
void ModuleDecoder::check_counts() {
  if (bodies_ != declared_functions_) {
    return input_.set_error(ErrorCode::FunctionCodeLengths, std::to_string(declared_functions_) +
                                                                " functions, " + std::to_string(bodies_) +
                                                                " bodies");
  }
  if (module_.data_count && *module_.data_count != module_.datas.size()) {
    input_.set_error(ErrorCode::DataCountLengths, std::to_string(*module_.data_count) + " announced, " +
                                                      std::to_string(module_.datas.size()) + " found");
  }
}

}  // namespace

SharedBytes SharedBytes::own(std::vector<uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  const ByteSpan view(*owner);
  return {view, std::move(owner)};
}

bool has_wasm_magic(ByteSpan bytes) {
  return bytes.size() >= sizeof kMagic && std::memcmp(bytes.data(), kMagic, sizeof kMagic) == 0;
}

Result<Module> decode_module(SharedBytes binary, Features features) {
  ModuleDecoder decoder(binary.bytes, features);
  decoder.read_module();
  Result<Module> module = decoder.take();
  if (module && binary.owner) module->storage.push_back(std::move(binary.owner));
  return module;
}

}  // namespace skiff
