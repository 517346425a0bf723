// The tokenizer: one pass over the source, no backtracking beyond one token. Unknown annotations are
// skipped here with a counter of open parentheses, known ones become tokens.
#include "engine/text/lexer.h"

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/base/utf8.h"
#include "engine/syntax/limits.h"
#include "engine/text/keywords.h"
#include "engine/text/numbers.h"

namespace skiff::text {
namespace {

// Spec: text-idchar.
constexpr std::array<bool, 256> kIdChars = [] {
  std::array<bool, 256> table{};
  for (int c = 0x21; c < 0x7F; ++c) table[static_cast<size_t>(c)] = true;
  for (unsigned char c : std::string_view("\"(),;[]{}")) table[c] = false;
  return table;
}();

constexpr bool is_idchar(char c) { return kIdChars[static_cast<uint8_t>(c)]; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view kKnownAnnotations[] = {"custom", "name", "metadata.code.branch_hint"};

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view source) : source_(source) { out_.source = source; }

  TokenList run() {
    if (source_.size() >= limits::kModuleSize) {
      set_error(ErrorCode::ImplementationLimit, 0, "source text is too long");
    } else if (!is_utf8(source_)) {
      set_error(ErrorCode::MalformedUtf8, first_bad_utf8());
    } else {
      out_.tokens.reserve(source_.size() / 6 + 1);
      while (!failed_ && skip_blank() && pos_ < source_.size()) token();
    }
    finish();
    return std::move(out_);
  }

 private:
  char at(size_t i) const { return i < source_.size() ? source_[i] : '\0'; }

  void set_error(ErrorCode code, size_t offset, std::string detail = {}) {
    if (failed_) return;
    failed_ = true;
    out_.error = Error{code, offset, kNoIndex, std::move(detail)};
  }

  // Position of the byte at which the source stops being UTF-8.
  size_t first_bad_utf8() const {
    size_t i = 0;
    while (i < source_.size()) {
      size_t n = 1;
      while (n <= 4 && !is_utf8(source_.substr(i, n))) ++n;
      if (n > 4) break;
      i += n;
    }
    return i;
  }

  void finish() {
    const auto last = static_cast<uint32_t>(out_.tokens.size());
    for (uint32_t i : open_) out_.tokens[i].partner = last;
    if (!failed_) {
      const auto annot = std::find_if(open_.begin(), open_.end(),
                                      [&](uint32_t i) { return out_.tokens[i].kind == TokenKind::Annot; });
      if (annot != open_.end()) set_error(ErrorCode::UnclosedAnnotation, out_.tokens[*annot].offset);
    }
    const uint64_t at = failed_ ? out_.error.offset : source_.size();
    out_.tokens.push_back({failed_ ? TokenKind::Error : TokenKind::End, static_cast<uint32_t>(at), 0, last});
  }

  void add(TokenKind kind, size_t begin, size_t end) {
    out_.tokens.push_back({kind, static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin),
                           static_cast<uint32_t>(out_.tokens.size())});
    pos_ = end;
  }

  // Skips white space and comments; false after an error. Spec: text-space.
  bool skip_blank() {
    while (pos_ < source_.size()) {
      const char c = source_[pos_];
      if (is_space(c)) {
        ++pos_;
      } else if (c == ';' && at(pos_ + 1) == ';') {
        while (pos_ < source_.size() && source_[pos_] != '\n' && source_[pos_] != '\r') ++pos_;
      } else if (c == '(' && at(pos_ + 1) == ';') {
        if (!skip_block_comment()) return false;
      } else {
        break;
      }
    }
    return true;
  }

  bool skip_block_comment() {
    const size_t begin = pos_;
    size_t depth = 0;
    while (pos_ < source_.size()) {
      if (source_[pos_] == '(' && at(pos_ + 1) == ';') {
        ++depth, pos_ += 2;
      } else if (source_[pos_] == ';' && at(pos_ + 1) == ')') {
        pos_ += 2;
        if (--depth == 0) return true;
      } else {
        ++pos_;
      }
    }
    set_error(ErrorCode::UnclosedComment, begin);
    return false;
  }

