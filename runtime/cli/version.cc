// `skiff version`.
#include "runtime/version.h"

#include "engine/syntax/features.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/json.h"
#include "runtime/tiers.h"

namespace skiff::cli {
namespace {

constexpr std::string_view kCompiler =
#ifdef __clang__
    "clang " __clang_version__;
#else
    "gcc " __VERSION__;
#endif

constexpr std::string_view kArchitecture =
#if defined(__x86_64__)
    "x86_64";
#elif defined(__aarch64__)
    "aarch64";
#elif defined(__riscv)
        "riscv64";
#else
        "unknown";
#endif

int run_version(const Arguments& args) {
  if (!args.has("json"))
    return print("skiff " + std::string(kVersion) + "\n") ? kExitOk : kExitFailure;
  Json document{{"version", kVersion}, {"architecture", kArchitecture}, {"compiler", kCompiler}};
  for (const TierFactory& tier : tier_factories()) document["tiers"].push_back(tier.name);
  const Features defaults;
#define SKIFF_FEATURE(ID, NAME, DEFAULT, WHAT) \
  document["features"][NAME] = defaults.has(Feature::ID);
#include "engine/syntax/features.def"
#undef SKIFF_FEATURE
  return print_json(document) ? kExitOk : kExitFailure;
}

constexpr OptionSpec kOptions[] = {
    {.name = "json", .help = "also architecture, compiler, tiers and default features, as JSON"},
};

}  // namespace

const CommandSpec kVersionCommand = {
    .name = "version",
    .operands = "",
    .summary = "print the version",
    .details = "",
    .options = kOptions,
    .run = run_version,
};

}  // namespace skiff::cli
