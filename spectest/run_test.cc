// The runner must notice wrong results: every kind of check is made to pass and to fail.
#include "spectest/run.h"

#include <gtest/gtest.h>

#include "engine/interp/interp.h"

namespace skiff::spectest {
namespace {

FileResult run(std::string source, bool roundtrip = false, const std::string& path = "test.wast") {
  RunOptions options{.tier = "interp", .make_tier = make_interpreter, .roundtrip = roundtrip};
  return run_script(path, std::move(source), options);
}

void expect_counts(const FileResult& r, uint64_t passed, uint64_t failed) {
  std::string findings;
  for (const Finding& f : r.findings)
    findings += std::to_string(f.line) + ": " + f.command + ": " + f.message + "\n";
  EXPECT_EQ(r.passed, passed) << findings;
  EXPECT_EQ(r.failed, failed) << findings;
}

constexpr const char* kModule = R"wast((module
  (tag $e)
  (func (export "one") (result i32) (i32.const 1))
  (func (export "nan") (result f32) (f32.const -nan))
  (func (export "odd-nan") (result f32) (f32.const nan:0x400001))
  (func (export "trap") (unreachable))
  (func $f (export "deep") (call $f))
  (func (export "throw") (throw $e))
  (func (export "same") (param externref) (result externref) (local.get 0))
  (global (export "g") i32 (i32.const 42)))
)wast";

TEST(RunScript, GoodScript) {
  expect_counts(run(std::string(kModule) + R"wast(
    (assert_return (invoke "one") (i32.const 1))
    (assert_return (invoke "one") (either (i32.const 2) (i32.const 1)))
    (assert_return (invoke "nan") (f32.const nan:canonical))
    (assert_return (invoke "odd-nan") (f32.const nan:arithmetic))
    (assert_return (get "g") (i32.const 42))
    (assert_return (invoke "same" (ref.extern 3)) (ref.extern 3))
    (assert_return (invoke "same" (ref.null extern)) (ref.null extern))
    (assert_trap (invoke "trap") "unreachable")
    (assert_exhaustion (invoke "deep") "call stack exhausted")
    (assert_exception (invoke "throw"))
    (assert_malformed (module quote "(func") "unexpected token")
    (assert_invalid (module (func (result i32))) "type mismatch")
    (assert_unlinkable (module (import "no" "no" (func))) "unknown import")
    (assert_trap (module (func $s (unreachable)) (start $s)) "unreachable"))wast"),
                15, 0);
}

TEST(RunScript, WrongScript) {
  const FileResult r = run(std::string(kModule) + R"wast(
    (assert_return (invoke "one") (i32.const 2))
    (assert_return (invoke "one") (i64.const 1))
    (assert_return (invoke "one"))
    (assert_return (invoke "odd-nan") (f32.const nan:canonical))
    (assert_return (invoke "same" (ref.extern 3)) (ref.extern 4))
    (assert_return (invoke "same" (ref.extern 3)) (ref.null extern))
    (assert_return (invoke "trap"))
    (assert_return (invoke "missing"))
    (assert_trap (invoke "one") "unreachable")
    (assert_trap (invoke "trap") "integer overflow")
    (assert_trap (invoke "deep") "call stack exhausted")
    (assert_exception (invoke "trap"))
    (assert_malformed (module quote "(func)") "unexpected token")
    (assert_malformed (module (func (result i32))) "type mismatch")
    (assert_invalid (module) "type mismatch")
    (assert_unlinkable (module) "unknown import")
    (register "x" $missing)
    (module (import "no" "no" (func)))
    (invoke "one"))wast");
  expect_counts(r, 1, 19);
  ASSERT_FALSE(r.findings.empty());
  EXPECT_EQ(r.findings[0].line, 12u);
  EXPECT_EQ(r.findings[0].command, "assert_return");
  EXPECT_EQ(r.findings[0].message, "expected (i32.const 2), got (i32.const 1)");
}

TEST(RunScript, ThreadsShareMemory) {
  expect_counts(run(R"wast(
    (module $m (memory (export "mem") 1 1 shared)
      (func (export "load") (result i32) (i32.atomic.load (i32.const 0))))
    (thread $t (shared (module $m))
      (register "m" $m)
      (module (memory (import "m" "mem") 1 1 shared)
        (func (export "store") (i32.atomic.store (i32.const 0) (i32.const 7))))
      (invoke "store"))
    (wait $t)
    (assert_return (invoke "load") (i32.const 7)))wast"),
                7, 0);
}

TEST(RunScript, FeaturesFollowTheFolder) {
  const std::string two_memories = "(module (memory 0) (memory 0))";
  expect_counts(run(two_memories), 1, 0);
  expect_counts(run(two_memories, false, "suite/proposals/threads/x.wast"), 0, 1);
}

TEST(RunScript, Roundtrip) {
  expect_counts(run("(module (func (param i32) (result i32) (local.get 0)))", true), 1, 0);
}

TEST(RunScript, NotAScript) { expect_counts(run("(module"), 0, 1); }

}  // namespace
}  // namespace skiff::spectest
