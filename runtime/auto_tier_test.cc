// The switch from interpreter to machine code, with a compiler of a few hand-made bytes whose functions compute something
// else, so that it shows which tier ran; and with the real one where it is built.
#include "runtime/auto_tier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "compiler/target/compiler_library.h"
#include "engine/base/os_memory.h"
#include "engine/exec/instance.h"
#include "engine/exec/linker.h"
#include "engine/text/text.h"

namespace skiff {
namespace {

using compiler::NativeImage;

#if defined(__x86_64__)

// Every function is (param i32) (result i32) and adds 100.
NativeImage fake_image(const ModuleInfo& info) {
  const uint8_t function[] = {0x8D, 0x47, 0x64, 0xC3};  // lea eax, [rdi+100]; ret
  const uint8_t array_entry[] = {
      0x55, 0x48, 0x89, 0xE5,  // push rbp; mov rbp, rsp
      0x41, 0x55, 0x53,        // push r13; push rbx
      0x49, 0x89, 0xF5,        // mov r13, rsi
      0x48, 0x89, 0xD3,        // mov rbx, rdx
      0x48, 0x89, 0xF8,        // mov rax, rdi
      0x8B, 0x3B, 0xFF, 0xD0,  // mov edi, [rbx]; call rax
      0x89, 0x03, 0x31, 0xC0,  // mov [rbx], eax; xor eax, eax
      0x5B, 0x41, 0x5D, 0x5D, 0xC3};
  NativeImage image;
  image.text_size = static_cast<uint32_t>(os_page_size());
  image.bytes.resize(image.text_size);
  std::copy(std::begin(function), std::end(function), image.bytes.begin() + 64);
  std::copy(std::begin(array_entry), std::end(array_entry), image.bytes.begin() + 128);
  image.functions.assign(info.module.functions.size() - info.module.imported_funcs, 64);
  image.array_entries.assign(info.types.size(), 128);
  image.import_thunks.assign(info.types.size(), 192);
  return image;
}

#endif

constexpr const char* kAddOne =
    "(module (type $t (func (param i32) (result i32))) (table (export \"t\") 1 funcref) (elem (i32.const 0) $f)"
    " (func $f (export \"f\") (type $t) (i32.add (local.get 0) (i32.const 1))))";

struct World {
  explicit World(AutoTierOptions options) : engine({}, make_auto_tier(std::move(options))) {}
  ModulePtr compile(std::string_view wat) {
    return compile_module(engine, SharedBytes::own(wat_to_binary(wat, engine.features()).value())).value();
  }
  Engine engine;
};

uint32_t call(Store& store, Instance& instance, std::string_view name, uint32_t arg) {
  Slot slots[4] = {{.u64 = arg}};
  const auto done = store.call_slots(instance.find_func(name), slots);
  EXPECT_TRUE(done) << done.error().message();
  return slots[0].u32;
}

#if defined(__x86_64__)

AutoTierOptions fake_options() {
  AutoTierOptions options;
  options.patience = std::chrono::milliseconds(0);
  options.compile = [](const ModuleInfo& info, const Tunables&, const std::atomic<bool>&) -> Result<NativeImage> {
    return fake_image(info);
  };
  return options;
}

TEST(AutoTier, SwitchesInABackgroundThread) {
  World w(fake_options());
  const ModulePtr module = w.compile(kAddOne);
  const auto store = Store::create(w.engine).value();
  Linker linker(*store);
  Instance& instance = *linker.instantiate(module).value();
  while (call(*store, instance, "f", 1) != 101) std::this_thread::yield();
  // From now on new instances start in machine code.
  EXPECT_EQ(call(*store, *linker.instantiate(module).value(), "f", 1), 101u);
}

TEST(AutoTier, OtherModulesSeeTheSwitch) {
  AutoTierOptions options = fake_options();
  std::atomic<bool> go{false};
  options.compile = [&](const ModuleInfo& info, const Tunables&, const std::atomic<bool>&) -> Result<NativeImage> {
    if (info.module.imported_funcs != 0) return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "only the exporter");
    while (!go) std::this_thread::yield();
    return fake_image(info);
  };
  World w(options);
  const auto store = Store::create(w.engine).value();
  Linker linker(*store);
  linker.define_instance("a", *linker.instantiate(w.compile(kAddOne)).value());
  Instance& user = *linker.instantiate(w.compile(
      "(module (type $t (func (param i32) (result i32))) (import \"a\" \"f\" (func $f (type $t)))"
      " (import \"a\" \"t\" (table 1 funcref))"
      " (func (export \"direct\") (type $t) (call $f (local.get 0)))"
      " (func (export \"indirect\") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0)))"
      " (func (export \"tail\") (type $t) (return_call $f (local.get 0))))")).value();
  for (const char* name : {"direct", "indirect", "tail"}) EXPECT_EQ(call(*store, user, name, 5), 6u) << name;
  go = true;
  while (call(*store, user, "direct", 5) != 105) std::this_thread::yield();
  for (const char* name : {"direct", "indirect", "tail"}) EXPECT_EQ(call(*store, user, name, 5), 105u) << name;
}

TEST(AutoTier, ManyThreadsSwitchAtOnce) {
  World w(fake_options());
  const ModulePtr module = w.compile(kAddOne);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const auto store = Store::create(w.engine).value();
      Linker linker(*store);
      Instance& instance = *linker.instantiate(module).value();
      uint32_t result = 0;
      while ((result = call(*store, instance, "f", 1)) != 101) EXPECT_EQ(result, 2u);
    });
  for (std::thread& t : threads) t.join();
}

