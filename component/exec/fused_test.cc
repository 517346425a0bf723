// Calls between components in both forms, fused and interpreted: what hostile guests try at the boundary gets the same
// trap, and locks the instances down; tasks, contexts, handles and flags behave alike.
#include <gtest/gtest.h>

#include "component/exec/guest_call.h"
#include "component/exec/linker.h"
#include "component/text/text.h"
#include "engine/interp/interp.h"

namespace skiff::component {
namespace {

struct World {
  explicit World(bool fused) : engine(config(), make_interpreter()), core(Store::create(engine).value()) {
    ComponentLimits limits;
    limits.fused_calls = fused;
    store = ComponentStore::create(*core, limits).value();
  }
  static EngineConfig config() {
    EngineConfig config;
    config.features = Features::all();
    return config;
  }
  bool make(const std::string& text) {
    auto binary = component_wat_to_binary(text, engine.features());
    if (!binary) return ADD_FAILURE() << binary.error().message() << "\n" << text, false;
    auto component = compile_component(engine, SharedBytes::own(std::move(*binary)));
    if (!component) return ADD_FAILURE() << component.error().message() << "\n" << text, false;
    fused = (*component)->plan().fused;
    auto made = linker.instantiate(*store, *component);
    if (!made) return ADD_FAILURE() << made.error().message(), false;
    instance = *made;
    return true;
  }
  /// The result as text, or the trap's message.
  std::string call(std::string_view name) {
    auto result = call_func(*store, *instance->find(name)->func, {});
    if (!result) return result.error().message();
    return *result ? std::to_string((*result)->bits()) : "";
  }
  Engine engine;
  std::unique_ptr<Store> core;
  std::unique_ptr<ComponentStore> store;
  ComponentLinker linker;
  ComponentInstancePtr instance;
  uint32_t fused = 0;
};

// What both forms say to each of the calls.
std::vector<std::string> both(const std::string& text, std::vector<std::string_view> calls, uint32_t adapters = 1) {
  std::vector<std::string> said[2];
  for (const bool fused : {false, true}) {
    World w(fused);
    if (!w.make(text)) return {};
    EXPECT_EQ(w.fused, adapters);
    for (const std::string_view name : calls) said[fused].push_back(w.call(name));
  }
  EXPECT_EQ(said[0], said[1]) << text;
  return said[1];
}

// A caller that calls `f` of a callee; each with a memory and a realloc.
struct Pair {
  std::string type;                   // of f
  std::string core;                   // type of the lowered function
  std::string callee;                 // core function "f", and what else it needs
  std::string call;                   // the caller's code, that calls $f; gives an i32
  std::string realloc = "(i32.const 1024)";
  std::string caller_realloc = "(i32.const 1024)";
  std::string data;                   // of the caller's memory
  std::string callee_canon;           // definitions before the callee's module
  std::string callee_imports;         // (with ...) of it
  std::string lift;                   // more options

  std::string text() const {
    return R"((component
      (component $Callee
        (core module $Mem (memory (export "mem") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) )" + realloc + R"())
        (core instance $mem (instantiate $Mem))
        )" + callee_canon + R"(
        (core module $M (import "mem" "mem" (memory 1)) )" + callee + R"()
        (core instance $m (instantiate $M (with "mem" (instance $mem)) )" + callee_imports + R"())
        (func (export "f") )" + type + R"( (canon lift (core func $m "f") (memory (core memory $mem "mem"))
          (realloc (core func $mem "realloc")) )" + lift + R"()))
      (instance $callee (instantiate $Callee))
      (component $Caller
        (import "f" (func $f )" + type + R"())
        (core module $Mem (memory (export "mem") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) )" + caller_realloc + R"())
        (core instance $mem (instantiate $Mem))
        (core func $f (canon lower (func $f) (memory (core memory $mem "mem")) (realloc (core func $mem "realloc"))))
        (core module $M (import "mem" "mem" (memory 1)) (import "" "f" (func $f )" + core + R"())
          )" + data + R"(
          (func (export "run") (result i32) )" + call + R"())
        (core instance $m (instantiate $M (with "mem" (instance $mem)) (with "" (instance (export "f" (func $f))))))
        (func (export "run") (result u32) (canon lift (core func $m "run"))))
      (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
      (export "run" (func $caller "run")) (export "f" (func $callee "f"))))";
  }
};

