// The compiler on its own: every module of the official suite must become an image, with LLVM's verifier on, for
// all three ISAs; and a few properties of the generated code. That the code does the right thing is tested by
// the suite itself with --tier=llvm.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/llvm/compile.h"
#include "compiler/llvm/disasm.h"
#include "engine/binary/decode.h"
#include "engine/text/text.h"
#include "spectest/modules.h"
#include "spectest/suite.h"

namespace skiff::llvm_tier {
namespace {

using compiler::CompileOptions;
using compiler::NativeImage;
namespace fs = std::filesystem;

CompileOptions test_options() {
  CompileOptions options;
  options.tunables.guard_pages = true;
  options.verify = true;
  options.threads = 1;
  return options;
}

struct Compiled {
  TypeRegistry registry;
  std::unique_ptr<ModuleInfo> info;
  NativeImage image;
};

std::unique_ptr<ModuleInfo> validated(std::vector<uint8_t> binary, TypeRegistry& registry) {
  Result<Module> module = decode_module(SharedBytes::own(std::move(binary)), Features::all());
  if (!module) return nullptr;
  Result<std::unique_ptr<ModuleInfo>> info = validate_module(std::move(*module), registry, {.threads = 1});
  return info ? std::move(*info) : nullptr;
}

std::unique_ptr<Compiled> compile(std::string_view wat, const CompileOptions& options = test_options()) {
  auto c = std::make_unique<Compiled>();
  Result<std::vector<uint8_t>> binary = wat_to_binary(wat, Features::all());
  if (!binary) return ADD_FAILURE() << binary.error().message(), nullptr;
  c->info = validated(std::move(*binary), c->registry);
  if (!c->info) return ADD_FAILURE() << "not valid", nullptr;
  Result<NativeImage> image = compile_module(*c->info, options);
  if (!image) return ADD_FAILURE() << image.error().message(), nullptr;
  c->image = std::move(*image);
  return c;
}

std::string ir_of(std::string_view wat, uint32_t func, const CompileOptions& options = test_options()) {
  TypeRegistry registry;
  Result<std::vector<uint8_t>> binary = wat_to_binary(wat, Features::all());
  if (!binary) return binary.error().message();
  const std::unique_ptr<ModuleInfo> info = validated(std::move(*binary), registry);
  if (!info) return "not valid";
  Result<std::string> ir = optimized_ir(*info, options, func);
  return ir ? *ir : ir.error().message();
}

size_t count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(LlvmTest, ImageOfAnEmptyModule) {
  const auto c = compile("(module)");
  ASSERT_TRUE(c);
  EXPECT_TRUE(c->image.functions.empty());
}

TEST(LlvmTest, PlacesOfFunctionsAndThunks) {
  const auto c = compile(R"((module (import "m" "f" (func $f (param i32) (result i64)))
      (func (param i32) (result i64) (call $f (local.get 0)))
      (type $s (struct (field i32)))
      (func (export "g"))))");
  ASSERT_TRUE(c);
  ASSERT_EQ(c->image.functions.size(), 2u);
  EXPECT_NE(c->image.functions[0], c->image.functions[1]);
  ASSERT_EQ(c->image.array_entries.size(), c->info->module.types.size());
  for (size_t t = 0; t < c->image.array_entries.size(); ++t) {
    const bool is_func = c->info->module.types[t].comp.kind == CompositeType::Kind::Func;
    EXPECT_EQ(c->image.array_entries[t] != 0 || c->image.import_thunks[t] != 0, is_func);
  }
  EXPECT_GT(c->image.eh_frame_size, 4u);
}

TEST(LlvmTest, PositionsOfTrapsAreInThePcTable) {
  const auto c = compile("(module (func (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1))))");
  ASSERT_TRUE(c);
  const uint64_t div = c->info->module.functions[0].body.offset + 5;  // locals, two local.get
  bool found = false;
  for (const compiler::PcEntry& row : c->image.pc_table) found |= row.wasm == div + 1;
  EXPECT_TRUE(found);
}

TEST(LlvmTest, GuardedAccessesAreNotChecked) {
  constexpr const char* kWat = R"((module (memory 1)
      (func (param i32) (result i32) (i32.add (i32.load offset=8 (local.get 0)) (i32.load offset=12 (local.get 0))))))";
  const std::string guarded = ir_of(kWat, 0);
  EXPECT_EQ(count(guarded, "load volatile i32"), 2u) << guarded;
  EXPECT_EQ(count(guarded, "icmp"), 0u) << guarded;
  CompileOptions options = test_options();
  options.tunables.guard_pages = false;
  const std::string checked = ir_of(kWat, 0, options);
  EXPECT_EQ(count(checked, "load volatile i32"), 0u) << checked;
  EXPECT_NE(count(checked, "icmp"), 0u) << checked;
}

TEST(LlvmTest, LoadsThatNobodyUsesStillFault) {
  const std::string ir = ir_of("(module (memory 1) (func (param i32) (drop (i32.load (local.get 0)))))", 0);
  EXPECT_EQ(count(ir, "load volatile i32"), 1u) << ir;
}

