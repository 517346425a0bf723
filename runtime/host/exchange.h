// Exchange: one request and its answer, between the connection that it came on and the guest that answers. It is
// shared by both, and lives until both have let go: a guest may go on after its answer, and a client may go away
// before it.
// Thread: one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "wasi/os/http.h"

namespace skiff::host {

class App;
class Exchange;

/// The connection's side.
class ExchangeClient {
 public:
  virtual ~ExchangeClient() = default;
  /// There is an answer (Exchange::response). Called from within guests: take note and act later.
  virtual void answered() = 0;
  virtual bool inform(wasi::HttpResponseHead response) = 0;
};

/// What the access log tells of it.
struct ExchangeRecord {
  std::string peer;
  std::string method;
  std::string target;
  std::string host;
  const char* protocol = "";
  std::string app;
  uint64_t began_ns = 0;
  uint64_t sent_bytes = 0;     // of the answer's body
  uint64_t guest_ns = 0;       // that the guest ran
};

class Exchange final : public wasi::HttpExchange, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(wasi::HttpRequestHead head, std::shared_ptr<wasi::HttpBody> body, ExchangeClient* client)
      : HttpExchange(std::move(head), std::move(body)), client_(client) {}
  ~Exchange() override { drop_response(); }

  /// The server's own answer, with a line of text. Does nothing when there is one already.
  void answer(uint16_t status, std::string_view text);

  const std::optional<wasi::HttpResponseHead>& response() const { return response_; }
  const std::shared_ptr<wasi::HttpBody>& response_body() const { return response_body_; }
  /// The connection is gone, or needs nothing more: whatever the guest still does is for nobody.
  void detach();
  bool detached() const { return client_ == nullptr; }

  ExchangeRecord record;
  std::shared_ptr<App> app;    // who answers it, null: the server

 protected:
  void on_response(wasi::HttpResponseHead response, std::shared_ptr<wasi::HttpBody> response_body) override;
  void on_failure(wasi::HttpError error) override;
  bool on_inform(wasi::HttpResponseHead response) override { return client_ && client_->inform(std::move(response)); }

 private:
  void drop_response() {
    if (response_body_) response_body_->close();
  }
  ExchangeClient* client_;
  std::optional<wasi::HttpResponseHead> response_;
  std::shared_ptr<wasi::HttpBody> response_body_;
};

/// Who answers requests.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Answers now or later.
  virtual void handle(std::shared_ptr<Exchange> exchange) = 0;
  /// It is over: the answer was sent, with this status, or was cut short.
  virtual void over(Exchange& exchange, uint16_t status, bool complete) = 0;
};

/// "Not Found"; empty for numbers without a name.
std::string_view reason_of(uint16_t status);

}  // namespace skiff::host
