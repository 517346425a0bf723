// C++ types as component types: Wit<T> says, at compile time, how a T lies in guest memory and as core values, and
// which component type it is. typed_function() makes a flat host function of an ordinary C++ function by it: no
// dynamic values, no boxing; every guest pointer passes through FlatCall's checks.
//
//   bool, integers          themselves          std::optional<T>        option
//   Text, std::string       string in           std::expected<T, E>     result; void or Unit: no payload
//   std::string, string_view string out
//   span<const uint8_t>     list<u8>            std::variant<...>       variant, with CaseNames; empty structs: no payload
//   std::vector<T>          list                std::tuple, std::array  tuple
//   enums                   enum, with Names    structs                 record, with Fields; flags, with Names
//   Own<R>, Borrow<R>       handles of a host resource
//
// Spec: CanonicalABI.md, load, store, lift_flat, lower_flat. Requires of functions: the result is at most one core
// value or goes to memory (lower). Thread: as the store.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstring>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "component/exec/host.h"
#include "engine/base/bits.h"
#include "wasi/typed/resource.h"

namespace skiff::wasi {

struct Unit {};

/// A string parameter; its text is valid until the guest runs.
class Text {
 public:
  std::string_view get() const { return owned_ ? std::string_view(buffer_) : view_; }
  bool read(component::FlatCall& call, uint64_t ptr, uint64_t units) {
    if (!call.read_string(ptr, units, view_, buffer_)) return false;
    owned_ = view_.data() == buffer_.data();
    return true;
  }

