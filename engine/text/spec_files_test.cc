// The text parser against every script of the official test suite: well-formed modules must parse,
// malformed ones must be rejected with the expected words, and printing must lose nothing. Looks for
// the suite in SKIFF_SPEC_DIR, else beside the source tree; skipped when it is not there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/binary/encode.h"
#include "engine/text/parse_module.h"
#include "engine/text/text.h"

namespace skiff {
namespace {

namespace fs = std::filesystem;
using text::TokenCursor;
using text::TokenKind;

fs::path spec_dir() {
  if (const char* dir = std::getenv("SKIFF_SPEC_DIR")) return dir;
  return fs::path(__FILE__).parent_path() / "../../../shared/spec";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class SpecFiles {
 public:
  int modules = 0, malformed = 0;

  void run(const fs::path& path) {
    path_ = path.string();
    features_ = Features::all();
    // These scripts are older than 64-bit memories.
    if (path_.find("proposals/threads") != std::string::npos) features_.set(Feature::Memory64, false);
    const std::string source = read(path);
    source_ = source;
    const text::TokenList tokens = text::tokenize(source);
    TokenCursor cursor(tokens);
    if (!cursor.at_form("module") && !cursor.at_form("assert_malformed") && cursor.at(TokenKind::LParen) &&
        path.filename() == "inline-module.wast") {
      ++modules;
      EXPECT_TRUE(parse_wat(source, features_).has_value());
      return;
    }
    while (cursor.ok() && !cursor.at(TokenKind::End)) {
      if (!cursor.at(TokenKind::LParen)) {
        cursor.unexpected();
        break;
      }
      command(cursor);
    }
    if (!cursor.ok()) ADD_FAILURE() << where(cursor.error().offset) << cursor.error().message();
  }

 private:
  std::string where(uint64_t offset) const {
    return path_ + ":" + std::to_string(line_column(source_, offset).line) + ": ";
  }

  void command(TokenCursor& c) {
    const size_t begin = c.position();
    const uint64_t offset = c.peek().offset;
    const std::string_view keyword = c.text(c.peek(1));
    if (keyword == "module") {
      module(c, offset);
    } else if (keyword == "assert_malformed" || keyword == "assert_malformed_custom") {
      c.next(), c.next();
      malformed_module(c, offset);
    } else if (keyword.starts_with("assert_") && c.peek(2).kind == TokenKind::LParen &&
               c.text(c.peek(3)) == "module") {
      c.next(), c.next();
      module(c, offset);
    }
    if (!c.ok()) return;
    c.seek(begin);
    c.skip();
  }

  // Behind "(module": moves over what scripts may add; true for a module of fields.
  bool module_head(TokenCursor& c, bool& quote) {
    c.next(), c.next();
    c.accept_keyword("definition");
    const bool instance = c.at_keyword("instance");
    c.accept(TokenKind::Id);
    quote = c.at_keyword("quote");
    return !instance && !quote && !c.at_keyword("binary");
  }

  void module(TokenCursor& c, uint64_t offset) {
    bool quote = false;
    if (module_head(c, quote)) {
      const Result<Module> m = text::parse_module_fields(c, features_);
      if (!m) return;
      ++modules;
      round_trip(*m, offset);
    } else if (quote) {
      const std::string inner = quoted(c);
      const Result<Module> m = parse_wat(inner, features_);
      ++modules;
      if (m)
        round_trip(*m, offset);
      else
        ADD_FAILURE() << where(offset) << m.error().message();
    }
  }

  static std::string quoted(TokenCursor& c) {
    c.next();
    std::string inner;
    while (c.at_string()) {
      if (!inner.empty()) inner += " ";
      inner += c.expect_string();
    }
    return inner;
  }

  void malformed_module(TokenCursor& c, uint64_t offset) {
    bool quote = false;
    module_head(c, quote);
    if (!quote) return;
    const std::string inner = quoted(c);
    c.expect_close();
    const std::string expected = c.expect_string();
    ++malformed;
    const Result<Module> m = parse_wat(inner, features_);
    if (m) {
      ADD_FAILURE() << where(offset) << "accepted, expected: " << expected << "\n" << inner;
      return;
    }
    const std::string message = m.error().message();
    const std::string_view fixed = text_of(m.error().code);
    // "constant out of range" stands for the ranges of all types.
    const bool fits = message.starts_with(expected) || expected.starts_with(fixed) ||
                      (expected.find("constant out of range") != std::string::npos &&
                       fixed.ends_with("constant out of range"));
    EXPECT_TRUE(fits) << where(offset) << message << ", expected: " << expected << "\n" << inner;
  }

  void round_trip(const Module& m, uint64_t offset) {
    const std::vector<uint8_t> binary = encode_module(m);
    for (bool fold : {false, true}) {
      PrintOptions options;
      options.fold = fold;
      const Result<std::string> printed = print_wat(m, options);
      if (!printed) {
        ADD_FAILURE() << where(offset) << "print: " << printed.error().message();
        return;
      }
      const Result<Module> again = parse_wat(*printed, features_);
      if (!again) {
        ADD_FAILURE() << where(offset) << "parse again: " << again.error().message() << " at "
                      << again.error().offset << "\n"
                      << printed->substr(0, 4000);
        return;
      }
      EXPECT_EQ(encode_module(*again), binary) << where(offset) << printed->substr(0, 4000);
    }
  }

  std::string path_;
  Features features_;
  std::string_view source_;
};

TEST(SpecFiles, ParsePrintParse) {
  const fs::path dir = spec_dir() / "core";
  if (!fs::exists(dir)) GTEST_SKIP() << "no test suite at " << dir << "; set SKIFF_SPEC_DIR";
  SpecFiles files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    const std::string path = entry.path().string();
    // A proposal that Skiff does not implement.
    if (path.find("custom-descriptors") != std::string::npos) continue;
    if (entry.path().extension() == ".wast") files.run(entry.path());
  }
  EXPECT_GT(files.modules, 1000);
  EXPECT_GT(files.malformed, 1000);
}

}  // namespace
}  // namespace skiff