TEST(AutoTier, AFailedCompilationLeavesTheInterpreter) {
  AutoTierOptions options = fake_options();
  std::atomic<bool> told{false};
  options.compile = [](const ModuleInfo&, const Tunables&, const std::atomic<bool>&) -> Result<NativeImage> {
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "no compiler");
  };
  options.notes = [&](std::string_view text) { told = text.find("no compiler") != std::string_view::npos; };
  World w(options);
  const ModulePtr module = w.compile(kAddOne);
  while (!told) std::this_thread::yield();
  const auto store = Store::create(w.engine).value();
  Linker linker(*store);
  EXPECT_EQ(call(*store, *linker.instantiate(module).value(), "f", 1), 2u);
}

TEST(AutoTier, AModuleThatGoesStopsItsCompilation) {
  AutoTierOptions options = fake_options();
  std::atomic<bool> begun{false}, cancelled_seen{false};
  options.compile = [&](const ModuleInfo&, const Tunables&, const std::atomic<bool>& cancelled) -> Result<NativeImage> {
    begun = true;
    while (!cancelled) std::this_thread::yield();
    cancelled_seen = true;
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "given up");
  };
  World w(options);
  ModulePtr module = w.compile(kAddOne), waiting = w.compile(kAddOne);
  while (!begun) std::this_thread::yield();
  EXPECT_TRUE(w.engine.tier().busy());
  waiting.reset();
  module.reset();
  EXPECT_TRUE(cancelled_seen);
}

TEST(AutoTier, SwitchesWithinACall) {
  AutoTierOptions options = fake_options();
  options.switch_after = 2;
  World w(options);
  const auto store = Store::create(w.engine).value();
  Linker linker(*store);
  // $f runs on in the interpreter; $g is machine code when it is called.
  Instance& instance = *linker.instantiate(w.compile(
      "(module (type $t (func (param i32) (result i32)))"
      " (func (export \"f\") (type $t) (i32.mul (call $g (local.get 0)) (i32.const 2)))"
      " (func $g (type $t) (i32.add (local.get 0) (i32.const 1))))")).value();
  EXPECT_EQ(call(*store, instance, "f", 1), 202u);
}

#endif

// With the real compiler: what crosses the border between the tiers.
struct RealTier : testing::Test {
  void SetUp() override {
    if (!compiler::load_llvm_compiler()) GTEST_SKIP() << "no compiler in this build";
  }
};

TEST_F(RealTier, TrapsNameFramesOfBothTiers) {
  AutoTierOptions options;
  options.switch_after = 2;
  World w(options);
  const auto store = Store::create(w.engine).value();
  Linker linker(*store);
  Instance& instance = *linker.instantiate(w.compile(
      "(module (func (export \"f\") (param i32) (result i32) (call $g (local.get 0)))"
      " (func $g (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))")).value();
  Slot slots[1] = {};
  const auto done = store->call_slots(instance.find_func("f"), slots);
  ASSERT_FALSE(done);
  ASSERT_EQ(done.error().trap.frames.size(), 2u);
  EXPECT_EQ(done.error().trap.frames[0].func, 1u);
  EXPECT_EQ(done.error().trap.frames[1].func, 0u);
  // Now all of it is machine code, where $g may be part of $f.
  slots[0] = {};
  const auto again = store->call_slots(instance.find_func("f"), slots);
  ASSERT_FALSE(again);
  ASSERT_FALSE(again.error().trap.frames.empty());
  EXPECT_EQ(again.error().trap.frames[0].func, 1u);
}

TEST_F(RealTier, ExceptionsAreCaughtAcrossTheBorder) {
  AutoTierOptions options;
  options.switch_after = 2;
  World w(options);
  const auto store = Store::create(w.engine).value();
  Linker linker(*store);
  Instance& instance = *linker.instantiate(w.compile(
      "(module (tag $e (param i32))"
      " (func (export \"f\") (param i32) (result i32)"
      "  (block $h (result i32) (try_table (catch $e $h) (call $g (local.get 0))) (i32.const 0)))"
      " (func $g (param i32) (throw $e (i32.add (local.get 0) (i32.const 7)))))")).value();
  EXPECT_EQ(call(*store, instance, "f", 1), 8u);
  EXPECT_EQ(call(*store, instance, "f", 2), 9u);
}

}  // namespace
}  // namespace skiff
