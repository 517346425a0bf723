// The text format (Spec: chapter 6): parse_wat and print_wat, and the pieces that the script runner
// shares with them (lexer.h, parse_module.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/syntax/module.h"

namespace skiff {

/// Where the instructions of function bodies stand in the source, in the order of the bodies' bytes.
struct SourceMap {
  struct Entry {
    uint32_t func;    // index
    uint32_t source;  // byte offset in the source
    uint64_t binary;  // byte offset in the body (parse_wat) or in the binary form (map_source)
  };
  std::vector<Entry> entries;
  /// Offset in the source of the instruction of function `func` that the byte `binary` belongs to, or nothing.
  std::optional<uint64_t> find(uint32_t func, uint64_t binary) const;
};

/// Parses one module: `(module ...)` or its fields alone. Identifiers become the name section
/// (module.names); @custom, @name and branch-hint annotations are honoured.
/// Bodies are encoded into buffers that the Module owns. The result is not validated; to run it, encode
/// it and decode that (wat_to_binary).
/// Errors: Malformed ones; `offset` counts bytes in `source`.
Result<Module> parse_wat(std::string_view source, Features features, SourceMap* map = nullptr);

/// parse_wat, then encode_module.
Result<std::vector<uint8_t>> wat_to_binary(std::string_view source, Features features);

/// What offsets in the binary form of a text module (wat_to_binary) mean in its source. Parses everything again:
/// for messages.
Result<SourceMap> map_source(std::string_view source, Features features);

struct PrintOptions {
  bool fold = false;     // folded instructions
  bool names = true;     // identifiers from the name section where they are unique
  bool offsets = false;  // (;@offset;) before each instruction
};

/// Prints a module so that parse_wat gives an equal module back.
/// Errors: those of decoding its bodies.
Result<std::string> print_wat(const Module& module, const PrintOptions& options = {});

/// Line and column (from 1, columns in bytes) of a byte offset, for messages.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};
LineColumn line_column(std::string_view source, uint64_t offset);

}  // namespace skiff
