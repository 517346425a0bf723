// Component binaries: encoding, decoding, and that both give the same WIT.
#include "component/wit/encode.h"

#include <cstdlib>
#include <filesystem>

#include "component/binary/binary.h"
#include "component/wit/decode.h"
#include "component/wit/load.h"
#include "component/wit/print.h"
#include "component/wit/wit_test_support.h"

namespace skiff::component::wit {
namespace {

std::string without_gates(const Resolve& resolve, PackageId package) {
  Resolve copy = resolve;
  const auto clear = [](Attributes& a) { a.stability = {}; };
  for (wit::TypeDef& t : copy.types) clear(t.attributes);
  for (Interface& i : copy.interfaces) {
    clear(i.attributes);
    for (auto& [name, f] : i.functions) clear(f.attributes);
  }
  for (World& w : copy.worlds) {
    clear(w.attributes);
    for (auto* items : {&w.imports, &w.exports})
      for (auto& [key, item] : *items) {
        if (auto* i = std::get_if<WorldInterface>(&item)) clear(i->attributes);
        if (auto* f = std::get_if<Function>(&item)) clear(f->attributes);
      }
  }
  return print_package(copy, package, {.docs = false});
}

// Encodes, decodes, and compares the main package as text without what the binary form lacks.
void expect_round_trip(const Resolved& r) {
  const std::vector<uint8_t> binary = encode_package(r.resolve, r.main);
  const Result<Resolved> again = decode_package(SharedBytes::own(binary));
  ASSERT_TRUE(again.has_value()) << again.error().message() << " at " << again.error().offset;
  EXPECT_EQ(without_gates(again->resolve, again->main), without_gates(r.resolve, r.main));
  EXPECT_EQ(encode_package(again->resolve, again->main), binary);
  for (const auto& [name, id] : r.resolve[r.main].worlds) {
    const std::vector<uint8_t> section = encode_world_section(r.resolve, id, StringEncoding::Utf16);
    const Result<DecodedWorld> world = decode_world_section(SharedBytes::own(section));
    ASSERT_TRUE(world.has_value()) << world.error().message();
    EXPECT_EQ(world->strings, StringEncoding::Utf16);
    EXPECT_EQ(encode_world_section(world->resolve, world->world, StringEncoding::Utf16), section);
  }
}

TEST(WitEncode, RoundTrips) {
  for (
      const char* text :
      {"package a:b@1.0.0; interface i {} world w {}",
       R"(package a:b; interface i { type t = u8; record r { a: t, b: list<option<r2>> } record r2 { x: t }
              flags f { a, b } enum e { a } variant v { a(r), b } type al = r; type alp = t;
              resource res { constructor(a: u8) -> result<res>; m: async func() -> stream<u8>; s: static func(); }
              type own-it = own<res>; type lend = borrow<res>;
              g: func(a: tuple<r, res>, b: borrow<res>, c: map<string, u8>, d: list<u8, 4>) -> future<al>; })",
       R"(package a:b; interface i { resource r; } interface j { use i.{r as s}; f: func(a: s) -> s; }
              world w { import j; export i; export j; use i.{r}; record q { x: u8 } import h: func(a: borrow<r>, b: q);
                        import k: interface { use j.{s}; f: func(a: s); } export l: i; @external-id("x y") import m: i; })",
       R"(package a:b; use c:d/e@2.0.0; interface i { use e.{t}; f: func() -> t; } world w { export i; }
              package c:d@2.0.0 { interface e { use g:h/e.{t}; } } package g:h { interface e { type t = string; } })"})
    expect_round_trip(must(text));
}

// An export that uses an exported interface refers to the exported instance, not to an import of
// the same name.
TEST(WitEncode, ExportsUseExports) {
  const Resolved r = must(R"(package a:b; interface i { resource r; } interface j { use i.{r}; }
    world w { import j; export i; export j; })");
  const ComponentTypeDef type = world_type(r.resolve, *r.resolve[r.main].worlds.find("w"));
  std::vector<uint32_t> from;
  for (const TypeDecl& decl : type.decls->decls)
    if (const auto* alias = std::get_if<AliasDef>(&decl.decl)) from.push_back(alias->index);
  EXPECT_EQ(from, (std::vector<uint32_t>{0, 2}));
}

TEST(WitEncode, Wasi) {
  const char* dir = std::getenv("SKIFF_WIT_DIR");
  if (!dir) GTEST_SKIP() << "SKIPPED: set SKIFF_WIT_DIR to the folder with wasi-0.2 and wasi-0.3";
  for (const char* version : {"/wasi-0.2", "/wasi-0.3"}) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir + std::string(version)))
      files.push_back(entry.path().string());
    for (const std::string& file : files) {
      const Result<Resolved> r = load_wit(file,
                                          [&] {
                                            std::vector<std::string> others;
                                            for (const std::string& other : files)
                                              if (other != file) others.push_back(other);
                                            return others;
                                          }(),
                                          {});
      ASSERT_TRUE(r.has_value()) << r.error().message();
      expect_round_trip(*r);
    }
  }
}

// Every cut and every changed byte is refused or decodes to something; nothing crashes.
TEST(WitDecode, HostileBytes) {
  const Resolved r = must(
      R"(package a:b; interface i { resource r { m: func(a: list<r2>) -> r; } record r2 { x: u8 } }
    world w { import i; use i.{r}; export f: func(a: r); })");
  const std::vector<uint8_t> binary = encode_package(r.resolve, r.main);
  size_t decoded = 0;
  for (size_t i = 0; i < binary.size(); ++i) {
    std::vector<uint8_t> cut(binary.begin(), binary.begin() + static_cast<ptrdiff_t>(i));
    decoded += decode_package(SharedBytes::own(std::move(cut))).has_value();
    for (uint8_t value : {0x00, 0x01, 0x7F, 0xFF, 0x41}) {
      std::vector<uint8_t> changed = binary;
      changed[i] = value;
      const Result<Resolved> again = decode_package(SharedBytes::own(changed));
      if (!again) continue;
      ++decoded;
      print_package(again->resolve, again->main);
      encode_package(again->resolve, again->main);
    }
  }
  EXPECT_GT(decoded, 0u);
}

TEST(WitDecode, NotWit) {
  EXPECT_FALSE(decode_package(SharedBytes::own({0, 'a', 's', 'm', 0x0D, 0, 1, 0})).has_value());
  EXPECT_FALSE(decode_package(SharedBytes::own({0, 'a', 's', 'm', 1, 0, 0, 0})).has_value());
  EXPECT_FALSE(is_wit_package(Component{}));
}

}  // namespace
}  // namespace skiff::component::wit
