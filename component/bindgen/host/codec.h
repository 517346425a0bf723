// codec<T>: how a C++ type lies in a guest's memory and travels as core values, in both directions, and which component
// type it is. What C++ bindings for hosts (`skiff bindgen --host`) are made of: no dynamic values, no boxing. Every
// pointer, length, discriminant and handle of a guest is checked; what it may make the host allocate is charged to
// the budget of the call. Functions that return false have recorded a trap.
//
// Spec: CanonicalABI.md, load, store, lift_flat, lower_flat.   Thread: as the store.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "component/bindgen/host/context.h"
#include "engine/base/bits.h"

namespace skiff::bind {

// What generated code says about its types.
template <class T> struct Names;   // enums and flags: kNames
template <class T> struct Fields;  // records: kFields, a tuple of field(name, &T::member)
template <class T> struct Cases;   // variants: kNames
template <class T, class M>
struct FieldOf {
  std::string_view name;
  M T::*member;
};
template <class T, class M>
constexpr FieldOf<T, M> field(std::string_view name, M T::*member) {
  return {name, member};
}

// Types of WIT that are not those of the standard library.
template <class T, size_t N>
struct FixedList : std::array<T, N> {};
template <class K, class V>
struct Map : std::vector<std::tuple<K, V>> {
  using std::vector<std::tuple<K, V>>::vector;
};

template <class T> struct codec;
template <class T>
using codec_of = codec<std::remove_cvref_t<T>>;

constexpr uint32_t up(uint32_t n, uint32_t align) { return (n + align - 1) & ~(align - 1); }

// ---- numbers

template <class T>
concept Plain = std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char32_t>;

template <class T, class Bits>
struct ScalarLayout {
  static constexpr uint32_t size(bool) { return sizeof(Bits); }
  static constexpr uint32_t align(bool) { return sizeof(Bits); }
  static constexpr uint32_t kFlat = 1;
};

template <Plain T>
struct codec<T> : ScalarLayout<T, T> {
  static bool load(Context&, const uint8_t* p, T& out) { return out = load_unaligned<T>(p), true; }
  static bool store(Context&, T v, uint8_t* p) { return store_unaligned(p, v), true; }
  static bool lift(Context&, component::FlatReader& in, T& out) {
    if constexpr (std::is_same_v<T, float>) out = std::bit_cast<float>(in.u32());
    else if constexpr (std::is_same_v<T, double>) out = std::bit_cast<double>(in.u64());
    else if constexpr (sizeof(T) == 8) out = static_cast<T>(in.u64());
    else out = static_cast<T>(in.u32());
    return true;
  }
  static bool lower(Context&, T v, component::FlatWriter& out) {
    if constexpr (std::is_same_v<T, float>) out.put(std::bit_cast<uint32_t>(v));
    else if constexpr (std::is_same_v<T, double>) out.put(std::bit_cast<uint64_t>(v));
    else if constexpr (sizeof(T) == 8) out.put(static_cast<uint64_t>(v));
    else out.put(static_cast<uint32_t>(v));  // of signed ones, sign-extended to 32 bits
    return true;
  }
  static component::ValType type(TypeMaker&) {
    using component::Primitive;
    if constexpr (std::is_same_v<T, float>) return Primitive::F32;
    if constexpr (std::is_same_v<T, double>) return Primitive::F64;
    constexpr Primitive kUnsigned[] = {Primitive::U8, Primitive::U16, Primitive::U32, Primitive::U64};
    constexpr Primitive kSigned[] = {Primitive::S8, Primitive::S16, Primitive::S32, Primitive::S64};
    constexpr int kLog = std::countr_zero(sizeof(T));
    return std::is_signed_v<T> ? kSigned[kLog] : kUnsigned[kLog];
  }
};

template <>
struct codec<bool> : ScalarLayout<bool, uint8_t> {
  static bool load(Context&, const uint8_t* p, bool& out) { return out = *p != 0, true; }
  static bool store(Context&, bool v, uint8_t* p) { return *p = v, true; }
  static bool lift(Context&, component::FlatReader& in, bool& out) { return out = in.u32() != 0, true; }
  static bool lower(Context&, bool v, component::FlatWriter& out) { return out.put(v), true; }
  static component::ValType type(TypeMaker&) { return component::Primitive::Bool; }
};

template <>
struct codec<char32_t> : ScalarLayout<char32_t, uint32_t> {
  static bool from(Context& c, uint32_t n, char32_t& out) {
    if (n >= 0x110000 || (n >= 0xD800 && n < 0xE000)) return c.trap(component::CmTrap::InvalidChar);
    return out = n, true;
  }
  static bool load(Context& c, const uint8_t* p, char32_t& out) { return from(c, load_unaligned<uint32_t>(p), out); }
  static bool lift(Context& c, component::FlatReader& in, char32_t& out) { return from(c, in.u32(), out); }
  static bool store(Context& c, char32_t v, uint8_t* p) {
    char32_t same;
    return from(c, v, same) && (store_unaligned(p, static_cast<uint32_t>(v)), true);
  }
  static bool lower(Context& c, char32_t v, component::FlatWriter& out) {
    char32_t same;
    return from(c, v, same) && (out.put(v), true);
  }
  static component::ValType type(TypeMaker&) { return component::Primitive::Char; }
};

// ---- enums and flags

template <class T>
  requires(std::is_enum_v<T>)
struct codec<T> : ScalarLayout<T, std::underlying_type_t<T>> {
  using Bits = std::underlying_type_t<T>;
  static bool from(Context& c, uint32_t n, T& out) {
    if (n >= Names<T>::kNames.size()) return c.trap(component::CmTrap::InvalidDiscriminant);
    return out = static_cast<T>(n), true;
  }
  static bool load(Context& c, const uint8_t* p, T& out) { return from(c, load_unaligned<Bits>(p), out); }
  static bool lift(Context& c, component::FlatReader& in, T& out) { return from(c, in.u32(), out); }
  static bool store(Context& c, T v, uint8_t* p) {
    T same;
    return from(c, static_cast<Bits>(v), same) && (store_unaligned(p, static_cast<Bits>(v)), true);
  }
  static bool lower(Context& c, T v, component::FlatWriter& out) {
    T same;
    return from(c, static_cast<Bits>(v), same) && (out.put(static_cast<Bits>(v)), true);
  }
  static component::ValType type(TypeMaker& m) {
    component::EnumType e;
    for (const std::string_view name : Names<T>::kNames) e.labels.emplace_back(name);
    return component::ValType::of(m.table.add(std::move(e)));
  }
};

template <class T>
concept FlagSet = requires { typename T::wit_flags; };
template <FlagSet T>
struct codec<T> : ScalarLayout<T, decltype(T::bits)> {
  using Bits = decltype(T::bits);
  // Bits without a name are ignored. Spec: unpack_flags_from_int
  static constexpr Bits kMask = static_cast<Bits>((uint64_t{1} << Names<T>::kNames.size()) - 1);
  static bool load(Context&, const uint8_t* p, T& out) { return out.bits = load_unaligned<Bits>(p) & kMask, true; }
  static bool lift(Context&, component::FlatReader& in, T& out) {
    return out.bits = static_cast<Bits>(in.u32()) & kMask, true;
  }
  static bool store(Context&, T v, uint8_t* p) { return store_unaligned<Bits>(p, v.bits & kMask), true; }
  static bool lower(Context&, T v, component::FlatWriter& out) { return out.put(v.bits & kMask), true; }
  static component::ValType type(TypeMaker& m) {
    component::FlagsType f;
    for (const std::string_view name : Names<T>::kNames) f.labels.emplace_back(name);
    return component::ValType::of(m.table.add(std::move(f)));
  }
};

// ---- handles. unique_ptr<R>, Borrowed<R>: R is a resource of the host; R, borrow<R>: of the guest.

using HandleLayout = ScalarLayout<uint32_t, uint32_t>;
template <class Self, class T>
struct HandleCodec : HandleLayout {
  static bool load(Context& c, const uint8_t* p, T& out) { return Self::from(c, load_unaligned<uint32_t>(p), out); }
  static bool lift(Context& c, component::FlatReader& in, T& out) { return Self::from(c, in.u32(), out); }
  template <class U>
  static bool store(Context& c, U&& v, uint8_t* p) {
    uint32_t index = 0;
    return Self::to(c, v, index) && (store_unaligned(p, index), true);
  }
  template <class U>
  static bool lower(Context& c, U&& v, component::FlatWriter& out) {
    uint32_t index = 0;
    return Self::to(c, v, index) && (out.put(index), true);
  }
};

template <class R>
struct codec<std::unique_ptr<R>> : HandleCodec<codec<std::unique_ptr<R>>, std::unique_ptr<R>> {
  static bool from(Context& c, uint32_t index, std::unique_ptr<R>& out) {
    uint64_t rep = 0;
    if (!c.lift_own(index, R::kType, rep)) return false;
    out.reset(static_cast<R*>(Resource::release(rep)));
    return true;
  }
  static bool to(Context& c, std::unique_ptr<R>& v, uint32_t& index) {
    if (!v) return c.trap(component::CmTrap::WrongValue, "no resource");
    if (!c.lower_own(R::kType, v->rep(), index)) return false;
    c.resources().keep(v.release());
    return true;
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::OwnType{m.resources[R::kType]}));
  }
};

