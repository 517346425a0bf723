// Fields of guests, and errors as a component type.
#include "wasi/common/http.h"

#include "engine/base/utf8.h"

namespace skiff::wasi {

FieldStatus check_field_name(std::string_view name) {
  if (!is_http_token(name)) return FieldStatus::Invalid;
  return is_forbidden_field(name) ? FieldStatus::Forbidden : FieldStatus::Ok;
}

namespace {

FieldStatus add(HttpFields& fields, std::string_view name, Bytes value) {
  if (const FieldStatus s = check_field_name(name); s != FieldStatus::Ok) return s;
  switch (fields.append(name, as_text(value))) {
    case HttpFields::Outcome::Ok: break;
    case HttpFields::Outcome::Invalid: return FieldStatus::Invalid;
    case HttpFields::Outcome::Full: return FieldStatus::Full;
  }
  return FieldStatus::Ok;
}

}  // namespace

std::vector<Bytes> GuestFields::values(std::string_view name) const {
  std::vector<Bytes> all;
  for (size_t i = 0; i < fields_->count(); ++i)
    if (const HttpFields::Field f = fields_->at(i); equal_ignoring_case(f.name, name)) all.push_back(as_bytes(f.value));
  return all;
}

std::vector<std::tuple<std::string_view, Bytes>> GuestFields::entries() const {
  std::vector<std::tuple<std::string_view, Bytes>> all;
  all.reserve(fields_->count());
  for (size_t i = 0; i < fields_->count(); ++i) {
    const HttpFields::Field f = fields_->at(i);
    all.emplace_back(f.name, as_bytes(f.value));
  }
  return all;
}

FieldStatus GuestFields::set(std::string_view name, const std::vector<Bytes>& values) {
  if (!is_mutable()) return FieldStatus::Immutable;
  if (const FieldStatus s = check_field_name(name); s != FieldStatus::Ok) return s;
  uint64_t size = 0;
  for (const Bytes value : values) {
    if (!is_http_field_value(as_text(value))) return FieldStatus::Invalid;
    size += name.size() + value.size() + HttpFields::kOverhead;
  }
  // Nothing is changed unless all fit.
  uint64_t before = 0, count = 0;
  for (const Bytes value : this->values(name)) {
    before += name.size() + value.size() + HttpFields::kOverhead;
    ++count;
  }
  if (own_.bytes() - before + size > own_.limits().bytes || own_.count() - count + values.size() > own_.limits().count)
    return FieldStatus::Full;
  own_.remove(name);
  for (const Bytes value : values) add(own_, name, value);
  charge_.set(own_.bytes());
  return FieldStatus::Ok;
}

FieldStatus GuestFields::append(std::string_view name, Bytes value) {
  if (!is_mutable()) return FieldStatus::Immutable;
  const FieldStatus s = add(own_, name, value);
  charge_.set(own_.bytes());
  return s;
}

FieldStatus GuestFields::remove(std::string_view name) {
  if (!is_mutable()) return FieldStatus::Immutable;
  if (const FieldStatus s = check_field_name(name); s != FieldStatus::Ok) return s;
  own_.remove(name);
  charge_.set(own_.bytes());
  return FieldStatus::Ok;
}

bool Wit<FieldList>::from(component::FlatCall& call, uint64_t ptr, uint64_t length, FieldList& out) {
  if (length > kMaxListElements) return call.store().trap(component::CmTrap::ValueTooLarge);
  const uint64_t size = Element::size(call.wide());
  const uint8_t* p = call.memory(ptr, length * size, Element::align(call.wide()));
  if (!p) return false;
  out.fields = HttpFields(static_cast<WasiState*>(call.store().core().data())->ctx.limits.http_fields);
  for (uint64_t i = 0; i < length && out.status == FieldStatus::Ok; ++i) {
    std::tuple<Text, Bytes> entry;
    if (!Element::load(call, p + i * size, entry)) return false;
    out.status = add(out.fields, std::get<0>(entry).get(), std::get<1>(entry));
  }
  return true;
}

// ---- sending

namespace {

// Where the request goes, which it gets into its head.
HttpResult<HttpOrigin> complete(HttpRequestHead& head) {
  if (!head.scheme) head.scheme = HttpScheme{HttpScheme::Kind::Https, {}};
  if (head.scheme->kind == HttpScheme::Kind::Other) return http_fail(HttpErrorCode::RequestUriInvalid);
  const auto authority = head.authority ? HttpAuthority::parse(*head.authority) : std::nullopt;
  if (!authority) return http_fail(HttpErrorCode::RequestUriInvalid);
  if (head.method.kind == HttpMethod::Kind::Connect) return http_fail(HttpErrorCode::RequestMethodInvalid);
  return HttpOrigin::of(*head.scheme, *authority);
}

}  // namespace

HttpResult<std::shared_ptr<HttpPending>> send_request(Ctx& ctx, HttpRequestHead head, std::shared_ptr<HttpBody> body,
                                                      const HttpRequestOptions& options) {
  const auto origin = complete(head);
  if (!origin) return std::unexpected(origin.error());
  if (!ctx.http.allows(*origin)) {
    ctx.http.refused(*origin);
    return http_fail(HttpErrorCode::RequestDenied);
  }
  std::optional<uint64_t> length;
  if (!head.fields.content_length(length)) return http_fail(HttpErrorCode::ProtocolError);
  if (!body) {
    // Nobody asked for the body, so it is empty.
    body = HttpBody::create({HttpBody::Of::Request, length});
    if (const auto r = body->finish(); !r) return std::unexpected(r.error());
  }
  if (!ctx.http_client)
    return std::unexpected(HttpError{HttpErrorCode::InternalError, {}, "there is no HTTP client here"});
  return ctx.http_client->send(std::move(head), options, std::move(body), ctx.http);
}

// ---- errors

namespace {

// Calls `f` with the payload's type, which is void for none.
template <class F>
auto with_payload(HttpErrorCode code, F f) {
  switch (payload_of(code)) {
    case HttpErrorPayload::None: break;
    case HttpErrorPayload::Dns: return f(std::type_identity<HttpDnsPayload>{});
    case HttpErrorPayload::Alert: return f(std::type_identity<HttpAlertPayload>{});
    case HttpErrorPayload::Size32: return f(std::type_identity<std::optional<uint32_t>>{});
    case HttpErrorPayload::Size64: return f(std::type_identity<std::optional<uint64_t>>{});
    case HttpErrorPayload::Field: return f(std::type_identity<HttpFieldPayload>{});
    case HttpErrorPayload::OptionalField: return f(std::type_identity<std::optional<HttpFieldPayload>>{});
    case HttpErrorPayload::Text: return f(std::type_identity<std::optional<std::string>>{});
  }
  return f(std::type_identity<void>{});
}

void take(HttpError& e, HttpDnsPayload p) { e.text = std::move(p.rcode), e.number = p.info_code; }
void take(HttpError& e, HttpAlertPayload p) { e.text = std::move(p.message), e.number = p.id; }
void take(HttpError& e, HttpFieldPayload p) { e.text = std::move(p.name), e.number = p.size; }
void take(HttpError& e, std::optional<HttpFieldPayload> p) {
  if (p) take(e, *std::move(p));
}
void take(HttpError& e, std::optional<uint32_t> p) { e.number = p; }
void take(HttpError& e, std::optional<uint64_t> p) { e.number = p; }
void take(HttpError& e, std::optional<std::string> p) { e.text = std::move(p); }

template <class N>
std::optional<N> number(const HttpError& e) {
  if (!e.number) return std::nullopt;
  return static_cast<N>(std::min<uint64_t>(*e.number, std::numeric_limits<N>::max()));
}
void give(const HttpError& e, HttpDnsPayload& p) { p = {e.text, number<uint16_t>(e)}; }
void give(const HttpError& e, HttpAlertPayload& p) { p = {number<uint8_t>(e), e.text}; }
void give(const HttpError& e, HttpFieldPayload& p) { p = {e.text, number<uint32_t>(e)}; }
void give(const HttpError& e, std::optional<HttpFieldPayload>& p) {
  if (e.text || e.number) give(e, p.emplace());
}
void give(const HttpError& e, std::optional<uint32_t>& p) { p = number<uint32_t>(e); }
void give(const HttpError& e, std::optional<uint64_t>& p) { p = e.number; }
void give(const HttpError& e, std::optional<std::string>& p) { p = e.text; }

constexpr uint32_t kErrors = static_cast<uint32_t>(HttpErrorCode::InternalError) + 1;

}  // namespace

bool Wit<HttpError>::load(component::FlatCall& call, const uint8_t* p, HttpError& out) {
  if (*p >= kErrors) return typed::bad_case(call);
  out = {static_cast<HttpErrorCode>(*p)};
  return with_payload(out.code, [&]<class P>(std::type_identity<P>) {
    if constexpr (!std::is_void_v<P>) {
      P payload;
      if (!Wit<P>::load(call, p + at(call.wide()), payload)) return false;
      take(out, std::move(payload));
    }
    return true;
  });
}

bool Wit<HttpError>::lift(component::FlatCall& call, component::FlatReader& flat, HttpError& out) {
  const uint32_t n = flat.u32();
  if (n >= kErrors) return typed::bad_case(call);
  out = {static_cast<HttpErrorCode>(n)};
  return with_payload(out.code, [&]<class P>(std::type_identity<P>) {
    if constexpr (!std::is_void_v<P>) {
      P payload;
      if (!Wit<P>::lift(call, flat, payload)) return false;
      take(out, std::move(payload));
    }
    flat.skip(kFlat - 1 - typed::Payload<P>::kFlat);
    return true;
  });
}

bool Wit<HttpError>::store(component::FlatCall& call, uint8_t* p, const HttpError& v) {
  *p = static_cast<uint8_t>(v.code);
  return with_payload(v.code, [&]<class P>(std::type_identity<P>) {
    if constexpr (!std::is_void_v<P>) {
      P payload;
      give(v, payload);
      return Wit<P>::store(call, p + at(call.wide()), payload);
    }
    return true;
  });
}

namespace {

using component::Val;

Val to_val(const std::string& s) { return Val::of_string(is_utf8(s) ? s : std::string()); }
Val to_val(uint8_t v) { return Val::of_u8(v); }
Val to_val(uint16_t v) { return Val::of_u16(v); }
Val to_val(uint32_t v) { return Val::of_u32(v); }
Val to_val(uint64_t v) { return Val::of_u64(v); }
template <class T>
Val to_val(const std::optional<T>& v);
template <Record T>
Val to_val(const T& v) {
  std::vector<Val> fields;
  std::apply([&](const auto&... f) { (fields.push_back(to_val(v.*(f.member))), ...); }, Fields<T>::kFields);
  return Val::of_record(std::move(fields));
}
template <class T>
Val to_val(const std::optional<T>& v) {
  return v ? Val::some(to_val(*v)) : Val::none();
}

void from_val(const Val& v, std::string& out) { out = v.string(); }
template <std::integral T>
void from_val(const Val& v, T& out) {
  out = static_cast<T>(v.bits());
}
template <class T>
void from_val(const Val& v, std::optional<T>& out);
template <Record T>
void from_val(const Val& v, T& out) {
  size_t i = 0;
  std::apply([&](const auto&... f) { (from_val(v.items()[i++], out.*(f.member)), ...); }, Fields<T>::kFields);
}
template <class T>
void from_val(const Val& v, std::optional<T>& out) {
  if (v.case_index() == 1) from_val(*v.payload(), out.emplace());
}

}  // namespace

Val Wit<HttpError>::value(const HttpError& v) {
  const auto n = static_cast<uint32_t>(v.code);
  return with_payload(v.code, [&]<class P>(std::type_identity<P>) {
    if constexpr (std::is_void_v<P>) {
      return Val::of_case(n);
    } else {
      P payload;
      give(v, payload);
      return Val::of_case(n, to_val(payload));
    }
  });
}

HttpError Wit<HttpError>::from_value(const Val& v) {
  HttpError out{static_cast<HttpErrorCode>(v.case_index())};
  with_payload(out.code, [&]<class P>(std::type_identity<P>) {
    if constexpr (!std::is_void_v<P>) {
      P payload;
      from_val(*v.payload(), payload);
      take(out, std::move(payload));
    }
  });
  return out;
}

component::ValType Wit<HttpError>::type(TypeMaker& m) {
  component::VariantType v;
  for (uint32_t i = 0; i < kErrors; ++i) {
    const auto code = static_cast<HttpErrorCode>(i);
    v.cases.push_back({std::string(name_of(code)), with_payload(code, [&]<class P>(std::type_identity<P>) {
                         return typed::Payload<P>::type(m);
                       })});
  }
  return component::ValType::of(m.table.add(std::move(v)));
}

}  // namespace skiff::wasi
