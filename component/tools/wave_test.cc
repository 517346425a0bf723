// WAVE: values through text and back, shorthands, and what is refused.
#include "component/tools/wave.h"

#include <gtest/gtest.h>

namespace skiff::component {
namespace {

class Wave : public testing::Test {
 protected:
  ValType add(TypeBody body) { return ValType::of(types.add(std::move(body))); }
  // The value printed again, or the error's detail.
  std::string again(ValType type, std::string_view text) {
    const auto value = parse_wave(types, type, text);
    if (!value) return "error: " + value.error().detail;
    std::string where;
    EXPECT_TRUE(conforms(types, type, *value, where)) << text << ": " << where;
    return print_wave(types, type, *value);
  }
  TypeTable types;
};

TEST_F(Wave, Scalars) {
  EXPECT_EQ(again(Primitive::Bool, " true "), "true");
  EXPECT_EQ(again(Primitive::U8, "255"), "255");
  EXPECT_EQ(again(Primitive::S8, "-128"), "-128");
  EXPECT_EQ(again(Primitive::U32, "0x10"), "16");
  EXPECT_EQ(again(Primitive::S64, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(again(Primitive::F64, "1.5"), "1.5");
  EXPECT_EQ(again(Primitive::F32, "-inf"), "-inf");
  EXPECT_EQ(again(Primitive::Char, "'\\u{20AC}'"), "'€'");
  EXPECT_EQ(again(Primitive::Char, "'\\''"), "'\\''");
  EXPECT_EQ(again(Primitive::String, "\"a\\n\\\"ü\\u{7f}\""), "\"a\\n\\\"ü\\u{7f}\"");
}

TEST_F(Wave, Refused) {
  for (const auto& [type, text] : std::vector<std::pair<Primitive, std::string_view>>{
           {Primitive::U8, "256"}, {Primitive::U8, "-1"}, {Primitive::S8, "128"}, {Primitive::S8, "-129"},
           {Primitive::Bool, "yes"}, {Primitive::Char, "'ab'"}, {Primitive::Char, "'"}, {Primitive::Char, "''"},
           {Primitive::String, "\"open"}, {Primitive::String, "\"\\u{D800}\""}, {Primitive::String, "\"\\u{"},
           {Primitive::String, "\"\\"}, {Primitive::String, "\"\xFF\""}, {Primitive::String, "\"\xC3"},
           {Primitive::U32, ""}, {Primitive::U32, "1 2"}, {Primitive::F32, "one"}})
    EXPECT_TRUE(again(type, text).starts_with("error: expected")) << text;
  const auto error = parse_wave(types, add(ListType{Primitive::U8}), "[1, 2, x]");
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().offset, 7u);
  EXPECT_EQ(again(add(OwnType{}), "1"), "error: expected nothing: handles, streams and futures have no text, found '1'");
}

TEST_F(Wave, Compound) {
  const ValType u8s = add(ListType{Primitive::U8});
  EXPECT_EQ(again(u8s, "[]"), "[]");
  EXPECT_EQ(again(u8s, "[1,2 , 3,]"), "[1, 2, 3]");
  EXPECT_EQ(again(u8s, "[1 2]"), "error: expected ',' or ']', found '2]'");
  EXPECT_EQ(again(add(ListType{Primitive::U8, 2}), "[1]").substr(0, 6), "error:");
  EXPECT_EQ(again(add(TupleType{{Primitive::U8, Primitive::String}}), "(1, \"x\")"), "(1, \"x\")");
  EXPECT_EQ(again(add(MapType{Primitive::String, Primitive::U8}), "{\"a\": 1, \"b\": 2}"), "{\"a\": 1, \"b\": 2}");
  const ValType option = add(OptionType{Primitive::U8});
  const ValType record = add(RecordType{{{"a-b", Primitive::U8}, {"o", option}}});
  EXPECT_EQ(again(record, "{o: some(1), a-b: 2}"), "{a-b: 2, o: some(1)}");
  EXPECT_EQ(again(record, "{%a-b: 2}"), "{a-b: 2, o: none}");
  EXPECT_EQ(again(record, "{o: 1}"), "error: expected the field a-b before, found the end");
  EXPECT_EQ(again(record, "{a-b: 1, a-b: 1}").substr(0, 6), "error:");
  EXPECT_EQ(again(record, "{x: 1}").substr(0, 6), "error:");
  const ValType flags = add(FlagsType{{"r", "w", "x"}});
  EXPECT_EQ(again(flags, "{x, r}"), "{r, x}");
  EXPECT_EQ(again(flags, "{q}"), "error: expected the name of a flag, found 'q}'");
  EXPECT_EQ(again(add(EnumType{{"red", "none"}}), "none"), "none");
}

TEST_F(Wave, Variants) {
  const ValType option = add(OptionType{Primitive::U8});
  EXPECT_EQ(again(option, "none"), "none");
  EXPECT_EQ(again(option, "7"), "some(7)");
  const ValType nested = add(OptionType{option});
  EXPECT_EQ(again(nested, "some(none)"), "some(none)");
  EXPECT_EQ(again(nested, "7"), "error: expected none or some(...), found '7'");
  const ValType result = add(ResultType{Primitive::U8, Primitive::String});
  EXPECT_EQ(again(result, "ok(1)"), "ok(1)");
  EXPECT_EQ(again(result, "1"), "ok(1)");
  EXPECT_EQ(again(result, "err(\"bad\")"), "err(\"bad\")");
  EXPECT_EQ(again(add(ResultType{}), "err"), "err");
  const ValType variant = add(VariantType{{{"none", {}}, {"num", ValType(Primitive::F32)}}});
  EXPECT_EQ(again(variant, "num(1.5)"), "num(1.5)");
  EXPECT_EQ(again(variant, "%none"), "none");
  EXPECT_EQ(again(variant, "num"), "error: expected '(' and the payload, found the end");
  EXPECT_EQ(again(add(OptionType{add(EnumType{{"none"}})}), "%none"), "some(none)");
}

TEST_F(Wave, Calls) {
  const auto call = split_wave_call("f-g(1, \"a)\") ");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->name, "f-g");
  EXPECT_EQ(call->arguments, "1, \"a)\"");
  EXPECT_FALSE(split_wave_call("f"));
  EXPECT_FALSE(split_wave_call("(1)"));
  EXPECT_FALSE(split_wave_call("f(1"));
  const FuncType type{false, {{"a", Primitive::U8}, {"b", Primitive::String}}, {}};
  EXPECT_EQ(parse_wave_arguments(types, type, call->arguments)->size(), 2u);
  EXPECT_FALSE(parse_wave_arguments(types, type, "1"));
  EXPECT_FALSE(parse_wave_arguments(types, type, "1, \"a\", 2"));
  EXPECT_EQ(parse_wave_arguments(types, type, "1, 2").error().detail, "b: expected a string in quotes, found '2'");
}

}  // namespace
}  // namespace skiff::component