template <class R>
struct codec<Borrowed<R>> : HandleCodec<codec<Borrowed<R>>, Borrowed<R>> {
  static bool from(Context& c, uint32_t index, Borrowed<R>& out) {
    uint64_t rep = 0;
    if (!c.lift_borrow(index, R::kType, rep)) return false;
    out.resource = static_cast<R*>(Resource::from_rep(rep));
    return true;
  }
  static bool to(Context& c, const Borrowed<R>& v, uint32_t& index) {
    return c.lower_borrow(R::kType, v.resource->rep(), index);
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::BorrowType{m.resources[R::kType]}));
  }
};

template <class R>
  requires(std::is_base_of_v<GuestResource, R>)
struct codec<R> : HandleCodec<codec<R>, R> {
  static bool from(Context& c, uint32_t index, R& out) {
    uint64_t rep = 0;
    if (!c.lift_own(index, R::kType, rep)) return false;
    out = R(GuestResource(c.exports(), R::kType, rep));
    return true;
  }
  static bool to(Context& c, R& v, uint32_t& index) {
    if (!v) return c.trap(component::CmTrap::WrongValue, "no resource");
    return c.lower_own(R::kType, v.rep(), index) && (v.release(), true);
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::OwnType{m.resources[R::kType]}));
  }
};

