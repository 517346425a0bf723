// Instance: a module instance (Spec: syntax-moduleinst). Owned by its store.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/exec/store.h"

namespace skiff {

class Instance {
 public:
  ~Instance();
  VmCtx& ctx() { return *ctx_; }
  Store& store() { return store_; }
  const CompiledModule& compiled() const { return *module_; }
  const ModuleInfo& info() const { return module_->info(); }

  /// The export of that name, if there is one.
  std::optional<Extern> find_export(std::string_view name);
  /// The export's function, or null.
  FuncInst* find_func(std::string_view name);
  /// The exported memory, or null.
  LinearMemory* find_memory(std::string_view name);
  /// Export number i of the module.
  Extern export_at(uint32_t i);

  // Spec: data.drop, elem.drop and friends are in libcalls.h.

 private:
  friend class Instantiation;
  friend class Store;
  Instance(Store& store, ModulePtr module);
  Store& store_;
  ModulePtr module_;
  VmCtx* ctx_ = nullptr;
  struct Parts;                        // arrays behind ctx_ and owners of what is defined here
  std::unique_ptr<Parts> parts_;
};

}  // namespace skiff
