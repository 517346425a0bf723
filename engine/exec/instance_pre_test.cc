// Recycled instances: each finds everything as a fresh one would, and nothing that an earlier one left.
#include "engine/exec/instance_pre.h"

#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "engine/exec/exec_test_support.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"
#include "engine/exec/table.h"
#include "engine/gc/heap.h"

namespace skiff {
namespace {

using testing::World;

std::unique_ptr<Store> new_store(World& w, StoreLimits limits = {}) {
  return std::move(Store::create(w.engine, limits).value());
}

InstancePre make_pre(World& w, const Linker& linker, std::string_view wat) {
  Result<InstancePre> pre = InstancePre::create(linker, w.compile(wat));
  if (!pre) ADD_FAILURE() << pre.error().message();
  return *pre;
}

// What the guest of a test module can read, as bytes, references by the function's index in the module.
std::string state_of(Instance& instance) {
  const Module& m = instance.info().module;
  VmCtx& ctx = instance.ctx();
  std::string out;
  auto add = [&](const void* p, size_t n) { out.append(static_cast<const char*>(p), n); };
  auto add_ref = [&](Ref ref) {
    out += '/';
    if (!ref) return;
    const auto* func = reinterpret_cast<const FuncInst*>(ref);
    bool own = false;
    for (uint32_t i = 0; i < m.functions.size(); ++i) own |= ctx.funcs[i] == func;
    out += own ? std::to_string(func->type_id) + ":" + std::to_string(func->index) : "other";
  };
  for (uint32_t i = 0; i < m.memories.size(); ++i) {
    std::span<uint8_t> bytes = instance.memory(i)->bytes();
    add(bytes.data(), bytes.size());
    out += "|" + std::to_string(bytes.size());
  }
  for (uint32_t i = 0; i < m.globals.size(); ++i) {
    if (instance.info().globals[i].type.is_ref()) add_ref(ctx.globals[i]->slots[0].ref);
    else add(ctx.globals[i]->slots, 16);
  }
  for (uint32_t i = 0; i < m.tables.size(); ++i)
    for (uint64_t k = 0; k < ctx.tables[i]->length; ++k) add_ref(ctx.tables[i]->elems[k]);
  for (uint32_t i = 0; i < m.datas.size(); ++i) out += "d" + std::to_string(ctx.datas[i].length);
  for (uint32_t i = 0; i < m.elems.size(); ++i)
    for (uint64_t k = 0; k < ctx.elems[i].length; ++k) add_ref(ctx.elems[i].elems[k]);
  return out;
}

// Changes all that a guest could change.
void soil(Instance& instance, unsigned seed) {
  const Module& m = instance.info().module;
  VmCtx& ctx = instance.ctx();
  std::mt19937 random(seed);
  for (uint32_t i = 0; i < m.memories.size(); ++i) {
    if (random() % 2) (void)instance.memory(i)->grow(random() % 40);
    std::span<uint8_t> bytes = instance.memory(i)->bytes();
    if (bytes.empty()) continue;
    if (random() % 4 == 0) std::memset(bytes.data(), 0xA5, bytes.size());
    for (int k = 0; k < 50; ++k) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    bytes.front() = bytes.back() = 0x77;
    for (uint64_t at = 0; at < bytes.size(); at += 4096 * (1 + random() % 9)) bytes[at + 4095] ^= 0xFF;
  }
  for (uint32_t i = 0; i < m.globals.size(); ++i)
    ctx.globals[i]->slots[0].u64 = instance.info().globals[i].type.is_ref() ? kNullRef : random();
  for (uint32_t i = 0; i < m.tables.size(); ++i) {
    (void)instance.table(i).grow(random() % 3000, libcall::ref_func(&ctx, 0));
    for (uint64_t k = 0; k < ctx.tables[i]->length; ++k)
      if (random() % 2) ctx.tables[i]->elems[k] = libcall::ref_func(&ctx, static_cast<uint32_t>(random() % m.functions.size()));
  }
  for (uint32_t i = 0; i < m.datas.size(); ++i) libcall::data_drop(&ctx, i);
  for (uint32_t i = 0; i < m.elems.size(); ++i) libcall::elem_drop(&ctx, i);
}

constexpr std::string_view kModules[] = {
    R"((func $f) (func $g (result i32) i32.const 1))",
    R"((memory 1) (data (i32.const 65535) "\01") (data (i32.const 10) "hello") (data "passive") (func))",
    R"((memory 3 200) (data (i32.const 100000) "far") (global (mut i32) (i32.const 7)) (func)
       (global (mut v128) (v128.const i64x2 1 2)) (global (mut funcref) (ref.func 0)))",
    R"((memory 0) (memory 2) (memory i64 1) (data (memory 1) (i32.const 131071) "x") (data (memory 2) (i64.const 1) "y")
       (func $f) (func $g) (table 5 funcref) (table 3 8 funcref (ref.func $g))
       (elem (i32.const 1) func $f $g) (elem func $g) (elem funcref (ref.null func) (ref.func $f))
       (elem declare func $f))",
    R"((memory 1 1 (pagesize 1)) (data (i32.const 0) "z") (func))",
    R"((memory 40) (data (i32.const 0) "a") (data (i32.const 2000000) "b") (func) (table 100 funcref) (elem (i32.const 99) func 0))",
};

