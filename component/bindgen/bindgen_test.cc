// Names, refusals, determinism; what generated code does is tested by building it (testdata/, examples/secret_store).
#include "component/bindgen/bindgen.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "component/bindgen/names.h"
#include "component/wit/load.h"
#include "component/wit/resolve.h"

namespace skiff::component::bindgen {
namespace {

Result<std::vector<OutputFile>> bind(const std::string& wit, Side side, const std::string& root = "") {
  wit::Options options;
  options.features = Features::all();
  const auto resolved = SKIFF_TRY(wit::parse_wit("test.wit", wit, options));
  const auto world = SKIFF_TRY(wit::select_world(resolved.resolve, resolved.main, ""));
  return generate(resolved.resolve, world, {.side = side, .root = root, .without = {}});
}

std::string text(const std::string& wit, Side side, const std::string& root = "") {
  const auto files = bind(wit, side, root);
  EXPECT_TRUE(files) << files.error().message();
  std::string out;
  if (files)
    for (const OutputFile& file : *files)
      if (file.name != "wit.h") out += file.content;
  return out;
}

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

TEST(Names, AreIdentifiers) {
  EXPECT_EQ(identifier("get-value"), "get_value");
  EXPECT_EQ(identifier("read-HTTP-body"), "read_http_body");
  for (const char* taken : {"delete", "class", "and", "std", "wit", "errno", "co-await"}) {
    const std::string name = identifier(taken);
    EXPECT_EQ(name.back(), '_') << name;
  }
  EXPECT_EQ(identifier("time"), "time");
  EXPECT_EQ(top_namespace("time"), "time_");
  EXPECT_EQ(top_namespace("wasi"), "wasi");
  NameSet names;
  EXPECT_EQ(names.add("a"), "a");
  EXPECT_EQ(names.add("a"), "a_");
  EXPECT_EQ(names.add("a"), "a__");
}

TEST(Bindgen, MakesTheSameFilesEachTime) {
  const std::string wit = "package a:b; interface i { record r { x: string } f: func(v: r) -> list<r>; }\n"
                          "world w { import i; export i; }";
  for (const Side side : {Side::Guest, Side::Host}) EXPECT_EQ(text(wit, side), text(wit, side));
  const auto files = bind(wit, Side::Guest);
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].name, "w.h");
  EXPECT_EQ((*files)[2].name, "wit.h");
}

TEST(Bindgen, NamespacesSayWhereThingsComeFrom) {
  const std::string wit = "package a:b@1.0.0; interface i { f: func(); }\n"
                          "world w { import i; export i; import g: func(); export inside: interface { h: func(); } }";
  const std::string guest = text(wit, Side::Guest);
  for (const char* part : {"namespace a::b::i {", "namespace exports::a::b::i {", "namespace a::b::w {",
                           "namespace exports::a::b::w::inside {", "import_module(\"a:b/i@1.0.0\")",
                           "import_module(\"$root\"), import_name(\"g\")", "export_name(\"inside#h\")"})
    expect_has(guest, part);
  expect_has(text(wit, Side::Guest, "x::y"), "namespace x::y::exports::a::b::i {");
}

TEST(Bindgen, VersionsOfAnInterfaceAreKeptApart) {
  wit::Options options;
  const std::string wit = "package a:main;\n"
                          "world w { import b:c/i@1.0.0; import b:c/i@2.0.0; }\n"
                          "package b:c@1.0.0 { interface i { f: func(); } }\n"
                          "package b:c@2.0.0 { interface i { f: func(); } }\n";
  const std::string guest = text(wit, Side::Guest);
  expect_has(guest, "namespace b::c::i_1_0_0 {");
  expect_has(guest, "namespace b::c::i_2_0_0 {");
}

// Names that would mean something else in C++.
TEST(Bindgen, NamesDoNotCollide) {
  const std::string wit = "package a:b; interface i {\n"
                          "  record status { status: option<status2>, %class: u8 }\n"
                          "  record status2 { x: u8 }\n"
                          "  variant error { error(string), value(u8) }\n"
                          "  resource file { status: func() -> status; }\n"
                          "  f: func(status: status, other: status) -> result<_, error>;\n"
                          "} world w { import i; }";
  const std::string guest = text(wit, Side::Guest);
  expect_has(guest, "::a::b::i::status status() const;");
  expect_has(guest, "struct error_ {");
  expect_has(guest, "uint8_t class_{};");
  expect_has(guest, "const ::a::b::i::status& status_, ");
}

