// Hash-consing, and the facts of types against the canonical ABI's definitions.
#include <gtest/gtest.h>

#include "component/types/flatten.h"
#include "component/types/types.h"

namespace skiff::component {
namespace {

constexpr Primitive U8 = Primitive::U8, U16 = Primitive::U16, U32 = Primitive::U32, U64 = Primitive::U64,
                    F32 = Primitive::F32, F64 = Primitive::F64, Str = Primitive::String, Bool = Primitive::Bool;

class Types : public testing::Test {
 protected:
  ValType add(TypeBody body) { return ValType::of(table.add(std::move(body))); }
  ValType tuple(std::vector<ValType> types) { return add(TupleType{std::move(types)}); }
  std::string flat(ValType t, int wide = 0) {
    const FlatTypes& f = table.facts(t).flat[wide];
    if (!f.fits()) return "many";
    std::string text;
    for (uint32_t i = 0; i < f.count; ++i) text += (i ? " " : "") + to_string(f[i]);
    return text;
  }
  void expect(ValType t, uint64_t size32, uint32_t align32, uint64_t size64, uint32_t align64) {
    const TypeFacts& f = table.facts(t);
    EXPECT_EQ(f.size[0], size32) << to_string(table, t);
    EXPECT_EQ(f.align[0], align32) << to_string(table, t);
    EXPECT_EQ(f.size[1], size64) << to_string(table, t);
    EXPECT_EQ(f.align[1], align64) << to_string(table, t);
  }
  TypeTable table;
};

TEST_F(Types, EqualTypesHaveEqualIds) {
  const RecordType r{{{"a", U8}, {"b", tuple({U8, Str})}}};
  EXPECT_EQ(table.add(r), table.add(RecordType{{{"a", U8}, {"b", tuple({U8, Str})}}}));
  EXPECT_NE(table.add(r), table.add(RecordType{{{"a", U8}, {"c", tuple({U8, Str})}}}));
  EXPECT_NE(add(ListType{U8, {}}), add(ListType{U8, 1}));
  EXPECT_NE(add(StreamType{U8}), add(FutureType{U8}));
  EXPECT_NE(add(OwnType{0}), add(OwnType{1}));
  EXPECT_NE(add(EnumType{{"a", "b"}}), add(FlagsType{{"a", "b"}}));
  EXPECT_NE(table.add(InstanceType{}), table.add(InstanceType{})) << "compared by subtyping only";
}

TEST_F(Types, SizesAndAlignments) {
  expect(Bool, 1, 1, 1, 1);
  expect(Str, 8, 4, 16, 8);
  expect(tuple({U8, U32, U8}), 12, 4, 12, 4);
  expect(tuple({U8, Str}), 12, 4, 24, 8);
  expect(add(ListType{U16, 3}), 6, 2, 6, 2);
  expect(add(MapType{U8, U64}), 8, 4, 16, 8);
  expect(add(OptionType{U8}), 2, 1, 2, 1);
  expect(add(OptionType{U64}), 16, 8, 16, 8);
  expect(add(ResultType{}), 1, 1, 1, 1);
  expect(add(VariantType{{{"a", U16}, {"b", F64}, {"c", {}}}}), 16, 8, 16, 8);
  expect(add(OwnType{0}), 4, 4, 4, 4);
  std::vector<std::string> labels;
  for (int i = 0; i < 257; ++i) labels.push_back("l" + std::to_string(i));
  expect(add(EnumType{labels}), 2, 2, 2, 2);
  labels.resize(256);
  expect(add(EnumType{labels}), 1, 1, 1, 1);
  labels.resize(32);
  expect(add(FlagsType{labels}), 4, 4, 4, 4);
  labels.resize(9);
  expect(add(FlagsType{labels}), 2, 2, 2, 2);
  const ValType big = add(ListType{U64, 536870912});
  EXPECT_EQ(table.facts(big).size[0], uint64_t{1} << 32) << "does not wrap";
}

TEST_F(Types, FlatTypesJoin) {
  EXPECT_EQ(flat(tuple({U8, Str, F64})), "i32 i32 i32 f64");
  EXPECT_EQ(flat(Str, 1), "i64 i64");
  EXPECT_EQ(flat(add(VariantType{{{"a", F32}, {"b", U32}, {"c", tuple({F32, F64})}}})), "i32 i32 f64");
  EXPECT_EQ(flat(add(VariantType{{{"a", F32}, {"b", U64}}})), "i32 i64");
  EXPECT_EQ(flat(add(VariantType{{{"a", F64}, {"b", F32}}})), "i32 i64");
  EXPECT_EQ(flat(add(VariantType{{{"a", F32}, {"b", F32}}})), "i32 f32");
  EXPECT_EQ(flat(add(ResultType{{}, Str}), 1), "i32 i64 i64");
  EXPECT_EQ(flat(add(ListType{U8, 16})).size(), 16u * 4 - 1);
  EXPECT_EQ(flat(add(ListType{U8, 17})), "many");
  EXPECT_EQ(flat(add(OptionType{add(ListType{U8, 16})})), "many");
}

TEST_F(Types, Contents) {
  const ValType borrow = add(ListType{add(BorrowType{3}), {}});
  EXPECT_TRUE(table.facts(borrow).has_borrow);
  EXPECT_TRUE(table.facts(borrow).has_resource);
  EXPECT_TRUE(table.facts(borrow).has_pointer);
  EXPECT_EQ(table.facts(borrow).depth, 1u);
  EXPECT_FALSE(table.facts(add(StreamType{Str})).has_pointer) << "elements travel by themselves";
  EXPECT_TRUE(table.facts(add(StreamType{Str})).has_handle);
  EXPECT_TRUE(table.facts(ValType(Primitive::ErrorContext)).has_handle);
}

TEST_F(Types, NodesSaturate) {
  ValType t = U8;
  for (int i = 0; i < 100; ++i) t = tuple({t, t});
  EXPECT_EQ(table.facts(t).nodes, ~uint64_t{0});
  EXPECT_EQ(table.facts(t).depth, 100u);
  EXPECT_LT(to_string(table, t).size(), 10000u);
}

TEST_F(Types, FlatSignatures) {
  const FuncType f{true, {{"a", tuple({U32, U32, U32})}, {"b", Str}}, tuple({U8, U8})};
  auto text = [&](AbiSide side, AbiOptions options) {
    return to_string(flatten_func(table, f, side, options).core);
  };
  auto core = [](std::vector<skiff::ValType> params, std::vector<skiff::ValType> results) {
    return to_string(skiff::FuncType{std::move(params), std::move(results)});
  };
  const auto i32 = skiff::ValType::I32;
  const auto i64 = skiff::ValType::I64;
  EXPECT_EQ(text(AbiSide::Lift, {}), core({i32, i32, i32, i32, i32}, {i32}));
  EXPECT_EQ(text(AbiSide::Lower, {}), core({i32, i32, i32, i32, i32, i32}, {}));
  EXPECT_EQ(text(AbiSide::Lower, {AddressType::I32, true}), core({i32, i32}, {i32})) << "at most 4 parameters";
  EXPECT_EQ(text(AbiSide::Lift, {AddressType::I32, true}), core({i32, i32, i32, i32, i32}, {}));
  EXPECT_EQ(text(AbiSide::Lift, {AddressType::I64, true, true}), core({i32, i32, i32, i64, i64}, {i32}));
  const FuncType many{false, std::vector<Field>(17, {"p", F32}), U64};
  const FlatSignature s = flatten_func(table, many, AbiSide::Lift, {});
  EXPECT_TRUE(s.params_in_memory);
  EXPECT_FALSE(s.results_in_memory);
  EXPECT_EQ(to_string(s.core), core({i32}, {i64}));
}

}  // namespace
}  // namespace skiff::component
