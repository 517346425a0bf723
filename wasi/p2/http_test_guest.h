// Guests for the tests of wasi:http: components made of text, whose functions are written with short names for everything
// that they import. Results go to memory at 16; texts are placed by text().
#pragma once

#include <gtest/gtest.h>

#include "component/text/text.h"
#include "engine/interp/interp.h"
#include "wasi/p2/http_handler.h"
#include "wasi/p2/state.h"

namespace skiff::wasi {

inline constexpr std::string_view kHttpImports = R"(
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type $e (sub resource)))))
  (alias export $error "error" (type $Error))
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $Pollable))
  (import "wasi:io/streams@0.2.12" (instance $streams
    (alias outer 1 $Error (type $e0)) (export "error" (type $e (eq $e0)))
    (type $s0 (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $s (eq $s0)))
    (export "input-stream" (type $i (sub resource)))
    (export "output-stream" (type $o (sub resource)))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $i)) (param "len" u64) (result (result (list u8) (error $s)))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $s)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $s)))))))
  (alias export $streams "input-stream" (type $Input))
  (alias export $streams "output-stream" (type $Output))
  (import "wasi:http/types@0.2.4" (instance $http
    (alias outer 1 $Input (type $i0)) (export "input-stream" (type $i (eq $i0)))
    (alias outer 1 $Output (type $o0)) (export "output-stream" (type $o (eq $o0)))
    (alias outer 1 $Error (type $e0)) (export "io-error" (type $e (eq $e0)))
    (alias outer 1 $Pollable (type $p0)) (export "pollable" (type $p (eq $p0)))
    (type $m0 (variant (case "get") (case "head") (case "post") (case "put") (case "delete") (case "connect")
      (case "options") (case "trace") (case "patch") (case "other" string)))
    (export "method" (type $m (eq $m0)))
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
    (type $h0 (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $h (eq $h0)))
    (export "fields" (type $f (sub resource)))
    (export "incoming-request" (type $ir (sub resource)))
    (export "outgoing-request" (type $or (sub resource)))
    (export "request-options" (type $ro (sub resource)))
    (export "response-outparam" (type $rp (sub resource)))
    (export "incoming-response" (type $is (sub resource)))
    (export "incoming-body" (type $ib (sub resource)))
    (export "future-trailers" (type $ft (sub resource)))
    (export "outgoing-response" (type $os (sub resource)))
    (export "outgoing-body" (type $ob (sub resource)))
    (export "future-incoming-response" (type $fr (sub resource)))
    (export "[constructor]fields" (func (result (own $f))))
    (export "[static]fields.from-list" (func (param "entries" (list (tuple string (list u8))))
      (result (result (own $f) (error $h)))))
    (export "[method]fields.get" (func (param "self" (borrow $f)) (param "name" string) (result (list (list u8)))))
    (export "[method]fields.has" (func (param "self" (borrow $f)) (param "name" string) (result bool)))
    (export "[method]fields.set" (func (param "self" (borrow $f)) (param "name" string)
      (param "value" (list (list u8))) (result (result (error $h)))))
    (export "[method]fields.delete" (func (param "self" (borrow $f)) (param "name" string)
      (result (result (error $h)))))
    (export "[method]fields.append" (func (param "self" (borrow $f)) (param "name" string) (param "value" (list u8))
      (result (result (error $h)))))
    (export "[method]fields.entries" (func (param "self" (borrow $f)) (result (list (tuple string (list u8))))))
    (export "[method]fields.clone" (func (param "self" (borrow $f)) (result (own $f))))
    (export "[method]incoming-request.method" (func (param "self" (borrow $ir)) (result $m)))
    (export "[method]incoming-request.path-with-query" (func (param "self" (borrow $ir)) (result (option string))))
    (export "[method]incoming-request.scheme" (func (param "self" (borrow $ir)) (result (option $sc))))
    (export "[method]incoming-request.authority" (func (param "self" (borrow $ir)) (result (option string))))
    (export "[method]incoming-request.headers" (func (param "self" (borrow $ir)) (result (own $f))))
    (export "[method]incoming-request.consume" (func (param "self" (borrow $ir)) (result (result (own $ib)))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $f)) (result (own $or))))
    (export "[method]outgoing-request.body" (func (param "self" (borrow $or)) (result (result (own $ob)))))
    (export "[method]outgoing-request.method" (func (param "self" (borrow $or)) (result $m)))
    (export "[method]outgoing-request.set-method" (func (param "self" (borrow $or)) (param "method" $m)
      (result (result))))
    (export "[method]outgoing-request.path-with-query" (func (param "self" (borrow $or)) (result (option string))))
    (export "[method]outgoing-request.set-path-with-query" (func (param "self" (borrow $or))
      (param "path-with-query" (option string)) (result (result))))
    (export "[method]outgoing-request.scheme" (func (param "self" (borrow $or)) (result (option $sc))))
    (export "[method]outgoing-request.set-scheme" (func (param "self" (borrow $or)) (param "scheme" (option $sc))
      (result (result))))
    (export "[method]outgoing-request.authority" (func (param "self" (borrow $or)) (result (option string))))
    (export "[method]outgoing-request.set-authority" (func (param "self" (borrow $or))
      (param "authority" (option string)) (result (result))))
    (export "[method]outgoing-request.headers" (func (param "self" (borrow $or)) (result (own $f))))
    (export "[constructor]request-options" (func (result (own $ro))))
    (export "[method]request-options.connect-timeout" (func (param "self" (borrow $ro)) (result (option u64))))
    (export "[method]request-options.set-connect-timeout" (func (param "self" (borrow $ro))
      (param "duration" (option u64)) (result (result))))
    (export "[method]request-options.set-first-byte-timeout" (func (param "self" (borrow $ro))
      (param "duration" (option u64)) (result (result))))
    (export "[method]request-options.set-between-bytes-timeout" (func (param "self" (borrow $ro))
      (param "duration" (option u64)) (result (result))))
    (export "[method]response-outparam.send-informational" (func (param "self" (borrow $rp)) (param "status" u16)
      (param "headers" (own $f)) (result (result (error $c)))))
    (export "[static]response-outparam.set" (func (param "param" (own $rp))
      (param "response" (result (own $os) (error $c)))))
    (export "[method]incoming-response.status" (func (param "self" (borrow $is)) (result u16)))
    (export "[method]incoming-response.headers" (func (param "self" (borrow $is)) (result (own $f))))
    (export "[method]incoming-response.consume" (func (param "self" (borrow $is)) (result (result (own $ib)))))
    (export "[method]incoming-body.stream" (func (param "self" (borrow $ib)) (result (result (own $i)))))
    (export "[static]incoming-body.finish" (func (param "this" (own $ib)) (result (own $ft))))
    (export "[method]future-trailers.subscribe" (func (param "self" (borrow $ft)) (result (own $p))))
    (export "[method]future-trailers.get" (func (param "self" (borrow $ft))
      (result (option (result (result (option (own $f)) (error $c)))))))
    (export "[constructor]outgoing-response" (func (param "headers" (own $f)) (result (own $os))))
    (export "[method]outgoing-response.status-code" (func (param "self" (borrow $os)) (result u16)))
    (export "[method]outgoing-response.set-status-code" (func (param "self" (borrow $os)) (param "status-code" u16)
      (result (result))))
    (export "[method]outgoing-response.headers" (func (param "self" (borrow $os)) (result (own $f))))
    (export "[method]outgoing-response.body" (func (param "self" (borrow $os)) (result (result (own $ob)))))
    (export "[method]outgoing-body.write" (func (param "self" (borrow $ob)) (result (result (own $o)))))
    (export "[static]outgoing-body.finish" (func (param "this" (own $ob)) (param "trailers" (option (own $f)))
      (result (result (error $c)))))
    (export "[method]future-incoming-response.subscribe" (func (param "self" (borrow $fr)) (result (own $p))))
    (export "[method]future-incoming-response.get" (func (param "self" (borrow $fr))
      (result (option (result (result (own $is) (error $c)))))))
    (export "http-error-code" (func (param "err" (borrow $e)) (result (option $c))))))
  (alias export $http "fields" (type $Fields))
  (alias export $http "error-code" (type $Code))
  (alias export $http "incoming-request" (type $IncomingRequest))
  (alias export $http "outgoing-request" (type $OutgoingRequest))
  (alias export $http "request-options" (type $RequestOptions))
  (alias export $http "response-outparam" (type $ResponseOutparam))
  (alias export $http "incoming-response" (type $IncomingResponse))
  (alias export $http "incoming-body" (type $IncomingBody))
  (alias export $http "future-trailers" (type $FutureTrailers))
  (alias export $http "outgoing-response" (type $OutgoingResponse))
  (alias export $http "outgoing-body" (type $OutgoingBody))
  (alias export $http "future-incoming-response" (type $FutureResponse))
  (import "wasi:http/outgoing-handler@0.2.4" (instance $outgoing
    (alias outer 1 $OutgoingRequest (type $r0)) (export "outgoing-request" (type $r (eq $r0)))
    (alias outer 1 $RequestOptions (type $o0)) (export "request-options" (type $o (eq $o0)))
    (alias outer 1 $FutureResponse (type $f0)) (export "future-incoming-response" (type $f (eq $f0)))
    (alias outer 1 $Code (type $c0)) (export "error-code" (type $c (eq $c0)))
    (export "handle" (func (param "request" (own $r)) (param "options" (option (own $o)))
      (result (result (own $f) (error $c)))))))
)";

