// What guests may do wrong: every pointer, length, discriminant, character and handle that they give to functions of the
// host, and what their results are when the host calls them. Bindings by hand, as generated ones are.
#include "component/bindgen/host/bind.h"

#include <gtest/gtest.h>

#include "component/text/text.h"
#include "engine/interp/interp.h"

namespace {

enum class Color : uint8_t { red, green };
struct Mark {
  using wit_flags = void;
  uint8_t bits = 0;
};
struct Shape {
  using wit_cases = void;
  struct dot {};
  struct name {
    std::string value;
  };
  std::variant<dot, name> value;
};
struct Thing : skiff::bind::Resource {
  static constexpr uint32_t kType = 0;
  explicit Thing(int* drops) : drops(drops) {}
  ~Thing() override { ++*drops; }
  int* drops;
};

}  // namespace

template <>
struct skiff::bind::Names<Color> {
  static constexpr std::array<std::string_view, 2> kNames = {"red", "green"};
};
template <>
struct skiff::bind::Names<Mark> {
  static constexpr std::array<std::string_view, 3> kNames = {"a", "b", "c"};
};
template <>
struct skiff::bind::Cases<Shape> {
  static constexpr std::array<std::string_view, 2> kNames = {"dot", "name"};
};

namespace {

using namespace skiff;
using bind::Call;

// What the functions saw.
struct Seen {
  std::string text;
  uint64_t sum = 0;
  int drops = 0;
};

void text(Call& c, bind::Text& v) { c.host<Seen>().text = v.view; }
void numbers(Call& c, std::span<const uint32_t>& v) {
  for (const uint32_t n : v) c.host<Seen>().sum += n;
}
void strings(Call& c, std::vector<std::string>& v) {
  for (const std::string& s : v) c.host<Seen>().text += s + ";";
}
void color(Call& c, Color& v) { c.host<Seen>().sum = static_cast<uint64_t>(v); }
void mark(Call& c, Mark& v) { c.host<Seen>().sum = v.bits; }
void character(Call& c, char32_t& v) { c.host<Seen>().sum = v; }
void shape(Call& c, Shape& v) { c.host<Seen>().sum = v.value.index(); }
void maybe(Call& c, std::optional<uint8_t>& v) { c.host<Seen>().sum = v ? *v : 1000; }
std::string give(Call&) { return "given"; }
std::unique_ptr<Thing> make(Call& c) { return std::make_unique<Thing>(&c.host<Seen>().drops); }
void take(Call&, std::unique_ptr<Thing>&) {}
void look(Call& c, bind::Borrowed<Thing>& t) { c.host<Seen>().sum = t.resource != nullptr; }

// A component with a core module, whose body is `code`, that imports all of these.
std::string component(const std::string& code, const std::string& realloc) {
  return R"((component
  (import "host" (instance $h
    (export "thing" (type $t (sub resource)))
    (export "text" (func (param "v" string)))
    (export "numbers" (func (param "v" (list u32))))
    (export "strings" (func (param "v" (list string))))
    (type $color (enum "red" "green")) (export "color-t" (type $c (eq $color)))
    (export "color" (func (param "v" $c)))
    (type $mark (flags "a" "b" "c")) (export "mark-t" (type $m (eq $mark)))
    (export "mark" (func (param "v" $m)))
    (export "character" (func (param "v" char)))
    (type $shape (variant (case "dot") (case "name" string))) (export "shape-t" (type $s (eq $shape)))
    (export "shape" (func (param "v" $s)))
    (export "maybe" (func (param "v" (option u8))))
    (export "give" (func (result string)))
    (export "make" (func (result (own $t))))
    (export "take" (func (param "t" (own $t))))
    (export "look" (func (param "t" (borrow $t))))))
  (alias export $h "thing" (type $thing))
  (core module $libc (memory (export "memory") 1)
    (data (i32.const 16) "hello")
    (data (i32.const 32) "\10\00\00\00\05\00\00\00\10\00\00\00\01\00\00\00")
    (data (i32.const 64) "\ff\fe")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) )" + realloc + R"())
  (core instance $libc (instantiate $libc))
  (core func $text (canon lower (func $h "text") (memory $libc "memory")))
  (core func $numbers (canon lower (func $h "numbers") (memory $libc "memory")))
  (core func $strings (canon lower (func $h "strings") (memory $libc "memory")))
  (core func $color (canon lower (func $h "color")))
  (core func $mark (canon lower (func $h "mark")))
  (core func $character (canon lower (func $h "character")))
  (core func $shape (canon lower (func $h "shape") (memory $libc "memory")))
  (core func $maybe (canon lower (func $h "maybe")))
  (core func $give (canon lower (func $h "give") (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core func $make (canon lower (func $h "make")))
  (core func $take (canon lower (func $h "take")))
  (core func $look (canon lower (func $h "look")))
  (core func $drop (canon resource.drop $thing))
  (core module $m
    (import "" "text" (func $text (param i32 i32)))
    (import "" "numbers" (func $numbers (param i32 i32)))
    (import "" "strings" (func $strings (param i32 i32)))
    (import "" "color" (func $color (param i32)))
    (import "" "mark" (func $mark (param i32)))
    (import "" "character" (func $character (param i32)))
    (import "" "shape" (func $shape (param i32 i32 i32)))
    (import "" "maybe" (func $maybe (param i32 i32)))
    (import "" "give" (func $give (param i32)))
    (import "" "make" (func $make (result i32)))
    (import "" "take" (func $take (param i32)))
    (import "" "look" (func $look (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (local i32) )" + code + R"())
  (core instance $i (instantiate $m (with "" (instance
    (export "text" (func $text)) (export "numbers" (func $numbers)) (export "strings" (func $strings))
    (export "color" (func $color)) (export "mark" (func $mark)) (export "character" (func $character))
    (export "shape" (func $shape)) (export "maybe" (func $maybe)) (export "give" (func $give))
    (export "make" (func $make)) (export "take" (func $take)) (export "look" (func $look))
    (export "drop" (func $drop))))))
  (func (export "run") (canon lift (core func $i "run")))))";
}

class Bind : public testing::Test {
 protected:
  // Runs the code: the message of its trap, empty without one.
  std::string run(const std::string& code, const std::string& realloc = "(i32.const 1024)") {
    seen_ = {};
    auto binary = component::component_wat_to_binary(component(code, realloc), Features::all());
    if (!binary) return binary.error().message();
    Engine engine({}, make_interpreter());
    auto compiled = component::compile_component(engine, SharedBytes::own(std::move(*binary)));
    if (!compiled) return compiled.error().message();
    component::ComponentLinker linker;
    bind::Imports imports(linker, 1);
    auto to = imports.interface("host", &seen_);
    to.resource<Thing>("thing");
    to.type<Color>("color-t");
    to.type<Mark>("mark-t");
    to.type<Shape>("shape-t");
    to.function<&text>("text", "v");
    to.function<&numbers>("numbers", "v");
    to.function<&strings>("strings", "v");
    to.function<&color>("color", "v");
    to.function<&mark>("mark", "v");
    to.function<&character>("character", "v");
    to.function<&shape>("shape", "v");
    to.function<&maybe>("maybe", "v");
    to.function<&give>("give", "");
    to.function<&make>("make", "");
    to.function<&take>("take", "t");
    to.function<&look>("look", "t");
    auto core = Store::create(engine);
    auto store = component::ComponentStore::create(**core);
    auto exports = bind::Exports::instantiate(**store, imports, *compiled);
    if (!exports) return exports.error().message();
    (*exports)->function<void>("run", "");
    if (auto found = (*exports)->status(); !found) return found.error().message();
    auto done = (*exports)->call<void>(0);
    exports->reset();
    return done ? "" : done.error().message();
  }
  void traps(const std::string& code, const std::string& why, const std::string& realloc = "(i32.const 1024)") {
    const std::string message = run(code, realloc);
    EXPECT_NE(message.find(why), std::string::npos) << code << ": " << message;
  }
  Seen seen_;
};

TEST_F(Bind, Strings) {
  EXPECT_EQ(run("(call $text (i32.const 16) (i32.const 5))"), "");
  EXPECT_EQ(seen_.text, "hello");
  EXPECT_EQ(run("(call $text (i32.const 65536) (i32.const 0))"), "");
  traps("(call $text (i32.const 65535) (i32.const 2))", "out of bounds");
  traps("(call $text (i32.const -1) (i32.const 1))", "out of bounds");
  traps("(call $text (i32.const 16) (i32.const -1))", "exceeds");
  traps("(call $text (i32.const 64) (i32.const 2))", "utf-8");
}

TEST_F(Bind, Lists) {
  EXPECT_EQ(run("(call $numbers (i32.const 32) (i32.const 2))"), "");
  EXPECT_EQ(seen_.sum, 21u);
  EXPECT_EQ(run("(call $numbers (i32.const 0) (i32.const 0))"), "");
  traps("(call $numbers (i32.const 33) (i32.const 1))", "unaligned");
  traps("(call $numbers (i32.const 65532) (i32.const 2))", "out of bounds");
  traps("(call $numbers (i32.const 0) (i32.const 0x40000000))", "exceeds");
  traps("(call $numbers (i32.const 65540) (i32.const 0))", "out of bounds");
  EXPECT_EQ(run("(call $strings (i32.const 32) (i32.const 2))"), "");
  EXPECT_EQ(seen_.text, "hello;h;");
  traps("(call $strings (i32.const 32) (i32.const 0x10000))", "out of bounds");
  traps("(call $strings (i32.const 16) (i32.const 1))", "");
}

TEST_F(Bind, Scalars) {
  EXPECT_EQ(run("(call $color (i32.const 1))"), "");
  traps("(call $color (i32.const 2))", "discriminant");
  traps("(call $color (i32.const -1))", "discriminant");
  EXPECT_EQ(run("(call $mark (i32.const -1))"), "");
  EXPECT_EQ(seen_.sum, 7u);   // bits without a name are ignored
  EXPECT_EQ(run("(call $character (i32.const 0x10ffff))"), "");
  traps("(call $character (i32.const 0x110000))", "char");
  traps("(call $character (i32.const 0xd800))", "char");
  EXPECT_EQ(run("(call $maybe (i32.const 1) (i32.const 0x1ff))"), "");
  EXPECT_EQ(seen_.sum, 255u);
  traps("(call $maybe (i32.const 2) (i32.const 0))", "discriminant");
  EXPECT_EQ(run("(call $shape (i32.const 1) (i32.const 16) (i32.const 5))"), "");
  EXPECT_EQ(seen_.sum, 1u);
  EXPECT_EQ(run("(call $shape (i32.const 0) (i32.const -1) (i32.const -1))"), "");   // not looked at
  traps("(call $shape (i32.const 2) (i32.const 0) (i32.const 0))", "discriminant");
  traps("(call $shape (i32.const 1) (i32.const -1) (i32.const 5))", "out of bounds");
}

TEST_F(Bind, ResultsInMemory) {
  EXPECT_EQ(run("(call $give (i32.const 128))"), "");
  traps("(call $give (i32.const 126))", "unaligned");
  traps("(call $give (i32.const 65532))", "out of bounds");
  traps("(call $give (i32.const 128))", "realloc return", "(i32.const 65532)");
  traps("(call $give (i32.const 128))", "realloc return", "(i32.const -1)");
  traps("(call $give (i32.const 128))", "unreachable", "(unreachable)");
}

// Results that exports give: a pointer, and what it points to, are the guest's word.
TEST(BindExports, ResultsAreChecked) {
  const auto call = [](const std::string& result, const std::string& memory) -> RunResult<std::vector<std::string>> {
    auto binary = component::component_wat_to_binary(R"((component
      (core module $m (memory (export "memory") 1) (data (i32.const 8) ")" + memory + R"(") (data (i32.const 40) "word")
        (func (export "f") (result i32) (i32.const )" + result + R"())
        (func (export "post") (param i32)))
      (core instance $i (instantiate $m))
      (func (export "f") (result (list string))
        (canon lift (core func $i "f") (memory $i "memory") (post-return (func $i "post"))))))", Features::all());
    EXPECT_TRUE(binary) << binary.error().message();
    Engine engine({}, make_interpreter());
    auto compiled = component::compile_component(engine, SharedBytes::own(std::move(*binary)));
    EXPECT_TRUE(compiled) << compiled.error().message();
    component::ComponentLinker linker;
    bind::Imports imports(linker, 0);
    auto core = Store::create(engine);
    auto store = component::ComponentStore::create(**core);
    auto exports = bind::Exports::instantiate(**store, imports, *compiled);
    EXPECT_TRUE(exports);
    (*exports)->function<std::vector<std::string>>("f", "");
    EXPECT_TRUE((*exports)->status());
    return (*exports)->call<std::vector<std::string>>(0);
  };
  const std::string good = "\\10\\00\\00\\00\\01\\00\\00\\00\\28\\00\\00\\00\\04\\00\\00\\00";
  const auto fine = call("8", good);
  ASSERT_TRUE(fine) << fine.error().message();
  EXPECT_EQ(*fine, std::vector<std::string>{"word"});
  for (const auto& [result, memory, why] : {
           std::tuple("9", good, "unaligned"),
           std::tuple("65532", good, "out of bounds"),
           std::tuple("-4", good, "out of bounds"),
           std::tuple("8", std::string("\\10\\00\\00\\00\\ff\\ff\\ff\\ff"), "exceeds"),
           std::tuple("8", std::string("\\10\\00\\00\\00\\ff\\ff\\00\\00"), "out of bounds"),
           std::tuple("8", std::string("\\11\\00\\00\\00\\01\\00\\00\\00"), "unaligned"),
           std::tuple("8", std::string("\\10\\00\\00\\00\\01\\00\\00\\00\\fe\\ff\\00\\00\\04\\00\\00\\00"), "out of bounds"),
       }) {
    const auto bad = call(result, memory);
    ASSERT_FALSE(bad) << memory;
    EXPECT_NE(bad.error().message().find(why), std::string::npos) << bad.error().message();
  }
}