template <class R>
struct codec<borrow<R>> : HandleCodec<codec<borrow<R>>, borrow<R>> {
  static bool to(Context& c, borrow<R> v, uint32_t& index) {
    if (!*v.resource) return c.trap(component::CmTrap::WrongValue, "no resource");
    return c.lower_borrow(R::kType, v.resource->rep(), index);
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::BorrowType{m.resources[R::kType]}));
  }
};

// ---- strings and lists: pointer and length

template <class Self, class T>
struct PairCodec {
  static constexpr uint32_t size(bool wide) { return wide ? 16 : 8; }
  static constexpr uint32_t align(bool wide) { return wide ? 8 : 4; }
  static constexpr uint32_t kFlat = 2;
  static bool load(Context& c, const uint8_t* p, T& out) {
    if (c.wide()) return Self::from(c, load_unaligned<uint64_t>(p), load_unaligned<uint64_t>(p + 8), out);
    return Self::from(c, load_unaligned<uint32_t>(p), load_unaligned<uint32_t>(p + 4), out);
  }
  static bool lift(Context& c, component::FlatReader& in, T& out) {
    const uint64_t ptr = in.address(c.wide());
    return Self::from(c, ptr, in.address(c.wide()), out);
  }
  template <class U>
  static bool store(Context& c, U& v, uint8_t* p) {
    uint64_t ptr = 0, length = 0;
    if (!Self::to(c, v, ptr, length)) return false;
    if (c.wide()) store_unaligned(p, ptr), store_unaligned(p + 8, length);
    else store_unaligned(p, static_cast<uint32_t>(ptr)), store_unaligned(p + 4, static_cast<uint32_t>(length));
    return true;
  }
  template <class U>
  static bool lower(Context& c, U& v, component::FlatWriter& out) {
    uint64_t ptr = 0, length = 0;
    if (!Self::to(c, v, ptr, length)) return false;
    out.put(ptr), out.put(length);
    return true;
  }
};