  // One token, at a character that is not blank.
  void token() {
    const char c = source_[pos_];
    if (c == '(') {
      if (at(pos_ + 1) == '@') return annotation();
      if (open_.size() >= limits::kTextNesting) return set_error(ErrorCode::TooDeeplyNested, pos_);
      open_.push_back(static_cast<uint32_t>(out_.tokens.size()));
      return add(TokenKind::LParen, pos_, pos_ + 1);
    }
    if (c == ')') {
      if (!open_.empty()) {
        out_.tokens[open_.back()].partner = static_cast<uint32_t>(out_.tokens.size());
        open_.pop_back();
      }
      return add(TokenKind::RParen, pos_, pos_ + 1);
    }
    if (is_idchar(c) || c == '"') return run_of_characters();
    if (is_punctuation(c)) return add(TokenKind::Reserved, pos_, pos_ + 1);
    set_error(ErrorCode::IllegalCharacter, pos_);
  }

  static bool is_punctuation(char c) { return std::string_view(",;[]{}").find(c) != std::string_view::npos; }

  // Spec: text-reserved. The longest run of identifier characters and strings is one token.
  void run_of_characters() {
    const size_t begin = pos_;
    size_t end = begin;
    int strings = 0;
    while (end < source_.size()) {
      if (is_idchar(source_[end])) {
        ++end;
      } else if (source_[end] == '"') {
        const size_t string_end = end_of_string(end, source_[begin] == '$' && end == begin + 1);
        if (string_end == 0) return;
        end = string_end;
        ++strings;
      } else {
        break;
      }
    }
    add(classify(source_.substr(begin, end - begin), strings), begin, end);
  }

  TokenKind classify(std::string_view text, int strings) {
    const char c = text[0];
    if (strings != 0) {
      if (strings == 1 && text.back() == '"') {
        if (c == '"') return TokenKind::String;
        if (c == '$' && text[1] == '"') return quoted_id(text);
      }
      return TokenKind::Reserved;
    }
    if (c == '$') {
      if (text.size() == 1) set_error(ErrorCode::EmptyIdentifier, pos_);
      return TokenKind::Id;
    }
    switch (classify_number(text)) {
      case NumberKind::Nat: return TokenKind::Nat;
      case NumberKind::Int: return TokenKind::Int;
      case NumberKind::Float: return TokenKind::Float;
      case NumberKind::None: break;
    }
    return c >= 'a' && c <= 'z' ? TokenKind::Keyword : TokenKind::Reserved;
  }

  TokenKind quoted_id(std::string_view text) {
    const std::string name = parse_string(text.substr(1));
    if (name.empty()) set_error(ErrorCode::EmptyIdentifier, pos_);
    if (!is_utf8(name)) set_error(ErrorCode::MalformedUtf8, pos_);
    return TokenKind::Id;
  }

  // The position behind the string that begins at `begin`, or 0 after an error. In an identifier a bad
  // string leaves the '$' alone. Spec: text-string.
  size_t end_of_string(size_t begin, bool identifier) {
    auto bad = [&](ErrorCode code, size_t offset, const char* detail = "") {
      set_error(identifier ? ErrorCode::EmptyIdentifier : code, offset, identifier ? "" : detail);
      return size_t{0};
    };
    size_t i = begin + 1;
    while (i < source_.size()) {
      const auto c = static_cast<uint8_t>(source_[i]);
      if (c == '"') return i + 1;
      if (c == '\n' || c == '\r') break;
      if (c < 0x20 || c == 0x7F) return bad(ErrorCode::IllegalCharacter, i, "control character in a string");
      if (c != '\\') {
        ++i;
        continue;
      }
      const size_t length = escape_length(i);
      if (length == 0) return bad(ErrorCode::IllegalCharacter, i, "bad escape in a string");
      i += length;
    }
    return bad(ErrorCode::UnclosedString, begin);
  }

