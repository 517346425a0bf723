// Tests of the interpreter as a whole: text to results. Single operators: forms_test.cc.
#include "engine/interp/interp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/interp/interp_test_support.h"

namespace skiff::testing {
namespace {

// Control flow.

TEST(Interp, LoopsWithParametersAndMultipleValues) {
  EXPECT_EQ(run(R"((module (func (export "f") (param i32) (result i32)
                     (i32.const 0) (local.get 0)
                     (loop (param i32 i32) (result i32)
                       (local.set 0)
                       (i32.add (local.get 0))
                       (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
                       (br_if 0 (local.get 0))
                       (drop)))))",
                {10}),
            "55");
}

TEST(Interp, BranchTableWithValues) {
  constexpr std::string_view wat = R"((module (func (export "f") (param i32) (result i32)
    (i32.add (i32.const 1000)
      (block $a (result i32)
        (i32.add (i32.const 100)
          (block $b (result i32)
            (i32.add (i32.const 10)
              (block $c (result i32)
                (br_table $a $b $c (i32.add (local.get 0) (i32.const 1)) (local.get 0)))))))))))";
  EXPECT_EQ(run(wat, {0}), "1001");
  EXPECT_EQ(run(wat, {1}), "1102");
  EXPECT_EQ(run(wat, {2}), "1113");
  EXPECT_EQ(run(wat, {99}), "1210");
}

TEST(Interp, BlocksKeepOperandsBelow) {
  EXPECT_EQ(run(R"((module (func (export "f") (param i32) (result i32) (local i32)
                     (local.get 0)
                     (block
                       (br_if 0 (i32.eqz (local.get 0)))
                       (local.set 0 (i32.const 100)))
                     (local.get 0)
                     (i32.sub))))",
                {7}),
            std::to_string(static_cast<uint32_t>(7 - 100)));
}

TEST(Interp, OperandsKeepOldValuesOfLocals) {
  // The value read first is not changed by the assignments after it.
  EXPECT_EQ(run(R"((module (func (export "f") (param i32 i32) (result i32)
                     (local.get 0) (local.get 0) (local.get 1)
                     (local.set 0 (i32.add (local.get 0) (i32.const 5)))
                     (local.set 1 (i32.mul (local.get 0) (local.get 1)))
                     (i32.sub) (i32.add) (local.get 0) (i32.mul) (local.get 1) (i32.add))))",
                {3, 4}),
            std::to_string((3 + (3 - 4)) * 8 + 32));
  // Exchange.
  EXPECT_EQ(run(R"((module (func (export "f") (param i32 i32) (result i32)
                     (local.set 0 (local.get 1) (local.set 1 (local.get 0)))
                     (i32.sub (local.get 0) (local.get 1)))))",
                {3, 10}),
            "7");
  // tee, then both.
  EXPECT_EQ(run(R"((module (func (export "f") (param i32) (result i32) (local i32)
                     (i32.mul (local.tee 1 (i32.add (local.get 0) (i32.const 1))) (local.get 1)))))",
                {6}),
            "49");
}

TEST(Interp, LoopsWithTheirExitFirst) {
  constexpr std::string_view wat = R"((module (func (export "f") (param i32 i32) (result i32) (local i32)
    (block $out
      (loop $next
        (br_if $out (i32.ge_s (local.get 2) (local.get 0)))
        (local.set 2 (i32.add (local.get 2) (i32.const 3)))
        (br_if $next (i32.and (local.get 2) (local.get 1)))
        (local.set 2 (i32.add (local.get 2) (i32.const 100)))
        (br $next)))
    (local.get 2))))";
  EXPECT_EQ(run(wat, {10, ~0u}), "12");
  EXPECT_EQ(run(wat, {10, 0}), "103");
  EXPECT_EQ(run(wat, {0, 0}), "0");
  EXPECT_EQ(run(wat, {250, 1}), "318");
}

TEST(Interp, TestsOfBits) {
  constexpr std::string_view wat = R"((module (func (export "f") (param i64) (result i32)
    (i32.add
      (if (result i32) (i32.wrap_i64 (i64.and (local.get 0) (i64.const 0x100000000))) (then (i32.const 1))
        (else (i32.const 0)))
      (i32.add
        (if (result i32) (i32.wrap_i64 (i64.and (local.get 0) (i64.const 0xFF))) (then (i32.const 10))
          (else (i32.const 0)))
        (if (result i32) (i32.and (i32.wrap_i64 (local.get 0)) (i32.const 0x80)) (then (i32.const 100))
          (else (i32.const 0))))))))";
  EXPECT_EQ(run(wat, {0x100000000}), "0");
  EXPECT_EQ(run(wat, {0xFFFFFFFF00000001}), "10");
  EXPECT_EQ(run(wat, {0x8000000080}), "110");
}

