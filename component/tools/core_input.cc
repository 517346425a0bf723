// Looking up what core modules import.
#include "component/tools/core_input.h"

#include <algorithm>

#include "component/tools/wit_names.h"
#include "component/wit/version.h"

namespace skiff::component::tools {
namespace {

using Kind = CoreImportName::Kind;

std::unexpected<Error> unknown(const CoreInput& input, const Import& import, std::string why) {
  std::string detail = "`" + std::string(import.module) + "` `" + std::string(import.name) + "`";
  if (!input.is_main()) detail += " of adapter `" + input.name + "`";
  return fail(ErrorCode::UnknownImport, kNoOffset, kNoIndex, detail + ": " + why);
}

// Finds what an import of the world's part asks for.
class Lookup {
 public:
  Lookup(const Resolve& resolve, WorldId world) : r_(resolve), w_(resolve[world]) {}

  Status fill(const CoreInput& input, CoreUse& use) const {
    const CoreImportName& n = use.name;
    if (n.kind == Kind::Builtin || is_unit(n)) return {};
    const bool function =
        n.kind == Kind::Lower || n.kind == Kind::TaskReturn || n.kind == Kind::Payload;
    SKIFF_TRY(fill_item(input, use, function));
    if (n.kind != Kind::Payload) return {};
    const std::vector<TypeId> payloads = payloads_of(r_, *use.function);
    if (n.number >= payloads.size())
      return unknown(input, *use.import, "the function has no such future or stream");
    use.payload = payloads[n.number];
    const bool stream = std::holds_alternative<Stream>(r_[*use.payload].body);
    if (stream != is_stream(n.builtin)) return unknown(input, *use.import, "a future is no stream");
    return {};
  }

  static bool is_unit(const CoreImportName& n) {
    return n.kind == Kind::Payload && n.number == CoreImportName::kUnit;
  }
  static bool is_stream(CanonKind kind) {
    return kind >= CanonKind::StreamNew && kind <= CanonKind::StreamDropWritable;
  }

 private:
  Status fill_item(const CoreInput& input, CoreUse& use, bool function) const {
    const CoreImportName& n = use.name;
    if (n.key.empty()) return fill_root(input, use, function);
    const auto& items = n.exported ? w_.exports : w_.imports;
    for (const auto& [key, item] : items) {
      const auto* i = std::get_if<WorldInterface>(&item);
      if (!i || !same_key(key, n.key)) continue;
      use.key = key;
      const wit::Interface& interface = r_[i->interface];
      if (function) {
        use.function = interface.functions.find(n.name);
      } else if (const TypeId* id = interface.types.find(n.name); id && is_resource(*id)) {
        use.resource = *id;
        return {};
      }
      if (use.function) return {};
      return unknown(input, *use.import,
                     "interface `" + key + "` has no " + (function ? "function" : "resource") +
                         " `" + n.name + "`");
    }
    return unknown(input, *use.import,
                   "the world `" + r_.name_of(world_id()) + "` does not " +
                       (n.exported ? "export" : "import") + " it, and no adapter has its name");
  }

  bool is_resource(TypeId id) const { return std::holds_alternative<Resource>(r_[id].body); }
  WorldId world_id() const { return {static_cast<uint32_t>(&w_ - r_.worlds.data())}; }

  Status fill_root(const CoreInput& input, CoreUse& use, bool function) const {
    const auto& items = use.name.exported && function ? w_.exports : w_.imports;
    if (const WorldItem* item = items.find(use.name.name)) {
      if (function) use.function = std::get_if<Function>(item);
      if (use.function) return {};
      if (const TypeId* id = std::get_if<TypeId>(item); !function && id && is_resource(*id)) {
        use.resource = *id;
        return {};
      }
    }
    return unknown(input, *use.import, "the world has no such function or resource of its own");
  }

