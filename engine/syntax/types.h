// Types of Spec chapter 2.3, as small values. ValType and HeapType are one 32-bit word.
//
// A concrete heap type holds a TYPE INDEX, and there are two index spaces. In a Module (decoder,
// encoder, text format) it is the module's own type index. Everywhere after validation (walker, sinks,
// instances, run time) it is a CANONICAL id of the engine's TypeRegistry, where equal types of all
// modules have equal ids: type equality is then ==, also across modules. TypeRegistry::canonical() and
// ModuleTypes (type_registry.h) convert from the first to the second; nothing converts back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace skiff {

/// Spec: syntax-heaptype. Abstract ones are named; concrete ones hold a type index below kAbstract.
class HeapType {
 public:
  static constexpr uint32_t kAbstract = 0xFFFF00;  // abstract code c is kAbstract + c
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) static const HeapType ID;
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE

  constexpr HeapType() : bits_(0) {}
  static constexpr HeapType concrete(uint32_t index) { return HeapType(index); }
  /// From the byte of the binary format. Requires: a row of types.def has it.
  static constexpr HeapType abstract(uint8_t code) { return HeapType(kAbstract + code); }

  constexpr bool is_concrete() const { return bits_ < kAbstract; }
  /// Type index. Requires: is_concrete().
  constexpr uint32_t index() const { return bits_; }
  /// Byte of the binary format. Requires: !is_concrete().
  constexpr uint8_t code() const { return static_cast<uint8_t>(bits_ - kAbstract); }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const HeapType&) const = default;

 private:
  friend class ValType;
  constexpr explicit HeapType(uint32_t bits) : bits_(bits) {}
  uint32_t bits_;
};
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) \
  inline constexpr HeapType HeapType::ID = HeapType::abstract(CODE);
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE

/// Spec: syntax-valtype, syntax-storagetype. I8 and I16 occur only as storage types of fields, Bot only
/// inside validation (the type of a value in unreachable code).
class ValType {
 public:
  enum class Kind : uint8_t { Bot = 0, Ref = 0x64, RefNull = 0x63,
#define SKIFF_NUM_TYPE(ID, CODE, TEXT) ID = CODE,
#include "engine/syntax/types.def"
#undef SKIFF_NUM_TYPE
  };
  static const ValType Bot;
#define SKIFF_NUM_TYPE(ID, CODE, TEXT) static const ValType ID;
#include "engine/syntax/types.def"
#undef SKIFF_NUM_TYPE
  static const ValType FuncRef, ExternRef, AnyRef, EqRef, I31Ref, StructRef, ArrayRef, ExnRef, NullRef;

  constexpr ValType() : bits_(0) {}
  constexpr explicit ValType(Kind kind) : bits_(static_cast<uint32_t>(kind)) {}
  static constexpr ValType ref(HeapType heap, bool nullable) {
    ValType t(nullable ? Kind::RefNull : Kind::Ref);
    t.bits_ |= heap.bits_ << 8;
    return t;
  }

