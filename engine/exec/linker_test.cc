// Import matching, rule by rule, and the messages when it fails.
#include "engine/exec/linker.h"

#include "engine/exec/memory.h"
#include "engine/exec/table.h"
#include "engine/exec/exec_test_support.h"

namespace skiff {
namespace {

using testing::World;

class Linking : public ::testing::Test {
 protected:
  Linking() {
    Instance& i = w.make(R"(
      (type $super (sub (func (result anyref)))) (type $sub (sub $super (func (result i31ref))))
      (func (export "f") (param i32)) (func (export "sub") (type $sub) (ref.null i31))
      (memory (export "m") 1 3) (memory (export "open") 1) (memory (export "m64") i64 1 3)
      (memory (export "bytes") 1 3 (pagesize 1)) (memory (export "shared") 1 3 shared)
      (table (export "t") 2 5 funcref) (table (export "t64") i64 2 5 funcref) (table (export "any") 1 anyref)
      (global (export "g") i32 (i32.const 1)) (global (export "mut") (mut i32) (i32.const 1))
      (global (export "i31") i31ref (ref.null i31)) (global (export "muti31") (mut i31ref) (ref.null i31))
      (tag (export "tag") (param i32)))");
    w.linker.define_instance("o", i);
  }
  bool links(std::string_view what) {
    RunResult<Instance*> r = w.instantiate("(import \"o\" " + std::string(what) + ")");
    if (!r) {
      EXPECT_EQ(r.error().kind, Failure::Kind::Error);
      EXPECT_EQ(r.error().error.code, ErrorCode::IncompatibleImportType) << r.error().message();
    }
    return r.has_value();
  }
  World w;
};

TEST_F(Linking, Memories) {
  EXPECT_TRUE(links(R"("m" (memory 1 3))"));
  EXPECT_TRUE(links(R"("m" (memory 0 4))"));
  EXPECT_TRUE(links(R"("m" (memory 0))"));
  EXPECT_FALSE(links(R"("m" (memory 2))"));
  EXPECT_FALSE(links(R"("m" (memory 1 2))"));
  EXPECT_FALSE(links(R"("open" (memory 1 65536))"));
  EXPECT_FALSE(links(R"("m" (memory i64 1 3))"));
  EXPECT_TRUE(links(R"("m64" (memory i64 1 3))"));
  EXPECT_FALSE(links(R"("m64" (memory 1 3))"));
  EXPECT_TRUE(links(R"("bytes" (memory 1 3 (pagesize 1)))"));
  EXPECT_FALSE(links(R"("bytes" (memory 0 3))"));
  EXPECT_TRUE(links(R"("shared" (memory 1 3 shared))"));
  EXPECT_FALSE(links(R"("shared" (memory 1 3))"));
  EXPECT_FALSE(links(R"("m" (memory 1 3 shared))"));
}

TEST_F(Linking, GrownMemoriesCountWithTheirSize) {
  EXPECT_FALSE(links(R"("m" (memory 2 3))"));
  w.linker.find("o", "m")->memory->grow(1);
  EXPECT_TRUE(links(R"("m" (memory 2 3))"));
}

TEST_F(Linking, Tables) {
  EXPECT_TRUE(links(R"("t" (table 2 5 funcref))"));
  EXPECT_TRUE(links(R"("t" (table 0 funcref))"));
  EXPECT_FALSE(links(R"("t" (table 3 5 funcref))"));
  EXPECT_FALSE(links(R"("t" (table 2 4 funcref))"));
  EXPECT_FALSE(links(R"("t" (table 2 5 externref))"));
  EXPECT_FALSE(links(R"("t" (table i64 2 5 funcref))"));
  EXPECT_TRUE(links(R"("t64" (table i64 2 5 funcref))"));
  EXPECT_FALSE(links(R"("any" (table 1 eqref))"));
  w.linker.find("o", "t")->table->grow(1, kNullRef);
  EXPECT_TRUE(links(R"("t" (table 3 5 funcref))"));
}

TEST_F(Linking, Globals) {
  EXPECT_TRUE(links(R"("g" (global i32))"));
  EXPECT_FALSE(links(R"("g" (global (mut i32)))"));
  EXPECT_FALSE(links(R"("g" (global i64))"));
  EXPECT_FALSE(links(R"("mut" (global i32))"));
  EXPECT_TRUE(links(R"("mut" (global (mut i32)))"));
  EXPECT_TRUE(links(R"("i31" (global anyref))"));
  EXPECT_FALSE(links(R"("i31" (global structref))"));
  EXPECT_TRUE(links(R"("muti31" (global (mut i31ref)))"));
  EXPECT_FALSE(links(R"("muti31" (global (mut anyref)))"));
}

TEST_F(Linking, FunctionsAndTags) {
  EXPECT_TRUE(links(R"("f" (func (param i32)))"));
  EXPECT_FALSE(links(R"("f" (func (param i64)))"));
  EXPECT_FALSE(links(R"("f" (func (param i32) (result i32)))"));
  EXPECT_FALSE(links(R"("f" (memory 1))"));
  EXPECT_TRUE(links(R"("tag" (tag (param i32)))"));
  EXPECT_FALSE(links(R"("tag" (tag))"));
  // A subtype is welcome, by the canonical type of another module.
  RunResult<Instance*> sub = w.instantiate(R"((type $super (sub (func (result anyref))))
    (import "o" "sub" (func (type $super))))");
  EXPECT_TRUE(sub.has_value());
  sub = w.instantiate(
      R"((type $super (sub (func (result anyref)))) (type $s (sub final $super (func (result i31ref))))
    (import "o" "sub" (func (type $s))))");
  EXPECT_FALSE(sub.has_value());
}

TEST_F(Linking, MessagesOfMismatches) {
  EXPECT_EQ(w.failure(R"((import "o" "f" (func (param i64) (result f32))))"),
            "incompatible import type: o.f: expected func [i64] -> [f32], found func [i32] -> []");
  EXPECT_EQ(w.failure(R"((import "o" "m" (memory i64 2 9 shared)))"),
            "incompatible import type: o.m: expected memory i64 2 9 shared, found memory 1 3");
  EXPECT_EQ(w.failure(R"((import "o" "g" (global (mut i32))))"),
            "incompatible import type: o.g: expected global (mut i32), found global i32");
  EXPECT_EQ(w.failure(R"((import "o" "t" (tag (param i32))))"),
            "incompatible import type: o.t: expected tag [i32] -> [], found table 2 5 funcref");
}

TEST_F(Linking, MessagesOfUnknownImports) {
  w.linker.define_func("env", "fopen", {}, nullptr, nullptr);
  w.linker.define_func("env", "read_file", {}, nullptr, nullptr);
  EXPECT_EQ(w.failure(R"((import "env" "fopem" (func (param i32))))"),
            "unknown import: env.fopem (func [i32] -> []); did you mean env.fopen?");
  EXPECT_EQ(w.failure(R"((import "envv" "read_file" (func)))"),
            "unknown import: envv.read_file (func [] -> []); did you mean env.read_file?");
  EXPECT_EQ(w.failure(R"((import "env" "something_else" (func)))"),
            "unknown import: env.something_else (func [] -> [])");
  EXPECT_EQ(w.failure(R"((import "nowhere" "memory" (memory 1)))"),
            "unknown import: nowhere.memory (memory 1)");
}

TEST_F(Linking, CountIsChecked) {
  RunResult<Instance*> r = w.store->instantiate(w.compile(R"((import "o" "f" (func (param i32))))"), {});
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().message(), "invalid argument: expected 1 imports, found 0");
}

}  // namespace
}  // namespace skiff
