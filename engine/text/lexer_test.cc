// Tokens, their positions, strings, comments and annotations.
#include "engine/text/lexer.h"

#include <gtest/gtest.h>

namespace skiff::text {
namespace {

std::string kinds(std::string_view source) {
  std::string out;
  for (const Token& t : tokenize(source).tokens) out += "()@kinNfsRE."[static_cast<size_t>(t.kind)];
  return out;
}

std::string lexical_error(std::string_view source) {
  const TokenList list = tokenize(source);
  return list.tokens.back().kind == TokenKind::Error ? list.error.message() : "none";
}

TEST(Lexer, Kinds) {
  EXPECT_EQ(kinds(""), ".");
  EXPECT_EQ(kinds("(module $a \"s\" 1 -1 1.5 i32.add offset=1)"), "(kisnNfkk).");
  EXPECT_EQ(kinds("0$a \"a\"\"b\" $a\"b\" a\"b\" 1x @ ,;[]{}"), "RRRRRRRRRRRR.");
  EXPECT_EQ(kinds("$\"a b\"$\"c\""), "R.");
  EXPECT_EQ(kinds("inf nan nan:0x1 nan:canonical infinity"), "fffkk.");
  EXPECT_EQ(kinds("a;;b\nc(;d(;e;)f;)g;;"), "kkk.");
  EXPECT_EQ(kinds("(@x ; (\") ;)\" ) \")\" $y 1 (; ) ;)) k"), "k.");
  EXPECT_EQ(kinds("(@name \"x\")(@custom)"), "@s)@).");
  EXPECT_EQ(kinds("(@\"name\" \"x\")"), "@s).");
}

TEST(Lexer, PartnersAndPositions) {
  const TokenList list = tokenize("(a (b) (c (d)))");
  ASSERT_EQ(list.tokens.size(), 13u);
  EXPECT_EQ(list.tokens[0].partner, 11u);
  EXPECT_EQ(list.tokens[2].partner, 4u);
  EXPECT_EQ(list.tokens[5].partner, 10u);
  EXPECT_EQ(list.tokens[5].offset, 7u);
  TokenCursor c(list);
  c.next(), c.next();
  c.skip();
  EXPECT_TRUE(c.at_form("c"));
  c.skip();
  EXPECT_TRUE(c.at(TokenKind::RParen));
}

TEST(Lexer, Strings) {
  EXPECT_EQ(parse_string(R"("a\t\n\r\"\'\\\41\u{1F_600}é")"), "a\t\n\r\"'\\A\xF0\x9F\x98\x80\xC3\xA9");
  EXPECT_EQ(parse_id("$ab"), "ab");
  EXPECT_EQ(parse_id("$\"a b\\20\""), "a b ");
  for (const char* s : {R"("\x")", R"("\4")", R"("\4g")", R"("\u41")", R"("\u{}")", R"("\u{_1}")",
                        R"("\u{1_}")", R"("\u{110000}")", R"("\u{dfff}")", R"("\u{4)"})
    EXPECT_NE(lexical_error(s), "none") << s;
}

TEST(Lexer, Errors) {
  EXPECT_EQ(lexical_error("\"abc"), "unclosed string");
  EXPECT_EQ(lexical_error("(; (; ;)"), "unclosed comment");
  EXPECT_EQ(lexical_error("(@x ( )"), "unclosed annotation");
  EXPECT_EQ(lexical_error("(@name ( )"), "unclosed annotation");
  EXPECT_EQ(lexical_error("$"), "empty identifier");
  EXPECT_EQ(lexical_error("(@ x)"), "empty annotation id");
  EXPECT_EQ(lexical_error("\x01"), "illegal character");
  EXPECT_EQ(lexical_error("\xC3\xA9"), "illegal character");
}

TEST(Lexer, PositionOfBadUtf8) {
  const std::string good = ";; \xE2\x82\xAC\xC3\xA9 caf\xC3\xA9 \xF0\x9F\x98\x80\n";
  for (size_t lead = 0; lead < 40; ++lead) {
    const std::string head = std::string(lead, ' ') + good;
    for (const char* bad : {"\xFF", "\x80", "\xC3(", "\xED\xA0\x80", "\xF0\x9F\x98"}) {
      const TokenList list = tokenize(head + bad + " more \xE2\x82\xAC text");
      EXPECT_EQ(list.error.code, ErrorCode::MalformedUtf8);
      EXPECT_EQ(list.error.offset, head.size()) << lead;
    }
  }
}

TEST(Lexer, CursorKeepsTheFirstError) {
  const TokenList list = tokenize("(a b");
  TokenCursor c(list);
  EXPECT_TRUE(c.accept_form("a"));
  c.expect_close();
  EXPECT_FALSE(c.ok());
  EXPECT_EQ(c.error().message(), "unknown operator: b");
  EXPECT_TRUE(c.at(TokenKind::End));
  c.expect_close();
  EXPECT_EQ(c.error().offset, 3u);
}

}  // namespace
}  // namespace skiff::text
