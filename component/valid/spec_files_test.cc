// The validator against every script of the official component suite: what stands there as a component or a
// component definition must be valid, the subject of assert_invalid must not be. Looks for the suite in
// SKIFF_SPEC_DIR, else beside the source tree; skipped when it is not there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "component/binary/binary.h"
#include "component/text/parse_component.h"
#include "component/text/text.h"
#include "component/valid/valid.h"
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

// What the suite takes for granted, and what it asserts to be gated.
Features suite_features() {
  Features f = Features::all();
  for (Feature off : {Feature::CmNestedNames}) f.set(off, false);
  return f;
}

struct Counts {
  int valid = 0, invalid = 0, same_text = 0;
};

class SuiteFile {
 public:
  Counts run(const fs::path& path) {
    path_ = path.string();
    std::ifstream in(path, std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    source_ = content.str();
    const text::TokenList tokens = text::tokenize(source_);
    TokenCursor cursor(tokens);
    while (cursor.ok() && !cursor.at(TokenKind::End)) command(cursor);
    EXPECT_TRUE(cursor.ok()) << path_;
    return counts_;
  }

 private:
  std::string where(uint64_t offset) const {
    return path_ + ":" + std::to_string(line_column(source_, offset).line) + ": ";
  }

  void command(TokenCursor& cursor) {
    if (cursor.at_form("component") && !cursor.at_keyword("instance", 2)) return component(cursor, false);
    if (!cursor.at_form("assert_invalid")) return cursor.skip();
    cursor.next(), cursor.next();
    component(cursor, true);
    cursor.expect_string();
    cursor.expect_close();
  }

  void component(TokenCursor& cursor, bool invalid) {
    const uint64_t offset = cursor.peek().offset;
    const uint32_t close = cursor.peek().partner;
    cursor.next(), cursor.next();
    cursor.accept_keyword("definition");
    std::string id;
    if (cursor.at(TokenKind::Id)) id = text::parse_id(cursor.text(cursor.next()));
    const Features features = suite_features();
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
    check(std::move(parsed), offset, invalid, invalid ? text::parse_string(cursor.text()) : "");
  }

  void check(Result<std::shared_ptr<const Component>> parsed, uint64_t offset, bool invalid,
             const std::string& expected) {
    TypeRegistry registry;
    PlainModules modules(registry, suite_features());
    Status status;
    if (!parsed) {
      status = std::unexpected(parsed.error());
    } else if (auto info = validate_component(*parsed, registry, modules, {suite_features()}); !info) {
      status = std::unexpected(info.error());
    }
    if (!invalid) {
      ++counts_.valid;
      EXPECT_TRUE(status.has_value()) << where(offset) << (status ? "" : status.error().message());
      return;
    }
    ++counts_.invalid;
    ASSERT_FALSE(status.has_value()) << where(offset) << "expected invalid: " << expected;
    EXPECT_EQ(status.error().phase(), Phase::Invalid) << where(offset) << status.error().message();
    const bool same = status.error().message().find(expected) != std::string::npos;
    counts_.same_text += same;
    if (!same && std::getenv("SKIFF_SUITE_TEXTS"))
      std::printf("%sexpected %s\n    got %s\n", where(offset).c_str(), expected.c_str(),
                  status.error().message().c_str());
  }

  std::string path_, source_;
  Counts counts_;
};

TEST(ComponentValidSuite, EveryFile) {
  if (!fs::is_directory(suite_dir())) GTEST_SKIP() << "SKIPPED: no component suite in " << suite_dir();
  std::map<std::string, Counts> folders;
  for (const auto& entry : fs::recursive_directory_iterator(suite_dir())) {
    if (entry.path().extension() != ".wast") continue;
    const Counts counts = SuiteFile().run(entry.path());
    Counts& sum = folders[entry.path().parent_path().filename().string()];
    sum.valid += counts.valid;
    sum.invalid += counts.invalid;
    sum.same_text += counts.same_text;
  }
  int total = 0;
  for (const auto& [name, c] : folders) {
    std::printf("%-12s %4d valid, %4d invalid (%d with the suite's text)\n", name.c_str(), c.valid, c.invalid,
                c.same_text);
    total += c.valid + c.invalid;
  }
  EXPECT_GT(total, 600);
}

}  // namespace
}  // namespace skiff::component
