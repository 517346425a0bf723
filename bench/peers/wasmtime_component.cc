// Declares the little of Wasmtime's C API for components that is used here (version 50), so that its headers are not
// needed.
#include "bench/peers/wasmtime_component.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace skiff::bench {
namespace {

struct Opaque;
struct Value {
  uint8_t kind;
  union {
    uint32_t u32;
    uint64_t room[3];
  };
};
constexpr uint8_t kU32 = 6;
struct Func {
  uint64_t words[4];
};
struct Instance {
  uint64_t words[2];
};

Opaque* host_function(void*, Opaque*, Opaque*, const Value* args, size_t, Value* results, size_t) {
  results[0] = {.kind = kU32, .u32 = args[0].u32 + args[1].u32};
  return nullptr;
}

void* library = nullptr;

template <class Result = Opaque*, class... Args>
Result call(const char* name, Args... args) {
  auto* f = reinterpret_cast<Result (*)(Args...)>(dlsym(library, name));
  if (!f) std::fprintf(stderr, "wasmtime: no %s\n", name), std::abort();
  return f(args...);
}

}  // namespace

std::function<PeerFunc(const std::string& name)> wasmtime_component(const char* path,
                                                                    std::span<const uint8_t> component) {
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) return std::fprintf(stderr, "wasmtime: cannot open %s\n", path), nullptr;
  Opaque* engine = call("wasm_engine_new_with_config", call("wasm_config_new"));
  Opaque* linker = call("wasmtime_component_linker_new", engine);
  Opaque* root = call("wasmtime_component_linker_root", linker);
  Opaque* compiled = nullptr;
  auto* instance = new Instance;               // alive as long as the program, like the rest
  Opaque* context = call("wasmtime_store_context", call("wasmtime_store_new", engine, nullptr, nullptr));
  const bool failed =
      call("wasmtime_component_linker_instance_add_func", root, "f", size_t{1}, host_function, nullptr, nullptr) ||
      call("wasmtime_component_new", engine, component.data(), component.size(), &compiled);
  call<void>("wasmtime_component_linker_instance_delete", root);
  if (failed || call("wasmtime_component_linker_instantiate", linker, context, compiled, instance))
    return std::fprintf(stderr, "wasmtime: cannot make the component\n"), nullptr;
  return [=](const std::string& name) -> PeerFunc {
    const auto func = std::make_shared<Func>();
    Opaque* index = call("wasmtime_component_instance_get_export_index", instance, context, nullptr, name.data(), name.size());
    if (!index || !call<bool>("wasmtime_component_instance_get_func", instance, context, index, func.get())) std::abort();
    using Invoke = Opaque* (*)(Func*, Opaque*, const Value*, size_t, Value*, size_t);
    auto* invoke = reinterpret_cast<Invoke>(dlsym(library, "wasmtime_component_func_call"));
    return [=](uint32_t n) {
      const Value arg{.kind = kU32, .u32 = n};
      Value result{};
      if (invoke(func.get(), context, &arg, 1, &result, 1)) std::abort();
      return result.u32;
    };
  };
}

}  // namespace skiff::bench