TEST(InstancePre, RecycledInstancesAreLikeFreshOnes) {
  for (bool guard : {true, false}) {
    for (std::string_view wat : kModules) {
      EngineConfig config = testing::test_config();
      config.tunables.guard_pages = guard && config.tunables.guard_pages;
      World w(testing::return_ok, config);
      const std::string fresh = state_of(w.make(wat));
      const InstancePre pre = make_pre(w, Linker(w.engine), wat);
      const VmCtx* first = nullptr;
      for (unsigned life = 0; life < 12; ++life) {
        auto store = new_store(w);
        RunResult<Instance*> instance = pre.instantiate(*store);
        ASSERT_TRUE(instance.has_value()) << instance.error().message();
        ASSERT_EQ(state_of(**instance) == fresh, true) << wat << " life " << life;
        if (!first) first = &(*instance)->ctx();
        EXPECT_EQ(&(*instance)->ctx(), first);
        EXPECT_EQ(first->vm_store, &store->vm());
        // Growing shows only zeros.
        soil(**instance, life);
        for (uint32_t i = 0; i < (*instance)->info().module.memories.size(); ++i) {
          LinearMemory& memory = *(*instance)->memory(i);
          const uint64_t old = memory.bytes().size();
          if (memory.grow(2) == ~uint64_t{0}) continue;
          for (uint8_t byte : memory.bytes().subspan(old)) ASSERT_EQ(byte, 0);
        }
      }
    }
  }
}

TEST(InstancePre, PlainInstancesShareAddressRanges) {
  World w;
  const uint8_t* base = nullptr;
  for (int life = 0; life < 4; ++life) {
    auto store = new_store(w);
    auto memory = store->new_memory({{5, 100}}).value();
    if (life == 0) base = memory->bytes().data();
    EXPECT_EQ(memory->bytes().data(), base);
    for (uint8_t byte : memory->bytes()) ASSERT_EQ(byte, 0);
    std::memset(memory->bytes().data(), 1, memory->bytes().size());
    ASSERT_EQ(memory->grow(30 + static_cast<uint64_t>(life)), 5u);
    for (uint8_t byte : memory->bytes().subspan(5 << 16)) ASSERT_EQ(byte, 0);
    std::memset(memory->bytes().data(), 2, memory->bytes().size());
  }
  EXPECT_EQ(w.engine.pool()->stats().idle_memories, 1u);
  w.engine.pool()->clear();
  EXPECT_EQ(w.engine.pool()->stats().idle_memories, 0u);
  EXPECT_EQ(w.engine.pool()->stats().idle_address_space, 0u);
}

// A memory that somebody still holds is not used again.
TEST(InstancePre, MemoriesThatAreHeldElsewhere) {
  World w;
  const InstancePre pre = make_pre(w, Linker(w.engine), R"((memory (export "m") 1))");
  auto store = new_store(w);
  const std::shared_ptr<LinearMemory> held = (*pre.instantiate(*store))->memory(0);
  held->bytes()[5] = 9;
  store.reset();
  EXPECT_EQ(w.engine.pool()->stats().idle_instances, 0u);
  store = new_store(w);
  EXPECT_EQ((*pre.instantiate(*store))->memory(0)->bytes()[5], 0);
  EXPECT_EQ(held->bytes()[5], 9);
}

