// Running a component: WASI 0.2 and 0.3 over the context, an instance, one call.
#include "runtime/cli/run_component.h"

#include <algorithm>

#include "engine/base/check.h"
#include "wasi/p2/p2.h"
#include "wasi/p3/p3.h"

namespace skiff::cli {
namespace {

using component::CompiledComponent;
using component::ComponentStore;
using component::FuncType;
using component::InstanceType;
using component::Item;
using component::NamedExtern;
using component::Sort;

// Everything of one run, destroyed in the right order: the component store before the state of WASI.
struct Running {
  wasi::P2 p2;
  wasi::P3 p3;
  wasi::WasiStatePtr state{nullptr, nullptr};
  std::unique_ptr<ComponentStore> store;
};

// The name of an interface without its package and version: "run" of "wasi:cli/run@0.2.3".
std::string_view short_name(std::string_view interface) {
  interface = interface.substr(0, interface.find('@'));
  const size_t slash = interface.rfind('/');
  return slash == std::string_view::npos ? interface : interface.substr(slash + 1);
}

// Whether a component imports something of WASI 0.2 or 0.3 ("@0.3.").
bool imports_version(const CompiledComponent& component, std::string_view version) {
  const auto& imports = component.type().imports;
  return std::any_of(imports.begin(), imports.end(), [&](const NamedExtern& i) {
    return i.name.name.starts_with("wasi:") && i.name.name.find(version) != std::string::npos;
  });
}

}  // namespace

std::vector<ComponentEntry> exported_functions(const CompiledComponent& component) {
  std::vector<ComponentEntry> entries;
  const component::TypeTable& types = *component.types();
  for (const NamedExtern& e : component.type().exports) {
    if (e.type.sort == Sort::Func) entries.push_back({"", e.name.name, &types.get<FuncType>(e.type.id)});
    if (e.type.sort != Sort::Instance) continue;
    for (const NamedExtern& inner : types.get<InstanceType>(e.type.id).exports)
      if (inner.type.sort == Sort::Func)
        entries.push_back({e.name.name, inner.name.name, &types.get<FuncType>(inner.type.id)});
  }
  return entries;
}

std::optional<ComponentEntry> find_command(const CompiledComponent& component) {
  std::optional<ComponentEntry> sync;  // taken when there is no other: some toolchains export both
  for (ComponentEntry& entry : exported_functions(component)) {
    const std::string_view interface = component::compatible_name(entry.instance);
    const bool async = interface == "wasi:cli/run@0.3";
    if (entry.name != "run" || (!async && interface != "wasi:cli/run@0.2")) continue;
    // run: func() -> result, or async func() -> result
    const FuncType& type = *entry.type;
    const auto* result = type.result ? component.types()->get_if<component::ResultType>(*type.result) : nullptr;
    if (type.async_ == async && type.params.empty() && result && !result->ok && !result->error) {
      if (async) return std::move(entry);
      if (!sync) sync = std::move(entry);
    }
  }
  return sync;
}

std::optional<ComponentEntry> find_function(const CompiledComponent& component, std::string_view name) {
  const size_t hash = name.rfind('#');
  const std::string_view instance = hash == std::string_view::npos ? "" : name.substr(0, hash);
  const std::string_view func = hash == std::string_view::npos ? name : name.substr(hash + 1);
  for (ComponentEntry& entry : exported_functions(component)) {
    if (entry.name != func) continue;
    if (entry.instance == instance || (!instance.empty() && short_name(entry.instance) == instance))
      return std::move(entry);
  }
  return std::nullopt;
}

RunResult<std::optional<component::Val>> call_component(Store& core, component::ComponentPtr component,
                                                        wasi::Ctx& ctx, const ComponentEntry& entry,
                                                        std::span<const component::Val> args) {
  Running running;
  auto store = ComponentStore::create(core);
  if (!store) return std::unexpected(Failure{.error = std::move(store).error()});
  running.store = std::move(*store);
  running.state = wasi::attach_wasi(*running.store, ctx);
  component::ComponentLinker linker;
  // Tables of versions that nobody asks for only cost time.
  if (imports_version(*component, "@0.2.")) running.p2.define(linker);
  if (imports_version(*component, "@0.3.")) running.p3.define(linker);
  const auto instance = linker.instantiate(*running.store, std::move(component));
  if (!instance) return std::unexpected(instance.error());
  const Item* owner = entry.instance.empty() ? nullptr : (*instance)->find(entry.instance);
  const Item* func = (owner ? *owner->instance : **instance).find(entry.name);
  SKIFF_CHECK(func && func->sort == Sort::Func);
  return component::call_func(*running.store, *func->func, args);
}

}  // namespace skiff::cli
