// The contract of FunctionSink (sink.h): what is delivered, in which order, and what is not.
#include "engine/valid/walker.h"

#include "engine/valid/valid_test_util.h"

namespace skiff {
namespace {
using namespace testing;

// Writes a line of what it is told: "op@height", blocks as "+op(params:results)", "~op", "-op"; a trailing
// '.' means that the part before falls through.
struct RecordingSink {
  std::string log;
  void add(std::string text) { log += (log.empty() ? "" : " ") + std::move(text); }
  static std::string at(const Instr& i, const WalkView& v) {
    return std::string(info(i.op).text) + "@" + std::to_string(v.height);
  }
  void begin(const FunctionHeader& h) { add("begin" + std::to_string(h.locals.size())); }
  void instr(const Instr& i, const ResolvedInstr&, const WalkView& v) { add(at(i, v)); }
  void block_begin(const Instr& i, const BlockInfo& b, const WalkView& v) {
    add("+" + at(i, v) + "(" + std::to_string(b.params.size()) + ":" + std::to_string(b.results.size()) +
        ")");
  }
  void block_else(const Instr& i, const ResolvedInstr&, const BlockInfo&, const WalkView& v, bool falls) {
    add("~" + std::string(info(i.op).text) + (falls ? "." : ""));
  }
  void block_end(const Instr& i, const BlockInfo& b, const WalkView& v, bool falls) {
    add("-" + std::string(info(b.op).text) + std::to_string(v.depth) + (falls ? "." : ""));
  }
  void end() { add("end"); }
};
static_assert(FunctionSink<RecordingSink>);

std::string walk(std::string_view func) {
  TypeRegistry registry;
  auto info = validate_module(parse("(module (tag) (func " + std::string(func) + "))"), registry);
  EXPECT_TRUE(info) << (info ? "" : info.error().message());
  if (!info) return "";
  RecordingSink sink;
  WalkScratch scratch;
  EXPECT_TRUE(walk_function(**info, 0, sink, scratch));
  return sink.log;
}

TEST(Walker, DeliversInOrderWithHeights) {
  EXPECT_EQ(walk("(param i32) (result i32) (i32.add (local.get 0) (i32.const 1))"),
            "begin1 local.get@0 i32.const@1 i32.add@2 -block1. end");
  EXPECT_EQ(
      walk("(param i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))) drop"),
      "begin1 local.get@0 +if@1(0:1) i32.const@0 ~else. i32.const@0 -if2. drop@1 -block1. end");
}

TEST(Walker, KeepsUnreachableCodeToItself) {
  EXPECT_EQ(walk("return (i32.const 1) (block (nop)) drop"), "begin0 return@0 -block1 end");
  EXPECT_EQ(walk("(param i32) (if (local.get 0) (then (return) (nop)) (else (nop)))"),
            "begin1 local.get@0 +if@1(0:0) return@0 ~else nop@0 -if2. -block1. end");
}

TEST(Walker, CodeAfterABlockThatNeverEndsIsUnreachable) {
  EXPECT_EQ(walk("(block (return)) nop"), "begin0 +block@0(0:0) return@0 -block2 -block1 end");
  EXPECT_EQ(walk("(block (br 0)) nop"), "begin0 +block@0(0:0) br@0 -block2 nop@0 -block1. end");
  // A branch back to a loop does not reach its end.
  EXPECT_EQ(walk("(loop (br 0)) nop"), "begin0 +loop@0(0:0) br@0 -loop2 -block1 end");
  // A branch that is itself unreachable does not count.
  EXPECT_EQ(walk("(block (return) (br 0)) nop"), "begin0 +block@0(0:0) return@0 -block2 -block1 end");
  EXPECT_EQ(walk("(param i32) (if (local.get 0) (then (return))) nop"),
            "begin1 local.get@0 +if@1(0:0) return@0 -if2 nop@0 -block1. end");
  EXPECT_EQ(walk("(param i32) (if (local.get 0) (then (nop)) (else (return))) nop"),
            "begin1 local.get@0 +if@1(0:0) nop@0 ~else. return@0 -if2 nop@0 -block1. end");
  // Typing of undelivered code goes on without polymorphism.
  EXPECT_EQ(walk("(block (br 1)) (drop (i32.const 1))"), "begin0 +block@0(0:0) br@0 -block2 -block1 end");
}

TEST(Walker, ExceptionHandlersReachTheirLabels) {
  EXPECT_EQ(walk("(block (try_table (catch 0 0) (return)) (unreachable)) nop"),
            "begin0 +block@0(0:0) +try_table@0(0:0) return@0 -try_table3 -block2 nop@0 -block1. end");
  EXPECT_EQ(walk("(try (do (return)) (catch 0 (nop))) nop"),
            "begin0 +try@0(0:0) return@0 ~catch nop@0 -try2. nop@0 -block1. end");
}

// Immediates as delivered, in order.
struct ImmediateSink : NullSink {
  std::vector<uint64_t> values;
  void instr(const Instr& i, const ResolvedInstr&, const WalkView&) {
    if (i.op == Op::I32Const || i.op == Op::I64Const) values.push_back(i.bits);
    if (i.op == Op::I32Load) values.push_back(i.memarg.offset);
    if (i.op == Op::F32Const || i.op == Op::F64Const) values.push_back(i.bits);
  }
};

// Every length of LEB128, far from the end of the body and right before it.
TEST(Walker, ImmediatesOfAnyLength) {
  std::string code;
  std::vector<uint64_t> expected;
  auto constant = [&](std::string type, uint64_t value, uint64_t bits) {
    code += "(drop (" + type + ".const " + std::to_string(static_cast<int64_t>(value)) + "))";
    expected.push_back(bits);
  };
  for (unsigned k = 0; k < 64; ++k) {
    for (uint64_t value : {uint64_t{1} << k, (uint64_t{1} << k) - 1, ~(uint64_t{1} << k), -(uint64_t{1} << k)}) {
      constant("i64", value, value);
      if (k >= 32) continue;
      const auto narrow = static_cast<uint32_t>(value);
      constant("i32", static_cast<uint64_t>(int64_t{static_cast<int32_t>(narrow)}), narrow);
      code += "(drop (i32.load offset=" + std::to_string(narrow) + " (local.get 0)))";
      expected.push_back(narrow);
    }
  }
  code += "(drop (f32.const 1)) (drop (f64.const 2))";
  expected.insert(expected.end(), {0x3F800000, uint64_t{1} << 62});
  for (std::string_view last : {"", "(i32.const -8193)", "(i64.const 123456789012)", "(f64.const 2)"}) {
    std::string result;
    if (!last.empty()) result = "(result " + std::string(last.substr(1, 3)) + ")";
    TypeRegistry registry;
    auto info = validate_module(
        parse("(module (memory 1) (func (param i32) " + result + code + std::string(last) + "))"), registry);
    ASSERT_TRUE(info) << info.error().message();
    ImmediateSink sink;
    WalkScratch scratch;
    ASSERT_TRUE(walk_function(**info, 0, sink, scratch));
    std::vector<uint64_t> all = expected;
    if (last.starts_with("(i32")) all.push_back(static_cast<uint32_t>(-8193));
    if (last.starts_with("(i64")) all.push_back(123456789012);
    if (last.starts_with("(f64")) all.push_back(uint64_t{1} << 62);
    EXPECT_EQ(sink.values, all) << last;
  }
}

TEST(Walker, BlocksWithNumbersAndCalls) {
  EXPECT_EQ(walk("(result i32) (block (result i32) (br_if 0 (i32.const 1) (i32.const 2))) (call 0) i32.add"),
            "begin0 +block@0(0:1) i32.const@0 i32.const@1 br_if@2 -block2. call@1 i32.add@2 -block1. end");
  EXPECT_EQ(walk("(result i64) (loop (result i64) (br 0)) (drop) (i64.const 1)"),
            "begin0 +loop@0(0:1) br@0 -loop2 -block1 end");
  EXPECT_ERROR(check_func("(result i32) (block (result i32) (br 0 (i64.const 1)))"), "type mismatch");
  EXPECT_ERROR(check_func("(block (result i32) (i32.const 1) (i32.const 2)) drop"), "type mismatch");
  EXPECT_ERROR(check_func("(if (result i32) (i32.const 1) (then (i32.const 2)) (else)) drop"), "type mismatch");
  EXPECT_ERROR(check_func("(param f32) (call 0 (f64.const 1)) nop nop nop"), "type mismatch");
  EXPECT_ERROR(check_func("(result f32) (block (return (f64.const 1))) (f32.const 0)"), "type mismatch");
  EXPECT_VALID(check_func("(result i32) (block (result i32) (unreachable)) nop nop nop"));
}

TEST(Walker, ConstantExpressions) {
  TypeRegistry registry;
  auto info = validate_module(parse("(module (global i32 (i32.mul (i32.const 6) (i32.const 7))))"), registry);
  ASSERT_TRUE(info);
  RecordingSink sink;
  WalkScratch scratch;
  EXPECT_TRUE(walk_const_expr(**info, (*info)->module.globals[0].init, ValType::I32, scratch, sink));
  EXPECT_EQ(sink.log, "i32.const@0 i32.const@1 i32.mul@2");
}

TEST(Walker, ScratchSurvivesErrors) {
  TypeRegistry registry;
  auto info = validate_module(parse("(module (func (block (i32.const 1))) (func (block nop)))"), registry,
                              {1, false});
  ASSERT_TRUE(info);
  WalkScratch scratch;
  NullSink sink;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(walk_function(**info, 0, sink, scratch));
    EXPECT_TRUE(walk_function(**info, 1, sink, scratch));
  }
}

}  // namespace
}  // namespace skiff
