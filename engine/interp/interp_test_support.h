// For the tests of this folder: an engine with one store, and short ways from text to results.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/exec/engine.h"
#include "engine/exec/instance.h"
#include "engine/exec/linker.h"
#include "engine/interp/interp.h"
#include "engine/text/text.h"

namespace skiff::testing {

inline EngineConfig config_of(bool guards, bool gc_stress = false) {
  EngineConfig config;
  config.features = Features::all();
  config.tunables.guard_pages = guards && config.tunables.guard_pages;
  config.tunables.gc_stress = gc_stress;
  return config;
}

struct World {
  explicit World(EngineConfig config = config_of(true))
      : engine(config, make_interpreter()), store(std::move(Store::create(engine).value())), linker(*store) {}

  Instance* make(std::string_view wat) {
    Result<std::vector<uint8_t>> binary = wat_to_binary(wat, engine.features());
    if (!binary) return ADD_FAILURE() << binary.error().message() << "\n" << wat.substr(0, 2000), nullptr;
    Result<ModulePtr> module = compile_module(engine, SharedBytes::own(std::move(*binary)));
    if (!module) return ADD_FAILURE() << module.error().message(), nullptr;
    RunResult<Instance*> instance = linker.instantiate(*module);
    if (!instance) return ADD_FAILURE() << instance.error().message(), nullptr;
    return *instance;
  }
  /// Calls an export with arguments and results in slots.
  RunResult<void> call(Instance* instance, std::string_view name, Slot* values) {
    FuncInst* func = instance->find_func(name);
    if (!func) ADD_FAILURE() << "no export " << name;
    return store->call_slots(func, values);
  }
  /// The i32 or i64 result of an export with i32 or i64 parameters, or the text of what went wrong.
  std::string run(Instance* instance, std::string_view name, std::initializer_list<uint64_t> args = {}) {
    if (!instance) return "no instance";
    Slot values[16] = {};
    std::copy(args.begin(), args.end(), &values[0].u64);
    auto done = call(instance, name, values);
    return done ? std::to_string(values[0].i64) : done.error().message();
  }

  Engine engine;
  std::unique_ptr<Store> store;
  Linker linker;
};

// One module, one function "f".
inline std::string run(std::string_view wat, std::initializer_list<uint64_t> args = {},
                EngineConfig config = config_of(true)) {
  World w(config);
  Instance* instance = w.make(wat);
  return instance ? w.run(instance, "f", args) : "no instance";
}

}  // namespace skiff::testing
