// Activations with C++ functions in the role of generated code: array entries written by hand, which call the
// library calls as generated code does.
#include "compiler/target/activation.h"

#include "compiler/target/native_libcalls.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"
#include "engine/exec/signals.h"
#include "engine/exec/exec_test_support.h"
#include "engine/gc/heap.h"
#include "engine/gc/object.h"

namespace skiff::compiler {
namespace {

using ArrayEntry = Outcome (*)(void* native_entry, void* native_ctx, Slot* values);

/// Every function of every module is `entry`.
class HandTier final : public Tier {
 public:
  explicit HandTier(ArrayEntry entry) : entry_(entry) {}
  std::string_view name() const override { return "hand"; }
  Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo&, const Tunables&) override {
    return std::make_unique<Code>(entry_);
  }
  void bind(Instance& instance) override { instance.ctx().libcalls = native_libcalls(); }
  Result<std::unique_ptr<TierStore>> attach(Store& store) override {
    return std::make_unique<NativeStore>(store, map_);
  }

 private:
  struct Code final : TierCode {
    explicit Code(ArrayEntry entry) : array_entry(entry) {}
    Entry entry(uint32_t) override { return {native_enter, reinterpret_cast<void*>(array_entry)}; }
    ArrayEntry array_entry;
  };
  ArrayEntry entry_;
  CodeMap map_;
};

struct Native {
  explicit Native(ArrayEntry entry, EngineConfig config = testing::test_config())
      : engine(config, std::make_unique<HandTier>(entry)), store(std::move(Store::create(engine).value())), linker(*store) {
    const auto binary = wat_to_binary(
        "(module (memory (export \"m\") 1) (tag (param i32)) (type $s (struct (field i32)))"
        " (func (export \"f\") (param i64) (result i64) unreachable))", engine.features());
    module = compile_module(engine, SharedBytes::own(std::vector<uint8_t>(*binary))).value();
    instance = linker.instantiate(module).value();
  }
  // Slot 0 in and out.
  RunResult<uint64_t> call(uint64_t arg = 0) {
    Slot slots[1] = {{.u64 = arg}};
    if (auto done = store->call_slots(instance->find_func("f"), slots); !done)
      return std::unexpected(std::move(done).error());
    return slots[0].u64;
  }
  TrapCode trap_of(uint64_t arg = 0) {
    auto result = call(arg);
    if (result || result.error().kind != Failure::Kind::Trap) return TrapCode::None;
    return result.error().trap.code;
  }

