// TableObject: owner of a table (Spec: syntax-tableinst). Elements are in one heap block of at most
// limits::kTableElements, which may move when the table grows: code reads TableInst::elems anew each time,
// except for tables whose maximum is their minimum, which never grow.
#pragma once

#include <functional>
#include <memory>

#include "engine/base/result.h"
#include "engine/exec/vmctx.h"

namespace skiff {

class TableObject {
 public:
  /// A table of `type.limits.min` elements, all `init`. Requires: type is canonical.
  /// Errors: LimitExceeded, OutOfMemory.
  static Result<std::unique_ptr<TableObject>> create(const TableType& type, Ref init);
  ~TableObject();
  TableObject(const TableObject&) = delete;

  /// Spec: exec-table.grow. Old size, or ~0 when it cannot grow.   Units: elements
  uint64_t grow(uint64_t delta, Ref init);

  /// As it was created, with other elements: `image` has type.limits.min of them; null: all are `init`. Storage that is
  /// much larger is freed. False: no memory.
  [[nodiscard]] bool restart(const Ref* image, Ref init);

  TableInst inst;
  TableType type;                      // canonical
  /// The elements may be references to GC objects (not the function hierarchy); set by the owner.
  bool holds_objects = false;
  /// Called before growing when set: may refuse (store limits).
  std::function<bool(uint64_t new_length)> may_grow;

 private:
  TableObject() = default;
  bool set_capacity(uint64_t n);
  uint64_t capacity_ = 0;
};

}  // namespace skiff
