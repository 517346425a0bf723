// The generator keeps its promises on a few hundred inputs: valid modules, the same for the same bytes, of
// every kind of operator, no traps where none are allowed, the same behaviour in the interpreter's variants.
#include "fuzz/gen.h"

#include <gtest/gtest.h>

#include "engine/binary/decode.h"
#include "engine/binary/encode.h"
#include "engine/valid/walker.h"
#include "fuzz/entropy.h"
#include "fuzz/run.h"

namespace skiff::fuzz {
namespace {

struct OpCounter {
  std::vector<uint32_t> counts = std::vector<uint32_t>(kOpCount);
  void count(Op op) { ++counts[static_cast<size_t>(op)]; }
  void begin(const FunctionHeader&) {}
  void instr(const Instr& instr, const ResolvedInstr&, const WalkView&) { count(instr.op); }
  void block_begin(const Instr& instr, const BlockInfo&, const WalkView&) { count(instr.op); }
  void block_else(const Instr& instr, const ResolvedInstr&, const BlockInfo&, const WalkView&, bool) {
    count(instr.op);
  }
  void block_end(const Instr& instr, const BlockInfo&, const WalkView&, bool) { count(instr.op); }
  void end() {}
};

// Validates, and counts the operators that can be reached.
void walk(ByteSpan binary, OpCounter& counter) {
  TypeRegistry registry;
  Result<Module> module = decode_module({binary, nullptr}, Features::all());
  ASSERT_TRUE(module) << module.error().message();
  auto info = validate_module(std::move(*module), registry, {1, true});
  ASSERT_TRUE(info) << info.error().message();
  WalkScratch scratch;
  const Module& m = (*info)->module;
  for (uint32_t f = m.imported_funcs; f < m.functions.size(); ++f)
    ASSERT_TRUE(walk_function(**info, f, counter, scratch));
}

TEST(Generator, EmptyInput) {
  OpCounter counter;
  walk(generate_binary({}, {}), counter);
}

TEST(Generator, ValidAndOfEveryKind) {
  OpCounter counter;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const std::vector<uint8_t> bytes = bytes_of_seed(seed, 2048);
    SCOPED_TRACE(seed);
    walk(generate_binary(bytes, options_of(bytes)), counter);
    if (HasFatalFailure()) return;
  }
  for (size_t i = 0; i < kOpCount; ++i) {
    if (kOps[i].shape == Shape::AtomicWait) continue;
    EXPECT_GT(counter.counts[i], 0u) << kOps[i].name;
  }
}

TEST(Generator, IsAFunctionOfItsInput) {
  const std::vector<uint8_t> bytes = bytes_of_seed(7, 1024);
  EXPECT_EQ(generate_binary(bytes, options_of(bytes)), generate_binary(bytes, options_of(bytes)));
}

TEST(Generator, KeepsToFeatures) {
  for (const char* list :
       {"none", "all,-gc,-function-references", "all,-simd,-relaxed-simd", "all,-multi-value"}) {
    GenOptions options;
    ASSERT_TRUE(options.features.apply(list));
    for (uint64_t seed = 0; seed < 40; ++seed) {
      TypeRegistry registry;
      const std::vector<uint8_t> binary = generate_binary(bytes_of_seed(seed, 1024), options);
      Result<Module> module = decode_module({binary, nullptr}, options.features);
      ASSERT_TRUE(module) << list << " " << seed << " " << module.error().message();
      auto info = validate_module(std::move(*module), registry, {1, true});
      ASSERT_TRUE(info) << list << " " << seed << " " << info.error().message();
    }
  }
}

TEST(Generator, TrapFreeCodeDoesNotTrap) {
  GenOptions options;
  options.trap_free = true;
  const Configuration interp = std::move(parse_configuration("interp").value());
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Report report = run(generate_binary(bytes_of_seed(seed, 2048), options), interp);
    EXPECT_EQ(report.refused, "");
    EXPECT_EQ(report.traps, 0u) << seed << " " << ::testing::PrintToString(report.lines);
  }
}

TEST(Differences, InterpreterAndItsVariants) {
  for (const char* variant : {"interp+checked", "interp+gcstress"}) {
    const Configuration left = std::move(parse_configuration("interp").value());
    const Configuration right = std::move(parse_configuration(variant).value());
    for (uint64_t seed = 0; seed < 30; ++seed) {
      const std::vector<uint8_t> bytes = bytes_of_seed(seed, 2048);
      const std::vector<uint8_t> binary = generate_binary(bytes, options_of(bytes));
      EXPECT_EQ(difference(run(binary, left), run(binary, right)), "") << variant << " " << seed;
    }
  }
}

}  // namespace
}  // namespace skiff::fuzz
