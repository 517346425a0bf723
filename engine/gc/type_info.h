// TypeInfo: what the heap and casts need to know about a type at run time. One per canonical type id of
// the engine's TypeRegistry, so that equal types of all modules have the same TypeInfo: a cast is a compare
// of pointers in the display of supertypes. TypeTable owns them.
// Thread: TypeTable locks; a TypeInfo never changes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/syntax/type_registry.h"
#include "engine/syntax/types.h"

namespace skiff::gc {

enum class Kind : uint8_t { Struct, Array, Exception, Host };

struct FieldLayout {
  uint32_t offset = 0;    // from the start of the object
  ValType storage;
};

/// Entries of the display that lie inside a TypeInfo; generated code tests deeper types by a call.
inline constexpr uint32_t kInlineDisplay = 8;
/// Type id of objects that no module type describes (Host, Exception).
inline constexpr uint32_t kNoTypeId = ~uint32_t{0};

struct TypeInfo {
  Kind kind = Kind::Struct;
  uint8_t size_class = 0;          // Struct: index in Heap's size classes, or kLargeClass
  uint8_t elem_size_log2 = 0;      // Array
  bool elem_is_ref = false;        // Array: elements may point to objects
  uint32_t depth = 0;              // number of proper supertypes
  uint32_t size = 0;               // Struct: bytes of an object
  uint32_t id = kNoTypeId;         // canonical
  uint32_t field_count = 0;        // Struct
  uint32_t ref_count = 0;          // Struct
  const FieldLayout* fields = nullptr;    // Struct: in order; Array: one, of the element
  const uint32_t* ref_offsets = nullptr;  // Struct: fields that may point to objects
  /// display[i]: supertype at depth i, display[depth] == this, null beyond. Deeper ones are in more_display.
  std::array<const TypeInfo*, kInlineDisplay> display{};
  const TypeInfo* const* more_display = nullptr;

  /// True when the collector must look into objects of this type.
  bool has_refs() const { return ref_count != 0 || elem_is_ref || kind == Kind::Exception; }
};
// What generated code relies on.
static_assert(offsetof(TypeInfo, kind) == 0);
static_assert(offsetof(TypeInfo, depth) == 4);
static_assert(offsetof(TypeInfo, display) == 40);

/// Spec: match-deftype. Both are types of modules of the same engine.
inline bool is_subtype(const TypeInfo* sub, const TypeInfo* super) {
  const uint32_t depth = super->depth;
  if (depth < kInlineDisplay) [[likely]] return sub->display[depth] == super;
  return sub->depth >= depth && sub->more_display[depth - kInlineDisplay] == super;
}

/// Types of objects that have no module type.
extern const TypeInfo kHostType;
extern const TypeInfo kExceptionType;

/// True for types whose values may be heap objects: all references but those to functions.
bool may_point_to_object(ValType type, const TypeRegistry& registry);

class TypeTable;

/// The run-time types of one module, by module type index; null for function types. Keeps them alive.
/// Requires: destroyed before the ModuleTypes they were made from, and after all heaps that use them.
class ModuleTypeInfos {
 public:
  ModuleTypeInfos() = default;
  ModuleTypeInfos(ModuleTypeInfos&& other) noexcept;
  ModuleTypeInfos& operator=(ModuleTypeInfos&& other) noexcept;
  ~ModuleTypeInfos();

  size_t size() const { return infos_.size(); }
  const TypeInfo* operator[](uint32_t index) const { return infos_[index]; }
  const TypeInfo* const* data() const { return infos_.data(); }

 private:
  friend class TypeTable;
  TypeTable* table_ = nullptr;
  std::vector<const TypeInfo*> infos_;
};

/// All TypeInfos of an engine.
class TypeTable {
 public:
  explicit TypeTable(const TypeRegistry& registry);
  ~TypeTable();
  TypeTable(const TypeTable&) = delete;

  ModuleTypeInfos add(const ModuleTypes& types);

  /// Number of types alive, for tests and metrics.
  size_t live_types() const;

 private:
  friend class ModuleTypeInfos;
  struct Entry;
  const TypeInfo* acquire(uint32_t id);   // requires the mutex
  void release(std::span<const TypeInfo* const> infos);

  const TypeRegistry& registry_;
  mutable std::mutex mutex_;
  std::unordered_map<uint32_t, std::unique_ptr<Entry>> entries_;
};

}  // namespace skiff::gc
