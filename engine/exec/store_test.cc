// Calls from the embedder and host functions: argument checks, traps, exceptions, nesting.
#include "engine/exec/store.h"

#include "engine/exec/backtrace.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/table.h"
#include "engine/exec/typed_func.h"
#include "engine/exec/exec_test_support.h"
#include "engine/gc/heap.h"

namespace skiff {
namespace {

using testing::World;

FuncInst* host(World& w, const FuncType& type, HostFn fn, void* data = nullptr) {
  return w.store->new_host_func(w.engine.types().add_func_type(type), fn, data);
}

TEST(Store, CallPassesValuesOfEveryType) {
  World w;
  const FuncType type{{ValType::I32, ValType::V128, ValType::F64, ValType::ExternRef},
                      {ValType::ExternRef, ValType::F64, ValType::V128, ValType::I32, ValType::I64}};
  FuncInst* f = host(w, type, [](HostCall& call) {
    Slot in[5];
    std::copy_n(call.values, 5, in);
    call.values[0] = in[4];
    call.values[1] = in[3];
    call.values[2] = in[1];
    call.values[3] = in[2];
    call.values[4] = in[0];
    call.values[5].i64 = *static_cast<int64_t*>(call.data);
    return Outcome::Ok;
  }, new int64_t(-5));
  V128 v;
  v.bytes[15] = 9;
  std::vector<Val> args{Val::of_i32(-1), Val::of_v128(v), Val::of_f64(2.5),
                        Val::of_ref(ValType::ExternRef, make_i31(3))};
  std::vector<Val> results;
  ASSERT_TRUE(w.store->call(f, args, results).has_value());
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results[0].ref, make_i31(3));
  EXPECT_EQ(results[1].f64_bits, args[2].f64_bits);
  EXPECT_EQ(results[2].v128, v);
  EXPECT_EQ(results[3].i32, -1);
  EXPECT_EQ(results[4].i64, -5);
  delete static_cast<int64_t*>(static_cast<HostFunc*>(f->code)->data);
}

TEST(Store, TypedFunctions) {
  World w;
  const FuncType type{{ValType::I32, ValType::F64, ValType::I64}, {ValType::F32}};
  FuncInst* f = host(w, type, [](HostCall& call) {
    if (call.values[0].i32 < 0) return call.store.trap(TrapCode::Unreachable);
    const double sum = call.values[0].i32 + call.values[1].f64 + static_cast<double>(call.values[2].i64);
    call.values[0].f32 = static_cast<float>(sum);
    return Outcome::Ok;
  });
  auto typed = TypedFunc<float(int32_t, double, uint64_t)>::make(*w.store, f);
  ASSERT_TRUE(typed.has_value());
  EXPECT_EQ((*typed)(1, 2.5, 3).value(), 6.5f);
  RunResult<float> trapped = (*typed)(-1, 2.5, 3);
  ASSERT_FALSE(trapped.has_value());
  EXPECT_EQ(trapped.error().trap.code, TrapCode::Unreachable);
  EXPECT_EQ((*typed)(1, 0, 0).value(), 1.f);
  EXPECT_FALSE((TypedFunc<float(int32_t, double)>::make(*w.store, f).has_value()));
  EXPECT_FALSE((TypedFunc<void()>::make(*w.store, nullptr).has_value()));
}

TEST(Store, ManyArguments) {
  World w;
  const FuncType type{std::vector<ValType>(100, ValType::V128), {ValType::V128}};
  FuncInst* f = host(w, type, [](HostCall& call) { return call.values[0] = call.values[199], Outcome::Ok; });
  std::vector<Val> args(100, Val::of_v128({}));
  args[99].v128.bytes[8] = 7;
  std::vector<Val> results;
  ASSERT_TRUE(w.store->call(f, args, results).has_value());
  EXPECT_EQ(results[0].v128.bytes[0], 7);
}

TEST(Store, ArgumentsAreChecked) {
  World w;
  Instance& i = w.make(R"((type $t (func (param i32))) (func (export "f") (param i32))
    (func (export "g") (param (ref $t))) (func (export "h") (param eqref)))");
  auto call = [&](std::string_view name, std::vector<Val> args) -> std::string {
    std::vector<Val> results;
    auto r = w.store->call(i.find_func(name), args, results);
    return r ? "ok" : r.error().message();
  };
  const Val f = Val::of_ref(ValType::FuncRef, reinterpret_cast<Ref>(i.find_func("f")));
  const Val g = Val::of_ref(ValType::FuncRef, reinterpret_cast<Ref>(i.find_func("g")));
  EXPECT_EQ(call("f", {Val::of_i32(1)}), "ok");
  EXPECT_EQ(call("f", {}), "invalid argument: expected 1 arguments, found 0");
  EXPECT_EQ(call("f", {Val::of_i64(1)}), "invalid argument: argument 0: expected i32, found i64");
  EXPECT_EQ(call("g", {f}), "ok");
  EXPECT_NE(call("g", {g}), "ok");                                         // of another type
  EXPECT_NE(call("g", {Val::of_ref(ValType::FuncRef, kNullRef)}), "ok");   // not nullable
  EXPECT_EQ(call("h", {Val::of_ref(ValType::AnyRef, make_i31(1))}), "ok");
  EXPECT_EQ(call("h", {Val::of_ref(ValType::NullRef, kNullRef)}), "ok");
  EXPECT_NE(call("h", {f}), "ok");                                         // of another hierarchy
  EXPECT_NE(call("h", {Val::of_ref(ValType::ExternRef, make_i31(1))}), "ok");
  const Ref object = gc::to_ref(w.store->heap().allocate_host(nullptr, nullptr));
  EXPECT_NE(call("h", {Val::of_ref(ValType::AnyRef, object)}), "ok");
}

TEST(Store, TrapsExitsAndNesting) {
  World w;
  FuncInst* inner =
      host(w, {}, [](HostCall& call) { return call.store.trap(TrapCode::HostError, "disk on fire"); });
  FuncInst* outer = host(w, {}, [](HostCall& call) {
    std::vector<Val> results;
    auto r = call.store.call(static_cast<FuncInst*>(call.data), {}, results);
    return r ? Outcome::Ok : call.store.propagate(r.error());
  }, inner);
  std::vector<Val> results;
  auto r = w.store->call(outer, {}, results);
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().message(), "host function failed: disk on fire");
  EXPECT_EQ(w.store->pending_trap().code, TrapCode::None);

