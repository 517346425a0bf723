// Val: a component value of any type, for the embedder, tools and tests (Spec: CanonicalABI.md, the values
// that lifting makes). 16 bytes: scalars are held in place, everything else behind one pointer; a list
// of numbers is its bytes. A Val does not know its type: `conforms` checks it against one.
//
// Representation of types (Spec: despecialize): records and tuples are Record; variants, enums, options and
// results are Variant (case number and payload; option: 0 none, 1 some; result: 0 ok, 1 error); maps are
// lists of Records of two. Resources: what lifting a handle gives, the representation and the type; an Own one
// that the host gets is the host's to pass on or to drop.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "component/types/types.h"

namespace skiff::component {

class ResourceType;

/// What stream, future and error-context values refer to.
class SharedObject {
 public:
  virtual ~SharedObject() = default;
};
using SharedObjectPtr = std::shared_ptr<SharedObject>;

/// How a string was written where it came from: decides how much memory its receiver is asked for
/// (Spec: store_string_into_range). The host's are Utf8.
enum class StringSource : uint8_t { Utf8, Utf16, Latin1, TaggedUtf16 };

struct ResourceVal {
  ResourceType* type = nullptr;
  uint64_t rep = 0;
  bool operator==(const ResourceVal&) const = default;
};

class Val {
 public:
  enum class Kind : uint8_t {
    Bool, S8, U8, S16, U16, S32, U32, S64, U64, F32, F64, Char,  // in place
    Flags,                                                     // in place, bit i is label i
    String, List, Numbers, Record, Variant, Own, Borrow, Stream, Future, ErrorContext
  };

  /// false.
  Val() = default;
  ~Val() { reset(); }
  Val(const Val& other) { copy(other); }
  Val(Val&& other) noexcept { take(other); }
  Val& operator=(const Val& other) { return *this = Val(other); }
  Val& operator=(Val&& other) noexcept {
    if (this != &other) reset(), take(other);
    return *this;
  }

  static Val of_bool(bool v) { return scalar(Kind::Bool, v); }
  static Val of_s8(int8_t v) { return scalar(Kind::S8, static_cast<uint8_t>(v)); }
  static Val of_u8(uint8_t v) { return scalar(Kind::U8, v); }
  static Val of_s16(int16_t v) { return scalar(Kind::S16, static_cast<uint16_t>(v)); }
  static Val of_u16(uint16_t v) { return scalar(Kind::U16, v); }
  static Val of_s32(int32_t v) { return scalar(Kind::S32, static_cast<uint32_t>(v)); }
  static Val of_u32(uint32_t v) { return scalar(Kind::U32, v); }
  static Val of_s64(int64_t v) { return scalar(Kind::S64, static_cast<uint64_t>(v)); }
  static Val of_u64(uint64_t v) { return scalar(Kind::U64, v); }
  static Val of_f32(float v) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    return scalar(Kind::F32, bits);
  }
  static Val of_f64(double v) {
    uint64_t bits;
    std::memcpy(&bits, &v, 8);
    return scalar(Kind::F64, bits);
  }
  static Val of_char(uint32_t v) { return scalar(Kind::Char, v); }
  static Val of_flags(uint32_t bits) { return scalar(Kind::Flags, bits); }
  /// A scalar from its bits. Requires: a kind that is held in place.
  static Val scalar(Kind kind, uint64_t bits) {
    Val v;
    v.kind_ = kind;
    v.bits_ = bits;
    return v;
  }
  /// UTF-8.
  static Val of_string(std::string text);
  static Val of_string(std::string text, StringSource source, uint32_t code_units);
  static Val of_list(std::vector<Val> elements);
  /// A list of numbers: little-endian, without gaps. Requires: is_number(element).
  static Val of_numbers(Primitive element, std::vector<uint8_t> bytes);
  /// The same from elements; the type of `T` chooses the element type.
  template <class T>
  static Val of_numbers(std::span<const T> elements);
  static Val of_record(std::vector<Val> fields);
  /// A case without payload.
  static Val of_case(uint32_t index);
  static Val of_case(uint32_t index, Val payload);
  static Val none() { return of_case(0); }
  static Val some(Val payload) { return of_case(1, std::move(payload)); }
  static Val of_own(ResourceVal resource) { return of_resource(Kind::Own, resource); }
  static Val of_borrow(ResourceVal resource) { return of_resource(Kind::Borrow, resource); }
  /// Requires: kind is Stream, Future or ErrorContext.
  static Val of_shared(Kind kind, SharedObjectPtr object);

