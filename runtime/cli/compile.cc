// `skiff compile`: a module to a file with its machine code, ahead of running it.
#include "compiler/target/native_tier.h"
#include "engine/valid/valid.h"
#include "runtime/cache/artifact.h"
#include "runtime/cache/settings.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/input.h"

namespace skiff::cli {
namespace {

// in.wasm becomes in.skiff in the same folder.
std::string output_name(const Arguments& args, const Input& input) {
  if (const auto chosen = args.value("output")) return std::string(*chosen);
  std::string name = input.name;
  for (const std::string_view suffix : {".wasm", ".wat"}) {
    if (!name.ends_with(suffix)) continue;
    name.resize(name.size() - suffix.size());
    break;
  }
  return name + ".skiff";
}

int run_compile(const Arguments& args) {
  EngineConfig config;
  if (const auto list = args.value("features")) {
    if (const Status applied = config.features.apply(*list); !applied)
      return report_error(applied.error().message()), kExitUsage;
  }
  const auto target = parse_target(args.value("target").value_or("native"));
  if (!target) return report_error("--target: " + target.error().message()), kExitUsage;
  config.tunables.guard_pages &= !args.has("no-guards");
  config.tunables.interruptible = args.has("interruptible");
  config.tunables.fuel = args.has("fuel");
  const auto input = read_input(args.operands()[0]);
  if (!input) return kExitFailure;
  const std::string output = output_name(args, *input);
  if (output == "-" || output == "<stdin>.skiff")
    return report_error("-o FILE is needed: the output is not for streams"), kExitUsage;
  const auto binary = to_binary(*input, config.features);
  if (!binary) return kExitFailure;

  TypeRegistry registry;
  auto compiled = [&]() -> Result<compiler::NativeImage> {
    Module module = SKIFF_TRY(decode_module(*binary, config.features));
    const auto info = SKIFF_TRY(validate_module(std::move(module), registry));
    compiler::CompileOptions options;
    options.tunables = config.tunables;
    options.triple = target->triple;
    options.cpu = target->llvm_cpu;
    return compiler::compile_with_llvm(*info, options);
  }();
  if (!compiled) return report_error(*input, compiled.error(), true), kExitFailure;
  const std::string settings = code_settings(*target, config.features, config.tunables);
  const Hash128 key = hash128({binary->bytes, bytes_of(settings)});
  const std::string_view name = std::string_view(input->name).substr(input->name.rfind('/') + 1);
  if (const Status written = save_artifact(output, {*compiled, binary->bytes, settings, name, key});
      !written) {
    return report_error(output + ": " + written.error().detail), kExitFailure;
  }
  return kExitOk;
}

constexpr OptionSpec kOptions[] = {
    {.name = "output", .letter = 'o', .value = "FILE", .help = "where to write (FILE.skiff)"},
    {.name = "target",
     .value = "CPU",
     .help = "native, baseline, x86-64-v2, -v3, -v4, aarch64, riscv64"},
    {.name = "features",
     .value = "LIST",
     .help = "switch proposals on or off, e.g. -simd,+legacy-exceptions"},
    {.name = "no-guards", .help = "explicit bounds checks, for machines with little address space"},
    {.name = "interruptible", .help = "code for 'skiff run --timeout'"},
    {.name = "fuel", .help = "code for 'skiff run --fuel'"},
};

}  // namespace

const CommandSpec kCompileCommand = {
    .name = "compile",
    .operands = "FILE",
    .summary = "compile a module to machine code in a file",
    .details =
        "The output has the code and the module, and is run with\n"
        "  skiff run --allow-precompiled FILE.skiff\n"
        "by the same version of skiff, with the same features. Code for 'native', the default, "
        "runs on CPUs\n"
        "equal to this one; 'baseline' on all of its architecture.\n",
    .options = kOptions,
    .run = run_compile,
    .min_operands = 1,
    .max_operands = 1,
};

}  // namespace skiff::cli
