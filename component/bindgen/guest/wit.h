// wit.h: what C++ bindings made by `skiff bindgen --guest` are built on. How values of component types lie in
// memory and travel as core values (Component Model, canonical ABI), who owns what, handles of resources.
// It is part of what is generated; programs include the header of their world and need nothing of this file
// but resource, borrow and exported.
//
// Memory: what the other side gives us was allocated by cabi_realloc, which is realloc(); whoever reads it frees
// it. What we give stays ours; it lives until the call ends (imports) or until post-return (exports).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace wit {

// ---- resources

/// A handle as a number.
struct handle {
  int32_t number;
};

/// A resource of another component: the handle of one, dropped when this ends. R is the class made for it.
template <class R>
class resource {
 public:
  resource(resource&& other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
  resource& operator=(resource&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~resource() {
    if (handle_ != 0) R::wit_drop(handle_);
  }
  /// False: it was moved from.
  explicit operator bool() const { return handle_ != 0; }
  int32_t wit_handle() const { return handle_; }
  /// The handle, which is the caller's from now on.
  int32_t wit_release() { return std::exchange(handle_, 0); }

 protected:
  explicit resource(handle h) : handle_(h.number) {}

 private:
  int32_t handle_;
};

/// A resource of another component that somebody else owns, inside of other values.
template <class R>
class borrow {
 public:
  borrow() = default;
  borrow(const R& r) : handle_(r.wit_handle()) {}  // NOLINT: implicit
  explicit borrow(handle h) : handle_(h.number) {}
  int32_t wit_handle() const { return handle_; }
  /// Calls f(const R&).
  template <class F>
  decltype(auto) with(F&& f) const {
    struct lent {
      R r;
      ~lent() { r.wit_release(); }
    } one{R(handle{handle_})};
    return std::forward<F>(f)(std::as_const(one.r));
  }

 private:
  int32_t handle_ = 0;
};

/// Base of the classes of exported resources; programs derive from those.
class exported {
 public:
  exported() = default;
  exported(const exported&) = delete;
  exported& operator=(const exported&) = delete;
  virtual ~exported() = default;

 private:
  template <class R>
  friend struct own_of;
  bool given_back_ = false;
};

// What generated code says about its types.
template <class T>
struct fields;  // records: of(value), a std::tie of the fields
template <class T>
struct intrinsics;  // exported resources: make(rep), rep(handle), drop(handle)
template <class T>
concept flag_set = requires { typename T::wit_flags; };  // flags have a member `bits`
template <class T>
concept variant_type = requires { typename T::wit_cases; };  // variants: a std::variant `value` of structs

// ---- memory of one call

/// Memory that lowered values need besides their own, and handles that end with the call.
class scratch {
 public:
  scratch() = default;
  scratch(const scratch&) = delete;
  ~scratch() { clear(); }
  void* take(size_t size) {
    auto* block = static_cast<header*>(std::malloc(sizeof(header) + size));
    if (!block) __builtin_trap();
    block->next = first_;
    first_ = block;
    return block + 1;
  }
  /// Frees `p`, which came by cabi_realloc, when the call ends.
  void adopt(void* p, size_t size) {
    if (size != 0) *static_cast<void**>(take(sizeof(void*))) = p, first_->owned = true;
  }
  /// Drops a borrowed handle when the call ends.
  void drop_later(void (*drop)(int32_t), int32_t handle) {
    auto* entry = static_cast<pending*>(take(sizeof(pending)));
    *entry = {drop, handle};
    first_->borrowed = true;
  }
  void clear() {
    while (first_) {
      header* block = std::exchange(first_, first_->next);
      if (block->owned) std::free(*reinterpret_cast<void**>(block + 1));
      if (block->borrowed) {
        auto* entry = reinterpret_cast<pending*>(block + 1);
        entry->drop(entry->handle);
      }
      std::free(block);
    }
  }

 private:
  struct alignas(16) header {
    header* next = nullptr;
    bool owned = false;
    bool borrowed = false;
  };
  struct pending {
    void (*drop)(int32_t);
    int32_t handle;
  };
  header* first_ = nullptr;
};

// ---- core values

using slot = uint64_t;
template <class T>
slot to_slot(T v) {
  if constexpr (std::is_same_v<T, float>) return std::bit_cast<uint32_t>(v);
  else if constexpr (std::is_same_v<T, double>) return std::bit_cast<uint64_t>(v);
  else if constexpr (sizeof(T) <= 4) return static_cast<uint32_t>(v);
  else return static_cast<uint64_t>(v);
}
template <class T>
T from_slot(slot v) {
  if constexpr (std::is_same_v<T, float>) return std::bit_cast<float>(static_cast<uint32_t>(v));
  else if constexpr (std::is_same_v<T, double>) return std::bit_cast<double>(v);
  else return static_cast<T>(v);
}
template <class T>
T peek(const uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
void poke(uint8_t* p, T v) {
  std::memcpy(p, &v, sizeof v);
}
constexpr size_t up(size_t n, size_t align) { return (n + align - 1) & ~(align - 1); }
template <class T>
T* at(uint32_t address) {
  return reinterpret_cast<T*>(static_cast<uintptr_t>(address));
}
inline uint32_t address(const void* p) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p)); }