struct HttpUse {
  std::string_view instance, name, core, type;
};
/// Short names, and core types: a last i32 of functions without result is where that goes.
inline constexpr HttpUse kHttpUses[] = {
    {"poll", "[method]pollable.ready", "ready", "(param i32) (result i32)"},
    {"poll", "[method]pollable.block", "block", "(param i32)"},
    {"streams", "[method]input-stream.blocking-read", "read", "(param i32 i64 i32)"},
    {"streams", "[method]output-stream.check-write", "check", "(param i32 i32)"},
    {"streams", "[method]output-stream.blocking-write-and-flush", "put", "(param i32 i32 i32 i32)"},
    {"http", "[constructor]fields", "fields", "(result i32)"},
    {"http", "[static]fields.from-list", "from_list", "(param i32 i32 i32)"},
    {"http", "[method]fields.get", "get", "(param i32 i32 i32 i32)"},
    {"http", "[method]fields.has", "has", "(param i32 i32 i32) (result i32)"},
    {"http", "[method]fields.set", "set", "(param i32 i32 i32 i32 i32 i32)"},
    {"http", "[method]fields.delete", "delete", "(param i32 i32 i32 i32)"},
    {"http", "[method]fields.append", "append", "(param i32 i32 i32 i32 i32 i32)"},
    {"http", "[method]fields.entries", "entries", "(param i32 i32)"},
    {"http", "[method]fields.clone", "clone", "(param i32) (result i32)"},
    {"http", "[method]incoming-request.method", "in_method", "(param i32 i32)"},
    {"http", "[method]incoming-request.path-with-query", "in_path", "(param i32 i32)"},
    {"http", "[method]incoming-request.scheme", "in_scheme", "(param i32 i32)"},
    {"http", "[method]incoming-request.authority", "in_authority", "(param i32 i32)"},
    {"http", "[method]incoming-request.headers", "in_headers", "(param i32) (result i32)"},
    {"http", "[method]incoming-request.consume", "in_consume", "(param i32 i32)"},
    {"http", "[constructor]outgoing-request", "request", "(param i32) (result i32)"},
    {"http", "[method]outgoing-request.body", "request_body", "(param i32 i32)"},
    {"http", "[method]outgoing-request.method", "method", "(param i32 i32)"},
    {"http", "[method]outgoing-request.set-method", "set_method", "(param i32 i32 i32 i32) (result i32)"},
    {"http", "[method]outgoing-request.path-with-query", "path", "(param i32 i32)"},
    {"http", "[method]outgoing-request.set-path-with-query", "set_path", "(param i32 i32 i32 i32) (result i32)"},
    {"http", "[method]outgoing-request.scheme", "scheme", "(param i32 i32)"},
    {"http", "[method]outgoing-request.set-scheme", "set_scheme", "(param i32 i32 i32 i32 i32) (result i32)"},
    {"http", "[method]outgoing-request.authority", "authority", "(param i32 i32)"},
    {"http", "[method]outgoing-request.set-authority", "set_authority", "(param i32 i32 i32 i32) (result i32)"},
    {"http", "[method]outgoing-request.headers", "request_headers", "(param i32) (result i32)"},
    {"http", "[constructor]request-options", "options", "(result i32)"},
    {"http", "[method]request-options.connect-timeout", "connect_timeout", "(param i32 i32)"},
    {"http", "[method]request-options.set-connect-timeout", "set_connect", "(param i32 i32 i64) (result i32)"},
    {"http", "[method]request-options.set-first-byte-timeout", "set_first", "(param i32 i32 i64) (result i32)"},
    {"http", "[method]request-options.set-between-bytes-timeout", "set_between", "(param i32 i32 i64) (result i32)"},
    {"http", "[method]response-outparam.send-informational", "inform", "(param i32 i32 i32 i32)"},
    {"http", "[static]response-outparam.set", "answer", "(param i32 i32 i32 i32 i64 i32 i32 i32 i32)"},
    {"http", "[method]incoming-response.status", "status", "(param i32) (result i32)"},
    {"http", "[method]incoming-response.headers", "response_headers", "(param i32) (result i32)"},
    {"http", "[method]incoming-response.consume", "consume", "(param i32 i32)"},
    {"http", "[method]incoming-body.stream", "stream", "(param i32 i32)"},
    {"http", "[static]incoming-body.finish", "finish_in", "(param i32) (result i32)"},
    {"http", "[method]future-trailers.subscribe", "trailers_event", "(param i32) (result i32)"},
    {"http", "[method]future-trailers.get", "trailers", "(param i32 i32)"},
    {"http", "[constructor]outgoing-response", "response", "(param i32) (result i32)"},
    {"http", "[method]outgoing-response.status-code", "own_status", "(param i32) (result i32)"},
    {"http", "[method]outgoing-response.set-status-code", "set_status", "(param i32 i32) (result i32)"},
    {"http", "[method]outgoing-response.headers", "own_headers", "(param i32) (result i32)"},
    {"http", "[method]outgoing-response.body", "response_body", "(param i32 i32)"},
    {"http", "[method]outgoing-body.write", "write", "(param i32 i32)"},
    {"http", "[static]outgoing-body.finish", "finish", "(param i32 i32 i32 i32)"},
    {"http", "[method]future-incoming-response.subscribe", "future_event", "(param i32) (result i32)"},
    {"http", "[method]future-incoming-response.get", "future", "(param i32 i32)"},
    {"http", "http-error-code", "error_code", "(param i32 i32)"},
    {"outgoing", "handle", "send", "(param i32 i32 i32 i32)"},
};
inline constexpr std::string_view kHttpDrops[] = {
    "Pollable",         "Input",            "Output",       "Fields",         "IncomingRequest",  "OutgoingRequest",
    "ResponseOutparam", "IncomingResponse", "IncomingBody", "FutureTrailers", "OutgoingResponse", "OutgoingBody",
    "FutureResponse"};

