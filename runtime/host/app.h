// App: an application that the server runs: a component with what it is granted and how much it may use. It is loaded
// when it is first asked for (or at once), on a thread of its own, and may be let go when nobody has asked for a while;
// its name, limits and counters stay.
// Thread: any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "component/exec/linker.h"
#include "component/exec/store.h"
#include "engine/exec/engine.h"
#include "wasi/os/ctx.h"
#include "wasi/p2/http_handler.h"
#include "wasi/p2/p2.h"

namespace skiff::host {

struct AppLimits {
  StoreLimits store;
  std::chrono::nanoseconds wall{std::chrono::seconds(60)};     // of one request, from its head to the guest's end
  std::chrono::nanoseconds cpu{std::chrono::seconds(10)};      // that its guest runs
  uint32_t concurrent = 4096;                                  // requests at a time
};

/// What is needed to load and run it; functions are called from any thread.
struct AppSpec {
  std::string name;
  EngineConfig engine;
  AppLimits limits;
  std::function<Result<SharedBytes>(const Features& features)> read;
  std::function<std::unique_ptr<Tier>()> make_tier;
  /// A context with all grants. Contexts are used by one request after the other. Errors: in words.
  std::function<std::expected<std::unique_ptr<wasi::Ctx>, std::string>()> grant;
};

/// A component that is ready to be instantiated.
class LoadedApp {
 public:
  /// Errors: what is wrong with the component, or what it imports that nobody provides.
  static Result<std::shared_ptr<LoadedApp>> load(const AppSpec& spec);

  Engine& engine() { return engine_; }
  const wasi::P2& p2() const { return p2_; }
  const component::ComponentPre& component() const { return *component_; }
  const wasi::HttpHandler& handler() const { return *handler_; }

 private:
  explicit LoadedApp(const AppSpec& spec) : engine_(spec.engine, spec.make_tier()) {}
  Engine engine_;
  wasi::P2 p2_;
  std::optional<component::ComponentPre> component_;
  std::optional<wasi::HttpHandler> handler_;
};
using LoadedAppPtr = std::shared_ptr<LoadedApp>;

/// How requests of an application ended; what /metrics tells.
struct AppCounters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> by_class[5] = {};      // of status: 1xx to 5xx
  std::atomic<uint64_t> incomplete{0};         // answers that were cut short
  std::atomic<uint64_t> traps{0};
  std::atomic<uint64_t> timeouts{0};           // wall and CPU
  std::atomic<uint64_t> refused{0};            // over limits
  std::atomic<uint64_t> in_flight{0};
  std::atomic<uint64_t> guest_ns{0};
  std::atomic<uint64_t> total_ns{0};
  std::atomic<uint64_t> sent_bytes{0};
  static constexpr uint64_t kBounds[] = {100'000,    250'000,    500'000,     1'000'000,     2'500'000,    5'000'000,
                                         10'000'000, 50'000'000, 250'000'000, 1'000'000'000, 5'000'000'000};
  std::atomic<uint64_t> slower[std::size(kBounds) + 1] = {};   // by duration: at most so long; the last: longer
  void count(uint16_t status, bool complete, uint64_t duration_ns, uint64_t guest_run_ns, uint64_t bytes);
};

class AppLoader;

class App : public std::enable_shared_from_this<App> {
 public:
  App(AppSpec spec, AppLoader& loader) : spec_(std::move(spec)), loader_(loader) {}

  const std::string& name() const { return spec_.name; }
  const AppSpec& spec() const { return spec_; }
  const AppLimits& limits() const { return spec_.limits; }
  AppCounters& counters() { return counters_; }
  /// If it is loaded.
  LoadedAppPtr loaded();
  using Ready = std::function<void(LoadedAppPtr app, const std::string& error)>;
  /// Loads it if need be; `ready` is called from the loader's thread, or at once. Null when it cannot be loaded: `error`.
  void load(Ready ready);
  /// The same here and now.
  Status load_now();
  /// Lets it go when nobody has used it for so long.
  void evict_idle(std::chrono::nanoseconds idle);
  /// Lets it go when the requests that it has are over.
  void let_go();

 private:
  friend class AppLoader;
  void do_load();

  const AppSpec spec_;
  AppLoader& loader_;
  AppCounters counters_;
  std::mutex mutex_;
  LoadedAppPtr loaded_;
  bool loading_ = false;
  std::vector<Ready> waiting_;
  std::atomic<uint64_t> used_ns_{0};
};
using AppPtr = std::shared_ptr<App>;

/// The thread on which applications are loaded and let go, so that loops never wait for a compiler.
class AppLoader {
 public:
  AppLoader();
  ~AppLoader();
  AppLoader(const AppLoader&) = delete;
  void run(std::function<void()> what);
  /// Destroys it when nobody else has it any more.
  void retire(LoadedAppPtr app);

 private:
  void work();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::vector<LoadedAppPtr> retired_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace skiff::host
