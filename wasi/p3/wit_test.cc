// functions.def against the WIT files: everything they have is there with the same type, and nothing else. Reads
// them where they are found (SKIFF_WIT_DIR, or wit/ beside the official suite), else skips.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <set>

#include "component/exec/instantiate.h"
#include "component/valid/valid.h"
#include "component/wit/encode.h"
#include "component/wit/load.h"
#include "engine/interp/interp.h"
#include "wasi/p3/p3.h"

namespace skiff::wasi {
namespace {

using namespace component;

std::string wit_directory() {
  std::string dir;
  if (const char* d = std::getenv("SKIFF_WIT_DIR")) dir = std::string(d) + "/wasi-0.3";
  else if (const char* suite = std::getenv("SKIFF_SPEC_DIR")) dir = std::string(suite) + "/../wit/wasi-0.3";
  struct stat st;
  return !dir.empty() && ::stat(dir.c_str(), &st) == 0 ? dir : std::string();
}

std::optional<wit::Resolved> load(std::string_view main = "cli") {
  const std::string dir = wit_directory();
  if (dir.empty()) return std::nullopt;
  std::vector<std::string> others;
  for (const std::string_view name : {"clocks", "random", "filesystem", "sockets", "cli", "http"})
    if (name != main) others.push_back(dir + "/" + std::string(name) + ".wit");
  wit::Options options;
  options.all_unstable = true;
  auto resolved = wit::load_wit(dir + "/" + std::string(main) + ".wit", others, options);
  if (!resolved) return ADD_FAILURE() << resolved.error().message(), std::nullopt;
  return std::move(*resolved);
}

// Names of functions and resources by interface, as functions.def has them.
std::map<std::string, std::set<std::string>> table() {
  std::map<std::string, std::set<std::string>> all;
#define SKIFF_P3_INTERFACE(NAME, ROWS)      \
  {                                         \
    std::set<std::string>& rows = all[NAME]; \
    ROWS                                    \
    static_cast<void>(rows);                \
  }
#define SKIFF_P3_RESOURCE(NAME, R)
#define SKIFF_P3_TYPE(NAME, ...)
#define SKIFF_P3(NAME, PARAMS, F) EXPECT_TRUE(rows.insert(NAME).second) << NAME;
#define SKIFF_P3_ASYNC(NAME, PARAMS, F) EXPECT_TRUE(rows.insert(NAME).second) << NAME;
#include "wasi/p3/functions.def"
#undef SKIFF_P3_ASYNC
#undef SKIFF_P3
#undef SKIFF_P3_TYPE
#undef SKIFF_P3_RESOURCE
#undef SKIFF_P3_INTERFACE
  return all;
}

TEST(Wit, EveryFunctionIsThereAndNoOther) {
  const auto wit = load();
  if (!wit) GTEST_SKIP() << "the WIT files are not here";
  const auto rows = table();
  size_t functions = 0, interfaces = 0;
  for (size_t i = 0; i < wit->resolve.interfaces.size(); ++i) {
    const wit::Interface& interface = wit->resolve.interfaces[i];
    if (interface.name == "run") continue;  // what guests export
    const std::string name = wit->resolve.name_of(wit::InterfaceId{static_cast<uint32_t>(i)});
    const auto found = rows.find(name);
    ASSERT_NE(found, rows.end()) << name;
    std::set<std::string> expected;
    for (const auto& [function, _] : interface.functions) expected.insert(function);
    EXPECT_EQ(found->second, expected) << name;
    functions += expected.size();
    ++interfaces;
  }
  EXPECT_EQ(interfaces, rows.size());
  EXPECT_EQ(functions, 129u) << "130 with `run`";
}

// The types too: a world, as a component type, has imports that our items are given to.
void link_imports(std::string_view main, std::string_view name, size_t expected) {
  const auto wit = load(main);
  if (!wit) GTEST_SKIP() << "the WIT files are not here";
  const auto world = wit::select_world(wit->resolve, wit->main, name);
  ASSERT_TRUE(world);
  EngineConfig config;
  config.features = Features::all();
  Engine engine(config, make_interpreter());
  PlainModules modules(engine.types(), config.features);
  const auto text = std::make_shared<const Component>(wit::world_component(wit->resolve, *world, StringEncoding::Utf8));
  const auto info = validate_component(text, engine.types(), modules);
  ASSERT_TRUE(info) << info.error().message();
  // The component exports a type of a component that exports the world.
  const TypeTable& types = *(*info)->types;
  const NamedExtern& outer = types.get<ComponentType>((*info)->type).exports.at(0);
  const ComponentType* type = &types.get<ComponentType>(outer.type.sort == Sort::Type ? outer.type.type.id : outer.type.id);
  if (type->imports.empty() && type->exports.size() == 1) {
    const ExternType& inner = type->exports[0].type;
    type = &types.get<ComponentType>(inner.sort == Sort::Type ? inner.type.id : inner.id);
  }

  P3 p3;
  ComponentLinker linker;
  p3.define(linker);
  ResourceBindings bindings;
  size_t matched = 0;
  for (const NamedExtern& import : type->imports) {
    const Item* item = linker.find(import.name.name);
    ASSERT_NE(item, nullptr) << import.name.name;
    const Status status = match_item(engine.types(), *item, types, import.type, bindings);
    EXPECT_TRUE(status) << import.name.name << ": " << status.error().message();
    ++matched;
  }
  EXPECT_EQ(matched, expected);
}

TEST(Wit, EveryImportOfACommandLinks) { link_imports("cli", "command", 22); }
TEST(Wit, EveryImportOfAServiceLinks) { link_imports("http", "service", 13); }
TEST(Wit, EveryImportOfAMiddlewareLinks) { link_imports("http", "middleware", 14); }

}  // namespace
}  // namespace skiff::wasi
