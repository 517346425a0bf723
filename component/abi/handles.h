// HandleTable: the handles of one component instance (Spec: CanonicalABI.md, Table State): resources,
// waitables, waitable sets and error contexts share its indices. Index 0 is never valid; a freed index is the
// first to be used again. Resource handles lie in the table itself; everything else is a HandleObject.
// Thread: as the store, one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/exec/table.h"

namespace skiff::component {

class ResourceType;
class Task;

/// A waitable, waitable set or error context in a table. Shared by the table and who works for it.
class HandleObject {
 public:
  enum class Kind : uint8_t {
    Subtask, WaitableSet, ReadableStream, WritableStream, ReadableFuture, WritableFuture, ErrorContext
  };
  explicit HandleObject(Kind kind) : kind(kind) {}
  virtual ~HandleObject() = default;
  HandleObject(const HandleObject&) = delete;
  const Kind kind;
};

struct Handle {
  enum class Kind : uint8_t { Free, Own, Borrow, Object };
  Kind kind = Kind::Free;
  uint32_t number = 0;               // Own, Borrow: num_lends; Free: next free index
  ResourceType* type = nullptr;      // Own, Borrow
  uint64_t rep = 0;                  // Own, Borrow
  Task* borrow_scope = nullptr;      // Borrow
  std::shared_ptr<HandleObject> object;

  bool is_resource() const { return kind == Kind::Own || kind == Kind::Borrow; }
};

class HandleTable {
 public:
  /// Spec: Table.MAX_LENGTH
  static constexpr uint32_t kMaxLength = (uint32_t{1} << 28) - 1;

  /// `limit`: of handles at a time, at most kMaxLength.
  explicit HandleTable(uint32_t limit = kMaxLength) : limit_(limit) {}

  /// The handle, or null when the index is not valid. Invalidated by add.
  Handle* get(uint32_t index) {
    if (index >= entries_.size() || entries_[index].kind == Handle::Kind::Free) return nullptr;
    return &entries_[index];
  }
  /// Index of the new handle, 0 when the table is full.
  uint32_t add(Handle handle);
  /// Requires: the index is valid.
  Handle remove(uint32_t index);
  /// Handles in use.
  uint32_t size() const { return live_; }

  /// A table of i31 that has the representations of this type's handles by index, as far as they are known and have 31
  /// bits; null elsewhere. For fused adapters. Stays as long as this. Null: no memory.
  TableObject* mirror(const ResourceType* type);

  uint32_t add_own(ResourceType* type, uint64_t rep) {
    return add({.kind = Handle::Kind::Own, .type = type, .rep = rep});
  }
  uint32_t add_object(std::shared_ptr<HandleObject> object) {
    return add({.kind = Handle::Kind::Object, .object = std::move(object)});
  }

 private:
  struct Mirror {
    const ResourceType* type;
    std::unique_ptr<TableObject> table;
  };
  void reflect(uint32_t index);
  std::vector<Handle> entries_;      // [0] is never used
  std::vector<Mirror> mirrors_;      // few
  uint32_t first_free_ = 0;
  uint32_t live_ = 0;
  uint32_t limit_;
};

}  // namespace skiff::component