  Kind kind() const { return kind_; }
  bool is_scalar() const { return kind_ <= Kind::Flags; }
  // Access. Requires: the kind. Numbers are as wide as their kind.
  bool as_bool() const { return bits_ != 0; }
  int64_t as_signed() const;      // S8 .. S64
  uint64_t bits() const { return bits_; }
  float as_f32() const {
    float v;
    std::memcpy(&v, &bits_, 4);
    return v;
  }
  double as_f64() const {
    double v;
    std::memcpy(&v, &bits_, 8);
    return v;
  }
  uint32_t flags() const { return static_cast<uint32_t>(bits_); }
  const std::string& string() const { return *string_; }
  StringSource string_source() const { return static_cast<StringSource>(sub_); }
  uint32_t code_units() const { return aux_; }
  /// List: elements; Record: fields.
  const std::vector<Val>& items() const { return *items_; }
  std::vector<Val>& items() { return *items_; }
  /// Numbers.
  Primitive element() const { return static_cast<Primitive>(sub_); }
  const std::vector<uint8_t>& bytes() const { return *bytes_; }
  std::vector<uint8_t>& bytes() { return *bytes_; }
  /// Number of elements of a List or Numbers.
  size_t length() const;
  /// Element i of a List or Numbers.
  Val element_at(size_t i) const;
  uint32_t case_index() const { return aux_; }
  const Val* payload() const { return payload_; }
  Val* payload() { return payload_; }
  const ResourceVal& resource() const { return *resource_; }
  const SharedObjectPtr& shared() const { return *shared_; }

  /// Deep equality; a list of numbers equals the same list as List. NaNs are equal by bits.
  bool operator==(const Val& other) const;

 private:
  static Val of_resource(Kind kind, ResourceVal resource);
  void reset() {
    if (!is_scalar()) destroy();
  }
  void destroy();
  void copy(const Val& other);
  void take(Val& other) {
    std::memcpy(static_cast<void*>(this), static_cast<const void*>(&other), sizeof *this);
    other.kind_ = Kind::Bool;
    other.bits_ = 0;
  }

  Kind kind_ = Kind::Bool;
  uint8_t sub_ = 0;      // Numbers: element; String: source
  uint32_t aux_ = 0;     // Variant: case; String: code units
  union {
    uint64_t bits_ = 0;
    std::string* string_;
    std::vector<Val>* items_;
    std::vector<uint8_t>* bytes_;
    Val* payload_;
    ResourceVal* resource_;
    SharedObjectPtr* shared_;
  };
};
static_assert(sizeof(Val) == 16);

/// Integers and floats: what a list holds as bytes.
bool is_number(Primitive p);
/// Kind of a number, bool or char.
Val::Kind kind_of(Primitive p);
/// Bytes of a number, bool or char.
uint32_t size_of(Primitive p);

template <class T>
Val Val::of_numbers(std::span<const T> elements) {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
  constexpr Primitive kInt[4][2] = {{Primitive::U8, Primitive::S8},
                                    {Primitive::U16, Primitive::S16},
                                    {Primitive::U32, Primitive::S32},
                                    {Primitive::U64, Primitive::S64}};
  constexpr int kLog = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  Primitive element = kInt[kLog][std::is_signed_v<T>];
  if constexpr (std::is_same_v<T, float>) element = Primitive::F32;
  if constexpr (std::is_same_v<T, double>) element = Primitive::F64;
  std::vector<uint8_t> bytes(elements.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), elements.data(), bytes.size());
  return of_numbers(element, std::move(bytes));
}

/// Whether `value` is one of `type`; `where` becomes the path to the first difference. Strings must be UTF-8.
/// Resources are checked by whoever lowers them.
bool conforms(const TypeTable& types, ValType type, const Val& value, std::string& where);

}  // namespace skiff::component