// ---- codecs: how a type lies in memory (size, align; store, load) and as core values (flat; lower, lift).
// load and lift take what they find: memory and handles are ours afterwards. lower and store take own handles
// from values, which are not const then.

template <class T>
struct codec;
template <class T>
using codec_of = codec<std::remove_cvref_t<T>>;
template <class T>
inline constexpr bool no_payload = std::is_void_v<T> || std::is_empty_v<T>;

// Values that are the same in C++ and in the ABI: their lists are passed as they are.
template <class T>
concept plain = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
// A number of another width or kind than T, as which T travels.
template <class T, class As>
struct as_number {
  static constexpr size_t size = sizeof(As), align = sizeof(As), flat = 1;
  static void store(T v, uint8_t* p, scratch&) { poke(p, static_cast<As>(v)); }
  static T load(const uint8_t* p, scratch&) { return static_cast<T>(peek<As>(p)); }
  static void lower(T v, slot*& out, scratch&) { *out++ = to_slot(static_cast<As>(v)); }
  static T lift(const slot*& in, scratch&) { return static_cast<T>(from_slot<As>(*in++)); }
};
template <plain T>
struct codec<T> : as_number<T, T> {
  // Signed narrow numbers are sign-extended.
  static void lower(T v, slot*& out, scratch&) {
    if constexpr (std::is_signed_v<T> && sizeof(T) < 4) *out++ = to_slot(static_cast<int32_t>(v));
    else *out++ = to_slot(v);
  }
};
template <>
struct codec<bool> : as_number<bool, uint8_t> {
  static bool lift(const slot*& in, scratch&) { return static_cast<uint32_t>(*in++) != 0; }
};
template <class T>
  requires(std::is_enum_v<T>)
struct codec<T> : as_number<T, std::underlying_type_t<T>> {};
template <flag_set T>
struct codec<T> {
  using bits = decltype(T::bits);
  static constexpr size_t size = sizeof(bits), align = sizeof(bits), flat = 1;
  static T make(bits b) {
    T v;
    v.bits = b;
    return v;
  }
  static void store(T v, uint8_t* p, scratch&) { poke(p, v.bits); }
  static T load(const uint8_t* p, scratch&) { return make(peek<bits>(p)); }
  static void lower(T v, slot*& out, scratch&) { *out++ = v.bits; }
  static T lift(const slot*& in, scratch&) { return make(static_cast<bits>(*in++)); }
};

// Handles. R: own, of another component; borrow<R>; unique_ptr<R>: own, of a resource of ours; R*: borrowed.
template <class R>
struct handle_layout {
  static constexpr size_t size = 4, align = 4, flat = 1;
};
template <class R>
  requires(std::is_base_of_v<resource<R>, R>)
