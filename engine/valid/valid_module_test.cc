// Module-level rules, the order of errors, and ModuleInfo.
#include "engine/valid/valid_test_util.h"

namespace skiff {
namespace {
using namespace testing;

TEST(ValidModule, Limits) {
  EXPECT_ERROR(check("(module (memory 2 1))"), "size minimum must not be greater than maximum");
  EXPECT_ERROR(check("(module (memory 65537))"), "memory size must be at most 65536 pages (4GiB)");
  EXPECT_VALID(check("(module (memory i64 0x1_0000_0000_0000))"));
  EXPECT_ERROR(check("(module (memory i64 0x1_0000_0000_0001))"), "memory size must be at most");
  EXPECT_ERROR(check("(module (memory 1 shared))"), "shared memory must have maximum");
  EXPECT_ERROR(check("(module (table 2 1 funcref))"), "size minimum must not be greater than maximum");
  EXPECT_ERROR(check("(module (table 0x1_0000_0000 funcref))"), "table size");
  EXPECT_ERROR(check("(module (table 1 (ref func)))"), "type mismatch");
  EXPECT_VALID(check("(module (memory 0xffff_ffff (pagesize 1)))"));
}

TEST(ValidModule, ExportsAndStart) {
  EXPECT_ERROR(
      check("(module (func) (export \"a\" (func 0)) (export \"b\" (func 0)) (export \"a\" (func 0)))"),
      "duplicate export name: a");
  EXPECT_ERROR(check("(module (export \"a\" (tag 0)))"), "unknown tag 0");
  EXPECT_ERROR(check("(module (func (param i32)) (start 0))"), "start function");
  EXPECT_ERROR(check("(module (start 3))"), "unknown function 3");
}

TEST(ValidModule, Segments) {
  EXPECT_ERROR(check("(module (data (i32.const 0) \"\"))"), "unknown memory 0");
  EXPECT_ERROR(check("(module (memory i64 1) (data (i32.const 0) \"\"))"), "type mismatch");
  EXPECT_ERROR(check("(module (table 1 externref) (func) (elem (i32.const 0) func 0))"), "type mismatch");
  EXPECT_ERROR(check("(module (elem func 0))"), "unknown function 0");
}

TEST(ValidModule, InfoIsCanonical) {
  TypeRegistry registry;
  auto a = validate_module(
      parse("(module (type (func)) (type $t (struct)) (global (ref null $t) (ref.null $t)))"), registry);
  auto b = validate_module(parse("(module (type $t (struct)) (import \"m\" \"g\" (global (ref null $t))))"),
                           registry);
  ASSERT_TRUE(a && b);
  EXPECT_EQ((*a)->globals[0].type, (*b)->globals[0].type);
}

// A module whose functions are large enough for several threads; two of them are wrong.
TEST(ValidModule, FirstErrorWinsOnAnyNumberOfThreads) {
  std::string body;
  for (int i = 0; i < 200; ++i) body += "(drop (i32.add (i32.const 1000) (i32.const 2000)))";
  std::string wat = "(module ";
  for (int f = 0; f < 200; ++f) {
    const char* wrong = f == 70 ? "(drop (i32.eqz (i64.const 1)))" : f == 150 ? "(i32.const 1)" : "";
    wat += "(func " + (f % 50 ? std::string() : body) + body + wrong + ")";
  }
  wat += ")";
  auto binary = wat_to_binary(wat, Features());
  ASSERT_TRUE(binary);
  const SharedBytes bytes = SharedBytes::own(std::move(*binary));
  for (unsigned threads : {1u, 2u, 5u, 0u}) {
    TypeRegistry registry;
    auto info = validate_module(*decode_module(bytes, Features()), registry, {threads, true});
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().func, 70u);
    EXPECT_EQ(info.error().message(), "type mismatch: expected i32, found i64");
  }
  TypeRegistry registry;
  EXPECT_TRUE(validate_module(*decode_module(bytes, Features()), registry, {1, false}))
      << "bodies are left out on request";
}

// Offsets are those of the instruction in the binary.
TEST(ValidModule, ErrorsCarryOffsets) {
  TypeRegistry registry;
  Module m = parse("(module (func nop nop i32.eqz drop))");
  const uint64_t body = m.functions[0].body.offset;
  auto info = validate_module(std::move(m), registry);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().offset, body + 3);
}

Status validate_body(std::vector<uint8_t> body) {
  Module m = parse("(module (func))");
  m.functions[0].body = {body, 100};
  TypeRegistry registry;
  auto info = validate_module(std::move(m), registry);
  if (!info) return std::unexpected(info.error());
  return {};
}

TEST(ValidModule, MalformedBodies) {
  EXPECT_TRUE(validate_body({0, 0x0B}));
  EXPECT_EQ(validate_body({0, 0x01}).error().phase(), Phase::Malformed);
  EXPECT_EQ(validate_body({0, 0x0B, 0x01}).error().code, ErrorCode::SectionSizeMismatch);
  EXPECT_EQ(validate_body({0, 0xFF, 0x0B}).error().code, ErrorCode::IllegalOpcode);
  EXPECT_EQ(validate_body({0, 0x05, 0x0B}).error().code, ErrorCode::EndOpcodeExpected);
  EXPECT_EQ(validate_body({2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 2, 0x7E, 0x0B}).error().code,
            ErrorCode::TooManyLocals);
  EXPECT_EQ(validate_body({1, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 0x0B}).error().code,
            ErrorCode::ImplementationLimit);
  EXPECT_EQ(validate_body({}).error().phase(), Phase::Malformed);
}

}  // namespace
}  // namespace skiff
