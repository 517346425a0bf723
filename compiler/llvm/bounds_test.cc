// Functions made to blow up a compiler: they become code in bounded time and memory, with less effort where it
// must be. How long is not asserted; the test's own time limit is the judge.
#include <gtest/gtest.h>

#include "compiler/llvm/compile.h"
#include "engine/binary/decode.h"
#include "engine/text/text.h"

namespace skiff::llvm_tier {
namespace {

std::string number(size_t n) { return std::to_string(n); }

std::string repeated(size_t n, std::string_view what) {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += what;
  return text;
}

void expect_code(const std::string& wat) {
  Result<std::vector<uint8_t>> binary = wat_to_binary(wat, Features::all());
  ASSERT_TRUE(binary) << binary.error().message();
  Result<Module> module = decode_module(SharedBytes::own(std::move(*binary)), Features::all());
  ASSERT_TRUE(module) << module.error().message();
  TypeRegistry registry;
  Result<std::unique_ptr<ModuleInfo>> info = validate_module(std::move(*module), registry);
  ASSERT_TRUE(info) << info.error().message();
  const Result<compiler::NativeImage> image = compile_module(**info, {});
  EXPECT_TRUE(image) << image.error().message();
}

TEST(BoundsTest, AsManyLocalsAsThereMayBe) {
  constexpr size_t kLocals = 49'000;
  std::string body;
  for (size_t i = 1; i < kLocals; ++i)
    body += "(local.set " + number(i) + " (i32.add (local.get " + number(i) + ") (local.get " +
            number((i * 7 + 1) % kLocals) + ")))";
  expect_code("(module (func (param i32) (result i32) (local" + repeated(kLocals - 1, " i32") + ") (loop $l " + body +
              "(br_if $l (local.get 0))) (local.get 5)))");
}

TEST(BoundsTest, BrTableOfManyLabels) {
  constexpr size_t kBlocks = 1000, kCases = 60'000;
  std::string labels;
  for (size_t i = 0; i < kCases; ++i) labels += number(i * 7919 % kBlocks) + " ";
  std::string after;
  for (size_t i = 0; i < kBlocks; ++i)
    after += ") (local.set 1 (i32.add (local.get 1) (i32.const " + number(i) + ")))";
  expect_code("(module (func (param i32) (result i32) (local i32)" + repeated(kBlocks, "(block ") + "(br_table " +
              labels + "0 (local.get 0))" + after + "(local.get 1)))");
}

TEST(BoundsTest, DeepNesting) {
  constexpr size_t kDepth = 6000;
  constexpr std::string_view kOpen[] = {"(block ", "(loop ", "(if (i32.eqz (local.get 0)) (then "};
  std::string wat = "(module (memory 1) (func (param i32) (result i32) (local i32)";
  for (size_t i = 0; i < kDepth; ++i) {
    wat += kOpen[i % 3];
    wat += "(local.set 1 (i32.add (local.get 1) (i32.load offset=" + number(i) + " (local.get 1))))";
  }
  for (size_t i = kDepth; i-- > 0;)
    wat += "(br_if " + number(std::min(i, i % 50)) + " (local.get 1))" + (i % 3 == 2 ? "))" : ")");
  expect_code(wat + "(local.get 1)))");
}

TEST(BoundsTest, DeeperNesting) {
  constexpr size_t kDepth = 20'000;
  std::string text = "(module (memory 1) (func (param i32) (result i32) (local i32)";
  for (size_t i = 0; i < kDepth; ++i) text += i % 2 ? " loop" : " block";
  text += " (local.set 1 (i32.load (local.get 1)))";
  for (size_t i = 0; i < kDepth; ++i) text += " (br_if " + number(i % 50 < kDepth - i ? i % 50 : 0) + " (local.get 1)) end";
  expect_code(text + "(local.get 1)))");
}

TEST(BoundsTest, LongStraightLine) {
  std::string wat = "(module (memory 1) (func (param i32) (result i32) (local i32)";
  for (size_t i = 0; i < 40'000; ++i)
    wat += "(local.set 1 (i32.xor (local.get 1) (i32.load offset=" + number(i) + " (local.get " + number(i % 2) + "))))";
  expect_code(wat + "(local.get 1)))");
}

// An interpreter's loop: every case jumps back to the head, where all locals meet.
TEST(BoundsTest, ManyCasesAroundOneLoop) {
  constexpr size_t kLocals = 24, kCases = 2000;
  std::string wat = "(module (memory 1) (func (param i32) (result i32) (local" + repeated(kLocals, " i64") +
                    ") (loop $top " + repeated(kCases, "(block ") + "(br_table ";
  for (size_t i = 0; i < kCases; ++i) wat += number(i) + " ";
  wat += "(i32.load (local.get 0)))";
  for (size_t i = 0; i + 1 < kCases; ++i)
    wat += ") (local.set " + number(1 + i % kLocals) + " (i64.add (local.get " + number(1 + (i * 5 + 3) % kLocals) +
           ") (i64.load offset=" + number(i) + " (local.get 0))))" +
           "(local.set 0 (i32.add (local.get 0) (i32.const 4))) (br $top)";
  wat += ")";
  for (size_t i = 1; i <= kLocals; ++i) wat += "(i64.store offset=" + number(8 * i) + " (local.get 0) (local.get " + number(i) + "))";
  expect_code(wat + "(br_if $top (local.get 0))) (local.get 0)))");
}

TEST(BoundsTest, ManyValuesAliveAcrossCalls) {
  expect_code("(module (import \"m\" \"g\" (func $g (result i32))) (func (result i32)" + repeated(10'000, "(call $g)") +
              repeated(9'999, " i32.add") + "))");
}

}  // namespace
}  // namespace skiff::llvm_tier
