// The official component suite runs through fused adapters: counts those of all components in it. Looks for the suite in
// SKIFF_SPEC_DIR, else beside the source tree; skipped when it is not there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "component/binary/binary.h"
#include "component/exec/component.h"
#include "component/text/parse_component.h"
#include "engine/interp/interp.h"

namespace skiff::component {
namespace {

namespace fs = std::filesystem;
using text::TokenCursor;
using text::TokenKind;

fs::path suite_dir() {
  if (const char* dir = std::getenv("SKIFF_SPEC_DIR")) return fs::path(dir) / "component";
  return fs::path(__FILE__).parent_path() / "../../../shared/spec/component";
}

struct Counts {
  uint32_t fused = 0;
  uint32_t interpreted = 0;         // calls of sync functions that the component itself lifts
};

void count(Engine& engine, TokenCursor& cursor, Counts& counts) {
  cursor.next(), cursor.next();
  cursor.accept_keyword("definition");
  if (cursor.at(TokenKind::Id)) cursor.next();
  if (cursor.at_keyword("binary") || cursor.at_keyword("quote") || cursor.at_keyword("instance")) return;
  const auto parsed = parse_component_fields(cursor, "", engine.features());
  if (!parsed) return;
  const auto compiled = compile_component(engine, SharedBytes::own(encode_component(**parsed)));
  if (!compiled) return;
  const Plan& plan = (*compiled)->plan();
  counts.fused += plan.fused;
  std::map<uint32_t, bool> sync_lifts;
  for (const PlanOp& op : plan.ops) {
    if (const auto* lift = std::get_if<LiftOp>(&op)) sync_lifts[lift->result] = !lift->options.async_;
    if (const auto* lower = std::get_if<LowerOp>(&op))
      counts.interpreted += !lower->options.async_ && sync_lifts.contains(lower->func) && sync_lifts[lower->func];
  }
}

TEST(FusedSuite, RunsThroughAdapters) {
  if (!fs::is_directory(suite_dir())) GTEST_SKIP() << "SKIPPED: no component suite in " << suite_dir();
  EngineConfig config;
  config.features = Features::all();
  Engine engine(config, make_interpreter());
  Counts counts;
  for (const auto& entry : fs::recursive_directory_iterator(suite_dir())) {
    if (entry.path().extension() != ".wast") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    const std::string source = content.str();
    const text::TokenList tokens = text::tokenize(source);
    TokenCursor cursor(tokens);
    while (cursor.ok() && !cursor.at(TokenKind::End)) {
      if (cursor.at_form("component")) {
        TokenCursor inner = cursor;
        count(engine, inner, counts);
      }
      cursor.skip();
    }
  }
  RecordProperty("fused", static_cast<int>(counts.fused));
  RecordProperty("interpreted", static_cast<int>(counts.interpreted));
  // What remains: calls to children and parents, 64-bit memories.
  EXPECT_GE(counts.fused, 180u);
  EXPECT_LE(counts.interpreted, 30u);
}

}  // namespace
}  // namespace skiff::component
