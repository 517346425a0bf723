// Codecs of what has parts: records, tuples, lists of fixed length, variants, options, results. The layout rules are
// those of CanonicalABI.md (alignment, elem_size, flatten_type); Sequence and CaseLayout are all there is of them.
// Included by bind.h, after the codecs of the parts.   Thread: as the store.
#pragma once

#include "component/bindgen/host/codec.h"

namespace skiff::bind {

// ---- records and tuples

// Values one after the other.
template <class... Ts>
struct Sequence {
  static constexpr uint32_t align([[maybe_unused]] bool wide) { return std::max({1u, codec<Ts>::align(wide)...}); }
  static constexpr uint32_t size(bool wide) {
    uint32_t at = 0;
    ((at = up(at, codec<Ts>::align(wide)) + codec<Ts>::size(wide)), ...);
    return up(at, align(wide));
  }
  static constexpr uint32_t kFlat = (0 + ... + codec<Ts>::kFlat);
  template <class... Refs>
  static bool load_all(Context& c, const uint8_t* p, Refs&... out) {
    uint32_t at = 0;
    [[maybe_unused]] const auto one = [&]<class T>(T& v) {
      at = up(at, codec<T>::align(c.wide()));
      const uint8_t* here = p + at;
      at += codec<T>::size(c.wide());
      return codec<T>::load(c, here, v);
    };
    return (one(out) && ...);
  }
  template <class... Refs>
  static bool store_all(Context& c, uint8_t* p, Refs&... v) {
    uint32_t at = 0;
    [[maybe_unused]] const auto one = [&](auto& value) {
      using C = codec_of<decltype(value)>;
      at = up(at, C::align(c.wide()));
      uint8_t* here = p + at;
      at += C::size(c.wide());
      return C::store(c, value, here);
    };
    return (one(v) && ...);
  }
  template <class... Refs>
  static bool lift_all(Context& c, component::FlatReader& in, Refs&... out) {
    return (codec<Refs>::lift(c, in, out) && ...);
  }
  template <class... Refs>
  static bool lower_all(Context& c, component::FlatWriter& out, Refs&... v) {
    return (codec_of<Refs>::lower(c, v, out) && ...);
  }
};

template <class... Ts>
struct codec<std::tuple<Ts...>> : Sequence<Ts...> {
  using Base = Sequence<Ts...>;
  static bool load(Context& c, const uint8_t* p, std::tuple<Ts...>& out) {
    return std::apply([&](auto&... v) { return Base::load_all(c, p, v...); }, out);
  }
  static bool lift(Context& c, component::FlatReader& in, std::tuple<Ts...>& out) {
    return std::apply([&](auto&... v) { return Base::lift_all(c, in, v...); }, out);
  }
  template <class T>
  static bool store(Context& c, T& v, uint8_t* p) {
    return std::apply([&](auto&... x) { return Base::store_all(c, p, x...); }, v);
  }
  template <class T>
  static bool lower(Context& c, T& v, component::FlatWriter& out) {
    return std::apply([&](auto&... x) { return Base::lower_all(c, out, x...); }, v);
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::TupleType{{codec<Ts>::type(m)...}}));
  }
};

template <class T>
concept Record = requires { Fields<T>::kFields; };
template <class Tuple>
struct FieldTypes;
template <class... Ts, class... Ms>
struct FieldTypes<std::tuple<FieldOf<Ts, Ms>...>> {
  using Layout = Sequence<Ms...>;
};
template <Record T>
struct codec<T> : FieldTypes<std::remove_cv_t<decltype(Fields<T>::kFields)>>::Layout {
  using Base = typename FieldTypes<std::remove_cv_t<decltype(Fields<T>::kFields)>>::Layout;
  static bool load(Context& c, const uint8_t* p, T& out) {
    return std::apply([&](const auto&... f) { return Base::load_all(c, p, out.*(f.member)...); }, Fields<T>::kFields);
  }
  static bool lift(Context& c, component::FlatReader& in, T& out) {
    return std::apply([&](const auto&... f) { return Base::lift_all(c, in, out.*(f.member)...); }, Fields<T>::kFields);
  }
  template <class U>
  static bool store(Context& c, U& v, uint8_t* p) {
    return std::apply([&](const auto&... f) { return Base::store_all(c, p, v.*(f.member)...); }, Fields<T>::kFields);
  }
  template <class U>
  static bool lower(Context& c, U& v, component::FlatWriter& out) {
    return std::apply([&](const auto&... f) { return Base::lower_all(c, out, v.*(f.member)...); }, Fields<T>::kFields);
  }
  static component::ValType type(TypeMaker& m) {
    component::RecordType r;
    const auto one = [&]<class M>(const FieldOf<T, M>& f) {
      r.fields.push_back({std::string(f.name), codec<M>::type(m)});
    };
    std::apply([&](const auto&... f) { (one(f), ...); }, Fields<T>::kFields);
    return component::ValType::of(m.table.add(std::move(r)));
  }
};

