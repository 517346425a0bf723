// TypeRegistry: the engine-wide home of canonical types. Two types of any two modules get the same id
// exactly when they are equal in the sense of Spec: type-equivalence (iso-recursive, by rec group), so
// that equality is == and subtyping is one load and compare in a display of supertypes.
//
// Ids are small and dense, never reused while referenced; a ModuleTypes holds references on the groups
// it uses and gives them back when it dies. Entries never move while referenced.
// Thread: add/release lock; reading an id that the caller holds a reference to is lock-free.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/syntax/module.h"
#include "engine/syntax/types.h"

namespace skiff {

/// A canonical type. All heap types inside use canonical ids.
struct CanonType {
  uint32_t id = 0;
  uint32_t depth = 0;                    // number of proper supertypes
  bool defaultable = true;               // every field has a default value
  std::vector<uint32_t> display;         // display[i]: supertype at depth i; display[depth] == id
  SubType type;
};

class TypeRegistry;

/// The canonical ids of one module's types, by module type index; keeps them alive.
class ModuleTypes {
 public:
  ModuleTypes() = default;
  ModuleTypes(ModuleTypes&&) noexcept;
  ModuleTypes& operator=(ModuleTypes&&) noexcept;
  ~ModuleTypes();

  size_t size() const { return ids_.size(); }
  /// Canonical id. Requires: index < size().
  uint32_t id(uint32_t index) const { return ids_[index]; }
  std::span<const uint32_t> ids() const { return ids_; }
  /// The same type in canonical ids. Requires: its concrete index, if any, is < size().
  HeapType canonical(HeapType t) const {
    return t.is_concrete() ? HeapType::concrete(ids_[t.index()]) : t;
  }
  ValType canonical(ValType t) const {
    return t.is_ref() ? ValType::ref(canonical(t.heap()), t.is_nullable_ref()) : t;
  }

 private:
  friend class TypeRegistry;
  TypeRegistry* registry_ = nullptr;
  std::vector<uint32_t> ids_;
  std::vector<uint32_t> groups_;  // registry group numbers that we hold
};

class TypeRegistry {
 public:
  TypeRegistry();
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;

  /// Registers a module's type section, checking it on the way (Spec: valid-rectype, valid-subtype):
  /// indices in range, supertypes declared before, not final, and matching; depth within limits.
  /// Errors: UnknownType, SubType, ImplementationLimit.
  Result<ModuleTypes> add(const Module& module);

  /// Registers one rec group outside a module (core types of components). Indices below known.size() name the
  /// canonical ids in `known`, for which the caller holds references; from there on the group's own members.
  /// Errors: as add().
  Result<ModuleTypes> add_group(std::span<const SubType> types, std::span<const uint32_t> known);

  /// Registers one function type whose heap types are abstract or canonical (host functions). The
  /// registry keeps it for its own lifetime. Spec: it is a final type in a group of its own.
  uint32_t add_func_type(const FuncType& type);

  /// Requires: the caller holds a reference.
  const CanonType& get(uint32_t id) const;
  const FuncType& func_type(uint32_t id) const { return get(id).type.comp.func; }

  /// Spec: match-heaptype for two concrete types.
  bool is_subtype(uint32_t sub, uint32_t super) const;

  /// Number of live canonical types, for tests and metrics.
  size_t live_types() const;

 private:
  friend class ModuleTypes;
  void release(std::span<const uint32_t> groups);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skiff
