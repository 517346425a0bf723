// parse_wat and its kin: whole sources in, whole modules out.
#include "engine/text/text.h"

#include <algorithm>

#include "engine/binary/decode.h"
#include "engine/binary/encode.h"
#include "engine/text/parse_module.h"

namespace skiff {

Result<Module> parse_wat(std::string_view source, Features features, SourceMap* map) {
  const text::TokenList tokens = text::tokenize(source);
  text::TokenCursor cursor(tokens);
  Result<Module> module = cursor.at_form("module") ? text::parse_module(cursor, features, map)
                                                   : text::parse_bare_fields(cursor, features, map);
  if (!module) return module;
  if (!cursor.at(text::TokenKind::End)) {
    cursor.unexpected();
    return std::unexpected(cursor.error());
  }
  return module;
}

Result<std::vector<uint8_t>> wat_to_binary(std::string_view source, Features features) {
  const Module module = SKIFF_TRY(parse_wat(source, features));
  return encode_module(module);
}

std::optional<uint64_t> SourceMap::find(uint32_t func, uint64_t binary) const {
  const auto key = [](const Entry& e) { return std::pair(e.func, e.binary); };
  const auto after = std::ranges::upper_bound(entries, std::pair(func, binary), {}, key);
  if (after == entries.begin() || std::prev(after)->func != func) return std::nullopt;
  return std::prev(after)->source;
}

Result<SourceMap> map_source(std::string_view source, Features features) {
  SourceMap map;
  const Module parsed = SKIFF_TRY(parse_wat(source, features, &map));
  const Module decoded = SKIFF_TRY(decode_module(SharedBytes::own(encode_module(parsed)), features));
  for (SourceMap::Entry& entry : map.entries)
    entry.binary += decoded.functions[entry.func].body.offset;
  return map;
}

LineColumn line_column(std::string_view source, uint64_t offset) {
  const std::string_view before = source.substr(0, std::min<uint64_t>(offset, source.size()));
  const size_t newline = before.rfind('\n');
  const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  return {static_cast<uint32_t>(std::ranges::count(before, '\n') + 1),
          static_cast<uint32_t>(before.size() - line_start + 1)};
}

}  // namespace skiff
