// wasi:http 0.3 as a component sees it: handlers that the host calls, requests that guests send. Bodies, trailers and errors
// go through streams and futures in both directions.
#include "wasi/p3/http_handler.h"

#include <gtest/gtest.h>

#include "component/text/text.h"
#include "engine/interp/interp.h"
#include "wasi/common/state.h"

namespace skiff::wasi {
namespace {

using namespace component;

constexpr std::string_view kImports = R"(
  (import "wasi:http/types@0.3.2" (instance $http
    (type $sc0 (variant (case "HTTP") (case "HTTPS") (case "other" string))) (export "scheme" (type $sc (eq $sc0)))
    (type $dp0 (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dp (eq $dp0)))
    (type $tp0 (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tp (eq $tp0)))
    (type $fp0 (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $fp (eq $fp0)))
    (type $c0 (variant (case "DNS-timeout") (case "DNS-error" $dp) (case "destination-not-found")
      (case "destination-unavailable") (case "destination-IP-prohibited") (case "destination-IP-unroutable")
      (case "connection-refused") (case "connection-terminated") (case "connection-timeout")
      (case "connection-read-timeout") (case "connection-write-timeout") (case "connection-limit-reached")
      (case "TLS-protocol-error") (case "TLS-certificate-error") (case "TLS-alert-received" $tp)
      (case "HTTP-request-denied") (case "HTTP-request-length-required") (case "HTTP-request-body-size" (option u64))
      (case "HTTP-request-method-invalid") (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" (option u32)) (case "HTTP-request-header-size" (option $fp))
      (case "HTTP-request-trailer-section-size" (option u32)) (case "HTTP-request-trailer-size" $fp)
      (case "HTTP-response-incomplete") (case "HTTP-response-header-section-size" (option u32))
      (case "HTTP-response-header-size" $fp) (case "HTTP-response-body-size" (option u64))
      (case "HTTP-response-trailer-section-size" (option u32)) (case "HTTP-response-trailer-size" $fp)
      (case "HTTP-response-transfer-coding" (option string)) (case "HTTP-response-content-coding" (option string))
      (case "HTTP-response-timeout") (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected")
      (case "configuration-error") (case "internal-error" (option string))))
    (export "error-code" (type $c (eq $c0)))
    (type $h0 (variant (case "invalid-syntax") (case "forbidden") (case "immutable") (case "size-exceeded")
      (case "other" (option string))))
    (export "header-error" (type $h (eq $h0)))
    (export "fields" (type $f (sub resource)))
    (export "request" (type $r (sub resource)))
    (export "request-options" (type $o (sub resource)))
    (export "response" (type $s (sub resource)))
    (export "[constructor]fields" (func (result (own $f))))
    (export "[method]fields.append" (func (param "self" (borrow $f)) (param "name" string) (param "value" (list u8))
      (result (result (error $h)))))
    (export "[static]request.new" (func (param "headers" (own $f)) (param "contents" (option (stream u8)))
      (param "trailers" (future (result (option (own $f)) (error $c)))) (param "options" (option (own $o)))
      (result (tuple (own $r) (future (result (error $c)))))))
    (export "[method]request.set-scheme" (func (param "self" (borrow $r)) (param "scheme" (option $sc)) (result (result))))
    (export "[method]request.set-authority"
      (func (param "self" (borrow $r)) (param "authority" (option string)) (result (result))))
    (export "[method]request.get-headers" (func (param "self" (borrow $r)) (result (own $f))))
    (export "[static]request.consume-body" (func (param "this" (own $r)) (param "res" (future (result (error $c))))
      (result (tuple (stream u8) (future (result (option (own $f)) (error $c)))))))
    (export "[static]response.new" (func (param "headers" (own $f)) (param "contents" (option (stream u8)))
      (param "trailers" (future (result (option (own $f)) (error $c))))
      (result (tuple (own $s) (future (result (error $c)))))))
    (export "[method]response.get-status-code" (func (param "self" (borrow $s)) (result u16)))
    (export "[method]response.set-status-code" (func (param "self" (borrow $s)) (param "status-code" u16) (result (result))))
    (export "[static]response.consume-body" (func (param "this" (own $s)) (param "res" (future (result (error $c))))
      (result (tuple (stream u8) (future (result (option (own $f)) (error $c)))))))))
  (alias export $http "error-code" (type $Code))
  (alias export $http "fields" (type $Fields))
  (alias export $http "request" (type $Request))
  (alias export $http "response" (type $Response))
  (import "wasi:http/client@0.3.0" (instance $client
    (alias outer 1 $Request (type $r0)) (export "request" (type $r (eq $r0)))
    (alias outer 1 $Response (type $s0)) (export "response" (type $s (eq $s0)))
    (alias outer 1 $Code (type $c0)) (export "error-code" (type $c (eq $c0)))
    (export "send" (func async (param "request" (own $r)) (result (result (own $s) (error $c)))))))
  (type $Bytes (stream u8))
  (type $Trailers (future (result (option (own $Fields)) (error $Code))))
  (type $Sent (future (result (error $Code))))
  (type $Answer (result (own $Response) (error $Code)))
)";

struct Use {
  std::string_view core, type, canon;
};
// M: the memory and realloc.
constexpr Use kUses[] = {
    {"fields", "(result i32)", "lower (func $http \"[constructor]fields\")"},
    {"append", "(param i32 i32 i32 i32 i32 i32)", "lower (func $http \"[method]fields.append\") M"},
    {"request", "(param i32 i32 i32 i32 i32 i32 i32)", "lower (func $http \"[static]request.new\") M"},
    {"set_scheme", "(param i32 i32 i32 i32 i32) (result i32)", "lower (func $http \"[method]request.set-scheme\") M"},
    {"set_authority", "(param i32 i32 i32 i32) (result i32)", "lower (func $http \"[method]request.set-authority\") M"},
    {"headers", "(param i32) (result i32)", "lower (func $http \"[method]request.get-headers\")"},
    {"consume", "(param i32 i32 i32)", "lower (func $http \"[static]request.consume-body\") M"},
    {"response", "(param i32 i32 i32 i32 i32)", "lower (func $http \"[static]response.new\") M"},
    {"status", "(param i32) (result i32)", "lower (func $http \"[method]response.get-status-code\")"},
    {"set_status", "(param i32 i32) (result i32)", "lower (func $http \"[method]response.set-status-code\")"},
    {"consume_response", "(param i32 i32 i32)", "lower (func $http \"[static]response.consume-body\") M"},
    {"send", "(param i32 i32)", "lower (func $client \"send\") M"},
    {"start_send", "(param i32 i32) (result i32)", "lower (func $client \"send\") async M"},
    {"stream", "(result i64)", "stream.new $Bytes"},
    {"read", "(param i32 i32 i32) (result i32)", "stream.read $Bytes M"},
    {"write", "(param i32 i32 i32) (result i32)", "stream.write $Bytes (memory (core memory $libc \"m\"))"},
    {"start_write", "(param i32 i32 i32) (result i32)", "stream.write $Bytes async (memory (core memory $libc \"m\"))"},
    {"drop_writable", "(param i32)", "stream.drop-writable $Bytes"},
    {"drop_readable", "(param i32)", "stream.drop-readable $Bytes"},
    {"trailers", "(result i64)", "future.new $Trailers"},
    {"give_trailers", "(param i32 i32) (result i32)", "future.write $Trailers M"},
    {"read_trailers", "(param i32 i32) (result i32)", "future.read $Trailers M"},
    {"sent", "(result i64)", "future.new $Sent"},
    {"start_give_sent", "(param i32 i32) (result i32)", "future.write $Sent async M"},
    {"read_sent", "(param i32 i32) (result i32)", "future.read $Sent M"},
    {"answer", "(param i32 i32 i32 i32 i64 i32 i32 i32 i32)", "task.return (result $Answer) M"},
    {"drop_request", "(param i32)", "resource.drop $Request"},
};

// The body of `handle`, which has the request in local r; results of functions go to 16 and behind, texts lie at 1024.
// wat: the texts, as they stand in a data segment.
std::string component_of(std::string_view texts, std::string_view body) {
  std::string imports, lowers, with;
  for (const Use& u : kUses) {
    const std::string name(u.core);
    std::string canon(u.canon);
    if (name == "answer") {
      imports += "(import \"w\" \"answer\" (func $answer (param i32 i32 i32 i64 i32 i32 i32 i32)))\n";
    } else {
      imports += "(import \"w\" \"" + name + "\" (func $" + name + " " + std::string(u.type) + "))\n";
    }
    if (const size_t at = canon.find(" M"); at != canon.npos)
      canon.replace(at, 2, name == "answer" ? " (memory (core memory $libc \"m\"))"
                                            : " (memory (core memory $libc \"m\")) (realloc (core func $libc \"realloc\"))");
    lowers += "(core func $" + name + " (canon " + canon + "))\n";
    with += "(export \"" + name + "\" (func $" + name + "))\n";
  }
  return "(component " + std::string(kImports) + R"(
    (core module $Libc
      (memory (export "m") 16)
      (data (i32.const 1024) ")" + std::string(texts) + R"(")
      (global $next (mut i32) (i32.const 65536))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $p i32)
        (local.set $p (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $p) (local.get 3)))
        (local.get $p)))
    (core instance $libc (instantiate $Libc)))" + lowers + "(core module $M " + imports + R"(
      (import "libc" "m" (memory 16))
      (func $readable (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
      (func $writable (param i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
      (func $ok (param i32) (call $answer (i32.const 0) (local.get 0) (i32.const 0) (i64.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0)))
      (func $error (param i32) (call $answer (i32.const 1) (local.get 0) (i32.const 0) (i64.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0)))
      ;; A response with the stream and trailers given: 0 in memory at 64 is its handle, 68 its future.
      (func $respond (param i32 i32)
        (call $response (call $fields) (i32.const 1) (local.get 0) (local.get 1) (i32.const 64)))
      (func $no_result (result i32) (call $readable (call $sent)))
      (func (export "handle") (param $r i32) (local $a i32) (local $b i32) (local $s i64) (local $t i64) )" +
         std::string(body) + R"())
    (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "w" (instance )" + with + R"())))
    (func $handle async (param "request" (own $Request)) (result $Answer)
      (canon lift (core func $m "handle") async (memory (core memory $libc "m")) (realloc (core func $libc "realloc"))))
    (instance $handler (export "handle" (func $handle)))
    (export "wasi:http/handler@0.3.1" (instance $handler))))";
}

struct Answered {
  std::optional<HttpResponseHead> head;
  std::shared_ptr<HttpBody> body;
  std::optional<HttpError> error;
};

class Exchange final : public HttpExchange {
 public:
  Exchange(HttpRequestHead head, std::shared_ptr<HttpBody> body, Answered& to)
      : HttpExchange(std::move(head), std::move(body)), to_(to) {}

 private:
  void on_response(HttpResponseHead response, std::shared_ptr<HttpBody> body) override {
    to_.head = std::move(response);
    to_.body = std::move(body);
  }
  void on_failure(HttpError error) override { to_.error = std::move(error); }
  Answered& to_;
};

// Answers at once, or not at all.
class Client final : public HttpClient {
 public:
  HttpResult<std::shared_ptr<HttpPending>> send(HttpRequestHead head, const HttpRequestOptions&,
                                                std::shared_ptr<HttpBody> body, const HttpPolicy&) override {
    struct Pending final : HttpPending {
      using HttpPending::resolve;
    };
    heads.push_back(std::move(head));
    bodies.push_back(std::move(body));
    auto pending = std::make_shared<Pending>();
    if (response) pending->resolve(std::move(*response));
    return pending;
  }
  std::vector<HttpRequestHead> heads;
  std::vector<std::shared_ptr<HttpBody>> bodies;
  std::optional<HttpResult<HttpResponse>> response;
};

std::string text_of(HttpBody& body) {
  std::string out;
  while (!body.data().empty()) {
    out.append(reinterpret_cast<const char*>(body.data().data()), body.data().size());
    body.consumed(body.data().size());
  }
  return out;
}

struct Http : testing::Test {
  Http() {
    EngineConfig config;
    config.features = Features::all();
    engine = std::make_unique<Engine>(config, make_interpreter());
    core = std::move(Store::create(*engine).value());
    store = std::move(ComponentStore::create(*core).value());
    p3.define(linker);
    ctx.http_client = client;
    ctx.http.allow_all();
    request = HttpBody::create({HttpBody::Of::Request});
  }
  ~Http() override {
    store.reset();
    core.reset();
  }
  void put(HttpBody& body, std::string_view text) {
    const auto space = body.space();
    ASSERT_GE(space.size(), text.size());
    std::memcpy(space.data(), text.data(), text.size());
    body.produced(text.size());
  }
  // Calls `handle`; the trap, if there is one.
  std::string handle(std::string_view texts, std::string_view body) {
    auto binary = component_wat_to_binary(component_of(texts, body), engine->features());
    if (!binary) return ADD_FAILURE() << binary.error().message(), "";
    auto compiled = compile_component(*engine, SharedBytes::own(std::move(*binary)));
    if (!compiled) return ADD_FAILURE() << compiled.error().message(), "";
    state = p3.attach(*store, ctx);
    const auto handler = P3HttpHandler::find(p3, **compiled);
    if (!handler) return ADD_FAILURE() << "no handler", "";
    auto instance = linker.instantiate(*store, *compiled);
    if (!instance) return ADD_FAILURE() << instance.error().message(), "";
    HttpRequestHead head;
    head.fields.append("X-Given", "1");
    const auto result = handler->call(*store, **instance, std::make_shared<Exchange>(std::move(head), request, answered));
    return result ? "" : result.error().message();
  }

  Ctx ctx;
  std::shared_ptr<Client> client = std::make_shared<Client>();
  std::shared_ptr<HttpBody> request;
  Answered answered;
  P3 p3;
  WasiStatePtr state{nullptr, nullptr};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Store> core;
  std::unique_ptr<ComponentStore> store;
  ComponentLinker linker;
};

TEST_F(Http, AnswersWithABodyAndTrailers) {
  // The answer first, then its body; fields with one name as trailers.
  EXPECT_EQ(handle("hellox-ty", R"(
    (local.set $s (call $stream)) (local.set $t (call $trailers))
    (call $respond (call $readable (local.get $s)) (call $readable (local.get $t)))
    (drop (call $set_status (i32.load (i32.const 64)) (i32.const 201)))
    (call $ok (i32.load (i32.const 64)))
    (if (i32.ne (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 5)) (i32.const 80))
      (then unreachable))
    (call $drop_writable (call $writable (local.get $s)))
    (i32.store8 (i32.const 136) (i32.const 1))
    (i32.store (i32.const 140) (local.tee $a (call $fields)))
    (call $append (local.get $a) (i32.const 1029) (i32.const 3) (i32.const 1032) (i32.const 1) (i32.const 16))
    (drop (call $give_trailers (call $writable (local.get $t)) (i32.const 128))))"), "");
  ASSERT_TRUE(answered.head);
  EXPECT_EQ(answered.head->status, 201);
  EXPECT_EQ(text_of(*answered.body), "hello");
  ASSERT_NE(answered.body->trailers(), nullptr);
  EXPECT_EQ(answered.body->trailers()->find("x-t"), "y");
}

// The guest only connects what came in with what goes out: bytes and trailers.
TEST_F(Http, Echoes) {
  put(*request, "what came in");
  HttpFields trailers;
  trailers.append("x-end", "1");
  ASSERT_TRUE(request->finish(trailers));
  EXPECT_EQ(handle("", R"(
    (call $consume (local.get $r) (call $no_result) (i32.const 16))
    (call $respond (i32.load (i32.const 16)) (i32.load (i32.const 20)))
    (call $ok (i32.load (i32.const 64))))"), "");
  ASSERT_TRUE(answered.body);
  EXPECT_EQ(text_of(*answered.body), "what came in");
  ASSERT_NE(answered.body->trailers(), nullptr);
  EXPECT_EQ(answered.body->trailers()->find("x-end"), "1");
}

TEST_F(Http, ErrorsOfHandlers) {
  EXPECT_EQ(handle("", "(call $error (i32.const 36))"), "") << "loop-detected";
  ASSERT_TRUE(answered.error);
  EXPECT_EQ(answered.error->code, HttpErrorCode::LoopDetected);
}

TEST_F(Http, TrapsAnswerToo) {
  EXPECT_EQ(handle("", "unreachable"), "unreachable");
  ASSERT_TRUE(answered.error);
  EXPECT_EQ(answered.error->code, HttpErrorCode::InternalError);
}

// Nobody will ever write the body: it fails, and the host is free.
TEST_F(Http, UnfinishedBodiesFail) {
  EXPECT_NE(handle("", R"(
    (local.set $s (call $stream)) (local.set $t (call $trailers))
    (call $respond (call $readable (local.get $s)) (call $readable (local.get $t)))
    (call $ok (i32.load (i32.const 64))))"), "");
  ASSERT_TRUE(answered.body);
  EXPECT_NE(answered.body->error(), nullptr);
}

TEST_F(Http, TrapsInTheMiddleOfABody) {
  EXPECT_EQ(handle("hello", R"(
    (local.set $s (call $stream)) (local.set $t (call $trailers))
    (call $respond (call $readable (local.get $s)) (call $readable (local.get $t)))
    (call $ok (i32.load (i32.const 64)))
    (drop (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 5)))
    unreachable)"), "unreachable");
  ASSERT_TRUE(answered.body);
  EXPECT_NE(answered.body->error(), nullptr);
}

// Trailers that are an error fail the body.
TEST_F(Http, ErrorsAsTrailers) {
  EXPECT_EQ(handle("hello", R"(
    (local.set $s (call $stream)) (local.set $t (call $trailers))
    (call $respond (call $readable (local.get $s)) (call $readable (local.get $t)))
    (call $ok (i32.load (i32.const 64)))
    (call $drop_writable (call $writable (local.get $s)))
    (i32.store8 (i32.const 128) (i32.const 1))
    (i32.store8 (i32.const 136) (i32.const 37))
    (drop (call $give_trailers (call $writable (local.get $t)) (i32.const 128))))"), "");
  ASSERT_TRUE(answered.body && answered.body->error());
  EXPECT_EQ(answered.body->error()->code, HttpErrorCode::ConfigurationError);
}

TEST_F(Http, HeadersOfRequestsAreImmutable) {
  EXPECT_EQ(handle("name", R"(
    (call $append (call $headers (local.get $r)) (i32.const 1024) (i32.const 4) (i32.const 1024) (i32.const 4)
      (i32.const 16))
    (if (i32.ne (i32.load8_u (i32.const 20)) (i32.const 2)) (then unreachable))
    (call $error (i32.const 0)))"), "");
}

// A request in local a, whose body is the readable end of s and whose trailers that of t; 72 has its future.
constexpr std::string_view kMakeRequest = R"(
  (local.set $s (call $stream)) (local.set $t (call $trailers))
  (call $request (call $fields) (i32.const 1) (call $readable (local.get $s)) (call $readable (local.get $t))
    (i32.const 0) (i32.const 0) (i32.const 68))
  (local.set $a (i32.load (i32.const 68)))
  (drop (call $set_scheme (local.get $a) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
  (drop (call $set_authority (local.get $a) (i32.const 1) (i32.const 1024) (i32.const 7)))
)";

TEST_F(Http, SendsRequests) {
  auto body = HttpBody::create({HttpBody::Of::Response});
  put(*body, "theirs");
  ASSERT_TRUE(body->finish());
  client->response = HttpResponse{{418, HttpFields()}, body};
  // The response's status and body become ours.
  EXPECT_EQ(handle("example", std::string(kMakeRequest) + R"(
    (call $send (local.get $a) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then unreachable))
    (local.set $b (i32.load (i32.const 136)))
    (drop (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 7)))
    (call $drop_writable (call $writable (local.get $s)))
    (drop (call $give_trailers (call $writable (local.get $t)) (i32.const 256)))
    (if (i32.ne (call $status (local.get $b)) (i32.const 418)) (then unreachable))
    (call $ok (local.get $b)))"), "");
  ASSERT_EQ(client->heads.size(), 1u);
  EXPECT_EQ(client->heads[0].authority, "example");
  EXPECT_EQ(text_of(*client->bodies[0]), "example");
  EXPECT_TRUE(client->bodies[0]->complete());
  ASSERT_TRUE(answered.head);
  EXPECT_EQ(answered.head->status, 418);
  EXPECT_EQ(answered.body, body) << "passed on as it is";
  EXPECT_EQ(text_of(*answered.body), "theirs");
}

TEST_F(Http, RequestsNeedAGrant) {
  ctx.http = HttpPolicy();
  // The guest's body is not wanted: its writer sees that.
  EXPECT_EQ(handle("example", std::string(kMakeRequest) + R"(
    (call $send (local.get $a) (i32.const 128))
    (if (i32.ne (i32.load8_u (i32.const 136)) (i32.const 15)) (then unreachable))
    (if (i32.ne (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 7)) (i32.const 1))
      (then unreachable))
    (drop (call $read_sent (i32.load (i32.const 72)) (i32.const 256)))
    (if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable))
    (call $error (i32.const 15)))"), "");
  ASSERT_TRUE(answered.error);
  EXPECT_EQ(answered.error->code, HttpErrorCode::RequestDenied);
}

TEST_F(Http, DroppedRequestsTellTheirWriters) {
  EXPECT_EQ(handle("example", std::string(kMakeRequest) + R"(
    (call $drop_request (local.get $a))
    (if (i32.ne (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 7)) (i32.const 1))
      (then unreachable))
    (call $error (i32.const 0)))"), "");
  ASSERT_TRUE(answered.error);
}

// The store ends with a request under way whose body is half written.
TEST_F(Http, StoresThatEnd) {
  EXPECT_EQ(handle("example", std::string(kMakeRequest) + R"(
    (drop (call $start_send (local.get $a) (i32.const 128)))
    (drop (call $start_write (call $writable (local.get $s)) (i32.const 1024) (i32.const 65536)))
    (call $error (i32.const 0)))"), "");
  store.reset();
  state.reset();
  EXPECT_NE(client->bodies.at(0)->error(), nullptr);
}

}  // namespace
}  // namespace skiff::wasi