 private:
  std::string_view view_;
  std::string buffer_;
  bool owned_ = false;
};

/// A handle given to the guest, or by it: then the function destroys the resource, or keeps it.
template <class R>
struct Own {
  R* resource = nullptr;
  R* operator->() const { return resource; }
};
/// A handle that the guest lends for the call.
template <class R>
struct Borrow {
  R* resource = nullptr;
  R* operator->() const { return resource; }
  R& operator*() const { return *resource; }
};

// What a type adds about itself. Specialised beside the types.
template <class T> struct Names;      // enums and flags: kNames, an array of string_view
template <class T> struct Fields;     // records: kFields, a tuple of field(name, &T::member)
template <class T> struct CaseNames;  // std::variants: kNames
template <class T, class M>
struct FieldOf {
  std::string_view name;
  M T::*member;
};
template <class T, class M>
constexpr FieldOf<T, M> field(std::string_view name, M T::*member) {
  return {name, member};
}

/// Where types are made: one table for all functions of a face.
struct TypeMaker {
  component::TypeTable& table;
  std::span<const component::ResourceId> resources;   // by R::kType
};

/// More elements than this in a list that the host has to copy are refused: what a guest may make it allocate.
inline constexpr uint64_t kMaxListElements = 1 << 16;
/// The same for strings. Units: code units
inline constexpr uint64_t kMaxCopiedString = 1 << 20;

template <class T> struct Wit;

namespace typed {

using component::FlatCall;
using component::FlatReader;

constexpr uint32_t up(uint32_t n, uint32_t align) { return (n + align - 1) & ~(align - 1); }
constexpr uint32_t pointer(bool wide) { return wide ? 8 : 4; }
inline uint64_t load_pointer(const uint8_t* p, bool wide) {
  return wide ? load_unaligned<uint64_t>(p) : load_unaligned<uint32_t>(p);
}
inline void store_pointer(uint8_t* p, uint64_t v, bool wide) {
  if (wide) store_unaligned(p, v);
  else store_unaligned(p, static_cast<uint32_t>(v));
}
template <class T>
inline constexpr bool kNoPayload = std::is_void_v<T> || std::is_empty_v<T>;

// A case's payload, which may be none.
template <class T>
struct Payload {
  static constexpr uint32_t size(bool wide) { return Wit<T>::size(wide); }
  static constexpr uint32_t align(bool wide) { return Wit<T>::align(wide); }
  static constexpr uint32_t kFlat = Wit<T>::kFlat;
  static component::OptType type(TypeMaker& m) { return Wit<T>::type(m); }
};
template <class T>
  requires kNoPayload<T>
struct Payload<T> {
  static constexpr uint32_t size(bool) { return 0; }
  static constexpr uint32_t align(bool) { return 1; }
  static constexpr uint32_t kFlat = 0;
  static component::OptType type(TypeMaker&) { return std::nullopt; }
};

// Layout of a variant of up to 256 cases.
template <class... Ts>
struct Cases {
  static constexpr uint32_t align(bool wide) { return std::max({1u, Payload<Ts>::align(wide)...}); }
  static constexpr uint32_t at(bool wide) { return align(wide); }
  static constexpr uint32_t size(bool wide) {
    return up(at(wide) + std::max({0u, Payload<Ts>::size(wide)...}), align(wide));
  }
  static constexpr uint32_t kFlat = 1 + std::max({0u, Payload<Ts>::kFlat...});
};

inline bool bad_case(FlatCall& call) { return call.store().trap(component::CmTrap::InvalidDiscriminant); }

}  // namespace typed

// ---- numbers

template <class T>
  requires std::is_integral_v<T>
struct Wit<T> {
  static constexpr uint32_t size(bool) { return sizeof(T); }
  static constexpr uint32_t align(bool) { return sizeof(T); }
  static constexpr uint32_t kFlat = 1;
  static bool load(component::FlatCall&, const uint8_t* p, T& out) {
    if constexpr (std::is_same_v<T, bool>) out = *p != 0;
    else out = load_unaligned<T>(p);
    return true;
  }
  static bool lift(component::FlatCall&, component::FlatReader& flat, T& out) {
    if constexpr (sizeof(T) == 8) out = static_cast<T>(flat.u64());
    else if constexpr (std::is_same_v<T, bool>) out = flat.u32() != 0;
    else out = static_cast<T>(flat.u32());
    return true;
  }
  static bool store(component::FlatCall&, uint8_t* p, T v) {
    store_unaligned(p, v);
    return true;
  }
  static bool lower(component::FlatCall&, T v, uint64_t& bits) {
    if constexpr (std::is_signed_v<T>) bits = sizeof(T) == 8 ? static_cast<uint64_t>(v) : static_cast<uint32_t>(v);
    else bits = v;
    return true;
  }
  static component::ValType type(TypeMaker&) {
    using component::Primitive;
    if constexpr (std::is_same_v<T, bool>) return Primitive::Bool;
    constexpr Primitive kUnsigned[] = {Primitive::U8, Primitive::U16, Primitive::U32, Primitive::U64};
    constexpr Primitive kSigned[] = {Primitive::S8, Primitive::S16, Primitive::S32, Primitive::S64};
    constexpr int kLog = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return std::is_signed_v<T> ? kSigned[kLog] : kUnsigned[kLog];
  }
};

// ---- enums and flags

template <class T>
  requires(std::is_enum_v<T>)
struct Wit<T> {
  static_assert(Names<T>::kNames.size() <= 256);
  static constexpr uint32_t size(bool) { return 1; }
  static constexpr uint32_t align(bool) { return 1; }
  static constexpr uint32_t kFlat = 1;
  static bool from(component::FlatCall& call, uint32_t n, T& out) {
    if (n >= Names<T>::kNames.size()) return typed::bad_case(call);
    out = static_cast<T>(n);
    return true;
  }
  static bool load(component::FlatCall& call, const uint8_t* p, T& out) { return from(call, *p, out); }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, T& out) {
    return from(call, flat.u32(), out);
  }
  static bool store(component::FlatCall&, uint8_t* p, T v) {
    *p = static_cast<uint8_t>(v);
    return true;
  }
  static bool lower(component::FlatCall&, T v, uint64_t& bits) {
    bits = static_cast<uint8_t>(v);
    return true;
  }
  static component::ValType type(TypeMaker& m) {
    component::EnumType e;
    for (const std::string_view name : Names<T>::kNames) e.labels.emplace_back(name);
    return component::ValType::of(m.table.add(std::move(e)));
  }
};