// The call traps, and then neither component can be entered.
void expect_trap(const Pair& pair, std::string_view message) {
  const std::vector<std::string> said = both(pair.text(), {"run", "run"});
  ASSERT_EQ(said.size(), 2u);
  EXPECT_NE(said[0].find(message), std::string::npos) << said[0];
  EXPECT_NE(said[1].find("cannot enter component instance"), std::string::npos) << said[1];
}

Pair taking(std::string_view param, std::string ptr, std::string units) {
  Pair pair;
  pair.type = "(param \"x\" " + std::string(param) + ")";
  pair.core = "(param i32 i32)";
  pair.callee = R"((func (export "f") (param i32 i32)))";
  pair.call = "(call $f (i32.const " + ptr + ") (i32.const " + units + ")) (i32.const 1)";
  return pair;
}

TEST(Fused, HostileStrings) {
  expect_trap(taking("string", "65000", "1000"), "string content out-of-bounds");
  expect_trap(taking("string", "0xFFFFFFFF", "0xFFFFFF"), "string content out-of-bounds");
  expect_trap(taking("string", "0", "0x10000000"), "string byte length exceeds 2^28-1");
  expect_trap(taking("string", "0", "0xFFFFFFFF"), "string byte length exceeds 2^28-1");
  Pair pair = taking("string", "8", "3");
  pair.data = R"((data (i32.const 8) "a\ffb"))";
  expect_trap(pair, "invalid utf-8");
  pair.data = R"((data (i32.const 8) "ab\c3"))";
  expect_trap(pair, "incomplete utf-8 byte sequence");
  pair.data = "";
  for (const char* where : {"65534", "0xFFFFFFF0", "-1"}) {
    pair.realloc = "(i32.const " + std::string(where) + ")";
    expect_trap(pair, "string content out-of-bounds");
  }
  pair.realloc = "unreachable";
  expect_trap(pair, "unreachable");
}

TEST(Fused, HostileLists) {
  expect_trap(taking("(list u32)", "2", "1"), "unaligned pointer");
  expect_trap(taking("(list u8)", "65535", "2"), "list content out-of-bounds");
  expect_trap(taking("(list u64)", "65528", "2"), "list content out-of-bounds");
  expect_trap(taking("(list u64)", "0", "0x20000000"), "list byte length exceeds 2^28-1");
  expect_trap(taking("(list (tuple u32 string))", "0", "0x80000000"), "list byte length exceeds 2^28-1");
  Pair pair = taking("(list u16)", "0", "3");
  pair.realloc = "(i32.const 1023)";
  expect_trap(pair, "unaligned pointer");
  pair.realloc = "(i32.const 65532)";
  expect_trap(pair, "list content out-of-bounds");
  // Elements.
  pair = taking("(list char)", "0", "2");
  for (const char* bits : {"\\00\\d8\\00\\00", "\\ff\\df\\00\\00", "\\00\\00\\11\\00", "\\ff\\ff\\ff\\ff"}) {
    pair.data = "(data (i32.const 4) \"" + std::string(bits) + "\")";
    expect_trap(pair, "invalid `char` bit pattern");
  }
  pair = taking("(list (option u8))", "0", "2");
  pair.data = R"((data (i32.const 2) "\02"))";
  expect_trap(pair, "invalid variant discriminant");
  pair = taking("(list string)", "0", "1");
  pair.data = R"((data (i32.const 0) "\f0\ff\00\00\20\00\00\00"))";
  expect_trap(pair, "string content out-of-bounds");
}

