// Components from core modules in the text format with worlds embedded from WIT text: they
// validate, and have the imports and exports that their worlds say.
#include "component/tools/new.h"

#include <gtest/gtest.h>

#include "component/tools/inspect.h"
#include "component/tools/module.h"
#include "component/wit/print.h"
#include "engine/text/text.h"

namespace skiff::component::tools {
namespace {

wit::Resolved resolve(const std::string& wit) {
  wit::Options options;
  options.features = Features::all();
  auto r = wit::parse_wit("t.wit", wit, options);
  EXPECT_TRUE(r.has_value()) << r.error().message();
  return r ? std::move(*r) : wit::Resolved{};
}

SharedBytes module_of(const std::string& wat, const std::string& wit, std::string_view world = "",
                      StringEncoding strings = StringEncoding::Utf8) {
  auto binary = wat_to_binary(wat, Features::all());
  EXPECT_TRUE(binary.has_value()) << binary.error().message();
  if (!binary) return {};
  if (wit.empty()) return SharedBytes::own(std::move(*binary));
  const wit::Resolved r = resolve(wit);
  const auto id = wit::select_world(r.resolve, r.main, world);
  EXPECT_TRUE(id.has_value());
  if (!id) return {};
  auto embedded = embed_world(*binary, r.resolve, *id, strings);
  EXPECT_TRUE(embedded.has_value());
  return SharedBytes::own(std::move(*embedded));
}

// The world of the component made, as WIT; the error otherwise.
std::string made(const Result<std::vector<uint8_t>>& component) {
  if (!component) return component.error().message();
  const auto world = inspect_component(SharedBytes::own(*component), Features::all());
  if (!world) return "not inspected: " + world.error().message();
  return wit::print_world(world->resolve, world->world);
}

std::string make(const std::string& wat, const std::string& wit,
                 std::vector<Adapter> adapters = {}) {
  return made(new_component(module_of(wat, wit), {Features::all(), std::move(adapters)}));
}

TEST(ComponentNew, Scalars) {
  EXPECT_EQ(make(R"((module
      (import "$root" "twice" (func $twice (param i32) (result i32)))
      (import "a:b/i@1.0.0" "g" (func $g (param i64) (result f32)))
      (func (export "f") (param i32) (result i32) (call $twice (local.get 0)))))",
                 R"(package a:b@1.0.0; interface i { g: func(x: u64) -> f32; unused: func(); }
                    interface not-used { h: func(); }
                    world w { import i; import not-used; import twice: func(x: u32) -> u32; import other: func();
                              export f: func(x: u32) -> u32; })"),
            R"(world root {
  import a:b/i@1.0.0;

  import twice: func(x: u32) -> u32;

  export f: func(x: u32) -> u32;
}
)");
}

constexpr const char* kStringModule = R"((module
    (import "a:b/log" "say" (func $say (param i32 i32)))
    (import "a:b/log" "name" (func $name (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "_initialize"))
    (func (export "a:b/greet#greet") (param i32 i32) (result i32) (i32.const 0))
    (func (export "cabi_post_a:b/greet#greet") (param i32))))";

TEST(ComponentNew, Strings) {
  EXPECT_EQ(make(kStringModule, R"(package a:b;
    interface log { say: func(s: string); name: func() -> string; }
    interface greet { record person { name: string, age: u8 } type p = string; greet: func(s: p) -> person; }
    world w { import log; export greet; })"),
            R"(world root {
  import a:b/log;

  export a:b/greet;
}
)");
}