template <class T>
concept FlagSet = requires(T t) {
  { t.bits } -> std::same_as<uint8_t&>;
  Names<T>::kNames;
};
template <FlagSet T>
struct Wit<T> {
  static_assert(Names<T>::kNames.size() <= 8);
  static constexpr uint8_t kMask = static_cast<uint8_t>((1u << Names<T>::kNames.size()) - 1);
  static constexpr uint32_t size(bool) { return 1; }
  static constexpr uint32_t align(bool) { return 1; }
  static constexpr uint32_t kFlat = 1;
  // Bits without a name are ignored. Spec: unpack_flags_from_int
  static bool load(component::FlatCall&, const uint8_t* p, T& out) { return out.bits = *p & kMask, true; }
  static bool lift(component::FlatCall&, component::FlatReader& flat, T& out) {
    return out.bits = static_cast<uint8_t>(flat.u32()) & kMask, true;
  }
  static bool store(component::FlatCall&, uint8_t* p, T v) { return *p = v.bits, true; }
  static bool lower(component::FlatCall&, T v, uint64_t& bits) { return bits = v.bits, true; }
  static component::ValType type(TypeMaker& m) {
    component::FlagsType f;
    for (const std::string_view name : Names<T>::kNames) f.labels.emplace_back(name);
    return component::ValType::of(m.table.add(std::move(f)));
  }
};

// ---- handles

template <class R>
struct Wit<Borrow<R>> {
  static constexpr uint32_t size(bool) { return 4; }
  static constexpr uint32_t align(bool) { return 4; }
  static constexpr uint32_t kFlat = 1;
  static bool from(component::FlatCall& call, uint32_t index, Borrow<R>& out) {
    uint64_t rep = 0;
    const auto& types = *static_cast<const HostTypes*>(call.data());
    if (!call.lift_borrow(index, *types.resources[R::kType], rep)) return false;
    out.resource = static_cast<R*>(HostResource::from_rep(rep));
    return true;
  }
  static bool load(component::FlatCall& call, const uint8_t* p, Borrow<R>& out) {
    return from(call, load_unaligned<uint32_t>(p), out);
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, Borrow<R>& out) {
    return from(call, flat.u32(), out);
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::BorrowType{m.resources[R::kType]}));
  }
};

template <class R>
struct Wit<Own<R>> {
  static constexpr uint32_t size(bool) { return 4; }
  static constexpr uint32_t align(bool) { return 4; }
  static constexpr uint32_t kFlat = 1;
  static bool from(component::FlatCall& call, uint32_t index, Own<R>& out) {
    uint64_t rep = 0;
    const auto& types = *static_cast<const HostTypes*>(call.data());
    if (!call.lift_own(index, *types.resources[R::kType], rep)) return false;
    out.resource = static_cast<R*>(HostResource::from_rep(rep));
    return true;
  }
  static bool load(component::FlatCall& call, const uint8_t* p, Own<R>& out) {
    return from(call, load_unaligned<uint32_t>(p), out);
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, Own<R>& out) {
    return from(call, flat.u32(), out);
  }
  static bool lower(component::FlatCall& call, Own<R> v, uint64_t& bits) {
    uint32_t index = 0;
    const auto& types = *static_cast<const HostTypes*>(call.data());
    if (!call.lower_own(*types.resources[R::kType], v.resource->rep(), index)) return false;
    bits = index;
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, Own<R> v) {
    uint64_t bits = 0;
    if (!lower(call, v, bits)) return false;
    store_unaligned(p, static_cast<uint32_t>(bits));
    return true;
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::OwnType{m.resources[R::kType]}));
  }
};

// ---- strings and lists

namespace typed {

// Pointer and length.
struct PairLayout {
  static constexpr uint32_t size(bool wide) { return 2 * pointer(wide); }
  static constexpr uint32_t align(bool wide) { return pointer(wide); }
  static constexpr uint32_t kFlat = 2;
};
template <class Self, class T>
struct PairIn : PairLayout {
  static bool load(FlatCall& call, const uint8_t* p, T& out) {
    const bool wide = call.wide();
    return Self::from(call, load_pointer(p, wide), load_pointer(p + pointer(wide), wide), out);
  }
  static bool lift(FlatCall& call, FlatReader& flat, T& out) {
    const uint64_t ptr = flat.address(call.wide());
    return Self::from(call, ptr, flat.address(call.wide()), out);
  }
};
inline bool store_pair(FlatCall& call, uint8_t* p, uint64_t ptr, uint64_t length) {
  store_pointer(p, ptr, call.wide());
  store_pointer(p + pointer(call.wide()), length, call.wide());
  return true;
}

}  // namespace typed

template <>
struct Wit<Text> : typed::PairIn<Wit<Text>, Text> {
  static bool from(component::FlatCall& call, uint64_t ptr, uint64_t units, Text& out) {
    return out.read(call, ptr, units);
  }
  static component::ValType type(TypeMaker&) { return component::Primitive::String; }
};