TEST(Interp, ScaledAddresses) {
  constexpr std::string_view wat = R"((module (memory 1) (func (export "f") (param i32 i32) (result i32)
    (i32.store (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2))) (i32.const 5))
    (i32.store (i32.add (i32.shl (i32.add (local.get 1) (i32.const 1)) (i32.const 2)) (local.get 0))
      (i32.const 60))
    (local.set 1 (i32.add (i32.shl (local.get 1) (i32.const 2)) (local.get 0)))
    (i32.add (i32.load (local.get 1)) (i32.load offset=4 (local.get 1))))))";
  EXPECT_EQ(run(wat, {100, 7}), "65");
}

TEST(Interp, IfWithoutElsePassesItsParameters) {
  constexpr std::string_view wat = R"((module (func (export "f") (param i32) (result i32)
    (i32.const 5) (local.get 0) (if (param i32) (result i32) (then (i32.const 2) (i32.mul))))))";
  EXPECT_EQ(run(wat, {1}), "10");
  EXPECT_EQ(run(wat, {0}), "5");
}

TEST(Interp, FloatsAndIntegersInBothAccumulators) {
  EXPECT_EQ(run(R"((module (memory 1) (func (export "f") (param i32) (result i32) (local f64)
                     (local.set 1 (f64.mul (f64.convert_i32_s (local.get 0)) (f64.const 2.5)))
                     (f64.store (i32.add (local.get 0) (i32.const 8)) (f64.add (local.get 1) (f64.const 1)))
                     (i32.trunc_f64_s (select (f64.load (i32.add (local.get 0) (i32.const 8))) (f64.const 0)
                                              (i32.gt_s (local.get 0) (i32.const 1)))))))",
                {4}),
            "11");
}

// Calls.

TEST(Interp, CallsWithManyResults) {
  EXPECT_EQ(run(R"((module
    (func $swap (param i32 i64) (result i64 i32 i32 i64) (local.get 1) (local.get 0) (i32.const 9)
      (i64.const 4))
    (func (export "f") (result i64) (local i64 i32 i32 i64)
      (call $swap (i32.const 1) (i64.const 20)) (local.set 3) (local.set 2) (local.set 1) (local.set 0)
      (i64.add (i64.mul (local.get 0) (i64.extend_i32_u (local.get 2)))
               (i64.add (local.get 3) (i64.extend_i32_u (local.get 1)))))))"),
            "185");
}

TEST(Interp, LocalsStartAtZeroInEveryCall) {
  EXPECT_EQ(run(R"((module
    (func $g (param i32) (result i32) (local i32 i64 f32 v128 i32)
      (local.set 5 (i32.add (local.get 5) (i32.add (local.get 0) (local.get 1))))
      (local.set 1 (i32.const 77)) (local.set 4 (v128.const i32x4 1 2 3 4)) (local.get 5))
    (func (export "f") (result i32) (drop (call $g (i32.const 1))) (call $g (i32.const 2)))))"),
            "2");
}

TEST(Interp, IndirectCalls) {
  constexpr std::string_view wat = R"((module
    (type $t (func (param i32) (result i32)))
    (table 5 funcref) (elem (i32.const 0) $a $b $c)
    (func $a (type $t) (i32.add (local.get 0) (i32.const 1)))
    (func $b (type $t) (i32.mul (local.get 0) (i32.const 2)))
    (func $c (result i32) (i32.const 3))
    (func (export "f") (param i32) (result i32) (call_indirect (type $t) (i32.const 20) (local.get 0)))))";
  EXPECT_EQ(run(wat, {0}), "21");
  EXPECT_EQ(run(wat, {1}), "40");
  EXPECT_EQ(run(wat, {2}), "indirect call type mismatch");
  EXPECT_EQ(run(wat, {3}), "uninitialized element");
  EXPECT_EQ(run(wat, {5}), "undefined element");
}

