// Scope: what validation knows inside a component definition, component type or instance type (Spec:
// Explainer.md, Index Spaces): the index spaces so far, the names of imports and exports, which types have
// an externally visible name. The index spaces are those of a ComponentInfo, also in types, where only some
// can be filled; beside each space whose members have types with names goes one of nodes.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "component/types/names.h"
#include "component/valid/nodes.h"
#include "component/valid/valid.h"

namespace skiff::component {

/// Whether a name is imported or exported.
enum class Direction : uint8_t { Import, Export };

/// The names of one direction in one scope.
struct NamedTypes {
  StrongNames names;
  /// Resources imported or exported by name, for [method] and its kin.
  std::unordered_map<std::string, ResourceId> resources;
  /// Nodes that have a name, and plain ones all of whose parts do.
  std::unordered_set<NodeId> visible;
};

struct Scope {
  enum class Kind : uint8_t { Component, ComponentType, InstanceType };
  Kind kind = Kind::Component;
  Scope* parent = nullptr;
  uint32_t depth = 0;

  std::unique_ptr<ComponentInfo> info = std::make_unique<ComponentInfo>();
  std::vector<NodeId> func_nodes, value_nodes, type_nodes, component_nodes, instance_nodes;
  std::vector<bool> value_used;
  /// Canonical ids by core type index; kNoType where the index is a module type.
  std::vector<uint32_t> canonical_ids;
  /// Export names of each core instance.
  std::vector<std::unordered_map<std::string_view, uint32_t>> core_instance_names;
  std::vector<NamedExtern> imports, exports;
  std::vector<NodeId> import_nodes, export_nodes;
  NamedTypes named[2];                            // by Direction
  std::vector<ResourceId> parameters;             // bound by imports
  std::vector<ResourceId> fresh;                  // in types: bound by exports
  std::unordered_map<ResourceId, skiff::ValType> local;  // defined here: their representations
  std::optional<skiff::ValType> context_type;     // of context.get and context.set
  uint32_t module_count = 0, component_count = 0, instance_count = 0, core_instance_count = 0;
};

}  // namespace skiff::component