// Resources, own and of others, in types that have names of their own.
TEST(ComponentNew, Resources) {
  EXPECT_EQ(make(R"((module
    (import "a:b/src" "[resource-drop]item" (func (param i32)))
    (import "a:b/src" "[method]item.get" (func (param i32) (result i32)))
    (import "[export]a:b/shop" "[resource-new]cart" (func (param i32) (result i32)))
    (import "[export]a:b/shop" "[resource-rep]cart" (func (param i32) (result i32)))
    (import "[export]a:b/shop" "[resource-drop]cart" (func (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "a:b/shop#[dtor]cart") (param i32))
    (func (export "a:b/shop#[constructor]cart") (result i32) i32.const 0)
    (func (export "a:b/shop#[method]cart.add") (param i32 i32 i32))
    (func (export "a:b/shop#[static]cart.all") (result i32) i32.const 0)
    (func (export "a:b/user#take") (param i32 i32))))",
                 R"(package a:b;
    interface src { record info { n: u32 } resource item { get: func() -> u32; } }
    interface shop { use src.{item, info}; record line { of: info, count: u8 }
      variant choice { one(line), none } flags marks { x, y } enum level { low, high }
      resource cart { constructor(); add: func(i: item, l: level); all: static func() -> list<choice>; } }
    interface user { use shop.{cart, level}; take: func(c: cart, l: level); }
    world w { import src; export shop; export user; })"),
            R"(world root {
  import a:b/src;

  export a:b/shop;
  export a:b/user;
}
)");
}

TEST(ComponentNew, StandardNames) {
  EXPECT_EQ(make(R"((module
    (import "cm32p2|a:b/log@1" "say" (func $say (param i32 i32)))
    (import "cm32p2|a:b/log@1" "r_drop" (func $drop (param i32)))
    (memory (export "cm32p2_memory") 1)
    (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "cm32p2_initialize"))
    (func (export "cm32p2||run") (param i32 i32) (result i32) (i32.const 0))
    (func (export "cm32p2||run_post") (param i32))))",
                 R"(package a:b@1.2.3; interface log { resource r; say: func(s: string); }
    world w { import log; export run: func(s: string) -> string; })"),
            R"(world root {
  import a:b/log@1.2.3;

  export run: func(s: string) -> string;
}
)");
}

// The adapter implements what the main module imports, by what itself imports, and exports what
// main cannot.
TEST(ComponentNew, Adapter) {
  const SharedBytes adapter = module_of(R"((module
      (import "env" "memory" (memory 0))
      (import "__main_module__" "_start" (func $start))
      (import "__main_module__" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      (import "__main_module__" "absent" (func $absent (result i32)))
      (import "h:o/out" "write" (func $write (param i32 i32)))
      (import "h:o/out" "args" (func $args (param i32)))
      (func (export "cabi_import_realloc") (param i32 i32 i32 i32) (result i32)
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get 3)))
      (func (export "print") (param i32 i32) (call $write (local.get 0) (local.get 1)))
      (func (export "h:o/run#run") (result i32) (call $start) (i32.const 0))))",
                                        R"(package h:o;
      interface out { write: func(s: string); args: func() -> list<string>; other: func(); }
      interface run { run: func() -> result; } world command { import out; export run; })");
  EXPECT_EQ(make(R"((module (import "old" "print" (func $print (param i32 i32)))
      (memory (export "memory") 1) (func (export "_start") (call $print (i32.const 0) (i32.const 1)))))",
                 "", {{"old", adapter}}),
            R"(world root {
  import h:o/out;

  export h:o/run;
}
)");
}

TEST(ComponentNew, Async) {
  EXPECT_EQ(make(R"((module
    (import "a:b/src" "[async-lower]fetch" (func (param i32 i32 i32) (result i32)))
    (import "[export]a:b/api" "[task-return]get" (func (param i32 i32)))
    (import "$root" "[waitable-set-new]" (func (result i32)))
    (import "$root" "[waitable-set-poll]" (func (param i32 i32) (result i32)))
    (import "$root" "[context-get-0]" (func (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "[async-lift]a:b/api#get") (param i32 i32) (result i32) i32.const 0)
    (func (export "[callback][async-lift]a:b/api#get") (param i32 i32 i32) (result i32) i32.const 0)))",
                 R"(package a:b; interface src { fetch: async func(s: string) -> string; }
    interface api { get: async func(s: string) -> string; } world w { import src; export api; })"),
            R"(world root {
  import a:b/src;

  export a:b/api;
}
)");
}

