// wasi:http/types: bodies and what comes later; wasi:http/outgoing-handler.
#include "wasi/p2/http_calls.h"

namespace skiff::wasi::p2 {

// ---- bodies that came in

std::expected<Own<Input>, Unit> incoming_body_stream(P2Call& c, Borrow<IncomingBody> self) {
  if (self->streamed) return std::unexpected(Unit{});
  self->streamed = true;
  return c.make<Input>(self.resource, self->body->source());
}

Own<FutureTrailers> incoming_body_finish(P2Call& c, Own<IncomingBody> body) {
  const std::shared_ptr<HttpBody> rest = body->body;
  if (c.state.resources.has_children(*body.resource)) return c.trap("the body's stream is still there"), Own<FutureTrailers>();
  body->body.reset();
  destroy(c, body.resource);
  // What was not read is of no interest, the trailers behind it are.
  rest->discard();
  return c.make<FutureTrailers>(nullptr, rest);
}

Own<Pollable> future_trailers_subscribe(P2Call& c, Borrow<FutureTrailers> self) {
  return c.make<Pollable>(self.resource, std::make_shared<HttpBodyEnded>(self->body));
}

std::optional<std::expected<TrailersResult, Unit>> future_trailers_get(P2Call& c, Borrow<FutureTrailers> self) {
  using Outer = std::expected<TrailersResult, Unit>;
  if (!self->body->ended()) c.state.scheduler.progress();
  if (!self->body->ended()) return std::nullopt;
  if (self->taken) return Outer(std::unexpected(Unit{}));
  self->taken = true;
  if (const HttpError* error = self->body->error()) return Outer(TrailersResult(std::unexpected(*error)));
  const HttpFields* trailers = self->body->trailers();
  if (!trailers) return Outer(TrailersResult(std::nullopt));
  self->trailers = *trailers;
  self->trailers.remove_forbidden();
  return Outer(TrailersResult(make_http<MessageFields>(c, self.resource, &self->trailers)));
}

// ---- bodies to send

std::expected<Own<Output>, Unit> outgoing_body_write(P2Call& c, Borrow<OutgoingBody> self) {
  if (self->streamed) return std::unexpected(Unit{});
  self->streamed = true;
  return c.make<Output>(self.resource, self->body->sink());
}

HttpResult<void> outgoing_body_finish(P2Call& c, Own<OutgoingBody> body, std::optional<Own<MessageFields>> trailers) {
  const std::shared_ptr<HttpBody> whole = body->body;
  std::optional<HttpFields> fields;
  if (trailers) {
    fields = (*trailers)->fields.take();
    destroy(c, trailers->resource);
  }
  if (c.state.resources.has_children(*body.resource)) return c.trap("the body's stream is still there"), HttpResult<void>();
  const HttpResult<void> result = whole->finish(std::move(fields));
  destroy(c, body.resource);
  return result;
}

// ---- requests on their way

Own<Pollable> future_response_subscribe(P2Call& c, Borrow<FutureIncomingResponse> self) {
  return c.make<Pollable>(self.resource, self->pending);
}

std::optional<std::expected<HttpResult<Own<IncomingResponse>>, Unit>> future_response_get(
    P2Call& c, Borrow<FutureIncomingResponse> self) {
  using Inner = HttpResult<Own<IncomingResponse>>;
  using Outer = std::expected<Inner, Unit>;
  if (!self->pending->ready()) c.state.scheduler.progress();
  if (!self->pending->ready()) return std::nullopt;
  if (self->taken) return Outer(std::unexpected(Unit{}));
  self->taken = true;
  HttpResult<HttpResponse> response = self->pending->take();
  if (!response) return Outer(Inner(std::unexpected(std::move(response.error()))));
  return Outer(Inner(make_http<IncomingResponse>(c, nullptr, *std::move(response))));
}

HttpResult<Own<FutureIncomingResponse>> outgoing_handler_handle(P2Call& c, Own<OutgoingRequest> request,
                                                                std::optional<Own<RequestOptions>> options) {
  HttpRequestOptions how;
  if (options) {
    how = (*options)->options;
    if (!destroy(c, options->resource)) return Own<FutureIncomingResponse>();
  }
  HttpRequestHead head = std::move(request->head);
  std::shared_ptr<HttpBody> body = std::move(request->body);
  if (!destroy(c, request.resource)) return Own<FutureIncomingResponse>();
  auto pending = send_request(c.state.ctx, std::move(head), body, how);
  if (!pending) {
    if (body) body->close();
    return std::unexpected(std::move(pending.error()));
  }
  return make_http<FutureIncomingResponse>(c, nullptr, *std::move(pending));
}

}  // namespace skiff::wasi::p2