/// A component that exports `run: func() -> u32`, and incoming-handler whose parameters are $request and $out. Both have
/// locals $a to $d.
inline std::string http_component(std::string_view data, std::string_view run, std::string_view handle) {
  std::string imports, lowers, with;
  const auto add = [&](std::string_view core, std::string_view type, std::string_view canon) {
    const std::string name(core);
    imports += "(import \"w\" \"" + name + "\" (func $" + name + " " + std::string(type) + "))\n";
    lowers += "(core func $" + name + " " + std::string(canon) + ")\n";
    with += "(export \"" + name + "\" (func $" + name + "))\n";
  };
  for (const HttpUse& u : kHttpUses)
    add(u.core, u.type,
        "(canon lower (func $" + std::string(u.instance) + " \"" + std::string(u.name) +
            "\") (memory (core memory $libc \"m\")) (realloc (core func $libc \"realloc\")))");
  for (const std::string_view d : kHttpDrops)
    add("drop_" + std::string(d), "(param i32)", "(canon resource.drop $" + std::string(d) + ")");
  const std::string locals = "(local $a i32) (local $b i32) (local $c i32) (local $d i32)";
  return "(component " + std::string(kHttpImports) + R"(
    (core module $Libc
      (memory (export "m") 16)
      (data (i32.const 1024) ")" + std::string(data) + R"(")
      (global $next (mut i32) (i32.const 65536))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $p i32)
        (local.set $p (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $p) (local.get 3)))
        (local.get $p)))
    (core instance $libc (instantiate $Libc)))" + lowers + "(core module $M " + imports + R"(
      (import "libc" "m" (memory 16))
      (func $b (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func $w (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "run") (result i32) )" + locals + std::string(run) + R"()
      (func (export "handle") (param $request i32) (param $out i32) )" + locals + std::string(handle) + R"())
    (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "w" (instance )" + with + R"())))
    (func (export "run") (result u32) (canon lift (core func $m "run")))
    (func $handle (param "request" (own $IncomingRequest)) (param "response-out" (own $ResponseOutparam))
      (canon lift (core func $m "handle")))
    (instance $handler (export "handle" (func $handle)))
    (export "wasi:http/incoming-handler@0.2.4" (instance $handler))))";
}

