// What validation finds out about a component, beyond right and wrong (the official suite tests that):
// index spaces, resources of types and instances, subtyping across tables, limits for hostile input.
#include "component/valid/valid.h"

#include <gtest/gtest.h>

#include <chrono>

#include "component/text/text.h"

namespace skiff::component {
namespace {

struct Checked {
  TypeRegistry registry;
  std::unique_ptr<PlainModules> modules;
  Result<std::unique_ptr<ComponentInfo>> info = fail(ErrorCode::InvalidArgument);

  const ComponentInfo& operator*() const { return **info; }
  const ComponentInfo* operator->() const { return info.value().get(); }
  std::string error() const { return info.has_value() ? "" : info.error().message(); }
};

std::unique_ptr<Checked> check(std::string_view source, Features features = Features()) {
  auto c = std::make_unique<Checked>();
  c->modules = std::make_unique<PlainModules>(c->registry, features);
  auto parsed = parse_component(source, Features::all());
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message() << " at " << parsed.error().offset;
  if (parsed) c->info = validate_component(*parsed, c->registry, *c->modules, {features});
  return c;
}

std::unique_ptr<Checked> valid(std::string_view source, Features features = Features()) {
  auto c = check(source, features);
  EXPECT_EQ(c->error(), "");
  return c;
}

const ComponentType& type_of(const ComponentInfo& c) { return c.types->get<ComponentType>(c.type); }

TEST(ComponentValid, IndexSpaces) {
  auto c = valid(R"((component
    (core module $m
      (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "f") (param i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (alias core export $i "mem" (core memory $mem))
    (alias core export $i "realloc" (core func $realloc))
    (alias core export $i "f" (core func $f))
    (type $t (func (param "s" string) (result u32)))
    (func $lifted (type $t) (canon lift (core func $f) (memory $mem) (realloc $realloc)))
    (core func $lowered (canon lower (func $lifted) (memory $mem)))
    (export "f" (func $lifted))))");
  ASSERT_TRUE(c->info);
  EXPECT_EQ((*c)->core_funcs.size(), 3u);
  EXPECT_EQ((*c)->core_funcs[1], (*c)->core_funcs[2]) << "lift and lower have the same flat type";
  EXPECT_EQ((*c)->core_memories.size(), 1u);
  EXPECT_EQ((*c)->module_defs.size(), 1u);
  EXPECT_EQ((*c)->funcs, (std::vector<TypeId>(2, (*c)->type_space[0].id))) << "the export is an index too";
  EXPECT_EQ(to_string(*(*c)->types, (*c)->types->get<FuncType>((*c)->funcs[0])),
            "(func (param \"s\" string) (result u32))");
  EXPECT_EQ(type_of(**c).exports.size(), 1u);
}

TEST(ComponentValid, ResourcesOfTypesAndInstances) {
  auto c = valid(R"((component
    (component $C
      (type $R (resource (rep i32)))
      (export $a "a" (type $R))
      (export "b" (type $R))
      (core func $drop (canon resource.drop $R))
      (func (export "f") (param "x" (own $a)) (canon lift (core func $drop))))
    (instance $one (instantiate $C))
    (instance $two (instantiate $C))
    (export "one" (instance $one))))");
  ASSERT_TRUE(c->info);
  const ComponentInfo& child = *(*c)->children[0];
  const ComponentType& type = type_of(child);
  EXPECT_EQ(type.fresh, child.defined_resources);
  EXPECT_TRUE(type.exports[0].type.fresh_resource);
  EXPECT_FALSE(type.exports[1].type.fresh_resource) << "the second name of the same resource";

  const auto& one = (*c)->types->get<InstanceType>((*c)->instances[0]);
  const auto& two = (*c)->types->get<InstanceType>((*c)->instances[1]);
  EXPECT_TRUE(one.fresh.empty());
  EXPECT_EQ(one.exports[0].type.type, one.exports[1].type.type);
  EXPECT_NE(one.exports[0].type.type, two.exports[0].type.type);
  EXPECT_NE(one.exports[2].type.id, two.exports[2].type.id) << "functions on different resources";
  EXPECT_EQ(type_of(**c).fresh, (std::vector{one.exports[0].type.type.id}));
}

TEST(ComponentValid, AscriptionMakesAbstract) {
  auto c = valid(R"((component
    (type $r (resource (rep i32)))
    (export "a" (type $r))
    (export "b" (type $r) (type (sub resource)))))");
  ASSERT_TRUE(c->info);
  EXPECT_EQ((*c)->type_space[0], (*c)->type_space[1]);
  EXPECT_NE((*c)->type_space[0], (*c)->type_space[2]);
  EXPECT_EQ(type_of(**c).fresh.size(), 2u);
}

TEST(ComponentValid, MatchesAcrossTables) {
  auto host = valid(R"((component
    (import "store" (instance
      (export "extra" (func))
      (export "key" (type $k (sub resource)))
      (export "get" (func (param "k" (borrow $k)) (result (list u8))))))))");
  auto guest = valid(R"((component
    (import "store" (instance $s
      (export "key" (type $k (sub resource)))
      (export "get" (func (param "k" (borrow $k)) (result (list u8))))))
    (alias export $s "key" (type $key))
    (import "more" (func (result (own $key))))))");
  ASSERT_TRUE(host->info && guest->info);
  const ExternType& sub = type_of(**host).imports[0].type;
  const ExternType& super = type_of(**guest).imports[0].type;
  ResourceMap map;
  Status s = matches(*(*host)->types, sub, *(*guest)->types, super, map, guest->registry);
  EXPECT_TRUE(s) << s.error().message();
  ASSERT_EQ(map.map.size(), 1u) << "the guest's key is the host's";
  EXPECT_EQ(map.map[type_of(**guest).parameters[0]], type_of(**host).parameters[0]);

  ResourceMap none;
  s = matches(*(*guest)->types, super, *(*host)->types, sub, none, guest->registry);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().message(), "invalid component: missing expected export `extra`");
}

