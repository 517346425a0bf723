// Locals, globals, tables, memories, vectors, atomics, constant expressions.
#include "engine/valid/valid_test_util.h"

namespace skiff {
namespace {
using namespace testing;

TEST(MiscRules, Locals) {
  EXPECT_ERROR(check_func("local.get 0"), "unknown local 0");
  EXPECT_ERROR(check_func("(local i32) (local.set 0 (i64.const 1))"),
               "type mismatch: expected i32, found i64");
  EXPECT_ERROR(check_func("(local (ref func)) (drop (local.get 0))"), "uninitialized local 0");
  EXPECT_VALID(
      check_func("(param (ref func)) (local (ref func)) (local.set 1 (local.get 0)) (drop (local.get 1))"));
  EXPECT_ERROR(
      check_func(
          "(param (ref func)) (local (ref func)) (block (local.set 1 (local.get 0))) (drop (local.get 1))"),
      "uninitialized local 1");
  // Beyond the locals that are listed one by one.
  std::string many = "(local f32";
  for (int i = 0; i < 3000; ++i) many += " i32";
  many += " f64 (ref func))";
  EXPECT_VALID(check_func(many + "(local.set 200 (local.get 199)) (local.set 3000 (local.get 1))"));
  EXPECT_VALID(check_func(many + "(local.set 3001 (f64.const 1))"));
  EXPECT_ERROR(check_func(many + "(local.set 3000 (f64.const 1))"), "type mismatch: expected i32, found f64");
  EXPECT_ERROR(check_func(many + "(drop (local.get 3002))"), "uninitialized local 3002");
  EXPECT_ERROR(check_func(many + "(drop (local.get 3003))"), "unknown local 3003");
}

TEST(MiscRules, Select) {
  EXPECT_VALID(check_func("(drop (select (f32.const 1) (f32.const 2) (i32.const 0)))"));
  EXPECT_ERROR(check_func("(drop (select (f32.const 1) (i32.const 2) (i32.const 0)))"), "type mismatch");
  EXPECT_ERROR(check_func("(drop (select (ref.null func) (ref.null func) (i32.const 0)))"), "type mismatch");
  EXPECT_VALID(check_func("(drop (select (result funcref) (ref.null func) (ref.null func) (i32.const 0)))"));
  EXPECT_ERROR(check_func("(select (result) (i32.const 0))"), "invalid result arity");
}

TEST(MiscRules, MemoryAccess) {
  const char* m = "(memory 1) (memory i64 1)";
  EXPECT_ERROR(check_func("(drop (i32.load (i32.const 0)))"), "unknown memory 0");
  EXPECT_VALID(check_func("(drop (i32.load offset=4294967295 (i32.const 0)))", m));
  EXPECT_ERROR(check_func("(drop (i32.load offset=4294967296 (i32.const 0)))", m), "offset out of range");
  EXPECT_VALID(check_func("(drop (i32.load 1 offset=4294967296 (i64.const 0)))", m));
  EXPECT_ERROR(check_func("(drop (i32.load align=8 (i32.const 0)))", m),
               "alignment must not be larger than natural");
  EXPECT_ERROR(check_func("(drop (i32.atomic.load align=2 (i32.const 0)))", m),
               "atomic alignment must be natural");
  EXPECT_ERROR(check_func("(drop (i32.atomic.load align=8 (i32.const 0)))", m),
               "alignment must not be larger than natural");
  EXPECT_VALID(check_func("(memory.copy 0 1 (i32.const 0) (i64.const 0) (i32.const 0))", m));
  EXPECT_ERROR(check_func("(memory.copy 1 0 (i64.const 0) (i32.const 0) (i64.const 0))", m), "type mismatch");
  EXPECT_ERROR(check_func("(data.drop 1)", "(data \"\")"), "unknown data segment 1");
  EXPECT_ERROR(check_func("(drop (i8x16.extract_lane_s 16 (v128.const i64x2 0 0)))"),
               "invalid lane index 16");
  EXPECT_ERROR(check_func("(drop (v128.load32_lane 4 (i32.const 0) (v128.const i64x2 0 0)))", m),
               "invalid lane index 4");
}

TEST(MiscRules, Tables) {
  const char* t = "(table 1 funcref) (table i64 1 externref) (elem funcref)";
  EXPECT_VALID(check_func("(drop (table.grow 1 (ref.null extern) (i64.const 1)))", t));
  EXPECT_ERROR(check_func("(table.copy 0 1 (i32.const 0) (i64.const 0) (i32.const 0))", t), "type mismatch");
  EXPECT_VALID(check_func("(table.init 0 0 (i32.const 0) (i32.const 0) (i32.const 0))", t));
  EXPECT_ERROR(check_func("(table.init 1 0 (i64.const 0) (i32.const 0) (i32.const 0))", t), "type mismatch");
  EXPECT_ERROR(check_func("(elem.drop 1)", t), "unknown elem segment 1");
}

TEST(MiscRules, WideArithmetic) {
  EXPECT_VALID(
      check_func("(result i64 i64) (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1))"));
  EXPECT_ERROR(check_func("(result i64 i64) (i64.mul_wide_s (i64.const 1) (i32.const 1))"), "type mismatch");
}

TEST(ConstExprRules, WhatIsConstant) {
  EXPECT_VALID(check("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"));
  EXPECT_ERROR(check("(module (global i32 (i32.and (i32.const 1) (i32.const 2))))"),
               "constant expression required");
  EXPECT_ERROR(check("(module (global i32 (block (result i32) (i32.const 1))))"),
               "constant expression required");
  EXPECT_ERROR(check("(module (global i64 (i32.const 1)))"), "type mismatch");
  EXPECT_ERROR(check("(module (global i32 (i32.const 1) (i32.const 1)))"), "type mismatch");
  EXPECT_VALID(check("(module (global i32 (i32.const 1)) (global i32 (global.get 0)))"));
  EXPECT_ERROR(check("(module (global i32 (global.get 1)) (global i32 (i32.const 1)))"), "unknown global 1");
  EXPECT_ERROR(check("(module (global (mut i32) (i32.const 1)) (global i32 (global.get 0)))"),
               "constant expression required");
  EXPECT_ERROR(check("(module (table 1 i31ref (global.get 0)) (global i31ref (ref.null i31)))"),
               "unknown global 0");
  EXPECT_VALID(check(
      "(module (type $a (array i32)) (global (ref $a) (array.new_fixed $a 2 (i32.const 1) (i32.const 2))))"));
  Features mvp;
  ASSERT_TRUE(mvp.apply("none"));
  EXPECT_ERROR(check("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))", mvp),
               "constant expression required");
  EXPECT_ERROR(check("(module (global i32 (i32.const 1)) (global i32 (global.get 0)))", mvp),
               "unknown global 0");
}

}  // namespace
}  // namespace skiff
