// ComponentLinker: names to items, for resolving a component's imports; ComponentPre: a component whose imports
// are resolved; ComponentFunc: an exported function to call.
//
// Names with versions match compatible ones: an import of `wasi:io/streams@0.2.3` finds what is defined as
// `wasi:io/streams@0.2.12` (same major version, or same minor one for 0.x; same name of everything else). Of
// several, the exact one is taken, else the newest.
//
// Items of the host (functions, resources, modules, components) may be used in any number of stores; those
// of instances belong to theirs. Thread: linkers are used by one thread at a time, the others as their store.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "component/exec/host.h"
#include "component/exec/instantiate.h"

namespace skiff::component {

class ComponentPre;

/// What instantiating gives.
using ComponentInstancePtr = std::shared_ptr<const InstanceItem>;

class ComponentLinker {
 public:
  /// Defines an import of the root. Later definitions of a name replace earlier ones.
  void define(std::string_view name, Item item) { root_.exports.insert_or_assign(std::string(name), std::move(item)); }
  /// Defines an export of the instance that is imported as `instance`, which is made when there is none.
  /// Requires: `instance`, if there is one, was made by such definitions or define_instance.
  void define(std::string_view instance, std::string_view name, Item item);
  void define_instance(std::string_view name, ComponentInstancePtr instance) {
    define(name, Item::of(std::move(instance)));
  }
  void define_func(std::string_view instance, std::string_view name, HostFuncType type, ValueHostFn fn) {
    define(instance, name, Item::of(FuncPtr(std::make_shared<HostFunc>(std::move(type), std::move(fn)))));
  }
  void define_async(std::string_view instance, std::string_view name, HostFuncType type, AsyncHostFn fn) {
    define(instance, name, Item::of(FuncPtr(std::make_shared<HostFunc>(std::move(type), std::move(fn)))));
  }
  void define_flat(std::string_view instance, std::string_view name, HostFuncType type, FlatHostFn fn, void* data) {
    define(instance, name, Item::of(FuncPtr(std::make_shared<HostFunc>(std::move(type), fn, data))));
  }
  void define_resource(std::string_view instance, std::string_view name, std::shared_ptr<ResourceType> type) {
    define(instance, name, Item::of(std::move(type)));
  }
  /// What an import of that name gets, or null.
  const Item* find(std::string_view name) const;

  /// Resolves and checks all imports. Errors: UnknownImport, IncompatibleImportType, with the import's name.
  Result<ComponentPre> prepare(ComponentPtr component) const;
  /// prepare and instantiate.
  RunResult<ComponentInstancePtr> instantiate(ComponentStore& store, ComponentPtr component) const;

 private:
  InstanceItem root_;
};

class ComponentPre {
 public:
  const ComponentPtr& component() const { return component_; }
  /// Errors: traps of start functions; Resource.
  RunResult<ComponentInstancePtr> instantiate(ComponentStore& store) const;

 private:
  friend class ComponentLinker;
  ComponentPtr component_;
  ImportMap imports_;
};

/// Calls a component function from the host, and runs what has to run until it has a result.
/// Errors: InvalidArgument when the arguments are not of its type; traps.
RunResult<std::optional<Val>> call_func(ComponentStore& store, const Func& func, std::span<const Val> args);

/// Calls a function of sync type with the caller's own side of the call, which sees to arguments and result.
/// Errors: traps.
RunResult<void> call_with(ComponentStore& store, const Func& func, CallSide& side);

/// The pending trap of a store, taken from it.
Failure trap_failure(Store& core);

/// The part of a name that versions must have in common: "wasi:io/streams@0.2" of "wasi:io/streams@0.2.3"; the whole name
/// when it has no version, or one with a pre-release.
std::string_view compatible_name(std::string_view name);

}  // namespace skiff::component