TEST(ComponentValid, MatchingUsesEarlierBindings) {
  auto host = valid(R"((component
    (import "a" (type $a (sub resource)))
    (import "b" (type $b (sub resource)))
    (import "f" (func (param "x" (own $a))))
    (import "g" (func (param "x" (own $b))))))");
  auto guest = valid(R"((component
    (import "r" (type $r (sub resource)))
    (import "f" (func (param "x" (own $r))))))");
  ASSERT_TRUE(host->info && guest->info);
  const auto& have = type_of(**host).imports;
  const auto& want = type_of(**guest).imports;
  ResourceMap map;
  const TypeTable &a = *(*host)->types, &b = *(*guest)->types;
  EXPECT_TRUE(matches(a, have[0].type, b, want[0].type, map, guest->registry));
  EXPECT_TRUE(matches(a, have[2].type, b, want[1].type, map, guest->registry));
  EXPECT_FALSE(matches(a, have[3].type, b, want[1].type, map, guest->registry));
}

TEST(ComponentValid, Gates) {
  const char* kGated[] = {"(component (type (list u8 4)))",
                          "(component (type error-context))",
                          "(component (import \"v\" (value u8)))",
                          "(component (import \"a:b:c/d\" (func)))",
                          "(component (import \"a:b/c@1\" (func)))",
                          "(component (core func (canon thread.index)))"};
  for (const char* source : kGated) {
    EXPECT_NE(check(source)->error(), "") << source;
    EXPECT_EQ(check(source, Features::all())->error(),
              source == kGated[2] ? "invalid component: value index 0 was not used" : "")
        << source;
  }
}

TEST(ComponentValid, Values) {
  const Features all = Features::all();
  valid(R"((component
    (import "name" (value $name string))
    (import "greet" (func $greet (param "s" string) (result string)))
    (start $greet (value $name) (result (value $greeting)))
    (export "greeting" (value $greeting))))", all);
  valid(R"((component (value $v (list (option u8)) (binary "\02\00\01\05")) (export "v" (value $v))))", all);
  for (const char* bytes : {"\\02\\00\\01", "\\01\\02", "\\00\\00", "\\ff\\ff\\ff\\ff\\1f"}) {
    const std::string source = "(component (value $v (list (option u8)) (binary \"" + std::string(bytes) +
                               "\")) (export \"v\" (value $v)))";
    EXPECT_NE(check(source, all)->error(), "") << bytes;
  }
  EXPECT_NE(check(R"((component (value $v u8 (binary "\01")) (export "a" (value $v)) (export "b" (value $v))))", all)->error(), "");
}

