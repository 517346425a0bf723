// Declares the little of Wasmtime's C API that is used here (version 50), so that its headers are not needed.
#include "bench/peers/wasmtime_instances.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace skiff::bench {
namespace {

struct Opaque;
struct Func {
  uint64_t store;
  void* inner;
};
struct Instance {
  uint64_t store;
  size_t inner;
};
struct Extern {
  uint8_t kind;
  union {
    Func func;
    uint64_t room[3];
  };
};
union Raw {
  int32_t i32;
  uint64_t words[2];
};
struct TypeVector {
  size_t size;
  Opaque** data;
};

Opaque* host_function(void*, Opaque*, Raw* values, size_t) {
  values[0].i32 = values[0].i32 + values[1].i32;
  return nullptr;
}

class Library {
 public:
  explicit Library(const char* path) : handle_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {}
  bool ok() const { return handle_ != nullptr; }
  template <class Result = Opaque*, class... Args>
  Result call(const char* name, Args... args) const {
    return function<Result, Args...>(name)(args...);
  }
  template <class Result, class... Args>
  auto function(const char* name) const -> Result (*)(Args...) {
    auto* f = reinterpret_cast<Result (*)(Args...)>(dlsym(handle_, name));
    if (!f) std::fprintf(stderr, "wasmtime: no %s\n", name), std::abort();
    return f;
  }

 private:
  void* handle_;
};

// What the cases need of the API, looked up once.
struct Peer {
  explicit Peer(const Library& lib)
      : store_new(lib.function<Opaque*, Opaque*, void*, void*>("wasmtime_store_new")),
        store_delete(lib.function<void, Opaque*>("wasmtime_store_delete")),
        context(lib.function<Opaque*, Opaque*>("wasmtime_store_context")),
        instantiate(lib.function<Opaque*, Opaque*, Opaque*, Instance*, Opaque**>("wasmtime_instance_pre_instantiate")),
        get(lib.function<bool, Opaque*, Instance*, const char*, size_t, Extern*>("wasmtime_instance_export_get")),
        invoke(lib.function<Opaque*, Opaque*, Func*, Raw*, size_t, Opaque**>("wasmtime_func_call_unchecked")) {}
  Opaque* (*store_new)(Opaque*, void*, void*);
  void (*store_delete)(Opaque*);
  Opaque* (*context)(Opaque*);
  Opaque* (*instantiate)(Opaque*, Opaque*, Instance*, Opaque**);
  bool (*get)(Opaque*, Instance*, const char*, size_t, Extern*);
  Opaque* (*invoke)(Opaque*, Func*, Raw*, size_t, Opaque**);
  Opaque* engine = nullptr;

  Func func(Opaque* store, Opaque* pre, const std::string& name) const {
    Instance instance;
    Opaque* trap = nullptr;
    Extern found;
    if (instantiate(pre, context(store), &instance, &trap) || trap ||
        !get(context(store), &instance, name.data(), name.size(), &found))
      std::abort();
    return found.func;
  }
  void call(Opaque* store, Func func, Raw* values, size_t n) const {
    Opaque* trap = nullptr;
    if (invoke(context(store), &func, values, n, &trap) || trap) std::abort();
  }
  void live(Opaque* pre, const char* name, int32_t a) const {
    Opaque* store = store_new(engine, nullptr, nullptr);
    Raw values[2] = {{.i32 = a}, {.i32 = 2}};
    call(store, func(store, pre, name), values, 2);
    store_delete(store);
  }
};

Opaque* make_linker(const Library& lib, Opaque* engine) {
  Opaque* linker = lib.call("wasmtime_linker_new", engine);
  constexpr uint8_t kI32 = 0;
  Opaque* i32s[] = {lib.call("wasm_valtype_new", kI32), lib.call("wasm_valtype_new", kI32)};
  Opaque* result[] = {lib.call("wasm_valtype_new", kI32)};
  TypeVector params, results;
  lib.call<void>("wasm_valtype_vec_new", &params, size_t{2}, &i32s[0]);
  lib.call<void>("wasm_valtype_vec_new", &results, size_t{1}, &result[0]);
  Opaque* type = lib.call("wasm_functype_new", &params, &results);
  Opaque* error = lib.call("wasmtime_linker_define_func_unchecked", linker, "host", size_t{4}, "f", size_t{1}, type,
                           host_function, static_cast<void*>(nullptr), static_cast<void*>(nullptr));
  return error ? nullptr : linker;
}

Opaque* make_pre(const Library& lib, Opaque* engine, Opaque* linker, std::span<const uint8_t> wasm) {
  Opaque* module = nullptr;
  Opaque* pre = nullptr;
  if (lib.call("wasmtime_module_new", engine, wasm.data(), wasm.size(), &module)) return nullptr;
  return lib.call("wasmtime_linker_instantiate_pre", linker, module, &pre) ? nullptr : pre;
}

}  // namespace

std::vector<PeerCase> wasmtime_cases(const char* path, std::span<const uint8_t> small, std::span<const uint8_t> image) {
  const Library lib(path);
  if (!lib.ok()) return std::fprintf(stderr, "wasmtime: cannot open %s\n", path), std::vector<PeerCase>();
  Opaque* config = lib.call("wasm_config_new");
  Opaque* pool = lib.call("wasmtime_pooling_allocation_config_new");
  // So that the small module needs no system call there either; more would be slower with the large one.
  lib.call<void>("wasmtime_pooling_allocation_config_linear_memory_keep_resident_set", pool, size_t{128} << 10);
  lib.call<void>("wasmtime_pooling_allocation_config_table_keep_resident_set", pool, size_t{128} << 10);
  lib.call<void>("wasmtime_pooling_allocation_strategy_set", config, pool);
  const auto peer = std::make_shared<Peer>(lib);
  peer->engine = lib.call("wasm_engine_new_with_config", config);
  Opaque* linker = make_linker(lib, peer->engine);
  Opaque* small_pre = linker ? make_pre(lib, peer->engine, linker, small) : nullptr;
  Opaque* image_pre = linker ? make_pre(lib, peer->engine, linker, image) : nullptr;
  if (!small_pre || !image_pre) return std::fprintf(stderr, "wasmtime: cannot prepare\n"), std::vector<PeerCase>();
  Opaque* store = peer->store_new(peer->engine, nullptr, nullptr);
  const Func plain = peer->func(store, small_pre, "plain"), out = peer->func(store, small_pre, "out");
  return {{"small", [=] { peer->live(small_pre, "add", 1); }},
          {"image", [=] { peer->live(image_pre, "touch", 8); }},
          {"into",
           [=] {
             Raw values[2] = {{.i32 = 1}, {.i32 = 1}};
             for (int i = 0; i < 1000; ++i) peer->call(store, plain, values, 2);
           }},
          {"out", [=] {
             Raw values[1] = {{.i32 = 1000}};
             peer->call(store, out, values, 1);
           }}};
}

}  // namespace skiff::bench
