// Compositions of small components in the text format: they validate, import what is left open and
// export what the main part does.
#include "component/tools/compose.h"

#include <gtest/gtest.h>

#include "component/text/text.h"
#include "component/tools/inspect.h"
#include "component/wit/print.h"

namespace skiff::component::tools {
namespace {

Part part(std::string name, std::string_view text) {
  auto binary = component_wat_to_binary(text, Features::all());
  EXPECT_TRUE(binary.has_value()) << binary.error().message();
  return {std::move(name), binary ? SharedBytes::own(std::move(*binary)) : SharedBytes{}};
}

std::string composed(const Part& main, const std::vector<Part>& others, bool link_others = false) {
  const auto out = compose(main, others, {Features::all(), link_others});
  if (!out) return out.error().message();
  const auto world = inspect_component(SharedBytes::own(*out), Features::all());
  if (!world) return "not inspected: " + world.error().message();
  return wit::print_world(world->resolve, world->world);
}

// Exports a:b/store@1.2.0, needs a:b/clock.
constexpr const char* kStore = R"((component
  (import "a:b/clock" (instance $clock (export "now" (func (result u32)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m (import "" "now" (func $now (result i32)))
    (func (export "get") (param i32) (result i32) (call $now)))
  (core instance $i (instantiate $m (with "" (instance (export "now" (func $now))))))
  (type $r' (resource (rep i32)))
  (func $get (param "x" u32) (result u32) (canon lift (core func $i "get")))
  (component $c (import "r" (type $r (sub resource))) (import "get" (func $get (param "x" u32) (result u32)))
    (export "secret" (type $r)) (export "get" (func $get)))
  (instance $s (instantiate $c (with "r" (type $r')) (with "get" (func $get))))
  (export "a:b/store@1.2.0" (instance $s))))";

// Imports a:b/store@1.1.0, exports run.
constexpr const char* kUser = R"((component
  (import "a:b/store@1.1.0" (instance $s (export "secret" (type (sub resource)))
    (export "get" (func (param "x" u32) (result u32)))))
  (import "log" (func (param "x" u32)))
  (export "run" (func $s "get"))))";

constexpr const char* kClock = R"((component
  (core module $m (func (export "now") (result i32) i32.const 7))
  (core instance $i (instantiate $m))
  (func $now (result u32) (canon lift (core func $i "now")))
  (instance $c (export "now" (func $now)))
  (export "a:b/clock" (instance $c))))";

TEST(ComponentCompose, Plug) {
  EXPECT_EQ(composed(part("user", kUser), {part("store", kStore)}), R"(world root {
  import a:b/clock;

  import log: func(x: u32);

  export run: func(x: u32) -> u32;
}
)");
  // Plugs are not linked with each other.
  EXPECT_EQ(composed(part("user", kUser), {part("store", kStore), part("clock", kClock)}),
            "invalid argument: clock exports nothing that is imported");
}

TEST(ComponentCompose, Chain) {
  EXPECT_EQ(composed(part("user", kUser), {part("store", kStore), part("clock", kClock)}, true),
            R"(world root {

  import log: func(x: u32);

  export run: func(x: u32) -> u32;
}
)");
}

TEST(ComponentCompose, Refuses) {
  EXPECT_EQ(composed(part("user", kUser), {part("one", kStore), part("two", kStore)}),
            "invalid argument: `a:b/store@1.1.0` is exported by one and by two");
  EXPECT_EQ(composed(part("user", kUser), {part("clock", kClock)}),
            "invalid argument: clock exports nothing that is imported");
  const char* left = R"((component (import "b:c/d" (instance (export "f" (func))))
    (instance $i) (export "a:b/c" (instance $i))))";
  const char* right = R"((component (import "a:b/c" (instance))
    (instance $i) (export "b:c/d" (instance $i))))";
  const char* main = R"((component (import "a:b/c" (instance))))";
  EXPECT_EQ(composed(part("main", main), {part("left", left), part("right", right)}, true),
            "invalid argument: these need each other in a circle: main, left, right");
  const std::string wrong = composed(
      part("user",
           R"((component (import "a:b/clock" (instance (export "now" (func (result string)))))))"),
      {part("clock", kClock)});
  EXPECT_NE(wrong.find("now"), std::string::npos) << wrong;
}

}  // namespace
}  // namespace skiff::component::tools