struct codec<R> : handle_layout<R> {
  static void store(R& v, uint8_t* p, scratch&) { poke(p, v.wit_release()); }
  static R load(const uint8_t* p, scratch&) { return R(handle{peek<int32_t>(p)}); }
  static void lower(R& v, slot*& out, scratch&) { *out++ = to_slot(v.wit_release()); }
  static R lift(const slot*& in, scratch&) { return R(handle{from_slot<int32_t>(*in++)}); }
};
template <class R>
struct codec<borrow<R>> : handle_layout<R> {
  static void store(borrow<R> v, uint8_t* p, scratch&) { poke(p, v.wit_handle()); }
  static void lower(borrow<R> v, slot*& out, scratch&) { *out++ = to_slot(v.wit_handle()); }
  static borrow<R> load(const uint8_t* p, scratch& s) { return take(peek<int32_t>(p), s); }
  static borrow<R> lift(const slot*& in, scratch& s) { return take(from_slot<int32_t>(*in++), s); }

 private:
  static borrow<R> take(int32_t number, scratch& s) {
    s.drop_later(R::wit_drop, number);
    return borrow<R>(handle{number});
  }
};
template <class R>
struct own_of {
  static int32_t give(std::unique_ptr<R>& v) { return intrinsics<R>::make(v.release()); }
  /// The object of a handle that we were given. Dropping the handle calls the destructor, which lets it live.
  static std::unique_ptr<R> take(int32_t handle) {
    R* object = intrinsics<R>::rep(handle);
    object->given_back_ = true;
    intrinsics<R>::drop(handle);
    return std::unique_ptr<R>(object);
  }
  /// What dropping the last handle calls.
  static void destroy(R* object) {
    if (!std::exchange(object->given_back_, false)) delete object;
  }
};
template <class R>
struct codec<std::unique_ptr<R>> : handle_layout<R> {
  static void store(std::unique_ptr<R>& v, uint8_t* p, scratch&) { poke(p, own_of<R>::give(v)); }
  static void lower(std::unique_ptr<R>& v, slot*& out, scratch&) { *out++ = to_slot(own_of<R>::give(v)); }
  static std::unique_ptr<R> load(const uint8_t* p, scratch&) { return own_of<R>::take(peek<int32_t>(p)); }
  static std::unique_ptr<R> lift(const slot*& in, scratch&) { return own_of<R>::take(from_slot<int32_t>(*in++)); }
};
template <class R>
struct codec<R*> : handle_layout<R> {
  static R* load(const uint8_t* p, scratch&) { return at<R>(peek<uint32_t>(p)); }
  static R* lift(const slot*& in, scratch&) { return at<R>(from_slot<uint32_t>(*in++)); }
};

// ---- strings and lists: pointer and length

