// Name resolution, gates, worlds.
#include "component/wit/print.h"
#include "component/wit/wit_test_support.h"

namespace skiff::component::wit {
namespace {

bool says(const std::string& text, const std::string& what) {
  const std::string message = error_of(text);
  EXPECT_NE(message.find(what), std::string::npos) << message;
  return message.find(what) != std::string::npos;
}

TEST(WitResolve, TypesInAnyOrder) {
  const Resolved r =
      must("package a:b; interface i { type foo = bar; record bar { x: baz } type baz = u32; }");
  std::string order;
  for (const auto& [name, id] : interface(r, "i").types) order += name + " ";
  EXPECT_EQ(order, "baz bar foo ");
}

TEST(WitResolve, NamesOfTypes) {
  says("package a:b; interface i { type a = b; }", "t.wit:1:37: type `b` is not defined");
  says("package a:b; interface i { type color = u8; f: func(c: colour); }",
       "did you mean `color`?");
  says("package a:b; interface i { type a = u8; type A = u8; }", "too similar");
  says("package a:b; interface i { type a = u8; a: func(); }", "`a` is defined twice");
  says("package a:b; interface i { resource r { f: func(); f: static func(); } }", "too similar");
  says("package a:b; interface i { resource r { r: func(); } }", "too similar");
  says("package a:b; interface i { resource r { constructor(); constructor(); } }",
       "`[constructor]r` is defined twice");
  says("package a:b; interface i { f: func(a: u8, A: u8); }", "two parameters");
  says("package a:b; interface i { enum e { a, b, a } }", "`a` occurs twice in `e`");
  says("package a:b; interface i { type a = b; type b = c; type c = a; }",
       "`a` -> `b` -> `c` -> `a`");
  says("package a:b; interface i { record r { f: option<r> } }", "type `r` depends on itself");
  std::string flags = "package a:b; interface i { flags f { ";
  for (int i = 0; i < 33; ++i) flags += "flag" + std::to_string(i) + ", ";
  says(flags + "} }", "33 flags, the most are 32");
}

TEST(WitResolve, Resources) {
  const Resolved r = must(R"(package a:b; interface i {
    resource r { constructor(a: u8) -> result<r, string>; m: async func(x: borrow<r>) -> r; s: static func(); }
    type alias = r;
    f: func(a: alias, b: own<r>) -> alias;
  })");
  const Interface& i = interface(r, "i");
  EXPECT_EQ(print_function(r.resolve, *i.functions.find("[method]r.m")),
            "async func(x: borrow<r>) -> r");
  EXPECT_EQ(i.functions.find("[method]r.m")->params[0].name, "self");
  EXPECT_EQ(print_function(r.resolve, *i.functions.find("[constructor]r")),
            "(a: u8) -> result<r, string>");
  EXPECT_EQ(print_function(r.resolve, *i.functions.find("f")), "func(a: alias, b: r) -> alias");
  says("package a:b; interface i { resource r; f: func() -> borrow<r>; }", "holds a `borrow`");
  says("package a:b; interface i { resource r; record x { b: borrow<r> } f: func() -> list<x>; }",
       "holds a `borrow`");
  says("package a:b; interface i { resource r; type s = stream<borrow<r>>; }", "hold a `borrow`");
  says("package a:b; interface i { type r = u8; f: func(x: borrow<r>); }", "`r` is not a resource");
  says("package a:b; interface i { resource r { constructor() -> u8; } }",
       "returns `result<r, ...>`");
  says("package a:b; interface i { resource r { constructor() -> result<u8>; } }",
       "returns `result<r, ...>`");
}

TEST(WitResolve, Use) {
  const Resolved r = must(R"(package a:b@1.0.0;
    use c:d/e@2.0.0 as other;
    interface i { use other.{t as u}; use j.{v}; f: func(x: u, y: v); }
    interface j { type v = u8; }
    package c:d@2.0.0 { interface e { type t = string; } })");
  const TypeId u = *interface(r, "i").types.find("u");
  EXPECT_EQ(r.resolve.name_of(*r.resolve.used_from(u)), "c:d/e@2.0.0");
  EXPECT_EQ(std::get<Primitive>(r.resolve.resolve_alias(u)), Primitive::String);
  says("package a:b; interface i { use j.{x}; }", "has no interface or world `j`");
  says("package a:b; interface i { use j.{colour}; } interface j { type color = u8; }",
       "did you mean `color`?");
  says("package a:b; interface i { use j.{x}; } interface j { x: func(); }",
       "only types can be used");
  says("package a:b; interface i { use c:d/j.{x}; }",
       "package `c:d` is not known; put its WIT into `deps/`");
  says("package a:b; interface i { use c:d/j@1.0.0.{x}; } package c:d@1.1.0 {}",
       "there is `c:d@1.1.0`");
  says("package a:b; world w {} interface i { use w.{x}; }", "`w` is a world, not an interface");
  says("package a:b; interface i { use j.{x}; } interface j { use i.{x}; }",
       "interface `i` depends on itself; `i` -> `j` -> `i`");
  says("package a:b; interface i { use c:d/j.{x}; } package c:d { interface j { use a:b/i.{x}; } }",
       "package `a:b` depends on itself");
  says("package a:b; use i as j; use j as i; interface k { use i.{x}; }", "refers to itself");
  says("package a:b; interface i {} interface i {}", "`i` is defined twice in this package");
  says("package a:b; interface i {} world i {}", "`i` is defined twice in this package");
  says("package a:b; use i as j; interface j {} interface i {}",
       "`j` is defined twice in this file");
}

TEST(WitResolve, Gates) {
  const std::string text = R"(package a:b@1.0.0; interface i {
    @unstable(feature = x) type t = u8;
    @unstable(feature = x) f: func(a: t);
    @since(version = 1.0.0) g: func();
  })";
  EXPECT_FALSE(interface(must(text), "i").functions.contains("f"));
  Options options = all_options();
  options.unstable = {"x"};
  EXPECT_TRUE(interface(must(text, options), "i").functions.contains("f"));
  says("package a:b@1.0.0; interface i { @unstable(feature = x) type t = u8; f: func(a: t); }",
       "part of the feature `x`, which is not enabled");
  says("package a:b; @unstable(feature = x) interface i { type t = u8; }",
       "not gated, but its interface is");
  says("package a:b; @unstable(feature = x) interface i {} world w { import i; }",
       "part of the feature `x`");
  must(
      "package a:b; @unstable(feature = x) interface i {} world w { @unstable(feature = x) import "
      "i; }");
}

