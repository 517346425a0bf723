// Loops that get a version without traps (compiler/llvm/fast_loops.h) do what the same loops in C++ do, step by step:
// near the memory's end, across it, where addresses of 32 bits wrap, and where ranges overlap.
#include <cstring>

#include "compiler/target/compiler_library.h"
#include "compiler/target/native_tier.h"
#include "engine/exec/exec_test_support.h"
#include "engine/exec/typed_func.h"

namespace skiff::compiler {
namespace {

using testing::test_config;

constexpr uint32_t kBytes = 65536;

// (a, b, n): n > 0 turns over addresses a and b.
constexpr std::string_view kLoops = R"((module (memory (export "memory") 1 1)
  (func (export "copy") (param $a i32) (param $b i32) (param $n i32) (result i32) (local $i i32)
    (loop $again
      (i32.store (i32.add (local.get $a) (i32.shl (local.get $i) (i32.const 2)))
        (i32.add (i32.load offset=8 (i32.add (local.get $b) (i32.shl (local.get $i) (i32.const 2)))) (i32.const 1)))
      (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $i))
  (func (export "down") (param $a i32) (param $b i32) (param $n i32) (result i32)
    (loop $again
      (i32.store8 (local.get $a) (i32.xor (i32.load8_u (local.get $b)) (i32.const 0x55)))
      (local.set $a (i32.sub (local.get $a) (i32.const 1)))
      (local.set $b (i32.sub (local.get $b) (i32.const 1)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a))
  (func (export "sum") (param $a i32) (param $b i32) (param $n i32) (result i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (local.get $s)
        (i32.mul (i32.load16_u (local.get $a)) (i32.load16_u offset=2 (local.get $b)))))
      (local.set $a (i32.add (local.get $a) (i32.const 4)))
      (local.set $b (i32.add (local.get $b) (i32.const 2)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func (export "fill") (param $a i32) (param $b i32) (param $n i32) (result i32)
    (loop $again
      (i64.store offset=16 (local.get $a) (i64.extend_i32_u (local.get $b)))
      (i64.store offset=24 (local.get $a) (i64.const 7))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a))
  (func (export "near") (param $a i32) (param $b i32) (param $n i32) (result i32)
    (loop $again
      (i32.store (local.get $a) (i32.add (i32.load (local.get $b)) (i32.const 3)))
      (i32.store (i32.add (local.get $a) (i32.const -4)) (i32.load offset=4 (i32.add (local.get $b) (i32.const -12))))
      (local.set $a (i32.add (local.get $a) (i32.const 8)))
      (local.set $b (i32.add (local.get $b) (i32.const 8)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a))))";

/// The same in C++: nothing once an access is out of bounds.
class Model {
 public:
  explicit Model(std::vector<uint8_t> bytes) : bytes(std::move(bytes)) {}
  uint32_t run(std::string_view name, uint32_t a, uint32_t b, uint32_t n);
  std::vector<uint8_t> bytes;
  bool trapped = false;

 private:
  template <class T>
  T load(uint32_t address, uint64_t offset = 0) {
    T value = 0;
    if (uint8_t* at = place(address + offset, sizeof(T))) std::memcpy(&value, at, sizeof(T));
    return value;
  }
  template <class T>
  void store(uint32_t address, uint64_t offset, T value) {
    if (uint8_t* at = place(address + offset, sizeof(T))) std::memcpy(at, &value, sizeof(T));
  }
  void near(uint32_t a, uint32_t b) {
    store<uint32_t>(a, 0, load<uint32_t>(b) + 3);
    store<uint32_t>(a - 4, 0, load<uint32_t>(b - 12, 4));
  }
  uint8_t* place(uint64_t address, uint64_t size) {
    trapped |= address + size > bytes.size();
    return trapped ? nullptr : bytes.data() + address;
  }
};

uint32_t Model::run(std::string_view name, uint32_t a, uint32_t b, uint32_t n) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < n && !trapped; ++i) {
    if (name == "copy") store<uint32_t>(a + 4 * i, 0, load<uint32_t>(b + 4 * i, 8) + 1);
    else if (name == "down") store<uint8_t>(a - i, 0, load<uint8_t>(b - i) ^ 0x55);
    else if (name == "sum") sum += uint32_t{load<uint16_t>(a + 4 * i)} * load<uint16_t>(b + 2 * i, 2);
    else if (name == "fill") store<uint64_t>(a + 16 * i, 16, b), store<uint64_t>(a + 16 * i, 24, 7);
    else near(a + 8 * i, b + 8 * i);
  }
  if (name == "copy") return n;
  if (name == "sum") return sum;
  if (name == "down") return a - n;
  return a + (name == "fill" ? 16 : 8) * n;
}

TEST(FastLoopsTest, DoWhatLoopsDo) {
  if (const auto compiler = load_llvm_compiler(); !compiler) GTEST_SKIP() << compiler.error().message();
  Engine engine(test_config(), make_native_tier());
  const std::unique_ptr<Store> store = std::move(Store::create(engine).value());
  Linker linker(*store);
  auto module = compile_module(engine, SharedBytes::own(wat_to_binary(kLoops, engine.features()).value()));
  ASSERT_TRUE(module) << module.error().message();
  Instance* instance = linker.instantiate(*module).value();
  uint8_t* memory = instance->ctx().memory0_base;
  std::vector<uint8_t> start(kBytes);
  for (uint32_t i = 0; i < kBytes; ++i) start[i] = static_cast<uint8_t>(i * 7 + i / 251);
  const uint32_t places[] = {0, 3, 64, 4000, 4100, kBytes - 4096, kBytes - 64, kBytes - 4, kBytes - 1, kBytes, 0xfffffff0u, 0x80000000u};
  for (const std::string name : {"copy", "down", "sum", "fill", "near"}) {
    const auto run = TypedFunc<uint32_t(uint32_t, uint32_t, uint32_t)>::make(*store, instance->find_func(name)).value();
    for (const uint32_t a : places)
      for (const uint32_t b : places)
        for (const uint32_t n : {1u, 7u, 16u, 65u, 1000u, 1024u}) {
          std::memcpy(memory, start.data(), kBytes);
          Model model(start);
          const uint32_t expected = model.run(name, a, b, n);
          const auto result = run(a, b, n);
          const std::string what = name + " " + std::to_string(a) + " " + std::to_string(b) + " " + std::to_string(n);
          ASSERT_EQ(!result, model.trapped) << what;
          if (result) ASSERT_EQ(*result, expected) << what;
          else ASSERT_EQ(result.error().trap.code, TrapCode::MemoryOutOfBounds) << what;
          ASSERT_EQ(std::memcmp(memory, model.bytes.data(), kBytes), 0) << what;
        }
  }
}

}  // namespace
}  // namespace skiff::compiler
