// Instantiation: order of its steps, initialisers of every kind, segments that trap half-way, start
// functions, and that objects made on the way survive a collection at every allocation.
#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"
#include "engine/exec/table.h"
#include "engine/exec/exec_test_support.h"
#include "engine/gc/heap.h"

namespace skiff {
namespace {

using testing::World;

const GlobalInst& global(Instance& i, std::string_view name) { return *i.find_export(name)->global; }

Slot field(Ref object, uint32_t i) {
  Slot out;
  EXPECT_EQ(libcall::struct_get(object, i, 0, &out), TrapCode::None);
  return out;
}

Slot element(Ref array, uint32_t i) {
  Slot out;
  EXPECT_EQ(libcall::array_get(array, i, 0, &out), TrapCode::None);
  return out;
}

TEST(Instantiate, Initialisers) {
  World w;
  Instance& i = w.make(R"(
    (global $a (export "a") i32 (i32.const -7))
    (global (export "b") i32
      (i32.mul (i32.add (global.get $a) (i32.const 10)) (i32.sub (i32.const 2) (i32.const 5))))
    (global (export "c") i64
      (i64.mul (i64.const 0x100000001) (i64.sub (i64.const 1) (i64.add (i64.const 3) (i64.const -1)))))
    (global (export "d") f32 (f32.const 1.5)) (global (export "e") f64 (f64.const -0.25))
    (global $v (export "v") v128 (v128.const i64x2 1 2)) (global (export "v2") v128 (global.get $v))
    (global (export "n") externref (ref.null extern)) (global (export "f") funcref (ref.func $f))
    (global (export "i") i31ref (ref.i31 (i32.const -1)))
    (table (export "t") 3 (ref i31) (ref.i31 (i32.const 4)))
    (func $f))");
  EXPECT_EQ(global(i, "a").slots[0].i32, -7);
  EXPECT_EQ(global(i, "a").slots[0].u64 >> 32, 0u);
  EXPECT_EQ(global(i, "b").slots[0].i32, -9);
  EXPECT_EQ(global(i, "c").slots[0].i64, -0x100000001);
  EXPECT_EQ(global(i, "d").slots[0].f32, 1.5f);
  EXPECT_EQ(global(i, "e").slots[0].f64, -0.25);
  EXPECT_EQ(global(i, "v2").slots[0].u64, 1u);
  EXPECT_EQ(global(i, "v2").slots[1].u64, 2u);
  EXPECT_EQ(global(i, "n").slots[0].ref, kNullRef);
  EXPECT_EQ(global(i, "f").slots[0].ref, reinterpret_cast<Ref>(i.ctx().funcs[0]));
  EXPECT_EQ(i31_get_s(global(i, "i").slots[0].ref), -1);
  EXPECT_EQ(i.find_export("t")->table->inst.elems[2], make_i31(4));
  EXPECT_FALSE(i.find_export("nothing").has_value());
  EXPECT_EQ(i.find_func("a"), nullptr);
}

// Every object is reachable only through what is being built when the next allocation collects.
TEST(Instantiate, ObjectsSurviveCollections) {
  EngineConfig config = testing::test_config();
  config.tunables.gc_stress = true;
  World w(testing::return_ok, config);
  Instance& i = w.make(R"(
    (type $p (struct (field i8) (field (ref null $p)) (field v128) (field i64)))
    (type $a (array (ref null $p))) (type $b (array i16))
    (global $one (ref $p)
      (struct.new $p (i32.const 0x1ff) (struct.new_default $p) (v128.const i64x2 3 4) (i64.const 5)))
    (global (export "g") (ref $a) (array.new_fixed $a 3
      (struct.new $p (i32.const 1) (ref.null $p) (v128.const i64x2 0 0) (i64.const 11))
      (global.get $one)
      (struct.new $p (i32.const 3) (ref.null $p) (v128.const i64x2 0 0) (i64.const 33))))
    (global (export "n") (ref $a) (array.new $a (struct.new_default $p) (i32.const 100)))
    (global (export "b") (ref $b) (array.new $b (i32.const -2) (i32.const 3)))
    (global (export "z") (ref $b) (array.new_default $b (i32.const 2)))
    (global (export "x") externref (extern.convert_any (struct.new_default $p)))
    (table (export "t") 2 (ref null $p)
      (struct.new $p (i32.const 1) (ref.null $p) (v128.const i64x2 0 0) (i64.const 44)))
    (elem $e (ref null $p) (item (struct.new_default $p))
      (item (struct.new $p (i32.const 1) (ref.null $p) (v128.const i64x2 0 0) (i64.const 55)))
      (item (global.get $one))))");
  w.store->heap().collect();
  const Ref g = global(i, "g").slots[0].ref;
  EXPECT_EQ(field(element(g, 0).ref, 3).i64, 11);
  EXPECT_EQ(field(element(g, 2).ref, 3).i64, 33);
  const Ref one = element(g, 1).ref;
  EXPECT_EQ(field(one, 0).u32, 0xFFu);
  EXPECT_EQ(field(field(one, 1).ref, 3).i64, 0);
  Slot v[2];
  EXPECT_EQ(libcall::struct_get(one, 2, 0, v), TrapCode::None);
  EXPECT_EQ(v[1].u64, 4u);
  EXPECT_NE(element(global(i, "n").slots[0].ref, 99).ref, kNullRef);
  EXPECT_EQ(element(global(i, "b").slots[0].ref, 2).u32, 0xFFFEu);
  EXPECT_EQ(element(global(i, "z").slots[0].ref, 1).u32, 0u);
  EXPECT_EQ(field(i.find_export("t")->table->inst.elems[1], 3).i64, 44);
  EXPECT_EQ(field(i.ctx().elems[0].elems[1], 3).i64, 55);
  EXPECT_EQ(i.ctx().elems[0].elems[2], one);
  EXPECT_EQ(libcall::table_init(&i.ctx(), 0, 0, 0, 1, 2), TrapCode::None);
  libcall::elem_drop(&i.ctx(), 0);
  w.store->heap().collect();
  EXPECT_EQ(field(i.find_export("t")->table->inst.elems[0], 3).i64, 55);
}

TEST(Instantiate, SegmentsAreWrittenInOrderAndDropped) {
  World w;
  Instance& i = w.make(R"((memory (export "m") 1) (table (export "t") 4 funcref)
    (data (i32.const 2) "abcdef") (data (i32.const 4) "XY") (data "passive") (data (i32.const 65536) "")
    (elem (i32.const 1) func $f $g) (elem func $g) (elem declare func $f) (elem (i32.const 4) func)
    (func $f) (func $g))");
  EXPECT_EQ(std::string(reinterpret_cast<char*>(i.find_memory("m")->inst()->base) + 2, 6), "abXYef");
  VmCtx& c = i.ctx();
  EXPECT_EQ(c.datas[0].length, 0u);
  EXPECT_EQ(c.datas[2].length, 7u);
  EXPECT_EQ(c.elems[0].length, 0u);
  EXPECT_EQ(c.elems[1].length, 1u);
  EXPECT_EQ(c.elems[2].length, 0u);
  EXPECT_EQ(c.tables[0]->elems[2], libcall::ref_func(&c, 1));
  EXPECT_EQ(libcall::memory_init(&c, 2, 0, 65530, 0, 7), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(libcall::memory_init(&c, 2, 0, 65530, 1, 6), TrapCode::None);
  EXPECT_EQ(libcall::memory_init(&c, 2, 0, 0, 2, 6), TrapCode::MemoryOutOfBounds);
  libcall::data_drop(&c, 2);
  EXPECT_EQ(libcall::memory_init(&c, 2, 0, 0, 0, 1), TrapCode::MemoryOutOfBounds);
  EXPECT_EQ(libcall::memory_init(&c, 2, 0, 65536, 0, 0), TrapCode::None);
  EXPECT_EQ(libcall::memory_init(&c, 2, 0, 65537, 0, 0), TrapCode::MemoryOutOfBounds);
}

TEST(Instantiate, TrapsLeaveEarlierWrites) {
  World w;
  Instance& owner = w.make(R"((memory (export "m") 1) (table (export "t") 2 funcref))");
  w.linker.define_instance("o", owner);
  RunResult<Instance*> bad = w.instantiate(R"(
    (import "o" "m" (memory 1)) (import "o" "t" (table 2 funcref)) (func $f)
    (elem (i32.const 0) func $f) (data (i32.const 0) "hi") (data (i32.const 65535) "no"))");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().kind, Failure::Kind::Trap);
  EXPECT_EQ(bad.error().message(), "out of bounds memory access: data segment 1");
  EXPECT_EQ(owner.find_memory("m")->bytes()[1], 'i');
  EXPECT_EQ(owner.find_memory("m")->bytes()[65535], 0);
  // Its function lives on in the table, and can be called.
  auto* f = reinterpret_cast<FuncInst*>(owner.ctx().tables[0]->elems[0]);
  ASSERT_NE(f, nullptr);
  std::vector<Val> results;
  EXPECT_TRUE(w.store->call(f, {}, results).has_value());
  EXPECT_EQ(w.failure(R"((table 1 funcref) (elem (i32.const 1) func 0) (func))"),
            "out of bounds table access: element segment 0");
  EXPECT_EQ(w.failure(R"((table i64 1 funcref) (elem (i64.const -1) func 0) (func))"),
            "out of bounds table access: element segment 0");
}

TEST(Instantiate, ErrorsBeforeSegmentsLeaveNothing) {
  World w;
  EXPECT_EQ(w.failure(R"((memory 1) (table 1 funcref) (table 20000000 funcref))"),
            "limit exceeded: a table of 20000000 elements; the maximum is 10000000");
  EXPECT_EQ(w.store->usage().instances, 0u);
  EXPECT_EQ(w.store->usage().memory_bytes, 0u);
  EXPECT_EQ(w.store->usage().table_elements, 0u);
  EXPECT_EQ(
      w.failure(R"((type $a (array i64)) (global (ref $a) (array.new $a (i64.const 1) (i32.const -1))))"),
      "allocation failed: initialiser of global 0");
  w.store->heap().collect();
  w.make("(memory 1)");
}

TEST(Instantiate, InstanceLimit) {
  World w(testing::return_ok, testing::test_config(), {.instances = 1});
  w.make("");
  EXPECT_EQ(w.failure(""), "limit exceeded: instances of this store");
}

Outcome trap_unreachable(FuncInst* self, VmCtx*, Slot*) {
  Store& store = self->ctx->instance->store();
  const Outcome outcome = store.trap(TrapCode::Unreachable);
  store.pending_trap().add_frame({self->ctx->instance, self->index, 0x1F});
  return outcome;
}

TEST(Instantiate, StartFunctionRunsLast) {
  World w(trap_unreachable);
  RunResult<Instance*> bad =
      w.instantiate(R"((memory 1) (data (i32.const 0) "x") (func $main unreachable) (start $main))");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().trap.code, TrapCode::Unreachable);
  ASSERT_EQ(bad.error().trap.frames.size(), 1u);
  const Instance& instance = *bad.error().trap.frames[0].instance;
  EXPECT_EQ(instance.memory(0)->bytes()[0], 'x');
}

// What native tiers find when they are asked to bind an instance.
TEST(Instantiate, FieldsOfNativeTiers) {
  World w;
  w.linker.define_func("o", "h", {}, nullptr, nullptr);
  Instance& i = w.make(R"((type (struct)) (import "o" "h" (func)) (func (param i32)))");
  VmCtx& c = i.ctx();
  EXPECT_EQ(c.type_ids[0], i.info().types.id(0));
  EXPECT_EQ(c.funcs[0]->native_ctx, c.funcs[0]);
  EXPECT_EQ(c.funcs[1]->native_ctx, &c);
  EXPECT_EQ(c.funcs[1]->native_entry, nullptr);
  EXPECT_EQ(c.funcs[1]->native_type_id, ~0u);
}

TEST(Instantiate, ManyParts) {
  World w;
  std::string wat = "(memory 1)";
  for (int i = 0; i < 500; ++i) wat += "(func) (global i32 (i32.const 1)) (tag) (table 1 funcref)";
  Instance& i = w.make(wat);
  EXPECT_EQ(i.ctx().funcs[499]->index, 499u);
  EXPECT_EQ(i.ctx().globals[499]->slots[0].i32, 1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(i.ctx().globals[499]) % 16, 0u);
}

}  // namespace
}  // namespace skiff
