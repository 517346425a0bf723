// Linker: names to externs, for resolving a module's imports. Spec: the embedder's part of exec-module.
// One that belongs to a store can hold everything that the store has. One of an engine serves all its stores, through
// InstancePre: it holds host functions, and memories that are shared.
// Thread: as the store; one of an engine may be read by several.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/instance.h"

namespace skiff {

class Linker {
 public:
  /// What a name stands for.
  struct Definition {
    Extern value;              // func: null when it is a host function that belongs to no store yet
    HostFn fn = nullptr;       // ... which is this one
    void* data = nullptr;
    uint32_t type_id = 0;      // canonical
  };

  explicit Linker(Store& store) : engine_(store.engine()), store_(&store) {}
  explicit Linker(Engine& engine) : engine_(engine) {}
  Engine& engine() const { return engine_; }
  /// Null: the linker is the engine's.
  Store* owner() const { return store_; }
  /// Requires: of a store.
  Store& store() const { return *store_; }

  /// Later definitions of a name replace earlier ones.
  void define(std::string_view module, std::string_view name, Extern value);
  /// A host function by its wasm type; heap types in it are abstract.
  void define_func(std::string_view module, std::string_view name, const FuncType& type, HostFn fn,
                   void* data);
  /// All exports of an instance, under a module name.
  void define_instance(std::string_view module, Instance& instance);
  /// Null: not defined, or a host function that belongs to no store.
  const Extern* find(std::string_view module, std::string_view name) const;
  /// Errors: UnknownImport naming what is missing, and the closest known name when one is similar.
  Result<const Definition*> resolve(const ModuleInfo& info, const Import& import) const;

  /// Resolves the imports and instantiates. Errors: as resolve() and Store::instantiate. Requires: of a store.
  RunResult<Instance*> instantiate(ModulePtr module);

 private:
  /// The known name most like this one, or empty.
  std::string suggest(std::string_view module, std::string_view name) const;

  void put(std::string_view module, std::string_view name, Definition definition);
  const Definition* definition(std::string_view module, std::string_view name) const;

  Engine& engine_;
  Store* store_ = nullptr;
  std::map<std::string, std::map<std::string, Definition, std::less<>>, std::less<>> externs_;
};

}  // namespace skiff
