// The component parser: sugar against what it stands for, outer aliases, names, values, bounds.
#include "component/text/text.h"

#include <gtest/gtest.h>

#include "component/binary/equal.h"

namespace skiff::component {
namespace {

std::shared_ptr<const Component> parse(std::string_view source) {
  auto component = parse_component(source, Features::all());
  EXPECT_TRUE(component.has_value()) << component.error().message() << " at " << component.error().offset;
  return component ? *component : nullptr;
}
std::string error_of(std::string_view source) {
  const auto component = parse_component(source, Features::all());
  return component ? "" : component.error().message();
}
// Identifiers aside, both mean the same.
void expect_same(std::string_view sugar, std::string_view plain) {
  const auto a = parse(sugar), b = parse(plain);
  ASSERT_TRUE(a && b);
  Component x = *a, y = *b;
  x.names = {}, y.names = {};
  EXPECT_TRUE(components_equal(x, y)) << *print_component(x) << "\n" << *print_component(y);
}

TEST(ComponentText, Sugar) {
  expect_same("(component (import \"f\" (func (param \"a\" (list u8)))))",
              "(component (type (list u8)) (type (func (param \"a\" 0))) (import \"f\" (func (type 1))))");
  expect_same("(component (func $f (import \"f\")) (export \"g\" (func $f)))",
              "(component (type (func)) (import \"f\" (func (type 0))) (export \"g\" (func 0)))");
  expect_same("(component (import \"i\" (instance $i (export \"f\" (func)))) (core func (canon lower (func $i \"f\"))))",
              "(component (type (instance (type (func)) (export \"f\" (func (type 0)))))"
              " (import \"i\" (instance (type 0))) (alias export 0 \"f\" (func)) (canon lower (func 0) (core func)))");
  expect_same("(component (core module $m) (core instance (instantiate $m (with \"a\" (instance)))))",
              "(component (core module) (core instance) (core instance (instantiate 0 (with \"a\" (instance 0)))))");
  expect_same("(component (type $t (export \"t\") (record (field \"x\" u8))))",
              "(component (type (record (field \"x\" u8))) (export \"t\" (type 0)))");
}

TEST(ComponentText, OuterAliases) {
  expect_same("(component (type $t u8) (component (type (list $t)) (type (option $t))))",
              "(component (type u8) (component (alias outer 1 0 (type)) (type (list 0)) (type (option 0))))");
  expect_same("(component (core type $t (func)) (core type (module (import \"\" \"\" (func (type $t))))))",
              "(component (core type (func)) (core type (module (alias outer 1 0 (type))"
              " (import \"\" \"\" (func (type 0))))))");
  EXPECT_EQ(error_of("(component (import \"x\" (func $x)) (component (export \"x\" (func $x))))"),
            "outer item `x` is not a module, type, or component");
  EXPECT_EQ(error_of("(component (export \"x\" (func $x)))"), "unknown identifier: func $x");
}

TEST(ComponentText, Values) {
  const auto component = parse("(component (value (tuple u8 s32 char bool) (tuple 255 -1 '\\u{263a}' true)))");
  ASSERT_TRUE(component);
  const auto* value = std::get_if<ValueDef>(&component->definitions.back().def);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->bytes, (std::vector<uint8_t>{0xFF, 0x7F, 0xE2, 0x98, 0xBA, 0x01}));
  EXPECT_EQ(error_of("(component (value u8 256))"), "unexpected token: 256");
  // A type that names itself has no values.
  EXPECT_NE(error_of("(component (alias outer 0 0 (type)) (value 0 1))"), "");
}

TEST(ComponentText, NamesSurvive) {
  const auto component = parse(
      "(component $root (core module $a (@name \"inner\")) (core module (@name \"b\")) (component $c (@name \"d\")))");
  ASSERT_TRUE(component);
  EXPECT_EQ(component->names.component, "root");
  const auto again = parse(*print_component(*component));
  ASSERT_TRUE(again);
  EXPECT_TRUE(components_equal(*component, *again));
  // Names that are no identifiers.
  Component odd = *component;
  odd.names.of_sort[static_cast<size_t>(Sort::CoreModule)] = {{0, "same"}, {1, "same"}, {7, ""}};
  const auto odd_again = parse(*print_component(odd));
  ASSERT_TRUE(odd_again);
  EXPECT_TRUE(components_equal(odd, *odd_again));
}

TEST(ComponentText, IsComponentText) {
  EXPECT_TRUE(is_component_text("(component)"));
  EXPECT_TRUE(is_component_text(" ;; c\n (; (; x ;) ;) ( component $c)"));
  for (const char* source : {"", "(", "(;", "(module)", "(components)", "component"})
    EXPECT_FALSE(is_component_text(source)) << source;
}

TEST(ComponentText, DepthIsBounded) {
  std::string components, types = "(component (type ";
  for (int i = 0; i < 5000; ++i) components += "(component ", types += "(list ";
  EXPECT_EQ(error_of(components + std::string(5000, ')')), "too deeply nested");
  EXPECT_EQ(error_of(types + "u8" + std::string(5002, ')')), "too deeply nested");
  EXPECT_NE(error_of("(component $"), "");
}

}  // namespace
}  // namespace skiff::component