TEST(Interp, OtherInstancesHaveTheirOwnMemoryAndGlobals) {
  World w;
  Instance* a = w.make(R"((module (memory 1) (data (i32.const 0) "\2a") (global $g (mut i32) (i32.const 0))
    (func (export "get") (param i32) (result i32)
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (i32.add (i32.load8_u (local.get 0)) (i32.mul (global.get $g) (i32.const 100))))))");
  w.linker.define_instance("a", *a);
  Instance* b = w.make(R"((module (import "a" "get" (func $get (param i32) (result i32)))
    (memory 1) (data (i32.const 0) "\05") (table funcref (elem $get))
    (func $tail (param i32) (result i32) (return_call $get (local.get 0)))
    (func (export "f") (result i32)
      (i32.add (i32.mul (call $tail (i32.const 0)) (i32.const 1000))
        (i32.add (call_indirect (param i32) (result i32) (i32.const 0) (i32.const 0))
                 (i32.load8_u (i32.const 0)))))))");
  EXPECT_EQ(w.run(b, "f"), std::to_string(142 * 1000 + 242 + 5));
}

TEST(Interp, StackExhaustionIsATrap) {
  EXPECT_EQ(run(R"((module (func $f (export "f") (result i32) (i32.add (call $f) (i32.const 1)))))"),
            "call stack exhausted");
  EXPECT_EQ(run(R"((module (func $f (param i64 i64 i64 i64) (result i64) (call $f (local.get 1) (local.get 0)
                     (local.get 2) (local.get 3)))
                   (func (export "f") (result i64) (call $f (i64.const 0) (i64.const 0) (i64.const 0)
                     (i64.const 0)))))"),
            "call stack exhausted");
}

TEST(Interp, TailCallsNeedNoStack) {
  EXPECT_EQ(run(R"((module
    (func $even (param i64) (result i32) (if (result i32) (i64.eqz (local.get 0)) (then (i32.const 1))
      (else (return_call $odd (i64.const 9) (i64.sub (local.get 0) (i64.const 1))))))
    (func $odd (param i64 i64) (result i32) (if (result i32) (i64.eqz (local.get 1)) (then (i32.const 0))
      (else (return_call $even (i64.sub (local.get 1) (i64.const 1))))))
    (func (export "f") (param i64) (result i32) (call $even (local.get 0)))))",
                {2'000'001}),
            "0");
}

TEST(Interp, TailCallsAcrossInstances) {
  World w;
  Instance* a = w.make(R"((module (memory 1) (data (i32.const 0) "\07") (table (export "t") 2 funcref)
    (type $t (func (param i32) (result i32))) (elem (i32.const 0) $f)
    (func $f (type $t) (if (result i32) (local.get 0)
      (then (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
      (else (i32.load8_u (i32.const 0)))))
    (func (export "start") (param i32) (result i32)
      (i32.add (call $f (local.get 0)) (i32.mul (i32.load8_u (i32.const 0)) (i32.const 100))))))");
  w.linker.define_instance("a", *a);
  w.make(R"((module (import "a" "t" (table 2 funcref)) (memory 1) (data (i32.const 0) "\09")
    (type $t (func (param i32) (result i32))) (elem (i32.const 1) $f)
    (func $f (type $t) (if (result i32) (local.get 0)
      (then (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
      (else (i32.load8_u (i32.const 0)))))))");
  EXPECT_EQ(w.run(a, "start", {1'000'000}), "707");
  EXPECT_EQ(w.run(a, "start", {1'000'001}), "709");
}

// Host functions.

Outcome twice(HostCall& call) {
  call.values[0].u64 = call.values[0].u32 * 2;
  return Outcome::Ok;
}
Outcome refuse(HostCall& call) { return call.store.trap(TrapCode::HostError, "refused"); }
// Calls back into the function that `data` points to.
Outcome call_back(HostCall& call) {
  auto done = call.store.call_slots(*static_cast<FuncInst**>(call.data), call.values);
  return done ? Outcome::Ok : call.store.propagate(done.error());
}

TEST(Interp, HostFunctions) {
  World w;
  const FuncType type{{ValType::I32}, {ValType::I32}};
  FuncInst* back = nullptr;
  w.linker.define_func("h", "twice", type, twice, nullptr);
  w.linker.define_func("h", "refuse", type, refuse, nullptr);
  w.linker.define_func("h", "back", type, call_back, &back);
  Instance* i = w.make(R"((module
    (import "h" "twice" (func $twice (param i32) (result i32)))
    (import "h" "refuse" (func $refuse (param i32) (result i32)))
    (import "h" "back" (func $back (param i32) (result i32)))
    (func (export "f") (param i32) (result i32) (i32.add (call $twice (local.get 0)) (i32.const 1)))
    (func (export "tail") (param i32) (result i32) (return_call $twice (local.get 0)))
    (func (export "no") (result i32) (call $refuse (i32.const 0)))
    (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (call $back (i32.sub (local.get 0) (i32.const 1))) (local.get 0)))
        (else (i32.const 0))))
    (func $forever (export "forever") (param i32) (result i32) (call $back (local.get 0)))))");
  EXPECT_EQ(w.run(i, "f", {21}), "43");
  EXPECT_EQ(w.run(i, "tail", {21}), "42");
  EXPECT_EQ(w.run(i, "no"), "host function failed: refused");
  back = i->find_func("down");
  EXPECT_EQ(w.run(i, "down", {100}), "5050");
  back = i->find_func("forever");
  EXPECT_EQ(w.run(i, "forever", {1}), "call stack exhausted");
}

