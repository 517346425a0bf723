// Transfer: one request and its response, from send() until the response's body has ended. Owned by the client; whoever
// waits has a pending response, and then the body, and gives up by dropping them.
// Thread: as the client.
#pragma once

#include <limits>

#include "wasi/http_client/client.h"
#include "wasi/os/http_policy.h"

namespace skiff::wasi {

class Transfer {
 public:
  /// Errors: what cannot be sent; no memory.
  static HttpResult<std::unique_ptr<Transfer>> create(CurlClient& client, HttpRequestHead head,
                                                      const HttpRequestOptions& options,
                                                      std::shared_ptr<HttpBody> body, const HttpPolicy& policy);
  ~Transfer();
  Transfer(const Transfer&) = delete;

  /// Once.
  std::shared_ptr<HttpPending> make_pending();
  /// Does what has become possible: starts, goes on after a pause, gives up.
  void step();
  /// libcurl is done with it.
  void done(CURLcode code);
  /// Fails, unless it has ended.
  void end(HttpError error);
  bool ended() const { return state_ == State::Ended; }

  bool scheduled = false;            // the client's

 private:
  enum class State : uint8_t { New, LooksUp, Runs, Ended };
  class Pending;

  Transfer(CurlClient& client, HttpRequestHead head, const HttpRequestOptions& options, std::shared_ptr<HttpBody> body,
           const HttpPolicy& policy, HttpOrigin origin);

  // Sending (transfer.cc).
  void begin();
  void looked_up();
  void start(const std::vector<IpAddress>& addresses);
  bool set_options();
  void set_target();
  void set_body();
  bool set_fields();
  void set_timeouts();
  template <class T>
  void set(CURLoption option, T value) {
    client_.api().curl_easy_setopt(easy_, option, value);
  }

  // Receiving (receive.cc).
  size_t head_line(std::string_view line);
  bool begin_head(std::string_view status_line);
  bool add_field(std::string_view line);
  bool end_head();
  size_t body_bytes(const char* bytes, size_t size);
  size_t refuse(HttpErrorCode code, std::optional<uint64_t> number = {});
  void resolve(HttpResult<HttpResponse> result);
  HttpError error_of(CURLcode code);
  void close();
  void arm_between_bytes();

  // Callbacks.
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_connected(void* self, char* remote, char* local, int remote_port, int local_port);
  static size_t on_header(char* bytes, size_t size, size_t count, void* self);
  static size_t on_write(char* bytes, size_t size, size_t count, void* self);
  static size_t on_read(char* to, size_t size, size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static int on_trailers(curl_slist** list, void* self);
  static void fire_signal(void* self);
  static void fire_lookup(void* self, short revents);
  static void fire_first_byte(void* self);
  static void fire_between_bytes(void* self);

  bool may_reach(const IpAddress& address);
  /// The guest's, else what the client has. ns
  uint64_t timeout(std::optional<uint64_t> HttpRequestOptions::*which) const {
    const std::optional<uint64_t>& own = options_.*which;
    return own ? *own : (client_.config().timeouts.*which).value_or(std::numeric_limits<uint64_t>::max());
  }

  CurlClient& client_;
  HttpRequestHead head_;
  HttpRequestOptions options_;
  std::shared_ptr<HttpBody> request_;
  const HttpPolicy* policy_;                 // until the response's head
  const HttpOrigin origin_;
  State state_ = State::New;
  Pending* pending_ = nullptr;               // null: resolved, or nobody waits
  bool wanted_ = true;                       // false: nobody wants the response
  std::optional<HttpError> error_;           // why we stopped it

  std::shared_ptr<Lookup> lookup_;
  Reactor::Watch lookup_watch_;
  CURL* easy_ = nullptr;
  curl_slist* fields_ = nullptr;
  curl_slist* resolved_ = nullptr;
  std::vector<uint8_t> whole_;               // the request's body when it was complete at the start
  size_t whole_at_ = 0;
  bool is_whole_ = false;
  bool read_paused_ = false;
  bool write_paused_ = false;
  size_t write_needs_ = 0;                   // room in the body before it goes on

  bool in_head_ = false;
  HttpResponseHead response_head_;
  std::optional<HttpFields> trailers_;
  std::shared_ptr<HttpBody> response_;       // from the end of the head on
  uint64_t head_bytes_ = 0;

  Signal::Waiter request_waiter_;
  Signal::Waiter response_waiter_;
  Reactor::Timer first_byte_;
  Reactor::Timer between_bytes_;
};

}  // namespace skiff::wasi