  // Length of the escape at the backslash `i`, 0 when malformed.
  size_t escape_length(size_t i) const {
    const char c = at(i + 1);
    if (std::string_view("tnr\"'\\").find(c) != std::string_view::npos && c != '\0') return 2;
    if (c != 'u') return hex_digit(c) >= 0 && hex_digit(at(i + 2)) >= 0 ? 3 : 0;
    if (at(i + 2) != '{') return 0;
    uint32_t value = 0;
    size_t j = i + 3;
    bool after_digit = false;
    for (; at(j) != '}'; ++j) {
      const int digit = hex_digit(at(j));
      if (digit < 0 && !(at(j) == '_' && after_digit && hex_digit(at(j + 1)) >= 0)) return 0;
      after_digit = digit >= 0;
      if (digit < 0) continue;
      value = value << 4 | static_cast<uint32_t>(digit);
      if (value > 0x10FFFF) return 0;
    }
    if (!after_digit || (value >= 0xD800 && value < 0xE000)) return 0;
    return j + 1 - i;
  }

  // "(@": a token for an annotation that we know, else skips it whole. Spec: text-annot.
  void annotation() {
    const size_t begin = pos_;
    std::string id;
    pos_ += 2;
    if (at(pos_) == '"') {
      const size_t end = end_of_annotation_id();
      if (end == 0) return;
      id = parse_string(source_.substr(pos_, end - pos_));
      pos_ = end;
      if (!is_utf8(id)) return set_error(ErrorCode::MalformedUtf8, begin);
    } else {
      const size_t id_begin = pos_;
      while (pos_ < source_.size() && is_idchar(source_[pos_])) ++pos_;
      id = source_.substr(id_begin, pos_ - id_begin);
    }
    if (id.empty()) return set_error(ErrorCode::EmptyAnnotationId, begin);
    if (std::ranges::find(kKnownAnnotations, id) != std::end(kKnownAnnotations)) {
      if (open_.size() >= limits::kTextNesting) return set_error(ErrorCode::TooDeeplyNested, begin);
      open_.push_back(static_cast<uint32_t>(out_.tokens.size()));
      return add(TokenKind::Annot, begin, pos_);
    }
    skip_annotation(begin);
  }

  size_t end_of_annotation_id() {
    const size_t end = end_of_string(pos_, false);
    if (end == 0 && failed_ && out_.error.code != ErrorCode::MalformedUtf8)
      out_.error.code = ErrorCode::EmptyAnnotationId, out_.error.detail.clear();
    return end;
  }

  // Behind the id of an unknown annotation: tokens, balanced, are dropped.
  void skip_annotation(size_t begin) {
    const size_t keep = out_.tokens.size();
    for (size_t depth = 1; depth != 0;) {
      if (!skip_blank()) return;
      if (pos_ >= source_.size()) return set_error(ErrorCode::UnclosedAnnotation, begin);
      const char c = source_[pos_];
      if (c == ')') {
        --depth, ++pos_;
      } else if (c == '(') {
        // An annotation within one must have an id as well, except that "(@" may be followed by space
        // here: the inside is only tokens.
        ++depth, ++pos_;
      } else if (is_idchar(c) && !(c == '$' && at(pos_ + 1) != '"')) {
        while (pos_ < source_.size() && is_idchar(source_[pos_])) ++pos_;
      } else {
        token();
        if (failed_) return;
        out_.tokens.resize(keep);
      }
    }
  }

  std::string_view source_;
  size_t pos_ = 0;
  bool failed_ = false;
  std::vector<uint32_t> open_;  // indices of LParen and Annot tokens without a partner so far
  TokenList out_;
};

