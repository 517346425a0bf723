// Calls of handler.
#include "wasi/p3/http_handler.h"

#include "wasi/p3/http_calls.h"

namespace skiff::wasi {
namespace {

using component::FuncType;
using component::OwnType;
using component::Val;

// The host's side of a call: an own handle in, result<response, error-code> out.
class HandlerSide final : public component::CallSide {
 public:
  HandlerSide(WasiState& state, Val request, std::shared_ptr<HttpExchange> exchange)
      : state_(state), request_(std::move(request)), exchange_(std::move(exchange)) {}

  bool on_start(std::vector<Val>& args) override {
    args.push_back(std::move(request_));
    return true;
  }
  bool on_resolve(Val* result) override {
    resolved = true;
    if (result->case_index() == 1) {
      exchange_->fail(Wit<HttpError>::from_value(*result->payload()));
      return true;
    }
    auto* response = static_cast<p3::Response*>(HostResource::from_rep(result->payload()->resource().rep));
    HttpResponseHead head{response->status, *response->fields};
    p3::Contents contents = std::move(response->contents);
    state_.resources.drop(response);
    std::optional<uint64_t> length;
    if (head.status < 200 || !head.fields.content_length(length)) {
      exchange_->fail({HttpErrorCode::InternalError, {}, "no proper response"});
      return true;
    }
    // Answers to HEAD have the length of what they do not have.
    if (exchange_->head.method.kind == HttpMethod::Kind::Head || head.status == 304) length.reset();
    body = p3::transmit(state_, std::move(contents), HttpBody::Of::Response, length);
    if (!body) return false;
    exchange_->respond(std::move(head), body);
    return true;
  }
  bool on_cancelled() override { return resolved = true; }

  bool resolved = false;
  std::shared_ptr<HttpBody> body;

 private:
  WasiState& state_;
  Val request_;
  std::shared_ptr<HttpExchange> exchange_;
};

std::unexpected<Failure> refuse(ErrorCode code, const char* detail) {
  return std::unexpected(Failure{.error = {code, kNoOffset, kNoIndex, detail}});
}

// handle: async func(request: request) -> result<response, error-code>
bool is_handle(const component::Func& func, const component::ResourceType& request) {
  const FuncType& type = func.type();
  if (!type.async_ || type.params.size() != 1 || !type.result) return false;
  const OwnType* own = func.types()->get_if<OwnType>(type.params[0].type);
  return own && func.resource(own->resource) == &request &&
         func.types()->get_if<component::ResultType>(*type.result);
}

// Runs the store's threads until the guest has nothing to do for the exchange any more.
Outcome run(component::ComponentStore& store, const HandlerSide& side) {
  const auto done = [&] { return side.resolved && (!side.body || side.body->ended() || side.body->closed()); };
  while (!done()) {
    bool progressed = false;
    if (store.tick(progressed) != Outcome::Ok) return Outcome::Trap;
    if (progressed) {
      if (store.poll_host() != Outcome::Ok) return Outcome::Trap;
      continue;
    }
    if (store.wait_for_host(true, progressed) != Outcome::Ok) return Outcome::Trap;
    if (!progressed) return store.trapped(component::CmTrap::Deadlock);
  }
  return Outcome::Ok;
}

}  // namespace

std::optional<P3HttpHandler> P3HttpHandler::find(const P3& face, const component::CompiledComponent& component) {
  for (const component::NamedExtern& e : component.type().exports)
    if (e.type.sort == component::Sort::Instance &&
        component::compatible_name(e.name.name) == "wasi:http/handler@0.3")
      return P3HttpHandler(face, e.name.name);
  return std::nullopt;
}

RunResult<void> P3HttpHandler::call(component::ComponentStore& store, const component::InstanceItem& instance,
                                    std::shared_ptr<HttpExchange> exchange) const {
  auto& state = *static_cast<WasiState*>(store.core().data());
  const component::Item* handler = instance.find(name_);
  const component::Item* item = handler && handler->instance ? handler->instance->find("handle") : nullptr;
  component::ResourceType& type = face_->resource_type(p3::Request::kType);
  if (!item || !item->func || !is_handle(*item->func, type)) {
    exchange->fail({HttpErrorCode::InternalError, {}, "the component's handler has another type"});
    return refuse(ErrorCode::InvalidArgument, "`handle` is not of its type in wasi:http");
  }
  if (state.resources.full()) {
    exchange->fail({HttpErrorCode::InternalError, {}, "the instance has too many resources"});
    return refuse(ErrorCode::LimitExceeded, "too many resources of the host");
  }
  p3::Contents contents;
  contents.body = exchange->body;
  HttpRequestHead head = exchange->head;
  head.fields.remove_forbidden();
  auto* request = new p3::Request(state.http, std::move(head.fields), std::move(contents));
  head.fields.clear();
  request->head = std::move(head);
  state.resources.add(request);

  const auto side = std::make_shared<HandlerSide>(state, Val::of_own({&type, request->rep()}), exchange);
  Outcome outcome;
  {
    const component::ComponentStore::Nesting nesting(store);
    outcome = item->func->call(store, side, nullptr, nullptr);
  }
  if (outcome == Outcome::Ok) outcome = run(store, *side);
  if (!exchange->answered())
    exchange->fail({HttpErrorCode::InternalError, {}, outcome == Outcome::Ok ? "the guest gave no response" : "the guest trapped"});
  if (side->body) side->body->fail({HttpErrorCode::InternalError, {}, "the guest ended"});
  if (outcome == Outcome::Ok) return {};
  return std::unexpected(component::trap_failure(store.core()));
}

}  // namespace skiff::wasi
