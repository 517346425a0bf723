// `skiff wat` and `skiff wat2wasm`: from binary to text and back.
#include "component/binary/binary.h"
#include "component/text/text.h"
#include "component/valid/valid.h"
#include "engine/text/text.h"
#include "engine/valid/valid.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/input.h"

namespace skiff::cli {
namespace {

// Sets `features` from --features; reports a wrong list.
bool read_features(const Arguments& args, Features& features) {
  features = Features::all();
  const auto list = args.value("features");
  if (!list) return true;
  const Status applied = features.apply(*list);
  if (!applied) report_error(applied.error().message());
  return applied.has_value();
}

int run_wat(const Arguments& args) {
  Features features;
  if (!read_features(args, features)) return kExitUsage;
  const auto input = read_input(args.operands()[0]);
  if (!input) return kExitFailure;
  if (holds_component(*input)) {
    const auto component = load_component(*input, features);
    if (!component) return report_error(*input, component.error(), !input->is_text), kExitFailure;
    const auto text = component::print_component(**component);
    if (!text) return report_error(*input, text.error(), true), kExitFailure;
    return write_output(args.value("output").value_or("-"), *text) ? kExitOk : kExitFailure;
  }
  const auto module = load_module(*input, features);
  if (!module) return kExitFailure;
  const PrintOptions options{
      .fold = args.has("fold"), .names = !args.has("no-names"), .offsets = args.has("offsets")};
  const auto text = print_wat(*module, options);
  if (!text) return report_error(*input, text.error(), true), kExitFailure;
  return write_output(args.value("output").value_or("-"), *text) ? kExitOk : kExitFailure;
}

Status check_component(const SharedBytes& binary, Features features) {
  auto component = SKIFF_TRY(component::decode_component(binary, features));
  TypeRegistry registry;
  component::PlainModules modules(registry, features);
  SKIFF_TRY(component::validate_component(std::move(component), registry, modules, {.features = features}));
  return {};
}

int run_wat2wasm(const Arguments& args) {
  Features features;
  if (!read_features(args, features)) return kExitUsage;
  const auto input = read_input(args.operands()[0]);
  if (!input) return kExitFailure;
  const auto binary = to_binary(*input, features);
  if (!binary) return kExitFailure;
  if (!args.has("no-check") && holds_component(*input)) {
    if (const Status valid = check_component(*binary, features); !valid)
      return report_error(*input, valid.error(), true), kExitFailure;
  } else if (!args.has("no-check")) {
    auto module = decode_module(*binary, features);
    if (!module) return report_error(*input, module.error(), true), kExitFailure;
    TypeRegistry registry;
    const auto info = validate_module(std::move(*module), registry);
    if (!info) return report_error(*input, info.error(), true), kExitFailure;
  }
  std::string output(args.value("output").value_or(""));
  if (output.empty()) {
    // in.wat becomes in.wasm in the same folder.
    if (input->name == "<stdin>")
      output = "-";
    else
      output = input->name.substr(
                   0, input->name.ends_with(".wat") ? input->name.size() - 4 : std::string::npos) +
               ".wasm";
  }
  const std::string_view content(reinterpret_cast<const char*>(binary->bytes.data()),
                                 binary->bytes.size());
  return write_output(output, content) ? kExitOk : kExitFailure;
}

constexpr OptionSpec kWatOptions[] = {
    {.name = "output", .letter = 'o', .value = "FILE", .help = "where to write (standard output)"},
    {.name = "fold", .letter = 'f', .help = "folded instructions"},
    {.name = "offsets", .help = "byte offsets before instructions"},
    {.name = "no-names", .help = "ignore the name section"},
    {.name = "features", .value = "LIST", .help = "switch proposals off (all are on)"},
};
constexpr OptionSpec kWat2WasmOptions[] = {
    {.name = "output",
     .letter = 'o',
     .value = "FILE",
     .help = "where to write (FILE.wasm; '-' is standard output)"},
    {.name = "no-check", .help = "write the module even if it is not valid"},
    {.name = "features", .value = "LIST", .help = "switch proposals off (all are on)"},
};

}  // namespace

const CommandSpec kWatCommand = {
    .name = "wat",
    .operands = "FILE",
    .summary = "print a module or component as text",
    .details = "The output parses to an equal module again.\n",
    .options = kWatOptions,
    .run = run_wat,
    .min_operands = 1,
    .max_operands = 1,
};

const CommandSpec kWat2WasmCommand = {
    .name = "wat2wasm",
    .operands = "FILE",
    .summary = "assemble text to a binary module or component",
    .details = "The module is validated before it is written.\n",
    .options = kWat2WasmOptions,
    .run = run_wat2wasm,
    .min_operands = 1,
    .max_operands = 1,
};

}  // namespace skiff::cli