template <class Self>
struct pair_codec {
  static constexpr size_t size = 8, align = 4, flat = 2;
  static void store(auto& v, uint8_t* p, scratch& s) {
    poke(p, Self::data(v, s));
    poke(p + 4, static_cast<uint32_t>(v.size()));
  }
  static auto load(const uint8_t* p, scratch& s) { return Self::take(peek<uint32_t>(p), peek<uint32_t>(p + 4), s); }
  static void lower(auto& v, slot*& out, scratch& s) {
    *out++ = Self::data(v, s);
    *out++ = static_cast<uint32_t>(v.size());
  }
  static auto lift(const slot*& in, scratch& s) {
    const auto p = static_cast<uint32_t>(*in++);
    return Self::take(p, static_cast<uint32_t>(*in++), s);
  }
};
template <class T>
uint32_t list_data(T* data, size_t length, scratch& s) {
  using C = codec_of<T>;
  if constexpr (plain<std::remove_const_t<T>>) {
    return length ? address(data) : C::align;
  } else {
    if (length == 0) return C::align;
    auto* p = static_cast<uint8_t*>(s.take(length * C::size));
    for (size_t i = 0; i < length; ++i) C::store(data[i], p + i * C::size, s);
    return address(p);
  }
}
template <class T>
std::vector<T> take_list(uint32_t p, uint32_t length, scratch& s) {
  using C = codec<T>;
  std::vector<T> v;
  if (length == 0) return v;
  const auto* bytes = at<const uint8_t>(p);
  if constexpr (plain<T>) {
    v.resize(length);
    std::memcpy(v.data(), bytes, length * sizeof(T));
  } else {
    v.reserve(length);
    for (uint32_t i = 0; i < length; ++i) v.push_back(C::load(bytes + i * C::size, s));
  }
  std::free(at<void>(p));
  return v;
}
template <>
struct codec<std::string> : pair_codec<codec<std::string>> {
  static uint32_t data(const std::string& v, scratch&) { return v.empty() ? 1 : address(v.data()); }
  static std::string take(uint32_t p, uint32_t length, scratch&) {
    if (length == 0) return {};
    std::string v(at<const char>(p), length);
    std::free(at<void>(p));
    return v;
  }
};
/// Lifted: valid until the call ends.
template <>
struct codec<std::string_view> : pair_codec<codec<std::string_view>> {
  static uint32_t data(std::string_view v, scratch&) { return v.empty() ? 1 : address(v.data()); }
  static std::string_view take(uint32_t p, uint32_t length, scratch& s) {
    s.adopt(at<void>(p), length);
    return length ? std::string_view(at<const char>(p), length) : std::string_view();
  }
};
template <class T>
struct codec<std::vector<T>> : pair_codec<codec<std::vector<T>>> {
  static uint32_t data(auto& v, scratch& s) { return list_data(v.data(), v.size(), s); }
  static std::vector<T> take(uint32_t p, uint32_t length, scratch& s) { return take_list<T>(p, length, s); }
};
template <>
struct codec<std::vector<bool>> : pair_codec<codec<std::vector<bool>>> {
  static uint32_t data(const std::vector<bool>& v, scratch& s) {
    if (v.empty()) return 1;
    auto* p = static_cast<uint8_t*>(s.take(v.size()));
    for (size_t i = 0; i < v.size(); ++i) p[i] = v[i];
    return address(p);
  }
  static std::vector<bool> take(uint32_t p, uint32_t length, scratch& s) { return take_list<bool>(p, length, s); }
};
/// Lifted, of plain types: valid until the call ends.
template <class T>
struct codec<std::span<const T>> : pair_codec<codec<std::span<const T>>> {
  static uint32_t data(std::span<const T> v, scratch& s) { return list_data(v.data(), v.size(), s); }
  static std::span<const T> take(uint32_t p, uint32_t length, scratch& s)
    requires plain<T>
  {
    s.adopt(at<void>(p), length);
    return length ? std::span<const T>(at<const T>(p), length) : std::span<const T>();
  }
};

// ---- records and tuples

template <class... Ts>
struct sequence {
  static constexpr size_t align = [] {
    size_t most = 1;
    ((most = codec<Ts>::align > most ? codec<Ts>::align : most), ...);
    return most;
  }();
  static constexpr size_t size = [] {
    size_t end = 0;
    ((end = up(end, codec<Ts>::align) + codec<Ts>::size), ...);
    return up(end, align);
  }();
  static constexpr size_t flat = (size_t{0} + ... + codec<Ts>::flat);
  template <class Tie>
  static void store_all(Tie tie, uint8_t* p, scratch& s) {
    size_t end = 0;
    const auto one = [&](auto& v) {
      using C = codec_of<decltype(v)>;
      C::store(v, p + (end = up(end, C::align)), s);
      end += C::size;
    };
    std::apply([&](auto&... v) { (one(v), ...); }, tie);
  }
  static std::tuple<Ts...> load_all(const uint8_t* p, scratch& s) {
    size_t end = 0;
    const auto one = [&]<class T>(std::type_identity<T>) {
      using C = codec<T>;
      const size_t start = up(end, C::align);
      end = start + C::size;
      return C::load(p + start, s);
    };
    return std::tuple<Ts...>{one(std::type_identity<Ts>{})...};  // braces: from left to right
  }
  template <class Tie>
  static void lower_all(Tie tie, slot*& out, scratch& s) {
    std::apply([&](auto&... v) { (codec_of<decltype(v)>::lower(v, out, s), ...); }, tie);
  }
  static std::tuple<Ts...> lift_all(const slot*& in, scratch& s) {
    return std::tuple<Ts...>{codec<Ts>::lift(in, s)...};
  }
};
template <class... Ts>
struct codec<std::tuple<Ts...>> : sequence<Ts...> {
  using base = sequence<Ts...>;
  static auto tie(auto& v) {
    return std::apply([](auto&... x) { return std::tie(x...); }, v);
  }
  static void store(auto& v, uint8_t* p, scratch& s) { base::store_all(tie(v), p, s); }
  static std::tuple<Ts...> load(const uint8_t* p, scratch& s) { return base::load_all(p, s); }
  static void lower(auto& v, slot*& out, scratch& s) { base::lower_all(tie(v), out, s); }
  static std::tuple<Ts...> lift(const slot*& in, scratch& s) { return base::lift_all(in, s); }
};
// Lists of fixed length.
template <class T, size_t N>
struct codec<std::array<T, N>> {
  static constexpr size_t size = N * codec<T>::size, align = codec<T>::align, flat = N * codec<T>::flat;
  static void store(auto& v, uint8_t* p, scratch& s) {
    for (size_t i = 0; i < N; ++i) codec<T>::store(v[i], p + i * codec<T>::size, s);
  }
  static std::array<T, N> load(const uint8_t* p, scratch& s) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::array<T, N>{codec<T>::load(p + I * codec<T>::size, s)...};
    }(std::make_index_sequence<N>{});
  }
  static void lower(auto& v, slot*& out, scratch& s) {
    for (auto& element : v) codec<T>::lower(element, out, s);
  }
  static std::array<T, N> lift(const slot*& in, scratch& s) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::array<T, N>{((void)I, codec<T>::lift(in, s))...};
    }(std::make_index_sequence<N>{});
  }
};
template <class Tie>
struct sequence_of;
template <class... Ts>
struct sequence_of<std::tuple<Ts&...>> {
  using type = sequence<Ts...>;
};
template <class T>
concept record = requires(T& v) { fields<T>::of(v); };
template <record T>
struct codec<T> : sequence_of<decltype(fields<T>::of(std::declval<T&>()))>::type {
  using base = typename sequence_of<decltype(fields<T>::of(std::declval<T&>()))>::type;
  static void store(auto& v, uint8_t* p, scratch& s) { base::store_all(fields<T>::of(v), p, s); }
  static T load(const uint8_t* p, scratch& s) { return make(base::load_all(p, s)); }
  static void lower(auto& v, slot*& out, scratch& s) { base::lower_all(fields<T>::of(v), out, s); }
  static T lift(const slot*& in, scratch& s) { return make(base::lift_all(in, s)); }

