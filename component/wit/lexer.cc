// Tokens, comments, string escapes and forbidden characters.
#include "component/wit/lexer.h"

#include <algorithm>
#include <array>

#include "component/wit/name.h"
#include "engine/base/utf8.h"

namespace skiff::component::wit {
namespace {

constexpr auto kKeywords = std::to_array<std::string_view>(
    {"as",  "async",  "bool",   "borrow",  "char",   "constructor", "enum",    "export",    "f32",
     "f64", "flags",  "from",   "func",    "future", "import",      "include", "interface", "list",
     "map", "option", "own",    "package", "record", "resource",    "result",  "s16",       "s32",
     "s64", "s8",     "static", "stream",  "string", "tuple",       "type",    "u16",       "u32",
     "u64", "u8",     "use",    "variant", "with",   "world"});
static_assert(std::is_sorted(kKeywords.begin(), kKeywords.end()));

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The scalar value that starts at text[i] (well-formed UTF-8), and its length.
uint32_t decode(std::string_view text, size_t i, size_t& length) {
  const auto byte = [&](size_t k) {
    return static_cast<uint32_t>(static_cast<uint8_t>(text[i + k]));
  };
  const uint32_t b = byte(0);
  if (b < 0x80) return length = 1, b;
  if (b < 0xE0) return length = 2, (b & 0x1F) << 6 | (byte(1) & 0x3F);
  if (b < 0xF0) return length = 3, (b & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  return length = 4,
         (b & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
}

// Why a code point may not occur in WIT at all, or null.
const char* why_forbidden(uint32_t c) {
  if (c < 0x20 && c != '\n' && c != '\r' && c != '\t') return "a control code";
  if (c >= 0x7F && c < 0xA0) return "a control code";
  if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069))
    return "a bidirectional override";
  if (c >= 0x206A && c <= 0x206F) return "a deprecated code point";
  for (uint32_t deprecated : {0x149, 0x673, 0xF77, 0xF79, 0x17A3, 0x17A4, 0x17B4, 0x17B5, 0xE0001})
    if (c == deprecated) return "a deprecated code point";
  return nullptr;
}

std::string hex(uint32_t c) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string s;
  for (int shift = 20; shift >= 0; shift -= 4)
    if (c >> shift || shift < 16) s += kDigits[c >> shift & 15];
  return "U+" + s;
}

std::string_view trim_right(std::string_view s) {
  while (!s.empty() && is_blank(s.back())) s.remove_suffix(1);
  return s;
}
std::string_view trim_left(std::string_view s) {
  while (!s.empty() && is_blank(s.front())) s.remove_prefix(1);
  return s;
}

void append_doc_line(std::string& docs, std::string_view line) {
  if (!docs.empty()) docs += '\n';
  docs += line;
}

// A block's text: every line without its indentation and a leading "* ", blank first and last lines
// dropped.
void append_doc_block(std::string& docs, std::string_view block) {
  block = trim_right(block);
  bool first = true;
  while (!block.empty()) {
    const size_t newline = block.find('\n');
    std::string_view line = trim_right(trim_left(block.substr(0, newline)));
    block = newline == std::string_view::npos ? std::string_view{} : block.substr(newline + 1);
    if (!first && line.starts_with("*")) line = trim_left(line.substr(1));
    if (!first || !line.empty()) append_doc_line(docs, line);
    first = false;
  }
}

}  // namespace

bool is_keyword(std::string_view word) {
  return std::binary_search(kKeywords.begin(), kKeywords.end(), word);
}

Status check_characters(const SourceMap& sources, uint32_t file) {
  const std::string_view text = sources.text(file);
  size_t length = 1;
  for (size_t i = 0; i < text.size(); i += length) {
    const uint32_t c = decode(text, i, length);
    if (const char* why = why_forbidden(c)) {
      const uint32_t at = sources.base(file) + static_cast<uint32_t>(i);
      return std::unexpected(
          sources.error(ErrorCode::MalformedWit, {at, at}, "character " + hex(c) + " is " + why));
    }
  }
  return {};
}

