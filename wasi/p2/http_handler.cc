// Calls of incoming-handler.
#include "wasi/p2/http_handler.h"

#include "engine/base/utf8.h"
#include "wasi/p2/http_resources.h"

namespace skiff::wasi {
namespace {

using component::AnyType;
using component::FuncType;
using component::OwnType;
using component::ResourceId;
using component::ResourceType;
using component::ResourceVal;

// The host's side of a call: two own handles in, nothing out.
class HandlerSide final : public component::CallSide {
 public:
  HandlerSide(ResourceVal request, ResourceVal out, ResourceId request_id, ResourceId out_id)
      : request_(request), out_(out), request_id_(request_id), out_id_(out_id) {}

  bool is_flat(const component::ComponentInstance&) const override { return true; }
  bool start_flat(component::LiftLowerContext& to, const FuncType&, component::FlatWriter& out) override {
    uint64_t index = 0;
    if (!to.lower_own(request_, request_id_, index)) return false;
    out.put(index);
    if (!to.lower_own(out_, out_id_, index)) return false;
    out.put(index);
    return true;
  }
  bool resolve_flat(component::LiftLowerContext&, const FuncType&, uint32_t, component::FlatReader&) override {
    return true;
  }
  bool on_start(std::vector<component::Val>&) override { return false; }
  bool on_resolve(component::Val*) override { return true; }
  bool on_cancelled() override { return true; }

 private:
  ResourceVal request_, out_;
  ResourceId request_id_, out_id_;
};

// The id by which the function takes a handle of the resource; nothing: it takes something else.
std::optional<ResourceId> owned(const component::Func& func, component::ValType type, const ResourceType& resource) {
  const OwnType* own = func.types()->get_if<OwnType>(type);
  if (!own || func.resource(own->resource) != &resource) return std::nullopt;
  return own->resource;
}

std::unexpected<Failure> refuse(ErrorCode code, const char* detail) {
  return std::unexpected(Failure{.error = {code, kNoOffset, kNoIndex, detail}});
}

}  // namespace

std::optional<HttpHandler> HttpHandler::find(const P2& face, const component::CompiledComponent& component) {
  for (const component::NamedExtern& e : component.type().exports)
    if (e.type.sort == component::Sort::Instance &&
        component::compatible_name(e.name.name) == "wasi:http/incoming-handler@0.2")
      return HttpHandler(face, e.name.name);
  return std::nullopt;
}

RunResult<void> HttpHandler::call(component::ComponentStore& store, const component::InstanceItem& instance,
                                  std::shared_ptr<HttpExchange> exchange) const {
  auto& state = *static_cast<WasiState*>(store.core().data());
  const auto answer = [&](HttpError error) {
    if (!exchange->answered()) exchange->fail(std::move(error));
  };
  const component::Item* handler = instance.find(name_);
  const component::Item* item = handler && handler->instance ? handler->instance->find("handle") : nullptr;
  ResourceType& request_type = face_->resource_type(p2::IncomingRequest::kType);
  ResourceType& out_type = face_->resource_type(p2::ResponseOutparam::kType);
  std::optional<ResourceId> request_id, out_id;
  if (item && item->func) {
    const FuncType& type = item->func->type();
    if (type.params.size() == 2 && !type.result && !type.async_) {
      request_id = owned(*item->func, type.params[0].type, request_type);
      out_id = owned(*item->func, type.params[1].type, out_type);
    }
  }
  if (!request_id || !out_id) {
    answer({HttpErrorCode::InternalError, {}, "the component's handler has another type"});
    return refuse(ErrorCode::InvalidArgument, "`handle` is not of its type in wasi:http");
  }
  if (state.resources.room() < 2) {
    answer({HttpErrorCode::InternalError, {}, "the instance has too many resources"});
    return refuse(ErrorCode::LimitExceeded, "too many resources of the host");
  }

  if (!is_utf8(exchange->head.path_with_query.value_or("")) || !is_utf8(exchange->head.authority.value_or(""))) {
    answer({HttpErrorCode::RequestUriInvalid});   // a guest's strings are UTF-8
    return {};
  }

  auto* out = new p2::ResponseOutparam(exchange);
  state.resources.add(out);
  auto* request = new p2::IncomingRequest(state.http, std::move(exchange->head), exchange->body);
  state.resources.add(request);
  HandlerSide side({&request_type, request->rep()}, {&out_type, out->rep()}, *request_id, *out_id);
  RunResult<void> result = component::call_with(store, *item->func, side);
  answer({HttpErrorCode::InternalError, {}, result ? "the guest gave no response" : "the guest trapped"});
  return result;
}

}  // namespace skiff::wasi
