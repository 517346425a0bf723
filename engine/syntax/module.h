// Module: a decoded module as plain structs (Spec: syntax-module). Made by binary/decode_module.cc or
// text/parse_module.cc, read by everybody, never changed once validated. Types in it use the module's
// own type indices (see types.h). Function bodies and constant expressions stay in their binary form, as
// byte ranges, in both cases: the walker is the only place that interprets them.
//
// Thread: immutable after construction; share through shared_ptr<const Module>.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/features.h"
#include "engine/syntax/types.h"

namespace skiff {

using ByteSpan = std::span<const uint8_t>;

/// Spec: syntax-externidx. Codes of the binary format.
enum class ExternKind : uint8_t { Func = 0, Table = 1, Memory = 2, Global = 3, Tag = 4 };

/// Code bytes within Module::storage or the decoder's input, ending with `end`; `offset` is the absolute
/// offset of the first one in the binary module.
struct CodeBytes {
  ByteSpan bytes;
  uint64_t offset = 0;
};

/// Spec: syntax-expr in constant positions. Bytes include the final `end`.
using ConstExpr = CodeBytes;

struct Import {
  std::string_view module;
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  uint32_t index = 0;   // in the index space of its kind (imports come first there)
  uint64_t offset = 0;
};

struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  uint32_t index = 0;
  uint64_t offset = 0;
};

/// Imported and defined functions alike; body is empty for imported ones.
struct Function {
  uint32_t type = 0;        // module type index
  /// From the local declarations on (Spec: binary-code, after the size); empty for imports.
  CodeBytes body;
};

struct Table {
  TableType type;
  std::optional<ConstExpr> init;
};

struct Memory {
  MemoryType type;
};

struct Global {
  GlobalType type;
  ConstExpr init;           // empty for imports
};

struct Tag {
  TagType type;
};

/// Spec: syntax-elem. Items are either function indices or expressions, as in the binary.
struct ElemSegment {
  enum class Mode : uint8_t { Active, Passive, Declarative };
  Mode mode = Mode::Passive;
  ValType type;
  uint32_t table = 0;
  ConstExpr offset_expr;                // Active
  bool uses_exprs = false;
  std::vector<uint32_t> funcs;          // !uses_exprs
  std::vector<ConstExpr> exprs;         // uses_exprs
  uint64_t offset = 0;
  size_t size() const { return uses_exprs ? exprs.size() : funcs.size(); }
};

/// Spec: syntax-data.
struct DataSegment {
  bool active = false;
  uint32_t memory = 0;
  ConstExpr offset_expr;                // active
  ByteSpan bytes;
  uint64_t offset = 0;
};

/// Spec: binary-customsec. `after`: id of the last non-custom section before it (0: none).
struct CustomSection {
  std::string_view name;
  ByteSpan bytes;
  uint8_t after = 0;
  uint64_t offset = 0;
};

/// The name section (Spec: binary-namesec), sparse: (index, name) sorted by index.
struct NameMap {
  std::vector<std::pair<uint32_t, std::string_view>> entries;
  /// The name of an index, or empty.
  std::string_view find(uint32_t index) const;
};
struct IndirectNameMap {
  std::vector<std::pair<uint32_t, NameMap>> entries;
  std::string_view find(uint32_t outer, uint32_t inner) const;
};
struct Names {
  std::optional<std::string_view> module;
  NameMap funcs, types, tables, memories, globals, elems, datas, tags;
  IndirectNameMap locals, labels, fields;
};

/// Spec: branch hints (metadata.code.branch_hint). `offset` counts from the body's first byte.
struct BranchHint {
  uint32_t func = 0;
  uint32_t offset = 0;
  bool likely = false;
};

struct Module {
  /// What the views point into: the binary itself, or the text parser's buffers.
  std::vector<std::shared_ptr<const void>> storage;
  Features features;

  std::vector<SubType> types;
  std::vector<RecGroup> rec_groups;
  std::vector<Import> imports;
  std::vector<Function> functions;   // imports first, as in each index space
  std::vector<Table> tables;
  std::vector<Memory> memories;
  std::vector<Global> globals;
  std::vector<Tag> tags;
  std::vector<Export> exports;
  std::optional<uint32_t> start;
  std::vector<ElemSegment> elems;
  std::optional<uint32_t> data_count;
  std::vector<DataSegment> datas;
  std::vector<CustomSection> customs;
  std::vector<BranchHint> branch_hints;
  Names names;

  uint32_t imported_funcs = 0;
  uint32_t imported_tables = 0;
  uint32_t imported_memories = 0;
  uint32_t imported_globals = 0;
  uint32_t imported_tags = 0;
  uint64_t start_offset = 0;
  uint64_t size = 0;                 // bytes of the binary, 0 for text

  /// Byte ranges of the non-custom sections, for tools: id, offset of the content, length.
  struct SectionRange {
    uint8_t id = 0;
    uint64_t offset = 0;
    uint64_t length = 0;
  };
  std::vector<SectionRange> sections;
};

}  // namespace skiff
