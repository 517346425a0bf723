// Server: listeners, a thread with a shard for each core, applications. It is started, told of new routes, drained and
// stopped.
// Thread: one at a time; its own threads are its own affair.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/host/admin.h"
#include "runtime/host/shard.h"
#include "runtime/host/tls.h"
#include "wasi/os/address.h"

namespace skiff::host {

struct ListenSpec {
  wasi::SocketAddress address;
  std::shared_ptr<TlsContext> tls;     // null: in the clear
};

struct ServerConfig {
  std::vector<ListenSpec> listen;
  std::optional<wasi::SocketAddress> admin;
  unsigned threads = 0;                          // 0: one for each core that the process may use
  uint32_t max_connections = 65'536;
  ConnectionLimits limits;
  std::chrono::microseconds slice{5000};
  uint64_t guest_stack = uint64_t{1} << 20;      // of one request, bytes
  std::optional<std::chrono::nanoseconds> idle;  // after which applications are let go; nothing: never
};

class Server {
 public:
  /// Listens and serves. Errors: in words.
  static std::expected<std::unique_ptr<Server>, std::string> start(const ServerConfig& config, RoutesPtr routes, Log& log);
  /// Requires: stop() was called.
  ~Server();
  Server(const Server&) = delete;

  /// Where it listens, with the ports that were chosen.
  const std::vector<wasi::SocketAddress>& addresses() const { return addresses_; }
  const std::optional<wasi::SocketAddress>& admin_address() const { return admin_address_; }
  /// All requests from now on go by these.
  void set_routes(RoutesPtr routes);
  RoutesPtr routes();
  /// No new connections and requests.
  void drain();
  /// Nothing is under way any more.
  bool drained() const { return state_.connections.load() == 0; }
  /// Ends what is under way. False: a guest could not be stopped; then only the end of the process helps.
  bool stop(std::chrono::milliseconds patience);
  /// To be called now and then: lets go of idle applications.
  void tidy();

 private:
  struct Core {
    std::unique_ptr<Loop> loop;
    std::unique_ptr<Shard> shard;
    std::unique_ptr<AdminFront> admin;   // on the first one
    std::thread thread;
  };
  Server(const ServerConfig& config, RoutesPtr routes, Log& log);
  std::expected<void, std::string> listen(const ListenSpec& spec);
  std::expected<void, std::string> listen_admin(const wasi::SocketAddress& address);

  const ServerConfig config_;
  ServerState state_;
  std::mutex mutex_;
  RoutesPtr routes_;
  SliceWatch watch_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::vector<wasi::SocketAddress> addresses_;
  std::optional<wasi::SocketAddress> admin_address_;
  bool stopped_ = false;
};

}  // namespace skiff::host
