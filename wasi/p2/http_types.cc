// wasi:http/types: fields, requests, responses.
#include "wasi/p2/http_calls.h"

namespace skiff::wasi::p2 {
namespace {

FieldResult told(P2Call& c, FieldStatus status) {
  // A guest that makes messages larger than the limit is not told so: 0.2 has no error for it.
  if (status == FieldStatus::Full) c.trap("the fields of a message are too many or too large");
  check_memory(c);
  switch (status) {
    case FieldStatus::Ok:
    case FieldStatus::Full: break;
    case FieldStatus::Invalid: return std::unexpected(HeaderError(InvalidSyntax{}));
    case FieldStatus::Forbidden: return std::unexpected(HeaderError(ForbiddenField{}));
    case FieldStatus::Immutable: return std::unexpected(HeaderError(ImmutableFields{}));
  }
  return {};
}

// What the handle of a fields stands for, which is gone then.
HttpFields take_fields(P2Call& c, Own<MessageFields> headers) {
  HttpFields fields = headers->fields.take();
  destroy(c, headers.resource);
  return fields;
}

Own<MessageFields> show(P2Call& c, HostResource* parent, const HttpFields& fields) {
  return make_http<MessageFields>(c, parent, &fields);
}

std::optional<std::string_view> view(const std::optional<std::string>& s) {
  if (!s) return std::nullopt;
  return std::string_view(*s);
}

// The body that the guest is to fill; null: the fields declare no proper length.
std::shared_ptr<HttpBody> new_body(HttpBody::Of of, const HttpFields& fields) {
  HttpBody::Options options{of};
  if (!fields.content_length(options.length)) return nullptr;
  return HttpBody::create(options);
}

template <class Message>
std::expected<Own<OutgoingBody>, Unit> give_body(P2Call& c, Borrow<Message> self, HttpBody::Of of) {
  if (self->body) return std::unexpected(Unit{});
  auto body = new_body(of, self->head.fields);
  if (!body) return std::unexpected(Unit{});
  self->body = body;
  return make_http<OutgoingBody>(c, nullptr, std::move(body));
}

template <class Message>
std::expected<Own<IncomingBody>, Unit> consume(P2Call& c, Borrow<Message> self) {
  if (!self->body) return std::unexpected(Unit{});
  return make_http<IncomingBody>(c, nullptr, std::move(self->body));
}

}  // namespace

// ---- fields

Own<MessageFields> fields_new(P2Call& c) {
  return make_http<MessageFields>(c, nullptr, HttpFields(c.state.ctx.limits.http_fields));
}

std::expected<Own<MessageFields>, HeaderError> fields_from_list(P2Call& c, FieldList entries) {
  if (const auto r = told(c, entries.status); !r) return std::unexpected(r.error());
  return make_http<MessageFields>(c, nullptr, std::move(entries.fields));
}

std::vector<Bytes> fields_get(P2Call&, Borrow<MessageFields> self, const Text& name) {
  return self->fields.values(name.get());
}
bool fields_has(P2Call&, Borrow<MessageFields> self, const Text& name) {
  return self->fields.get().has(name.get());
}
FieldResult fields_set(P2Call& c, Borrow<MessageFields> self, const Text& name, const std::vector<Bytes>& value) {
  return told(c, self->fields.set(name.get(), value));
}
FieldResult fields_delete(P2Call& c, Borrow<MessageFields> self, const Text& name) {
  return told(c, self->fields.remove(name.get()));
}
FieldResult fields_append(P2Call& c, Borrow<MessageFields> self, const Text& name, Bytes value) {
  return told(c, self->fields.append(name.get(), value));
}
std::vector<std::tuple<std::string_view, Bytes>> fields_entries(P2Call&, Borrow<MessageFields> self) {
  return self->fields.entries();
}
Own<MessageFields> fields_clone(P2Call& c, Borrow<MessageFields> self) {
  return make_http<MessageFields>(c, nullptr, HttpFields(self->fields.get()));
}

// ---- requests that came in

HttpMethod incoming_request_method(P2Call&, Borrow<IncomingRequest> self) { return self->head.method; }
std::optional<std::string_view> incoming_request_path(P2Call&, Borrow<IncomingRequest> self) {
  return view(self->head.path_with_query);
}
std::optional<HttpScheme> incoming_request_scheme(P2Call&, Borrow<IncomingRequest> self) {
  return self->head.scheme;
}
std::optional<std::string_view> incoming_request_authority(P2Call&, Borrow<IncomingRequest> self) {
  return view(self->head.authority);
}
Own<MessageFields> incoming_request_headers(P2Call& c, Borrow<IncomingRequest> self) {
  return show(c, self.resource, self->head.fields);
}
std::expected<Own<IncomingBody>, Unit> incoming_request_consume(P2Call& c, Borrow<IncomingRequest> self) {
  return consume(c, self);
}

// ---- requests to send

Own<OutgoingRequest> outgoing_request_new(P2Call& c, Own<MessageFields> headers) {
  return make_http<OutgoingRequest>(c, nullptr, take_fields(c, headers));
}
std::expected<Own<OutgoingBody>, Unit> outgoing_request_body(P2Call& c, Borrow<OutgoingRequest> self) {
  return give_body(c, self, HttpBody::Of::Request);
}
HttpMethod outgoing_request_method(P2Call&, Borrow<OutgoingRequest> self) { return self->head.method; }
Plain outgoing_request_set_method(P2Call&, Borrow<OutgoingRequest> self, const HttpMethod& method) {
  auto parsed = HttpMethod::parse(method.text());
  if (!parsed || parsed->other.size() > kMaxMethod) return std::unexpected(Unit{});
  self->head.method = *std::move(parsed);
  return {};
}
std::optional<std::string_view> outgoing_request_path(P2Call&, Borrow<OutgoingRequest> self) {
  return view(self->head.path_with_query);
}
Plain outgoing_request_set_path(P2Call&, Borrow<OutgoingRequest> self, const std::optional<Text>& path) {
  if (path && (path->get().size() > kMaxTarget || !is_http_path_with_query(path->get())))
    return std::unexpected(Unit{});
  self->head.path_with_query.reset();
  if (path) self->head.path_with_query = path->get();
  return {};
}
std::optional<HttpScheme> outgoing_request_scheme(P2Call&, Borrow<OutgoingRequest> self) {
  return self->head.scheme;
}
Plain outgoing_request_set_scheme(P2Call&, Borrow<OutgoingRequest> self, const std::optional<HttpScheme>& scheme) {
  auto parsed = scheme ? HttpScheme::parse(scheme->text()) : std::nullopt;
  if (scheme && !parsed) return std::unexpected(Unit{});
  self->head.scheme = std::move(parsed);
  return {};
}
std::optional<std::string_view> outgoing_request_authority(P2Call&, Borrow<OutgoingRequest> self) {
  return view(self->head.authority);
}
Plain outgoing_request_set_authority(P2Call&, Borrow<OutgoingRequest> self, const std::optional<Text>& authority) {
  if (authority && !HttpAuthority::parse(authority->get())) return std::unexpected(Unit{});
  self->head.authority.reset();
  if (authority) self->head.authority = authority->get();
  return {};
}
Own<MessageFields> outgoing_request_headers(P2Call& c, Borrow<OutgoingRequest> self) {
  return show(c, self.resource, self->head.fields);
}

Own<RequestOptions> request_options_new(P2Call& c) { return c.make<RequestOptions>(nullptr); }
Duration request_options_connect(P2Call&, Borrow<RequestOptions> self) { return self->options.connect_timeout; }
Plain request_options_set_connect(P2Call&, Borrow<RequestOptions> self, Duration duration) {
  self->options.connect_timeout = duration;
  return {};
}
Duration request_options_first_byte(P2Call&, Borrow<RequestOptions> self) {
  return self->options.first_byte_timeout;
}
Plain request_options_set_first_byte(P2Call&, Borrow<RequestOptions> self, Duration duration) {
  self->options.first_byte_timeout = duration;
  return {};
}
Duration request_options_between_bytes(P2Call&, Borrow<RequestOptions> self) {
  return self->options.between_bytes_timeout;
}
Plain request_options_set_between_bytes(P2Call&, Borrow<RequestOptions> self, Duration duration) {
  self->options.between_bytes_timeout = duration;
  return {};
}

// ---- answers to send

HttpResult<void> response_outparam_inform(P2Call& c, Borrow<ResponseOutparam> self, uint16_t status,
                                          Own<MessageFields> headers) {
  HttpFields fields = take_fields(c, headers);
  // 101 is no information but another protocol.
  if (status < 100 || status > 199 || status == 101) return http_fail(HttpErrorCode::ProtocolError);
  if (!self->exchange->inform({status, std::move(fields)})) return http_fail(HttpErrorCode::InternalError);
  return {};
}

void response_outparam_set(P2Call& c, Own<ResponseOutparam> param, HttpResult<Own<OutgoingResponse>> response) {
  const std::shared_ptr<HttpExchange> exchange = param->exchange;
  const bool head_only = param->head_only;
  HttpResponseHead head;
  std::shared_ptr<HttpBody> body;
  if (response) {
    OutgoingResponse& r = *response->resource;
    head = std::move(r.head);
    body = std::move(r.body);
    if (!destroy(c, &r)) return;       // the request fails with the parameter
    if (!body) {
      // Nobody asked for the body, so it is empty.
      body = new_body(HttpBody::Of::Response, head.fields);
      if (body && (head_only || head.status == 304)) body->ignore_length();
      if (body) static_cast<void>(body->finish());
    } else if (head_only || head.status == 304) {
      body->ignore_length();
    }
  }
  if (!exchange->answered()) {
    if (!response) exchange->fail(std::move(response.error()));
    else if (!body || head.status < 200) exchange->fail({HttpErrorCode::InternalError, {}, "no proper response"});
    else exchange->respond(std::move(head), std::move(body));
  }
  destroy(c, param.resource);
}

Own<OutgoingResponse> outgoing_response_new(P2Call& c, Own<MessageFields> headers) {
  return make_http<OutgoingResponse>(c, nullptr, take_fields(c, headers));
}
uint16_t outgoing_response_status(P2Call&, Borrow<OutgoingResponse> self) { return self->head.status; }
Plain outgoing_response_set_status(P2Call&, Borrow<OutgoingResponse> self, uint16_t status) {
  if (status < 100 || status > 999) return std::unexpected(Unit{});
  self->head.status = status;
  return {};
}
Own<MessageFields> outgoing_response_headers(P2Call& c, Borrow<OutgoingResponse> self) {
  return show(c, self.resource, self->head.fields);
}
std::expected<Own<OutgoingBody>, Unit> outgoing_response_body(P2Call& c, Borrow<OutgoingResponse> self) {
  return give_body(c, self, HttpBody::Of::Response);
}

// ---- answers that came in

uint16_t incoming_response_status(P2Call&, Borrow<IncomingResponse> self) { return self->head.status; }
Own<MessageFields> incoming_response_headers(P2Call& c, Borrow<IncomingResponse> self) {
  return show(c, self.resource, self->head.fields);
}
std::expected<Own<IncomingBody>, Unit> incoming_response_consume(P2Call& c, Borrow<IncomingResponse> self) {
  return consume(c, self);
}

std::optional<HttpError> http_error_code(P2Call&, Borrow<Error> error) { return HttpError::from(error->error); }

}  // namespace skiff::wasi::p2
