// Control flow, branches, calls, exceptions.
#include "engine/valid/valid_test_util.h"

namespace skiff {
namespace {
using namespace testing;

TEST(ControlRules, BlocksBalance) {
  EXPECT_VALID(check_func("(result i32) (block (result i32) (i32.const 1))"));
  EXPECT_ERROR(check_func("(result i32) (block (result i32) (i64.const 1))"),
               "type mismatch: expected i32, found i64");
  EXPECT_ERROR(check_func("(block (i32.const 1))"), "type mismatch: 1 more operands");
  EXPECT_ERROR(check_func("(result i32)"), "type mismatch: expected i32, found nothing");
  EXPECT_VALID(check_func("(result i32 i64) i32.const 1 (block (param i32) (result i32 i64) (i64.const 2))"));
  EXPECT_ERROR(check_func("i32.const 1 (block (drop))"), "type mismatch");
}

TEST(ControlRules, IfWithoutElse) {
  EXPECT_VALID(check_func("(i32.const 1) (if (then))"));
  EXPECT_VALID(check_func(
      "(result i32) (i32.const 7) (i32.const 1) (if (param i32) (result i32) (then (drop) (i32.const 2)))"));
  EXPECT_ERROR(check_func("(result i32) (i32.const 1) (if (result i32) (then (i32.const 2)))"),
               "type mismatch: if without else");
}

TEST(ControlRules, UnreachableCodeIsPolymorphicButChecked) {
  EXPECT_VALID(check_func("(result i32) unreachable i32.add"));
  EXPECT_VALID(check_func("(result i32) unreachable select"));
  EXPECT_ERROR(check_func("(result i32) unreachable i64.const 1 i32.add"), "type mismatch");
  EXPECT_ERROR(check_func("unreachable i32.const 1"), "type mismatch");
  EXPECT_VALID(check_func("(result i32) (loop (br 0)) unreachable"));
  EXPECT_ERROR(check_func("(result i32) (block (br 0)) "), "type mismatch");
}

TEST(ControlRules, Branches) {
  EXPECT_ERROR(check_func("br 1"), "unknown label 1");
  EXPECT_VALID(check_func("(block (result i32) (br 0 (i32.const 1))) drop"));
  EXPECT_ERROR(check_func("(block (result i32) (br 0)) drop"), "type mismatch");
  EXPECT_VALID(check_func("(param i32) (loop (br_if 0 (local.get 0)))"));
  EXPECT_VALID(check_func("(param i32) (block (block (br_table 0 1 1 0 (local.get 0))))"));
  EXPECT_ERROR(
      check_func("(param i32) (block (block (result i32) (br_table 0 1 (local.get 0) (local.get 0))) drop)"),
      "type mismatch: labels of br_table differ in arity");
  // The labels may differ in type where only polymorphic operands are carried.
  EXPECT_VALID(check_func(
      "(param i32) (block (result f32) (block (result i32) unreachable (br_table 0 1 1 (local.get 0))) "
      "(drop) (f32.const 0)) (drop)"));
}

TEST(ControlRules, Calls) {
  EXPECT_ERROR(check_func("call 7"), "unknown function 7");
  EXPECT_ERROR(check_func("call 0", "(func (param i32))"), "type mismatch");
  EXPECT_ERROR(check_func("(call_indirect (i32.const 0))"), "unknown table 0");
  EXPECT_ERROR(check_func("(call_indirect (i32.const 0))", "(table 1 externref)"), "type mismatch");
  EXPECT_VALID(check_func("(call_indirect (i64.const 0))", "(table i64 1 funcref)"));
  EXPECT_VALID(check_func("(result anyref) (return_call 0)", "(func (result (ref i31)) unreachable)"));
  EXPECT_ERROR(check_func("(result i31ref) (return_call 0)", "(func (result anyref) unreachable)"),
               "type mismatch");
  EXPECT_VALID(check_func("(param (ref null $f)) (call_ref $f (local.get 0))", "(type $f (func))"));
  EXPECT_ERROR(check_func("(param (ref null $s)) (call_ref $s (local.get 0))", "(type $s (struct))"),
               "type mismatch");
}

TEST(ControlRules, Exceptions) {
  const char* tag = "(tag $e (param i32)) (tag (param i64))";
  EXPECT_VALID(check_func("(throw $e (i32.const 1))", tag));
  EXPECT_ERROR(check_func("(throw 2)", tag), "unknown tag 2");
  EXPECT_VALID(
      check_func("(result i32) (block $h (result i32) (try_table (catch $e $h)) (i32.const 0))", tag));
  EXPECT_VALID(check_func(
      "(block $h (result i32 (ref exn)) (try_table (catch_ref $e $h)) (unreachable)) drop drop", tag));
  EXPECT_ERROR(
      check_func("(result i64) (block $h (result i64) (try_table (catch $e $h)) (i64.const 0))", tag),
      "type mismatch");
  // Catch labels count from outside of the try_table.
  EXPECT_ERROR(check_func("(try_table (catch_all 1))"), "unknown label 1");
  EXPECT_VALID(check_func("(try_table (catch_all 0))"));
  EXPECT_ERROR(check("(module (type (func (result i32))) (tag (type 0)))"), "non-empty tag result type");
}

TEST(ControlRules, LegacyExceptions) {
  const char* tag = "(tag $e (param i32))";
  EXPECT_VALID(check_func("(try (do) (catch $e drop) (catch_all (rethrow 0)))", tag));
  EXPECT_VALID(check_func("(try $t (do (try (do) (delegate $t))) (catch_all))", tag));
  EXPECT_ERROR(check_func("(try (do (rethrow 0)) (catch_all))"), "invalid rethrow label");
  EXPECT_ERROR(check_func("(try (do) (delegate 1))"), "unknown label");
}

TEST(ControlRules, Limits) {
  std::string nested;
  for (int i = 0; i < 50'000; ++i) nested += "block ";
  for (int i = 0; i < 50'000; ++i) nested += "end ";
  EXPECT_ERROR(check_func(nested), "implementation limit exceeded");
}

}  // namespace
}  // namespace skiff
