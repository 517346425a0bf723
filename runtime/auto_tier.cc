// One background thread for each tier object, started with its first module; modules are compiled in order. A module
// that imports functions of another was made after it, so its turn comes later, and its code finds machine code there.
#include "runtime/auto_tier.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "compiler/target/activation.h"
#include "compiler/target/code_map.h"
#include "engine/base/check.h"
#include "engine/exec/instance.h"
#include "engine/interp/interp.h"

namespace skiff {
namespace {

using compiler::CodeMap;
using compiler::LoadedImage;
using compiler::NativeImage;

// Weaker than that of whoever runs the program.
constexpr int kBackgroundNice = 5;

class AutoTier;

/// A module: in the interpreter, later in machine code; or in machine code from the start.
class AutoCode final : public compiler::ImageCode, public Successor {
 public:
  AutoCode(AutoTier& tier, const ModuleInfo& info, ByteSpan binary, const Tunables& tunables)
      : tier_(tier), info_(info), binary_(binary), tunables_(tunables) {}
  ~AutoCode() override;

  /// Requires: nothing runs yet. Machine code that was there already.
  void start_with(std::shared_ptr<const LoadedImage> image) { adopt(std::move(image)); }
  bool native_from_start() const { return !interpreter_; }
  void start_in_interpreter() { interpreter_ = make_interpreter_code(info_, tunables_, this); }

  // TierCode, ImageCode
  Entry entry(uint32_t func) override {
    if (interpreter_) return interpreter_->entry(func);
    return {compiler::native_enter, image()->array_entry(info_.module.functions[func].type)};
  }
  const LoadedImage* image() const override { return ready_.load(std::memory_order_acquire); }

  // Successor
  void first_call(uint32_t) override;
  void take_over(VmCtx& ctx) override;

  /// Compiles and publishes, or leaves everything to the interpreter.
  void compile();
  void cancel() { cancelled_ = true; }

 private:
  Result<std::shared_ptr<const LoadedImage>> make_image();
  void adopt(std::shared_ptr<const LoadedImage> image);
  void publish(std::shared_ptr<const LoadedImage> image);

