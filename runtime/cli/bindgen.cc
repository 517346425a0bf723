// `skiff bindgen`: typed C++ from WIT, for guests and hosts.
#include "component/bindgen/bindgen.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runtime/cli/commands.h"
#include "runtime/cli/component_input.h"
#include "runtime/cli/input.h"
#include "runtime/cli/report.h"

namespace skiff::cli {
namespace {

namespace bindgen = component::bindgen;

bool is_namespace(std::string_view name) {
  bool start = true;  // of an identifier
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (letter || (!start && c >= '0' && c <= '9')) {
      start = false;
    } else if (!start && c == ':' && i + 2 < name.size() && name[i + 1] == ':') {
      start = true;
      ++i;
    } else {
      return false;
    }
  }
  return !start;
}

int run_bindgen(const Arguments& args) {
  bindgen::Options options;
  if (args.has("guest") == args.has("host")) return report_error("give either --guest or --host"), kExitUsage;
  options.side = args.has("host") ? bindgen::Side::Host : bindgen::Side::Guest;
  options.root = args.value("namespace").value_or("");
  if (!options.root.empty() && !is_namespace(options.root))
    return report_error("--namespace wants a C++ namespace such as app::bindings"), kExitUsage;
  for (const std::string_view name : args.values("without")) options.without.emplace_back(name);
  if (!options.without.empty() && options.side == bindgen::Side::Guest)
    return report_error("--without is for --host"), kExitUsage;

  const std::string path(args.operands()[0]);
  const auto resolved = load_any_wit(path, args);
  if (!resolved) return kExitFailure;
  const auto fail_with = [&](const Error& error) {
    report_error(path + ": " + error.message());
    return kExitFailure;
  };
  const auto world =
      component::wit::select_world(resolved->resolve, resolved->main, args.value("world").value_or(""));
  if (!world) return fail_with(world.error());
  const auto files = bindgen::generate(resolved->resolve, *world, options);
  if (!files) return fail_with(files.error());

  const std::filesystem::path folder = args.value("output").value_or(".");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return report_error(folder.string() + ": " + error.message()), kExitFailure;
  for (const bindgen::OutputFile& file : *files)
    if (!write_output((folder / file.name).string(), file.content)) return kExitFailure;
  return kExitOk;
}

constexpr OptionSpec kOptions[] = {
    {.name = "guest", .help = "for C++ that is compiled to WebAssembly"},
    {.name = "host", .help = "for C++ that runs components with Skiff"},
    {.name = "world", .letter = 'w', .value = "NAME", .help = "the world (the package's only one)"},
    {.name = "output", .letter = 'o', .value = "DIR", .help = "where to write (the current folder)"},
    {.name = "namespace", .value = "NAME", .help = "put everything into this namespace"},
    {.name = "without",
     .value = "NAME",
     .help = "an imported interface or package that others provide (--host)",
     .repeats = true},
    {.name = "features",
     .value = "NAME",
     .help = "keep what is @unstable(feature = NAME); 'all' keeps all",
     .repeats = true},
};

}  // namespace

const CommandSpec kBindgenCommand = {
    .name = "bindgen",
    .operands = "WIT",
    .summary = "write C++ for the imports and exports of a world",
    .details =
        "Reads what 'skiff component wit' reads. For guests it writes WORLD.h, WORLD.cc and wit.h:\n"
        "call what is imported, implement what is in namespace exports, compile for wasm32-wasi with\n"
        "-std=c++23 -mexec-model=reactor, and make a component of it with 'skiff component new'.\n"
        "For hosts it writes WORLD.h and WORLD.cc: implement the abstract classes of the imports, call\n"
        "what is in namespace exports.\n",
    .options = kOptions,
    .run = run_bindgen,
    .min_operands = 1,
    .max_operands = 1,
};

}  // namespace skiff::cli