TEST(Bindgen, CommentsEndWhereTheyShould) {
  const std::string wit = "package a:b; interface i {\n  /// ends with a backslash \\\n  /// */ and more\n  f: func();\n}\n"
                          "world w { import i; }";
  const std::string guest = text(wit, Side::Guest);
  expect_has(guest, "/// ends with a backslash\n/// */ and more\nvoid f();");
}

TEST(Bindgen, RefusesWhatHasNoType) {
  for (const char* type : {"stream<u8>", "future", "list<stream<u8>>", "error-context"}) {
    const std::string wit = std::string("package a:b; interface i { f: func(x: ") + type + "); } world w { import i; }";
    for (const Side side : {Side::Guest, Side::Host}) {
      const auto files = bind(wit, side);
      ASSERT_FALSE(files) << type;
      EXPECT_EQ(files.error().code, ErrorCode::Unsupported);
      EXPECT_NE(files.error().message().find("function `f`"), std::string::npos) << files.error().message();
    }
  }
  const std::string async = "package a:b; interface i { f: async func(); } world w { import i; }";
  EXPECT_TRUE(bind(async, Side::Guest));
  EXPECT_FALSE(bind(async, Side::Host));
}

// Handles of what somebody else implements stand for what only they know.
TEST(Bindgen, RefusesResourcesOfOthers) {
  const std::string text = "package a:b; interface r { resource x; enum e { p, q } }\n"
                           "interface i { use r.{x, e}; f: func(v: list<borrow<x>>); } interface j { use r.{e}; g: func() -> e; }\n"
                           "world w { import i; } world v { import j; }";
  const auto resolved = wit::parse_wit("test.wit", text, {});
  ASSERT_TRUE(resolved) << resolved.error().message();
  const auto bound = [&](const char* world, std::vector<std::string> without) {
    const auto id = wit::select_world(resolved->resolve, resolved->main, world);
    return generate(resolved->resolve, *id, {.side = Side::Host, .root = "", .without = std::move(without)}).has_value();
  };
  EXPECT_TRUE(bound("w", {}));
  EXPECT_FALSE(bound("w", {"a:b/r"}));
  EXPECT_TRUE(bound("w", {"a:b"}));
  EXPECT_TRUE(bound("v", {"a:b/r"}));
}

// Types are trees by their names: what each of a hundred levels uses twice has 2^100 leaves.
TEST(Bindgen, WorkIsBoundedByTheTextOfTypes) {
  std::string wit = "package a:b; interface i {\n  record t0 { x: u8, y: string }\n";
  for (int i = 1; i < 100; ++i) {
    const std::string below = "t" + std::to_string(i - 1);
    wit += "  variant t" + std::to_string(i) + " { a(" + below + "), b(" + below + ") }\n";
  }
  wit += "  f: func(x: t99) -> t99;\n} world w { import i; export i; }";
  for (const Side side : {Side::Guest, Side::Host}) EXPECT_FALSE(text(wit, side).empty());
}

// Every package of WASI 0.2 can be bound. That the result compiles is tested with clang (wasi_compiles_test.sh).
TEST(Bindgen, Wasi) {
  const char* place = std::getenv("SKIFF_WIT_DIR");
  if (!place) GTEST_SKIP() << "SKIPPED: the WIT of WASI is not present";
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(place) + "/wasi-0.2"))
    all.push_back(entry.path().string());
  size_t worlds = 0;
  for (const std::string& path : all) {
    std::vector<std::string> others;
    for (const std::string& other : all)
      if (other != path) others.push_back(other);
    const auto resolved = wit::load_wit(path, others, {});
    ASSERT_TRUE(resolved) << resolved.error().message();
    for (const auto& [name, world] : resolved->resolve[resolved->main].worlds) {
      for (const Side side : {Side::Guest, Side::Host}) {
        const auto files = generate(resolved->resolve, world, {.side = side, .root = "", .without = {}});
        EXPECT_TRUE(files) << path << " " << name << ": " << files.error().message();
      }
      ++worlds;
    }
  }
  EXPECT_GE(worlds, 8u);
}

}  // namespace
}  // namespace skiff::component::bindgen