TEST(Fused, HostileScalars) {
  Pair pair;
  pair.type = R"((param "x" char))";
  pair.core = "(param i32)";
  pair.callee = R"((func (export "f") (param i32)))";
  for (const char* bits : {"0xD800", "0xDFFF", "0x110000", "0xFFFFFFFF"}) {
    pair.call = "(call $f (i32.const " + std::string(bits) + ")) (i32.const 1)";
    expect_trap(pair, "invalid `char` bit pattern");
  }
  pair.type = R"((param "x" (result u8)))";
  pair.core = "(param i32 i32)";
  pair.callee = R"((func (export "f") (param i32 i32)))";
  pair.call = "(call $f (i32.const 2) (i32.const 0)) (i32.const 1)";
  expect_trap(pair, "invalid variant discriminant");
}

TEST(Fused, HostilePointersToManyValues) {
  Pair pair;
  pair.type = "(param \"x\" (tuple u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64))";
  pair.core = "(param i32)";
  pair.callee = R"((func (export "f") (param i32)))";
  pair.call = "(call $f (i32.const 4)) (i32.const 1)";
  expect_trap(pair, "unaligned pointer");
  pair.call = "(call $f (i32.const 65408)) (i32.const 1)";
  expect_trap(pair, "pointer out of bounds of memory");
  pair.call = "(call $f (i32.const -8)) (i32.const 1)";
  expect_trap(pair, "pointer out of bounds of memory");
  pair.call = "(call $f (i32.const 0)) (i32.const 1)";
  pair.realloc = "(i32.const 65408)";
  expect_trap(pair, "pointer out of bounds of memory");
  pair.realloc = "(i32.const 1)";
  expect_trap(pair, "unaligned pointer");
  // Results: what the callee gives, and where the caller wants it.
  pair = {};
  pair.type = "(result (tuple u32 u32))";
  pair.core = "(param i32)";
  pair.callee = R"((func (export "f") (result i32) (i32.const 2)))";
  pair.call = "(call $f (i32.const 0)) (i32.const 1)";
  expect_trap(pair, "unaligned pointer");
  pair.callee = R"((func (export "f") (result i32) (i32.const 65532)))";
  expect_trap(pair, "pointer out of bounds of memory");
  pair.callee = R"((func (export "f") (result i32) (i32.const 0)))";
  pair.call = "(call $f (i32.const 65532)) (i32.const 1)";
  expect_trap(pair, "pointer out of bounds of memory");
  pair.call = "(call $f (i32.const 3)) (i32.const 1)";
  expect_trap(pair, "unaligned pointer");
  pair.type = "(result string)";
  pair.call = "(call $f (i32.const 0)) (i32.const 1)";
  pair.caller_realloc = "unreachable";
  expect_trap(pair, "unreachable");
}

// A callee that calls back out of places where it may not.
TEST(Fused, NothingLeavesReallocOrPostReturn) {
  Pair pair;
  pair.type = "(result u32)";
  pair.core = "(result i32)";
  pair.callee_canon = R"((type $r' (resource (rep i32))) (core func $new (canon resource.new $r')))";
  pair.callee_imports = R"((with "" (instance (export "new" (func $new)))))";
  pair.callee = R"((import "" "new" (func $new (param i32) (result i32)))
    (func (export "f") (result i32) (i32.const 7)) (func (export "post") (param i32) (drop (call $new (i32.const 1)))))";
  pair.call = "(call $f)";
  pair.lift = R"((post-return (core func $m "post")))";
  expect_trap(pair, "cannot leave component instance");
}

TEST(Fused, ExceptionsAreTraps) {
  Pair pair;
  pair.type = "(result u32)";
  pair.core = "(result i32)";
  pair.callee = R"((tag $t) (func (export "f") (result i32) (throw $t)))";
  pair.call = "(block $caught (try_table (catch_all $caught) (return (call $f)))) (i32.const 3)";
  expect_trap(pair, "uncaught exception at a component boundary");
}