 private:
  template <class... Ts>
  static T make(std::tuple<Ts...>&& all) {
    return std::apply([](Ts&... v) { return T{std::move(v)...}; }, all);
  }
};

// ---- variants, options, results

template <class T>
struct payload : codec<T> {};
template <class T>
  requires no_payload<T>
struct payload<T> {
  static constexpr size_t size = 0, align = 1, flat = 0;
};
// Discriminants of `N` cases.
template <size_t N>
using discriminant = std::conditional_t<(N <= 256), uint8_t, std::conditional_t<(N <= 65536), uint16_t, uint32_t>>;
template <class... Ts>
struct case_layout {
  using tag = discriminant<sizeof...(Ts)>;
  static constexpr size_t align = [] {
    size_t most = sizeof(tag);
    ((most = payload<Ts>::align > most ? payload<Ts>::align : most), ...);
    return most;
  }();
  static constexpr size_t body = align;  // where payloads are
  static constexpr size_t size = [] {
    size_t most = 0;
    ((most = payload<Ts>::size > most ? payload<Ts>::size : most), ...);
    return up(body + most, align);
  }();
  static constexpr size_t flat = [] {
    size_t most = 0;
    ((most = payload<Ts>::flat > most ? payload<Ts>::flat : most), ...);
    return 1 + most;
  }();
  // Values of fewer core values than the largest are followed by zeros.
  static void pad(slot*& out, size_t used) {
    for (; used + 1 < flat; ++used) *out++ = 0;
  }
};
// A case's payload: the case struct's only member, if it has one.
template <class Case>
struct case_payload {
  using type = void;
};
template <class Case>
  requires requires(Case& c) { c.value; }
