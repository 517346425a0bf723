// The resources of wasi:http. Whoever goes away leaves things clean: a body that nobody reads is closed, one that was not
// finished fails, a request without an answer fails.
#pragma once

#include "wasi/common/http.h"
#include "wasi/p2/resources.h"

namespace skiff::wasi::p2 {

/// Mutable, or a child of the message whose fields it shows.
struct MessageFields final : Resource<ResourceKind::Fields> {
  template <class What>
  MessageFields(HttpMemory& memory, What&& what) : fields(memory, std::forward<What>(what)) {}
  GuestFields fields;
};

struct IncomingRequest final : Resource<ResourceKind::IncomingRequest> {
  IncomingRequest(HttpMemory& memory, HttpRequestHead h, std::shared_ptr<HttpBody> b)
      : head(std::move(h)), body(std::move(b)), charge(memory, head.fields.bytes()) {
    head.fields.remove_forbidden();
  }
  ~IncomingRequest() override {
    if (body) body->close();
  }
  HttpRequestHead head;
  std::shared_ptr<HttpBody> body;      // until it is consumed
  HttpCharge charge;
};

struct OutgoingRequest final : Resource<ResourceKind::OutgoingRequest> {
  OutgoingRequest(HttpMemory& memory, HttpFields fields) : charge(memory, fields.bytes()) {
    head.fields = std::move(fields);
  }
  ~OutgoingRequest() override {
    if (body) body->close();
  }
  HttpRequestHead head;
  std::shared_ptr<HttpBody> body;      // once the guest has it, until it is sent
  HttpCharge charge;
};

struct RequestOptions final : Resource<ResourceKind::RequestOptions> {
  HttpRequestOptions options;
};

struct ResponseOutparam final : Resource<ResourceKind::ResponseOutparam> {
  explicit ResponseOutparam(std::shared_ptr<HttpExchange> e)
      : exchange(std::move(e)), head_only(exchange->head.method.kind == HttpMethod::Kind::Head) {}
  ~ResponseOutparam() override {
    if (!exchange->answered()) exchange->fail({HttpErrorCode::InternalError, {}, "the guest gave no response"});
  }
  std::shared_ptr<HttpExchange> exchange;
  bool head_only;                      // what was asked for
};

struct IncomingResponse final : Resource<ResourceKind::IncomingResponse> {
  IncomingResponse(HttpMemory& memory, HttpResponse r)
      : head(std::move(r.head)), body(std::move(r.body)), charge(memory, head.fields.bytes()) {
    head.fields.remove_forbidden();
  }
  ~IncomingResponse() override {
    if (body) body->close();
  }
  HttpResponseHead head;
  std::shared_ptr<HttpBody> body;      // until it is consumed
  HttpCharge charge;
};

struct IncomingBody final : Resource<ResourceKind::IncomingBody> {
  IncomingBody(HttpMemory& memory, std::shared_ptr<HttpBody> b) : body(std::move(b)), charge(memory, kStreamChunk) {}
  ~IncomingBody() override {
    if (body) body->close();
  }
  std::shared_ptr<HttpBody> body;      // until it is finished
  bool streamed = false;
  HttpCharge charge;
};

struct FutureTrailers final : Resource<ResourceKind::FutureTrailers> {
  explicit FutureTrailers(std::shared_ptr<HttpBody> b) : body(std::move(b)) {}
  ~FutureTrailers() override { body->close(); }
  std::shared_ptr<HttpBody> body;
  HttpFields trailers;                 // what the guest sees of them
  bool taken = false;
};

struct OutgoingResponse final : Resource<ResourceKind::OutgoingResponse> {
  OutgoingResponse(HttpMemory& memory, HttpFields fields) : charge(memory, fields.bytes()) {
    head.fields = std::move(fields);
  }
  ~OutgoingResponse() override {
    if (body) body->close();
  }
  HttpResponseHead head;
  std::shared_ptr<HttpBody> body;      // once the guest has it, until it is sent
  HttpCharge charge;
};

struct OutgoingBody final : Resource<ResourceKind::OutgoingBody> {
  OutgoingBody(HttpMemory& memory, std::shared_ptr<HttpBody> b) : body(std::move(b)), charge(memory, kStreamChunk) {}
  ~OutgoingBody() override { body->fail({HttpErrorCode::ProtocolError}); }
  std::shared_ptr<HttpBody> body;
  bool streamed = false;
  HttpCharge charge;
};

struct FutureIncomingResponse final : Resource<ResourceKind::FutureIncomingResponse> {
  /// The bodies of both directions are kept meanwhile.
  FutureIncomingResponse(HttpMemory& memory, std::shared_ptr<HttpPending> p)
      : pending(std::move(p)), charge(memory, 2 * kStreamChunk) {}
  std::shared_ptr<HttpPending> pending;
  bool taken = false;
  HttpCharge charge;
};

struct InvalidSyntax {};
struct ForbiddenField {};
struct ImmutableFields {};
using HeaderError = std::variant<InvalidSyntax, ForbiddenField, ImmutableFields>;

}  // namespace skiff::wasi::p2

template <>
struct skiff::wasi::CaseNames<skiff::wasi::p2::HeaderError> {
  static constexpr std::array<std::string_view, 3> kNames = {"invalid-syntax", "forbidden", "immutable"};
};