TEST(ComponentValid, NoBorrowsInExportedValues) {
  const char* source = R"((component
    (type (component
      (import "r" (type $r (sub resource)))
      (export "v" (value (list (borrow $r))))))))";
  EXPECT_EQ(check(source, Features::all())->error(),
            "invalid component: exported value cannot contain a `borrow` type");
}

TEST(ComponentValid, ErrorsSayWhere) {
  const std::string source = "(component (type u8) (type (list 7)))";
  auto c = check(source);
  ASSERT_FALSE(c->info);
  EXPECT_EQ(c->info.error().message(), "invalid component: unknown type 7: type index out of bounds");
  EXPECT_GE(c->info.error().offset, source.find("(type (list"));
  EXPECT_LE(c->info.error().offset, source.find("(list"));
}

// ------------------------------------------------------------------------------------ hostile input

void expect_limit(const std::string& source) {
  const auto start = std::chrono::steady_clock::now();
  auto c = check(source, Features::all());
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(c->info);
  EXPECT_EQ(c->info.error().code, ErrorCode::ImplementationLimit) << c->error();
  EXPECT_LT(std::chrono::duration_cast<std::chrono::seconds>(took).count(), 30);
}

TEST(ComponentValidHostile, DoublingValueTypes) {
  std::string source = "(component (type $t0 u8)";
  for (int i = 0; i < 60; ++i) {
    const std::string t = "$t" + std::to_string(i);
    source += "(type $t" + std::to_string(i + 1) + " (option (tuple " + t + " " + t + ")))";
  }
  expect_limit(source + ")");
}

TEST(ComponentValidHostile, DeepTypes) {
  std::string source = "(component (type $t0 u8)";
  for (int i = 0; i < 200; ++i)
    source += "(type $t" + std::to_string(i + 1) + " (list $t" + std::to_string(i) + "))";
  expect_limit(source + ")");
}

TEST(ComponentValidHostile, DoublingInstances) {
  std::string source = "(component (component $C0 (type $r (resource (rep i32))) (export \"r\" (type $r)))";
  for (int i = 0; i < 60; ++i) {
    const std::string c = "$C" + std::to_string(i);
    source += "(component $C" + std::to_string(i + 1) + " (instance $a (instantiate " + c +
              ")) (instance $b (instantiate " + c +
              ")) (export \"a\" (instance $a)) (export \"b\" (instance $b)))";
  }
  expect_limit(source + ")");
}

TEST(ComponentValidHostile, DoublingInstanceTypes) {
  std::string source = "(component (type $I0 (instance (export \"r\" (type (sub resource)))))";
  for (int i = 0; i < 60; ++i) {
    const std::string t = "$I" + std::to_string(i);
    source += "(type $I" + std::to_string(i + 1) + " (instance (export \"a\" (instance (type " + t +
              "))) (export \"b\" (instance (type " + t + ")))))";
  }
  expect_limit(source + ")");
}

TEST(ComponentValidHostile, ManyInstantiationsOfMuch) {
  std::string source = "(component (component $C";
  for (int i = 0; i < 3000; ++i)
    source += "(type $r" + std::to_string(i) + " (resource (rep i32))) (export \"r" + std::to_string(i) +
              "\" (type $r" + std::to_string(i) + "))";
  source += ")";
  for (int i = 0; i < 999; ++i) source += "(instance (instantiate $C))";
  expect_limit(source + ")");
}

TEST(ComponentValidHostile, EqualityOfNestedInstanceTypes) {
  // Each level compares both ways.
  std::string source = "(component ";
  std::string types;
  for (int side = 0; side < 2; ++side) {
    const std::string p = side ? "$b" : "$a";
    types += "(type " + p + "0 (instance (export \"r\" (type (sub resource)))))";
    for (int i = 0; i < 40; ++i)
      types += "(type " + p + std::to_string(i + 1) + " (instance (alias outer 1 " +
               std::to_string(side * 41 + i) + " (type $t)) (export \"a\" (type (eq $t)))))";
  }
  source += types + "(component $c (import \"i\" (type (sub resource))))";
  source += "(type $ca (component (import \"x\" (type (eq $a40)))))"
            "(type $cb (component (import \"x\" (type (eq $b40)))))"
            "(import \"c\" (component $imported (type $ca)))"
            "(export \"c\" (component $imported) (component (type $cb))))";
  expect_limit(source);
}

}  // namespace
}  // namespace skiff::component
