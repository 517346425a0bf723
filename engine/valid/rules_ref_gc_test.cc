// References, casts, structs, arrays.
#include "engine/valid/valid_test_util.h"

namespace skiff {
namespace {
using namespace testing;

constexpr const char* kTypes =
    "(type $s (sub (struct (field i32) (field (mut i8)) (field (ref null $s)))))"
    "(type $t (sub $s (struct (field i32) (field (mut i8)) (field (ref null $s)) (field f64))))"
    "(type $bytes (array (mut i8))) (type $words (array (mut i32))) (type $fixed (array i32))"
    "(type $refs (array (mut anyref))) (type $must (struct (field (ref any))))"
    "(data \"abc\") (elem funcref) (elem i31ref)";

std::string gc(std::string_view func) { return check_func(func, kTypes); }

TEST(RefRules, FunctionsMustBeDeclared) {
  EXPECT_ERROR(check("(module (func $f (drop (ref.func $f))))"), "undeclared function reference 0");
  EXPECT_VALID(check("(module (func $f (drop (ref.func $f))) (export \"f\" (func $f)))"));
  EXPECT_VALID(check("(module (func $f (drop (ref.func $f))) (elem declare func $f))"));
  EXPECT_VALID(check("(module (func $f (drop (ref.func $f))) (global funcref (ref.func $f)))"));
  EXPECT_ERROR(check("(module (func $f (drop (ref.func $f))) (start $f))"), "undeclared function reference");
}

TEST(RefRules, NullBranches) {
  EXPECT_VALID(check_func(
      "(param anyref) (result (ref any)) (block (br_on_null 0 (local.get 0)) (return)) (unreachable)"));
  EXPECT_VALID(
      check_func("(param anyref) (result (ref any)) (block (result (ref any)) (br_on_non_null 0 (local.get "
                 "0)) (unreachable))"));
  EXPECT_ERROR(check_func("(param anyref) (block (br_on_non_null 0 (local.get 0)))"), "type mismatch");
  EXPECT_ERROR(check_func("(br_on_null 0 (i32.const 1)) drop"), "type mismatch");
}

TEST(RefRules, Casts) {
  EXPECT_VALID(gc("(param anyref) (drop (ref.cast (ref $t) (local.get 0)))"));
  EXPECT_ERROR(gc("(param funcref) (drop (ref.cast (ref $t) (local.get 0)))"), "type mismatch");
  EXPECT_VALID(
      gc("(param anyref) (result (ref $t)) (block (result (ref $t)) (br_on_cast 0 anyref (ref $t) (local.get "
         "0)) (drop) (unreachable))"));
  EXPECT_ERROR(
      gc("(param (ref $t)) (block (result anyref) (br_on_cast 0 (ref $t) anyref (local.get 0))) drop"),
      "type mismatch");
  // A failed cast to a nullable type leaves no null.
  EXPECT_VALID(
      gc("(param (ref null $s)) (result (ref $s)) (block (result (ref null $t)) "
         "(return (br_on_cast 0 (ref null $s) (ref null $t) (local.get 0)))) (drop) (unreachable)"));
  EXPECT_VALID(gc("(param (ref extern)) (result (ref any)) (any.convert_extern (local.get 0))"));
  EXPECT_ERROR(gc("(param externref) (result (ref any)) (any.convert_extern (local.get 0))"),
               "type mismatch");
}

TEST(GcRules, Structs) {
  EXPECT_VALID(gc("(drop (struct.new $s (i32.const 1) (i32.const 2) (struct.new_default $t)))"));
  EXPECT_ERROR(gc("(drop (struct.new_default $must))"), "type mismatch");
  EXPECT_VALID(gc("(param (ref $t)) (drop (struct.get_s $s 1 (local.get 0)))"));
  EXPECT_ERROR(gc("(param (ref $t)) (drop (struct.get $s 1 (local.get 0)))"), "type mismatch");
  EXPECT_ERROR(gc("(param (ref $s)) (drop (struct.get $t 0 (local.get 0)))"), "type mismatch");
  EXPECT_ERROR(gc("(param (ref $s)) (struct.set $s 0 (local.get 0) (i32.const 1))"), "immutable field");
  EXPECT_ERROR(gc("(param (ref $s)) (drop (struct.get $s 9 (local.get 0)))"), "unknown field");
}

TEST(GcRules, Arrays) {
  EXPECT_VALID(gc("(drop (array.new_fixed $bytes 2 (i32.const 1) (i32.const 2)))"));
  EXPECT_ERROR(gc("(drop (array.new_fixed $bytes 2 (i32.const 1)))"), "type mismatch");
  EXPECT_ERROR(gc("(param (ref $fixed)) (array.set $fixed (local.get 0) (i32.const 0) (i32.const 0))"),
               "immutable array");
  EXPECT_VALID(gc("(drop (array.new_data $bytes 0 (i32.const 0) (i32.const 1)))"));
  EXPECT_ERROR(gc("(drop (array.new_data $refs 0 (i32.const 0) (i32.const 1)))"),
               "array type is not numeric or vector");
  EXPECT_VALID(gc("(drop (array.new_elem $refs 1 (i32.const 0) (i32.const 1)))"));
  EXPECT_ERROR(gc("(drop (array.new_elem $refs 0 (i32.const 0) (i32.const 1)))"), "type mismatch");
  EXPECT_ERROR(gc("(param (ref $bytes) (ref $words)) (array.copy $bytes $words (local.get 0) (i32.const 0) "
                  "(local.get 1) (i32.const 0) (i32.const 0))"),
               "array types do not match");
  EXPECT_VALID(
      gc("(param (ref $words) (ref $fixed)) (array.copy $words $fixed (local.get 0) (i32.const 0) (local.get "
         "1) (i32.const 0) (i32.const 0))"));
}

TEST(GcRules, PolymorphicStackCostsNothing) {
  // Wide instructions in unreachable code must not loop over operands that are not there.
  std::string body = "unreachable ";
  for (int i = 0; i < 20'000; ++i) body += "array.new_fixed $bytes 10000 drop ";
  EXPECT_VALID(gc(body + "unreachable"));
}

}  // namespace
}  // namespace skiff