// Each call has a context of its own, and so has each realloc, whether anybody looks at it or not.
TEST(Fused, ContextsAreOfTheirTask) {
  Pair pair;
  pair.type = R"((param "s" string) (result u32))";
  pair.core = "(param i32 i32) (result i32)";
  pair.callee_canon = "(core func $get (canon context.get i32 0)) (core func $set (canon context.set i32 0))";
  pair.callee_imports = R"((with "" (instance (export "get" (func $get)) (export "set" (func $set)))))";
  pair.callee = R"((import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
    (func (export "f") (param i32 i32) (result i32)
      (if (call $get) (then unreachable))
      (call $set (local.get 1))
      (i32.add (call $get) (i32.const 100)))
    (func (export "post") (param i32) (if (i32.ne (call $get) (i32.const 5)) (then unreachable))))";
  pair.lift = R"((post-return (core func $m "post")))";
  pair.call = "(drop (call $f (i32.const 0) (i32.const 5))) (call $f (i32.const 0) (i32.const 5))";
  EXPECT_EQ(both(pair.text(), {"run", "run"}), (std::vector<std::string>{"105", "105"}));
}

// Resources of the callee's own, through the caller's handles.
std::string with_resource(std::string_view caller_code) {
  return R"((component
    (component $Callee
      (type $r' (resource (rep i32)))
      (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core module $M (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
        (func (export "get") (param i32) (result i32) (local.get 0))
        (func (export "two") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1))))
      (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
      (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $m "make")))
      (func (export "get") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "get")))
      (func (export "two") (param "a" (borrow $r)) (param "b" (own $r)) (result u32) (canon lift (core func $m "two"))))
    (instance $callee (instantiate $Callee))
    (component $Caller
      (import "c" (instance $c (export "r" (type $r (sub resource)))
        (export "make" (func (param "rep" u32) (result (own $r))))
        (export "get" (func (param "self" (borrow $r)) (result u32)))
        (export "two" (func (param "a" (borrow $r)) (param "b" (own $r)) (result u32)))))
      (alias export $c "r" (type $r))
      (type $mine (resource (rep i32)))
      (core func $make (canon lower (func $c "make")))
      (core func $get (canon lower (func $c "get")))
      (core func $two (canon lower (func $c "two")))
      (core func $drop (canon resource.drop $r))
      (core func $other (canon resource.new $mine))
      (core module $M
        (import "" "make" (func $make (param i32) (result i32)))
        (import "" "get" (func $get (param i32) (result i32)))
        (import "" "two" (func $two (param i32 i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (import "" "other" (func $other (param i32) (result i32)))
        (func (export "run") (result i32) (local $h i32) )" + std::string(caller_code) + R"())
      (core instance $m (instantiate $M (with "" (instance (export "make" (func $make)) (export "get" (func $get))
        (export "two" (func $two)) (export "drop" (func $drop)) (export "other" (func $other))))))
      (func (export "run") (result u32) (canon lift (core func $m "run"))))
    (instance $caller (instantiate $Caller (with "c" (instance $callee))))
    (export "run" (func $caller "run"))))";
}

