// Accepting, routing.
#include "runtime/host/shard.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "runtime/host/tls.h"
#include "wasi/os/address.h"
#include "wasi/os/clock.h"

namespace skiff::host {
namespace {

constexpr unsigned kAcceptAtOnce = 64;
constexpr uint64_t kAcceptPause = 100'000'000;   // when the system has no descriptors left

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// Without the port.
std::string_view host_of(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  if (colon == authority.npos || (bracket != authority.npos && colon < bracket)) return authority;
  return authority.substr(0, colon);
}

}  // namespace

// ---- routes

void Routes::add(std::string_view host, std::string_view prefix, AppPtr app) {
  std::string key = lower(host);
  if (key.starts_with("*.")) key.erase(0, 1);
  Paths& paths = key == "*" || key.empty() ? anywhere_ : hosts_[key];
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  paths.push_back({std::string(prefix), app.get()});
  std::ranges::sort(paths, [](const Path& a, const Path& b) { return a.prefix.size() > b.prefix.size(); });
  if (std::ranges::find(apps_, app) == apps_.end()) apps_.push_back(std::move(app));
}

App* Routes::match(const Paths& paths, std::string_view path) {
  for (const Path& p : paths) {
    if (!path.starts_with(p.prefix)) continue;
    const std::string_view rest = path.substr(p.prefix.size());
    if (rest.empty() || rest[0] == '/' || rest[0] == '?') return p.app;
  }
  return nullptr;
}

App* Routes::find(std::string_view authority, std::string_view path) const {
  if (!hosts_.empty()) {
    const std::string host = lower(host_of(authority));
    for (std::string_view name = host; !name.empty();) {
      const auto found = hosts_.find(name);
      if (found != hosts_.end())
        if (App* app = match(found->second, path)) return app;
      const size_t dot = name.find('.', 1);
      if (dot == name.npos) break;
      name.remove_prefix(dot);
    }
  }
  return match(anywhere_, path);
}

// ---- connections

struct Front::Listener {
  Listener(Front& front, wasi::OwnedFd fd, std::shared_ptr<TlsContext> tls)
      : front(front),
        fd(std::move(fd)),
        tls(std::move(tls)),
        watch([](void* data, short) { static_cast<Listener*>(data)->ready(); }, this),
        pause([](void* data) { static_cast<Listener*>(data)->wait(); }, this) {
    wait();
  }
  void ready() { front.accept(*this); }
  void wait() { (void)front.loop_.reactor().arm(watch, fd.get(), POLLIN); }

  Front& front;
  wasi::OwnedFd fd;
  std::shared_ptr<TlsContext> tls;
  wasi::Reactor::Watch watch;
  wasi::Reactor::Timer pause;
};

class Front::Buried final : public Job {
 public:
  explicit Buried(Front& front) : front_(front) {}
  void act() override { front_.buried_.clear(); }

