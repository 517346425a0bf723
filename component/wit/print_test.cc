// Printing and JSON; the packages of WASI.
#include "component/wit/print.h"

#include <cstdlib>
#include <filesystem>

#include "component/wit/json.h"
#include "component/wit/load.h"
#include "component/wit/wit_test_support.h"

namespace skiff::component::wit {
namespace {

// Prints, parses again, and compares everything.
void expect_round_trip(const Resolved& r) {
  const std::string text = print_package(r.resolve, r.main, {.dependencies = true});
  Options options = all_options();
  options.all_unstable = true;
  const Result<Resolved> again = parse_wit("printed.wit", text, options);
  ASSERT_TRUE(again.has_value()) << again.error().message() << "\n" << text;
  EXPECT_EQ(print_package(again->resolve, again->main, {.dependencies = true}), text);
  EXPECT_EQ(to_json(again->resolve), to_json(r.resolve));
}

TEST(WitPrint, Canonical) {
  const std::string text = R"(/// package
package a:b@1.0.0;

/// interface
@since(version = 1.0.0)
interface i {
  use c:d/e.{t, u as v};

  /// record
  record r {
    /// field
    a: list<tuple<t, v>>,
    %type: option<string>,
  }

  variant vv {
    x,
    y(result<_, r>),
  }

  flags f {
    a,
  }

  enum e {
    b,
  }

  resource res {
    constructor(a: u8);
    m: async func(x: borrow<res>) -> stream<u8>;
    s: static func() -> result;
  }

  resource empty;

  type own-one = own<res>;

  @deprecated(version = 1.0.0)
  @external-id("x\"y")
  g: func() -> future;
}
)";
  const std::string with_since = [&] {
    std::string s = text;
    s.replace(s.find("  @deprecated"), 0, "  @since(version = 1.0.0)\n");
    return s;
  }();
  const Resolved r =
      must(with_since +
           "\npackage c:d {\n  interface e {\n\n    type t = u8;\n\n    type u = u8;\n  }\n}\n");
  EXPECT_EQ(print_package(r.resolve, r.main), with_since);
  expect_round_trip(r);
}

TEST(WitPrint, RoundTrips) {
  for (const char* text :
       {"package %package:%use@0.1.0-rc.1; interface %world { %func: func(%string: string); }",
        "package a:b; interface i { type t = u8; } world w { export i; import x: interface { use "
        "i.{t}; f: func(); } "
        "import y: i; use i.{t as u}; resource r { m: func(a: u); } export z: interface { g: "
        "func(); } export h: func(a: r); }",
        "package a:b; world w { @external-id(\"\\00\\e2\\98\\83\") import f: func(); }",
        "package a:b; interface i { resource r { constructor() -> result<r>; } type t = r; f: "
        "func(a: borrow<t>, b: t); }",
        "/// a\n///\n///   b\npackage a:b;\n/** x\n  * y */ interface i {}"})
    expect_round_trip(must(text));
}

TEST(WitPrint, Json) {
  const Resolved r = must(
      "package a:b@1.0.0; interface i { /// d\n@since(version = 1.0.0) record r { a: u8 } f: async "
      "func(x: option<r>); }"
      "world w { import i; export k: i; }");
  EXPECT_EQ(
      to_json(r.resolve, 0),
      R"({"worlds":[{"name":"w","imports":{"interface-0":{"interface":{"id":0}}},"exports":{"k":{"interface":{"id":0}}},"package":0}],)"
      R"("interfaces":[{"name":"i","types":{"r":0},"functions":{"f":{"name":"f","kind":"async-freestanding","params":[{"name":"x","type":1}]}},"package":0}],)"
      R"("types":[{"name":"r","kind":{"record":{"fields":[{"name":"a","type":"u8"}]}},"owner":{"interface":0},"docs":{"contents":"d"},"stability":{"stable":{"since":"1.0.0"}}},)"
      R"({"name":null,"kind":{"option":0},"owner":null}],"packages":[{"name":"a:b@1.0.0","interfaces":{"i":0},"worlds":{"w":0}}]})");
}

// ---- WASI

class Wasi : public testing::TestWithParam<const char*> {
 protected:
  static std::string folder() {
    const char* dir = std::getenv("SKIFF_WIT_DIR");
    return dir ? std::string(dir) + "/" + GetParam() : std::string();
  }
};

TEST_P(Wasi, ParsesResolvesPrints) {
  if (folder().empty())
    GTEST_SKIP() << "SKIPPED: set SKIFF_WIT_DIR to the folder with wasi-0.2 and wasi-0.3";
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    files.push_back(entry.path().string());
  ASSERT_GE(files.size(), 6u);
  for (const std::string& file : files)
    for (bool unstable : {false, true}) {
      Options options;
      options.all_unstable = unstable;
      std::vector<std::string> others;
      for (const std::string& other : files)
        if (other != file) others.push_back(other);
      const Result<Resolved> r = load_wit(file, others, options);
      ASSERT_TRUE(r.has_value()) << r.error().message();
      EXPECT_EQ(r->resolve.packages.size(), files.size());
      expect_round_trip(*r);
    }
}

TEST_P(Wasi, Command) {
  if (folder().empty())
    GTEST_SKIP() << "SKIPPED: set SKIFF_WIT_DIR to the folder with wasi-0.2 and wasi-0.3";
  std::vector<std::string> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().filename() != "cli.wit") others.push_back(entry.path().string());
  const Result<Resolved> r = load_wit(folder() + "/cli.wit", others, {});
  ASSERT_TRUE(r.has_value()) << r.error().message();
  const World& command = world(*r, "command");
  size_t functions = 0;
  for (const auto& [key, item] : command.imports)
    functions += r->resolve[std::get<WorldInterface>(item).interface].functions.size();
  // Of 0.2: the counts that hosts know (one function of sockets is still unstable).
  if (GetParam() == std::string("wasi-0.2")) {
    EXPECT_EQ(command.imports.size(), 27u);
    EXPECT_EQ(functions, 123u);
  }
  EXPECT_EQ(command.exports.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Versions, Wasi, testing::Values("wasi-0.2", "wasi-0.3"));

}  // namespace
}  // namespace skiff::component::wit
