// Starting and stopping.
#include "runtime/host/server.h"

#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <future>

#include "engine/base/check.h"

namespace skiff::host {
namespace {

constexpr int kBacklog = 4096;

std::unexpected<std::string> failed(const wasi::SocketAddress& address, const char* what) {
  return std::unexpected("cannot " + std::string(what) + " " + address.text() + ": " + std::strerror(errno));
}

// A listening socket. `shared`: others of ours may listen at the same place.
std::expected<wasi::OwnedFd, std::string> open_listener(wasi::SocketAddress& address, bool shared) {
  wasi::OwnedFd fd(
      ::socket(wasi::host_family(address.ip.family), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed(address, "make a socket for");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.ip.family == wasi::AddressFamily::Ipv6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const wasi::HostAddress host = wasi::to_host(address);
  if (::bind(fd.get(), host.get(), host.size) != 0) return failed(address, "listen on");
  wasi::HostAddress bound;
  if (::getsockname(fd.get(), bound.get(), &bound.size) == 0)
    if (const auto known = wasi::from_host(bound)) address.port = known->port;
  if (::listen(fd.get(), kBacklog) != 0) return failed(address, "listen on");
  return fd;
}

unsigned usable_cores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

// Has it done on the loop's thread, and waits for that.
template <class F>
void on_loop(Loop& loop, F&& what) {
  std::promise<void> done;
  loop.post([&] {
    what();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace

Server::Server(const ServerConfig& config, RoutesPtr routes, Log& log)
    : config_(config), state_(config.limits, config.max_connections, log), routes_(std::move(routes)), watch_(config.slice) {}

Server::~Server() { SKIFF_CHECK(stopped_); }

std::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerConfig& config, RoutesPtr routes, Log& log) {
  std::unique_ptr<Server> server(new Server(config, std::move(routes), log));
  const auto give_up = [&](std::string why) {
    server->stopped_ = true;
    return std::unexpected(std::move(why));
  };
  const unsigned threads = config.threads ? config.threads : usable_cores();
  for (unsigned i = 0; i < threads; ++i) {
    auto core = std::make_unique<Core>();
    auto loop = Loop::create(config.guest_stack, &server->watch_);
    if (!loop) return give_up(loop.error().message());
    core->loop = std::move(*loop);
    core->shard = std::make_unique<Shard>(*core->loop, server->state_, server->routes_);
    server->cores_.push_back(std::move(core));
  }
  for (const ListenSpec& spec : config.listen)
    if (auto done = server->listen(spec); !done) return give_up(std::move(done.error()));
  if (config.admin)
    if (auto done = server->listen_admin(*config.admin); !done) return give_up(std::move(done.error()));
  for (const auto& core : server->cores_) core->thread = std::thread([loop = core->loop.get()] { loop->run(); });
  return server;
}

std::expected<void, std::string> Server::listen(const ListenSpec& spec) {
  wasi::SocketAddress address = spec.address;
  // Alone first: with shared ports a second server at the same place would not be noticed.
  {
    auto probe = open_listener(address, false);
    if (!probe) return std::unexpected(std::move(probe.error()));
  }
  for (const auto& core : cores_) {
    auto fd = open_listener(address, true);
    if (!fd) return std::unexpected(std::move(fd.error()));
    core->shard->listen(std::move(*fd), spec.tls);
  }
  addresses_.push_back(address);
  return {};
}

std::expected<void, std::string> Server::listen_admin(const wasi::SocketAddress& at) {
  wasi::SocketAddress address = at;
  auto fd = open_listener(address, false);
  if (!fd) return std::unexpected(std::move(fd.error()));
  Core& core = *cores_[0];
  core.admin = std::make_unique<AdminFront>(*core.loop, state_, [this] { return routes(); });
  core.admin->listen(std::move(*fd), nullptr);
  admin_address_ = address;
  return {};
}

RoutesPtr Server::routes() {
  const std::lock_guard lock(mutex_);
  return routes_;
}

void Server::set_routes(RoutesPtr routes) {
  {
    const std::lock_guard lock(mutex_);
    routes_ = routes;
  }
  for (const auto& core : cores_)
    on_loop(*core->loop, [&] { core->shard->set_routes(routes); });
}

void Server::drain() {
  state_.draining = true;
  for (const auto& core : cores_)
    on_loop(*core->loop, [&] { core->shard->drain(); });
}

bool Server::stop(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool idle = true;
  for (const auto& core : cores_) {
    on_loop(*core->loop, [&] {
      core->shard->drain();
      core->shard->close_all();
      core->shard->stop_guests();
      if (core->admin) core->admin->drain(), core->admin->close_all();
    });
    for (;;) {
      size_t running = 0;
      on_loop(*core->loop, [&] { running = core->loop->fibers().in_use(); });
      if (running == 0) break;
      if (std::chrono::steady_clock::now() > deadline) {
        idle = false;
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  if (!idle) return false;
  for (const auto& core : cores_) core->loop->stop();
  for (const auto& core : cores_) core->thread.join();
  stopped_ = true;
  return true;
}

void Server::tidy() {
  if (!config_.idle) return;
  for (const AppPtr& app : routes()->apps()) app->evict_idle(*config_.idle);
}

}  // namespace skiff::host