 private:
  Front& front_;
};

Front::Front(Loop& loop, ServerState& state) : loop_(loop), state_(state), bury_(std::make_unique<Buried>(*this)) {}
Front::~Front() = default;

void Front::listen(wasi::OwnedFd fd, std::shared_ptr<TlsContext> tls) {
  listeners_.push_back(std::make_unique<Listener>(*this, std::move(fd), std::move(tls)));
}

void Front::accept(Listener& listener) {
  for (unsigned n = 0; n < kAcceptAtOnce; ++n) {
    wasi::HostAddress peer;
    wasi::OwnedFd fd(::accept4(listener.fd.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      take(std::move(fd), peer, listener.tls);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      loop_.reactor().arm(listener.pause, wasi::host_monotonic_ns() + kAcceptPause);
      return;
    }
    break;
  }
  listener.wait();
}

void Front::take(wasi::OwnedFd fd, const wasi::HostAddress& peer, const std::shared_ptr<TlsContext>& tls) {
  state_.accepted.fetch_add(1, std::memory_order_relaxed);
  if (state_.connections.fetch_add(1, std::memory_order_relaxed) >= state_.max_connections) {
    state_.connections.fetch_sub(1, std::memory_order_relaxed);
    state_.turned_away.fetch_add(1, std::memory_order_relaxed);
    constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n";
    if (!tls) (void)::send(fd.get(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto address = wasi::from_host(peer);
  std::string name = address ? address->ip.text() : "unix";
  auto transport = tls ? tls->accept(std::move(fd)) : std::make_unique<Transport>(std::move(fd));
  if (!transport) {
    state_.connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto connection = std::make_unique<Connection>(*this, std::move(transport), std::move(name));
  connection->position = connections_.size();
  connections_.push_back(std::move(connection));
  connections_.back()->act();
}

void Front::gone(Connection& connection) {
  state_.connections.fetch_sub(1, std::memory_order_relaxed);
  const size_t at = connection.position;
  buried_.push_back(std::move(connections_[at]));
  connections_[at] = std::move(connections_.back());
  if (connections_[at]) connections_[at]->position = at;
  connections_.pop_back();
  loop_.later(*bury_);
}

std::string_view Front::date_line() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_of_) {
    date_of_ = now.tv_sec;
    tm parts;
    gmtime_r(&now.tv_sec, &parts);
    char text[64];
    const size_t n = std::strftime(text, sizeof text, "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    date_.assign(text, n);
  }
  return date_;
}

void Front::drain() {
  listeners_.clear();
  for (const auto& connection : connections_) connection->drain();
}

void Front::close_all() {
  // Those that go change places with the last.
  while (!connections_.empty()) connections_.back()->abandon();
  buried_.clear();
}

// ---- applications

class Shard::FlushLog final : public Job {
 public:
  explicit FlushLog(Log& log) : log_(log) {}
  void act() override { log_.flush(); }

 private:
  Log& log_;
};

Shard::Shard(Loop& loop, ServerState& state, RoutesPtr routes)
    : Front(loop, state), routes_(std::move(routes)), flush_(std::make_unique<FlushLog>(state.log)), client_(loop.reactor()) {}
Shard::~Shard() = default;

void Shard::set_routes(RoutesPtr routes) {
  routes_ = std::move(routes);
  std::erase_if(contexts_, [&](const auto& entry) {
    return std::ranges::none_of(routes_->apps(), [&](const AppPtr& app) { return app.get() == entry.first; });
  });
}

void Shard::handle(std::shared_ptr<Exchange> exchange) {
  const auto& target = exchange->head.path_with_query;
  const std::string_view path = target ? std::string_view(*target) : "/";
  App* app = routes_->find(exchange->record.host, path);
  if (!app) return exchange->answer(404, "no application is here");
  exchange->app = app->shared_from_this();
  exchange->record.app = app->name();
  AppCounters& counters = app->counters();
  counters.requests.fetch_add(1, std::memory_order_relaxed);
  if (counters.in_flight.fetch_add(1, std::memory_order_relaxed) >= app->limits().concurrent) {
    counters.in_flight.fetch_sub(1, std::memory_order_relaxed);
    counters.refused.fetch_add(1, std::memory_order_relaxed);
    return exchange->answer(503, "the application has too many requests");
  }
  if (LoadedAppPtr loaded = app->loaded()) return run(*app, std::move(loaded), std::move(exchange));
  app->load([this, app = app->shared_from_this(), exchange](LoadedAppPtr loaded, const std::string& error) {
    loop_.post([this, app, exchange, loaded = std::move(loaded), error] {
      if (loaded) return run(*app, loaded, exchange);
      app->counters().in_flight.fetch_sub(1, std::memory_order_relaxed);
      state_.log.error(app->name(), error);
      exchange->answer(503, "the application cannot be loaded");
    });
  });
}

void Shard::run(App& app, LoadedAppPtr loaded, std::shared_ptr<Exchange> exchange) {
  std::shared_ptr<AppContexts>& contexts = contexts_[&app];
  if (!contexts) contexts = std::make_shared<AppContexts>(app.shared_from_this(), state_.log, client_);
  GuestRun::start({loop_, state_.log, runs_}, contexts, std::move(loaded), std::move(exchange));
}

void Shard::stop_guests() {
  for (GuestRun* run : runs_) run->cancel();
}

void Shard::over(Exchange& exchange, uint16_t status, bool complete) {
  const uint64_t now = wasi::host_monotonic_ns();
  const ExchangeRecord& r = exchange.record;
  if (exchange.app) exchange.app->counters().count(status, complete, now - r.began_ns, r.guest_ns, r.sent_bytes);
  if (state_.log.logs_access()) {
    state_.log.access(r, status, complete, now);
    loop_.later(*flush_);
  }
}

}  // namespace skiff::host
