// Which tables are static, and for which types.
#include "compiler/llvm/static_tables.h"

#include <gtest/gtest.h>

#include "engine/binary/decode.h"
#include "engine/text/text.h"

namespace skiff::llvm_tier {
namespace {

class StaticTablesTest : public testing::Test {
 protected:
  const ModuleInfo& module(std::string_view wat) {
    Result<std::vector<uint8_t>> binary = wat_to_binary(wat, Features::all());
    EXPECT_TRUE(binary) << binary.error().message();
    Result<Module> decoded = decode_module(SharedBytes::own(std::move(*binary)), Features::all());
    info_ = std::move(*validate_module(std::move(*decoded), registry_, {.threads = 1}));
    return *info_;
  }

  TypeRegistry registry_;
  std::unique_ptr<ModuleInfo> info_;
};

TEST_F(StaticTablesTest, WhatCompilersOfCMake) {
  const ModuleInfo& info = module(R"((module
    (type $v (func)) (type $i (func (param i32)))
    (table 4 4 funcref)
    (elem (i32.const 1) $f $g)
    (func $f) (func $g (param i32)) (func (call_indirect (type $v) (i32.const 1)))))");
  const StaticTables tables(info);
  ASSERT_EQ(tables.tables(), std::vector<uint32_t>{0});
  EXPECT_EQ(tables.elements(0), (std::vector<uint32_t>{kNoIndex, 0, 1, kNoIndex}));
  EXPECT_TRUE(tables.serves(0, info.types.id(0)));
  EXPECT_TRUE(tables.serves(0, info.types.id(1)));
  EXPECT_NE(tables.type_number(info.types.id(0)), tables.type_number(info.types.id(1)));
}

TEST_F(StaticTablesTest, WhatOthersMayWriteIsNotStatic) {
  for (const char* wat : {
           R"((module (table (export "t") 1 funcref)))",
           R"((module (table (import "m" "t") 1 funcref)))",
           R"((module (table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))))",
           R"((module (table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 1))))))",
           R"((module (table 1 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 1)))))",
           R"((module (table 1 funcref) (elem $e func)
                (func (table.init $e (i32.const 0) (i32.const 0) (i32.const 0)))))",
           R"((module (table 1 funcref) (elem (i32.const 1) $f) (func $f)))",
           R"((module (global (import "m" "g") i32) (table 1 funcref) (elem (global.get 0) $f) (func $f)))",
           R"((module (table (import "m" "t") 1 funcref) (table 1 funcref)
                (elem (table 0) (i32.const 0) func $f) (func $f)))",
       }) {
    EXPECT_TRUE(StaticTables(module(wat)).tables().empty()) << wat;
  }
}

TEST_F(StaticTablesTest, OtherTablesStay) {
  const StaticTables tables(module(R"((module (table 1 funcref) (table 1 funcref)
    (func (table.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 1)))))"));
  EXPECT_EQ(tables.tables(), std::vector<uint32_t>{1});
}

TEST_F(StaticTablesTest, ImportedFunctionsAndSubtypesNeedTheLongWay) {
  const ModuleInfo& info = module(R"((module
    (type $v (func)) (type $i (func (param i32)))
    (type $open (sub (func (result i32)))) (type $sub (sub $open (func (result i32))))
    (import "m" "f" (func $f (type $v)))
    (func $s (type $sub) (i32.const 0))
    (table 2 funcref) (elem (i32.const 0) $f $s)))");
  const StaticTables tables(info);
  EXPECT_FALSE(tables.serves(0, info.types.id(0)));
  EXPECT_TRUE(tables.serves(0, info.types.id(1)));
  EXPECT_FALSE(tables.serves(0, info.types.id(2)));
  EXPECT_TRUE(tables.serves(0, info.types.id(3)));
}

TEST_F(StaticTablesTest, DeclaredLengthsAreBounded) {
  const StaticTables tables(module("(module (table 1000000 funcref) (table 5 funcref))"));
  EXPECT_EQ(tables.tables(), std::vector<uint32_t>{1});
}

}  // namespace
}  // namespace skiff::llvm_tier
