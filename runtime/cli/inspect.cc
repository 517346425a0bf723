// `skiff inspect`: what a module or component imports and exports, and what it must be granted.
#include "component/tools/inspect.h"

#include "component/binary/binary.h"
#include "component/text/text.h"
#include "component/wit/json.h"
#include "component/wit/print.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/input.h"
#include "runtime/cli/json.h"

namespace skiff::cli {
namespace {

namespace tools = component::tools;
namespace wit = component::wit;

std::string_view kind_name(ExternKind kind) {
  switch (kind) {
    case ExternKind::Func:
      return "func";
    case ExternKind::Table:
      return "table";
    case ExternKind::Memory:
      return "memory";
    case ExternKind::Global:
      return "global";
    case ExternKind::Tag:
      return "tag";
  }
  return "";
}

// " (param i32) (result i32)" for functions; nothing for other kinds.
std::string type_text(const Module& module, ExternKind kind, uint32_t index) {
  if (kind != ExternKind::Func) return {};
  return " " + to_string(module.types[module.functions[index].type].comp.func);
}

// A decoded module is not a valid one: indices may be out of range.
bool in_range(const Module& module, ExternKind kind, uint32_t index) {
  if (kind != ExternKind::Func) return true;
  return index < module.functions.size() && module.functions[index].type < module.types.size();
}

int inspect_module(const Input& input, const Module& module, bool json) {
  for (const Import& i : module.imports)
    if (!in_range(module, i.kind, i.index))
      return report_error(input.name + ": invalid module: unknown type"), kExitFailure;
  for (const Export& e : module.exports)
    if (!in_range(module, e.kind, e.index))
      return report_error(input.name + ": invalid module: unknown function"), kExitFailure;
  Json document{{"kind", "module"}, {"imports", Json::array()}, {"exports", Json::array()}};
  std::string text = "module " + input.name + "\n";
  for (const Import& i : module.imports) {
    const std::string type = type_text(module, i.kind, i.index);
    text += "  import " + printable(i.module) + " " + printable(i.name) + ": " +
            std::string(kind_name(i.kind)) + type + "\n";
    document["imports"].push_back(
        {{"module", i.module}, {"name", i.name}, {"kind", kind_name(i.kind)}});
  }
  for (const Export& e : module.exports) {
    text += "  export " + printable(e.name) + ": " + std::string(kind_name(e.kind)) +
            type_text(module, e.kind, e.index) + "\n";
    document["exports"].push_back({{"name", e.name}, {"kind", kind_name(e.kind)}});
  }
  return (json ? print_json(document) : print(text)) ? kExitOk : kExitFailure;
}

// Types alone need no host; resources do.
bool needs_nothing(const wit::Resolve& resolve, const wit::WorldItem& item) {
  if (std::holds_alternative<wit::TypeId>(item)) return true;
  const auto* import = std::get_if<wit::WorldInterface>(&item);
  if (!import) return false;
  const wit::Interface& interface = resolve[import->interface];
  for (const auto& [name, id] : interface.types)
    if (std::holds_alternative<wit::Resource>(resolve[id].body)) return false;
  return interface.functions.empty();
}

// Names of a world's imports and exports, and what the imports need.
int inspect_world(const wit::DecodedWorld& world, bool json) {
  const wit::World& w = world.resolve[world.world];
  Json grants = Json::array();
  std::string notes;
  for (const auto& [key, item] : w.imports) {
    if (needs_nothing(world.resolve, item)) continue;
    if (const tools::Grant* grant = tools::grant_of(key)) {
      if (grant->flag.empty()) continue;
      notes +=
          "  " + std::string(grant->flag) + "  " + std::string(grant->what) + " (" + key + ")\n";
      grants.push_back({{"import", key}, {"flag", grant->flag}, {"what", grant->what}});
    } else {
      notes += "  nothing in WASI provides " + key + "\n";
      grants.push_back({{"import", key}, {"flag", nullptr}, {"what", "not of WASI"}});
    }
  }
  if (json) {
    Json document{{"kind", "component"},
                  {"imports", Json::array()},
                  {"exports", Json::array()},
                  {"grants", std::move(grants)}};
    for (const auto& [key, item] : w.imports) document["imports"].push_back(key);
    for (const auto& [key, item] : w.exports) document["exports"].push_back(key);
    document["wit"] = wit::print_package(world.resolve, w.package, {.dependencies = true});
    return print_json(document) ? kExitOk : kExitFailure;
  }
  std::string text = wit::print_package(world.resolve, w.package, {.dependencies = true});
  if (!notes.empty())
    text += "\n// What it may use only when granted:\n" + [&] {
      std::string lines;
      for (size_t at = 0; at < notes.size();) {
        const size_t end = notes.find('\n', at);
        lines += "//" + notes.substr(at, end - at) + "\n";
        at = end + 1;
      }
      return lines;
    }();
  return print(text) ? kExitOk : kExitFailure;
}

int run_inspect(const Arguments& args) {
  const auto input = read_input(args.operands()[0]);
  if (!input) return kExitFailure;
  SharedBytes binary{
      {reinterpret_cast<const uint8_t*>(input->content.data()), input->content.size()}, nullptr};
  if (input->is_text && component::is_component_text(input->content)) {
    auto encoded = component::component_wat_to_binary(input->content, Features::all());
    if (!encoded) return report_error(*input, encoded.error()), kExitFailure;
    binary = SharedBytes::own(std::move(*encoded));
  }
  if (!component::is_component(binary.bytes)) {
    const auto module = load_module(*input, Features::all());
    return module ? inspect_module(*input, *module, args.has("json")) : kExitFailure;
  }
  const auto world = tools::inspect_component(binary, Features::all());
  if (!world) return report_error(*input, world.error(), true), kExitFailure;
  return inspect_world(*world, args.has("json"));
}

constexpr OptionSpec kOptions[] = {
    {.name = "json", .help = "print one object"},
};

}  // namespace

const CommandSpec kInspectCommand = {
    .name = "inspect",
    .operands = "FILE",
    .summary = "show imports, exports and what must be granted",
    .details =
        "Of a component, its world as WIT and the options of 'skiff run' that its imports of WASI\n"
        "ask for; of a module, its imports and exports.\n",
    .options = kOptions,
    .run = run_inspect,
    .min_operands = 1,
    .max_operands = 1,
};

}  // namespace skiff::cli