/// An exchange that keeps what it was told.
class TestExchange final : public HttpExchange {
 public:
  using HttpExchange::HttpExchange;
  std::optional<HttpResponseHead> response;
  std::shared_ptr<HttpBody> response_body;
  std::optional<HttpError> error;
  std::vector<HttpResponseHead> informed;

 private:
  void on_response(HttpResponseHead head_, std::shared_ptr<HttpBody> body_) override {
    response = std::move(head_);
    response_body = std::move(body_);
  }
  void on_failure(HttpError e) override { error = std::move(e); }
  bool on_inform(HttpResponseHead head_) override {
    informed.push_back(std::move(head_));
    return true;
  }
};

/// A client that keeps requests and answers them as it is told.
class TestClient final : public HttpClient {
 public:
  struct Pending final : HttpPending {
    using HttpPending::resolve;
  };
  HttpResult<std::shared_ptr<HttpPending>> send(HttpRequestHead h, const HttpRequestOptions& o,
                                                std::shared_ptr<HttpBody> b, const HttpPolicy&) override {
    head = std::move(h);
    options = o;
    body = std::move(b);
    auto made = std::make_shared<Pending>();
    if (on_send) on_send(*made);
    return made;
  }
  HttpRequestHead head;
  HttpRequestOptions options;
  std::shared_ptr<HttpBody> body;
  std::function<void(Pending&)> on_send;
};

