// libcurl's multi interface in our event loop.
#include "wasi/http_client/client.h"

#include <algorithm>

#include "wasi/http_client/transfer.h"
#include "wasi/os/clock.h"

namespace skiff::wasi {
namespace {

constexpr size_t kMaxIdle = 32;                           // easy handles kept
constexpr uint64_t kKnownFor = 30'000'000'000;            // ns; libcurl remembers twice as long
constexpr size_t kMaxKnown = 1024;

}  // namespace

std::unique_ptr<HttpClient> make_http_client(Reactor& reactor, HttpClientConfig config) {
  return std::make_unique<CurlClient>(reactor, std::move(config));
}

Io<void> add_http_client(Ctx& ctx, HttpClientConfig config) {
  struct Both {
    ThreadScheduler scheduler;
    std::unique_ptr<HttpClient> client;
  };
  const auto both = std::make_shared<Both>();
  Reactor* const reactor = SKIFF_IO_TRY(both->scheduler.reactor());
  both->client = make_http_client(*reactor, std::move(config));
  ctx.scheduler = &both->scheduler;
  ctx.http_client = std::shared_ptr<HttpClient>(both, both->client.get());
  return {};
}

CurlClient::CurlClient(Reactor& reactor, HttpClientConfig config)
    : reactor_(reactor),
      config_(std::move(config)),
      timeout_timer_(&fire_timeout, this),
      work_timer_(&fire_work, this) {
  names_.allow_all();
}

bool CurlClient::open() {
  if (multi_) return true;
  api_ = CurlApi::get();
  if (!api_ || !(multi_ = api_->curl_multi_init())) return false;
  api_->curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
  api_->curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  api_->curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
  api_->curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  api_->curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(config_.connections));
  api_->curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(config_.connections));
  api_->curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(config_.connections_per_host));
  return true;
}

CurlClient::~CurlClient() {
  while (!transfers_.empty()) {
    Transfer& transfer = *transfers_.begin()->first;
    transfer.end({HttpErrorCode::ConnectionTerminated});
    remove(transfer);
  }
  for (CURL* easy : idle_) api_->curl_easy_cleanup(easy);
  if (multi_) api_->curl_multi_cleanup(multi_);
}

HttpResult<std::shared_ptr<HttpPending>> CurlClient::send(HttpRequestHead head, const HttpRequestOptions& options,
                                                          std::shared_ptr<HttpBody> body, const HttpPolicy& policy) {
  if (!open()) return std::unexpected(HttpError{HttpErrorCode::ConfigurationError});
  if (transfers_.size() >= config_.requests) return http_fail(HttpErrorCode::ConnectionLimitReached);
  auto transfer = Transfer::create(*this, std::move(head), options, std::move(body), policy);
  if (!transfer) return std::unexpected(std::move(transfer.error()));
  Transfer& t = **transfer;
  transfers_.emplace(&t, *std::move(transfer));
  schedule(t);
  return t.make_pending();
}

// ---- work

void CurlClient::schedule(Transfer& transfer) {
  if (transfer.scheduled) return;
  transfer.scheduled = true;
  work_.push_back(&transfer);
  if (!work_timer_.armed()) reactor_.arm(work_timer_, 0);
}

void CurlClient::fire_work(void* self) {
  auto& client = *static_cast<CurlClient*>(self);
  // What comes meanwhile is for the next turn.
  const std::vector<Transfer*> work = std::move(client.work_);
  client.work_.clear();
  for (Transfer* t : work) {
    t->scheduled = false;
    t->step();
    if (t->ended()) client.remove(*t);
  }
  client.finish_done();
}

void CurlClient::remove(Transfer& transfer) {
  std::erase(work_, &transfer);
  transfers_.erase(&transfer);
}

void CurlClient::finish_done() {
  int left = 0;
  while (const CURLMsg* message = api_->curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* data = nullptr;
    api_->curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
    auto& transfer = *reinterpret_cast<Transfer*>(data);
    transfer.done(code);
    remove(transfer);
  }
}

// ---- sockets and timers

void CurlClient::act(int fd, int events) {
  int running = 0;
  api_->curl_multi_socket_action(multi_, fd, events, &running);
  finish_done();
}

void CurlClient::Socket::fire(void* self, short revents) {
  // `self` may be gone after the action.
  auto& socket = *static_cast<Socket*>(self);
  CurlClient& client = socket.client;
  const int fd = socket.fd;
  int events = 0;
  if (revents & (POLLIN | POLLHUP)) events |= CURL_CSELECT_IN;
  if (revents & POLLOUT) events |= CURL_CSELECT_OUT;
  if (revents & (POLLERR | POLLNVAL)) events |= CURL_CSELECT_ERR;
  client.act(fd, events);
  const auto found = client.sockets_.find(fd);
  if (found == client.sockets_.end() || found->second->watch.armed() || found->second->events == 0) return;
  static_cast<void>(client.reactor_.arm(found->second->watch, fd, found->second->events));
}

int CurlClient::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto& client = *static_cast<CurlClient*>(self);
  if (what == CURL_POLL_REMOVE) {
    client.sockets_.erase(fd);
    return 0;
  }
  std::unique_ptr<Socket>& socket = client.sockets_[fd];
  if (!socket) socket = std::make_unique<Socket>(client, fd);
  short events = 0;
  if (what & CURL_POLL_IN) events |= POLLIN;
  if (what & CURL_POLL_OUT) events |= POLLOUT;
  socket->watch.disarm();
  socket->events = events;
  if (events != 0) static_cast<void>(client.reactor_.arm(socket->watch, fd, events));
  return 0;
}

int CurlClient::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& client = *static_cast<CurlClient*>(self);
  if (timeout_ms < 0) client.timeout_timer_.disarm();
  else client.reactor_.arm(client.timeout_timer_, host_monotonic_ns() + static_cast<uint64_t>(timeout_ms) * 1'000'000);
  return 0;
}

void CurlClient::fire_timeout(void* self) { static_cast<CurlClient*>(self)->act(CURL_SOCKET_TIMEOUT, 0); }

// ---- what transfers share

CURL* CurlClient::take_easy() {
  if (idle_.empty()) return api_->curl_easy_init();
  CURL* const easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void CurlClient::give_back(CURL* easy) {
  if (idle_.size() >= kMaxIdle) return api_->curl_easy_cleanup(easy);
  api_->curl_easy_reset(easy);
  idle_.push_back(easy);
}

NetIo<std::shared_ptr<Lookup>> CurlClient::look_up(const std::string& name) {
  return Lookup::start(names_, &resolver_, name);
}

bool CurlClient::knows(const std::string& host_and_port) const {
  const auto found = known_.find(host_and_port);
  return found != known_.end() && host_monotonic_ns() - found->second < kKnownFor;
}

void CurlClient::learned(const std::string& host_and_port) {
  if (known_.size() >= kMaxKnown) known_.clear();
  known_[host_and_port] = host_monotonic_ns();
}

}  // namespace skiff::wasi
