// What the HTTP of WASI 0.2 and 0.3 have in common: methods, schemes and errors as component types, fields as guests
// handle them, and the account of what they make the host keep.
// Thread: as the store.
#pragma once

#include "wasi/common/state.h"
#include "wasi/os/http.h"

namespace skiff::wasi {

// The payloads of errors.
struct HttpDnsPayload {
  std::optional<std::string> rcode;
  std::optional<uint16_t> info_code;
};
struct HttpAlertPayload {
  std::optional<uint8_t> id;
  std::optional<std::string> message;
};
struct HttpFieldPayload {
  std::optional<std::string> name;
  std::optional<uint32_t> size;
};

enum class FieldStatus : uint8_t { Ok, Invalid, Forbidden, Immutable, Full };

/// The list of fields that a guest gives at once, and whether it is good.
struct FieldList {
  HttpFields fields;
  FieldStatus status = FieldStatus::Ok;
};

/// Fields that a guest has: its own, or somebody's that it may look at.
class GuestFields {
 public:
  GuestFields(HttpMemory& memory, HttpFields own)
      : own_(std::move(own)), fields_(&own_), charge_(memory, own_.bytes()) {}
  /// `shared` outlives this.
  GuestFields(HttpMemory& memory, const HttpFields* shared) : fields_(shared), charge_(memory, 0) {}
  GuestFields(const GuestFields&) = delete;

  const HttpFields& get() const { return *fields_; }
  bool is_mutable() const { return fields_ == &own_; }
  /// Their end. Copied when they are somebody's.
  HttpFields take() { return is_mutable() ? std::move(own_) : *fields_; }

  std::vector<Bytes> values(std::string_view name) const;
  std::vector<std::tuple<std::string_view, Bytes>> entries() const;
  FieldStatus set(std::string_view name, const std::vector<Bytes>& values);
  FieldStatus append(std::string_view name, Bytes value);
  FieldStatus remove(std::string_view name);

 private:
  HttpFields own_;
  const HttpFields* fields_;
  HttpCharge charge_;
};

/// True when fields of the name may be changed; else why not.
FieldStatus check_field_name(std::string_view name);
inline std::string_view as_text(Bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
inline Bytes as_bytes(std::string_view s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

/// Sends a request where the guest may send one; `body` null: it is empty.
HttpResult<std::shared_ptr<HttpPending>> send_request(Ctx& ctx, HttpRequestHead head, std::shared_ptr<HttpBody> body,
                                                      const HttpRequestOptions& options);

// ---- component types

template <>
struct Fields<HttpDnsPayload> {
  static constexpr auto kFields =
      std::tuple(field("rcode", &HttpDnsPayload::rcode), field("info-code", &HttpDnsPayload::info_code));
};
template <>
struct Fields<HttpAlertPayload> {
  static constexpr auto kFields =
      std::tuple(field("alert-id", &HttpAlertPayload::id), field("alert-message", &HttpAlertPayload::message));
};
template <>
struct Fields<HttpFieldPayload> {
  static constexpr auto kFields =
      std::tuple(field("field-name", &HttpFieldPayload::name), field("field-size", &HttpFieldPayload::size));
};

namespace typed {

// A variant whose last case has a string and the others nothing. `Self` has kNames, to() and from().
template <class Self, class T>
struct TextCases : Cases<void, std::string> {
  using Base = Cases<void, std::string>;
  static constexpr uint32_t last() { return static_cast<uint32_t>(Self::kNames.size()) - 1; }
  static bool load(FlatCall& call, const uint8_t* p, T& out) {
    if (*p > last()) return bad_case(call);
    out.kind = static_cast<typename T::Kind>(*p);
    return *p != last() || Wit<std::string>::load(call, p + Base::at(call.wide()), out.other);
  }
  static bool lift(FlatCall& call, FlatReader& flat, T& out) {
    const uint32_t n = flat.u32();
    if (n > last()) return bad_case(call);
    out.kind = static_cast<typename T::Kind>(n);
    if (n == last()) return Wit<std::string>::lift(call, flat, out.other);
    flat.skip(Wit<std::string>::kFlat);
    return true;
  }
  static bool store(FlatCall& call, uint8_t* p, const T& v) {
    *p = static_cast<uint8_t>(v.kind);
    return *p != last() || Wit<std::string>::store(call, p + Base::at(call.wide()), v.other);
  }
  static component::ValType type(TypeMaker& m) {
    component::VariantType v;
    for (const std::string_view name : Self::kNames) v.cases.push_back({std::string(name), std::nullopt});
    v.cases.back().type = component::Primitive::String;
    return component::ValType::of(m.table.add(std::move(v)));
  }
};

}  // namespace typed

/// What comes in as `other` may be no valid method, or one of the others: parse its text().
template <>
struct Wit<HttpMethod> : typed::TextCases<Wit<HttpMethod>, HttpMethod> {
  static constexpr std::array<std::string_view, 10> kNames = {"get",     "head",    "post",  "put",   "delete",
                                                              "connect", "options", "trace", "patch", "other"};
};
template <>
struct Wit<HttpScheme> : typed::TextCases<Wit<HttpScheme>, HttpScheme> {
  static constexpr std::array<std::string_view, 3> kNames = {"HTTP", "HTTPS", "other"};
};

template <>
struct Wit<HttpError> : typed::Cases<void, HttpDnsPayload, HttpAlertPayload, HttpFieldPayload,
                                     std::optional<HttpFieldPayload>, std::optional<uint32_t>,
                                     std::optional<uint64_t>, std::optional<std::string>> {
  static bool load(component::FlatCall& call, const uint8_t* p, HttpError& out);
  static bool lift(component::FlatCall& call, component::FlatReader& flat, HttpError& out);
  static bool store(component::FlatCall& call, uint8_t* p, const HttpError& v);
  /// The same as dynamic values. Requires: of the type.
  static component::Val value(const HttpError& v);
  static HttpError from_value(const component::Val& v);
  static component::ValType type(TypeMaker& m);
};

/// list<tuple<string, list<u8>>>, in; reading stops at the first field that is wrong.
template <>
struct Wit<FieldList> : typed::PairIn<Wit<FieldList>, FieldList> {
  using Element = Wit<std::tuple<Text, Bytes>>;
  static bool from(component::FlatCall& call, uint64_t ptr, uint64_t length, FieldList& out);
  static component::ValType type(TypeMaker& m) {
    return component::ValType::of(m.table.add(component::ListType{Element::type(m), std::nullopt}));
  }
};

}  // namespace skiff::wasi
