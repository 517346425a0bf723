// The whole tier through the engine: text, compiled by the real compiler, called. Skipped where its library is
// not there.
#include "compiler/target/native_tier.h"

#include <bit>
#include <chrono>
#include <thread>

#include "compiler/target/compiler_library.h"
#include "engine/exec/backtrace.h"
#include "engine/exec/exec_test_support.h"

namespace skiff::compiler {
namespace {

using testing::test_config;

class NativeTierTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto compiler = load_llvm_compiler(); !compiler) GTEST_SKIP() << compiler.error().message();
  }
};

struct Machine {
  explicit Machine(EngineConfig config = test_config(), ImageProvider provider = {})
      : engine(config, make_native_tier(std::move(provider))),
        store(std::move(Store::create(engine).value())),
        linker(*store) {}

  ModulePtr compile(std::string_view wat) {
    const auto binary = wat_to_binary(wat, engine.features());
    if (!binary) return ADD_FAILURE() << binary.error().message(), nullptr;
    auto module = compile_module(engine, SharedBytes::own(std::vector<uint8_t>(*binary)));
    if (!module) return ADD_FAILURE() << module.error().message(), nullptr;
    return *module;
  }
  Instance& load(std::string_view wat, std::string_view name = "m") {
    ModulePtr module = compile(wat);
    auto made = linker.instantiate(module ? std::move(module) : compile("(module)"));
    if (!made) ADD_FAILURE() << made.error().message();
    instance = *made;
    linker.define_instance(name, *instance);
    return *instance;
  }
  RunResult<std::vector<Val>> call(std::string_view name, std::vector<Val> args = {}) {
    std::vector<Val> results;
    if (auto done = store->call(instance->find_func(name), args, results); !done)
      return std::unexpected(std::move(done).error());
    return results;
  }
  int32_t i32(std::string_view name, std::vector<Val> args = {}) {
    auto result = call(name, std::move(args));
    if (!result) return ADD_FAILURE() << result.error().message(), 0;
    return (*result)[0].i32;
  }
  Trap trap(std::string_view name, std::vector<Val> args = {}) {
    auto result = call(name, std::move(args));
    if (result || result.error().kind != Failure::Kind::Trap) return ADD_FAILURE() << "no trap", Trap{};
    return std::move(result.error().trap);
  }
  /// "func@offset of the instruction in its body" of each frame.
  static std::string where(const Trap& trap) {
    std::string text;
    for (const TrapFrame& f : trap.frames) {
      const CodeBytes& body = f.instance->info().module.functions[f.func].body;
      text += std::to_string(f.func) + "@" + std::to_string(f.offset - body.offset) + " ";
    }
    return text;
  }

  Engine engine;
  std::unique_ptr<Store> store;
  Linker linker;
  Instance* instance = nullptr;
};

TEST_F(NativeTierTest, Computes) {
  Machine m;
  m.load(R"((module
    (func $fib (export "fib") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "many") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 f64) (result i64 f64 i64)
      (i64.sub (local.get 8) (local.get 0)) (f64.neg (local.get 9)) (i64.add (local.get 6) (local.get 7)))))");
  EXPECT_EQ(m.i32("fib", {Val::of_i32(20)}), 6765);
  std::vector<Val> args;
  for (int64_t i = 1; i <= 9; ++i) args.push_back(Val::of_i64(i * 10));
  args.push_back(Val::of_f64(1.5));
  const auto results = m.call("many", args).value();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].i64, 80);
  EXPECT_EQ(std::bit_cast<double>(results[1].f64_bits), -1.5);
  EXPECT_EQ(results[2].i64, 150);
}

TEST_F(NativeTierTest, TrapsKnowWhere) {
  Machine m;
  // Recursion keeps the compiler from inlining, which would merge frames.
  m.load(R"((module (memory 1)
    (func $inner (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $inner (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.div_u (i32.const 1) (local.get 0)))))
    (func (export "div") (result i32) (i32.add (i32.const 2) (call $inner (i32.const 1))))
    (func (export "load") (param i32) (result i32) nop (i32.load offset=4 (local.get 0)))))");
  const Trap div = m.trap("div");
  EXPECT_EQ(div.code, TrapCode::IntegerDivideByZero);
  EXPECT_EQ(Machine::where(div), "0@20 0@12 1@5 ");
  const Trap load = m.trap("load", {Val::of_i32(65533)});
  EXPECT_EQ(load.code, TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(Machine::where(load), "2@4 ");
  EXPECT_EQ(m.trap("load", {Val::of_i32(-1)}).code, TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(m.i32("load", {Val::of_i32(65528)}), 0);
}

TEST_F(NativeTierTest, MemoriesWithoutGuardPages) {
  EngineConfig config = test_config();
  config.tunables.guard_pages = false;
  Machine m(config);
  m.load(R"((module (memory 1)
    (func (export "load") (param i32) (result i32) (i32.load offset=4 (local.get 0)))))");
  EXPECT_EQ(m.trap("load", {Val::of_i32(65529)}).code, TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(m.trap("load", {Val::of_i32(-1)}).code, TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(m.i32("load", {Val::of_i32(65528)}), 0);
}

TEST_F(NativeTierTest, StackOverflow) {
  Machine m;
  m.load(R"((module
    (func $forever (export "forever") (param i64) (result i64)
      (i64.add (call $forever (i64.add (local.get 0) (i64.const 1))) (local.get 0)))))");
  for (int i = 0; i < 2; ++i) {
    auto result = m.call("forever", {Val::of_i64(0)});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().trap.code, TrapCode::StackExhausted);
    EXPECT_EQ(result.error().trap.frames.size(), Trap::kMaxFrames);
    EXPECT_GT(result.error().trap.dropped_frames, 1000u);
  }
}

