// Linker: names to externs, for resolving a module's imports. Spec: the embedder's part of exec-module.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/instance.h"

namespace skiff {

class Linker {
 public:
  explicit Linker(Store& store) : store_(store) {}
  Store& store() { return store_; }

  /// Later definitions of a name replace earlier ones.
  void define(std::string_view module, std::string_view name, Extern value);
  /// A host function by its wasm type; heap types in it are abstract.
  void define_func(std::string_view module, std::string_view name, const FuncType& type, HostFn fn,
                   void* data);
  /// All exports of an instance, under a module name.
  void define_instance(std::string_view module, Instance& instance);
  const Extern* find(std::string_view module, std::string_view name) const;

  /// Resolves the imports and instantiates. Errors: UnknownImport naming what is missing, and the closest
  /// known name when one is similar; the rest as Store::instantiate.
  RunResult<Instance*> instantiate(ModulePtr module);

 private:
  /// The known name most like this one, or empty.
  std::string suggest(std::string_view module, std::string_view name) const;

  Store& store_;
  std::map<std::string, std::map<std::string, Extern, std::less<>>, std::less<>> externs_;
};

}  // namespace skiff
