// validate_component: the rules of Spec: Explainer.md and Binary.md for a whole component tree. The
// result, ComponentInfo, is what linking and execution work with: for every index of every index space,
// its type. One ComponentInfo a component definition; nested ones are its children.
//
// Types in a ComponentInfo are as seen from inside that component: its ResourceIds are those of its
// definitions, of its imports, and one each for what its instances export; `instances` holds types whose
// `fresh` is empty. Exporting a resource with a `(sub resource)` ascription gives a new, abstract ResourceId.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "component/types/component.h"
#include "component/types/types.h"
#include "engine/valid/valid.h"

namespace skiff::component {

/// Checks the core modules of a component. The plain one decodes and validates; the one of the runtime
/// compiles, and keeps the result under the module's number.
class CoreModuleSource {
 public:
  virtual ~CoreModuleSource() = default;
  /// Requires: the result lives as long as the source. Errors: those of the module, offsets from the
  /// start of the outermost binary.
  virtual Result<const ModuleInfo*> check(const CoreModuleDef& module) = 0;
};

/// Type of a core definition, resolved.
struct CoreInstanceInfo {
  std::optional<uint32_t> module;             // index of the module instantiated; else inline exports
  std::vector<CoreExport> exports;
};

/// One core module type index: either a core type (canonical id) or a module type.
struct CoreTypeInfo {
  std::optional<TypeId> module_type;
  uint32_t canonical = 0;
};

struct ComponentInfo {
  std::shared_ptr<const Component> syntax;
  TypeTablePtr types;                         // shared by the whole tree
  TypeId type = kNoType;                      // this component's ComponentType
  const ComponentInfo* parent = nullptr;

  // By index of the sort's space at the end of the component.
  std::vector<uint32_t> core_funcs;           // canonical type ids
  std::vector<TableType> core_tables;         // canonical
  std::vector<MemoryType> core_memories;
  std::vector<GlobalType> core_globals;
  std::vector<uint32_t> core_tags;            // canonical type ids
  std::vector<CoreTypeInfo> core_types;
  std::vector<TypeId> core_modules;           // ModuleType
  std::vector<CoreInstanceInfo> core_instances;
  std::vector<TypeId> funcs;                  // FuncType
  std::vector<ValType> values;
  std::vector<AnyType> type_space;
  std::vector<TypeId> components;             // ComponentType
  std::vector<TypeId> instances;              // InstanceType

  /// ModuleInfo of each core module *definition*, in order of definition (not of index).
  std::vector<const ModuleInfo*> module_defs;
  /// Nested component definitions, in order of definition.
  std::vector<std::unique_ptr<ComponentInfo>> children;
  /// For each resource *defined* here (TypeDef with ResourceDef), in order: its id.
  std::vector<ResourceId> defined_resources;
  /// Keeps the canonical core types of the whole tree alive; only the root has them.
  std::vector<ModuleTypes> held_types;
};

/// The plain source: decodes and validates, and keeps the results.
class PlainModules final : public CoreModuleSource {
 public:
  PlainModules(TypeRegistry& registry, Features features) : registry_(registry), features_(features) {}
  Result<const ModuleInfo*> check(const CoreModuleDef& module) override;

 private:
  TypeRegistry& registry_;
  Features features_;
  std::vector<std::unique_ptr<ModuleInfo>> modules_;
};

struct ComponentValidateOptions {
  Features features;
};

/// Validates a component tree. `registry`: the engine's; it must outlive the result.
/// Errors: Invalid ones with the definition's offset; those of core modules.
Result<std::unique_ptr<ComponentInfo>> validate_component(std::shared_ptr<const Component> component,
                                                          TypeRegistry& registry,
                                                          CoreModuleSource& modules,
                                                          const ComponentValidateOptions& options = {});

/// Spec: subtyping between externs, possibly of two tables. `resources`: resource of `super` -> resource
/// of `sub`; (sub resource) bounds of super's exports extend it. Errors: Invalid, naming the first
/// difference with its path ("export `a`: expected func, found instance").
struct ResourceMap {
  std::unordered_map<ResourceId, ResourceId> map;
};
Status matches(const TypeTable& sub_table, const ExternType& sub, const TypeTable& super_table,
               const ExternType& super, ResourceMap& resources, const TypeRegistry& registry);

}  // namespace skiff::component
