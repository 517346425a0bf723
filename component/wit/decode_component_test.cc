// The world of a component: from the text format through the validator to WIT.
#include "component/text/text.h"
#include "component/valid/valid.h"
#include "component/wit/decode.h"
#include "component/wit/print.h"
#include "component/wit/wit_test_support.h"

namespace skiff::component::wit {
namespace {

std::string world_of(std::string_view text) {
  const auto parsed = parse_component(text, Features::all());
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message();
  if (!parsed) return {};
  TypeRegistry registry;
  PlainModules modules(registry, Features::all());
  const auto info = validate_component(*parsed, registry, modules, {Features::all()});
  EXPECT_TRUE(info.has_value()) << info.error().message();
  if (!info) return {};
  const Result<DecodedWorld> world = decode_component_world(**info);
  return world ? print_package(world->resolve, world->resolve[world->world].package,
                               {.dependencies = true})
               : world.error().message();
}

TEST(WitComponentWorld, ImportsAndExports) {
  EXPECT_EQ(world_of(R"((component
    (import "a:b/types@1.0.0" (instance $types
      (export "res" (type $res (sub resource)))
      (type $rec (record (field "x" u8)))
      (export "rec" (type $rec' (eq $rec)))
      (export "[constructor]res" (func (param "r" $rec') (result (own $res))))
      (export "[method]res.get" (func (param "self" (borrow $res)) (result (list $rec'))))))
    (alias export $types "res" (type $r))
    (import "take" (func $take (param "r" (own $r)) (result (result (error string)))))
    (import "plain" (instance (export "f" (func async))))
    (export "give" (func $take))
    (export "a:b/types@1.0.0" (instance $types))
  ))"),
            R"(package root:component;

world root {
  import a:b/types@1.0.0;
  import plain: interface {

    f: async func();
  }
  use a:b/types@1.0.0.{res};

  import take: func(r: res) -> result<_, string>;

  export give: func(r: res) -> result<_, string>;
  export a:b/types@1.0.0;
}

package a:b@1.0.0 {
  interface types {

    resource res {
      constructor(r: rec);
      get: func() -> list<rec>;
    }

    record rec {
      x: u8,
    }
  }
}
)");
}

TEST(WitComponentWorld, NotInWit) {
  EXPECT_NE(world_of("(component (import \"m\" (core module)))").find("which WIT does not have"),
            std::string::npos);
}

}  // namespace
}  // namespace skiff::component::wit