  FuncInst* exit = host(w, {}, [](HostCall& call) { return call.store.exit(42); });
  r = w.store->call(exit, {}, results);
  EXPECT_EQ(r.error().trap.code, TrapCode::Exit);
  EXPECT_EQ(r.error().trap.exit_status, 42);
}

TEST(Store, ExceptionsCarryTagAndPayload) {
  EngineConfig config = testing::test_config();
  config.tunables.gc_stress = true;
  World w(testing::return_ok, config);
  Instance& i = w.make(R"((tag (export "t") (param i64 v128 externref)))");
  FuncInst* f = host(w, {}, [](HostCall& call) {
    Slot payload[4] = {{.i64 = 8}, {.u64 = 1}, {.u64 = 2}, {.ref = kNullRef}};
    payload[3].ref = gc::to_ref(call.store.heap().allocate_host(call.data, nullptr));
    const SlotRoots roots(call.store, payload);
    Ref exn = kNullRef;
    if (libcall::new_exception(&static_cast<Instance*>(call.data)->ctx(), 0, payload, exn) != TrapCode::None)
      return call.store.trap(TrapCode::OutOfMemory);
    return call.store.throw_exception(exn);
  }, &i);
  std::vector<Val> results;
  auto r = w.store->call(f, {}, results);
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().kind, Failure::Kind::Exception);
  EXPECT_EQ(r.error().message(), "uncaught exception");
  w.store->heap().collect();  // pending: a root
  EXPECT_EQ(libcall::exception_tag(r.error().exception), i.find_export("t")->tag);
  Slot payload[4];
  libcall::exception_payload(r.error().exception, payload);
  EXPECT_EQ(payload[0].i64, 8);
  EXPECT_EQ(payload[2].u64, 2u);
  auto* object = static_cast<gc::HostObject*>(gc::to_object(payload[3].ref));
  EXPECT_EQ(object->data, &i);
}

TEST(Store, HostGlobalsAndTablesAreRoots) {
  World w;
  auto fresh = [&](intptr_t n) {
    return gc::to_ref(w.store->heap().allocate_host(reinterpret_cast<void*>(n), nullptr));
  };
  GlobalInst* g = w.store->new_global({ValType::ExternRef, true}, Val::of_ref(ValType::ExternRef, fresh(1)));
  TableObject* t = *w.store->new_table({ValType::AnyRef, {1, {}}}, fresh(2));
  w.store->heap().collect();
  EXPECT_EQ(w.store->heap().stats().live_objects, 2u);
  g->slots[0].ref = kNullRef;
  t->inst.elems[0] = kNullRef;
  w.store->heap().collect();
  EXPECT_EQ(w.store->heap().stats().live_objects, 0u);
}

TEST(Store, StackLimitIsSetDuringCalls) {
  World w;
  FuncInst* f = host(w, {{}, {ValType::I32}}, [](HostCall& call) {
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    const uintptr_t limit = call.store.vm().native_stack_limit;
    call.values[0].i32 = limit != 0 && limit < here && here - limit < (uintptr_t{1} << 40);
    return Outcome::Ok;
  });
  std::vector<Val> results;
  ASSERT_TRUE(w.store->call(f, {}, results).has_value());
  EXPECT_EQ(results[0].i32, 1);
}

TEST(Backtrace, NamesAndOffsets) {
  World w;
  Instance& named = w.make(R"((module $app (func $run)))");
  EXPECT_EQ(describe_frame({&named, 0, 0x1A2B}), "0x1a2b  app!run (func 0)");
  Instance& i = w.make(R"((func $run) (func (export "main")) (func))");
  EXPECT_EQ(describe_frame({&i, 1, 0x10}), "0x10  main (func 1)");
  EXPECT_EQ(describe_frame({&i, 2, 0}), "0x0  func 2");
  Trap trap;
  for (uint32_t n = 0; n < 100; ++n) trap.add_frame({&i, 2, n});
  EXPECT_EQ(trap.frames.size(), Trap::kMaxFrames);
  EXPECT_EQ(trap.dropped_frames, 36u);
  EXPECT_EQ(trap.frames.front().offset, 0u);
  EXPECT_EQ(trap.frames[31].offset, 31u);
  EXPECT_EQ(trap.frames[32].offset, 68u);
  EXPECT_EQ(trap.frames.back().offset, 99u);
  const std::string text = describe_frames(trap);
  EXPECT_EQ(text.substr(0, 17), "  0: 0x0  func 2\n");
  EXPECT_NE(text.find(" 31: 0x1f  func 2\n  ... 36 frames\n 68: 0x44  func 2\n"), std::string::npos);
}

}  // namespace
}  // namespace skiff
