// parse_wat and its kin: whole sources in, whole modules out.
#include "engine/text/text.h"

#include <algorithm>

#include "engine/binary/encode.h"
#include "engine/text/parse_module.h"

namespace skiff {

Result<Module> parse_wat(std::string_view source, Features features) {
  const text::TokenList tokens = text::tokenize(source);
  text::TokenCursor cursor(tokens);
  Result<Module> module = cursor.at_form("module") ? text::parse_module(cursor, features)
                                                   : text::parse_bare_fields(cursor, features);
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

LineColumn line_column(std::string_view source, uint64_t offset) {
  const std::string_view before = source.substr(0, std::min<uint64_t>(offset, source.size()));
  const size_t newline = before.rfind('\n');
  const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  return {static_cast<uint32_t>(std::ranges::count(before, '\n') + 1),
          static_cast<uint32_t>(before.size() - line_start + 1)};
}

}  // namespace skiff