/// Out; what it views stays as it is until the function has returned to the guest.
template <>
struct Wit<std::string_view> : typed::PairLayout {
  static bool store(component::FlatCall& call, uint8_t* p, std::string_view v) {
    uint64_t ptr = 0, units = 0;
    return call.write_string(v, ptr, units) && typed::store_pair(call, p, ptr, units);
  }
  static component::ValType type(TypeMaker&) { return component::Primitive::String; }
};

/// In: copied, which is why it is bounded.
template <>
struct Wit<std::string> : typed::PairIn<Wit<std::string>, std::string> {
  static bool from(component::FlatCall& call, uint64_t ptr, uint64_t units, std::string& out) {
    if (units > kMaxCopiedString) return call.store().trap(component::CmTrap::ValueTooLarge);
    Text text;
    if (!text.read(call, ptr, units)) return false;
    out = text.get();
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, const std::string& v) {
    return Wit<std::string_view>::store(call, p, v);
  }
  static component::ValType type(TypeMaker&) { return component::Primitive::String; }
};

/// In: the guest's memory itself, valid until it runs. Out: copied.
template <>
struct Wit<std::span<const uint8_t>> : typed::PairIn<Wit<std::span<const uint8_t>>, std::span<const uint8_t>> {
  static bool from(component::FlatCall& call, uint64_t ptr, uint64_t length, std::span<const uint8_t>& out) {
    if (length > component::kMaxByteLength) return call.store().trap(component::CmTrap::ListTooLong);
    const uint8_t* p = call.memory(ptr, length);
    if (!p) return false;
    out = {p, static_cast<size_t>(length)};
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, std::span<const uint8_t> v) {
    uint64_t ptr = 0;
    if (!call.realloc(1, v.size(), ptr)) return false;
    uint8_t* to = call.memory(ptr, v.size());
    if (!to) return false;
    if (!v.empty()) std::memcpy(to, v.data(), v.size());
    return typed::store_pair(call, p, ptr, v.size());
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::ListType{component::Primitive::U8, std::nullopt}));
  }
};

template <class T>
struct Wit<std::vector<T>> : typed::PairIn<Wit<std::vector<T>>, std::vector<T>> {
  static bool from(component::FlatCall& call, uint64_t ptr, uint64_t length, std::vector<T>& out) {
    if (length > kMaxListElements) return call.store().trap(component::CmTrap::ValueTooLarge);
    const uint64_t size = Wit<T>::size(call.wide());
    const uint8_t* p = call.memory(ptr, length * size, Wit<T>::align(call.wide()));
    if (!p) return false;
    out.resize(static_cast<size_t>(length));
    for (size_t i = 0; i < out.size(); ++i)
      if (!Wit<T>::load(call, p + i * size, out[i])) return false;
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, const std::vector<T>& v) {
    const uint64_t size = Wit<T>::size(call.wide());
    uint64_t ptr = 0;
    if (!call.realloc(Wit<T>::align(call.wide()), v.size() * size, ptr)) return false;
    uint8_t* to = call.memory(ptr, v.size() * size, Wit<T>::align(call.wide()));
    if (!to) return false;
    for (size_t i = 0; i < v.size(); ++i)  // realloc may run meanwhile; memory does not move
      if (!Wit<T>::store(call, to + i * size, v[i])) return false;
    return typed::store_pair(call, p, ptr, v.size());
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::ListType{Wit<T>::type(m), std::nullopt}));
  }
};

// ---- records and tuples

namespace typed {

// Layout of fields one after the other; `F` has the fields' types.
template <class... Ts>
struct Sequence {
  static constexpr uint32_t align(bool wide) { return std::max({1u, Wit<Ts>::align(wide)...}); }
  static constexpr uint32_t size(bool wide) {
    uint32_t at = 0;
    ((at = up(at, Wit<Ts>::align(wide)) + Wit<Ts>::size(wide)), ...);
    return up(at, align(wide));
  }
  static constexpr uint32_t kFlat = (0 + ... + Wit<Ts>::kFlat);
  template <class... Refs>
  static bool load(FlatCall& call, const uint8_t* p, Refs&... out) {
    uint32_t at = 0;
    const auto one = [&]<class T>(T& v) {
      at = up(at, Wit<T>::align(call.wide()));
      const bool ok = Wit<T>::load(call, p + at, v);
      at += Wit<T>::size(call.wide());
      return ok;
    };
    return (one(out) && ...);
  }
  template <class... Refs>
  static bool store(FlatCall& call, uint8_t* p, const Refs&... v) {
    uint32_t at = 0;
    const auto one = [&]<class T>(const T& value) {
      at = up(at, Wit<T>::align(call.wide()));
      const bool ok = Wit<T>::store(call, p + at, value);
      at += Wit<T>::size(call.wide());
      return ok;
    };
    return (one(v) && ...);
  }
};

}  // namespace typed