Lexer::Lexer(const SourceMap& sources, uint32_t file)
    : sources_(sources), text_(sources.text(file)), base_(sources.base(file)), last_end_(base_) {}

std::unexpected<Error> Lexer::error(uint32_t at, std::string what, std::string hint) const {
  return std::unexpected(
      sources_.error(ErrorCode::MalformedWit, span(at, at), std::move(what), std::move(hint)));
}

Status Lexer::block_comment() {
  const uint32_t begin = pos_;
  uint32_t depth = 0;
  do {
    if (pos_ >= text_.size()) return error(begin, "this block comment is not closed", "add `*/`");
    if (at(pos_) == '/' && at(pos_ + 1) == '*') {
      ++depth, pos_ += 2;
    } else if (at(pos_) == '*' && at(pos_ + 1) == '/') {
      --depth, pos_ += 2;
    } else {
      ++pos_;
    }
  } while (depth != 0);
  const std::string_view whole = piece(begin);
  if (whole.starts_with("/**") && whole.size() > 4)
    append_doc_block(docs_, whole.substr(3, whole.size() - 5));
  return {};
}

Status Lexer::skip_space() {
  for (;;) {
    const char c = at(pos_);
    if (pos_ < text_.size() && is_blank(c)) {
      ++pos_;
    } else if (c == '/' && at(pos_ + 1) == '/') {
      const uint32_t begin = pos_;
      pos_ = static_cast<uint32_t>(std::min(text_.find('\n', pos_), text_.size()));
      std::string_view line = trim_right(piece(begin));
      if (!line.starts_with("///")) continue;
      line.remove_prefix(3);
      if (line.starts_with(' ')) line.remove_prefix(1);
      append_doc_line(docs_, line);
    } else if (c == '/' && at(pos_ + 1) == '*') {
      SKIFF_TRY(block_comment());
    } else {
      return {};
    }
  }
}

Result<Token> Lexer::peek() {
  if (!peeked_) {
    docs_.clear();
    peeked_ = SKIFF_TRY(lex());
  }
  return *peeked_;
}

void Lexer::advance() {
  last_end_ = peeked_->span.end;
  peeked_.reset();
}

Result<std::string> Lexer::docs() {
  SKIFF_TRY(peek());
  return docs_;
}

Result<Token> Lexer::word(uint32_t begin, bool is_explicit) {
  const uint32_t start = pos_;
  while (is_word(at(pos_)) && !(at(pos_) == '-' && at(pos_ + 1) == '>')) ++pos_;
  const std::string_view text = piece(start);
  const Span where = span(begin, pos_);
  if (!is_explicit) {
    if (text == "_") return Token{TokenKind::Underscore, where, text};
    if (std::all_of(text.begin(), text.end(), is_digit))
      return Token{TokenKind::Integer, where, text};
    if (is_keyword(text)) return Token{TokenKind::Keyword, where, text};
  }
  const std::string why = why_not_label(text);
  if (why.empty()) return Token{TokenKind::Identifier, where, text};
  return error(
      begin, "identifier `" + std::string(text) + "` " + why,
      "identifiers are kebab-case: words joined by `-`, each all lower case or all upper case");
}

Result<Token> Lexer::string(uint32_t begin) {
  for (++pos_;; ++pos_) {
    if (pos_ >= text_.size() || at(pos_) == '\n')
      return error(begin, "this string is not closed", "add `\"`");
    if (at(pos_) == '"') break;
    if (at(pos_) == '\\') ++pos_;
  }
  ++pos_;
  return Token{TokenKind::String, span(begin, pos_), piece(begin)};
}