  Engine engine;
  std::unique_ptr<Store> store;
  Linker linker;
  ModulePtr module;
  Instance* instance = nullptr;
};

template <class F>
F libcall_of(void* ctx, Libcall which) {
  return reinterpret_cast<F>(const_cast<void*>(static_cast<VmCtx*>(ctx)->libcalls[static_cast<size_t>(which)]));
}

[[noreturn]] void do_trap(void* ctx, TrapCode code) {
  libcall_of<void (*)(VmCtx*, uint32_t)>(ctx, Libcall::trap)(static_cast<VmCtx*>(ctx), static_cast<uint32_t>(code));
  __builtin_unreachable();
}

TEST(Activation, Returns) {
  Native native([](void*, void* ctx, Slot* values) {
    EXPECT_NE(static_cast<VmCtx*>(ctx)->vm_store->native_stack_limit, 0u);
    values[0].u64 += 1;
    return Outcome::Ok;
  });
  EXPECT_EQ(native.call(41).value(), 42u);
  EXPECT_EQ(NativeStore::of(native.store->vm()).innermost, nullptr);
}

// Deep enough for callee-saved registers to be in use. `never` only tells compilers that the recursion may end.
volatile bool never = false;
[[gnu::noinline]] uint64_t deep(void* ctx, uint64_t n) {
  if (never) return n;
  if (n == 0) do_trap(ctx, TrapCode::IntegerOverflow);
  return deep(ctx, n - 1) * 3 + n;
}

TEST(Activation, Traps) {
  Native native([](void*, void* ctx, Slot* values) {
    values[0].u64 = deep(ctx, values[0].u64);
    return Outcome::Ok;
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(native.trap_of(1000), TrapCode::IntegerOverflow);
  EXPECT_EQ(NativeStore::of(native.store->vm()).innermost, nullptr);
}

TEST(Activation, InterruptedAndExhaustedAtEntry) {
  Native native([](void*, void*, Slot*) { return Outcome::Ok; });
  native.store->interrupt();
  EXPECT_EQ(native.trap_of(), TrapCode::Interrupted);
  native.store->clear_interrupt();
  EXPECT_TRUE(native.call());
}

TEST(Activation, StackLimitIsTheTunables) {
  EngineConfig config = testing::test_config();
  config.tunables.stack_size = 128 << 10;
  static uintptr_t limit, here;
  Native native([](void*, void* ctx, Slot*) {
    limit = static_cast<VmCtx*>(ctx)->vm_store->native_stack_limit;
    here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    return Outcome::Ok;
  }, config);
  ASSERT_TRUE(native.call());
  EXPECT_LT(here - limit, 128u << 10);
  EXPECT_GT(here - limit, 120u << 10);
}

// The section is what the fault handler takes for generated code.
[[gnu::section("hand_code"), gnu::noinline]] uint8_t touch(volatile uint8_t* address) { return *address; }
extern "C" const char __start_hand_code[] __attribute__((visibility("hidden")));
extern "C" const char __stop_hand_code[] __attribute__((visibility("hidden")));

TEST(Activation, FaultsBecomeTraps) {
  Native native([](void*, void* ctx, Slot* values) {
    values[0].u64 = touch(static_cast<VmCtx*>(ctx)->memory0_base + values[0].u64);
    return Outcome::Ok;
  });
  if (!native.engine.tunables().guard_pages) GTEST_SKIP() << "no guarded memories here";
  add_code_range(__start_hand_code, __stop_hand_code);
  EXPECT_EQ(native.call(65535).value(), 0u);
  EXPECT_EQ(native.trap_of(65536), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(native.trap_of(uint64_t{3} << 30), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(native.call(0).value(), 0u);
  remove_code_range(__start_hand_code, __stop_hand_code);
}

// An exception of a guest is a foreign one for C++: `catch (...)` is what landing pads are in generated code.
TEST(Activation, ExceptionsReachTheArrayEntry) {
  Native native([](void*, void* ctx, Slot* values) {
    const auto make = libcall_of<Ref (*)(VmCtx*, uint32_t, const Slot*)>(ctx, Libcall::new_exception);
    const auto raise = libcall_of<void (*)(VmCtx*, Ref)>(ctx, Libcall::throw_ref);
    try {
      raise(static_cast<VmCtx*>(ctx), make(static_cast<VmCtx*>(ctx), 0, values));
    } catch (...) {
      return Outcome::Exception;
    }
    return Outcome::Ok;
  });
  for (uint64_t i = 7; i < 9; ++i) {
    auto result = native.call(i);
    ASSERT_FALSE(result);
    ASSERT_EQ(result.error().kind, Failure::Kind::Exception);
    Slot payload[1];
    libcall::exception_payload(result.error().exception, payload);
    EXPECT_EQ(payload[0].u64, i);
  }
}

TEST(Activation, NestsThroughHostFunctions) {
  static Native* current = nullptr;
  // 0: traps; n: calls itself with n - 1 through the host.
  Native native([](void*, void* ctx, Slot* values) {
    if (values[0].u64 == 0) do_trap(ctx, TrapCode::Unreachable);
    auto inner = current->call(values[0].u64 - 1);
    NativeStore& store = NativeStore::of(*static_cast<VmCtx*>(ctx)->vm_store);
    EXPECT_NE(store.innermost, nullptr);
    if (values[0].u64 == 3) return values[0].u64 = 33, Outcome::Ok;
    return current->store->propagate(std::move(inner.error()));
  });
  current = &native;
  EXPECT_EQ(native.trap_of(2), TrapCode::Unreachable);
  EXPECT_EQ(native.call(3).value(), 33u);
  EXPECT_EQ(NativeStore::of(native.store->vm()).innermost, nullptr);
}

TEST(Activation, StackIsScanned) {
  EngineConfig config = testing::test_config();
  config.tunables.gc_stress = true;
  Native native([](void*, void* ctx, Slot* values) {
    const auto make = libcall_of<Ref (*)(VmCtx*, uint32_t, const Slot*)>(ctx, Libcall::struct_new);
    Slot field{.u64 = values[0].u64};
    const Ref first = make(static_cast<VmCtx*>(ctx), 0, &field);
    for (int i = 0; i < 20; ++i) {
      field.u64 = 0xDEAD;
      (void)make(static_cast<VmCtx*>(ctx), 0, &field);
    }
    values[0].u64 = gc::get<uint32_t>(gc::to_object(first), gc::kFieldsOffset);
    return Outcome::Ok;
  }, config);
  ASSERT_NE(native.module->gc_types()[0], nullptr);  // the struct's
  EXPECT_EQ(native.call(123).value(), 123u);
}

}  // namespace
}  // namespace skiff::compiler
