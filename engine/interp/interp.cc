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
class ModuleCode final : public TierCode {
 public:
  ModuleCode(const ModuleInfo& info, const Tunables& tunables)
      : info_(info), tunables_(tunables), funcs_(info.module.functions.size()) {
    for (uint32_t i = info.module.imported_funcs; i < funcs_.size(); ++i) {
      LazyFunc& f = funcs_[i];
      f.code.store(&kNotLowered, std::memory_order_relaxed);
      f.module = this;
      f.index = i;
      const FuncType& type = info.func_type(i);
      for (ValType t : type.params) f.param_slots += t.slots();
      for (ValType t : type.results) f.result_slots += t.slots();
    }
  }

  Entry entry(uint32_t func_index) override { return {interp_call, &funcs_[func_index]}; }

  void lower(uint32_t index) {
    const std::lock_guard lock(mutex_);
    LazyFunc& f = funcs_[index];
    if (f.code.load(std::memory_order_relaxed) != &kNotLowered) return;
    auto code = lower_body({info_, tunables_, funcs_.data()}, index, scratch_);
    SKIFF_CHECK(code.has_value());  // compile_module has validated all bodies
    f.code.store(codes_.emplace_back(std::move(*code)).get(), std::memory_order_release);
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
  std::vector<LazyFunc> funcs_;
  std::mutex mutex_;
  WalkScratch scratch_;
  std::vector<std::unique_ptr<FuncCode>> codes_;
};

void lower_function(const LazyFunc& func) { func.module->lower(func.index); }

namespace {

class Interpreter final : public Tier {
 public:
  Interpreter() { add_code_range(handlers().first, handlers().second); }
  ~Interpreter() override { remove_code_range(handlers().first, handlers().second); }
  std::string_view name() const override { return "interp"; }
  Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info, const Tunables& tunables) override {
    return std::make_unique<ModuleCode>(info, tunables);
  }
  Result<std::unique_ptr<TierStore>> attach(Store& store) override {
    const Tunables& tunables = store.engine().tunables();
    return InterpStore::create(tunables.stack_size, tunables.guard_pages);
  }
};

}  // namespace
}  // namespace interp

std::unique_ptr<Tier> make_interpreter() { return std::make_unique<interp::Interpreter>(); }

size_t interpreter_code_bytes(TierCode& code) {
  return static_cast<interp::ModuleCode&>(code).lowered_bytes();
}

}  // namespace skiff
