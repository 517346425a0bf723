// On the fiber.
#include "runtime/host/guest_run.h"

#include "engine/base/check.h"
#if SKIFF_HTTP_CLIENT
#include "wasi/http_client/http_client.h"
#endif
#include "wasi/os/clock.h"
#include "wasi/p2/state.h"

namespace skiff::host {

const std::shared_ptr<wasi::HttpClient>& ClientOfLoop::get() {
#if SKIFF_HTTP_CLIENT
  if (!client_) client_ = wasi::make_http_client(reactor_);
#endif
  return client_;
}

std::expected<AppContexts::Context, std::string> AppContexts::take() {
  if (!idle_.empty()) {
    Context context = std::move(idle_.back());
    idle_.pop_back();
    return context;
  }
  auto made = app_->spec().grant();
  if (!made) return std::unexpected(std::move(made.error()));
  Context context{std::move(*made), std::make_shared<GuestLines>(log_, app_->name()),
                  std::make_shared<GuestLines>(log_, app_->name())};
  context.ctx->out = context.out;
  context.ctx->err = context.err;
  if (context.ctx->http.allows_any()) context.ctx->http_client = client_.get();
  return context;
}

void AppContexts::give(Context context) {
  context.out->finish();
  context.err->finish();
  context.ctx->scheduler = nullptr;
  if (idle_.size() < kKept) idle_.push_back(std::move(context));
}

GuestRun::GuestRun(const Site& site, std::shared_ptr<AppContexts> contexts, LoadedAppPtr loaded,
                   std::shared_ptr<Exchange> exchange)
    : site_(site),
      contexts_(std::move(contexts)),
      loaded_(std::move(loaded)),
      exchange_(std::move(exchange)),
      wall_(&GuestRun::wall_over, this) {
  site_.runs.insert(this);
}

GuestRun::~GuestRun() {
  site_.runs.erase(this);
  contexts_->app()->counters().in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void GuestRun::start(const Site& site, std::shared_ptr<AppContexts> contexts, LoadedAppPtr loaded,
                     std::shared_ptr<Exchange> exchange) {
  auto* run = new GuestRun(site, std::move(contexts), std::move(loaded), std::move(exchange));
  const AppLimits& limits = run->contexts_->app()->limits();
  auto fiber = site.loop.fibers().spawn(&GuestRun::entry, run);
  if (!fiber) {
    run->exchange_->answer(503, "out of memory");
    site.log.error(run->contexts_->app()->name(), "503: " + fiber.error().message());
    delete run;
    return;
  }
  run->fiber_ = *fiber;
  run->scheduler_.emplace(site.loop.reactor(), **fiber);
  site.loop.reactor().arm(run->wall_, run->exchange_->record.began_ns + static_cast<uint64_t>(limits.wall.count()));
}

void GuestRun::entry(void* self) {
  auto* run = static_cast<GuestRun*>(self);
  run->run();
  delete run;
}

// The guest has used up its slice.
bool GuestRun::attend(void* self) {
  auto& run = *static_cast<GuestRun*>(self);
  run.fiber_->yield();
  const auto limit = static_cast<uint64_t>(run.contexts_->app()->limits().cpu.count());
  if (run.stopped_ == Stopped::No && run.fiber_->ran_ns() > limit) run.stop(Stopped::Cpu);
  return run.stopped_ != Stopped::No;
}

void GuestRun::wall_over(void* self) { static_cast<GuestRun*>(self)->stop(Stopped::Wall); }

void GuestRun::stop(Stopped why) {
  if (stopped_ != Stopped::No) return;
  stopped_ = why;
  exchange_->answer(504, "the application did not answer in time");
  if (store_) store_->interrupt();
  scheduler_->cancel();
}

void GuestRun::run() {
  App& app = *contexts_->app();
  auto context = contexts_->take();
  if (!context) {
    exchange_->answer(500, "the application cannot be started");
    site_.log.error(app.name(), context.error());
    return;
  }
  auto core = Store::create(loaded_->engine(), app.limits().store);
  if (!core) {
    exchange_->answer(503, "out of memory");
    site_.log.error(app.name(), "503: " + core.error().message());
    return;
  }
  Store& store = **core;
  store.vm().native_stack_limit = fiber_->guest_limit();
  store.set_attend(&GuestRun::attend, this);
  store_ = &store;
  fiber_->set_store(&store);
  context->ctx->scheduler = &*scheduler_;
  if (stopped_ != Stopped::No) store.interrupt();
  const RunResult<void> result = call(store, *context);
  fiber_->set_store(nullptr);
  store_ = nullptr;
  core->reset();
  wall_.disarm();
  contexts_->give(std::move(*context));
  if (!result) ended(result.error());
  exchange_->record.guest_ns = fiber_->ran_ns();
}

// What the guest leaves unfinished fails when the state is destroyed.
RunResult<void> GuestRun::call(Store& core, AppContexts::Context& context) {
  auto components = component::ComponentStore::create(core);
  if (!components) return std::unexpected(Failure{.error = std::move(components.error())});
  auto state = loaded_->p2().attach(**components, *context.ctx);
  RunResult<void> result;
  {
    const auto instance = loaded_->component().instantiate(**components);
    if (instance) result = loaded_->handler().call(**components, **instance, exchange_);
    else result = std::unexpected(instance.error());
  }
  components->reset();
  return result;
}

void GuestRun::ended(const Failure& failure) {
  App& app = *contexts_->app();
  const bool answered = exchange_->answered();
  std::string line = exchange_->record.method + " " + exchange_->record.target + ": ";
  if (stopped_ == Stopped::Wall) {
    line += "stopped, it took longer than its time limit";
    app.counters().timeouts.fetch_add(1, std::memory_order_relaxed);
  } else if (stopped_ == Stopped::Server) {
    line += "stopped with the server";
  } else if (stopped_ == Stopped::Cpu) {
    line += "stopped, it computed for longer than its limit";
    app.counters().timeouts.fetch_add(1, std::memory_order_relaxed);
  } else if (failure.kind == Failure::Kind::Trap && failure.trap.code == TrapCode::Exit) {
    if (failure.trap.exit_status == 0) return exchange_->answer(500, "the application ended without an answer");
    line += "exited with status " + std::to_string(failure.trap.exit_status);
  } else {
    line += failure.message();
    app.counters().traps.fetch_add(1, std::memory_order_relaxed);
  }
  if (!answered) exchange_->answer(500, "the application failed");
  site_.log.error(app.name(), line);
}

}  // namespace skiff::host
