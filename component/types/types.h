// Types of components after validation. Value and function types are hash-consed in a TypeTable: within
// one table, equal types have equal ids. Component and instance types are not (they are compared by
// subtyping). Resource types are abstract numbers: every definition, every (sub resource) import and
// every instantiation that exports one makes a fresh ResourceId (Spec: generativity).
//
// A TypeTable belongs to one outermost component and is immutable once that is validated; what compares
// types of two tables (linking at run time) does so structurally, with a map between ResourceIds.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "component/types/component.h"

namespace skiff::component {

using TypeId = uint32_t;
using ResourceId = uint32_t;
inline constexpr uint32_t kNoType = ~uint32_t{0};

/// Spec: valtype. A primitive, or a type of the table.
class ValType {
 public:
  constexpr ValType() : bits_(0) {}
  constexpr ValType(Primitive p) : bits_(kPrimitive | static_cast<uint32_t>(p)) {}  // NOLINT: implicit
  static constexpr ValType of(TypeId id) { ValType t; t.bits_ = id; return t; }
  constexpr bool is_primitive() const { return bits_ & kPrimitive; }
  /// Requires: is_primitive().
  constexpr Primitive primitive() const { return static_cast<Primitive>(bits_ & 0xFF); }
  /// Requires: !is_primitive().
  constexpr TypeId id() const { return bits_; }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const ValType&) const = default;

 private:
  static constexpr uint32_t kPrimitive = uint32_t{1} << 31;
  uint32_t bits_;
};
using OptType = std::optional<ValType>;

struct Field {
  std::string label;
  ValType type;
  bool operator==(const Field&) const = default;
};
struct VariantCase {
  std::string label;
  OptType type;
  bool operator==(const VariantCase&) const = default;
};

// Spec: defvaltype. Own and Borrow name a resource of the table.
struct RecordType { std::vector<Field> fields; bool operator==(const RecordType&) const = default; };
struct VariantType { std::vector<VariantCase> cases; bool operator==(const VariantType&) const = default; };
struct ListType {
  ValType element;
  std::optional<uint32_t> length;   // fixed-length lists
  bool operator==(const ListType&) const = default;
};
struct MapType { ValType key, value; bool operator==(const MapType&) const = default; };
struct TupleType { std::vector<ValType> types; bool operator==(const TupleType&) const = default; };
struct FlagsType { std::vector<std::string> labels; bool operator==(const FlagsType&) const = default; };
struct EnumType { std::vector<std::string> labels; bool operator==(const EnumType&) const = default; };
struct OptionType { ValType type; bool operator==(const OptionType&) const = default; };
struct ResultType { OptType ok, error; bool operator==(const ResultType&) const = default; };
struct OwnType { ResourceId resource = 0; bool operator==(const OwnType&) const = default; };
struct BorrowType { ResourceId resource = 0; bool operator==(const BorrowType&) const = default; };
struct StreamType { OptType element; bool operator==(const StreamType&) const = default; };
struct FutureType { OptType element; bool operator==(const FutureType&) const = default; };

/// Spec: functype.
struct FuncType {
  bool async_ = false;
  std::vector<Field> params;
  OptType result;
  bool operator==(const FuncType&) const = default;
};

/// What a type index, a type import or a type export can stand for.
struct AnyType {
  enum class Kind : uint8_t { Value, Func, Component, Instance, Resource };
  Kind kind = Kind::Value;
  ValType value;                    // Value
  uint32_t id = 0;                  // Func, Component, Instance: TypeId; Resource: ResourceId
  bool operator==(const AnyType&) const = default;
};

/// Spec: externtype, resolved.
struct ExternType {
  Sort sort = Sort::Func;           // CoreModule, Func, Value, Type, Component, Instance
  TypeId id = kNoType;              // CoreModule, Func, Component, Instance
  ValType value;                    // Value
  AnyType type;                     // Type; for (sub resource) a fresh Resource
  bool fresh_resource = false;      // Type: (sub resource), else (eq ...)
};
struct NamedExtern {
  ExternName name;
  ExternType type;
};

