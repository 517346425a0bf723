// Shape: a value type as the canonical ABI sees it (Spec: CanonicalABI.md, despecialize), without making
// new types: tuples are records; enums, options and results variants; maps lists of key and value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "component/types/types.h"

namespace skiff::component {

inline uint64_t align_to(uint64_t n, uint32_t alignment) { return (n + alignment - 1) & ~uint64_t{alignment - 1}; }

class Shape {
 public:
  enum class Kind : uint8_t { Primitive, Record, Variant, List, Flags, Own, Borrow, Stream, Future };

  /// Requires: a value type; it refers to `types`.
  Shape(const TypeTable& types, ValType type);

  Kind kind() const { return kind_; }
  Primitive primitive() const { return type_.primitive(); }
  /// Fields, cases or labels.
  size_t size() const { return size_; }
  /// Record: type of field i; map: key (0) and value (1).
  ValType field(size_t i) const;
  /// Variant.
  OptType case_type(size_t i) const;
  /// Variant: bytes of the discriminant. Spec: discriminant_type
  uint32_t discriminant_size() const { return size_ <= 0x100 ? 1 : size_ <= 0x10000 ? 2 : 4; }
  /// Flags. Spec: elem_size_flags
  uint32_t flags_size() const { return size_ <= 8 ? 1 : size_ <= 16 ? 2 : 4; }
  bool is_map() const { return map_ != nullptr; }
  /// List. Requires: not a map.
  ValType element() const { return element_; }
  std::optional<uint32_t> fixed_length() const { return fixed_length_; }
  /// List and map: bytes. `wide`: 64-bit memory.
  uint64_t element_size(bool wide) const;
  uint32_t element_align(bool wide) const;
  ResourceId resource() const { return resource_; }
  /// Stream, Future.
  OptType payload() const { return payload_; }

 private:
  const TypeTable& types_;
  ValType type_;
  Kind kind_ = Kind::Primitive;
  size_t size_ = 0;
  ValType element_;
  std::optional<uint32_t> fixed_length_;
  ResourceId resource_ = 0;
  OptType payload_;
  // One of these, by what the type is.
  const RecordType* record_ = nullptr;
  const TupleType* tuple_ = nullptr;
  const VariantType* variant_ = nullptr;
  const OptionType* option_ = nullptr;
  const ResultType* result_ = nullptr;
  const MapType* map_ = nullptr;
};

}  // namespace skiff::component
