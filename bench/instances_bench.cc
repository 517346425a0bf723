// What it costs to have an instance, and to call in and out of it, in nanoseconds: the least of many rounds, all cases
// in turns. Arguments: names of cases to run alone (for strace, perf), e.g. llvm/small; none: all.
// --wasmtime=FILE: Wasmtime's C library (the package for Python has one) beside ours. --rounds=N.
//   small        store + instantiate + call + drop; one page of memory, a table, globals
//   image        the same with 1 MiB of data, 8 pages of it written
//   fresh        the same as small without the pool
//   into, typed  a call from the host, by slots and by TypedFunc (each call waits for the one before)
//   out          a call of a host function
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bench/peers/wasmtime_instances.h"
#include "compiler/target/native_tier.h"
#include "engine/exec/instance_pre.h"
#include "engine/exec/typed_func.h"
#include "engine/interp/interp.h"
#include "engine/text/text.h"

namespace skiff {
namespace {

constexpr std::string_view kSmall = R"((module
  (import "host" "f" (func $f (param i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 1000) "some text")
  (global $g (mut i32) (i32.const 5)) (table 10 funcref) (elem (i32.const 1) func $f $add)
  (func $add (export "add") (param i32 i32) (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (i32.store (i32.const 1000) (local.get 0))
    (i32.add (local.get 0) (local.get 1)))
  (func (export "plain") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "out") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (call $f (local.get $sum) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))))";

std::string image_module() {
  std::string wat = R"((module (memory 20) (func (export "touch") (param i32 i32) (result i32)
    (loop $again
      (i32.store (i32.mul (local.get 0) (i32.const 100000)) (local.get 0))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)) (data (i32.const 0) ")";
  for (int i = 0; i < 1 << 20; ++i) wat += static_cast<char>('a' + i % 23);
  return wat + "\"))";
}

struct World {
  World(std::unique_ptr<Tier> tier, bool pooled) : engine(config(pooled), std::move(tier)), linker(engine) {
    linker.define_func("host", "f", {{ValType::I32, ValType::I32}, {ValType::I32}}, [](HostCall& call) {
      call.values[0].i32 = call.values[0].i32 + call.values[1].i32;
      return Outcome::Ok;
    }, nullptr);
  }
  static EngineConfig config(bool pooled) {
    EngineConfig config;
    config.features = Features::all();
    config.tunables.pool.enabled = pooled;
    return config;
  }
  InstancePre pre(std::string_view wat) {
    Result<ModulePtr> module = compile_module(engine, SharedBytes::own(wat_to_binary(wat, engine.features()).value()));
    if (!module) std::fprintf(stderr, "%s\n", module.error().message().c_str()), std::abort();
    return InstancePre::create(linker, std::move(*module)).value();
  }
  Engine engine;
  Linker linker;
};

// The whole life of an instance.
void live(World& world, const InstancePre& pre, std::string_view name, int32_t a, int32_t b) {
  std::unique_ptr<Store> store = Store::create(world.engine).value();
  Instance* instance = *pre.instantiate(*store);
  Slot values[2];
  values[0].u64 = static_cast<uint32_t>(a);
  values[1].u64 = static_cast<uint32_t>(b);
  if (!store->call_slots(instance->find_func(name), values)) std::abort();
}

struct Case {
  std::string name;
  std::function<void()> once;
  int times;                 // per measurement
  double per;                // what one run is divided by
  double best = 1e300;
};

void add_tier(std::vector<Case>& cases, const std::string& name, const std::function<std::unique_ptr<Tier>()>& make) {
  auto* pooled = new World(make(), true);  // alive as long as the program
  auto* unpooled = new World(make(), false);
  const auto small = pooled->pre(kSmall), image = pooled->pre(image_module()), fresh = unpooled->pre(kSmall);
  cases.push_back({name + "/small", [=] { live(*pooled, small, "add", 1, 2); }, 1000, 1});
  cases.push_back({name + "/image", [=] { live(*pooled, image, "touch", 8, 2); }, 500, 1});
  cases.push_back({name + "/fresh", [=] { live(*unpooled, fresh, "add", 1, 2); }, 100, 1});
  auto* store = Store::create(pooled->engine).value().release();
  Instance* instance = *small.instantiate(*store);
  FuncInst* plain = instance->find_func("plain");
  cases.push_back({name + "/into", [=] {
    Slot values[2];
    values[0].u64 = values[1].u64 = 1;
    for (int i = 0; i < 1000; ++i)
      if (!store->call_slots(plain, values)) std::abort();
  }, 20, 1000});
  const auto add = TypedFunc<int32_t(int32_t, int32_t)>::make(*store, plain).value();
  cases.push_back({name + "/typed", [=] {
    int32_t sum = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto result = add(sum, i);
      if (!result) std::abort();
      sum = *result;
    }
  }, 20, 1000});
  FuncInst* out = instance->find_func("out");
  cases.push_back({name + "/out", [=] {
    Slot values[1];
    values[0].u64 = 1000;
    if (!store->call_slots(out, values)) std::abort();
  }, 20, 1000});
}

double now_ns() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void add_wasmtime(std::vector<Case>& cases, const std::string& library) {
  const auto small = wat_to_binary(kSmall, Features::all()).value();
  const auto image = wat_to_binary(image_module(), Features::all()).value();
  for (bench::PeerCase& peer : bench::wasmtime_cases(library.c_str(), small, image)) {
    const bool calls = peer.name == "into" || peer.name == "out";
    cases.push_back({"wasmtime/" + peer.name, std::move(peer.once), calls ? 20 : 500, calls ? 1000.0 : 1.0});
  }
}

int run(const std::vector<std::string>& args) {
  std::vector<std::string> only;
  int rounds = 60;
  std::vector<Case> cases;
  add_tier(cases, "interp", make_interpreter);
  add_tier(cases, "llvm", make_llvm_tier);
  for (const std::string& arg : args) {
    if (arg.starts_with("--wasmtime=")) add_wasmtime(cases, arg.substr(11));
    else if (arg.starts_with("--rounds=")) rounds = std::atoi(arg.c_str() + 9);
    else only.push_back(arg);
  }
  auto wanted = [&](const Case& c) { return only.empty() || std::find(only.begin(), only.end(), c.name) != only.end(); };
  for (int round = 0; round < rounds; ++round)
    for (Case& c : cases) {
      if (!wanted(c)) continue;
      const double start = now_ns();
      for (int i = 0; i < c.times; ++i) c.once();
      c.best = std::min(c.best, (now_ns() - start) / c.times / c.per);
    }
  for (const Case& c : cases)
    if (wanted(c)) std::printf("%-14s %9.1f ns\n", c.name.c_str(), c.best);
  return 0;
}

}  // namespace
}  // namespace skiff

int main(int argc, char** argv) { return skiff::run({argv + 1, argv + argc}); }
