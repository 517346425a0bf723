// Shard: what one thread of the server has: a loop, its listeners, its connections, and the routes by which it finds the
// application for a request.
// Thread: one, but for what says otherwise.
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/host/connection.h"
#include "runtime/host/guest_run.h"

namespace skiff::host {

/// Which application answers what. Immutable, shared by all shards.
class Routes {
 public:
  /// `host`: a name, "*.NAME" or "*"; `prefix`: begins with '/', matches whole segments.
  void add(std::string_view host, std::string_view prefix, AppPtr app);
  /// The longest prefix of the most exact host; null: none.
  App* find(std::string_view authority, std::string_view path) const;
  const std::vector<AppPtr>& apps() const { return apps_; }

 private:
  struct Path {
    std::string prefix;
    App* app;
  };
  using Paths = std::vector<Path>;      // longest first
  static App* match(const Paths& paths, std::string_view path);
  std::map<std::string, Paths, std::less<>> hosts_;      // "*.name" as ".name"
  Paths anywhere_;
  std::vector<AppPtr> apps_;
};
using RoutesPtr = std::shared_ptr<const Routes>;

/// What all shards share.
struct ServerState {
  ServerState(ConnectionLimits limits, uint32_t max_connections, Log& log)
      : limits(limits), max_connections(max_connections), log(log) {}
  const ConnectionLimits limits;
  const uint32_t max_connections;
  Log& log;
  std::atomic<uint64_t> connections{0};        // open
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> turned_away{0};
  std::atomic<bool> draining{false};
};

class TlsContext;

/// Connections on one loop, and who accepts them.
class Front : public ConnectionOwner {
 public:
  Front(Loop& loop, ServerState& state);
  ~Front() override;

  Loop& loop() override { return loop_; }
  const ConnectionLimits& limits() const override { return state_.limits; }
  void gone(Connection& connection) override;
  std::string_view date_line() override;

  /// Takes a listening socket. `tls`: whose connections speak TLS, null: in the clear.
  void listen(wasi::OwnedFd fd, std::shared_ptr<TlsContext> tls);
  /// Stops listening; connections end when they have answered what they have got.
  void drain();
  /// Ends all connections now.
  void close_all();
  size_t open() const { return connections_.size(); }

 protected:
  Loop& loop_;
  ServerState& state_;

 private:
  struct Listener;
  class Buried;
  void accept(Listener& listener);
  void take(wasi::OwnedFd fd, const wasi::HostAddress& peer, const std::shared_ptr<TlsContext>& tls);

  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> buried_;    // over, destroyed by a job
  std::unique_ptr<Buried> bury_;
  std::string date_;
  time_t date_of_ = 0;
};

class Shard final : public Front {
 public:
  Shard(Loop& loop, ServerState& state, RoutesPtr routes);
  ~Shard() override;
  void set_routes(RoutesPtr routes);
  void handle(std::shared_ptr<Exchange> exchange) override;
  void over(Exchange& exchange, uint16_t status, bool complete) override;
  /// All guests are stopped; they end soon.
  void stop_guests();

 private:
  class FlushLog;
  void run(App& app, LoadedAppPtr loaded, std::shared_ptr<Exchange> exchange);

  RoutesPtr routes_;
  std::unordered_map<App*, std::shared_ptr<AppContexts>> contexts_;
  std::unique_ptr<FlushLog> flush_;
  std::unordered_set<GuestRun*> runs_;
  ClientOfLoop client_;
};

}  // namespace skiff::host
