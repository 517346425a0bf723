// Loading, keeping and letting go.
#include "runtime/host/app.h"

#include "wasi/os/clock.h"

namespace skiff::host {

Result<std::shared_ptr<LoadedApp>> LoadedApp::load(const AppSpec& spec) {
  std::shared_ptr<LoadedApp> app(new LoadedApp(spec));
  const SharedBytes binary = SKIFF_TRY(spec.read(app->engine_.features()));
  auto compiled = SKIFF_TRY(component::compile_component(app->engine_, binary));
  app->handler_ = wasi::HttpHandler::find(app->p2_, *compiled);
  if (!app->handler_)
    return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
                "this component serves no HTTP: it does not export wasi:http/incoming-handler@0.2");
  component::ComponentLinker linker;
  app->p2_.define(linker);
  app->component_ = SKIFF_TRY(linker.prepare(std::move(compiled)));
  return app;
}

void AppCounters::count(uint16_t status, bool complete, uint64_t duration_ns, uint64_t guest_run_ns, uint64_t bytes) {
  constexpr auto relaxed = std::memory_order_relaxed;
  if (status >= 100 && status < 600) by_class[status / 100 - 1].fetch_add(1, relaxed);
  if (!complete) incomplete.fetch_add(1, relaxed);
  guest_ns.fetch_add(guest_run_ns, relaxed);
  total_ns.fetch_add(duration_ns, relaxed);
  sent_bytes.fetch_add(bytes, relaxed);
  size_t i = 0;
  while (i < std::size(kBounds) && duration_ns > kBounds[i]) ++i;
  slower[i].fetch_add(1, relaxed);
}

LoadedAppPtr App::loaded() {
  used_ns_.store(wasi::host_monotonic_ns(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  return loaded_;
}

void App::load(Ready ready) {
  LoadedAppPtr app;
  {
    const std::lock_guard lock(mutex_);
    app = loaded_;
    if (!app) {
      waiting_.push_back(std::move(ready));
      if (!std::exchange(loading_, true)) loader_.run([self = shared_from_this()] { self->do_load(); });
      return;
    }
  }
  ready(std::move(app), {});
}

void App::do_load() {
  auto result = LoadedApp::load(spec_);
  std::vector<Ready> waiting;
  {
    const std::lock_guard lock(mutex_);
    loading_ = false;
    waiting.swap(waiting_);
    if (result) loaded_ = *result;
  }
  const std::string error = result ? std::string() : result.error().message();
  for (Ready& ready : waiting) ready(result ? *result : nullptr, error);
}

Status App::load_now() {
  auto app = SKIFF_TRY(LoadedApp::load(spec_));
  const std::lock_guard lock(mutex_);
  loaded_ = std::move(app);
  return {};
}

void App::evict_idle(std::chrono::nanoseconds idle) {
  const uint64_t now = wasi::host_monotonic_ns();
  if (counters_.in_flight.load() != 0 || now - std::min(now, used_ns_.load()) < static_cast<uint64_t>(idle.count())) return;
  let_go();
}

void App::let_go() {
  LoadedAppPtr app;
  {
    const std::lock_guard lock(mutex_);
    app = std::move(loaded_);
    loaded_.reset();
  }
  if (app) loader_.retire(std::move(app));
}

AppLoader::AppLoader() : thread_([this] { work(); }) {}

AppLoader::~AppLoader() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void AppLoader::run(std::function<void()> what) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(what));
  }
  changed_.notify_one();
}

void AppLoader::retire(LoadedAppPtr app) {
  {
    const std::lock_guard lock(mutex_);
    retired_.push_back(std::move(app));
  }
  changed_.notify_one();
}

void AppLoader::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (!queue_.empty()) {
      const std::function<void()> what = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      what();
      lock.lock();
      continue;
    }
    std::vector<LoadedAppPtr> unused;
    std::erase_if(retired_, [&](LoadedAppPtr& app) {
      if (app.use_count() != 1) return false;
      unused.push_back(std::move(app));
      return true;
    });
    if (!unused.empty()) {
      lock.unlock();
      unused.clear();
      lock.lock();
    } else if (retired_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, std::chrono::milliseconds(200));
    }
  }
}

}  // namespace skiff::host
