// The parser's expansions and errors, and the printer, on small modules. What the official suite covers
// (spec_files_test.cc) is not repeated here.
#include <gtest/gtest.h>

#include <chrono>

#include "engine/binary/decode.h"
#include "engine/binary/encode.h"
#include "engine/binary/equal.h"
#include "engine/text/text.h"

namespace skiff {
namespace {

Module parse(std::string_view source) {
  Result<Module> m = parse_wat(source, Features::all());
  EXPECT_TRUE(m.has_value()) << source << "\n" << (m ? "" : m.error().message());
  return m ? std::move(*m) : Module{};
}

std::string error(std::string_view source) {
  const Result<Module> m = parse_wat(source, Features::all());
  return m ? "accepted" : m.error().message();
}

std::string text_of_body(const Module& m, size_t func) {
  std::string hex;
  for (uint8_t b : m.functions[func].body.bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    hex += kHex[b >> 4], hex += kHex[b & 15];
  }
  return hex;
}

// Prints in all ways, parses again, compares; also after a detour through the binary.
void expect_round_trip(std::string_view source) {
  const Module m = parse(source);
  const std::vector<uint8_t> binary = encode_module(m);
  const Result<Module> decoded = decode_module(SharedBytes::own(binary), Features::all());
  ASSERT_TRUE(decoded.has_value()) << source << decoded.error().message();
  EXPECT_TRUE(modules_equal(m, *decoded)) << source;
  for (const Module* from : {&m, &*decoded}) {
    for (bool fold : {false, true}) {
      const Result<std::string> printed = print_wat(*from, {.fold = fold, .offsets = fold});
      ASSERT_TRUE(printed.has_value()) << source << printed.error().message();
      const Result<Module> again = parse_wat(*printed, Features::all());
      ASSERT_TRUE(again.has_value()) << *printed << again.error().message();
      EXPECT_TRUE(modules_equal(*again, *from)) << *printed;
      EXPECT_EQ(encode_module(*again), binary) << *printed;
    }
  }
}

TEST(Parse, ImpliedTypesFollowExplicitOnes) {
  const Module m = parse(R"(
    (func (param i32)) (func (result f64) f64.const 0)
    (type (func (param i32))) (func (block (result i32 i32) i32.const 1 i32.const 2) drop drop)
    (rec (type (func (result f64)))) (func (type 4) local.get 0 drop))");
  // Type 1 is in a group of its own after all; the implied ones are [] -> [] and the block's, and the last
  // function's type is found although it stands behind.
  ASSERT_EQ(m.types.size(), 4u);
  EXPECT_EQ(m.functions[0].type, 0u);
  EXPECT_EQ(m.functions[1].type, 1u);
  EXPECT_EQ(m.functions[2].type, 2u);
  EXPECT_EQ(m.types[3].comp.func.results.size(), 2u);
}

TEST(Parse, TypesOfGroupsAndOpenTypesAreNotReused) {
  const Module m = parse("(rec (type (func)) (type (func))) (type (sub (func))) (func)");
  EXPECT_EQ(m.functions[0].type, 3u);
}

TEST(Parse, ForwardReferenceToAnImpliedType) {
  // (type 0) is implied by the function behind; its parameter must count before the local $x.
  const Module m = parse("(func (type 0) (local $x i32) (drop (local.get $x))) (func (param i64))");
  EXPECT_EQ(text_of_body(m, 0), "01017f20011a0b");
}

TEST(Parse, FoldedOrder) {
  const Module m = parse(
      "(func (result i32) (if (result i32) (i32.eqz (i32.const 1)) (then (i32.const 2))"
      " (else (i32.add (i32.const 3) (i32.const 4)))))");
  EXPECT_EQ(text_of_body(m, 0),
            "0041014504"
            "7f410205410341046a0b0b");
}

TEST(Parse, LabelsShadow) {
  const Module m = parse("(func block $l block $l br $l end br $l end)");
  EXPECT_EQ(text_of_body(m, 0),
            "000240"
            "02400c000b"
            "0c000b0b");
  EXPECT_EQ(error("(func block $l end $m)"), "mismatching label");
  EXPECT_EQ(error("(func block end $m)"), "mismatching label");
  EXPECT_EQ(error("(func block $l end br $l)"), "unknown label: $l");
}

TEST(Parse, TryTableLabelsCountFromOutside) {
  const Module m = parse("(tag $e) (func block $l (try_table $l (catch $e $l) (catch_all 1)) end)");
  EXPECT_EQ(text_of_body(m, 0),
            "000240"
            "1f4002"
            "000000"
            "0201"
            "0b"
            "0b0b");
}

TEST(Parse, MemArgAndLanes) {
  const Module m = parse(
      "(memory $a 1) (memory $b 1) (func (param i32 v128)"
      " (drop (v128.load8_lane 1 (local.get 0) (local.get 1)))"
      " (drop (v128.load8_lane $b offset=3 2 (local.get 0) (local.get 1)))"
      " (drop (v128.load8_lane 1 2 (local.get 0) (local.get 1)))"
      " (drop (i32.load 1 offset=0xffff_ffff_ffff_ffff align=1 (local.get 0))))");
  const std::string body = text_of_body(m, 0);
  EXPECT_NE(body.find("fd54"
                      "0000"
                      "01"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find("fd54"
                      "400103"
                      "02"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find("fd54"
                      "400100"
                      "02"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find("28"
                      "4001ffffffffffffffffff01"),
            std::string::npos)
      << body;
}

TEST(Parse, Abbreviations) {
  const Module m = parse(R"(
    (table $t (export "t") i64 funcref (elem $f $f))
    (memory (export "m") i64 (pagesize 1) (data "ab" "c"))
    (func $f (export "f") (export "g"))
    (table 2 (ref func) (ref.func $f)) (elem (i32.const 0) $f) (elem (table $t) (i64.const 0) func $f)
    (elem (ref null func) (item ref.func $f) (ref.null func))
    (elem declare func $f) (data (offset i64.const 0)))");
  EXPECT_EQ(m.exports.size(), 4u);
  EXPECT_EQ(m.tables[0].type.limits.max, 2u);
  EXPECT_EQ(m.tables[0].type.address, AddressType::I64);
  EXPECT_EQ(m.memories[0].type.limits.min, 3u);
  ASSERT_EQ(m.elems.size(), 5u);
  EXPECT_EQ(m.elems[3].exprs.size(), 2u);
  EXPECT_EQ(m.elems[4].mode, ElemSegment::Mode::Declarative);
  EXPECT_TRUE(m.tables[1].init.has_value());
  EXPECT_FALSE(m.data_count.has_value());
}

TEST(Parse, InlineElemsOfOtherTables) {
  const Module m = parse("(type $t (func)) (table (ref null $t) (elem $f)) (func $f (type $t))");
  ASSERT_TRUE(m.elems[0].uses_exprs);
  EXPECT_EQ(m.elems[0].type, ValType::ref(HeapType::concrete(0), true));
}

TEST(Parse, DataCountOnlyWhereNeeded) {
  EXPECT_EQ(parse("(memory 1) (data \"\") (func (data.drop 0))").data_count, 1u);
  EXPECT_EQ(parse("(memory 1) (func (data.drop 0))").data_count, 0u);
}

TEST(Parse, DisabledFeature) {
  Features off;
  off.set(Feature::LegacyExceptions, false);
  const Result<Module> m = parse_wat("(func try end)", off);
  ASSERT_FALSE(m.has_value());
  EXPECT_EQ(m.error().message(), "unknown operator: try (feature legacy-exceptions is off)");
}

TEST(Parse, ErrorsHavePositions) {
  const std::string source = "(module\n  (func\n    i32.cost 1))";
  const Result<Module> m = parse_wat(source, Features::all());
  ASSERT_FALSE(m.has_value());
  EXPECT_EQ(m.error().message(), "unknown operator: i32.cost");
  EXPECT_EQ(m.error().offset, source.find("i32.cost"));
  const LineColumn at = line_column(source, m.error().offset);
  EXPECT_EQ(at.line, 3u);
  EXPECT_EQ(at.column, 5u);
}

TEST(Parse, Errors) {
  EXPECT_EQ(error("(module"), "unexpected token: end of input");
  EXPECT_EQ(error("(module))"), "unexpected token: )");
  EXPECT_EQ(error("(module) (module)"), "unexpected token: (");
  EXPECT_EQ(error("(func i32.const 0 i32.add local.get $x)"), "unknown local: $x");
  EXPECT_EQ(error("(func (i32.add nop))"), "unexpected token: nop");
  EXPECT_EQ(error("(func end)"), "unexpected token: end");
  EXPECT_EQ(error("(func block)"), "unexpected token: )");
  EXPECT_EQ(error("(func (if (i32.const 0)))"), "unexpected token: )");
  EXPECT_EQ(error("(func (then))"), "unexpected token: then");
  EXPECT_EQ(error("(func (else))"), "unexpected token: else");
  EXPECT_EQ(error("(func) (func $a) (func $a)"), "duplicate func: $a");
  EXPECT_EQ(error("(type $s (struct (field $a i32))) (func (struct.get $s $b))"), "unknown field: $b");
  EXPECT_EQ(error("(func (type 7) (param i32))"), "unknown type");
  EXPECT_EQ(error("(func (type 4294967296))").substr(0, 25), "i32 constant out of range");
  EXPECT_EQ(error("(global (ref 16777215) (ref.null func))").substr(0, 12), "unknown type");
  EXPECT_EQ(error("(data \"\\u{d800}\")").substr(0, 17), "illegal character");
  EXPECT_EQ(error("(data \"\\u{110000}\")").substr(0, 17), "illegal character");
  EXPECT_EQ(error("(data \"\x01\")").substr(0, 17), "illegal character");
  EXPECT_EQ(error("(data \"a\nb\")"), "unclosed string");
  EXPECT_EQ(error("(; (; ;)"), "unclosed comment");
  EXPECT_EQ(error("(func (export \"\\ff\"))"), "malformed UTF-8 encoding");
  EXPECT_EQ(error("(func \xC3\x28)"), "malformed UTF-8 encoding");
}

TEST(Parse, DeepNesting) {
  auto repeat = [](std::string_view s, size_t n) {
    std::string out;
    for (size_t i = 0; i < n; ++i) out += s;
    return out;
  };
  constexpr size_t kDeep = 90'000;
  // Folded operators, folded blocks, plain blocks, open ends, comments, annotations.
  Module m = parse("(func (drop " + repeat("(i32.eqz ", kDeep) + "(i32.const 0)" + repeat(")", kDeep) + "))");
  EXPECT_EQ(m.functions[0].body.bytes.size(), kDeep + 5);
  m = parse("(func " + repeat("(block ", kDeep) + repeat(")", kDeep) + ")");
  EXPECT_EQ(m.functions[0].body.bytes.size(), 3 * kDeep + 2);
  m = parse("(func " + repeat("block $l br $l ", 60'000) + repeat("end ", 60'000) + ")");
  EXPECT_EQ(m.functions[0].body.bytes.size(), 5u * 60'000 + 2);
  const Result<std::string> printed = print_wat(m, {.fold = true});
  ASSERT_TRUE(printed.has_value());
  EXPECT_EQ(text_of_body(parse(*printed), 0), text_of_body(m, 0));
  EXPECT_EQ(error("(func " + repeat("(block ", 101'000)), "too deeply nested");
  EXPECT_EQ(error("(func " + repeat("(block ", 50'000)), "unexpected token: end of input");
  parse(repeat("(;", 100'000) + repeat(";)", 100'000));
  parse("(@x " + repeat("(", 100'000) + repeat(")", 100'001));
}

TEST(Print, DeepChainsFoldAndStayLinear) {
  std::string source = "(func (result i32) i32.const 0 ";
  for (int i = 0; i < 50'000; ++i) source += "i32.eqz ";
  expect_round_trip(source + ")");
}

TEST(Print, RoundTrips) {
  std::string long_type = "(type $t (func (param";
  for (int i = 0; i < 200; ++i) long_type += " i32 i64";
  long_type +=
      "))) (func $f (type $t) (local $l i32) (drop (local.get $l))) (table 1 funcref) (func (type $t)"
      " unreachable (call_indirect (type $t)))";
  for (
      const char* source : {
          "(module)",
          "(module $a.b (@name \"x y\"))",
          "(module $\"x \\\"y\\\" \\u{3bb}\")",
          "(rec) (rec (type (func)) (type $x (sub (struct (field $f (mut i8)) (field i16 (ref null $x))))))",
          "(type $a (sub (array (mut f32)))) (type (sub final $a (array (mut f32))))",
          "(import \"a\\00\" \"\\e2\\82\\ac\" (func $f (param $x i32) (param i64))) (import \"\" \"\" (tag "
          "(param i32)))"
          "(import \"m\" \"t\" (table i64 1 2 externref)) (import \"m\" \"m\" (memory 1 2 shared))"
          "(import \"m\" \"g\" (global (mut v128)))",
          "(func $f (param $x i32) (param i64) (local $y f32) (local f64 f64) (local.set $y (f32.const "
          "nan:0x123)))",
          "(func (@name \"a\")) (func (@name \"a\")) (func (@name \"\")) (func $a)",
          "(func (param (@name \"p\") i32) (param (@name \"p\") i32))",
          "(func block $l loop $l br_table $l 1 0 end end (block $m (br $m)))",
          "(func (param i32) (result i32) (if $x (result i32) (local.get 0) (then (br $x (i32.const 1)))"
          " (else (i32.const 2))))",
          "(tag $e (param i32)) (func (try $t (do (throw $e (i32.const 1))) (catch $e drop rethrow $t)"
          " (catch_all))) (func (try (do nop) (delegate 0))) (func try catch 0 drop catch_all end try "
          "delegate 0)",
          "(tag $e) (func (block $h (result exnref) (try_table $t (catch_ref $e $h) (catch_all 0) (nop))"
          " unreachable) drop)",
          "(memory 1) (memory $m i64 1 2) (data \"x\") (data $d (memory $m) (i64.const 1) \"\\ff\\00\")"
          "(func (memory.copy $m 0 (i64.const 0) (i32.const 0) (i32.const 0)) (memory.init $m $d"
          " (i64.const 0) (i32.const 0) (i32.const 0)) (data.drop 0) (drop (i64.load16_u $m offset=99 align=1"
          " (i64.const 5))) (drop (memory.grow $m (i64.const 1))))",
          "(memory 0 (pagesize 1)) (func (drop (i32.atomic.rmw8.cmpxchg_u (i32.const 0) (i32.const 1) "
          "(i32.const 2)))"
          " atomic.fence)",
          "(table $t 1 2 funcref) (table (ref null extern) (elem (ref.null extern))) (func (result funcref)"
          " (table.get 0 (i32.const 0))) (elem $e func 0) (func (table.init $e (i32.const 0) (i32.const 0)"
          " (i32.const 1)) (table.init 1 0 (i32.const 0) (i32.const 0) (i32.const 1)) elem.drop 0"
          " (table.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0)) (call_indirect $t (param i32) (result "
          "i32)"
          " (i32.const 1) (i32.const 2)) drop)",
          "(func (param anyref) (result i32) (block $l (result (ref i31)) (br_on_cast $l anyref (ref i31)"
          " (local.get 0)) (ref.cast (ref null struct)) (ref.test nullref) drop (ref.i31 (i32.const 1)))"
          " i31.get_s)",
          "(func (result v128) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.const i8x16 -1 0 1 "
          "2 3 4"
          " 5 6 7 8 9 10 11 12 13 14) (v128.const f64x2 nan:0x4 -inf)) (i32x4.replace_lane 3 (i32.const 1)))",
          "(func (result i32) (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)) (select "
          "(i32.const 1)"
          " (i32.const 3)))",
          "(@custom \"a\" (before first) \"1\") (@custom \"b\" (after func) \"2\") (@custom \"c\" (before "
          "table) \"3\")"
          "(@custom \"d\") (func) (table 1 funcref)",
          "(func (param i32) (@metadata.code.branch_hint \"\\01\") (if (local.get 0) (then"
          " (@metadata.code.branch_hint \"\\00\") (br_if 0 (local.get 0)))))",
          "(start $f) (func $f) (export \"f\" (func $f)) (global $g (export \"g\") (mut i64) (i64.const -1))",
          "(func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1)))",
          long_type.c_str(),
          "(global i32 (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))",
      }) {
    expect_round_trip(source);
  }
}

TEST(Print, LooksRight) {
  const Module m = parse("(func $f (param $x i32) (result i32) (i32.add (local.get $x) (i32.const 1)))");
  EXPECT_EQ(*print_wat(m),
            "(module\n"
            "  (type (;0;) (func (param i32) (result i32)))\n"
            "  (func $f (;0;) (type 0) (param $x i32) (result i32)\n"
            "    local.get $x\n"
            "    i32.const 1\n"
            "    i32.add))\n");
  EXPECT_EQ(*print_wat(m, {.fold = true, .names = false}),
            "(module\n"
            "  (type (;0;) (func (param i32) (result i32)))\n"
            "  (func (;0;) (type 0) (param i32) (result i32)\n"
            "    (i32.add\n"
            "      (local.get 0)\n"
            "      (i32.const 1))))\n");
}

TEST(Print, UnstructuredBodiesAreErrors) {
  const std::vector<uint8_t> binary = {0, 'a', 's', 'm', 1, 0,  0, 0, 1, 4, 1,    0x60, 0,
                                       0, 3,   2,   1,   0, 10, 5, 1, 3, 0, 0x05, 0x0B};
  const Result<Module> m = decode_module(SharedBytes::own(binary), Features::all());
  ASSERT_TRUE(m.has_value());
  EXPECT_FALSE(print_wat(*m).has_value());
  EXPECT_FALSE(print_wat(*m, {.fold = true}).has_value());
}

}  // namespace
// Offsets in the binary form lead back to the instruction's word, folded or not, also behind a prefix of locals
// and for the `end` that a closing parenthesis stands for.
TEST(SourceMap, FindsInstructions) {
  const std::string source = R"((module
  (import "m" "f" (func))
  (func (param i32) (result i32) (local i64 f32)
    (i32.add
      (i32.const 1000) (;x;)
      (if (result i32) (local.get 0) (then (unreachable)) (else (i32.const 2)))))
  (func (loop nop) call 0)))";
  const auto binary = wat_to_binary(source, Features::all());
  ASSERT_TRUE(binary);
  const auto map = map_source(source, Features::all());
  ASSERT_TRUE(map);
  const auto module = decode_module(SharedBytes::own(*binary), Features::all());
  ASSERT_TRUE(module);
  const uint64_t first = module->functions[1].body.offset + 5;  // behind the locals
  auto word = [&](uint32_t func, uint64_t offset) {
    const auto at = map->find(func, offset);
    return at ? source.substr(*at, source.find_first_of(" )\n", *at + 1) - *at) : "nowhere";
  };
  EXPECT_EQ(word(1, first), "i32.const");
  EXPECT_EQ(word(1, first + 2), "i32.const");  // within its immediate
  EXPECT_EQ(word(1, first + 3), "local.get");
  EXPECT_EQ(word(1, first + 5), "if");
  EXPECT_EQ(word(1, first + 7), "unreachable");
  EXPECT_EQ(word(1, first + 8), "(else");
  EXPECT_EQ(word(1, first + 9), "i32.const");
  EXPECT_EQ(word(1, first + 11), ")");
  EXPECT_EQ(word(1, first + 12), "i32.add");
  const uint64_t second = module->functions[2].body.offset + 1;
  EXPECT_EQ(word(2, second), "loop");
  EXPECT_EQ(word(2, second + 2), "nop");
  EXPECT_EQ(word(2, second + 4), "call");
  EXPECT_EQ(word(1, first - 5), "nowhere");
  EXPECT_EQ(word(0, first), "nowhere");
  EXPECT_EQ(word(9, first), "nowhere");
}

}  // namespace skiff