// Traps.

TEST(Interp, TrapsSayWhere) {
  for (const bool guards : {true, false}) {
    World w(config_of(guards));
    Instance* i = w.make(R"((module (memory 1)
      (func $f (param i32) (result i32) (i32.add (i32.const 1) (i32.load offset=4 (local.get 0))))
      (func (export "g") (param i32) (result i32) (drop (i32.const 5)) (call $f (local.get 0)))))");
    Slot values[1] = {};
    values[0].u64 = 65536;
    auto done = w.call(i, "g", values);
    ASSERT_FALSE(done);
    const Trap& trap = done.error().trap;
    EXPECT_EQ(trap.code, TrapCode::MemoryOutOfBounds);
    ASSERT_EQ(trap.frames.size(), 2u);
    const auto& functions = i->info().module.functions;
    EXPECT_EQ(trap.frames[0].func, 0u);
    EXPECT_EQ(trap.frames[0].offset, functions[0].body.offset + 1 + 2 + 2);  // locals, const, local.get
    EXPECT_EQ(trap.frames[1].func, 1u);
    EXPECT_EQ(trap.frames[1].offset,
              functions[1].body.offset + 1 + 2 + 1 + 2);  // ..., const, drop, local.get
    EXPECT_EQ(trap.frames[1].instance, i);
  }
}

TEST(Interp, DeepTracesAreCut) {
  World w;
  Instance* i = w.make(R"((module (func $f (export "f") (param i32)
    (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (unreachable))))))");
  Slot values[1] = {};
  values[0].u64 = 1000;
  auto done = w.call(i, "f", values);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().trap.frames.size(), Trap::kMaxFrames);
  EXPECT_EQ(done.error().trap.dropped_frames, 1001 - Trap::kMaxFrames);
}