// Futures and streams in the order in which the type of their function ends them; what an interface
// exports that is exported later.
TEST(ComponentNew, Payloads) {
  EXPECT_EQ(make(R"((module
    (import "a:b/src" "[stream-new-0]open" (func (result i64)))
    (import "a:b/src" "[async-lower][stream-read-0]open" (func (param i32 i32 i32) (result i32)))
    (import "a:b/src" "[stream-drop-readable-0]open" (func (param i32)))
    (import "a:b/src" "[future-cancel-read-1]open" (func (param i32) (result i32)))
    (import "[export]a:b/api" "[future-new-0]get" (func (result i64)))
    (import "[export]a:b/api" "[async-lower][future-write-0]get" (func (param i32 i32) (result i32)))
    (import "[export]a:b/api" "[stream-new-unit]" (func (result i64)))
    (import "[export]a:b/api" "[task-return]get" (func (param i32)))
    (import "a:b/src" "open" (func (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "[async-lift]a:b/api#get") (result i32) i32.const 0)
    (func (export "[callback][async-lift]a:b/api#get") (param i32 i32 i32) (result i32) i32.const 0)))",
                 R"(package a:b; interface src { open: func(s: stream<string>) -> future<u8>; }
    interface kinds { record kind { n: string } resource item; }
    interface api { use kinds.{kind, item}; get: async func() -> future<tuple<kind, item>>; }
    world w { import src; export kinds; export api; })"),
            R"(world root {
  import a:b/src;

  export a:b/kinds;
  export a:b/api;
}
)");
}

// Whatever the bytes of a module and its world are, they are refused or make a valid component.
TEST(ComponentNew, HostileBytes) {
  const SharedBytes module = module_of(kStringModule, R"(package a:b;
    interface log { say: func(s: string); name: func() -> string; resource r; }
    interface greet { use log.{r}; record person { name: string, of: borrow<r> } greet: func(s: string) -> string; }
    world w { import log; export greet; })");
  size_t made = 0;
  for (size_t i = 0; i < module.bytes.size(); ++i)
    for (const uint8_t value : {0x00, 0x01, 0x41, 0xFF}) {
      std::vector<uint8_t> changed(module.bytes.begin(), module.bytes.end());
      changed[i] = value;
      made +=
          new_component(SharedBytes::own(std::move(changed)), {Features::all(), {}}).has_value();
    }
  EXPECT_GT(made, 0u);
}

TEST(ComponentNew, Refuses) {
  const std::string wit =
      "package a:b; world w { import f: func(s: string); export g: func() -> string; }";
  const std::string f = R"((import "$root" "f" (func (param i32 i32))))";
  const std::string g = R"((func (export "g") (result i32) i32.const 0))";
  EXPECT_EQ(
      make("(module)", ""),
      "invalid component: the module has no custom section `component-type`; `skiff component "
      "embed` adds one");
  EXPECT_EQ(make("(module)", wit),
            "invalid component: the module does not export `g`, which world `a:b/w` requires");
  EXPECT_EQ(make("(module " + g + ")", wit),
            "invalid component: the module must export its memory as `memory`");
  EXPECT_EQ(make("(module (import \"env\" \"f\" (func)) " + g + ")", wit),
            "unknown import: `env` `f`: the world `a:b/w` does not import it, and no adapter has "
            "its name");
  EXPECT_EQ(make("(module (import \"env\" \"m\" (memory 1)) " + g + ")", wit),
            "unknown import: `env` `m`: components can provide functions only");
  EXPECT_NE(
      make("(module (import \"$root\" \"f\" (func (param i64))) (memory (export \"memory\") 1)" +
               g + ")",
           wit)
          .find("invalid"),
      std::string::npos);
}