struct case_payload<Case> {
  using type = decltype(Case::value);
};
template <class V>
struct layout_of;
template <class... Cs>
struct layout_of<std::variant<Cs...>> {
  using type = case_layout<typename case_payload<Cs>::type...>;
};
template <variant_type T>
struct codec<T> : layout_of<decltype(T::value)>::type {
  using value_type = decltype(T::value);
  using base = typename layout_of<value_type>::type;
  static void store(auto& v, uint8_t* p, scratch& s) {
    poke(p, static_cast<typename base::tag>(v.value.index()));
    std::visit([&](auto& c) {
      if constexpr (requires { c.value; }) codec_of<decltype(c.value)>::store(c.value, p + base::body, s);
    }, v.value);
  }
  static T load(const uint8_t* p, scratch& s) {
    return choose(peek<typename base::tag>(p), [&]<class P>(std::type_identity<P>) {
      return codec<P>::load(p + base::body, s);
    });
  }
  static void lower(auto& v, slot*& out, scratch& s) {
    *out++ = v.value.index();
    std::visit([&](auto& c) {
      size_t used = 0;
      if constexpr (requires { c.value; }) {
        codec_of<decltype(c.value)>::lower(c.value, out, s);
        used = codec_of<decltype(c.value)>::flat;
      }
      base::pad(out, used);
    }, v.value);
  }
  static T lift(const slot*& in, scratch& s) {
    const auto tag = static_cast<uint32_t>(*in++);
    const slot* body = in;
    in += base::flat - 1;
    return choose(tag, [&]<class P>(std::type_identity<P>) { return codec<P>::lift(body, s); });
  }

 private:
  template <size_t I = 0, class Read>
  static T choose(size_t tag, Read read) {
    if constexpr (I == std::variant_size_v<value_type>) {
      __builtin_trap();
    } else {
      if (tag != I) return choose<I + 1>(tag, read);
      using Case = std::variant_alternative_t<I, value_type>;
      return T{value_type(std::in_place_index<I>, one<Case>(read))};
    }
  }
  template <class Case, class Read>
  static Case one(Read read) {
    if constexpr (requires(Case& c) { c.value; })
      return Case{read(std::type_identity<typename case_payload<Case>::type>{})};
    else return Case{};
  }
};
template <class T>
struct codec<std::optional<T>> : case_layout<void, T> {
  using base = case_layout<void, T>;
  static void store(auto& v, uint8_t* p, scratch& s) {
    poke(p, static_cast<uint8_t>(v.has_value()));
    if (v) codec<T>::store(*v, p + base::body, s);
  }
  static std::optional<T> load(const uint8_t* p, scratch& s) {
    if (*p == 0) return std::nullopt;
    return codec<T>::load(p + base::body, s);
  }
  static void lower(auto& v, slot*& out, scratch& s) {
    *out++ = v.has_value();
    if (v) codec<T>::lower(*v, out, s);
    else base::pad(out, 0);
  }
  static std::optional<T> lift(const slot*& in, scratch& s) {
    const bool some = static_cast<uint32_t>(*in++) != 0;
    const slot* body = in;
    in += base::flat - 1;
    if (!some) return std::nullopt;
    return codec<T>::lift(body, s);
  }
};
template <class T, class E>
struct codec<std::expected<T, E>> : case_layout<T, E> {
  using base = case_layout<T, E>;
  static void store(auto& v, uint8_t* p, scratch& s) {
    poke(p, static_cast<uint8_t>(!v.has_value()));
    if (v) {
      if constexpr (!no_payload<T>) codec<T>::store(*v, p + base::body, s);
    } else {
      if constexpr (!no_payload<E>) codec<E>::store(v.error(), p + base::body, s);
    }
  }
  static std::expected<T, E> load(const uint8_t* p, scratch& s) {
    return make(*p == 0, [&]<class P>(std::type_identity<P>) { return codec<P>::load(p + base::body, s); });
  }
  static void lower(auto& v, slot*& out, scratch& s) {
    *out++ = !v.has_value();
    if (v) {
      if constexpr (!no_payload<T>) codec<T>::lower(*v, out, s);
      base::pad(out, payload<T>::flat);
    } else {
      if constexpr (!no_payload<E>) codec<E>::lower(v.error(), out, s);
      base::pad(out, payload<E>::flat);
    }
  }
  static std::expected<T, E> lift(const slot*& in, scratch& s) {
    const bool ok = static_cast<uint32_t>(*in++) == 0;
    const slot* body = in;
    in += base::flat - 1;
    return make(ok, [&]<class P>(std::type_identity<P>) { return codec<P>::lift(body, s); });
  }