template <class... Ts>
struct Wit<std::tuple<Ts...>> : typed::Sequence<Ts...> {
  using Base = typed::Sequence<Ts...>;
  static bool load(component::FlatCall& call, const uint8_t* p, std::tuple<Ts...>& out) {
    return std::apply([&](auto&... v) { return Base::load(call, p, v...); }, out);
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, std::tuple<Ts...>& out) {
    return std::apply([&](auto&... v) { return (Wit<Ts>::lift(call, flat, v) && ...); }, out);
  }
  static bool store(component::FlatCall& call, uint8_t* p, const std::tuple<Ts...>& v) {
    return std::apply([&](const auto&... x) { return Base::store(call, p, x...); }, v);
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::TupleType{{Wit<Ts>::type(m)...}}));
  }
};

template <class T, size_t N>
struct Wit<std::array<T, N>> {
  static constexpr uint32_t size(bool wide) { return Wit<T>::size(wide) * N; }
  static constexpr uint32_t align(bool wide) { return Wit<T>::align(wide); }
  static constexpr uint32_t kFlat = Wit<T>::kFlat * N;
  static bool load(component::FlatCall& call, const uint8_t* p, std::array<T, N>& out) {
    for (size_t i = 0; i < N; ++i)
      if (!Wit<T>::load(call, p + i * Wit<T>::size(call.wide()), out[i])) return false;
    return true;
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, std::array<T, N>& out) {
    for (T& v : out)
      if (!Wit<T>::lift(call, flat, v)) return false;
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, const std::array<T, N>& v) {
    for (size_t i = 0; i < N; ++i)
      if (!Wit<T>::store(call, p + i * Wit<T>::size(call.wide()), v[i])) return false;
    return true;
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(
        m.table.add(component::TupleType{std::vector<component::ValType>(N, Wit<T>::type(m))}));
  }
};

template <class T>
concept Record = requires { Fields<T>::kFields; };

namespace typed {
template <class T>
struct FieldTypes;
template <class... Ts, class... Ms>
struct FieldTypes<std::tuple<FieldOf<Ts, Ms>...>> {
  using Layout = Sequence<Ms...>;
};
template <class T>
using LayoutOf = typename FieldTypes<std::remove_cv_t<decltype(Fields<T>::kFields)>>::Layout;
}  // namespace typed

template <Record T>
struct Wit<T> : typed::LayoutOf<T> {
  using Base = typed::LayoutOf<T>;
  static bool load(component::FlatCall& call, const uint8_t* p, T& out) {
    return std::apply([&](const auto&... f) { return Base::load(call, p, out.*(f.member)...); }, Fields<T>::kFields);
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, T& out) {
    const auto one = [&]<class M>(M& member) { return Wit<M>::lift(call, flat, member); };
    return std::apply([&](const auto&... f) { return (one(out.*(f.member)) && ...); }, Fields<T>::kFields);
  }
  static bool store(component::FlatCall& call, uint8_t* p, const T& v) {
    return std::apply([&](const auto&... f) { return Base::store(call, p, v.*(f.member)...); }, Fields<T>::kFields);
  }
  static component::ValType type(TypeMaker& m) {
    component::RecordType r;
    const auto one = [&]<class M>(const FieldOf<T, M>& f) {
      r.fields.push_back({std::string(f.name), Wit<M>::type(m)});
    };
    std::apply([&](const auto&... f) { (one(f), ...); }, Fields<T>::kFields);
    return component::ValType::of(m.table.add(std::move(r)));
  }
};

// ---- variants