TEST(Interp, MemoryIsCheckedWithAndWithoutGuards) {
  for (const bool guards : {true, false}) {
    for (const std::string_view address : {"i32", "i64"}) {
      const std::string a(address), memory = address == "i32" ? "(memory 1)" : "(memory i64 1)";
      World w(config_of(guards));
      Instance* i = w.make("(module " + memory + R"(
        (func (export "load") (param )" +
                           a + R"() (result i64) (i64.load offset=8 (local.get 0)))
        (func (export "load16") (param )" +
                           a + R"() (result i32) (i32.load16_u (local.get 0)))
        (func (export "vload") (param )" +
                           a + R"() (drop (v128.load (local.get 0))))
        (func (export "store") (param )" +
                           a + R"() (i64.store (local.get 0) (i64.const -1)))
        (func (export "fstore") (param )" +
                           a + R"() (f64.store (local.get 0) (f64.neg (f64.const 0))))
        (func (export "vstore") (param )" +
                           a + R"() (v128.store (local.get 0) (v128.const i64x2 -1 -1)))
        (func (export "last") (result i64) (i64.load ()" +
                           a + R"(.const 65528)))))");
      EXPECT_EQ(w.run(i, "load", {65520}), "0");
      EXPECT_EQ(w.run(i, "load", {65521}), "out of bounds memory access");
      EXPECT_EQ(w.run(i, "load", {0xFFFFFFFF}), "out of bounds memory access");
      EXPECT_EQ(w.run(i, "load16", {65535}), "out of bounds memory access");
      EXPECT_EQ(w.run(i, "load16", {65534}), "0");
      EXPECT_EQ(w.run(i, "vload", {65521}), "out of bounds memory access");
      for (const std::string_view store : {"store", "fstore", "vstore"})
        EXPECT_EQ(w.run(i, store, {65529}), "out of bounds memory access") << store;
      EXPECT_EQ(w.run(i, "last"), "0");  // nothing was written
      EXPECT_EQ(w.run(i, "store", {65528}), "65528");
      EXPECT_EQ(w.run(i, "last"), "-1");
    }
  }
}

TEST(Interp, ConstantAddresses) {
  for (const bool guards : {true, false}) {
    World w(config_of(guards));
    Instance* i = w.make(R"((module (memory 1)
      (func (export "f") (param i32) (result i32)
        (i32.store offset=4 (i32.const 16) (local.get 0))
        (i32.store (i32.const 24) (i32.mul (local.get 0) (i32.const 3)))
        (i32.store (i32.const 28) (i32.const 1000))
        (i32.add (i32.add (i32.load (i32.const 20)) (i32.load offset=20 (i32.const 4))) (i32.load
          (i32.const 28))))
      (func (export "no") (result i32) (i32.load offset=4294967295 (i32.const -1)))))");
    EXPECT_EQ(w.run(i, "f", {7}), "1028");
    EXPECT_EQ(w.run(i, "no"), "out of bounds memory access");
  }
}

// Exceptions.

TEST(Interp, ExceptionsAreCaughtWithTheirPayload) {
  World w;
  Instance* i = w.make(R"((module (tag $e (param i32 i64)) (tag $other)
    (func $throw (param i32)
      (if (local.get 0) (then (throw $e (local.get 0) (i64.const 5))) (else (throw $other))))
    (func (export "f") (param i32) (result i64) (local i32 i64)
      (block $all
        (block $h (result i32 i64)
          (try_table (catch $e $h) (catch_all $all) (call $throw (local.get 0)))
          (return (i64.const -1)))
        (local.set 2) (local.set 1)
        (return (i64.add (local.get 2) (i64.extend_i32_u (local.get 1)))))
      (i64.const 77))))");
  EXPECT_EQ(w.run(i, "f", {30}), "35");
  EXPECT_EQ(w.run(i, "f", {0}), "77");
}

TEST(Interp, ExceptionsPassHostFramesAndInstances) {
  World w;
  FuncInst* back = nullptr;
  w.linker.define_func("h", "back", {{ValType::I32}, {ValType::I32}}, call_back, &back);
  Instance* a = w.make(R"((module (tag $e (export "e") (param i32)) (memory 1) (data (i32.const 0) "\09")
    (func (export "throw") (param i32) (result i32) (throw $e (local.get 0)))))");
  w.linker.define_instance("a", *a);
  Instance* b = w.make(R"((module (import "a" "e" (tag $e (param i32)))
    (import "a" "throw" (func $throw (param i32) (result i32)))
    (import "h" "back" (func $back (param i32) (result i32)))
    (tag $mine (param i32)) (memory 1) (data (i32.const 0) "\03")
    (func (export "inner") (param i32) (result i32) (call $throw (local.get 0)))
    (func (export "f") (param i32) (result i32)
      (i32.add (i32.load8_u (i32.const 0))
        (block $h (result i32)
          (block $no (result i32)
            (try_table (result i32) (catch $mine $no) (catch $e $h) (call $back (local.get 0)))
            (br $h)) (drop) (i32.const -1))))
    (func (export "rethrow") (param i32) (result i32)
      (block $h (result i32 exnref)
        (try_table (result i32) (catch_ref $e $h) (call $throw (local.get 0)))
        (return))
      (throw_ref))
    (func (export "null") (throw_ref (ref.null exn)))))");
  back = b->find_func("inner");
  EXPECT_EQ(w.run(b, "f", {40}), "43");
  EXPECT_EQ(w.run(b, "rethrow", {40}), "uncaught exception");
  EXPECT_EQ(w.run(b, "null"), "null exception reference");
}

Outcome throw_it(HostCall& call) {
  auto* tag = static_cast<Instance**>(call.data);
  Ref exn = kNullRef;
  const TrapCode code = libcall::new_exception(&(*tag)->ctx(), 0, call.values, exn);
  return code == TrapCode::None ? call.store.throw_exception(exn) : call.store.trap(code);
}

TEST(Interp, HandlersDoNotSeeTailCallees) {
  World w;
  Instance* tags = nullptr;
  w.linker.define_func("h", "throw", {{ValType::I32}, {}}, throw_it, &tags);
  Instance* i = w.make(R"((module (import "h" "throw" (func $throw (param i32))) (tag $e (param i32))
    (func $mine (param i32) (throw $e (local.get 0)))
    (func $tail (param i32 i32)
      (block $h (result i32)
        (try_table (catch $e $h)
          (if (local.get 1) (then (return_call $throw (local.get 0))) (else (return_call $mine
            (local.get 0)))))
        (i32.const 0))
      (drop))
    (func (export "f") (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $e $h) (call $tail (i32.const 7) (local.get 0)))
        (i32.const -1)))))");
  tags = i;
  EXPECT_EQ(w.run(i, "f", {0}), "7");
  EXPECT_EQ(w.run(i, "f", {1}), "7");
}

TEST(Interp, ManyLabelValues) {
  // Each conditional branch would move a thousand values; the code must not grow with them.
  std::string types, consts, drops, branches;
  for (int i = 0; i < 900; ++i) {
    types += " i32";
    consts += " i32.const " + std::to_string(i);
    drops += " drop";
  }
  for (int i = 0; i < 2000; ++i) branches += " local.get 0 br_if 1";
  World w;
  Instance* instance = w.make("(module (type $t (func (param" + types + ") (result" + types + ")))" +
                              "(func (export \"f\") (param i32) (result i32)" + consts +
                              " (block (type $t) i32.const 5" + consts +
                              " (block (type $t)" + branches + ") br 0)" + drops.substr(5) + "))");
  EXPECT_EQ(w.run(instance, "f", {1}), "0");
  EXPECT_LT(interpreter_code_bytes(instance->compiled().code()), 500'000u);
}

TEST(Interp, LegacyExceptions) {
  constexpr std::string_view wat = R"((module (tag $e (param i32)) (tag $d)
    (func $throw (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $d))) (throw $e (local.get 0)))
    (func (export "f") (param i32) (result i32)
      (try (result i32)
        (do
          (try (result i32)
            (do
              (try (result i32) (do (call $throw (local.get 0)) (i32.const 1)) (delegate 0)))
            (catch $e (i32.add (i32.const 10)) (br_if 0 (i32.lt_s (local.get 0) (i32.const 50))) (drop)
              (rethrow 0))))
        (catch $e (i32.add (i32.const 1000)))
        (catch_all (i32.const 7))))))";
  EXPECT_EQ(run(wat, {5}), "15");
  EXPECT_EQ(run(wat, {60}), "1060");
  EXPECT_EQ(run(wat, {0}), "7");
}