TEST_F(NativeTierTest, IndirectCalls) {
  Machine m;
  m.load(R"((module
    (type $t (func (result i32))) (type $u (func (param i32) (result i32)))
    (table funcref (elem $a $b)) (table $holes 2 funcref)
    (func $a (result i32) (i32.const 7)) (func $b (param i32) (result i32) (local.get 0))
    (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0)))
    (func (export "hole") (result i32) (call_indirect $holes (type $t) (i32.const 1)))
    (func (export "null") (result i32) (call_ref $t (ref.null $t)))))");
  EXPECT_EQ(m.i32("call", {Val::of_i32(0)}), 7);
  EXPECT_EQ(m.trap("call", {Val::of_i32(1)}).code, TrapCode::IndirectCallTypeMismatch);
  EXPECT_EQ(m.trap("call", {Val::of_i32(2)}).code, TrapCode::UndefinedElement);
  EXPECT_EQ(m.trap("hole").code, TrapCode::UninitializedElement);
  EXPECT_EQ(m.trap("null").code, TrapCode::NullFunctionReference);
}

uint32_t func_type(Engine& engine, std::vector<ValType> params, std::vector<ValType> results) {
  return engine.types().add_func_type({std::move(params), std::move(results)});
}

TEST_F(NativeTierTest, HostFunctions) {
  Machine m;
  const uint32_t type = func_type(m.engine, {ValType::I32}, {ValType::I32});
  // Through an import, a table, and from another module's thunk.
  Extern twice;
  twice.func = m.store->new_host_func(type, [](HostCall& call) {
    if (!call.caller) return call.store.trap(TrapCode::HostError, "no caller");
    if (call.values[0].i32 < 0) return call.store.trap(TrapCode::HostError, "negative");
    call.values[0].i32 *= 2;
    return Outcome::Ok;
  }, nullptr);
  m.linker.define("host", "twice", twice);
  m.load(R"((module (import "host" "twice" (func $twice (param i32) (result i32)))
    (table (export "t") funcref (elem $twice)) (export "twice" (func $twice))
    (func (export "call") (param i32) (result i32) (call $twice (local.get 0)))
    (func (export "tail") (param i32) (result i32) (return_call $twice (local.get 0)))))");
  EXPECT_EQ(m.i32("call", {Val::of_i32(21)}), 42);
  EXPECT_EQ(m.i32("tail", {Val::of_i32(21)}), 42);
  const Trap trap = m.trap("call", {Val::of_i32(-1)});
  EXPECT_EQ(trap.message(), "host function failed: negative");
  EXPECT_EQ(Machine::where(trap), "1@3 ");
  m.load(R"((module (import "m" "t" (table 1 funcref))
    (func (export "indirect") (param i32) (result i32)
      (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))))", "n");
  EXPECT_EQ(m.i32("indirect", {Val::of_i32(4)}), 8);
}

