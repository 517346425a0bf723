// validate_module: Spec chapter 3 for a decoded module. The result, ModuleInfo, is what the rest of the
// engine works with: the module's types, functions, tables, globals ... in canonical ids.
#pragma once

#include <memory>
#include <vector>

#include "engine/base/result.h"
#include "engine/syntax/module.h"
#include "engine/syntax/type_registry.h"

namespace skiff {

/// A module with its canonical types. Immutable once validated. Index spaces as in Module.
struct ModuleInfo {
  Module module;
  ModuleTypes types;                       // module type index -> canonical id
  const TypeRegistry* registry = nullptr;
  std::vector<uint32_t> func_types;        // canonical type id of each function
  std::vector<uint32_t> tag_types;         // canonical type id of each tag
  std::vector<TableType> tables;           // canonical
  std::vector<GlobalType> globals;         // canonical
  std::vector<ValType> elem_types;         // canonical type of each element segment
  std::vector<bool> declared_funcs;        // Spec: context.refs, functions that ref.func may name

  const FuncType& func_type(uint32_t func_index) const {
    return registry->func_type(func_types[func_index]);
  }
};

struct ValidateOptions {
  /// Threads for the bodies; 0: as many as there are cores, 1: this one. Small modules use this one.
  unsigned threads = 0;
  /// Only check everything but the bodies; they are checked when they are first walked (lazy tiers).
  bool bodies = true;
};

/// Validates and canonicalises. Errors: Invalid ones; Malformed ones inside bodies; the error of the
/// lowest byte offset wins, whatever the number of threads.
Result<std::unique_ptr<ModuleInfo>> validate_module(Module module, TypeRegistry& registry,
                                                    const ValidateOptions& options = {});

/// Spec: chapter 3.3, matching, on canonical types.
bool matches(const TypeRegistry& registry, HeapType sub, HeapType super);
bool matches(const TypeRegistry& registry, ValType sub, ValType super);
/// The top of a heap type's hierarchy: any, func, extern or exn.
HeapType top_of(const TypeRegistry& registry, HeapType type);

}  // namespace skiff