// Worlds of several sections are united.
TEST(ComponentNew, SeveralWorlds) {
  const wit::Resolved a = resolve(
      "package a:b; interface i { resource r; f: func(x: borrow<r>); } world w { import i; }");
  const wit::Resolved b = resolve(
      "package a:c; interface j { use a:b/i.{r}; g: func(x: r); } world v { import a:b/i; export "
      "j; }"
      " package a:b { interface i { resource r; f: func(x: borrow<r>); } }");
  wit::DecodedWorld into{a.resolve, *a.resolve[a.main].worlds.find("w")};
  const wit::DecodedWorld from{b.resolve, *b.resolve[b.main].worlds.find("v")};
  ASSERT_TRUE(merge_world(into, from).has_value());
  EXPECT_EQ(wit::print_world(into.resolve, into.world), R"(world w {
  import i;

  export a:c/j;
}
)");
  const wit::Resolved c = resolve("package a:b; interface i { f: func(); } world w { import i; }");
  const wit::DecodedWorld other{c.resolve, *c.resolve[c.main].worlds.find("w")};
  EXPECT_FALSE(merge_world(into, other).has_value());
}

// An adapter with a memory of its own: what it passes and is given lies there, and it copies from and
// to the main module's.
TEST(ComponentNew, AdapterWithOwnMemory) {
  const std::string imports = R"((module
      (import "__main_module__" "_start" (func $start))
      (import "__main_memory__" "read" (func $read (param i32 i32 i32)))
      (import "__main_memory__" "write" (func $write (param i32 i32 i32)))
      (import "__main_memory__" "size" (func $size (result i32))))";
  const std::string rest = R"(
      (import "h:o/out" "write" (func $out (param i32 i32)))
      (import "h:o/out" "args" (func $args (param i32)))
      (memory (export "memory") 1)
      (func (export "cabi_import_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "print") (param i32 i32)
        (call $read (i32.const 0) (local.get 0) (local.get 1))
        (call $out (i32.const 0) (local.get 1)) (call $args (i32.const 0))
        (call $write (local.get 0) (i32.const 0) (i32.const 4)))
      (func (export "h:o/run#run") (result i32) (call $start) (i32.const 0))))";
  const char* wit = R"(package h:o;
      interface out { write: func(s: string); args: func() -> list<string>; other: func(); }
      interface run { run: func() -> result; } world command { import out; export run; })";
  const char* main = R"((module (import "old" "print" (func $print (param i32 i32)))
      (memory (export "memory") 1) (func (export "_start") (call $print (i32.const 0) (i32.const 1)))))";
  EXPECT_EQ(make(main, "", {{"old", module_of(imports + rest, wit)}}), R"(world root {
  import h:o/out;

  export h:o/run;
}
)");
  EXPECT_EQ(make(main, "",
                 {{"old", module_of(imports + R"((import "__main_memory__" "grow" (func)))" + rest, wit)}}),
            "unknown import: `__main_memory__` `grow` of adapter `old`: there are `read`, `write` and `size` only");
}

// A module and its adapter may be made for different versions of an interface.
TEST(ComponentNew, SeveralVersions) {
  const SharedBytes adapter = module_of(R"((module
      (import "h:o/out@0.2.6" "write" (func $write (param i32)))
      (func (export "print") (param i32) (call $write (local.get 0)))))",
                                        R"(package h:o@0.2.6;
      interface out { write: func(c: char); newer: func(); } world w { import out; })");
  EXPECT_EQ(make(R"((module (import "old" "print" (func $print (param i32)))
      (import "h:o/out@0.2.1" "write" (func $write (param i32)))
      (func (export "h:o/run@0.2.1#run")) (func (export "h:o/run@0.2.1#[dtor]r") (param i32))))",
                 R"(package h:o@0.2.1; interface out { write: func(c: char); }
      interface run { resource r; run: func(); } world w { import out; export run; })",
                 {{"old", adapter}}),
            R"(world root {
  import h:o/out@0.2.6;

  export h:o/run@0.2.6;
}
)");
}

}  // namespace
}  // namespace skiff::component::tools