template <class T, size_t N>
struct codec<FixedList<T, N>> {
  static constexpr uint32_t size(bool wide) { return N * codec<T>::size(wide); }
  static constexpr uint32_t align(bool wide) { return codec<T>::align(wide); }
  static constexpr uint32_t kFlat = N * codec<T>::kFlat;
  static bool load(Context& c, const uint8_t* p, FixedList<T, N>& out) {
    for (size_t i = 0; i < N; ++i)
      if (!codec<T>::load(c, p + i * codec<T>::size(c.wide()), out[i])) return false;
    return true;
  }
  static bool lift(Context& c, component::FlatReader& in, FixedList<T, N>& out) {
    for (T& v : out)
      if (!codec<T>::lift(c, in, v)) return false;
    return true;
  }
  template <class U>
  static bool store(Context& c, U& v, uint8_t* p) {
    for (size_t i = 0; i < N; ++i)
      if (!codec<T>::store(c, v[i], p + i * codec<T>::size(c.wide()))) return false;
    return true;
  }
  template <class U>
  static bool lower(Context& c, U& v, component::FlatWriter& out) {
    for (auto& one : v)
      if (!codec<T>::lower(c, one, out)) return false;
    return true;
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::ListType{codec<T>::type(m), static_cast<uint32_t>(N)}));
  }
};

// ---- variants, options, results

template <class T>
inline constexpr bool kNoPayload = std::is_void_v<T> || std::is_same_v<T, std::monostate>;
// A case's payload, which may be none.
template <class T>
struct Payload : codec<T> {};
template <class T>
  requires kNoPayload<T>
struct Payload<T> {
  static constexpr uint32_t size(bool) { return 0; }
  static constexpr uint32_t align(bool) { return 1; }
  static constexpr uint32_t kFlat = 0;
  static component::OptType type(TypeMaker&) { return std::nullopt; }
};

template <class... Ts>
struct CaseLayout {
  using Tag = std::conditional_t<(sizeof...(Ts) <= 256), uint8_t,
                                 std::conditional_t<(sizeof...(Ts) <= 65536), uint16_t, uint32_t>>;
  static constexpr uint32_t align(bool wide) { return std::max({uint32_t{sizeof(Tag)}, Payload<Ts>::align(wide)...}); }
  static constexpr uint32_t body(bool wide) { return align(wide); }
  static constexpr uint32_t size(bool wide) {
    return up(body(wide) + std::max({0u, Payload<Ts>::size(wide)...}), align(wide));
  }
  static constexpr uint32_t kFlat = 1 + std::max({0u, Payload<Ts>::kFlat...});
  // Payloads of fewer core values than the largest are followed by zeros.
  static void pad(component::FlatWriter& out, uint32_t used) {
    for (; used + 1 < kFlat; ++used) out.put(0);
  }
};

template <class T>
struct codec<std::optional<T>> : CaseLayout<void, T> {
  using Base = CaseLayout<void, T>;
  static bool load(Context& c, const uint8_t* p, std::optional<T>& out) {
    if (*p > 1) return c.trap(component::CmTrap::InvalidDiscriminant);
    return *p == 0 || codec<T>::load(c, p + Base::body(c.wide()), out.emplace());
  }
  static bool lift(Context& c, component::FlatReader& in, std::optional<T>& out) {
    const uint32_t n = in.u32();
    if (n > 1) return c.trap(component::CmTrap::InvalidDiscriminant);
    if (n == 1) return codec<T>::lift(c, in, out.emplace());
    in.skip(Base::kFlat - 1);
    return true;
  }
  template <class U>
  static bool store(Context& c, U& v, uint8_t* p) {
    *p = v.has_value();
    return !v || codec<T>::store(c, *v, p + Base::body(c.wide()));
  }
  template <class U>
  static bool lower(Context& c, U& v, component::FlatWriter& out) {
    out.put(v.has_value());
    if (v) return codec<T>::lower(c, *v, out);
    Base::pad(out, 0);
    return true;
  }
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::OptionType{codec<T>::type(m)}));
  }
};

template <class T, class E>
struct codec<std::expected<T, E>> : CaseLayout<T, E> {
  using Base = CaseLayout<T, E>;
  static bool load(Context& c, const uint8_t* p, std::expected<T, E>& out) {
    if (*p > 1) return c.trap(component::CmTrap::InvalidDiscriminant);
    return read(out, *p == 0, [&]<class V>(V& v) { return codec<V>::load(c, p + Base::body(c.wide()), v); });
  }
  static bool lift(Context& c, component::FlatReader& in, std::expected<T, E>& out) {
    const uint32_t n = in.u32();
    if (n > 1) return c.trap(component::CmTrap::InvalidDiscriminant);
    if (!read(out, n == 0, [&]<class V>(V& v) { return codec<V>::lift(c, in, v); })) return false;
    in.skip(Base::kFlat - 1 - (n == 0 ? Payload<T>::kFlat : Payload<E>::kFlat));
    return true;
  }
  template <class U>
  static bool store(Context& c, U& v, uint8_t* p) {
    *p = !v.has_value();
    return write(v, [&](auto& x) { return codec_of<decltype(x)>::store(c, x, p + Base::body(c.wide())); });
  }
  template <class U>
  static bool lower(Context& c, U& v, component::FlatWriter& out) {
    out.put(!v.has_value());
    if (!write(v, [&](auto& x) { return codec_of<decltype(x)>::lower(c, x, out); })) return false;
    Base::pad(out, v ? Payload<T>::kFlat : Payload<E>::kFlat);
    return true;
  }
  static component::ValType type(TypeMaker& m) {
    const component::OptType ok = Payload<T>::type(m);
    return component::ValType::of(m.table.add(component::ResultType{ok, Payload<E>::type(m)}));
  }

