// For the tests of this folder: a tier that executes nothing, and short ways to compile text. A function's
// body is replaced by the FakeTier's hook, so instantiation can be tested without any interpreter.
#pragma once

#include <gtest/gtest.h>

#include "engine/exec/engine.h"
#include "engine/exec/instance.h"
#include "engine/exec/linker.h"
#include "engine/text/text.h"

namespace skiff::testing {

class FakeTier final : public Tier {
 public:
  explicit FakeTier(ArrayCall hook) : hook_(hook) {}
  std::string_view name() const override { return "fake"; }
  Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo&, const Tunables&) override {
    return std::make_unique<Code>(hook_);
  }
  Result<std::unique_ptr<TierStore>> attach(Store&) override { return std::make_unique<Nothing>(); }

 private:
  struct Code final : TierCode {
    explicit Code(ArrayCall hook) : hook(hook) {}
    Entry entry(uint32_t) override { return {hook, nullptr}; }
    ArrayCall hook;
  };
  struct Nothing final : TierStore {
    void scan_roots(gc::Marker&) override {}
  };
  ArrayCall hook_;
};

inline Outcome return_ok(FuncInst*, VmCtx*, Slot*) { return Outcome::Ok; }

inline EngineConfig test_config() {
  EngineConfig config;
  config.features = Features::all();
  return config;
}

/// An engine with one store.
struct World {
  explicit World(ArrayCall hook = return_ok, EngineConfig config = test_config(), StoreLimits limits = {})
      : engine(config, std::make_unique<FakeTier>(hook)),
        store(std::move(Store::create(engine, limits).value())),
        linker(*store) {}

  ModulePtr compile(std::string_view wat) {
    Result<std::vector<uint8_t>> binary = wat_to_binary(wat, engine.features());
    if (!binary) return ADD_FAILURE() << binary.error().message(), nullptr;
    Result<ModulePtr> module = compile_module(engine, SharedBytes::own(std::move(*binary)));
    if (!module) return ADD_FAILURE() << module.error().message(), nullptr;
    return *module;
  }
  RunResult<Instance*> instantiate(std::string_view wat) { return linker.instantiate(compile(wat)); }
  /// Requires that it works.
  Instance& make(std::string_view wat) {
    RunResult<Instance*> instance = instantiate(wat);
    if (!instance) ADD_FAILURE() << instance.error().message();
    return **instance;
  }
  /// The message of the failure.
  std::string failure(std::string_view wat) {
    RunResult<Instance*> instance = instantiate(wat);
    return instance ? "it worked" : instance.error().message();
  }

  Engine engine;
  std::unique_ptr<Store> store;
  Linker linker;
};

}  // namespace skiff::testing