// Codecs rely on types: a component that exports another one is refused.
TEST(BindExports, TypesAreChecked) {
  auto binary = component::component_wat_to_binary(R"((component
    (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m))
    (func (export "f") (param "v" u32) (result u32) (canon lift (core func $i "f")))))", Features::all());
  ASSERT_TRUE(binary);
  Engine engine({}, make_interpreter());
  auto compiled = component::compile_component(engine, SharedBytes::own(std::move(*binary)));
  ASSERT_TRUE(compiled);
  component::ComponentLinker linker;
  bind::Imports imports(linker, 0);
  auto core = Store::create(engine);
  auto store = component::ComponentStore::create(**core);
  const auto found = [&](auto find) {
    auto exports = bind::Exports::instantiate(**store, imports, *compiled);
    find(**exports);
    return (*exports)->status().has_value();
  };
  EXPECT_TRUE(found([](bind::Exports& e) { e.function<uint32_t, uint32_t>("f", "v"); }));
  EXPECT_FALSE(found([](bind::Exports& e) { e.function<uint32_t, int32_t>("f", "v"); }));
  EXPECT_FALSE(found([](bind::Exports& e) { e.function<uint64_t, uint32_t>("f", "v"); }));
  EXPECT_FALSE(found([](bind::Exports& e) { e.function<uint32_t>("f", ""); }));
  EXPECT_FALSE(found([](bind::Exports& e) { e.function<uint32_t, uint32_t>("g", "v"); }));
  EXPECT_FALSE(found([](bind::Exports& e) { e.interface("a:b/c"), e.function<uint32_t, uint32_t>("f", "v"); }));
}

TEST_F(Bind, Handles) {
  EXPECT_EQ(run("(call $drop (call $make))"), "");
  EXPECT_EQ(seen_.drops, 1);
  EXPECT_EQ(run("(call $take (call $make))"), "");
  EXPECT_EQ(seen_.drops, 1);
  EXPECT_EQ(run("(drop (call $make))"), "");
  EXPECT_EQ(seen_.drops, 1);   // with the Imports
  EXPECT_EQ(run("(call $look (local.tee 0 (call $make))) (call $look (local.get 0)) (call $drop (local.get 0))"), "");
  EXPECT_EQ(seen_.sum, 1u);
  traps("(call $take (i32.const 1))", "unknown handle");
  traps("(call $look (i32.const 0))", "unknown handle");
  traps("(call $take (local.tee 0 (call $make))) (call $look (local.get 0))", "unknown handle");
  traps("(call $take (local.tee 0 (call $make))) (call $drop (local.get 0))", "unknown handle");
  EXPECT_EQ(seen_.drops, 1);
}

}  // namespace