TEST(Interp, TrapsAreNotCaught) {
  EXPECT_EQ(run(R"((module (memory 1) (func (export "f") (block $h
                     (try_table (catch_all $h) (drop (i32.load (i32.const 65536))))))))"),
            "out of bounds memory access");
}

// Interruption.

TEST(Interp, InterruptionFromAnotherThread) {
  for (const std::string_view body :
       {"(loop (br 0))", "(loop (br_if 0 (i32.eqz (local.get 0))))", "(return_call $f)",
        "(loop (block (br_table 1 0 (i32.const 0))))",
        "(loop (local.set 0 (i32.const 1)) (br_if 0 (i32.lt_s (local.get 0) (i32.const 2))))"}) {
    World w;
    Instance* i = w.make("(module (func $f (export \"f\") (local i32) " + std::string(body) + "))");
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      w.store->interrupt();
    });
    EXPECT_EQ(w.run(i, "f"), "interrupted") << body;
    other.join();
    EXPECT_EQ(w.run(i, "f"), "interrupted");
    w.store->clear_interrupt();
  }
}

// Whoever asks for attention is called in the middle of the guest, which then goes on as if nothing had been.
TEST(Interp, AttentionFromTheGuestsCode) {
  for (const std::string_view body :
       {"(loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 0) (i32.const 100000))))",
        "(loop (block (local.set 0 (i32.add (local.get 0) (call $one (i32.const 1))))"
        " (br_table 1 0 (i32.ge_u (local.get 0) (i32.const 100000)))) (br_if 0 (i32.lt_u (local.get 0) (i32.const 100000))))"}) {
    World w;
    Instance* i = w.make("(module (func $one (param i32) (result i32) (local.get 0))"
                         "(func $f (export \"f\") (result i32) (local i32) " + std::string(body) + " (local.get 0)))");
    struct Asked {
      Store* store;
      int left;
    } asked{w.store.get(), 1000};
    w.store->set_attend([](void* data) {
      auto& a = *static_cast<Asked*>(data);
      if (--a.left > 0) a.store->ask_attention();
      return false;
    }, &asked);
    w.store->ask_attention();
    EXPECT_EQ(w.run(i, "f"), "100000") << body;
    EXPECT_EQ(asked.left, 0);
    w.store->set_attend([](void*) { return true; }, nullptr);
    w.store->ask_attention();
    EXPECT_EQ(w.run(i, "f"), "interrupted");
  }
}