template <class T>
struct Wit<std::optional<T>> : typed::Cases<void, T> {
  using Base = typed::Cases<void, T>;
  static bool load(component::FlatCall& call, const uint8_t* p, std::optional<T>& out) {
    if (*p > 1) return typed::bad_case(call);
    if (*p == 0) return true;
    return Wit<T>::load(call, p + Base::at(call.wide()), out.emplace());
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, std::optional<T>& out) {
    const uint32_t n = flat.u32();
    if (n > 1) return typed::bad_case(call);
    if (n == 1) return Wit<T>::lift(call, flat, out.emplace());
    flat.skip(Wit<T>::kFlat);
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, const std::optional<T>& v) {
    *p = v.has_value();
    return !v || Wit<T>::store(call, p + Base::at(call.wide()), *v);
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::OptionType{Wit<T>::type(m)}));
  }
};

template <class T, class E>
struct Wit<std::expected<T, E>> : typed::Cases<T, E> {
  using Base = typed::Cases<T, E>;
  static bool load(component::FlatCall& call, const uint8_t* p, std::expected<T, E>& out) {
    if (*p > 1) return typed::bad_case(call);
    return value(out, *p == 0, [&]<class V>(V& v) { return Wit<V>::load(call, p + Base::at(call.wide()), v); });
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, std::expected<T, E>& out) {
    const uint32_t n = flat.u32();
    if (n > 1) return typed::bad_case(call);
    const uint32_t used = n == 0 ? typed::Payload<T>::kFlat : typed::Payload<E>::kFlat;
    if (!value(out, n == 0, [&]<class V>(V& v) { return Wit<V>::lift(call, flat, v); })) return false;
    flat.skip(Base::kFlat - 1 - used);
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, const std::expected<T, E>& v) {
    *p = !v;
    uint8_t* const at = p + Base::at(call.wide());
    if constexpr (!typed::kNoPayload<T>)
      if (v) return Wit<T>::store(call, at, *v);
    if constexpr (!typed::kNoPayload<E>)
      if (!v) return Wit<E>::store(call, at, v.error());
    return true;
  }
  /// Requires: neither has a payload.
  static bool lower(component::FlatCall&, const std::expected<T, E>& v, uint64_t& bits) {
    static_assert(Base::kFlat == 1);
    return bits = !v, true;
  }
  static component::ValType type(TypeMaker& m) {
    const component::OptType ok = typed::Payload<T>::type(m);
    return component::ValType::of(m.table.add(component::ResultType{ok, typed::Payload<E>::type(m)}));
  }

 private:
  template <class Read>
  static bool value(std::expected<T, E>& out, bool ok, Read read) {
    if (ok) {
      if constexpr (std::is_void_v<T>) return out.emplace(), true;
      else if constexpr (std::is_empty_v<T>) return out = T{}, true;
      else return read(out.emplace());
    }
    E error{};
    if constexpr (!typed::kNoPayload<E>)
      if (!read(error)) return false;
    out = std::unexpected(std::move(error));
    return true;
  }
};

template <class... Ts>
struct Wit<std::variant<Ts...>> : typed::Cases<Ts...> {
  using T = std::variant<Ts...>;
  using Base = typed::Cases<Ts...>;
  static bool load(component::FlatCall& call, const uint8_t* p, T& out) {
    return choose(call, *p, out, [&]<class V>(V& v) {
      if constexpr (typed::kNoPayload<V>) return true;
      else return Wit<V>::load(call, p + Base::at(call.wide()), v);
    });
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, T& out) {
    return choose(call, flat.u32(), out, [&]<class V>(V& v) {
      uint32_t used = 0;
      if constexpr (!typed::kNoPayload<V>) {
        if (!Wit<V>::lift(call, flat, v)) return false;
        used = Wit<V>::kFlat;
      }
      flat.skip(Base::kFlat - 1 - used);
      return true;
    });
  }
  static bool store(component::FlatCall& call, uint8_t* p, const T& v) {
    *p = static_cast<uint8_t>(v.index());
    return std::visit([&]<class V>(const V& value) {
      if constexpr (typed::kNoPayload<V>) return true;
      else return Wit<V>::store(call, p + Base::at(call.wide()), value);
    }, v);
  }
  static component::ValType type(TypeMaker& m) {
    static_assert(CaseNames<T>::kNames.size() == sizeof...(Ts));
    const component::OptType types[] = {typed::Payload<Ts>::type(m)...};
    component::VariantType v;
    for (size_t i = 0; i < sizeof...(Ts); ++i) v.cases.push_back({std::string(CaseNames<T>::kNames[i]), types[i]});
    return component::ValType::of(m.table.add(std::move(v)));
  }