  const Resolve& r_;
  const World& w_;
};

bool needs_memory(CanonKind kind) {
  return kind == CanonKind::WaitableSetWait || kind == CanonKind::WaitableSetPoll;
}

Needs needs_of(const Resolve& resolve, const CoreUse& use) {
  if (use.from != CoreUse::From::World) return {};
  if (use.name.kind == Kind::Lower) return needs_of_lower(resolve, *use.function, use.name.async_);
  if (use.name.kind == Kind::TaskReturn) return needs_of_task_return(resolve, *use.function);
  if (use.name.kind == Kind::Payload) {
    const CanonKind kind = use.name.builtin;
    const bool read = kind == CanonKind::StreamRead || kind == CanonKind::FutureRead;
    const bool write = kind == CanonKind::StreamWrite || kind == CanonKind::FutureWrite;
    return use.payload && (read || write) ? needs_of_transfer(resolve, *use.payload, read)
                                          : Needs{};
  }
  return {use.name.kind == Kind::Builtin && needs_memory(use.name.builtin), false};
}

}  // namespace

std::string CoreInput::find_function(std::initializer_list<std::string> names) const {
  for (const std::string& n : names) {
    const auto found = exports.find(n);
    if (found != exports.end() && found->second->kind == ExternKind::Func) return n;
  }
  return {};
}

bool CoreInput::has_own_memory() const {
  const auto found = exports.find("memory");
  return !is_main() && found != exports.end() && found->second->kind == ExternKind::Memory;
}

std::string CoreInput::export_key(const std::string& key) const {
  std::string compatible = key;
  if (key.find('@') == key.npos) return key;
  for (const Export& e : module.exports) {
    if (e.kind != ExternKind::Func) continue;
    std::string_view name = e.name.substr(0, e.name.find('#'));
    if (name.size() == e.name.size()) continue;
    name.remove_prefix(std::min(name.size(), name.rfind(']') + 1));
    if (name == key) return key;
    if (wit::names_compatible(key, name)) compatible = name;
  }
  return compatible;
}

const skiff::FuncType& CoreInput::function_type(uint32_t index) const {
  return module.types[module.functions[index].type].comp.func;
}

Status resolve_uses(const Resolve& resolve, WorldId world, std::vector<CoreInput>& inputs) {
  const Lookup lookup(resolve, world);
  for (CoreInput& input : inputs) {
    for (const Import& import : input.module.imports) {
      CoreUse use;
      use.import = &import;
      if (import.kind == ExternKind::Func) {
        use.type = &input.function_type(import.index);
        for (const skiff::ValType t : use.type->params)
          if (!t.is_num()) return unknown(input, import, "it takes more than numbers");
        for (const skiff::ValType t : use.type->results)
          if (!t.is_num()) return unknown(input, import, "it returns more than numbers");
      }
      for (size_t i = 1; i < inputs.size(); ++i)
        if (inputs[i].name == import.module && &inputs[i] != &input)
          use.from = CoreUse::From::Adapter, use.adapter = i;
      if (!input.is_main() && import.module == "__main_module__") use.from = CoreUse::From::Main;
      if (!input.is_main() && import.kind == ExternKind::Memory)
        use.from = CoreUse::From::MainMemory;
      if (input.has_own_memory() && import.module == "__main_memory__") {
        if (import.name != "read" && import.name != "write" && import.name != "size")
          return unknown(input, import, "there are `read`, `write` and `size` only");
        use.from = CoreUse::From::Transfer;
      }
      if (import.kind != ExternKind::Func && use.from != CoreUse::From::MainMemory)
        return unknown(input, import, "components can provide functions only");
      if (use.from == CoreUse::From::Adapter) {
        const CoreInput& adapter = inputs[use.adapter];
        const auto found = adapter.exports.find(import.name);
        if (found == adapter.exports.end() || found->second->kind != ExternKind::Func)
          return unknown(input, import, "the adapter has no such function");
      } else if (use.from == CoreUse::From::World) {
        use.name = parse_core_import(import.module, import.name);
        SKIFF_TRY(lookup.fill(input, use));
      }
      use.needs = needs_of(resolve, use);
      input.uses.push_back(std::move(use));
    }
  }
  return {};
}

}  // namespace skiff::component::tools
