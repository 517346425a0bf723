// GuestRun: one request in its sandbox: a fresh store and instance on a fiber, the call of its handler, and what is to
// be said about how that ended. It destroys itself.
// Thread: one, that of its loop.
#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "runtime/host/app.h"
#include "runtime/host/exchange.h"
#include "runtime/host/log.h"
#include "runtime/host/loop.h"

namespace skiff::host {

/// The loop's client for requests that guests send; made when the first guest may send any.
class ClientOfLoop {
 public:
  explicit ClientOfLoop(wasi::Reactor& reactor) : reactor_(reactor) {}
  /// Null: the build has none.
  const std::shared_ptr<wasi::HttpClient>& get();

 private:
  wasi::Reactor& reactor_;
  std::shared_ptr<wasi::HttpClient> client_;
};

/// What a loop keeps of an application for its next requests.
class AppContexts {
 public:
  struct Context {
    std::unique_ptr<wasi::Ctx> ctx;
    std::shared_ptr<GuestLines> out;
    std::shared_ptr<GuestLines> err;
  };
  AppContexts(AppPtr app, Log& log, ClientOfLoop& client) : app_(std::move(app)), log_(log), client_(client) {}
  /// Errors: in words.
  std::expected<Context, std::string> take();
  void give(Context context);
  const AppPtr& app() const { return app_; }

 private:
  static constexpr size_t kKept = 64;
  const AppPtr app_;
  Log& log_;
  ClientOfLoop& client_;
  std::vector<Context> idle_;
};

class GuestRun {
 public:
  struct Site {
    Loop& loop;
    Log& log;
    std::unordered_set<GuestRun*>& runs;      // all of them
  };
  /// Starts it; it runs from the loop's next turn on. Without a stack the exchange is answered at once.
  static void start(const Site& site, std::shared_ptr<AppContexts> contexts, LoadedAppPtr loaded,
                    std::shared_ptr<Exchange> exchange);
  /// The server ends.
  void cancel() { stop(Stopped::Server); }

 private:
  enum class Stopped : uint8_t { No, Wall, Cpu, Server };

  GuestRun(const Site& site, std::shared_ptr<AppContexts> contexts, LoadedAppPtr loaded,
           std::shared_ptr<Exchange> exchange);
  ~GuestRun();
  static void entry(void* self);
  static bool attend(void* self);
  static void wall_over(void* self);
  void run();
  RunResult<void> call(Store& core, AppContexts::Context& context);
  void stop(Stopped why);
  void ended(const Failure& failure);

  const Site site_;
  const std::shared_ptr<AppContexts> contexts_;
  LoadedAppPtr loaded_;
  const std::shared_ptr<Exchange> exchange_;
  Fiber* fiber_ = nullptr;
  Store* store_ = nullptr;
  std::optional<wasi::ReactorScheduler> scheduler_;
  wasi::Reactor::Timer wall_;
  Stopped stopped_ = Stopped::No;
};

}  // namespace skiff::host
