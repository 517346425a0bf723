// wasi:http: the contents of messages. Transmission: from a guest's streams to a body. Reception: from a body to a guest's
// streams. Bytes go straight between guest memory and the body; both sides wait for each other.
#include "wasi/p3/http_calls.h"

namespace skiff::wasi::p3 {

void Contents::fail(const HttpError& error) {
  for (auto* end : {&stream, &trailers})
    if (const auto object = std::exchange(*end, nullptr)) P3Call::refuse(object);
  if (const auto future = std::exchange(transmitted, nullptr); future && !future->is_set())
    future->set(component::Val::of_case(1, Wit<HttpError>::value(error)));
  if (const auto b = std::exchange(body, nullptr)) b->close();
}

namespace {

component::Val error_case(const HttpError& e) { return component::Val::of_case(1, Wit<HttpError>::value(e)); }

// Ready when nobody has to do anything for a body any more.
class Done final : public Event {
 public:
  explicit Done(std::shared_ptr<HttpBody> body) : body_(std::move(body)) {}
  bool poll(WaitSet& set) override {
    if (body_->complete() || body_->closed() || body_->error()) return true;
    set.add_signal(body_->writable);
    set.add_signal(body_->readable);
    return false;
  }

 private:
  std::shared_ptr<HttpBody> body_;
};

class Transmission final : public std::enable_shared_from_this<Transmission>, private HostLoop::Watcher {
 public:
  Transmission(WasiState& state, Contents contents, std::shared_ptr<HttpBody> body)
      : state_(state), contents_(std::move(contents)), body_(std::move(body)), done_(body_) {}
  ~Transmission() override {
    stop();
    body_->fail({HttpErrorCode::InternalError, {}, "the guest is gone"});
  }

  bool start() {
    const auto self = shared_from_this();
    state_.working.insert(self);
    const component::SharedObjectPtr stream = std::exchange(contents_.stream, nullptr);
    if (!stream) return bytes_ended(nullptr);
    // What the guest still has must not keep this alive.
    Ending ending([weak = weak_from_this()](const StreamFault* fault) {
      const auto self = weak.lock();
      return !self || self->bytes_ended(fault);
    });
    return ByteSink::start(std::make_shared<ByteSink>(state_, body_->sink(), std::move(ending)), stream);
  }

 private:
  bool bytes_ended(const StreamFault* fault) {
    if (fault) return finish();
    // The guest may resolve it much later.
    const component::SharedObjectPtr trailers = contents_.trailers;
    return component::await_future(trailers, [weak = weak_from_this()](std::optional<component::Val> value) {
      if (const auto self = weak.lock()) self->trailers_came(std::move(value));
    });
  }

  void trailers_came(std::optional<component::Val> value) {
    contents_.trailers.reset();
    if (!value) {
      body_->fail({HttpErrorCode::InternalError, {}, "the guest gave no trailers"});
    } else if (value->case_index() == 1) {
      body_->fail(Wit<HttpError>::from_value(*value->payload()));
    } else {
      std::optional<HttpFields> fields;
      const component::Val& option = *value->payload();
      if (option.case_index() == 1) {
        auto* given = static_cast<MessageFields*>(HostResource::from_rep(option.payload()->resource().rep));
        fields = given->fields.take();
        state_.resources.drop(given);
      }
      static_cast<void>(body_->finish(std::move(fields)));
    }
    if (is_ready(done_)) finish();
    else watch(state_.loop, done_);
  }

  bool ready() override {
    if (is_ready(done_)) return finish();
    watch(state_.loop, done_);
    return true;
  }

  // Tells the guest how it went.
  bool finish() {
    stop();
    const auto self = shared_from_this();
    state_.working.erase(self);
    const auto future = std::exchange(contents_.transmitted, nullptr);
    contents_.fail({});
    if (!future) return true;
    if (const HttpError* e = body_->error()) return future->set(error_case(*e));
    if (!body_->complete()) return future->set(error_case({HttpErrorCode::ConnectionTerminated}));
    return future->set(component::Val::of_case(0));
  }

  WasiState& state_;
  Contents contents_;
  std::shared_ptr<HttpBody> body_;
  Done done_;
};

// Gives a guest the trailers of a body when there are no more bytes.
class Reception final : public std::enable_shared_from_this<Reception>, private HostLoop::Watcher {
 public:
  Reception(WasiState& state, component::ResourceType& fields, std::shared_ptr<HttpBody> body,
            std::shared_ptr<component::HostFutureWriter> trailers)
      : state_(state), fields_(fields), body_(std::move(body)), ended_(body_), trailers_(std::move(trailers)) {
    trailers_->on_gone = [this] {
      unwanted_ = true;
      if (bytes_ended_) give_up();
    };
  }
  ~Reception() override {
    stop();
    trailers_->on_gone = nullptr;
    if (!told_) body_->close();
  }

  bool bytes_ended() {
    bytes_ended_ = true;
    if (unwanted_) return give_up(), true;
    if (body_->ended()) return tell();
    state_.working.insert(shared_from_this());
    watch(state_.loop, ended_);
    return true;
  }

