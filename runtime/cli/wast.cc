// `skiff wast`: runs scripts of the official test suite.
#include <charconv>

#include "compiler/target/native_tier.h"
#include "engine/valid/valid.h"
#include "runtime/cache/settings.h"
#include "runtime/cache/stores.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/json.h"
#include "runtime/config.h"
#include "spectest/executing_host.h"
#include "spectest/run.h"

namespace skiff::cli {
namespace {

// Instead of running: modules are compiled to files.
bool save_artifacts(const Arguments& args, spectest::RunOptions& options) {
  const auto target = parse_target(args.value("target").value_or("native"));
  if (!target) return report_error("--target: " + target.error().message()), false;
  auto folder = std::make_shared<ArtifactFolder>(std::string(*args.value("save-artifacts")));
  options.each_module = [folder, target = *target, tunables = options.tunables](
                            const std::vector<uint8_t>& binary, Features features) -> Status {
    TypeRegistry registry;
    Module module = SKIFF_TRY(decode_module({binary, nullptr}, features));
    const auto info = SKIFF_TRY(validate_module(std::move(module), registry));
    const auto image = SKIFF_TRY(compiler::compile_with_llvm(
        *info, {.tunables = tunables, .triple = target.triple, .cpu = target.llvm_cpu}));
    return folder->save(binary, features, tunables, target, image);
  };
  return true;
}

// Everything the command line says; false after reporting what is wrong with it.
bool read_options(const Arguments& args, spectest::RunOptions& options, spectest::SkipList& skips) {
  RuntimeConfig config;
  for (const std::string_view name : {"tier", "stack-size"}) {
    const auto value = args.value(name);
    if (!value) continue;
    if (const Status set = set_option(config, name, *value); !set) {
      return report_error(set.error().message()), false;
    }
  }
  options.tier = config.tier->name;
  TierOptions tier;
  if (const auto text = args.value("switch-after")) {
    uint32_t calls = 0;
    const auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), calls);
    if (status != std::errc() || end != text->data() + text->size())
      return report_error("--switch-after: '" + std::string(*text) + "' is not a number"), false;
    tier.switch_after = calls;
  }
  if (const auto folder = args.value("artifacts"))
    tier.store = std::make_shared<ArtifactFolder>(std::string(*folder));
  options.make_tier = [make = config.tier->make, tier] { return make(tier); };
  options.tunables = config.engine.tunables;
  options.tunables.guard_pages &= !args.has("no-guards");
  options.tunables.gc_stress = args.has("gc-stress");
  options.features = args.value("features").value_or("");
  options.roundtrip = args.has("roundtrip");
  options.make_component_host = spectest::ExecutingHost::create;
  if (args.has("save-artifacts") && !save_artifacts(args, options)) return false;
  if (const Status valid = Features().apply(options.features); !valid) {
    return report_error(valid.error().message()), false;
  }
  if (const auto path = args.value("skip")) {
    auto list = spectest::SkipList::load(std::string(*path));
    if (!list) return report_error(list.error().message()), false;
    skips = std::move(*list);
    options.skips = &skips;
  }
  return true;
}

Json to_json(const spectest::FileResult& result, std::string_view tier) {
  Json entry{{"file", result.path},
             {"tier", tier},
             {"passed", result.passed},
             {"failed", result.failed},
             {"skipped", result.skipped}};
  if (!result.skip_reason.empty()) entry["reason"] = result.skip_reason;
  entry["failures"] = Json::array();
  for (const spectest::Finding& f : result.findings) {
    entry["failures"].push_back({{"line", f.line}, {"command", f.command}, {"message", f.message}});
  }
  return entry;
}

std::string to_text(const spectest::FileResult& result) {
  std::string text;
  if (!result.skip_reason.empty()) text += result.path + ": SKIPPED: " + result.skip_reason + "\n";
  for (const spectest::Finding& f : result.findings) {
    text += result.path + ":" + std::to_string(f.line) + ": " + f.command +
            " failed: " + f.message + "\n";
  }
  return text;
}

int run_wast(const Arguments& args) {
  spectest::RunOptions options;
  spectest::SkipList skips;
  if (!read_options(args, options, skips)) return kExitUsage;
  const bool json = args.has("json");
  uint64_t passed = 0, failed = 0, skipped = 0;
  Json files = Json::array();
  for (const std::string_view path : args.operands()) {
    const spectest::FileResult result = spectest::run_file(std::string(path), options);
    passed += result.passed, failed += result.failed, skipped += result.skipped;
    if (json)
      files.push_back(to_json(result, options.tier));
    else if (!print(to_text(result)))
      return kExitFailure;
  }
  const bool written =
      json ? print_json(
                 {{"files", files}, {"passed", passed}, {"failed", failed}, {"skipped", skipped}})
           : print(std::to_string(passed) + " passed, " + std::to_string(failed) + " failed, " +
                   std::to_string(skipped) + " skipped\n");
  return written && failed == 0 ? kExitOk : kExitFailure;
}

constexpr OptionSpec kOptions[] = {
    {.name = "tier", .value = "NAME", .help = "tier that executes (auto)"},
    {.name = "switch-after",
     .value = "N",
     .help = "tier auto: compile at once when N functions have been called"},
    {.name = "skip", .value = "FILE", .help = "list of files not to run (skip.toml)"},
    {.name = "features", .value = "LIST", .help = "changes to the features of the file's folder"},
    {.name = "stack-size", .value = "SIZE", .help = "bytes of wasm stack"},
    {.name = "no-guards", .help = "explicit bounds checks instead of guard pages"},
    {.name = "gc-stress", .help = "collect garbage at every allocation"},
    {.name = "artifacts",
     .value = "DIR",
     .help = "find compiled modules here, and keep them here"},
    {.name = "save-artifacts",
     .value = "DIR",
     .help = "run nothing, compile all modules to files here"},
    {.name = "target", .value = "CPU", .help = "for --save-artifacts, as in 'skiff compile'"},
    {.name = "roundtrip", .help = "only check that modules survive printing and parsing"},
    {.name = "json", .help = "print results as JSON"},
};

}  // namespace

const CommandSpec kWastCommand = {
    .name = "wast",
    .operands = "FILE...",
    .summary = "run scripts of the WebAssembly test suite",
    .details =
        "Prints one line for each failed check and the totals last; the exit status is 1 when any\n"
        "check failed. Which proposals are on follows from the folder of a file.\n",
    .options = kOptions,
    .run = run_wast,
    .min_operands = 1,
    .max_operands = ~size_t{0},
};

}  // namespace skiff::cli
