// CurlClient: the multi handle of one thread in its event loop, and all transfers that go on there.
//
// Guests call only send(), and cause signals; everything else happens in turns of the loop: a transfer that has something to
// do is put on a list (schedule), which a timer of the loop works off. So libcurl is never entered from its callbacks, and
// a body that is complete when the guest first waits goes out with its length.
// Thread: one.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "wasi/http_client/curl_api.h"
#include "wasi/http_client/http_client.h"

namespace skiff::wasi {

class Transfer;

class CurlClient final : public HttpClient {
 public:
  CurlClient(Reactor& reactor, HttpClientConfig config);
  ~CurlClient() override;
  HttpResult<std::shared_ptr<HttpPending>> send(HttpRequestHead head, const HttpRequestOptions& options,
                                                std::shared_ptr<HttpBody> body, const HttpPolicy& policy) override;

  // -- For transfers.

  const CurlApi& api() const { return *api_; }
  const HttpClientConfig& config() const { return config_; }
  Reactor& reactor() { return reactor_; }
  CURLM* multi() const { return multi_; }
  /// Its step() is called in the next turn.
  void schedule(Transfer& transfer);
  /// An easy handle with no options. Null: no memory.
  CURL* take_easy();
  void give_back(CURL* easy);
  /// Starts looking a name up. Errors: as Lookup.
  NetIo<std::shared_ptr<Lookup>> look_up(const std::string& name);
  /// Whether libcurl knows the addresses of "HOST:PORT" from a short time ago.
  bool knows(const std::string& host_and_port) const;
  void learned(const std::string& host_and_port);

 private:
  struct Socket {
    Socket(CurlClient& client, int fd) : client(client), fd(fd), watch(&fire, this) {}
    static void fire(void* self, short revents);
    CurlClient& client;
    int fd;
    short events = 0;
    Reactor::Watch watch;
  };

  /// False: libcurl is missing.
  bool open();
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  static void fire_timeout(void* self);
  static void fire_work(void* self);
  void act(int fd, int events);
  void finish_done();
  void remove(Transfer& transfer);

  const CurlApi* api_ = nullptr;            // with multi_, from the first request on
  Reactor& reactor_;
  const HttpClientConfig config_;
  CURLM* multi_ = nullptr;
  NetPolicy names_;                         // looking up needs one; it allows all
  NameResolver resolver_;
  std::unordered_map<std::string, uint64_t> known_;   // when they were looked up, ns
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> work_;             // null: gone meanwhile
  std::vector<CURL*> idle_;
  Reactor::Timer timeout_timer_;            // libcurl's
  Reactor::Timer work_timer_;
};

}  // namespace skiff::wasi