TEST_F(NativeTierTest, TailCallsAcrossInstances) {
  Machine m;
  m.load(R"((module (global $calls (export "calls") (mut i32) (i32.const 0))
    (table (export "t") 2 funcref)
    (type $f (func (param i32) (result i32)))
    (elem (i32.const 0) $even)
    (func $even (param i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
      (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))");
  m.load(R"((module (import "m" "t" (table 2 funcref)) (import "m" "calls" (global $calls (mut i32)))
    (type $f (func (param i32) (result i32)))
    (global $mine (mut i32) (i32.const 5))
    (elem (i32.const 1) $odd)
    (func $odd (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
      (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
    (func (export "even") (param i32) (result i32)
      (i32.add (i32.mul (i32.const 100) (call_indirect (type $f) (local.get 0) (i32.const 0))) (global.get $mine)))
    (func (export "calls") (result i32) (global.get $calls))))", "n");
  EXPECT_EQ(m.i32("even", {Val::of_i32(1'000'000)}), 105);
  EXPECT_EQ(m.i32("even", {Val::of_i32(1'000'001)}), 5);
  EXPECT_EQ(m.i32("calls"), 1'000'002);
}

TEST_F(NativeTierTest, Exceptions) {
  Machine m;
  const uint32_t type = func_type(m.engine, {ValType::I32}, {});
  static FuncInst* thrower;
  Extern again;  // calls back into wasm, which throws through this host function
  again.func = m.store->new_host_func(type, [](HostCall& call) {
    Slot values[1] = {call.values[0]};
    auto done = call.store.call_slots(thrower, values);
    return done ? Outcome::Ok : call.store.propagate(std::move(done.error()));
  }, nullptr);
  m.linker.define("host", "again", again);
  m.load(R"((module (import "host" "again" (func $again (param i32)))
    (tag $e (param i32)) (tag $f)
    (func $throw (export "throw") (param i32) (throw $e (local.get 0)))
    (func $maybe (param i32) (if (i32.gt_u (local.get 0) (i32.const 1000)) (then (call $maybe (i32.const 1001))))
      (call $throw (local.get 0)))
    (func (export "direct") (param i32) (result i32)
      (block $h (result i32) (try_table (catch $e $h) (call $maybe (local.get 0))) (i32.const -1)))
    (func (export "host") (param i32) (result i32)
      (block $f (block $h (result i32)
        (try_table (catch $f $f) (catch $e $h) (call $again (local.get 0))) (i32.const -1)) (return))
      (i32.const -2))
    (func (export "nested") (param i32) (result i32)
      (block $outer (result i32)
        (try_table (catch $e $outer)
          (block $all (try_table (catch $f $all) (call $again (local.get 0)))))
        (i32.const -1)))
    (func (export "ref") (param i32) (result i32) (local exnref)
      (block $outer (result i32)
        (try_table (catch $e $outer)
          (block $r (result exnref) (try_table (catch_all_ref $r) (call $throw (local.get 0))) (ref.null exn))
          (throw_ref))
        (i32.const -1)))))");
  thrower = m.instance->find_func("throw");
  for (const char* name : {"direct", "host", "nested", "ref"}) {
    EXPECT_EQ(m.i32(name, {Val::of_i32(77)}), 77) << name;
    EXPECT_EQ(m.i32(name, {Val::of_i32(78)}), 78) << name;
  }
  auto uncaught = m.call("throw", {Val::of_i32(1)});
  ASSERT_FALSE(uncaught);
  EXPECT_EQ(uncaught.error().kind, Failure::Kind::Exception);
  EXPECT_EQ(uncaught.error().exception, m.store->pending_exception());
}

TEST_F(NativeTierTest, CollectsUnderStress) {
  EngineConfig config = test_config();
  config.tunables.gc_stress = true;
  Machine m(config);
  m.load(R"((module (type $node (struct (field $v i32) (field $next (ref null $node))))
    (type $array (array (mut (ref null $node))))
    (func $list (param i32) (result (ref null $node)) (local $l (ref null $node))
      (loop $again
        (local.set $l (struct.new $node (local.get 0) (local.get $l)))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $l))
    (func $sum (param (ref null $node)) (result i32)
      (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 0))
        (else (i32.add (struct.get $node $v (local.get 0)) (call $sum (struct.get $node $next (local.get 0)))))))
    (func (export "test") (param i32) (result i32) (local $a (ref $array)) (local $i i32)
      (local.set $a (array.new $array (ref.null $node) (local.get 0)))
      (loop $again
        (array.set $array (local.get $a) (local.get $i) (call $list (i32.add (local.get $i) (i32.const 1))))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
      (call $sum (array.get $array (local.get $a) (i32.sub (local.get 0) (i32.const 1)))))))");
  EXPECT_EQ(m.i32("test", {Val::of_i32(30)}), 465);
}

TEST_F(NativeTierTest, Interrupts) {
  EngineConfig config = test_config();
  config.tunables.interruptible = true;
  Machine m(config);
  m.load(R"((module (func (export "spin") (loop (br 0)))))");
  m.store->interrupt();
  EXPECT_EQ(m.trap("spin").code, TrapCode::Interrupted);
  m.store->clear_interrupt();
  std::jthread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    m.store->interrupt();
  });
  EXPECT_EQ(m.trap("spin").code, TrapCode::Interrupted);
}

TEST_F(NativeTierTest, ProvidersMayKeepImages) {
  std::shared_ptr<const LoadedImage> kept;
  int compiled = 0;
  Machine m(test_config(), [&](const ModuleInfo& info, const Tunables& tunables, const CompileNow& compile) ->
            Result<std::shared_ptr<const LoadedImage>> {
    if (!kept) {
      kept = SKIFF_TRY(compile_to_memory(info, tunables, compile));
      ++compiled;
    }
    return kept;
  });
  const char* text = "(module (func (export \"f\") (param i32) (result i32) (i32.div_u (i32.const 84) (local.get 0))))";
  for (int i = 0; i < 2; ++i) {
    m.load(text, i ? "b" : "a");
    EXPECT_EQ(m.i32("f", {Val::of_i32(2)}), 42);
    EXPECT_EQ(m.trap("f", {Val::of_i32(0)}).frames.at(0).instance, m.instance);
  }
  EXPECT_EQ(compiled, 1);
}

}  // namespace
}  // namespace skiff::compiler