 private:
  template <class Read>
  static bool choose(component::FlatCall& call, uint32_t n, T& out, Read read) {
    if (n >= sizeof...(Ts)) return typed::bad_case(call);
    bool ok = false;
    uint32_t i = 0;
    ((i++ == n ? void(ok = read(out.template emplace<Ts>())) : void()), ...);
    return ok;
  }
};

// ---- functions

namespace typed {

template <class F>
struct Signature;
template <class R, class Call, class... Args>
struct Signature<R (*)(Call&, Args...)> {
  using Result = R;
  using CallType = Call;
  using Params = std::tuple<std::decay_t<Args>...>;
  using Layout = Sequence<std::decay_t<Args>...>;
};

template <class Params>
bool lift_params(FlatCall& call, Params& params) {
  FlatReader flat(call.args());
  // Four is what callers pass flat that do not wait, the fewest.
  if constexpr (Wit<Params>::kFlat > component::kMaxFlatAsyncParams) {
    if (Wit<Params>::kFlat > call.max_flat_params()) {
      const uint64_t ptr = flat.address(call.wide());
      const uint8_t* p = call.memory(ptr, Wit<Params>::size(call.wide()), Wit<Params>::align(call.wide()));
      return p && Wit<Params>::load(call, p, params);
    }
  }
  if constexpr (Wit<Params>::kFlat > component::kMaxFlatParams) return false;
  else return Wit<Params>::lift(call, flat, params);
}

/// Whether a result goes to memory, and where: read it before the arguments are overwritten.
template <class R>
uint64_t result_address(FlatCall& call) {
  return Payload<R>::kFlat > call.max_flat_results() ? call.out_address() : 0;
}

/// Gives the result of a call.
template <class R>
bool give_result(FlatCall& call, uint64_t out, const R& result) {
  if constexpr (kNoPayload<R>) {
    return true;
  } else {
    if (Wit<R>::kFlat > call.max_flat_results()) {
      uint8_t* p = call.memory(out, Wit<R>::size(call.wide()), Wit<R>::align(call.wide()));
      return p && Wit<R>::store(call, p, result);
    }
    if constexpr (Wit<R>::kFlat <= 1) {
      uint64_t bits = 0;
      if (!Wit<R>::lower(call, result, bits)) return false;
      call.set_result(bits);
    }
    return true;
  }
}

/// A result that comes later: Async<R> of another layer specialises this.
template <class R>
struct ResultType {
  using Type = R;
};

}  // namespace typed

/// The flat host function that calls F: R F(Call&, args...). `Call` is made from the FlatCall; its `outcome` other than
/// Ok ends the call without a result.
template <auto F>
component::FlatHostFn typed_function() {
  return [](component::FlatCall& flat) -> Outcome {
    using S = typed::Signature<decltype(F)>;
    using R = typename S::Result;
    typename S::Params params;
    [[maybe_unused]] const uint64_t out = typed::result_address<R>(flat);
    if (!typed::lift_params(flat, params)) return Outcome::Trap;
    typename S::CallType call(flat);
    const auto run = [&](auto&... args) { return F(call, args...); };
    if constexpr (std::is_void_v<R>) {
      std::apply(run, params);
      return call.outcome;
    } else {
      const R result = std::apply(run, params);
      if (call.outcome != Outcome::Ok) return call.outcome;
      return typed::give_result(flat, out, result) ? Outcome::Ok : Outcome::Trap;
    }
  };
}

/// Its component type. `names`: of the parameters, separated by spaces.
template <auto F>
component::TypeId typed_function_type(TypeMaker& m, std::string_view names, bool async = false) {
  using S = typed::Signature<decltype(F)>;
  component::FuncType f;
  f.async_ = async;
  const auto param = [&]<class T>(std::type_identity<T>) {
    const size_t end = std::min(names.find(' '), names.size());
    f.params.push_back({std::string(names.substr(0, end)), Wit<T>::type(m)});
    names.remove_prefix(std::min(end + 1, names.size()));
  };
  [&]<class... Ts>(std::type_identity<std::tuple<Ts...>>) {
    (param(std::type_identity<Ts>{}), ...);
  }(std::type_identity<typename S::Params>{});
  f.result = typed::Payload<typename typed::ResultType<typename S::Result>::Type>::type(m);
  return m.table.add(std::move(f));
}

}  // namespace skiff::wasi