  constexpr Kind kind() const { return static_cast<Kind>(bits_ & 0xFF); }
  constexpr bool is_ref() const { return kind() == Kind::Ref || kind() == Kind::RefNull; }
  constexpr bool is_nullable_ref() const { return kind() == Kind::RefNull; }
  constexpr bool is_num() const { return kind() >= Kind::F64 && kind() <= Kind::I32; }
  constexpr bool is_vec() const { return kind() == Kind::V128; }
  constexpr bool is_packed() const { return kind() == Kind::I8 || kind() == Kind::I16; }
  constexpr bool is_bot() const { return kind() == Kind::Bot; }
  /// Spec: valid-defaultable. Numbers, vectors and nullable references have a default value.
  constexpr bool is_defaultable() const { return !is_bot() && kind() != Kind::Ref; }
  /// Requires: is_ref().
  constexpr HeapType heap() const { return HeapType(bits_ >> 8); }
  /// The same reference type with another nullability. Requires: is_ref().
  constexpr ValType with_null(bool nullable) const { return ref(heap(), nullable); }
  /// Spec: syntax-unpacktype. I8 and I16 become I32, others stay.
  constexpr ValType unpacked() const { return is_packed() ? ValType(Kind::I32) : *this; }
  /// Bytes of a value in memory, tables excluded: 1, 2, 4, 8 (references too) or 16.
  constexpr uint32_t size() const {
    switch (kind()) {
      case Kind::I8: return 1;
      case Kind::I16: return 2;
      case Kind::I32:
      case Kind::F32: return 4;
      case Kind::V128: return 16;
      case Kind::Bot: return 0;
      case Kind::I64:
      case Kind::F64:
      case Kind::Ref:
      case Kind::RefNull: return 8;
    }
    return 0;
  }
  /// 8-byte slots that a value takes in frames and argument buffers: 1, or 2 for v128.
  constexpr uint32_t slots() const { return is_vec() ? 2 : 1; }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const ValType&) const = default;

 private:
  uint32_t bits_;
};
#define SKIFF_NUM_TYPE(ID, CODE, TEXT) inline constexpr ValType ValType::ID = ValType(ValType::Kind::ID);
#include "engine/syntax/types.def"
#undef SKIFF_NUM_TYPE
inline constexpr ValType ValType::Bot = ValType();
inline constexpr ValType ValType::FuncRef = ValType::ref(HeapType::Func, true);
inline constexpr ValType ValType::ExternRef = ValType::ref(HeapType::Extern, true);
inline constexpr ValType ValType::AnyRef = ValType::ref(HeapType::Any, true);
inline constexpr ValType ValType::EqRef = ValType::ref(HeapType::Eq, true);
inline constexpr ValType ValType::I31Ref = ValType::ref(HeapType::I31, true);
inline constexpr ValType ValType::StructRef = ValType::ref(HeapType::Struct, true);
inline constexpr ValType ValType::ArrayRef = ValType::ref(HeapType::Array, true);
inline constexpr ValType ValType::ExnRef = ValType::ref(HeapType::Exn, true);
inline constexpr ValType ValType::NullRef = ValType::ref(HeapType::None, true);

/// Spec: syntax-functype.
struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const FuncType&) const = default;
};

/// Spec: syntax-fieldtype.
struct FieldType {
  ValType storage;
  bool mut = false;
  bool operator==(const FieldType&) const = default;
};

/// Spec: syntax-comptype.
struct CompositeType {
  enum class Kind : uint8_t { Func, Struct, Array };
  Kind kind = Kind::Func;
  FuncType func;                  // Func
  std::vector<FieldType> fields;  // Struct: all fields; Array: exactly one
  bool operator==(const CompositeType&) const = default;
};

/// Spec: syntax-subtype. At most one supertype (more are rejected: "sub type").
struct SubType {
  bool final = true;
  std::optional<uint32_t> super;
  CompositeType comp;
  bool operator==(const SubType&) const = default;
};

/// Spec: syntax-rectype. A run of consecutive type indices of a module.
struct RecGroup {
  uint32_t first = 0;
  uint32_t count = 0;
  bool operator==(const RecGroup&) const = default;
};

/// Spec: syntax-limits. Units: pages for memories, elements for tables.
struct Limits {
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool operator==(const Limits&) const = default;
};

enum class AddressType : uint8_t { I32, I64 };
constexpr ValType value_type(AddressType at) { return at == AddressType::I64 ? ValType::I64 : ValType::I32; }

/// Spec: syntax-memtype, with the proposals for sharing and custom page sizes.
struct MemoryType {
  Limits limits;
  AddressType address = AddressType::I32;
  bool shared = false;
  uint8_t page_size_log2 = 16;  // 16 (64 KiB) or 0
  bool operator==(const MemoryType&) const = default;
};

/// Spec: syntax-tabletype.
struct TableType {
  ValType elem;
  Limits limits;
  AddressType address = AddressType::I32;
  bool operator==(const TableType&) const = default;
};

/// Spec: syntax-globaltype.
struct GlobalType {
  ValType type;
  bool mut = false;
  bool operator==(const GlobalType&) const = default;
};

/// Spec: syntax-tagtype. The function type's index; results must be empty.
struct TagType {
  uint32_t type = 0;
  bool operator==(const TagType&) const = default;
};

/// Keyword of a type as in the text format; concrete types print their index.
std::string to_string(HeapType type);
std::string to_string(ValType type);
std::string to_string(const FuncType& type);

}  // namespace skiff
