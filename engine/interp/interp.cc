// The interpreter as a tier: modules with functions that are lowered at their first call, stores with a value
// stack.
#include "engine/interp/interp.h"

#include <mutex>
#include <vector>

#include "engine/base/check.h"
#include "engine/exec/engine.h"
#include "engine/interp/activation.h"
#include "engine/interp/lower.h"

namespace skiff {
namespace interp {

/// One module's functions. Thread: lowering takes the lock, running code does not.
class ModuleCode final : public InterpreterCode {
 public:
  ModuleCode(const ModuleInfo& info, const Tunables& tunables, Successor* successor)
      : info_(info), tunables_(tunables), successor_(successor), funcs_(info.module.functions.size()) {
    for (uint32_t i = info.module.imported_funcs; i < funcs_.size(); ++i) {
      LazyFunc& f = funcs_[i];
      f.code.store(&kNotLowered, std::memory_order_relaxed);
      f.lowered.store(&kNotLowered, std::memory_order_relaxed);
      f.module = this;
      f.index = i;
      const FuncType& type = info.func_type(i);
      for (ValType t : type.params) f.param_slots += t.slots();
      for (ValType t : type.results) f.result_slots += t.slots();
    }
  }

  Entry entry(uint32_t func_index) override { return {interp_call, &funcs_[func_index]}; }

  void divert(uint32_t index) override {
    SKIFF_CHECK(successor_ != nullptr);
    const std::lock_guard lock(mutex_);
    funcs_[index].code.store(&kDiverted, std::memory_order_release);
  }
  bool was_called(uint32_t index) const override {
    return funcs_[index].lowered.load(std::memory_order_relaxed) != &kNotLowered;
  }

  void lower(uint32_t index) {
    LazyFunc& f = funcs_[index];
    if (f.code.load(std::memory_order_relaxed) != &kNotLowered) return;
    if (successor_) successor_->first_call(index);
    const std::lock_guard lock(mutex_);
    if (f.code.load(std::memory_order_relaxed) != &kNotLowered) return;
    auto code = lower_body({info_, tunables_, funcs_.data()}, index, scratch_);
    SKIFF_CHECK(code.has_value());  // compile_module has validated all bodies
    const FuncCode* kept = codes_.emplace_back(std::move(*code)).get();
    f.lowered.store(kept, std::memory_order_release);
    f.code.store(kept, std::memory_order_release);
  }

  Outcome call_elsewhere(uint32_t index, VmCtx* ctx, Slot* values) {
    FuncInst& func = *ctx->funcs[index];
    if (func.call == interp_call) successor_->take_over(*ctx);
    SKIFF_DCHECK(func.call != interp_call);
    return func.call(&func, ctx, values);
  }

  size_t lowered_bytes() {
    const std::lock_guard lock(mutex_);
    size_t n = 0;
    for (const auto& code : codes_) n += code->bytes();
    return n;
  }

 private:
  const ModuleInfo& info_;
  const Tunables& tunables_;
  Successor* const successor_;
  std::vector<LazyFunc> funcs_;
  std::mutex mutex_;
  WalkScratch scratch_;
  std::vector<std::unique_ptr<FuncCode>> codes_;
};

void lower_function(const LazyFunc& func) { func.module->lower(func.index); }

Outcome call_elsewhere(const LazyFunc& func, VmCtx* ctx, Slot* values) {
  return func.module->call_elsewhere(func.index, ctx, values);
}

namespace {

class Interpreter final : public Tier {
 public:
  std::string_view name() const override { return "interp"; }
  Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info, const Tunables& tunables) override {
    return make_interpreter_code(info, tunables, nullptr);
  }
  Result<std::unique_ptr<TierStore>> attach(Store& store) override { return make_interpreter_store(store); }

 private:
  InterpreterSession session_;
};

}  // namespace
}  // namespace interp

std::unique_ptr<Tier> make_interpreter() { return std::make_unique<interp::Interpreter>(); }

std::unique_ptr<InterpreterCode> make_interpreter_code(const ModuleInfo& info, const Tunables& tunables,
                                                       Successor* successor) {
  return std::make_unique<interp::ModuleCode>(info, tunables, successor);
}

Result<std::unique_ptr<TierStore>> make_interpreter_store(Store& store) { return interp::InterpStore::create(store); }

InterpreterSession::InterpreterSession() { add_code_range(interp::handlers().first, interp::handlers().second); }
InterpreterSession::~InterpreterSession() {
  remove_code_range(interp::handlers().first, interp::handlers().second);
}

size_t interpreter_code_bytes(TierCode& code) {
  return static_cast<interp::ModuleCode&>(code).lowered_bytes();
}

}  // namespace skiff