 private:
  template <class F>
  static bool read(std::expected<T, E>& out, bool ok, F f) {
    if (ok) {
      if constexpr (std::is_void_v<T>) return out.emplace(), true;
      else if constexpr (kNoPayload<T>) return out = T{}, true;
      else {
        T value{};
        if (!f(value)) return false;
        return out = std::move(value), true;
      }
    }
    E error{};
    if constexpr (!kNoPayload<E>)
      if (!f(error)) return false;
    out = std::unexpected(std::move(error));
    return true;
  }
  template <class U, class F>
  static bool write(U& v, F f) {
    if (v) {
      if constexpr (!kNoPayload<T>) return f(*v);
    } else {
      if constexpr (!kNoPayload<E>) return f(v.error());
    }
    return true;
  }
};

// Variants of WIT: structs with a std::variant `value` of structs, which have a `value` if the case has a payload.
template <class Case>
struct CasePayload {
  using Type = void;
};
template <class Case>
  requires requires(Case& c) { c.value; }
struct CasePayload<Case> {
  using Type = decltype(Case::value);
};
template <class V>
struct VariantLayout;
template <class... Cs>
struct VariantLayout<std::variant<Cs...>> : CaseLayout<typename CasePayload<Cs>::Type...> {};
template <class T>
concept VariantType = requires { typename T::wit_cases; };
template <VariantType T>
struct codec<T> : VariantLayout<decltype(T::value)> {
  using Alternatives = decltype(T::value);
  using Base = VariantLayout<Alternatives>;
  using Tag = typename Base::Tag;
  static bool load(Context& c, const uint8_t* p, T& out) {
    return choose(c, load_unaligned<Tag>(p), out,
                  [&]<class V>(V& v) { return codec<V>::load(c, p + Base::body(c.wide()), v); });
  }
  static bool lift(Context& c, component::FlatReader& in, T& out) {
    uint32_t used = 0;
    const bool ok = choose(c, in.u32(), out, [&]<class V>(V& v) {
      used = codec<V>::kFlat;
      return codec<V>::lift(c, in, v);
    });
    if (ok) in.skip(Base::kFlat - 1 - used);
    return ok;
  }
  template <class U>
  static bool store(Context& c, U& v, uint8_t* p) {
    store_unaligned(p, static_cast<Tag>(v.value.index()));
    return std::visit([&](auto& one) {
      if constexpr (requires { one.value; })
        return codec_of<decltype(one.value)>::store(c, one.value, p + Base::body(c.wide()));
      else return true;
    }, v.value);
  }
  template <class U>
  static bool lower(Context& c, U& v, component::FlatWriter& out) {
    out.put(v.value.index());
    return std::visit([&](auto& one) {
      uint32_t used = 0;
      if constexpr (requires { one.value; }) {
        using C = codec_of<decltype(one.value)>;
        if (!C::lower(c, one.value, out)) return false;
        used = C::kFlat;
      }
      Base::pad(out, used);
      return true;
    }, v.value);
  }
  static component::ValType type(TypeMaker& m) {
    component::VariantType v;
    const auto one = [&]<class Case>(std::type_identity<Case>) {
      v.cases.push_back({std::string(Cases<T>::kNames[v.cases.size()]), Payload<typename CasePayload<Case>::Type>::type(m)});
    };
    [&]<class... Cs>(std::type_identity<std::variant<Cs...>>) {
      (one(std::type_identity<Cs>{}), ...);
    }(std::type_identity<Alternatives>{});
    return component::ValType::of(m.table.add(std::move(v)));
  }

 private:
  template <size_t I = 0, class Read>
  static bool choose(Context& c, size_t tag, T& out, Read read) {
    if constexpr (I == std::variant_size_v<Alternatives>) {
      return c.trap(component::CmTrap::InvalidDiscriminant);
    } else {
      if (tag != I) return choose<I + 1>(c, tag, out, read);
      std::variant_alternative_t<I, Alternatives> one{};
      if constexpr (requires { one.value; })
        if (!read(one.value)) return false;
      out.value.template emplace<I>(std::move(one));
      return true;
    }
  }
};

}  // namespace skiff::bind