// Vectors, wide arithmetic, references, atomics.

TEST(Interp, VectorsAndWideArithmetic) {
  EXPECT_EQ(run(R"((module (func (export "f") (param i32) (result i32) (local v128)
                     (local.set 1 (i32x4.splat (local.get 0)))
                     (local.set 1 (i32x4.replace_lane 2 (local.get 1) (i32.const 100)))
                     (local.set 1 (i8x16.shuffle 8 9 10 11 4 5 6 7 0 1 2 3 12 13 14 15 (local.get 1)
                       (local.get 1)))
                     (i32.add (i32x4.extract_lane 0 (local.get 1))
                       (i32x4.extract_lane 1 (select (local.get 1) (v128.const i32x4 0 0 0 0)
                         (local.get 0)))))))",
                {5}),
            "105");
  EXPECT_EQ(run(R"((module (func (export "f") (param i64 i64) (result i64) (local i64 i64)
                     (i64.mul_wide_u (local.get 0) (local.get 1)) (local.set 3) (local.set 2)
                     (i64.add128 (local.get 2) (local.get 3) (i64.const -1) (i64.const 0)) (local.set 3)
                       (drop)
                     (local.get 3))))",
                {~0ull, ~0ull}),
            "-1");
}

TEST(Interp, ReferencesSurviveCollectionsInEveryPlace) {
  // Every allocation collects: references on the operand stack, in locals, globals and callers' frames stay
  // alive.
  EXPECT_EQ(run(R"((module
    (type $p (struct (field (mut i32)) (field (ref null $p))))
    (global $g (mut (ref null $p)) (ref.null $p))
    (func $list (param i32) (result (ref null $p))
      (if (result (ref null $p)) (local.get 0)
        (then (struct.new $p (local.get 0) (call $list (i32.sub (local.get 0) (i32.const 1)))))
        (else (ref.null $p))))
    (func $sum (param (ref null $p)) (result i32) (local i32)
      (block $end
        (loop $next
          (br_if $end (ref.is_null (local.get 0)))
          (local.set 1 (i32.add (local.get 1) (struct.get $p 0 (local.get 0))))
          (local.set 0 (struct.get $p 1 (local.get 0)))
          (br $next)))
      (local.get 1))
    (func (export "f") (result i32)
      (global.set $g (call $list (i32.const 20)))
      (i32.add
        (call $sum (struct.new $p (i32.const 1000) (call $list (i32.const 10))))
        (call $sum (global.get $g))))))",
                {}, config_of(true, true)),
            "1265");
}

TEST(Interp, CastsAndBranchesOnThem) {
  constexpr std::string_view wat =
      R"((module (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32 i32))))
    (func $make (param i32) (result anyref)
      (if (result anyref) (i32.eq (local.get 0) (i32.const 0)) (then (struct.new $a (i32.const 1)))
        (else (if (result anyref) (i32.eq (local.get 0) (i32.const 1)) (then (struct.new $b (i32.const 2)
          (i32.const 3)))
          (else (ref.i31 (local.get 0)))))))
    (func (export "f") (param i32) (result i32)
      (block $is_b (result (ref $b))
        (block $is_a (result (ref $a))
          (br_on_cast $is_a anyref (ref $a) (br_on_cast $is_b anyref (ref $b) (call $make (local.get 0))))
          (i31.get_s (ref.cast (ref i31))) (return))
        (struct.get $a 0) (return))
      (struct.get $b 1))))";
  EXPECT_EQ(run(wat, {0}), "1");
  EXPECT_EQ(run(wat, {1}), "3");
  EXPECT_EQ(run(wat, {12}), "12");
}

TEST(Interp, Atomics) {
  for (const bool guards : {true, false}) {
    World w(config_of(guards));
    Instance* i = w.make(R"((module (memory 1 1 shared)
      (func (export "f") (param i32) (result i64)
        (i64.atomic.store (local.get 0) (i64.const 0x1111111111111111))
        (drop (i32.atomic.rmw8.add_u (local.get 0) (i32.const 0xFF)))
        (drop (i64.atomic.rmw16.cmpxchg_u offset=2 (local.get 0) (i64.const 0x1111) (i64.const 0x2222)))
        (i64.atomic.load (local.get 0)))
      (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 1)
        (i64.const -1)))))");
    EXPECT_EQ(w.run(i, "f", {8}), std::to_string(0x1111111122221110));
    EXPECT_EQ(w.run(i, "f", {4}), "unaligned atomic");
    EXPECT_EQ(w.run(i, "f", {65536}), "out of bounds memory access");
    EXPECT_EQ(w.run(i, "wait"), "1");
  }
}

