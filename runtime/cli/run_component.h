// Running a component: as a command (wasi:cli/command), or one of its exported functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "component/exec/linker.h"
#include "wasi/os/ctx.h"

namespace skiff::cli {

/// An exported function of a component: of an exported instance, or of its own.
struct ComponentEntry {
  std::string instance;                       // name of the export, empty for its own functions
  std::string name;
  const component::FuncType* type = nullptr;  // in the component's table
  /// As find_function reads it.
  std::string text() const { return instance.empty() ? name : instance + "#" + name; }
};

/// `run` of wasi:cli/run@0.2 or @0.3, if it is exported with the type that it is to have.
std::optional<ComponentEntry> find_command(const component::CompiledComponent& component);
/// "name", or "instance#name"; `instance` may leave out package and version.
std::optional<ComponentEntry> find_function(const component::CompiledComponent& component, std::string_view name);
/// All of them.
std::vector<ComponentEntry> exported_functions(const component::CompiledComponent& component);

/// Instantiates the component with WASI 0.2 and 0.3 on `ctx` and calls an export of it.
/// Errors: imports that nothing provides, traps (a TrapCode::Exit carries the status).
RunResult<std::optional<component::Val>> call_component(Store& store, component::ComponentPtr component,
                                                        wasi::Ctx& ctx, const ComponentEntry& entry,
                                                        std::span<const component::Val> args);

}  // namespace skiff::cli
