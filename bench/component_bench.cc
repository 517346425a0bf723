// What calls of components cost: between components, from the host, of the host; each number is for one call. All cases run
// in turns. Cases:
//   llvm/...      the LLVM tier; interp/...: the interpreter
//   plain/...     the same with every call between components interpreted (ComponentLimits::fused_calls)
//   wasmtime/...  Wasmtime's C library, with --wasmtime=FILE (the package for Python has one)
//   add           two u32s there, one back
//   string        a string of 1 KiB there; copy1k: the callee's realloc and memory.copy of as much
//   list          a list<u8> of 1 MiB there; copy1m: memory.copy of as much
//   method        a method of a resource: a borrowed handle there
//   out           a function of the host;  into: a call from the host over Vals;  typed: the same by TypedGuestFunc
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/peers/wasmtime_component.h"
#include "compiler/target/native_tier.h"
#include "component/exec/guest_call.h"
#include "component/exec/linker.h"
#include "component/text/text.h"
#include "engine/interp/interp.h"

namespace skiff::component {
namespace {

constexpr std::string_view kText = R"((component
  (import "f" (func $f (param "a" u32) (param "b" u32) (result u32)))
  (component $Callee
    (core module $M
      (memory (export "mem") 64)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1048576))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "take") (param i32 i32) (result i32) (local.get 1))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M))
    (type $r' (resource (rep i32)))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add")))
    (func (export "string") (param "s" string) (result u32)
      (canon lift (core func $m "take") (memory (core memory $m "mem")) (realloc (core func $m "realloc"))))
    (func (export "list") (param "l" (list u8)) (result u32)
      (canon lift (core func $m "take") (memory (core memory $m "mem")) (realloc (core func $m "realloc"))))
    (func (export "[constructor]r") (param "rep" u32) (result (own $r)) (canon lift (core func $new)))
    (func (export "[method]r.get") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "get"))))
  (instance $callee (instantiate $Callee))
  (component $Caller
    (import "f" (func $f (param "a" u32) (param "b" u32) (result u32)))
    (import "c" (instance $c
      (export "r" (type $r (sub resource)))
      (export "add" (func (param "a" u32) (param "b" u32) (result u32)))
      (export "string" (func (param "s" string) (result u32)))
      (export "list" (func (param "l" (list u8)) (result u32)))
      (export "[constructor]r" (func (param "rep" u32) (result (own $r))))
      (export "[method]r.get" (func (param "self" (borrow $r)) (result u32)))))
    (core module $Mem (memory (export "mem") 64)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1048576)))
    (core instance $mem (instantiate $Mem))
    (core func $f (canon lower (func $f)))
    (core func $add (canon lower (func $c "add")))
    (core func $string (canon lower (func $c "string") (memory (core memory $mem "mem"))))
    (core func $list (canon lower (func $c "list") (memory (core memory $mem "mem"))))
    (core func $new (canon lower (func $c "[constructor]r")))
    (core func $get (canon lower (func $c "[method]r.get")))
    (core module $M
      (import "" "f" (func $f (param i32 i32) (result i32)))
      (import "" "add" (func $add (param i32 i32) (result i32)))
      (import "" "string" (func $string (param i32 i32) (result i32)))
      (import "" "list" (func $list (param i32 i32) (result i32)))
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "get" (func $get (param i32) (result i32)))
      (import "mem" "mem" (memory 64))
      (import "mem" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      (global $r (mut i32) (i32.const 0))
      (func (export "add") (param $n i32) (result i32) (local $sum i32)
        (loop $again (local.set $sum (call $add (local.get $sum) (local.get $n)))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
      (func (export "out") (param $n i32) (result i32) (local $sum i32)
        (loop $again (local.set $sum (call $f (local.get $sum) (local.get $n)))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
      (func (export "string") (param $n i32) (result i32) (local $sum i32)
        (loop $again (local.set $sum (i32.add (local.get $sum) (call $string (i32.const 4096) (i32.const 1024))))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
      (func (export "copy1k") (param $n i32) (result i32)
        (loop $again
          (memory.copy (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024)) (i32.const 4096) (i32.const 1024))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))
      (func (export "list") (param $n i32) (result i32) (local $sum i32)
        (loop $again (local.set $sum (i32.add (local.get $sum) (call $list (i32.const 0) (i32.const 1048576))))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
      (func (export "copy1m") (param $n i32) (result i32)
        (loop $again (memory.copy (i32.const 1048576) (i32.const 0) (i32.const 1048576))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $n))
      (func (export "method") (param $n i32) (result i32) (local $sum i32)
        (if (i32.eqz (global.get $r)) (then (global.set $r (call $new (i32.const 42)))))
        (loop $again (local.set $sum (i32.add (local.get $sum) (call $get (global.get $r))))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
      (func (export "into") (param $n i32) (result i32) (local.get $n)))
    (core instance $m (instantiate $M (with "mem" (instance $mem))
      (with "" (instance (export "f" (func $f)) (export "add" (func $add)) (export "string" (func $string))
        (export "list" (func $list)) (export "new" (func $new)) (export "get" (func $get))))))
    (func (export "add") (param "n" u32) (result u32) (canon lift (core func $m "add")))
    (func (export "out") (param "n" u32) (result u32) (canon lift (core func $m "out")))
    (func (export "string") (param "n" u32) (result u32) (canon lift (core func $m "string")))
    (func (export "copy1k") (param "n" u32) (result u32) (canon lift (core func $m "copy1k")))
    (func (export "list") (param "n" u32) (result u32) (canon lift (core func $m "list")))
    (func (export "copy1m") (param "n" u32) (result u32) (canon lift (core func $m "copy1m")))
    (func (export "method") (param "n" u32) (result u32) (canon lift (core func $m "method")))
    (func (export "into") (param "n" u32) (result u32) (canon lift (core func $m "into"))))
  (instance $caller (instantiate $Caller (with "f" (func $f)) (with "c" (instance $callee))))
  (export "add" (func $caller "add")) (export "out" (func $caller "out")) (export "string" (func $caller "string"))
  (export "copy1k" (func $caller "copy1k")) (export "list" (func $caller "list"))
  (export "copy1m" (func $caller "copy1m")) (export "method" (func $caller "method"))
  (export "into" (func $caller "into"))))";

// Calls within the guest per call of the host, for each case.
struct Case {
  const char* name;
  uint32_t times;
};
constexpr Case kCases[] = {{"add", 10'000},  {"string", 1'000}, {"copy1k", 1'000}, {"list", 4},
                           {"copy1m", 4},    {"method", 10'000}, {"out", 10'000}};

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message().c_str()), std::abort();
  return std::move(*result);
}

// Alive as long as the program.
struct World {
  World(std::unique_ptr<Tier> tier, bool fused)
      : engine(EngineConfig{.features = Features::all()}, std::move(tier)),
        core(must(Store::create(engine))),
        store(must(ComponentStore::create(*core, {.fused_calls = fused}))) {
    auto types = std::make_shared<TypeTable>();
    FuncType type{false, {{"a", Primitive::U32}, {"b", Primitive::U32}}, Primitive::U32};
    const TypeId id = types->add(std::move(type));
    const FlatHostFn add = [](FlatCall& call) {
      call.set_result(call.args()[0].u32 + call.args()[1].u32);
      return Outcome::Ok;
    };
    linker.define("f", Item::of(FuncPtr(std::make_shared<HostFunc>(HostFuncType{types, id, {}}, add, nullptr))));
    auto made = linker.instantiate(*store, must(compile_component(engine, SharedBytes::own(binary()))));
    if (!made) std::fprintf(stderr, "%s\n", made.error().message().c_str()), std::abort();
    instance = std::move(*made);
  }
  static std::vector<uint8_t> binary() { return must(component_wat_to_binary(kText, Features::all())); }
  uint32_t call(const Func& func, uint32_t n) {
    const Val arg = Val::of_u32(n);
    auto result = call_func(*store, func, {&arg, 1});
    if (!result) std::fprintf(stderr, "%s\n", result.error().message().c_str()), std::abort();
    return static_cast<uint32_t>((*result)->bits());
  }
  Engine engine;
  std::unique_ptr<Store> core;
  std::unique_ptr<ComponentStore> store;
  ComponentLinker linker;
  ComponentInstancePtr instance;
};

void per_call(benchmark::State& state, double calls) {
  state.counters["ns/call"] =
      benchmark::Counter(calls * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void add_world(const std::string& name, World* world) {
  for (const Case& c : kCases) {
    const Func* func = world->instance->find(c.name)->func.get();
    benchmark::RegisterBenchmark((name + "/" + c.name).c_str(), [=](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(world->call(*func, c.times));
      per_call(state, c.times);
    });
  }
  const Func* into = world->instance->find("into")->func.get();
  benchmark::RegisterBenchmark((name + "/into").c_str(), [=](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(world->call(*into, 1));
    per_call(state, 1);
  });
}

// The same without Vals.
void add_typed(const std::string& name, World* world) {
  const auto into = TypedGuestFunc<uint32_t(uint32_t)>::make(*world->instance->find("into")->func).value();
  benchmark::RegisterBenchmark((name + "/typed").c_str(), [=](benchmark::State& state) {
    uint32_t n = 1;
    for (auto _ : state) n = into(n).value();
    benchmark::DoNotOptimize(n);
    per_call(state, 1);
  });
}

void add_wasmtime(const char* library) {
  const std::vector<uint8_t> binary = World::binary();
  const auto find = bench::wasmtime_component(library, binary);
  if (!find) return;
  auto add = [&](const char* name, uint32_t times) {
    const bench::PeerFunc func = find(name);
    benchmark::RegisterBenchmark((std::string("wasmtime/") + name).c_str(), [=](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(func(times));
      per_call(state, times);
    });
  };
  for (const Case& c : kCases) add(c.name, c.times);
  add("into", 1);
}

}  // namespace
}  // namespace skiff::component

int main(int argc, char** argv) {
  using namespace skiff::component;
  const char* wasmtime = nullptr;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--wasmtime=", 11) == 0) wasmtime = argv[i] + 11;
    else argv[kept++] = argv[i];
  }
  argc = kept;
  add_world("interp", new World(skiff::make_interpreter(), true));
  add_world("plain", new World(skiff::make_llvm_tier(), false));
  auto* native = new World(skiff::make_llvm_tier(), true);
  add_world("llvm", native);
  add_typed("llvm", native);
  if (wasmtime) add_wasmtime(wasmtime);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
