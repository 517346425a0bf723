// HTTP as guests have it, whatever version of the protocol or of WASI: heads of messages, a request that a server has
// received and a guest answers (HttpExchange), a request that a guest sends (HttpClient). Bodies: http_body.h.
// No networking here: servers and clients are made elsewhere (runtime/host, wasi/http_client).
// Thread: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wasi/os/http_body.h"
#include "wasi/os/http_error.h"
#include "wasi/os/http_fields.h"

namespace skiff::wasi {

struct HttpMethod {
  /// In the order of WIT.
  enum class Kind : uint8_t { Get, Head, Post, Put, Delete, Connect, Options, Trace, Patch, Other };
  Kind kind = Kind::Get;
  std::string other;      // a token, none of the above

  /// Nothing: it is no token.
  static std::optional<HttpMethod> parse(std::string_view text);
  std::string_view text() const;
};

struct HttpScheme {
  enum class Kind : uint8_t { Http, Https, Other };
  Kind kind = Kind::Http;
  std::string other;      // none of the above

  /// Nothing: it is no scheme. Spec: RFC 3986 3.1
  static std::optional<HttpScheme> parse(std::string_view text);
  std::string_view text() const;
};

/// HOST or HOST:PORT; user information is no part of it.
struct HttpAuthority {
  std::string_view host;            // a name, an IPv4 address, or one of IPv6 in brackets
  std::optional<uint16_t> port;
  /// Views into `text`. Nothing: it is none.
  static std::optional<HttpAuthority> parse(std::string_view text);
};
/// A path with or without a query: starts with '/' or '?', or is "*" or empty; visible ASCII, no '#'.
bool is_http_path_with_query(std::string_view s);

struct HttpRequestHead {
  HttpMethod method;
  std::optional<HttpScheme> scheme;
  std::optional<std::string> authority;
  std::optional<std::string> path_with_query;
  HttpFields fields;
};

struct HttpResponseHead {
  uint16_t status = 200;
  HttpFields fields;
};

/// A request that came in, waiting for its answer. The server derives from it; whoever runs the guest calls respond() or
/// fail() exactly once, or drops it, which fails it.
///
/// Server: `head` with all fields as received (host and the like are hidden from guests by the face); `body` to be filled as
/// guests read it, failed when the client goes away, length() from content-length. When the answer's body is
/// closed() the guest is told by its stream.
class HttpExchange {
 public:
  HttpExchange(HttpRequestHead head, std::shared_ptr<HttpBody> body)
      : head(std::move(head)), body(std::move(body)) {}
  virtual ~HttpExchange() = default;
  HttpExchange(const HttpExchange&) = delete;

  HttpRequestHead head;                 // the face moves it out
  std::shared_ptr<HttpBody> body;       // never null

  /// The answer; the server consumes `body` (never null, of a response), which may already be filled or finished.
  /// Requires: !answered()
  void respond(HttpResponseHead response, std::shared_ptr<HttpBody> response_body) {
    answered_ = true;
    on_response(std::move(response), std::move(response_body));
  }
  /// There will be no answer, because of `error`. Requires: !answered()
  void fail(HttpError error) {
    answered_ = true;
    on_failure(std::move(error));
  }
  /// An informational response (100-199, not 101) before the answer. False: it cannot be sent.
  bool inform(HttpResponseHead response) { return !answered_ && on_inform(std::move(response)); }
  bool answered() const { return answered_; }

 protected:
  virtual void on_response(HttpResponseHead response, std::shared_ptr<HttpBody> response_body) = 0;
  virtual void on_failure(HttpError error) = 0;
  virtual bool on_inform(HttpResponseHead) { return false; }

 private:
  bool answered_ = false;
};

/// Units: nanoseconds
struct HttpRequestOptions {
  std::optional<uint64_t> connect_timeout;
  std::optional<uint64_t> first_byte_timeout;      // from the start to the head of the response
  std::optional<uint64_t> between_bytes_timeout;   // of the response's body
};

struct HttpResponse {
  HttpResponseHead head;
  std::shared_ptr<HttpBody> body;
};

/// A response to come. Ready when it, or the error, is there. Dropped: nobody wants it any more.
class HttpPending : public Event {
 public:
  ~HttpPending() override {
    if (result_ && *result_ && (*result_)->body) (*result_)->body->close();
  }
  bool poll(WaitSet& set) final {
    if (result_) return true;
    set.add_signal(ready_);
    return false;
  }
  bool ready() const { return result_.has_value(); }
  /// Requires: ready(). Once.
  HttpResult<HttpResponse> take() { return std::move(*result_); }

 protected:
  /// Once.
  void resolve(HttpResult<HttpResponse> result) {
    result_.emplace(std::move(result));
    ready_.notify();
  }

 private:
  std::optional<HttpResult<HttpResponse>> result_;
  Signal ready_;
};

class HttpPolicy;

/// Sends requests. One serves all guests of a thread, and keeps connections for them.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Starts sending. The client checks by `policy` (which outlives the request) where it connects to, after names were
  /// resolved, and consumes `body` (of a request, never null). The head has scheme and authority.
  /// What fails later is told by what is returned, or by the response's body.
  virtual HttpResult<std::shared_ptr<HttpPending>> send(HttpRequestHead head, const HttpRequestOptions& options,
                                                        std::shared_ptr<HttpBody> body,
                                                        const HttpPolicy& policy) = 0;
};

}  // namespace skiff::wasi