Result<Token> Lexer::lex() {
  SKIFF_TRY(skip_space());
  const uint32_t begin = pos_;
  if (pos_ >= text_.size()) return Token{TokenKind::End, span(begin, begin), {}};
  const char c = at(pos_);
  if (c == '%') {
    ++pos_;
    return word(begin, true);
  }
  if (c == '"') return string(begin);
  if (c == '-' && at(pos_ + 1) == '>') {
    pos_ += 2;
    return Token{TokenKind::Arrow, span(begin, pos_), piece(begin)};
  }
  if (is_word(c)) return word(begin, false);
  if (std::string_view("=,:;(){}<>*/.@").find(c) != std::string_view::npos) {
    ++pos_;
    return Token{TokenKind::Punctuation, span(begin, pos_), piece(begin)};
  }
  size_t length = 1;
  decode(text_, pos_, length);
  return error(begin, "unexpected character `" + std::string(text_.substr(pos_, length)) + "`");
}

Result<Version> Lexer::version() {
  if (peeked_) pos_ = peeked_->span.begin - base_, peeked_.reset();
  docs_.clear();
  SKIFF_TRY(skip_space());
  const uint32_t begin = pos_;
  const auto is_part = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '+'; };
  // A dot belongs to the version only when more of it follows: `@1.0.0.{a}` ends before the dot.
  while (is_part(at(pos_)) || (at(pos_) == '.' && is_part(at(pos_ + 1)))) ++pos_;
  const std::optional<Version> v = parse_version(piece(begin));
  if (!v) {
    const std::string text(piece(begin));
    return error(begin, text.empty() ? "expected a version" : "`" + text + "` is not a version",
                 "versions are MAJOR.MINOR.PATCH, as in `1.0.0` or `1.0.0-rc.1`");
  }
  last_end_ = base_ + pos_;
  return *v;
}

Result<std::string> string_value(const SourceMap& sources, const Token& token) {
  std::string out;
  const std::string_view s = token.text.substr(1, token.text.size() - 2);
  const auto bad = [&](size_t i, std::string what) {
    const uint32_t at = token.span.begin + 1 + static_cast<uint32_t>(i);
    return std::unexpected(sources.error(ErrorCode::MalformedWit, {at, at}, std::move(what)));
  };
  const auto digit = [&](size_t i) {
    const char c = i < s.size() ? s[i] : '\0';
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\') {
      out += s[i];
      continue;
    }
    const size_t start = i++;
    constexpr std::string_view kNames = "tnr\"'\\";
    constexpr std::string_view kValues = "\t\n\r\"'\\";
    if (const size_t k = i < s.size() ? kNames.find(s[i]) : std::string_view::npos;
        k != std::string_view::npos) {
      out += kValues[k];
    } else if (digit(i) >= 0 && digit(i + 1) >= 0) {
      out += static_cast<char>(digit(i) << 4 | digit(i + 1));
      ++i;
    } else if (s.substr(i).starts_with("u{")) {
      uint32_t c = 0;
      for (i += 2; digit(i) >= 0 && c <= 0x10FFFF; ++i)
        c = c << 4 | static_cast<uint32_t>(digit(i));
      if (i >= s.size() || s[i] != '}' || s[i - 1] == '{' || c > 0x10FFFF ||
          (c >= 0xD800 && c < 0xE000))
        return bad(start, "bad `\\u{...}` escape");
      append_utf8(out, c);
    } else {
      return bad(start, "unknown escape in string");
    }
  }
  if (!is_utf8(out)) return bad(0, "string is not UTF-8");
  return out;
}

std::string squeeze(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    if (is_blank(text[i])) {
      ++i;
      continue;
    }
    if (text.substr(i).starts_with("//")) {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (text.substr(i).starts_with("/*")) {
      size_t depth = 0;
      do {
        const std::string_view rest = text.substr(i);
        depth += rest.starts_with("/*") ? 1 : rest.starts_with("*/") ? size_t{0} - 1 : 0;
        i += rest.starts_with("/*") || rest.starts_with("*/") ? 2 : 1;
      } while (depth != 0 && i < text.size());
      continue;
    }
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\') ++i;
      i = std::min(i + 1, text.size());
    } else if (is_word(text[i])) {
      while (i < text.size() && is_word(text[i])) ++i;
    } else {
      ++i;
    }
    if (!out.empty()) out += ' ';
    out += text.substr(begin, i - begin);
  }
  return out;
}

}  // namespace skiff::component::wit