TEST(InstancePre, HostFunctionsSeeTheStore) {
  World w([](FuncInst* self, VmCtx*, Slot* values) {
    FuncInst* import = self->ctx->funcs[0];
    return import->call(import, self->ctx, values);
  });
  Linker linker(w.engine);
  int shared = 40;
  linker.define_func("h", "f", {{}, {ValType::I32}}, [](HostCall& call) {
    call.values[0].i32 = *static_cast<int*>(call.data) + *static_cast<int*>(call.store.data());
    return Outcome::Ok;
  }, &shared);
  EXPECT_EQ(linker.find("h", "f"), nullptr);
  const InstancePre pre = make_pre(w, linker, R"((import "h" "f" (func (result i32))) (func (export "g") (result i32) call 0)
    (table 1 funcref) (elem (i32.const 0) func 0))");
  for (int request = 0; request < 3; ++request) {
    auto store = new_store(w);
    store->set_data(&request);
    Instance* instance = *pre.instantiate(*store);
    EXPECT_EQ(reinterpret_cast<FuncInst*>(instance->ctx().tables[0]->elems[0]), instance->ctx().funcs[0]);
    std::vector<Val> results;
    ASSERT_TRUE(store->call(instance->find_func("g"), {}, results).has_value());
    EXPECT_EQ(results[0].i32, 40 + request);
  }
  auto wrong = InstancePre::create(linker, w.compile(R"((import "h" "f" (func)))"));
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::IncompatibleImportType);
  auto missing = InstancePre::create(linker, w.compile(R"((import "h" "ff" (func)))"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().message(), "unknown import: h.ff (func [] -> []); did you mean h.f?");
}

