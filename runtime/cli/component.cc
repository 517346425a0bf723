// `skiff component`: the tools that make and combine components. Its first operand is the tool,
// each with a table of options of its own.
#include <algorithm>
#include <filesystem>

#include "component/text/text.h"
#include "component/tools/compose.h"
#include "component/tools/module.h"
#include "component/tools/new.h"
#include "component/wit/encode.h"
#include "component/wit/json.h"
#include "component/wit/load.h"
#include "component/wit/print.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/component_input.h"
#include "runtime/cli/input.h"

namespace skiff::cli {
namespace {

namespace tools = component::tools;
namespace wit = component::wit;

bool write_binary(const Arguments& args, const std::vector<uint8_t>& bytes) {
  return write_output(args.value("output").value_or("-"),
                      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

int fail_with(std::string_view name, const Error& error) {
  report_error(std::string(name) + ": " + error.message());
  return kExitFailure;
}

// ---- wit

int run_wit(const Arguments& args) {
  const std::string path(args.operands()[0]);
  auto resolved = load_any_wit(path, args);
  if (!resolved) return kExitFailure;
  if (args.has("wasm"))
    return write_binary(args, wit::encode_package(resolved->resolve, resolved->main))
               ? kExitOk
               : kExitFailure;
  const std::string text = args.has("json")
                               ? wit::to_json(resolved->resolve) + "\n"
                               : wit::print_package(resolved->resolve, resolved->main,
                                                    {.dependencies = !args.has("no-deps")});
  return write_output(args.value("output").value_or("-"), text) ? kExitOk : kExitFailure;
}

constexpr OptionSpec kOutput = {
    .name = "output", .letter = 'o', .value = "FILE", .help = "where to write (standard output)"};
constexpr OptionSpec kUnstable = {.name = "features",
                                  .value = "NAME",
                                  .help = "keep what is @unstable(feature = NAME); 'all' keeps all",
                                  .repeats = true};

constexpr OptionSpec kWitOptions[] = {
    kOutput,
    {.name = "json", .help = "print the resolved packages as JSON"},
    {.name = "wasm", .help = "write the package in its binary form"},
    {.name = "no-deps", .help = "print the package alone, without those that it uses"},
    kUnstable,
};
constexpr CommandSpec kWit = {
    .name = "component wit",
    .operands = "FILE|DIR",
    .summary = "print a WIT package, or the world of a component, as WIT",
    .details =
        "Reads WIT text, a directory of it (with dependencies in deps/), a WIT package in its\n"
        "binary form, a component, or a core module with an embedded world.\n",
    .options = kWitOptions,
    .run = run_wit,
    .min_operands = 1,
    .max_operands = 1,
};

// ---- embed

int run_embed(const Arguments& args) {
  const std::string path(args.operands()[0]);
  component::StringEncoding strings = component::StringEncoding::Utf8;
  const std::string_view encoding = args.value("encoding").value_or("utf8");
  if (encoding == "utf16") {
    strings = component::StringEncoding::Utf16;
  } else if (encoding == "latin1+utf16") {
    strings = component::StringEncoding::Latin1Utf16;
  } else if (encoding != "utf8") {
    return report_error("--encoding must be utf8, utf16 or latin1+utf16"), kExitUsage;
  }
  auto resolved = load_any_wit(path, args);
  if (!resolved) return kExitFailure;
  const auto world =
      wit::select_world(resolved->resolve, resolved->main, args.value("world").value_or(""));
  if (!world) return fail_with(path, world.error());
  const auto input = read_input(args.operands()[1]);
  if (!input) return kExitFailure;
  const auto binary = to_binary(*input, Features::all());
  if (!binary) return kExitFailure;
  if (const auto module = decode_module(*binary, Features::all()); !module)
    return report_error(*input, module.error(), true), kExitFailure;
  const auto out = tools::embed_world(binary->bytes, resolved->resolve, *world, strings);
  if (!out) return fail_with(input->name, out.error());
  return write_binary(args, *out) ? kExitOk : kExitFailure;
}

constexpr OptionSpec kEmbedOptions[] = {
    kOutput,
    {.name = "world", .letter = 'w', .value = "NAME", .help = "the world (the package's only one)"},
    {.name = "encoding",
     .value = "NAME",
     .help = "how the module encodes strings: utf8, utf16 or latin1+utf16"},
    kUnstable,
};
constexpr CommandSpec kEmbed = {
    .name = "component embed",
    .operands = "WIT MODULE",
    .summary = "add a world to a core module",
    .details = "The world goes into the custom section that 'skiff component new' reads.\n",
    .options = kEmbedOptions,
    .run = run_embed,
    .min_operands = 2,
    .max_operands = 2,
};

// ---- new

constexpr std::string_view kPreview1 = "wasi_snapshot_preview1";

// Our own adapter of WASI preview 1: where it is installed, or in the build tree.
std::string own_adapter() {
  std::error_code error;
  const std::filesystem::path bin =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {"../share/skiff/p1-adapter.wasm", "../../guests/p1-adapter.wasm"})
    if (!error && std::filesystem::exists(bin / place, error)) return (bin / place).string();
  return {};
}

// Whether a module is one of WASI preview 1 for which no adapter was given.
bool needs_own_adapter(const SharedBytes& binary, const tools::NewOptions& options) {
  for (const tools::Adapter& adapter : options.adapters)
    if (adapter.name == kPreview1) return false;
  const auto module = decode_module(binary, options.features);
  if (!module) return false;
  return std::any_of(module->imports.begin(), module->imports.end(),
                     [](const Import& import) { return import.module == kPreview1; });
}

int run_new(const Arguments& args) {
  tools::NewOptions options{.features = Features::all(), .adapters = {}};
  std::vector<Input> inputs;  // adapters; kept while their bytes are in use
  inputs.reserve(args.values("adapt").size());
  for (const std::string_view adapt : args.values("adapt")) {
    // NAME=FILE, or a file that is called as its module: wasi_snapshot_preview1.wasm.
    const size_t equals = adapt.find('=');
    const std::string_view path = equals == adapt.npos ? adapt : adapt.substr(equals + 1);
    std::string_view name = equals == adapt.npos ? adapt : adapt.substr(0, equals);
    if (equals == adapt.npos) {
      name = name.substr(name.rfind('/') + 1);
      name = name.substr(0, name.find('.'));
    }
    auto input = read_input(path);
    if (!input) return kExitFailure;
    inputs.push_back(std::move(*input));
    const auto binary = to_binary(inputs.back(), Features::all());
    if (!binary) return kExitFailure;
    options.adapters.push_back({std::string(name), *binary});
  }
  const auto input = read_input(args.operands()[0]);
  if (!input) return kExitFailure;
  const auto binary = to_binary(*input, Features::all());
  if (!binary) return kExitFailure;
  if (needs_own_adapter(*binary, options)) {
    const std::string own = own_adapter();
    if (own.empty()) {
      report_error(input->name + ": it is for WASI preview 1, and share/skiff/p1-adapter.wasm " +
                   "is not installed; give --adapt");
      return kExitFailure;
    }
    const auto adapter = read_input(own);
    if (!adapter) return kExitFailure;
    options.adapters.push_back(
        {std::string(kPreview1),
         SharedBytes::own({adapter->content.begin(), adapter->content.end()})});
  }
  const auto out = tools::new_component(*binary, options);
  if (!out) return fail_with(input->name, out.error());
  return write_binary(args, *out) ? kExitOk : kExitFailure;
}

constexpr OptionSpec kNewOptions[] = {
    kOutput,
    {.name = "adapt",
     .value = "[NAME=]FILE",
     .help = "a core module that implements imports from NAME (the file's name)",
     .repeats = true},
};
constexpr CommandSpec kNew = {
    .name = "component new",
    .operands = "MODULE",
    .summary = "make a component from a core module",
    .details =
        "The module must hold its world in a custom section, as bindings generators and 'skiff\n"
        "component embed' write it. Modules for WASI preview 1 need none: the adapter that\n"
        "comes with skiff has one, and is used unless another is given. The component is\n"
        "validated before it is written.\n",
    .options = kNewOptions,
    .run = run_new,
    .min_operands = 1,
    .max_operands = 1,
};

// ---- plug, compose

// A component from a file; reports what goes wrong.
std::optional<tools::Part> read_part(std::string_view path) {
  auto input = read_input(path);
  if (!input) return std::nullopt;
  if (component::is_component_text(input->content)) {
    auto binary = component::component_wat_to_binary(input->content, Features::all());
    if (!binary) return report_error(*input, binary.error()), std::nullopt;
    return tools::Part{input->name, SharedBytes::own(std::move(*binary))};
  }
  return tools::Part{input->name, SharedBytes::own({input->content.begin(), input->content.end()})};
}

int run_parts(const Arguments& args, std::string_view option, bool link_others) {
  const auto main = read_part(args.operands()[0]);
  if (!main) return kExitFailure;
  std::vector<tools::Part> others;
  for (const std::string_view path : args.values(option)) {
    auto part = read_part(path);
    if (!part) return kExitFailure;
    others.push_back(std::move(*part));
  }
  if (others.empty())
    return report_error("there is nothing to combine: give --" + std::string(option)), kExitUsage;
  const auto out = tools::compose(*main, others, {Features::all(), link_others});
  if (!out) return fail_with(main->name, out.error());
  return write_binary(args, *out) ? kExitOk : kExitFailure;
}

int run_plug(const Arguments& args) { return run_parts(args, "plug", false); }
int run_compose(const Arguments& args) { return run_parts(args, "with", true); }

constexpr OptionSpec kPlugOptions[] = {
    kOutput,
    {.name = "plug", .value = "FILE", .help = "a component that provides imports", .repeats = true},
};
constexpr CommandSpec kPlug = {
    .name = "component plug",
    .operands = "SOCKET",
    .summary = "satisfy imports of a component by exports of others",
    .details = "What the plugs import, and what of the socket stays open, the result imports.\n",
    .options = kPlugOptions,
    .run = run_plug,
    .min_operands = 1,
    .max_operands = 1,
};
constexpr OptionSpec kComposeOptions[] = {
    kOutput,
    {.name = "with", .value = "FILE", .help = "another component of the whole", .repeats = true},
};
constexpr CommandSpec kCompose = {
    .name = "component compose",
    .operands = "MAIN",
    .summary = "link several components into one",
    .details =
        "Like 'plug', but the others are linked with each other too. Names match when they are\n"
        "equal or name the same interface in compatible versions.\n",
    .options = kComposeOptions,
    .run = run_compose,
    .min_operands = 1,
    .max_operands = 1,
};

constexpr const CommandSpec* kTools[] = {&kNew, &kEmbed, &kWit, &kPlug, &kCompose};

int run_component(const Arguments& args) {
  const std::string name = "component " + std::string(args.operands()[0]);
  for (const CommandSpec* tool : kTools) {
    if (tool->name != name) continue;
    // Operands are whole arguments, which end with a zero byte; the parser does not write to them.
    std::vector<char*> rest;
    for (const std::string_view operand : args.operands().subspan(1))
      rest.push_back(const_cast<char*>(operand.data()));
    const Arguments parsed(*tool, rest);
    if (parsed.help()) return print(command_help(*tool)) ? kExitOk : kExitFailure;
    if (parsed.error().empty()) return tool->run(parsed);
    report_error(parsed.error() + "\nTry 'skiff help " + name + "'.");
    return kExitUsage;
  }
  return unknown_tool(kComponentCommand, args.operands()[0]);
}

}  // namespace

const CommandSpec kComponentCommand = {
    .name = "component",
    .operands = "TOOL [OPTION]... FILE...",
    .summary = "make components and look at their interfaces",
    .details =
        "Tools:\n"
        "  new MODULE         make a component from a core module with an embedded world\n"
        "  embed WIT MODULE   add a world to a core module\n"
        "  wit FILE|DIR       print WIT: of text, packages and components\n"
        "  plug SOCKET        satisfy imports of a component by exports of others\n"
        "  compose MAIN       link several components into one\n\n"
        "'skiff help component TOOL' lists the options of a tool.\n",
    .options = {},
    .run = run_component,
    .min_operands = 1,
    .max_operands = ~size_t{0},
    .stops_at_operand = true,
    .tools = kTools,
};

}  // namespace skiff::cli