 private:
  bool ready() override { return tell(); }
  void give_up() {
    stop();
    body_->close();
    state_.working.erase(shared_from_this());
  }
  bool tell() {
    const auto self = shared_from_this();
    state_.working.erase(self);
    told_ = true;
    using component::Val;
    if (const HttpError* e = body_->error()) return trailers_->set(error_case(*e));
    const HttpFields* fields = body_->trailers();
    if (!fields) return trailers_->set(Val::of_case(0, Val::none()));
    if (state_.resources.full())
      return trailers_->set(error_case({HttpErrorCode::InternalError, {}, "too many resources"}));
    auto shown = std::make_shared<HttpFields>(*fields);
    shown->remove_forbidden();
    auto* made = new MessageFields(state_.http, std::shared_ptr<const HttpFields>(std::move(shown)));
    state_.resources.add(made);
    return trailers_->set(Val::of_case(0, Val::some(Val::of_own({&fields_, made->rep()}))));
  }

  WasiState& state_;
  component::ResourceType& fields_;
  std::shared_ptr<HttpBody> body_;
  HttpBodyEnded ended_;
  std::shared_ptr<component::HostFutureWriter> trailers_;
  bool bytes_ended_ = false;
  bool unwanted_ = false;
  bool told_ = false;
};

}  // namespace

std::shared_ptr<HttpBody> transmit(WasiState& state, Contents contents, HttpBody::Of of,
                                   std::optional<uint64_t> length) {
  if (contents.body) return std::exchange(contents.body, nullptr);
  auto body = HttpBody::create({of, length});
  if (!std::make_shared<Transmission>(state, std::move(contents), body)->start()) return nullptr;
  return body;
}

ContentsOut give_contents(P3Call& c, Contents contents, const component::SharedObjectPtr& result) {
  // What the guest says about its handling reaches whoever made the message.
  auto transmitted = std::exchange(contents.transmitted, nullptr);
  const bool by_host = component::written_by_host(static_cast<component::SharedCopy&>(*result));
  if (by_host) c.state.working.insert(result);   // nobody else holds on to it
  const bool awaited = component::await_future(
      result, [transmitted, &state = c.state, kept = by_host ? result.get() : nullptr](std::optional<component::Val> value) {
        if (transmitted && !transmitted->is_set())
          transmitted->set(value ? *std::move(value) : component::Val::of_case(0));
        if (kept) std::erase_if(state.working, [&](const auto& w) { return w.get() == kept; });
      });
  if (!awaited) return c.outcome = Outcome::Trap, ContentsOut{};
  if (!contents.body && contents.stream)
    return {{std::exchange(contents.stream, nullptr)}, {std::exchange(contents.trailers, nullptr)}};
  const auto body = contents.body ? std::exchange(contents.body, nullptr) : HttpBody::empty(HttpBody::Of::Request);
  auto trailers = std::make_shared<component::HostFutureWriter>();
  const auto& types = *static_cast<const HostTypes*>(c.flat.data());
  const auto reception = std::make_shared<Reception>(c.state, *types.resources[MessageFields::kType], body, trailers);
  Ending ending([reception](const StreamFault*) { return reception->bytes_ended(); });
  auto source = std::make_shared<ByteSource>(c.state.loop, body->source(), std::move(ending), [body] { body->discard(); });
  const auto stream = c.stream<uint8_t>(std::move(source));
  if (!contents.trailers) return {stream, c.future<Trailers>(std::move(trailers))};
  // An empty message of a guest: its trailers are its own.
  return {stream, {std::exchange(contents.trailers, nullptr)}};
}

// ---- sending

namespace {

class Sending final : public Operation<HttpResult<Own<Response>>> {
 public:
  Sending(WasiState& state, std::shared_ptr<HttpPending> pending) : state_(state), pending_(std::move(pending)) {}
  std::optional<HttpResult<Own<Response>>> attempt() override {
    if (!pending_->ready()) return std::nullopt;
    auto response = pending_->take();
    if (!response) return HttpResult<Own<Response>>(std::unexpected(std::move(response.error())));
    if (state_.resources.full() || state_.http.exceeded())
      return HttpResult<Own<Response>>(
          std::unexpected(HttpError{HttpErrorCode::InternalError, {}, "the guest has too many messages"}));
    response->head.fields.remove_forbidden();
    Contents contents;
    contents.body = std::move(response->body);
    auto* made = new Response(state_.http, std::move(response->head.fields), std::move(contents));
    made->status = response->head.status;
    state_.resources.add(made);
    return HttpResult<Own<Response>>(Own<Response>{made});
  }
  Event& event() override { return *pending_; }

 private:
  WasiState& state_;
  std::shared_ptr<HttpPending> pending_;
};

}  // namespace

Async<HttpResult<Own<Response>>> client_send(P3Call& c, Own<Request> request) {
  using Result = HttpResult<Own<Response>>;
  HttpRequestHead head = std::move(request->head);
  head.fields = *request->fields;
  const HttpRequestOptions options = request->options ? *request->options : HttpRequestOptions();
  Contents contents = std::move(request->contents);
  if (!destroy(c, request.resource)) return Result(Own<Response>());
  std::optional<uint64_t> length;
  if (!head.fields.content_length(length)) {
    contents.fail({HttpErrorCode::ProtocolError});
    return Result(http_fail(HttpErrorCode::ProtocolError));
  }
  const auto body = transmit(c.state, std::move(contents), HttpBody::Of::Request, length);
  if (!body) return c.outcome = Outcome::Trap, Result(Own<Response>());
  auto pending = send_request(c.state.ctx, std::move(head), body, options);
  if (!pending) {
    body->close();
    return Result(std::unexpected(std::move(pending.error())));
  }
  auto sending = std::make_unique<Sending>(c.state, *std::move(pending));
  if (auto now = sending->attempt()) return *std::move(now);
  return Async<Result>(std::move(sending));
}

}  // namespace skiff::wasi::p3
