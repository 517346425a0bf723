// Tables of functions whose contents the module alone decides, once and for all: neither imported nor exported, never
// written by code, filled by active segments at constant offsets. What compilers of C, C++, Rust and Go call
// through is such a table. A call through it needs no FuncInst: the image has the table as an array of code
// addresses and types (see emit_static_table).
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/valid/valid.h"

namespace skiff::llvm_tier {

class StaticTables {
 public:
  explicit StaticTables(const ModuleInfo& info);

  /// The tables that are static.
  const std::vector<uint32_t>& tables() const { return tables_; }
  /// Functions by element, kNoIndex for null. Requires: one of tables().
  const std::vector<uint32_t>& elements(uint32_t table) const { return *elements_[table]; }
  /// Whether each element of the table either is a function of this module of exactly that canonical type, or may not be
  /// called as one of it.
  bool serves(uint32_t table, uint32_t type_id) const;
  /// Not 0; equal for equal types. Requires: the canonical id of a type of the module.
  uint32_t type_number(uint32_t type_id) const { return numbers_.at(type_id); }

 private:
  bool fill(const ElemSegment& segment);
  void drop_written(std::vector<bool>& candidates) const;
  std::optional<std::vector<bool>> served_by(uint32_t table) const;

  const ModuleInfo& info_;
  std::vector<uint32_t> tables_;
  std::vector<std::optional<std::vector<uint32_t>>> elements_;
  std::unordered_map<uint32_t, uint32_t> numbers_;          // by canonical id
  std::vector<std::optional<std::vector<bool>>> served_;    // by table and number
};

/// Where an element's data is, in bytes; an element has 8.
struct StaticElement {
  static constexpr unsigned kSize = 8;
  static constexpr unsigned kCode = 0;  // i32: address of the function less that of the array
  static constexpr unsigned kType = 4;  // i32: type_number, 0 for null
};

}  // namespace skiff::llvm_tier