TEST(LlvmTest, TailCallsAreJumps) {
  const auto c = compile(R"((module
      (func $even (param i64) (result i32)
        (if (i64.eqz (local.get 0)) (then (return (i32.const 1))))
        (return_call $odd (i64.sub (local.get 0) (i64.const 1)) (i32.const 7)))
      (func $odd (param i64 i32) (result i32)
        (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
        (return_call $even (i64.sub (local.get 0) (i64.const 1))))))");
  ASSERT_TRUE(c);
#if defined(__x86_64__)
  for (uint32_t f : {0u, 1u}) {
    const Result<std::string> code = disassemble(c->image, *c->info, {}, f);
    ASSERT_TRUE(code);
    // The one call is the library's trap at most; neither function calls the other.
    EXPECT_EQ(count(*code, "callq\t0x"), 0u) << *code;
  }
#endif
}

TEST(LlvmTest, CallsInATryUnwindToIt) {
  const std::string ir = ir_of(R"((module (import "m" "f" (func $f)) (tag $t (param i32))
      (func (result i32) (block $h (result i32) (try_table (catch $t $h) (call $f)) (i32.const 0)))))", 1);
  EXPECT_EQ(count(ir, "invoke "), 1u) << ir;
  EXPECT_EQ(count(ir, "landingpad "), 1u) << ir;
}

TEST(LlvmTest, LargeFramesAreCheckedBeforeTheyAreMade) {
  // 4000 values are alive across a call.
  std::string wat = "(module (import \"m\" \"g\" (func $g (result i64))) (func $f (result i64)";
  for (int i = 0; i < 4000; ++i) wat += " (call $g)";
  for (int i = 0; i < 3999; ++i) wat += " i64.xor";
  const auto c = compile(wat + "))");
  ASSERT_TRUE(c);
}

TEST(LlvmTest, HugePhisAreRefusedNotBuilt) {
  std::string types, results;
  for (int i = 0; i < 1000; ++i) types += " i32", results += " (i32.const 1)";
  std::string wat = "(module (type $t (func (result" + types + "))) (func (type $t)" + results;
  for (int i = 0; i < 40'000; ++i) wat += " (br_if 0 (i32.const 0))";
  TypeRegistry registry;
  const std::unique_ptr<ModuleInfo> info = validated(*wat_to_binary(wat + "))", Features::all()), registry);
  ASSERT_TRUE(info);
  const Result<NativeImage> image = compile_module(*info, test_options());
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, ErrorCode::LimitExceeded);
}

TEST(LlvmTest, UnknownTargetsAreErrors) {
  TypeRegistry registry;
  const std::unique_ptr<ModuleInfo> info = validated(*wat_to_binary("(module (func))", Features::all()), registry);
  ASSERT_TRUE(info);
  CompileOptions options = test_options();
  for (const char* triple : {"sparc-unknown-linux-gnu", "nonsense", "x86_64-apple-darwin", "aarch64-pc-windows-msvc"}) {
    options.triple = triple;
    EXPECT_FALSE(compile_module(*info, options)) << triple;
  }
  options.triple = "";
  options.cpu = "no-such-cpu";
  EXPECT_FALSE(compile_module(*info, options));
}

/// The suite's folder, or empty.
fs::path suite() {
  std::vector<fs::path> places = {fs::path(__FILE__).parent_path() / "../../../shared/spec/core", SKIFF_SPEC_DIR "/core"};
  if (const char* dir = std::getenv("SKIFF_SPEC_DIR")) places.insert(places.begin(), fs::path(dir) / "core");
  for (const fs::path& p : places)
    if (fs::is_directory(p)) return p;
  return {};
}

void compile_suite(const CompileOptions& options, size_t stride) {
  const fs::path root = suite();
  if (root.empty()) GTEST_SKIP() << "THE OFFICIAL TEST SUITE IS MISSING: nothing was tested";
  size_t modules = 0, number = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".wast") continue;
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    auto script = spectest::parse_script(text.str());
    if (!script) continue;
    for (const spectest::Command& command : (*script)->commands) {
      if (command.kind != spectest::Command::Kind::Module || !command.source || number++ % stride != 0) continue;
      auto binary = spectest::module_binary(**script, *command.source, spectest::features_of(entry.path().string()));
      TypeRegistry registry;
      const std::unique_ptr<ModuleInfo> info = binary ? validated(std::move(*binary), registry) : nullptr;
      if (!info) continue;
      const Result<NativeImage> image = compile_module(*info, options);
      EXPECT_TRUE(image) << entry.path() << ":" << command.offset << ": " << (image ? "" : image.error().message());
      ++modules;
    }
  }
  EXPECT_GT(modules, 1500 / stride);
}

TEST(LlvmSuiteTest, EveryModuleCompiles) { compile_suite(test_options(), 1); }

TEST(LlvmSuiteTest, EveryModuleCompilesWithFuelAndWithoutGuards) {
  CompileOptions options = test_options();
  options.fuel = true;
  options.tunables.guard_pages = false;
  options.cpu = "baseline";
  compile_suite(options, 3);
}

TEST(LlvmSuiteTest, EveryModuleCompilesForAArch64) {
  CompileOptions options = test_options();
  options.triple = "aarch64-unknown-linux-gnu";
  compile_suite(options, 3);
}

TEST(LlvmSuiteTest, EveryModuleCompilesForRiscV) {
  CompileOptions options = test_options();
  options.triple = "riscv64-unknown-linux-gnu";
  options.tunables.guard_pages = false;
  compile_suite(options, 3);
}

}  // namespace
}  // namespace skiff::llvm_tier