  AutoTier& tier_;
  const ModuleInfo& info_;
  const ByteSpan binary_;
  const Tunables& tunables_;
  std::unique_ptr<InterpreterCode> interpreter_;  // null: never needed
  std::shared_ptr<const LoadedImage> image_;
  std::atomic<const LoadedImage*> ready_{nullptr};
  std::atomic<bool> cancelled_{false};
  std::mutex forced_mutex_;                       // AutoTierOptions::switch_after
  std::atomic<uint32_t> first_calls_{0};
  bool forced_ = false;
};

/// The modules that wait for their turn, and the thread that serves them.
class Background {
 public:
  explicit Background(std::chrono::milliseconds patience) : patience_(patience) {}
  ~Background() {
    {
      const std::lock_guard lock(mutex_);
      SKIFF_CHECK(waiting_.empty() && !running_);
      stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void add(AutoCode& code) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({&code, Clock::now() + patience_});
    if (!thread_.joinable()) start();
    changed_.notify_all();
  }
  /// Afterwards nobody works on this module.
  void forget(AutoCode& code) {
    std::unique_lock lock(mutex_);
    std::erase_if(waiting_, [&](const Waiting& w) { return w.code == &code; });
    if (running_ != &code) return;
    code.cancel();
    changed_.wait(lock, [&] { return running_ != &code; });
  }
  bool busy() const {
    const std::lock_guard lock(mutex_);
    return running_ != nullptr;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    AutoCode* code;
    Clock::time_point since;
  };

  // The process's signals are none of this thread's business, nor of those that the compiler makes.
  void start() {
    sigset_t all, before;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    thread_ = std::thread([this] { work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void work() {
    // On Linux this concerns the calling thread, and those that it makes.
    (void)setpriority(PRIO_PROCESS, 0, kBackgroundNice);
    std::unique_lock lock(mutex_);
    while (!stop_) {
      if (waiting_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const Waiting next = waiting_.front();
      if (Clock::now() < next.since) {
        changed_.wait_until(lock, next.since);
        continue;
      }
      waiting_.pop_front();
      running_ = next.code;
      lock.unlock();
      next.code->compile();
      lock.lock();
      running_ = nullptr;
      changed_.notify_all();
    }
  }

  const std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  AutoCode* running_ = nullptr;
  bool stop_ = false;
  std::thread thread_;
};

/// Both tiers' parts of a store.
class AutoStore final : public TierStore {
 public:
  AutoStore(Store& store, CodeMap& code_map, std::unique_ptr<TierStore> interpreter)
      : interpreter_(std::move(interpreter)), native_(store, code_map) {}
  void scan_roots(gc::Marker& marker) override {
    interpreter_->scan_roots(marker);
    native_.scan_roots(marker);
  }
  Result<std::unique_ptr<Stack>> new_stack(uint64_t size) override {
    auto both = std::make_unique<Both>();
    both->interpreter = SKIFF_TRY(interpreter_->new_stack(size));
    both->native = SKIFF_TRY(native_.new_stack(size));
    return both;
  }
  void save(Stack& stack) override {
    auto& both = static_cast<Both&>(stack);
    interpreter_->save(*both.interpreter);
    native_.save(*both.native);
  }
  void load(Stack& stack) override {
    auto& both = static_cast<Both&>(stack);
    interpreter_->load(*both.interpreter);
    native_.load(*both.native);
  }
  void forget(Stack& stack) override {
    auto& both = static_cast<Both&>(stack);
    interpreter_->forget(*both.interpreter);
    native_.forget(*both.native);
  }
  bool detach() override {
    const bool interpreter = interpreter_->detach(), native = native_.detach();
    return interpreter && native;
  }
  void reuse(Store& store) override {
    interpreter_->reuse(store);
    native_.reuse(store);
  }

 private:
  struct Both final : Stack {
    std::unique_ptr<Stack> interpreter, native;
    void left_at(const void* sp) override {
      interpreter->left_at(sp);
      native->left_at(sp);
    }
  };
  std::unique_ptr<TierStore> interpreter_;
  compiler::NativeStore native_;
};

class AutoTier final : public Tier {
 public:
  explicit AutoTier(AutoTierOptions options)
      : options_(std::move(options)), code_map_(options_.listeners), background_(options_.patience) {
    if (!options_.compile) options_.compile = compile_in_background;
  }
  std::string_view name() const override { return "auto"; }
  bool busy() const override { return background_.busy(); }

  std::unique_ptr<TierJob> begin(ByteSpan binary, Features features, const Tunables& tunables) override {
    return std::make_unique<Job>(*this, binary, features, tunables);
  }
  Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info, const Tunables& tunables) override {
    return start(info, {}, tunables, nullptr);
  }
  void bind(Instance& instance) override {
    // Whatever became machine code after the functions of this instance were set up is found here.
    auto& code = static_cast<AutoCode&>(instance.compiled().code());
    if (code.image()) code.take_over(instance.ctx());
  }
  bool rebind(Instance& instance) override {
    auto& code = static_cast<AutoCode&>(instance.compiled().code());
    if (!code.native_from_start()) return false;
    compiler::bind_imports(instance);
    return true;
  }
  Result<std::unique_ptr<TierStore>> attach(Store& store) override {
    return std::make_unique<AutoStore>(store, code_map_, SKIFF_TRY(make_interpreter_store(store)));
  }

  const AutoTierOptions& options() const { return options_; }
  CodeMap& code_map() { return code_map_; }
  Background& background() { return background_; }
  void note(std::string_view text) const {
    if (options_.notes) options_.notes(text);
  }

 private:
  class Job final : public TierJob {
   public:
    Job(AutoTier& tier, ByteSpan binary, Features features, const Tunables& tunables)
        : tier_(tier), binary_(binary), tunables_(tunables) {
      if (tier.options_.store) image_ = tier.options_.store->find(binary, features, tunables);
    }
    bool has_code() const override { return image_ != nullptr; }
    Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info) override {
      return tier_.start(info, binary_, tunables_, std::move(image_));
    }

   private:
    AutoTier& tier_;
    const ByteSpan binary_;
    const Tunables& tunables_;
    std::shared_ptr<const LoadedImage> image_;
  };

  static Result<NativeImage> compile_in_background(const ModuleInfo& info, const Tunables& tunables,
                                                   const std::atomic<bool>& cancelled) {
    compiler::CompileOptions options;
    options.tunables = tunables;
    options.cancelled = &cancelled;
    // One core is the program's.
    options.threads = std::max(2u, std::thread::hardware_concurrency()) - 1;
    return compiler::compile_with_llvm(info, std::move(options));
  }

  Result<std::unique_ptr<TierCode>> start(const ModuleInfo& info, ByteSpan binary, const Tunables& tunables,
                                          std::shared_ptr<const LoadedImage> image) {
    auto code = std::make_unique<AutoCode>(*this, info, binary, tunables);
    if (image) {
      SKIFF_TRY(compiler::check_image(info, *image));
      code->start_with(std::move(image));
      return code;
    }
    code->start_in_interpreter();
    if (!options_.switch_after) background_.add(*code);
    else if (*options_.switch_after == 0) code->compile();
    return code;
  }

  AutoTierOptions options_;
  InterpreterSession session_;
  CodeMap code_map_;
  Background background_;
};

AutoCode::~AutoCode() {
  tier_.background().forget(*this);
  if (image_) tier_.code_map().remove({image_.get(), &info_});
}

void AutoCode::adopt(std::shared_ptr<const LoadedImage> image) {
  image_ = std::move(image);
  tier_.code_map().add({image_.get(), &info_});
  ready_.store(image_.get(), std::memory_order_release);
}

void AutoCode::publish(std::shared_ptr<const LoadedImage> image) {
  adopt(std::move(image));
  const Module& m = info_.module;
  for (uint32_t i = m.imported_funcs; i < m.functions.size(); ++i) interpreter_->divert(i);
}

Result<std::shared_ptr<const LoadedImage>> AutoCode::make_image() {
  const AutoTierOptions& options = tier_.options();
  NativeImage made = SKIFF_TRY(options.compile(info_, tunables_, cancelled_));
  auto image = options.store && !binary_.empty()
                   ? options.store->keep(binary_, info_.module.features, tunables_, std::move(made))
                   : LoadedImage::from_memory(std::move(made));
  if (!image) return image;
  SKIFF_TRY(compiler::check_image(info_, **image));
  return image;
}

void AutoCode::compile() {
  auto image = make_image();
  if (!image) {
    if (!cancelled_) tier_.note("stays in the interpreter: " + image.error().message());
    return;
  }
  publish(std::move(*image));
  tier_.note("compiled; goes on in machine code");
}

void AutoCode::first_call(uint32_t) {
  const std::optional<uint32_t> after = tier_.options().switch_after;
  if (!after || ++first_calls_ < *after) return;
  const std::lock_guard lock(forced_mutex_);
  if (!std::exchange(forced_, true)) compile();
}

// Instances that this one imports functions from come first: code that calls an import finds the callee's machine
// code or, for ever, a thunk.
void AutoCode::take_over(VmCtx& ctx) {
  struct Visit {
    VmCtx* ctx;
    uint32_t next_import;
  };
  std::vector<Visit> visits{{&ctx, 0}};  // no cycles: an instance imports from earlier ones
  while (!visits.empty()) {
    Visit& visit = visits.back();
    if (visit.next_import < visit.ctx->instance->info().module.imported_funcs) {
      VmCtx* there = visit.ctx->funcs[visit.next_import++]->ctx;
      if (there && !there->libcalls && compiler::image_code(*there).image()) visits.push_back({there, 0});
      continue;
    }
    if (!visit.ctx->libcalls) compiler::bind_image(*visit.ctx->instance);
    visits.pop_back();
  }
}

}  // namespace

std::unique_ptr<Tier> make_auto_tier(AutoTierOptions options) { return std::make_unique<AutoTier>(std::move(options)); }

}  // namespace skiff