// Alignment comes before bounds, also where address and offset add up to more than 64 bits.
TEST(Interp, AtomicAddressesThatDoNotFit) {
  for (const bool guards : {true, false}) {
    World w(config_of(guards));
    Instance* i = w.make(R"((module (memory i64 1 1 shared)
      (func (export "f") (param i32) (result i32)
        (i32.atomic.load offset=16 (i64.extend_i32_s (local.get 0))))))");
    EXPECT_EQ(w.run(i, "f", {static_cast<uint32_t>(-3)}), "unaligned atomic");
    EXPECT_EQ(w.run(i, "f", {static_cast<uint32_t>(-4)}), "out of bounds memory access");
    EXPECT_EQ(w.run(i, "f", {static_cast<uint32_t>(-18)}), "unaligned atomic");
    EXPECT_EQ(w.run(i, "f", {static_cast<uint32_t>(-20)}), "out of bounds memory access");
    EXPECT_EQ(w.run(i, "f", {4}), "0");
  }
}

// Large functions.

TEST(Interp, ManyLocals) {
  // 49990 v128 locals take more slots than 16 bits can count.
  std::string wat = "(module (func (export \"f\") (param i32) (result i32) (local";
  for (int i = 0; i < 49990; ++i) wat += " v128";
  wat += R"()
    (local.set 49900 (i32x4.splat (local.get 0)))
    (i32.add (i32x4.extract_lane 3 (local.get 49900)) (i32x4.extract_lane 3 (local.get 49899))))))";
  EXPECT_EQ(run(wat, {42}), "42");
}

TEST(Interp, DeepNestingAndLargeTables) {
  std::string open, close, labels;
  for (int i = 0; i < 20000; ++i) {
    open += "(block ";
    close += ")";
    labels += " " + std::to_string(i);
  }
  EXPECT_EQ(run("(module (func (export \"f\") (param i32) (result i32) " + open + "(br_table" + labels +
                    " (local.get 0))" + close + " (i32.const 3)))",
                {12345}),
            "3");
  // Values that must be moved, to many labels.
  std::string nested = "(br_table 0 1 2 3 3 2 1 0 (i32.const 7) (i32.const 8) (local.get 0))";
  nested = "(block (result i32 i32) (i32.const 1) (i32.const 2) " + nested + ")";
  for (int i = 0; i < 3; ++i) nested = "(block (result i32 i32) (i32.const 5) " + nested + " (br 0))";
  EXPECT_EQ(run("(module (func (export \"f\") (param i32) (result i32) " + nested + " (i32.sub)))", {2}),
            std::to_string(static_cast<uint32_t>(-1)));
}

TEST(Interp, ManyReadsThenManyWritesTakeLinearTime) {
  // Each write finds the reads of its local without looking at the others.
  std::string wat = "(module (func (export \"f\") (result i32) (local";
  constexpr int kLocals = 40000;
  for (int i = 0; i < kLocals; ++i) wat += " i32";
  wat += ")";
  for (int i = 0; i < kLocals; ++i) wat += " local.get " + std::to_string(i);
  for (int i = 0; i < kLocals; ++i) wat += " i32.const 1 local.set " + std::to_string(i);
  for (int i = 1; i < kLocals; ++i) wat += " i32.add";
  wat += "))";
  EXPECT_EQ(run(wat), "0");
}

TEST(Interp, ThreadsShareAModule) {
  Engine engine(config_of(true), make_interpreter());
  Result<std::vector<uint8_t>> binary = wat_to_binary(R"((module
    (func $fib (export "f") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2)))))))))",
                                                      engine.features());
  const ModulePtr module = compile_module(engine, SharedBytes::own(std::move(*binary))).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      auto store = Store::create(engine).value();
      Instance* instance = store->instantiate(module, {}).value();
      Slot values[1] = {};
      values[0].u64 = 15;
      EXPECT_TRUE(store->call_slots(instance->find_func("f"), values).has_value());
      EXPECT_EQ(values[0].u32, 610u);
    });
  for (std::thread& t : threads) t.join();
}

}  // namespace
}  // namespace skiff::testing
