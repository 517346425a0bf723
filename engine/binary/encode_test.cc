// Round trips: decode, encode, decode again gives an equal module; and modules_equal sees differences.
#include "engine/binary/encode.h"

#include <gtest/gtest.h>

#include "engine/binary/equal.h"
#include "engine/binary/test_bytes.h"

namespace skiff {
namespace {

using namespace test;

// A module with something of everything: all sections, all segment kinds, names, hints, custom sections.
Bytes everything() {
  const Bytes end = {0x0B}, zero = {0x41, 0x00, 0x0B};
  return binary({
      custom("first", {text("1")}),
      section(1, {{3}, {0x60, 0x00, 0x00}, {0x4E, 0x02, 0x50, 0x00, 0x5F, 0x01, 0x77, 0x01},
                  {0x4F, 0x01, 0x01, 0x5F, 0x02, 0x77, 0x01, 0x64, 0x02, 0x00},
                  {0x5E, 0x7C, 0x01}}),
      section(2, {{5}, {1, 'm', 1, 'f', 0, 0}, {1, 'm', 1, 't', 1, 0x6F, 5, 1, 2},
                  {1, 'm', 1, 'y', 2, 3, 1, 2},
                  {1, 'm', 1, 'g', 3, 0x7B, 1}, {1, 'm', 1, 'e', 4, 0, 0}}),
      section(3, {{1, 0}}),
      section(4, {{2}, {0x70, 0x00, 0x80, 0x02}, {0x40, 0x00, 0x63, 0x00, 0x01, 1, 2, 0xD0, 0x00, 0x0B}}),
      section(5, {{2}, {0x0A, 0x01, 0x00}, {0x05, 0x81, 0x00, 0x02}}),
      section(13, {{1, 0, 0}}),
      section(6, {{1}, {0x7F, 0x00}, {0x41, 0x80, 0x01, 0x0B}}),
      custom("middle", {text("2")}),
      section(7, {{1}, {2, 'g', 'o', 0, 1}}),
      section(8, {{1}}),
      section(9, {{8},
                  {0}, zero, {1, 0},
                  {1, 0, 2, 0, 1},
                  {2, 1}, zero, {0, 1, 1},
                  {3, 0, 1, 0},
                  {4}, zero, {1, 0xD2, 0x00, 0x0B},
                  {5, 0x6C, 0},
                  {6, 2}, zero, {0x63, 0x00, 1, 0xD0, 0x00}, end,
                  {7, 0x70, 0}}),
      section(12, {{3}}),
      custom("metadata.code.branch_hint", {{1, 1, 1, 0x03, 1, 0}}),
      section(10, {{1, 8, 0x00, 0x41, 0x00, 0x04, 0x40, 0x0B, 0x01, 0x0B}}),
      section(11, {{3}, {0}, zero, {2, 'h', 'i'}, {1, 1, 'x'}, {2, 1}, zero, {0}}),
      custom("name", {{0x00, 0x02, 0x01, 'm'}, {0x01, 0x04, 0x01, 0x01, 0x01, 'f'}}),
      custom("last", {text("3")}),
  });
}

TEST(Encode, RoundTripOfEverything) {
  auto m = decode(everything(), Features::all());
  ASSERT_TRUE(m) << m.error().message() << " at " << m.error().offset;
  EXPECT_EQ(m->elems.size(), 8u);
  EXPECT_EQ(m->branch_hints.size(), 1u);
  const Bytes first = encode_module(*m);
  auto again = decode(first, Features::all());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(modules_equal(*m, *again));
  EXPECT_EQ(encode_module(*again), first);
  ASSERT_EQ(again->customs.size(), 5u);
  EXPECT_EQ(again->customs[1].name, "middle");
  EXPECT_EQ(again->customs[1].after, 6);
}

TEST(Encode, WritesNamesAndHintsOfModulesWithoutSuchSections) {
  auto m = decode(everything(), Features::all());
  ASSERT_TRUE(m);
  m->customs.clear();
  m->names.locals.entries = {{1, NameMap{{{0, "x"}, {3, "y"}}}}};
  m->names.tags.entries = {{1, "oops"}};
  auto again = decode(encode_module(*m), Features::all());
  ASSERT_TRUE(again);
  EXPECT_TRUE(modules_equal(*m, *again));
  EXPECT_EQ(again->names.locals.find(1, 3), "y");
  EXPECT_EQ(again->branch_hints.size(), 1u);
  EXPECT_TRUE(check_custom_sections(*again));
}

TEST(Encode, PlacesAfterEmptySections) {
  auto m = decode(binary({section(1, {{0}}), custom("a", {}), section(5, {{1, 0, 1}}), custom("b", {})}));
  ASSERT_TRUE(m);
  EXPECT_EQ(m->customs[0].after, 1);
  auto again = decode(encode_module(*m));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->customs[0].after, 0);
  EXPECT_TRUE(modules_equal(*m, *again));
}

TEST(Encode, FunctionIndicesOfOtherTypesBecomeExpressions) {
  Module m;
  m.elems.resize(1);
  m.elems[0].type = ValType::FuncRef;
  m.elems[0].funcs = {1, 200};
  auto again = decode(encode_module(m));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->elems[0].type, ValType::FuncRef);
  ASSERT_EQ(again->elems[0].exprs.size(), 2u);
  EXPECT_EQ(again->elems[0].exprs[1].bytes.size(), 4u);
}

TEST(ModulesEqual, SeesDifferences) {
  auto base = decode(everything(), Features::all());
  ASSERT_TRUE(base);
  auto differs = [&](auto change) {
    auto other = decode(everything(), Features::all());
    change(*other);
    return !modules_equal(*base, *other);
  };
  EXPECT_FALSE(differs([](Module&) {}));
  EXPECT_FALSE(differs([](Module& m) { m.data_count.reset(); }));
  EXPECT_TRUE(differs([](Module& m) { m.types[0].comp.func.params.push_back(ValType::I32); }));
  EXPECT_TRUE(differs([](Module& m) { m.imports[0].name = "other"; }));
  EXPECT_TRUE(differs([](Module& m) { m.functions[1].body.bytes = m.functions[1].body.bytes.first(3); }));
  EXPECT_TRUE(differs([](Module& m) { m.tables[2].init.reset(); }));
  EXPECT_TRUE(differs([](Module& m) { m.memories[1].type.shared = false; }));
  EXPECT_TRUE(differs([](Module& m) { m.globals[1].type.mut = true; }));
  EXPECT_TRUE(differs([](Module& m) { m.exports[0].index = 0; }));
  EXPECT_TRUE(differs([](Module& m) { m.start.reset(); }));
  EXPECT_TRUE(differs([](Module& m) { m.elems[1].funcs[0] = 1; }));
  EXPECT_TRUE(differs([](Module& m) { m.elems[4].exprs.clear(); }));
  EXPECT_TRUE(differs([](Module& m) { m.datas[1].bytes = {}; }));
  EXPECT_TRUE(differs([](Module& m) { m.branch_hints[0].likely = true; }));
  EXPECT_TRUE(differs([](Module& m) { m.names.module.reset(); }));
  EXPECT_TRUE(differs([](Module& m) { m.customs[0].after = 5; }));
  EXPECT_TRUE(differs([](Module& m) { m.customs.pop_back(); }));
}

}  // namespace
}  // namespace skiff