TEST(Fused, HandlesOfTheCallee) {
  auto run = [](std::string_view code) {
    const auto said = both(with_resource(code), {"run"}, 3);
    return said.empty() ? "" : said[0];
  };
  EXPECT_EQ(run("(call $get (call $make (i32.const 42)))"), "42");
  // Representations that the table of i31 has no room for.
  EXPECT_EQ(run("(call $get (call $make (i32.const -2)))"), "4294967294");
  EXPECT_EQ(run("(call $get (call $make (i32.const 0)))"), "0");
  // Many handles; freed indices are used again.
  EXPECT_EQ(run(R"((local $i i32) (local $sum i32)
    (loop $again
      (local.set $h (call $make (local.get $i)))
      (local.set $sum (i32.add (local.get $sum) (call $get (local.get $h))))
      (if (i32.and (local.get $i) (i32.const 1)) (then (call $drop (local.get $h))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
    (local.get $sum))"), "499500");
  EXPECT_EQ(run(R"((local.set $h (call $make (i32.const 9)))
    (call $two (local.get $h) (call $make (i32.const 4))))"), "8");     // the other one is a handle of the callee, 1
  // Lent by one argument, taken by the other.
  EXPECT_NE(run("(local.set $h (call $make (i32.const 9))) (call $two (local.get $h) (local.get $h))")
                .find("cannot remove owned resource while borrowed"), std::string::npos);
  EXPECT_NE(run("(call $get (i32.const 1))").find("unknown handle index 1"), std::string::npos);
  EXPECT_NE(run("(call $get (i32.const 0))").find("unknown handle index 0"), std::string::npos);
  EXPECT_NE(run("(call $get (i32.const -1))").find("unknown handle index 4294967295"), std::string::npos);
  EXPECT_NE(run("(local.set $h (call $make (i32.const 9))) (call $drop (local.get $h)) (call $get (local.get $h))")
                .find("unknown handle index 1"), std::string::npos);
  EXPECT_NE(run("(call $get (call $other (i32.const 9)))").find("used with the wrong type"), std::string::npos);
  EXPECT_EQ(run("(local.set $h (call $make (i32.const 9))) (drop (call $get (local.get $h))) (call $drop (local.get $h)) (i32.const 1)"),
            "1");
}

// A small component cannot ask for more code than is good for anybody.
TEST(Fused, BoundedCode) {
  std::string type = "(func (param \"x\" (tuple", lowers;
  for (int i = 0; i < 150; ++i) type += " bool";
  type += ")))";
  for (int i = 0; i < 400; ++i)
    lowers += R"((core func (canon lower (func $f) (memory (core memory $m "mem")) (realloc (core func $m "realloc")))))";
  const std::string memory = R"((core module $M (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)) (func (export "f") (param i32)))
    (core instance $m (instantiate $M)))";
  World w(true);
  ASSERT_TRUE(w.make("(component (component $Callee " + memory + R"((type $f )" + type + R"()
      (func (export "f") (type $f) (canon lift (core func $m "f") (memory (core memory $m "mem")) (realloc (core func $m "realloc")))))
    (instance $callee (instantiate $Callee))
    (component $Caller (type $t )" + type + R"() (import "f" (func $f (type $t))) )" + memory + lowers + R"()
    (instance (instantiate $Caller (with "f" (func $callee "f"))))))"));
  EXPECT_GT(w.fused, 50u);
  EXPECT_LT(w.fused, 100u);
}

TEST(GuestCall, NumbersFromTheHost) {
  World w(true);
  ASSERT_TRUE(w.make(R"((component
    (core func $get (canon context.get i32 0)) (core func $set (canon context.set i32 0))
    (core module $M
      (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
      (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
      (func (export "count") (result i32) (call $set (i32.add (call $get) (i32.const 1))) (call $get))
      (func (export "fail") (result i32) unreachable))
    (core instance $m (instantiate $M (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
    (func (export "add") (param "a" s8) (param "b" u64) (result u64) (canon lift (core func $m "add")))
    (func (export "count") (result u32) (canon lift (core func $m "count")))
    (func (export "fail") (result u32) (canon lift (core func $m "fail")))))"));
  auto func = [&](std::string_view name) -> const Func& { return *w.instance->find(name)->func; };
  EXPECT_FALSE(TypedGuestFunc<uint32_t(int8_t)>::make(func("add")));
  EXPECT_FALSE((TypedGuestFunc<uint64_t(uint8_t, uint64_t)>::make(func("add"))));
  const auto add = TypedGuestFunc<uint64_t(int8_t, uint64_t)>::make(func("add")).value();
  EXPECT_EQ(add(-3, 10).value(), 7u);
  const auto count = TypedGuestFunc<uint32_t()>::make(func("count")).value();
  EXPECT_EQ(count().value(), 1u);
  EXPECT_EQ(count().value(), 1u);     // a task of its own
  const auto fail = TypedGuestFunc<uint32_t()>::make(func("fail")).value();
  const auto failed = fail();
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("unreachable"), std::string::npos);
  const auto again = count();
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message().find("cannot enter component instance"), std::string::npos);
}

}  // namespace
}  // namespace skiff::component