// Imports that differ each time: what depends on them is made anew.
TEST(InstancePre, ImportsGivenEachTime) {
  World w;
  const InstancePre pre = InstancePre::create(w.compile(R"((import "m" "f" (func $i)) (import "m" "g" (global i32))
    (import "m" "m" (memory 1)) (import "m" "t" (table 4 funcref)) (func $own)
    (global (mut funcref) (ref.func $i)) (global i32 (global.get 0))
    (table 4 funcref) (elem (table 1) (i32.const 1) func $i $own) (elem func $i)
    (elem (table 0) (global.get 0) func $own) (data (global.get 0) "data"))"));
  for (int life = 0; life < 3; ++life) {
    auto store = new_store(w);
    const FuncType type{};
    std::vector<Extern> imports(4);
    imports[0].func = store->new_host_func(w.engine.types().add_func_type(type), [](HostCall&) { return Outcome::Ok; }, nullptr);
    imports[1].kind = ExternKind::Global;
    imports[1].global_type = {ValType::I32, false};
    imports[1].global = store->new_global(imports[1].global_type, Val::of_i32(life));
    imports[2].kind = ExternKind::Memory;
    imports[2].memory = store->new_memory({{1, {}}}).value();
    imports[3].kind = ExternKind::Table;
    imports[3].table = store->new_table({ValType::FuncRef, {4, {}}}, kNullRef).value();
    RunResult<Instance*> instance = pre.instantiate(*store, imports);
    ASSERT_TRUE(instance.has_value()) << instance.error().message();
    VmCtx& ctx = (*instance)->ctx();
    const Ref import = reinterpret_cast<Ref>(imports[0].func), own = libcall::ref_func(&ctx, 1);
    EXPECT_EQ(ctx.globals[1]->slots[0].ref, import);
    EXPECT_EQ(ctx.globals[2]->slots[0].i32, life);
    EXPECT_EQ(ctx.tables[1]->elems[0], kNullRef);
    EXPECT_EQ(ctx.tables[1]->elems[1], import);
    EXPECT_EQ(ctx.tables[1]->elems[2], own);
    EXPECT_EQ(ctx.tables[1]->elems[3], kNullRef);
    EXPECT_EQ(ctx.elems[1].elems[0], import);
    EXPECT_EQ(imports[3].table->inst.elems[life], own);
    EXPECT_EQ(std::memcmp(imports[2].memory->bytes().data() + life, "data", 4), 0);
    ctx.tables[1]->elems[3] = own;
    libcall::elem_drop(&ctx, 1);
    imports[0].func = nullptr;
  }
  auto store = new_store(w);
  EXPECT_FALSE(pre.instantiate(*store, {}).has_value());
  EXPECT_EQ(w.engine.pool()->stats().idle_instances, 1u);
}

TEST(InstancePre, SegmentsThatTrap) {
  World w;
  const InstancePre pre = make_pre(w, Linker(w.engine), R"((memory (export "m") 1) (data (i32.const 3) "x") (data (i32.const 65536) "y"))");
  for (int life = 0; life < 3; ++life) {
    auto store = new_store(w);
    RunResult<Instance*> instance = pre.instantiate(*store);
    ASSERT_FALSE(instance.has_value());
    EXPECT_EQ(instance.error().trap.code, TrapCode::MemoryOutOfBounds);
  }
}

TEST(InstancePre, ObjectsAreMadeAnew) {
  World w;
  const InstancePre pre = make_pre(w, Linker(w.engine), R"((type $s (struct (field (mut i32))))
    (global $g (mut (ref null $s)) (struct.new $s (i32.const 5))) (global $n (mut externref) (ref.null extern))
    (table 2 (ref null $s) (struct.new $s (i32.const 6))) (func))");
  for (int life = 0; life < 20; ++life) {
    auto store = new_store(w);
    RunResult<Instance*> instance = pre.instantiate(*store);
    ASSERT_TRUE(instance.has_value());
    VmCtx& ctx = (*instance)->ctx();
    store->heap().collect();
    EXPECT_EQ(store->heap().stats().live_objects, 2u);
    EXPECT_NE(ctx.globals[0]->slots[0].ref, kNullRef);
    EXPECT_EQ(ctx.globals[1]->slots[0].ref, kNullRef);
    // Fresh objects are zero, however the heap was left.
    for (int k = 0; k < 3000; ++k) {
      Ref made = kNullRef;
      ASSERT_EQ(libcall::struct_new_default(&ctx, 0, made), TrapCode::None);
      uint64_t* payload = reinterpret_cast<uint64_t*>(made) + 1;
      ASSERT_EQ(*payload, 0u);
      *payload = ~uint64_t{0};
      ctx.globals[1]->slots[0].ref = made;
    }
  }
}

TEST(InstancePre, LimitsOfEachStore) {
  World w;
  const InstancePre pre = make_pre(w, Linker(w.engine), "(memory 2) (table 5 funcref) (func)");
  for (int life = 0; life < 3; ++life) {
    auto small = new_store(w, {.memory_bytes = 65536});
    EXPECT_FALSE(pre.instantiate(*small).has_value());
    EXPECT_EQ(small->usage().memory_bytes, 0u);
    auto store = new_store(w, {.memory_bytes = 3 << 16, .table_elements = 6});
    Instance* instance = *pre.instantiate(*store);
    EXPECT_EQ(instance->memory(0)->grow(2), ~uint64_t{0});
    EXPECT_EQ(instance->memory(0)->grow(1), 2u);
    EXPECT_EQ(instance->table(0).grow(2, kNullRef), ~uint64_t{0});
    EXPECT_EQ(instance->table(0).grow(1, kNullRef), 5u);
    EXPECT_EQ(store->usage().instances, 1u);
  }
}

TEST(InstancePre, BoundsOfThePool) {
  EngineConfig config = testing::test_config();
  config.tunables.pool.idle_instances = 4;
  World w(testing::return_ok, config);
  std::optional<InstancePre> a = make_pre(w, Linker(w.engine), "(memory 1) (func)");
  const InstancePre b = make_pre(w, Linker(w.engine), "(memory 2) (func)");
  auto use = [&](const InstancePre& pre, int n) {
    auto store = new_store(w);
    for (int i = 0; i < n; ++i) ASSERT_TRUE(pre.instantiate(*store).has_value());
  };
  use(*a, 10);
  EXPECT_EQ(w.engine.pool()->stats().idle_instances, 4u);
  use(b, 3);  // takes the places of others
  EXPECT_EQ(w.engine.pool()->stats().idle_instances, 4u);
  a.reset();
  EXPECT_EQ(w.engine.pool()->stats().idle_instances, 3u);
  w.engine.pool()->clear();
  EXPECT_EQ(w.engine.pool()->stats().idle_instances, 0u);

  config.tunables.pool.enabled = false;
  World off(testing::return_ok, config);
  const InstancePre c = make_pre(off, Linker(off.engine), "(memory 1)");
  auto store = new_store(off);
  ASSERT_TRUE(c.instantiate(*store).has_value());
  store.reset();
  const PoolStats stats = off.engine.pool()->stats();
  EXPECT_EQ(stats.idle_instances + stats.idle_memories + stats.idle_stores, 0u);
}

// Instances are taken and given back by many threads; each finds its own memory clean.
TEST(InstancePre, ManyThreads) {
  EngineConfig config = testing::test_config();
  config.tunables.pool.idle_instances = 6;
  World w(testing::return_ok, config);
  const InstancePre pre = make_pre(w, Linker(w.engine), R"((memory 1) (data (i32.const 0) "\07") (global (mut i32) (i32.const 1)))");
  const InstancePre other = make_pre(w, Linker(w.engine), "(memory 4)");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto store = new_store(w);
        for (const InstancePre* from : {&pre, &other, &pre}) {
          Instance* instance = *from->instantiate(*store);
          std::span<uint8_t> bytes = instance->memory(0)->bytes();
          if (bytes[0] != (from == &pre ? 7 : 0) || bytes[5000] != 0) ++wrong;
          bytes[0] = bytes[5000] = static_cast<uint8_t>(t + 1);
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_LE(w.engine.pool()->stats().idle_instances, 6u);
}

}  // namespace
}  // namespace skiff
