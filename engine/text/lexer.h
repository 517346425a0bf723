// The text format's lexical structure (Spec: text-lexical): source text to a flat list of tokens with
// byte positions. Comments are dropped, annotations that we do not know too (after checking that they
// balance), so that parsers never see them. A parenthesis knows its partner, so that whole forms can be
// skipped in one step.
//
// Shared by the module parser and the script runner: tokenize() once, then walk with a TokenCursor.
// A lexical error ends the list with a token of kind Error; the cursor reports it when it gets there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace skiff::text {

enum class TokenKind : uint8_t {
  LParen,
  RParen,
  Annot,     // "(@id" of an annotation that we know: custom, name, metadata.code.branch_hint
  Keyword,   // starts with a lower-case letter; known or not
  Id,        // $name or $"name"
  Nat,       // unsigned integer literal
  Int,       // integer literal with a sign
  Float,     // any other number literal, inf and nan included
  String,    // with its quotes
  Reserved,  // any other run of token characters; never legal outside of annotations
  Error,     // a lexical error, always the last token
  End,       // the end of the source, always the last token
};

struct Token {
  TokenKind kind = TokenKind::End;
  uint32_t offset = 0;  // byte position in the source
  uint32_t length = 0;  // bytes
  /// LParen, Annot: index of the matching RParen, or of the last token when there is none.
  uint32_t partner = 0;
};

/// The tokens of a source, never empty: the last one is End or Error. Views into the source, which must
/// outlive it.
struct TokenList {
  std::string_view source;
  std::vector<Token> tokens;
  Error error;  // when the last token is Error
};

/// Splits a source into tokens. Errors are kept in the list: IllegalCharacter, MalformedUtf8,
/// UnclosedString, UnclosedComment, UnclosedAnnotation, EmptyIdentifier, EmptyAnnotationId,
/// TooDeeplyNested (limits::kTextNesting), ImplementationLimit (limits::kModuleSize).
TokenList tokenize(std::string_view source);

/// Bytes that a string token stands for, escapes resolved. Requires: `token` is the text of a String
/// token (with its quotes).
std::string parse_string(std::string_view token);
/// The same, appended to `out`.
void parse_string(std::string_view token, std::vector<uint8_t>& out);
/// Name of an Id token without '$', escapes of the quoted form resolved.
std::string parse_id(std::string_view token);

/// A position in a TokenList, with the first error ("sticky"): after an error every look sees End and
/// nothing moves, so that a form is read straight through and asked once with ok().
class TokenCursor {
 public:
  explicit TokenCursor(const TokenList& list) : list_(&list) {}

  /// The token `ahead` places further, without moving. Never runs over the end.
  const Token& peek(size_t ahead = 0) const {
    if (failed_) [[unlikely]]
      return end_;
    const size_t i = position_ + ahead;
    return list_->tokens[i < list_->tokens.size() ? i : list_->tokens.size() - 1];
  }
  TokenKind kind(size_t ahead = 0) const { return peek(ahead).kind; }
  std::string_view text(const Token& token) const { return list_->source.substr(token.offset, token.length); }
  std::string_view text() const { return text(peek()); }

  /// Returns the current token and moves behind it (not beyond the last one).
  Token next() {
    const Token token = peek();
    if (!failed_ && position_ + 1 < list_->tokens.size()) ++position_;
    return token;
  }

  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_keyword(std::string_view keyword, size_t ahead = 0) const {
    const Token& t = peek(ahead);
    return t.kind == TokenKind::Keyword && text(t) == keyword;
  }
  /// At "(" followed by this keyword?
  bool at_form(std::string_view keyword) const { return at(TokenKind::LParen) && at_keyword(keyword, 1); }
  bool at_string() const { return at(TokenKind::String); }

  /// Moves behind the token if it is of this kind.
  bool accept(TokenKind kind) { return at(kind) && (next(), true); }
  bool accept_keyword(std::string_view keyword) { return at_keyword(keyword) && (next(), true); }
  /// Moves behind "(" and the keyword if they come next.
  bool accept_form(std::string_view keyword) { return at_form(keyword) && (next(), next(), true); }

  /// The same, but anything else is an error (see unexpected()).
  Token expect(TokenKind kind) {
    if (at(kind)) return next();
    unexpected();
    return end_;
  }
  void expect_keyword(std::string_view keyword) {
    if (!accept_keyword(keyword)) unexpected();
  }
  void expect_close() { expect(TokenKind::RParen); }
  /// Bytes of the string token here.
  std::string expect_string();
  /// The same, which must be UTF-8 (Spec: text-name). Errors: MalformedUtf8.
  std::string expect_name();

  /// Moves behind the form or the single token here.
  void skip() {
    if (at(TokenKind::LParen) || at(TokenKind::Annot)) position_ = peek().partner;
    next();
  }

  bool ok() const { return !failed_; }
  /// Requires: !ok().
  const Error& error() const { return error_; }
  /// Records an error unless there is one already.
  void set_error(ErrorCode code, uint64_t offset, std::string detail = {});
  void set_error(ErrorCode code, std::string detail = {}) {
    set_error(code, peek().offset, std::move(detail));
  }
  /// Records that the token here cannot stand here: the list's own error at an Error token,
  /// UnknownOperator for keywords that exist nowhere, a misplaced-annotation error, UnexpectedToken.
  void unexpected();

  size_t position() const { return position_; }
  void seek(size_t position) { position_ = position; }
  std::string_view source() const { return list_->source; }

 private:
  const TokenList* list_;
  size_t position_ = 0;
  bool failed_ = false;
  Token end_{};
  Error error_{};
};

}  // namespace skiff::text