TEST(WitWorld, ImportsWhatItemsUse) {
  const Resolved r = must(R"(package a:b;
    interface a { type t = u8; } interface b { use a.{t}; } interface c { use b.{t}; }
    world w { export c; import f: func(); use b.{t}; record r { x: t } import g: func(x: r); }
    world x { export b; export a; })");
  EXPECT_EQ(keys(world(r, "w").imports), "a:b/a a:b/b t r f g");
  EXPECT_EQ(keys(world(r, "w").exports), "a:b/c");
  EXPECT_EQ(keys(world(r, "x").imports), "");
  EXPECT_EQ(keys(world(r, "x").exports), "a:b/a a:b/b");
  says(
      R"(package a:b; interface a { type t = u8; } interface b { use a.{t}; } interface c { use b.{t}; use a.{t as u}; }
    world w { export a; export c; })",
      "exports `a:b/a` and also needs it as an import");
}

TEST(WitWorld, Include) {
  const std::string base = R"(package a:b; interface i {}
    world base { import i; import f: func(); resource r { m: func(); } export g: func(x: borrow<r>); }
  )";
  const Resolved r =
      must(base + "world w { include base with { f as f2, r as s } import f: func(); }");
  EXPECT_EQ(keys(world(r, "w").imports), "a:b/i s f f2 [method]s.m");
  const Function& g = std::get<Function>(*world(r, "w").exports.find("g"));
  EXPECT_EQ(print_function(r.resolve, g), "func(x: borrow<s>)");
  const TypeId s = std::get<TypeId>(*world(r, "w").imports.find("s"));
  EXPECT_EQ(std::get<Function>(*world(r, "w").imports.find("[method]s.m")).resource, s);
  says(base + "world w { include base; import f: func(); }",
       "the included import `f` conflicts with an earlier one");
  says(base + "world w { include base with { i as j } }", "only plain names can be renamed");
  says(base + "world w { include base with { f as a, f as b } }", "is renamed twice");
  says(base + "world w { include i; }", "`i` is an interface, not a world");
  says("package a:b; world x { include y; } world y { include x; }", "world `x` depends on itself");
  // The same type used by both worlds is one.
  must(
      R"(package a:b; interface i { type t = u8; } world x { use i.{t}; } world y { use i.{t}; import f: func(a: t); }
    world z { include x; include y; })");
}

TEST(WitWorld, Names) {
  says("package a:b; world w { import f: func(); import f: func(); }",
       "`f` is imported twice in world `w`; rename one");
  says("package a:b; world w { import f: func(); import F: func(); }", "too similar");
  says("package a:b; interface i {} world w { import i; import i; }", "`a:b/i` is imported twice");
  must(
      "package a:b; interface i {} world w { import i; export i; import f: func(); export f: "
      "func(); }");
  const Resolved r =
      must("package a:b; interface i {} world w { import x: i; import y: i; import i; }");
  const auto& x = std::get<WorldInterface>(*world(r, "w").imports.find("x"));
  EXPECT_EQ(r.resolve.implements("x", x), "a:b/i");
  EXPECT_EQ(r.resolve.implements("a:b/i", x), std::nullopt);
}

TEST(WitWorld, Select) {
  const Resolved r = must("package a:b; world w {} package c:d@1.0.0 { world x {} world y {} }");
  EXPECT_EQ(r.resolve.name_of(*select_world(r.resolve, r.main, "")), "a:b/w");
  EXPECT_EQ(r.resolve.name_of(*select_world(r.resolve, r.main, "w")), "a:b/w");
  EXPECT_EQ(r.resolve.name_of(*select_world(r.resolve, r.main, "c:d/x")), "c:d/x@1.0.0");
  EXPECT_EQ(r.resolve.name_of(*select_world(r.resolve, r.main, "c:d/y@1.0.0")), "c:d/y@1.0.0");
  for (const char* bad : {"x", "c:d/z", "c:d/x@1.0.1", "e:f/g", ":/", "/"})
    EXPECT_FALSE(select_world(r.resolve, r.main, bad).has_value()) << bad;
}

TEST(WitResolve, WorkIsBounded) {
  // Chains that a naive resolver would follow with recursion, or multiply.
  std::string chain = "package a:b; interface i0 { type t = u8; }\n";
  for (int i = 1; i < 3000; ++i)
    chain += "interface i" + std::to_string(i) + " { use i" + std::to_string(i - 1) + ".{t}; }\n";
  EXPECT_NE(error_of(chain).find("limit exceeded"), std::string::npos);
  std::string types = "package a:b; interface i { type t0 = u8;\n";
  for (int i = 1; i < 5000; ++i)
    types += "type t" + std::to_string(i) + " = tuple<t" + std::to_string(i - 1) + ", t" +
             std::to_string(i - 1) + ">;\n";
  must(types + "f: func() -> t4999; }");
}

}  // namespace
}  // namespace skiff::component::wit