/// Spec: instancetype. `fresh`: the resources that each instance of this type brings (existential).
struct InstanceType {
  std::vector<NamedExtern> exports;                     // in order of definition
  std::vector<ResourceId> fresh;
  std::unordered_map<std::string, uint32_t> by_name;    // name -> number in exports
};
/// Spec: componenttype. `parameters`: resources bound by imports (universal); `fresh`: made by every
/// instantiation (existential).
struct ComponentType {
  std::vector<NamedExtern> imports;
  std::vector<NamedExtern> exports;
  std::vector<ResourceId> parameters;
  std::vector<ResourceId> fresh;
};

/// Spec: core:moduletype, types canonical (engine's TypeRegistry).
struct CoreExtern {
  ExternKind kind = ExternKind::Func;
  uint32_t type_id = 0;             // Func, Tag: canonical
  TableType table;
  MemoryType memory;
  GlobalType global;
};
struct CoreImport {
  std::string module, name;
  CoreExtern type;
};
struct CoreExport {
  std::string name;
  CoreExtern type;
};
struct ModuleType {
  std::vector<CoreImport> imports;
  std::vector<CoreExport> exports;
};

using TypeBody =
    std::variant<RecordType, VariantType, ListType, MapType, TupleType, FlagsType, EnumType, OptionType,
                 ResultType, OwnType, BorrowType, StreamType, FutureType, FuncType, ComponentType,
                 InstanceType, ModuleType>;

/// Spec: CanonicalABI.md flatten_type: the core types that a value travels as, when they are at most 16.
struct FlatTypes {
  static constexpr uint32_t kMax = 16;
  uint8_t count = 0;                // kMax + 1: too many
  std::array<skiff::ValType::Kind, kMax> kinds{};
  bool fits(uint32_t limit = kMax) const { return count <= limit; }
  /// Requires: i < count, fits().
  skiff::ValType operator[](uint32_t i) const { return skiff::ValType(kinds[i]); }
};

/// What is known of a type as a whole; computed once, when it enters the table. Sizes, alignments and flat
/// types are those of value types.
struct TypeFacts {
  // Spec: CanonicalABI.md elem_size and alignment, for 32-bit [0] and 64-bit [1] memories. Bytes.
  uint64_t size[2] = {0, 0};
  uint32_t align[2] = {1, 1};
  FlatTypes flat[2];
  uint32_t depth = 0;               // nesting
  uint64_t nodes = 1;               // size of the type as a tree, saturating
  bool has_borrow = false;
  bool has_handle = false;          // own, borrow, stream, future, error-context
  bool has_pointer = false;         // string, list, map: a value may own memory elsewhere
  bool has_resource = false;        // mentions a resource type, bound or free
};

class TypeTable {
 public:
  TypeTable();
  ~TypeTable();
  TypeTable(const TypeTable&) = delete;

  /// Adds a type, or finds the equal one (value and function types). Fills InstanceType::by_name.
  TypeId add(TypeBody body);
  const TypeBody& body(TypeId id) const;
  /// Requires: the type has that shape.
  template <class T>
  const T& get(TypeId id) const { return std::get<T>(body(id)); }
  template <class T>
  const T* get_if(TypeId id) const { return std::get_if<T>(&body(id)); }
  template <class T>
  const T* get_if(ValType t) const { return t.is_primitive() ? nullptr : get_if<T>(t.id()); }
  /// Facts of a value type; of primitives too.
  const TypeFacts& facts(ValType type) const;
  /// Facts of any type of the table.
  const TypeFacts& facts(TypeId id) const;
  /// Facts of the type that an extern has; of a Type extern, those of the type it stands for.
  const TypeFacts& facts(const ExternType& type) const;
  const TypeFacts& facts(const AnyType& type) const;
  size_t size() const;

  ResourceId new_resource();
  uint32_t resources() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
using TypeTablePtr = std::shared_ptr<TypeTable>;

/// A type as the text format (or WIT) writes it, for messages.
std::string to_string(const TypeTable& table, ValType type);
std::string to_string(const TypeTable& table, const FuncType& type);

}  // namespace skiff::component
