// The component parser, encoder, decoder and printer against every script of the official component suite:
// what the suite takes for well-formed must parse, survive encoding and decoding, and survive printing and
// parsing; malformed text and binaries must be rejected. Looks for the suite in SKIFF_SPEC_DIR, else beside
// the source tree; skipped when it is not there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "component/binary/binary.h"
#include "component/binary/equal.h"
#include "component/text/parse_component.h"
#include "component/text/text.h"
#include "engine/text/text.h"

namespace skiff::component {
namespace {

namespace fs = std::filesystem;
using text::TokenCursor;
using text::TokenKind;

fs::path suite_dir() {
  if (const char* dir = std::getenv("SKIFF_SPEC_DIR")) return fs::path(dir) / "component";
  return fs::path(__FILE__).parent_path() / "../../../shared/spec/component";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class SuiteFile {
 public:
  int components = 0, malformed = 0;

  void run(const fs::path& path) {
    path_ = path.string();
    source_ = read(path);
    const text::TokenList tokens = text::tokenize(source_);
    TokenCursor cursor(tokens);
    while (cursor.ok() && !cursor.at(TokenKind::End)) command(cursor);
    if (!cursor.ok()) ADD_FAILURE() << where(cursor.error().offset) << cursor.error().message();
  }

 private:
  enum class Expect { Good, Malformed, Invalid };

  std::string where(uint64_t offset) const {
    return path_ + ":" + std::to_string(line_column(source_, offset).line) + ": ";
  }

  void command(TokenCursor& cursor) {
    if (cursor.at_form("component") && !cursor.at_keyword("instance", 2)) return component(cursor, Expect::Good);
    if (cursor.at_form("assert_malformed") || cursor.at_form("assert_invalid")) {
      const Expect expect = cursor.at_form("assert_malformed") ? Expect::Malformed : Expect::Invalid;
      cursor.next(), cursor.next();
      if (!cursor.at_form("component")) return cursor.unexpected();
      component(cursor, expect);
      cursor.expect_string();
      return cursor.expect_close();
    }
    cursor.skip();
  }

  void component(TokenCursor& cursor, Expect expect) {
    const uint64_t offset = cursor.peek().offset;
    const uint32_t close = cursor.peek().partner;
    cursor.next(), cursor.next();
    cursor.accept_keyword("definition");
    std::string id;
    if (cursor.at(TokenKind::Id)) id = text::parse_id(cursor.text(cursor.next()));
    const Features features = Features::all();
    Result<std::shared_ptr<const Component>> parsed = fail(ErrorCode::InvalidArgument);
    if (cursor.at_keyword("binary") || cursor.at_keyword("quote")) {
      const bool binary = cursor.at_keyword("binary");
      cursor.next();
      std::string bytes;
      while (cursor.at_string()) bytes += cursor.expect_string();
      parsed = binary ? decode_component(SharedBytes::own({bytes.begin(), bytes.end()}), features)
                      : parse_component("(component " + bytes + ")", features);
    } else {
      TokenCursor inner = cursor;
      parsed = parse_component_fields(inner, id, features);
    }
    cursor.seek(close);
    cursor.expect_close();
    if (expect == Expect::Malformed) {
      // Core modules are byte ranges here: what is malformed within them is for the validator.
      const bool rejected = !parsed && parsed.error().phase() == Phase::Malformed;
      const std::string message = cursor.at_string() ? text::parse_string(cursor.text()) : "";
      const bool of_module = message == "section out of order" || message == "expected a version header for a module";
      EXPECT_TRUE(rejected || of_module) << where(offset) << "expected malformed: " << message;
      ++malformed;
      return;
    }
    if (!parsed) {
      const bool invalid = expect == Expect::Invalid && parsed.error().phase() == Phase::Invalid;
      EXPECT_TRUE(invalid) << where(parsed.error().offset) << parsed.error().message();
      return;
    }
    ++components;
    round_trip(**parsed, offset);
  }

  void round_trip(const Component& first, uint64_t offset) {
    const Features features = Features::all();
    const auto decoded = decode_component(SharedBytes::own(encode_component(first)), features);
    ASSERT_TRUE(decoded.has_value()) << where(offset) << decoded.error().message() << " at " << decoded.error().offset;
    EXPECT_TRUE(components_equal(first, **decoded)) << where(offset) << "differs after encoding and decoding";
    const auto printed = print_component(first);
    ASSERT_TRUE(printed.has_value()) << where(offset) << printed.error().message();
    const auto again = parse_component(*printed, features);
    ASSERT_TRUE(again.has_value()) << where(offset) << again.error().message() << " at " << again.error().offset
                                   << " in\n" << *printed;
    EXPECT_TRUE(components_equal(first, **again)) << where(offset) << "differs after printing:\n" << *printed;
  }

  std::string path_, source_;
};

TEST(ComponentSuite, EveryFile) {
  if (!fs::is_directory(suite_dir())) GTEST_SKIP() << "SKIPPED: no component suite in " << suite_dir();
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(suite_dir()))
    if (entry.path().extension() == ".wast") paths.push_back(entry.path());
  int components = 0, malformed = 0;
  for (const fs::path& path : paths) {
    SuiteFile file;
    file.run(path);
    components += file.components;
    malformed += file.malformed;
  }
  EXPECT_GE(components, 664);
  EXPECT_GE(malformed, 75);
}

}  // namespace
}  // namespace skiff::component
