// The script parser: forms that the official suite uses rarely or not at all, and errors.
#include "spectest/script.h"

#include <gtest/gtest.h>

#include "engine/text/text.h"

namespace skiff::spectest {
namespace {

using Kind = Command::Kind;

std::unique_ptr<Script> parse(std::string source) {
  auto script = parse_script(std::move(source));
  EXPECT_TRUE(script) << (script ? "" : script.error().message());
  return script ? std::move(*script) : std::make_unique<Script>();
}

TEST(ParseScript, ModuleForms) {
  const auto s = parse(
      R"wast((module $a (func)) (module binary "\00asm" "\01\00\00\00") (module quote "(func" ")")
      (module definition $d (memory 1)) (module instance $i $d) (register "x" $i))wast");
  ASSERT_EQ(s->commands.size(), 6u);
  EXPECT_EQ(s->commands[0].id, "a");
  EXPECT_EQ(s->commands[0].source->kind, ModuleSource::Kind::Text);
  EXPECT_EQ(s->commands[1].source->bytes, std::string("\0asm\1\0\0\0", 8));
  EXPECT_EQ(s->commands[2].source->bytes, "(func)");
  EXPECT_TRUE(s->commands[3].definition_only);
  EXPECT_EQ(s->commands[4].kind, Kind::Instance);
  EXPECT_EQ(s->commands[4].id, "i");
  EXPECT_EQ(s->commands[4].name, "d");
  EXPECT_EQ(s->commands[5].name, "x");
}

TEST(ParseScript, WholeFileIsOneModule) {
  const auto s = parse("(func) (memory 0)");
  ASSERT_EQ(s->commands.size(), 1u);
  EXPECT_EQ(s->commands[0].source->kind, ModuleSource::Kind::Inline);
}

TEST(ParseScript, Patterns) {
  const auto s = parse(R"wast((assert_return (invoke $m "f" (i64.const -1) (ref.extern 7))
      (f32.const nan:canonical) (v128.const f64x2 nan:arithmetic 1) (ref.null) (ref.null func) (ref.i31)
      (either (i32.const 1) (i32.const 2))))wast");
  ASSERT_EQ(s->commands.size(), 1u);
  const Command& c = s->commands[0];
  EXPECT_EQ(c.action->module, "m");
  EXPECT_EQ(c.action->args[0].number.i64, -1);
  EXPECT_EQ(c.action->args[1].id, 7u);
  ASSERT_EQ(c.results.size(), 6u);
  EXPECT_EQ(c.results[0].lanes[0].kind, LanePattern::Kind::CanonicalNan);
  EXPECT_EQ(c.results[1].lanes[0].kind, LanePattern::Kind::ArithmeticNan);
  EXPECT_EQ(c.results[1].lanes[1].bits, 0x3FF0000000000000u);
  EXPECT_FALSE(c.results[2].heap);
  EXPECT_EQ(c.results[4].heap, HeapType::I31);
  EXPECT_EQ(c.results[5].choices.size(), 2u);
}

TEST(ParseScript, Threads) {
  const auto s =
      parse(R"wast((module $m (memory 1 1 shared)) (thread $t (shared (module $m)) (register "m" $m)
      (module (import "m" "x" (memory 1 1 shared)))) (wait $t))wast");
  ASSERT_EQ(s->commands.size(), 3u);
  EXPECT_EQ(s->commands[1].shared, std::vector<std::string>{"m"});
  EXPECT_EQ(s->commands[1].commands.size(), 2u);
  EXPECT_EQ(s->commands[2].id, "t");
}

TEST(ParseScript, Errors) {
  for (const char* source :
       {"(module", "(assert_return)", "(assert_trap (invoke \"f\"))", "(module) x", "(wait)",
        "(invoke \"f\" (i32.const nan:canonical))",
        "(assert_return (invoke \"f\") (i32.const 1 2))", "(assert_malformed (invoke \"f\") \"\")",
        "(module) (unheard-of)", "(thread $t (thread $u))",
        "(assert_return (invoke \"f\") (either (either (i32.const 1))))"}) {
    const auto script = parse_script(source);
    ASSERT_FALSE(script) << source;
    EXPECT_EQ(script.error().phase(), Phase::Malformed);
  }
}

}  // namespace
}  // namespace skiff::spectest
