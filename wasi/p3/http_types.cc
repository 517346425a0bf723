// wasi:http/types: fields, requests, options, responses.
#include "wasi/p3/http_calls.h"

namespace skiff::wasi::p3 {
namespace {

HeaderResult<void> told(P3Call& c, FieldStatus status) {
  check_memory(c);
  switch (status) {
    case FieldStatus::Ok: break;
    case FieldStatus::Full: return std::unexpected(HeaderError(HeaderCode::SizeExceeded));
    case FieldStatus::Invalid: return std::unexpected(HeaderError(HeaderCode::InvalidSyntax));
    case FieldStatus::Forbidden: return std::unexpected(HeaderError(HeaderCode::Forbidden));
    case FieldStatus::Immutable: return std::unexpected(HeaderError(HeaderCode::Immutable));
  }
  return {};
}

// What the handle of fields stands for, which is gone then.
HttpFields take_fields(P3Call& c, Own<MessageFields> headers) {
  HttpFields fields = headers->fields.take();
  destroy(c, headers.resource);
  return fields;
}

std::optional<std::string_view> view(const std::optional<std::string>& s) {
  if (!s) return std::nullopt;
  return std::string_view(*s);
}

// A message of a guest, and the future that tells how its transmission went.
template <class Message>
std::tuple<Own<Message>, Transmitted> make_message(P3Call& c, Own<MessageFields> headers,
                                                   std::optional<BytesIn>& contents, FutureIn<Trailers>& trailers) {
  Contents made;
  if (contents) made.stream = std::move(contents->object);
  made.trailers = std::move(trailers.object);
  made.transmitted = std::make_shared<component::HostFutureWriter>();
  const auto future = c.future<HttpResult<void>>(made.transmitted);
  return {make_http<Message>(c, take_fields(c, headers), std::move(made)), future};
}

template <class Message>
ContentsOut consume(P3Call& c, Own<Message> self, const FutureIn<HttpResult<void>>& result) {
  Contents contents = std::move(self->contents);
  if (!destroy(c, self.resource)) return {};
  return give_contents(c, std::move(contents), result.object);
}

Own<MessageFields> show(P3Call& c, const std::shared_ptr<const HttpFields>& fields) {
  return make_http<MessageFields>(c, fields);
}

}  // namespace

// ---- fields

Own<MessageFields> fields_new(P3Call& c) {
  return make_http<MessageFields>(c, HttpFields(c.state.ctx.limits.http_fields));
}
HeaderResult<Own<MessageFields>> fields_from_list(P3Call& c, FieldList entries) {
  if (const auto r = told(c, entries.status); !r) return std::unexpected(r.error());
  return make_http<MessageFields>(c, std::move(entries.fields));
}
std::vector<Bytes> fields_get(P3Call&, Borrow<MessageFields> self, const Text& name) {
  return self->fields.values(name.get());
}
bool fields_has(P3Call&, Borrow<MessageFields> self, const Text& name) { return self->fields.get().has(name.get()); }
HeaderResult<void> fields_set(P3Call& c, Borrow<MessageFields> self, const Text& name,
                              const std::vector<Bytes>& value) {
  return told(c, self->fields.set(name.get(), value));
}
HeaderResult<void> fields_delete(P3Call& c, Borrow<MessageFields> self, const Text& name) {
  return told(c, self->fields.remove(name.get()));
}
HeaderResult<std::vector<std::vector<uint8_t>>> fields_get_and_delete(P3Call& c, Borrow<MessageFields> self,
                                                                      const Text& name) {
  std::vector<std::vector<uint8_t>> values;
  for (const Bytes value : self->fields.values(name.get())) values.emplace_back(value.begin(), value.end());
  if (const auto r = told(c, self->fields.remove(name.get())); !r) return std::unexpected(r.error());
  return values;
}
HeaderResult<void> fields_append(P3Call& c, Borrow<MessageFields> self, const Text& name, Bytes value) {
  return told(c, self->fields.append(name.get(), value));
}
Entries fields_copy_all(P3Call&, Borrow<MessageFields> self) { return self->fields.entries(); }
Own<MessageFields> fields_clone(P3Call& c, Borrow<MessageFields> self) {
  return make_http<MessageFields>(c, HttpFields(self->fields.get()));
}

// ---- requests

std::tuple<Own<Request>, Transmitted> request_new(P3Call& c, Own<MessageFields> headers, std::optional<BytesIn> contents,
                                                  FutureIn<Trailers> trailers,
                                                  std::optional<Own<RequestOptions>> options) {
  auto made = make_message<Request>(c, headers, contents, trailers);
  if (options) {
    if (Request* request = std::get<0>(made).resource)
      request->options = std::make_shared<HttpRequestOptions>((*options)->get());
    destroy(c, options->resource);
  }
  return made;
}

HttpMethod request_get_method(P3Call&, Borrow<Request> self) { return self->head.method; }
Plain request_set_method(P3Call&, Borrow<Request> self, const HttpMethod& method) {
  auto parsed = HttpMethod::parse(method.text());
  if (!parsed || parsed->other.size() > kMaxMethod) return std::unexpected(Unit{});
  self->head.method = *std::move(parsed);
  return {};
}
std::optional<std::string_view> request_get_path(P3Call&, Borrow<Request> self) {
  return view(self->head.path_with_query);
}
Plain request_set_path(P3Call&, Borrow<Request> self, const std::optional<Text>& path) {
  if (path && (path->get().size() > kMaxTarget || !is_http_path_with_query(path->get())))
    return std::unexpected(Unit{});
  self->head.path_with_query.reset();
  if (path) self->head.path_with_query = path->get();
  return {};
}
std::optional<HttpScheme> request_get_scheme(P3Call&, Borrow<Request> self) { return self->head.scheme; }
Plain request_set_scheme(P3Call&, Borrow<Request> self, const std::optional<HttpScheme>& scheme) {
  auto parsed = scheme ? HttpScheme::parse(scheme->text()) : std::nullopt;
  if (scheme && !parsed) return std::unexpected(Unit{});
  self->head.scheme = std::move(parsed);
  return {};
}
std::optional<std::string_view> request_get_authority(P3Call&, Borrow<Request> self) {
  return view(self->head.authority);
}
Plain request_set_authority(P3Call&, Borrow<Request> self, const std::optional<Text>& authority) {
  if (authority && !HttpAuthority::parse(authority->get())) return std::unexpected(Unit{});
  self->head.authority.reset();
  if (authority) self->head.authority = authority->get();
  return {};
}
std::optional<Own<RequestOptions>> request_get_options(P3Call& c, Borrow<Request> self) {
  if (!self->options) return std::nullopt;
  return c.make<RequestOptions>(nullptr, self->options);
}
Own<MessageFields> request_get_headers(P3Call& c, Borrow<Request> self) { return show(c, self->fields); }
ContentsOut request_consume_body(P3Call& c, Own<Request> self, FutureIn<HttpResult<void>> result) {
  return consume(c, self, result);
}

// ---- options

namespace {

OptionsResult set(RequestOptions& options, Duration HttpRequestOptions::*which, Duration duration) {
  if (options.kept) return std::unexpected(OptionsError(OptionsCode::Immutable));
  options.own.*which = duration;
  return {};
}

}  // namespace

Own<RequestOptions> options_new(P3Call& c) { return c.make<RequestOptions>(nullptr, HttpRequestOptions()); }
Duration options_get_connect(P3Call&, Borrow<RequestOptions> self) { return self->get().connect_timeout; }
OptionsResult options_set_connect(P3Call&, Borrow<RequestOptions> self, Duration duration) {
  return set(*self, &HttpRequestOptions::connect_timeout, duration);
}
Duration options_get_first_byte(P3Call&, Borrow<RequestOptions> self) { return self->get().first_byte_timeout; }
OptionsResult options_set_first_byte(P3Call&, Borrow<RequestOptions> self, Duration duration) {
  return set(*self, &HttpRequestOptions::first_byte_timeout, duration);
}
Duration options_get_between_bytes(P3Call&, Borrow<RequestOptions> self) {
  return self->get().between_bytes_timeout;
}
OptionsResult options_set_between_bytes(P3Call&, Borrow<RequestOptions> self, Duration duration) {
  return set(*self, &HttpRequestOptions::between_bytes_timeout, duration);
}
Own<RequestOptions> options_clone(P3Call& c, Borrow<RequestOptions> self) {
  return c.make<RequestOptions>(nullptr, self->get());
}

// ---- responses

std::tuple<Own<Response>, Transmitted> response_new(P3Call& c, Own<MessageFields> headers,
                                                    std::optional<BytesIn> contents, FutureIn<Trailers> trailers) {
  return make_message<Response>(c, headers, contents, trailers);
}
uint16_t response_get_status(P3Call&, Borrow<Response> self) { return self->status; }
Plain response_set_status(P3Call&, Borrow<Response> self, uint16_t status) {
  if (status < 100 || status > 999) return std::unexpected(Unit{});
  self->status = status;
  return {};
}
Own<MessageFields> response_get_headers(P3Call& c, Borrow<Response> self) { return show(c, self->fields); }
ContentsOut response_consume_body(P3Call& c, Own<Response> self, FutureIn<HttpResult<void>> result) {
  return consume(c, self, result);
}

}  // namespace skiff::wasi::p3
