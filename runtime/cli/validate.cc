// `skiff validate`: decode and validate, say nothing when all is well.
#include "component/binary/binary.h"
#include "component/text/text.h"
#include "component/valid/valid.h"
#include "engine/text/text.h"
#include "engine/valid/valid.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/input.h"
#include "runtime/cli/json.h"

namespace skiff::cli {
namespace {

// What is wrong with one file; positions of text errors are in the text, others in the binary.
struct Verdict {
  std::optional<Error> error;
  bool in_binary = true;
};

Verdict check_component(const Input& input, Features features) {
  SharedBytes binary{{reinterpret_cast<const uint8_t*>(input.content.data()), input.content.size()},
                     nullptr};
  if (input.is_text) {
    auto encoded = component::component_wat_to_binary(input.content, features);
    if (!encoded) return {std::move(encoded).error(), false};
    binary = SharedBytes::own(std::move(*encoded));
  }
  auto component = component::decode_component(binary, features);
  if (!component) return {std::move(component).error()};
  TypeRegistry registry;
  component::PlainModules modules(registry, features);
  auto info = component::validate_component(std::move(*component), registry, modules, {.features = features});
  if (!info) return {std::move(info).error()};
  return {};
}

Verdict check(const Input& input, Features features, bool customs) {
  if (holds_component(input)) return check_component(input, features);
  SharedBytes binary{{reinterpret_cast<const uint8_t*>(input.content.data()), input.content.size()},
                     nullptr};
  if (input.is_text) {
    auto encoded = wat_to_binary(input.content, features);
    if (!encoded) return {std::move(encoded).error(), false};
    binary = SharedBytes::own(std::move(*encoded));
  }
  auto module = decode_module(binary, features);
  if (!module) return {std::move(module).error()};
  if (customs) {
    if (auto status = check_custom_sections(*module); !status) return {std::move(status).error()};
  }
  TypeRegistry registry;
  auto info = validate_module(std::move(*module), registry);
  if (!info) return {std::move(info).error()};
  return {};
}

Json to_json(const Input& input, const Verdict& verdict) {
  Json entry{{"file", input.name}, {"valid", !verdict.error}};
  if (!verdict.error) return entry;
  const Error& error = *verdict.error;
  entry["phase"] = name_of(error.phase());
  entry["message"] = error.message();
  if (error.offset != kNoOffset && verdict.in_binary) entry["offset"] = error.offset;
  if (error.offset != kNoOffset && !verdict.in_binary) {
    const LineColumn at = line_column(input.content, error.offset);
    entry["line"] = at.line;
    entry["column"] = at.column;
  }
  if (error.func != kNoIndex) entry["func"] = error.func;
  return entry;
}

int run_validate(const Arguments& args) {
  Features features;
  if (const auto list = args.value("features")) {
    if (const Status applied = features.apply(*list); !applied) {
      return report_error(applied.error().message()), kExitUsage;
    }
  }
  const bool json = args.has("json");
  bool ok = true;
  Json document = Json::array();
  for (const std::string_view path : args.operands()) {
    const auto input = read_input(path);
    if (!input) {
      ok = false;
      continue;
    }
    const Verdict verdict = check(*input, features, args.has("custom"));
    if (verdict.error) ok = false;
    if (json) {
      document.push_back(to_json(*input, verdict));
    } else if (verdict.error) {
      report_error(*input, *verdict.error, verdict.in_binary);
    } else if (args.has("verbose")) {
      if (!print(input->name + ": valid\n")) return kExitFailure;
    }
  }
  if (json && !print_json(document)) return kExitFailure;
  return ok ? kExitOk : kExitFailure;
}

constexpr OptionSpec kOptions[] = {
    {.name = "features",
     .value = "LIST",
     .help = "switch proposals on or off, e.g. -simd,+legacy-exceptions"},
    {.name = "custom", .help = "also check the custom sections that the specification defines"},
    {.name = "verbose", .letter = 'v', .help = "say which files are valid"},
    {.name = "json", .help = "print an array with one object per file"},
};

}  // namespace

const CommandSpec kValidateCommand = {
    .name = "validate",
    .operands = "FILE...",
    .summary = "check that modules and components are valid",
    .details =
        "Prints nothing when all files are valid; otherwise what is wrong and where, and the exit\n"
        "status is 1. A file may be binary or text; '-' is standard input.\n",
    .options = kOptions,
    .run = run_validate,
    .min_operands = 1,
    .max_operands = ~size_t{0},
};

}  // namespace skiff::cli