template <class Put>
void decode_string(std::string_view token, Put put) {
  SKIFF_DCHECK(token.size() >= 2 && token.front() == '"' && token.back() == '"');
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] != '\\') {
      put(token[i]);
      continue;
    }
    const char c = token[++i];
    switch (c) {
      case 't': put('\t'); break;
      case 'n': put('\n'); break;
      case 'r': put('\r'); break;
      case '"':
      case '\'':
      case '\\': put(c); break;
      case 'u': {
        uint32_t value = 0;
        for (i += 2; token[i] != '}'; ++i)
          if (token[i] != '_') value = value << 4 | static_cast<uint32_t>(hex_digit(token[i]));
        std::string utf8;
        append_utf8(utf8, value);
        for (char u : utf8) put(u);
        break;
      }
      default: {
        const int value = hex_digit(c) << 4 | hex_digit(token[++i]);
        put(static_cast<char>(value));
      }
    }
  }
}

}  // namespace

TokenList tokenize(std::string_view source) { return Tokenizer(source).run(); }

std::string parse_string(std::string_view token) {
  std::string out;
  out.reserve(token.size());
  decode_string(token, [&](char c) { out.push_back(c); });
  return out;
}

void parse_string(std::string_view token, std::vector<uint8_t>& out) {
  out.reserve(out.size() + token.size());
  decode_string(token, [&](char c) { out.push_back(static_cast<uint8_t>(c)); });
}

std::string parse_id(std::string_view token) {
  if (token.size() > 1 && token[1] == '"') return parse_string(token.substr(1));
  return std::string(token.substr(1));
}

std::string TokenCursor::expect_string() {
  const Token token = expect(TokenKind::String);
  return ok() ? parse_string(text(token)) : std::string{};
}

std::string TokenCursor::expect_name() {
  const uint32_t offset = peek().offset;
  std::string name = expect_string();
  if (ok() && !is_utf8(name)) set_error(ErrorCode::MalformedUtf8, offset);
  return name;
}

void TokenCursor::set_error(ErrorCode code, uint64_t offset, std::string detail) {
  if (failed_) return;
  error_ = Error{code, offset, kNoIndex, std::move(detail)};
  end_.offset = static_cast<uint32_t>(offset);
  failed_ = true;
}

void TokenCursor::unexpected() {
  if (failed_) return;
  const Token& token = peek();
  // Long tokens are data; the beginning is enough to recognise them.
  std::string shown(text(token).substr(0, 60));
  switch (token.kind) {
    case TokenKind::Error: return set_error(list_->error.code, list_->error.offset, list_->error.detail);
    case TokenKind::Reserved: return set_error(ErrorCode::UnknownOperator, std::move(shown));
    case TokenKind::Keyword:
      return set_error(is_keyword(text(token)) ? ErrorCode::UnexpectedToken : ErrorCode::UnknownOperator,
                       std::move(shown));
    case TokenKind::Annot:
      if (shown.ends_with("custom")) return set_error(ErrorCode::MisplacedCustomAnnotation);
      if (shown.ends_with("name")) return set_error(ErrorCode::MisplacedNameAnnotation);
      return set_error(ErrorCode::MalformedBranchHintAnnotation, "not in a function");
    case TokenKind::End: return set_error(ErrorCode::UnexpectedToken, "end of input");
    case TokenKind::LParen:
      // "(" by itself says little: an unknown keyword behind it is the error.
      if (peek(1).kind == TokenKind::Reserved ||
          (peek(1).kind == TokenKind::Keyword && !is_keyword(text(peek(1)))))
        return set_error(ErrorCode::UnknownOperator, peek(1).offset,
                         std::string(text(peek(1)).substr(0, 60)));
      [[fallthrough]];
    case TokenKind::RParen:
    case TokenKind::Id:
    case TokenKind::Nat:
    case TokenKind::Int:
    case TokenKind::Float:
    case TokenKind::String: return set_error(ErrorCode::UnexpectedToken, std::move(shown));
  }
}

}  // namespace skiff::text