/// In: Text. Out: any UTF-8.
template <>
struct codec<std::string_view> : PairCodec<codec<std::string_view>, std::string_view> {
  static bool to(Context& c, std::string_view v, uint64_t& ptr, uint64_t& units) { return c.write_string(v, ptr, units); }
  static component::ValType type(TypeMaker&) { return component::Primitive::String; }
};
template <>
struct codec<Text> : PairCodec<codec<Text>, Text> {
  static bool from(Context& c, uint64_t ptr, uint64_t units, Text& out) {
    return c.read_string(ptr, units, out.view, out.buffer);
  }
  static component::ValType type(TypeMaker&) { return component::Primitive::String; }
};
template <>
struct codec<std::string> : PairCodec<codec<std::string>, std::string> {
  static bool from(Context& c, uint64_t ptr, uint64_t units, std::string& out) {
    std::string_view view;
    if (!c.read_string(ptr, units, view, out)) return false;
    if (view.data() == out.data()) return true;
    return c.spend(view.size()) && (out.assign(view), true);
  }
  static bool to(Context& c, std::string_view v, uint64_t& ptr, uint64_t& units) { return c.write_string(v, ptr, units); }
  static component::ValType type(TypeMaker&) { return component::Primitive::String; }
};

/// Writes a list; elements one by one where they are not the same in memory. `data[i]` may be a proxy.
template <class T, class Data>
bool write_list(Context& c, Data&& data, size_t count, uint64_t& ptr, uint64_t& length) {
  using C = codec<T>;
  const uint64_t size = C::size(c.wide());
  if (count > component::kMaxByteLength / size) return c.trap(component::CmTrap::ListTooLong);
  uint8_t* p = c.allocate(C::align(c.wide()), count * size, ptr);
  if (!p) return false;
  length = count;
  if constexpr (Plain<T>) {
    if (count) std::memcpy(p, std::to_address(data), count * size);
  } else {
    // Memory does not move, nor shrink, while realloc runs for the elements.
    for (size_t i = 0; i < count; ++i)
      if (!C::store(c, data[i], p + i * size)) return false;
  }
  return true;
}
template <class T>
const uint8_t* list_memory(Context& c, uint64_t ptr, uint64_t length) {
  const uint64_t size = codec<T>::size(c.wide());
  if (length > component::kMaxByteLength / size) return c.trap(component::CmTrap::ListTooLong), nullptr;
  return c.memory(ptr, length * size, codec<T>::align(c.wide()));
}

template <class T>
struct ListType {
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::ListType{codec<T>::type(m), std::nullopt}));
  }
};
/// In, of plain types: the guest's memory itself, valid until the guest runs. Out: copied.
template <class T>
struct codec<std::span<const T>> : PairCodec<codec<std::span<const T>>, std::span<const T>>, ListType<T> {
  static bool from(Context& c, uint64_t ptr, uint64_t length, std::span<const T>& out)
    requires Plain<T>
  {
    const uint8_t* p = list_memory<T>(c, ptr, length);
    if (!p) return false;
    out = length ? std::span(reinterpret_cast<const T*>(p), static_cast<size_t>(length)) : std::span<const T>();
    return true;
  }
  static bool to(Context& c, std::span<const T> v, uint64_t& ptr, uint64_t& length) {
    return write_list<T>(c, v.data(), v.size(), ptr, length);
  }
};
template <class T>
struct codec<std::vector<T>> : PairCodec<codec<std::vector<T>>, std::vector<T>>, ListType<T> {
  template <class V>
  static bool from(Context& c, uint64_t ptr, uint64_t length, V& out) {
    const uint8_t* p = list_memory<T>(c, ptr, length);
    if (!p || !c.spend(length * sizeof(T))) return false;
    const auto count = static_cast<size_t>(length);
    if constexpr (Plain<T>) {
      out.resize(count);
      if (count) std::memcpy(out.data(), p, count * sizeof(T));
    } else {
      out.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        T one{};
        if (!codec<T>::load(c, p + i * codec<T>::size(c.wide()), one)) return false;
        out.push_back(std::move(one));
      }
    }
    return true;
  }
  template <class V>
  static bool to(Context& c, V& v, uint64_t& ptr, uint64_t& length) {
    return write_list<T>(c, v.begin(), v.size(), ptr, length);
  }
};
template <class K, class V>
struct codec<Map<K, V>> : PairCodec<codec<Map<K, V>>, Map<K, V>> {
  using Pairs = codec<std::vector<std::tuple<K, V>>>;
  static bool from(Context& c, uint64_t ptr, uint64_t length, Map<K, V>& out) { return Pairs::from(c, ptr, length, out); }
  template <class U>
  static bool to(Context& c, U& v, uint64_t& ptr, uint64_t& length) { return Pairs::to(c, v, ptr, length); }
  static component::ValType type(TypeMaker& m) {
    const component::ValType key = codec<K>::type(m);
    return component::ValType::of(m.table.add(component::MapType{key, codec<V>::type(m)}));
  }
};

}  // namespace skiff::bind
