// Streams, futures and open-ended variants as component types of C++ types (wasi/typed/typed.h):
//
//   StreamOut<T>, FutureOut<T>   a readable end that the guest is given; the host writes
//   StreamIn<T>, FutureIn<T>     a readable end that the guest gives away; the host reads
//   WithOther<E>                 a variant of E's cases without payloads, and other(option<string>), which says no more here
//
// T says the element's component type; how elements are moved is the business of the host's end.
#pragma once

#include "component/exec/host_stream.h"
#include "wasi/common/async.h"

namespace skiff::wasi {

template <bool kStream, class T>
struct ReadableOut {
  component::SharedObjectPtr object;
};
template <class T> using StreamOut = ReadableOut<true, T>;
template <class T> using FutureOut = ReadableOut<false, T>;

template <bool kStream, class T>
struct ReadableIn {
  component::SharedObjectPtr object;
};
template <class T> using StreamIn = ReadableIn<true, T>;
template <class T> using FutureIn = ReadableIn<false, T>;

template <class E>
struct WithOther {
  E code{};
  WithOther() = default;
  WithOther(E code) : code(code) {}
};

namespace typed {

template <bool kStream, class T>
component::ValType readable_type(TypeMaker& m) {
  const component::OptType element = Payload<T>::type(m);
  return component::ValType::of(kStream ? m.table.add(component::StreamType{element})
                                        : m.table.add(component::FutureType{element}));
}

struct IndexLayout {
  static constexpr uint32_t size(bool) { return 4; }
  static constexpr uint32_t align(bool) { return 4; }
  static constexpr uint32_t kFlat = 1;
};

}  // namespace typed

template <bool kStream, class T>
struct Wit<ReadableOut<kStream, T>> : typed::IndexLayout {
  static bool lower(component::FlatCall& call, const ReadableOut<kStream, T>& v, uint64_t& bits) {
    uint32_t index = 0;
    if (!call.lower_readable(kStream, v.object, index)) return false;
    bits = index;
    return true;
  }
  static bool store(component::FlatCall& call, uint8_t* p, const ReadableOut<kStream, T>& v) {
    uint64_t bits = 0;
    if (!lower(call, v, bits)) return false;
    store_unaligned(p, static_cast<uint32_t>(bits));
    return true;
  }
  static component::ValType type(TypeMaker& m) { return typed::readable_type<kStream, T>(m); }
};

template <bool kStream, class T>
struct Wit<ReadableIn<kStream, T>> : typed::IndexLayout {
  static bool load(component::FlatCall& call, const uint8_t* p, ReadableIn<kStream, T>& out) {
    return call.lift_readable(kStream, load_unaligned<uint32_t>(p), out.object);
  }
  static bool lift(component::FlatCall& call, component::FlatReader& flat, ReadableIn<kStream, T>& out) {
    return call.lift_readable(kStream, flat.u32(), out.object);
  }
  static component::ValType type(TypeMaker& m) { return typed::readable_type<kStream, T>(m); }
};

template <class E>
struct Wit<WithOther<E>> : typed::Cases<void, std::optional<std::string>> {
  using Base = typed::Cases<void, std::optional<std::string>>;
  static constexpr size_t kOther = Names<E>::kNames.size() - 1;
  static bool store(component::FlatCall& call, uint8_t* p, const WithOther<E>& v) {
    *p = static_cast<uint8_t>(v.code);
    return *p != kOther ||
           Wit<std::optional<std::string>>::store(call, p + Base::at(call.wide()), std::nullopt);
  }
  static component::Val value(E code) {
    const auto n = static_cast<uint32_t>(code);
    return n == kOther ? component::Val::of_case(n, component::Val::none()) : component::Val::of_case(n);
  }
  static component::ValType type(TypeMaker& m) {
    component::VariantType v;
    for (size_t i = 0; i <= kOther; ++i)
      v.cases.push_back({std::string(Names<E>::kNames[i]),
                         i == kOther ? component::OptType(Wit<std::optional<std::string>>::type(m)) : std::nullopt});
    return component::ValType::of(m.table.add(std::move(v)));
  }
};

}  // namespace skiff::wasi