 private:
  template <class Read>
  static std::expected<T, E> make(bool ok, Read read) {
    if (ok) {
      if constexpr (std::is_void_v<T>) return {};
      else if constexpr (std::is_empty_v<T>) return T{};
      else return read(std::type_identity<T>{});
    }
    if constexpr (std::is_empty_v<E>) return std::unexpected(E{});
    else return std::unexpected(read(std::type_identity<E>{}));
  }
};

// ---- calls of imports

inline constexpr size_t max_flat_params = 16;

/// Calls an import: `core` is its core function, `args` its arguments; own handles in them are given away.
template <class R, class CoreResult, class... Core, class... Args>
R call(CoreResult (*core)(Core...), Args&&... args) {
  using params = sequence<std::remove_cvref_t<Args>...>;
  constexpr bool in_memory = params::flat > max_flat_params;
  constexpr bool to_memory = payload<R>::flat > 1;
  scratch memory;
  slot flat[sizeof...(Core) + 1];
  slot* end = flat;
  alignas(8) [[maybe_unused]] uint8_t record[in_memory ? params::size : 1];
  alignas(8) [[maybe_unused]] uint8_t result[to_memory ? payload<R>::size : 1];
  if constexpr (in_memory) {
    params::store_all(std::tie(args...), record, memory);
    *end++ = address(record);
  } else {
    (codec_of<Args>::lower(args, end, memory), ...);
  }
  if constexpr (to_memory) *end++ = address(result);
  const auto run = [&]<size_t... I>(std::index_sequence<I...>) { return core(from_slot<Core>(flat[I])...); };
  if constexpr (std::is_void_v<CoreResult>) {
    run(std::index_sequence_for<Core...>{});
    if constexpr (to_memory) return codec<R>::load(result, memory);
  } else {
    flat[0] = to_slot(run(std::index_sequence_for<Core...>{}));
    const slot* in = flat;
    return codec<R>::lift(in, memory);
  }
}

// ---- calls of exports

/// The arguments of a call of an export, taken one after the other.
class arguments {
 public:
  /// Flat ones.
  template <class... Core>
  explicit arguments(std::in_place_t, Core... core) : flat_{to_slot(core)...} {}
  /// A record in memory, which is ours.
  explicit arguments(uint32_t record) : record_(at<uint8_t>(record)) { memory_.adopt(record_, 1); }
  template <class T>
  T take() {
    if (!record_) return codec<T>::lift(next_, memory_);
    offset_ = up(offset_, codec<T>::align);
    const uint8_t* p = record_ + offset_;
    offset_ += codec<T>::size;
    return codec<T>::load(p, memory_);
  }

 private:
  slot flat_[max_flat_params] = {};
  const slot* next_ = flat_;
  uint8_t* record_ = nullptr;
  size_t offset_ = 0;
  scratch memory_;
};

/// Where the result of type R of an export is until post-return.
template <class R>
struct result_area {
  union storage {
    storage() {}
    ~storage() {}
    R value;
  };
  alignas(8) static inline uint8_t bytes[payload<R>::size ? payload<R>::size : 1];
  static inline storage kept;
  static inline scratch* memory = nullptr;
};
/// The result of an export that needs nothing afterwards.
template <class CoreResult, class R>
CoreResult give(R&& value) {
  using T = std::remove_cvref_t<R>;
  scratch memory;
  if constexpr (codec<T>::flat > 1) {
    codec<T>::store(value, result_area<T>::bytes, memory);
    return static_cast<CoreResult>(address(result_area<T>::bytes));
  } else {
    slot flat[1];
    slot* end = flat;
    codec<T>::lower(value, end, memory);
    return from_slot<CoreResult>(flat[0]);
  }
}
/// One whose memory is read after we return; `finish<R>` is its post-return.
template <class R>
int32_t give_until_finish(R&& value) {
  using T = std::remove_cvref_t<R>;
  using area = result_area<T>;
  new (&area::kept.value) T(std::move(value));
  area::memory = new scratch;
  codec<T>::store(area::kept.value, area::bytes, *area::memory);
  return static_cast<int32_t>(address(area::bytes));
}
template <class R>
void finish() {
  using area = result_area<R>;
  area::kept.value.~R();
  delete std::exchange(area::memory, nullptr);
}

}  // namespace wit