class HttpGuest : public testing::Test {
 protected:
  HttpGuest() {
    EngineConfig config;
    config.features = Features::all();
    engine = std::make_unique<Engine>(config, make_interpreter());
    core = std::move(Store::create(*engine).value());
    store = std::move(component::ComponentStore::create(*core).value());
    p2.define(linker);
    ctx.http_client = client;
    ctx.http.allow_all();
    ctx.http.on_refused = [this](std::string_view grant) { refused = grant; };
  }
  ~HttpGuest() override {
    store.reset();
    core.reset();
  }

  /// Address and length of a text in the guest's memory, as two arguments.
  std::string text(std::string_view s) {
    const size_t at = 1024 + data_.size();
    data_ += s;
    return "(i32.const " + std::to_string(at) + ") (i32.const " + std::to_string(s.size()) + ")";
  }
  component::ComponentInstancePtr instantiate(std::string_view run, std::string_view handle) {
    std::string escaped;
    for (const char c : data_) {
      static constexpr char kHex[] = "0123456789abcdef";
      escaped += {'\\', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    }
    auto binary = component::component_wat_to_binary(http_component(escaped, run, handle), engine->features());
    if (!binary) return ADD_FAILURE() << binary.error().message(), nullptr;
    auto compiled = component::compile_component(*engine, SharedBytes::own(std::move(*binary)));
    if (!compiled) return ADD_FAILURE() << compiled.error().message(), nullptr;
    component = *compiled;
    if (!state) state = p2.attach(*store, ctx);
    auto instance = linker.instantiate(*store, component);
    if (!instance) return ADD_FAILURE() << instance.error().message(), nullptr;
    return *instance;
  }
  /// The result of `body`, or a trap's message.
  std::string run(std::string_view body) {
    const auto instance = instantiate(body, "");
    if (!instance) return "";
    const auto result = component::call_func(*store, *instance->find("run")->func, {});
    return result ? std::to_string((*result)->bits()) : result.error().message();
  }
  void expect_trap(std::string_view part, std::string_view body) {
    const std::string message = run(body);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  /// A request that is handled by `body`; the trap's message, or nothing.
  std::string handle(TestExchange& exchange, std::string_view body) {
    const auto instance = instantiate("(i32.const 0)", body);
    if (!instance) return "";
    const auto handler = HttpHandler::find(p2, *component);
    if (!handler) return ADD_FAILURE() << "no handler", "";
    // As servers do it, which keep theirs.
    const std::shared_ptr<HttpExchange> shared(std::shared_ptr<void>(), &exchange);
    const auto result = handler->call(*store, *instance, shared);
    EXPECT_TRUE(exchange.answered());
    return result ? "" : result.error().message();
  }

  Ctx ctx;
  std::shared_ptr<TestClient> client = std::make_shared<TestClient>();
  std::string refused;
  P2 p2;
  WasiStatePtr state{nullptr, nullptr};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Store> core;
  std::unique_ptr<component::ComponentStore> store;
  component::ComponentLinker linker;
  component::ComponentPtr component;

 private:
  std::string data_;
};

inline std::string read_all(HttpBody& body) {
  std::string all;
  for (std::span<const uint8_t> piece = body.data(); !piece.empty(); piece = body.data()) {
    all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    body.consumed(piece.size());
  }
  return all;
}

}  // namespace skiff::wasi
