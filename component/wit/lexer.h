// The lexer of WIT: tokens on demand, with the doc comments that stand before them. It never fails
// by itself in the middle of a token stream: a bad character or identifier is an error of the token
// that it would be. Spec: WIT.md, Lexical structure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "component/wit/source.h"
#include "component/wit/version.h"
#include "engine/base/result.h"

namespace skiff::component::wit {

/// Keywords are identifiers with kind Keyword; what they mean is told by their text.
enum class TokenKind : uint8_t {
  End,
  Identifier,
  Keyword,
  Integer,
  String,
  Underscore,
  Punctuation,
  Arrow
};

struct Token {
  TokenKind kind = TokenKind::End;
  Span span;
  /// Identifiers: without a leading '%'. Strings: with quotes, as written. End: empty.
  std::string_view text;

  bool is(char c) const { return kind == TokenKind::Punctuation && text[0] == c; }
  bool is(std::string_view keyword) const { return kind == TokenKind::Keyword && text == keyword; }
};

/// Checks what holds for a whole source: no control codes, bidirectional overrides or deprecated
/// code points.
Status check_characters(const SourceMap& sources, uint32_t file);

class Lexer {
 public:
  /// Requires: check_characters() has accepted the file.
  Lexer(const SourceMap& sources, uint32_t file);

  /// The next token without consuming it. Errors: MalformedWit.
  Result<Token> peek();
  /// Consumes the token that peek() showed. Requires: it did, without error.
  void advance();
  /// The doc comments directly before the token that peek() shows, as text without comment marks;
  /// lines are joined by '\n'.
  Result<std::string> docs();

  /// Reads a version at the current position (instead of a token). Stops before ".{" of a `use`.
  Result<Version> version();

  /// Goes back to the start of an earlier span.
  void rewind(Span to) { pos_ = to.begin - base_, peeked_.reset(); }
  /// End of the last consumed token.
  uint32_t last_end() const { return last_end_; }

 private:
  Result<Token> lex();
  Result<Token> word(uint32_t begin, bool is_explicit);
  Result<Token> string(uint32_t begin);
  // Skips white space and comments, remembering doc comments. Errors: an unclosed block comment.
  Status skip_space();
  Status block_comment();
  char at(uint32_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  Span span(uint32_t begin, uint32_t end) const { return {base_ + begin, base_ + end}; }
  std::string_view piece(uint32_t begin) const { return text_.substr(begin, pos_ - begin); }
  std::unexpected<Error> error(uint32_t at, std::string what, std::string hint = {}) const;

  const SourceMap& sources_;
  std::string_view text_;
  uint32_t base_;
  uint32_t pos_ = 0;       // in text_; behind the peeked token when there is one
  uint32_t last_end_ = 0;  // in the space of all sources
  std::optional<Token> peeked_;
  std::string docs_;  // before the peeked token
};

/// The value of a string token. Spec: text-name (escapes; the result is UTF-8). Errors:
/// MalformedWit.
Result<std::string> string_value(const SourceMap& sources, const Token& token);

/// True for the reserved words, which are identifiers only after a '%'.
bool is_keyword(std::string_view word);

/// A source's tokens separated by single spaces, without comments: equal for sources that mean the
/// same.
std::string squeeze(std::string_view text);

}  // namespace skiff::component::wit
