// Scope: one level of index spaces while a component is parsed: of a component, a component type, an
// instance type or a module type. Definitions are numbered as they are read, since the text refers only to
// what precedes; those that sugar implies are appended before the definition that needs them.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "component/types/component.h"
#include "engine/text/parser.h"

namespace skiff::component::wat {

struct Scope {
  enum class Kind : uint8_t { Component, ComponentType, InstanceType, ModuleType };

  struct Space {
    uint32_t count = 0;
    std::unordered_map<std::string_view, uint32_t> ids;
    /// Aliases that identifiers of enclosing scopes have implied here.
    std::unordered_map<std::string_view, uint32_t> outer;

    std::optional<uint32_t> find(std::string_view id) const {
      if (const auto it = ids.find(id); it != ids.end()) return it->second;
      if (const auto it = outer.find(id); it != outer.end()) return it->second;
      return std::nullopt;
    }
  };

  struct FuncTypeHash {
    size_t operator()(const skiff::FuncType& type) const {
      uint64_t h = type.params.size();
      auto mix = [&](skiff::ValType t) { h = (h ^ t.bits()) * 0x9E3779B97F4A7C15u, h ^= h >> 29; };
      for (skiff::ValType t : type.params) mix(t);
      for (skiff::ValType t : type.results) mix(t);
      return h;
    }
  };

  Kind kind = Kind::Component;
  Scope* enclosing = nullptr;
  std::string_view id;                       // without '$'; empty when it has none
  Space spaces[kSortCount];
  // The one that the kind names.
  Component* component = nullptr;
  TypeDecls* decls = nullptr;
  CoreModuleType* module_type = nullptr;
  /// Reads core types; its index space of types is that of this scope.
  std::unique_ptr<text::Parser> core;
  /// Function types of module types, for type uses without an index.
  std::unordered_map<skiff::FuncType, uint32_t, FuncTypeHash> core_func_types;
  /// The same by index, for type uses that repeat the type.
  std::unordered_map<uint32_t, skiff::FuncType> core_func_type_at;
  /// Of components: for each type index the number of the definition that introduced it.
  std::vector<uint32_t> type_definitions;

  Space& space(Sort sort) { return spaces[static_cast<size_t>(sort)]; }
};

}  // namespace skiff::component::wat
