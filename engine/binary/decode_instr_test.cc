// Instructions: every row of opcodes.def there and back, gating by features, malformed immediates.
#include "engine/binary/decode_instr.h"

#include <gtest/gtest.h>

#include "engine/binary/encode.h"
#include "engine/binary/test_bytes.h"

namespace skiff {
namespace {

using test::Bytes;

struct Decoded {
  bool ok = false;
  Instr instr;
  InstrBuffers buffers;
  std::string error;
  uint64_t error_offset = 0;
  size_t left = 0;
};

// Absolute offsets start at 100.
Decoded decode_one(const Bytes& bytes, DecodeContext context = {}) {
  Decoded d;
  Reader reader(bytes, 100, ErrorCode::UnexpectedEndOfSection);
  d.ok = decode_instr(reader, context, d.buffers, d.instr);
  d.left = reader.remaining();
  EXPECT_EQ(d.ok, reader.ok());
  if (!d.ok) d.error = reader.error().message();
  if (!d.ok) d.error_offset = reader.error().offset;
  return d;
}

// An instruction with every immediate field set to something that its encoding must carry.
Instr sample(Op op, InstrBuffers& buffers) {
  Instr e;
  e.op = op;
  e.lane = 3;
  e.index = 300;
  e.index2 = 7;
  e.bits = 0xFFFF'FFFE;
  if (info(op).imm == Imm::I64 || info(op).imm == Imm::F64) e.bits = 0xFEDC'BA98'7654'3210;
  e.memarg = {0x1'2345'6789, 2, 5};
  const bool nullable = op == Op::RefNull || op == Op::RefTestNull || op == Op::RefCastNull;
  e.type = ValType::ref(HeapType::concrete(70), info(op).imm == Imm::HeapType ? nullable : true);
  e.type2 = ValType::ref(HeapType::I31, false);
  e.block = {BlockType::Kind::Index, {}, 64};
  for (uint8_t i = 0; i < 16; ++i) e.bytes[i] = i;
  buffers.labels = {1, 2, 128};
  buffers.types = {ValType::ref(HeapType::concrete(1), true), ValType::V128};
  buffers.catches = {{Catch::Kind::Catch, 1, 2}, {Catch::Kind::CatchAllRef, 0, 200}};
  e.labels = buffers.labels;
  e.types = buffers.types;
  e.catches = buffers.catches;
  return e;
}

// The same with immediates of one byte each, as the inline path of decode_instr takes them.
Instr small_sample(Op op, InstrBuffers& buffers, bool negative) {
  Instr e = sample(op, buffers);
  e.index = negative ? 0x7F : 5;
  e.memarg = {0x7F, 3, 0};
  e.bits = info(op).imm == Imm::I32 ? uint32_t(negative ? -64 : 63) : uint64_t(negative ? -64 : 63);
  e.block = {};
  return e;
}

Bytes encoded(const Instr& instr) {
  Writer out;
  encode_instr(out, instr);
  return out.take();
}

TEST(DecodeInstr, EveryOpcodeThereAndBack) {
  for (size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    InstrBuffers buffers;
    const Bytes bytes = encoded(sample(op, buffers));
    const Decoded d = decode_one(bytes, {Features::all()});
    ASSERT_TRUE(d.ok) << info(op).name << ": " << d.error;
    EXPECT_EQ(d.instr.op, op) << info(op).name;
    EXPECT_EQ(d.instr.offset, 100u);
    EXPECT_EQ(d.left, 0u) << info(op).name;
    EXPECT_EQ(encoded(d.instr), bytes) << info(op).name;
  }
}

TEST(DecodeInstr, ShortFormsAndWhatFollowsThem) {
  for (size_t i = 0; i < 2 * kOpCount; ++i) {
    const Op op = static_cast<Op>(i / 2);
    InstrBuffers buffers;
    const Bytes bytes = encoded(small_sample(op, buffers, i % 2));
    for (size_t tail = 0; tail < 5; ++tail) {
      const Decoded d = decode_one(test::cat({bytes, Bytes(tail, 0xFF)}), {Features::all()});
      ASSERT_TRUE(d.ok) << info(op).name << ": " << d.error;
      EXPECT_EQ(d.instr.op, op);
      EXPECT_EQ(d.instr.offset, 100u);
      EXPECT_EQ(d.left, tail) << info(op).name;
      EXPECT_EQ(encoded(d.instr), bytes) << info(op).name;
    }
  }
  EXPECT_EQ(decode_one({0x41, 0x40, 0x0B, 0x0B}).instr.bits, 0xFFFF'FFC0u);
  EXPECT_EQ(decode_one({0x42, 0x40, 0x0B, 0x0B}).instr.bits, ~uint64_t{63});
  EXPECT_EQ(decode_one({0x42, 0x3F, 0x0B, 0x0B}).instr.bits, 63u);
}

TEST(DecodeInstr, EveryTruncationIsAnError) {
  for (size_t i = 0; i < kOpCount; ++i) {
    InstrBuffers buffers;
    Bytes bytes = encoded(sample(static_cast<Op>(i), buffers));
    while (!bytes.empty()) {
      bytes.pop_back();
      EXPECT_FALSE(decode_one(bytes, {Features::all()}).ok) << kOps[i].name << " " << bytes.size();
    }
  }
}

TEST(DecodeInstr, DisabledFeaturesAreNamed) {
  Features none;
  ASSERT_TRUE(none.apply("none"));
  for (size_t i = 0; i < kOpCount; ++i) {
    if (kOps[i].feature == Feature::Mvp) continue;
    InstrBuffers buffers;
    const Decoded d = decode_one(encoded(sample(static_cast<Op>(i), buffers)), {none});
    ASSERT_FALSE(d.ok) << kOps[i].name;
    EXPECT_EQ(d.error.find("illegal opcode "), 0u) << d.error;
    EXPECT_NE(d.error.find("--features=+" + std::string(name_of(kOps[i].feature))), std::string::npos);
    EXPECT_EQ(d.error_offset, 100u);
  }
}

TEST(DecodeInstr, UnknownOpcodes) {
  EXPECT_EQ(decode_one({0xFF}).error, "illegal opcode ff");
  EXPECT_EQ(decode_one({0x27}).error, "illegal opcode 27");
  EXPECT_EQ(decode_one({0xFD, 0x9A, 0x01}).error, "illegal opcode fd 9a 01");
  EXPECT_EQ(decode_one({0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F}).error, "integer too large");
  EXPECT_EQ(decode_one({}).error, "unexpected end of section or function");
}

TEST(DecodeInstr, PrefixedCodesMayBeLong) {
  const Decoded d =
      decode_one({0xFD, 0x8C, 0x80, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  ASSERT_TRUE(d.ok) << d.error;
  EXPECT_EQ(d.instr.op, Op::V128Const);
  EXPECT_EQ(d.instr.bytes[15], 16);
}

TEST(DecodeInstr, MemArg) {
  Decoded d = decode_one({0x28, 0x42, 0x01, 0x80, 0x01});
  ASSERT_TRUE(d.ok) << d.error;
  EXPECT_EQ(d.instr.memarg, (MemArg{128, 2, 1}));
  d = decode_one({0x28, 0x3F, 0x00});  // alignment is for validation
  ASSERT_TRUE(d.ok);
  EXPECT_EQ(d.instr.memarg, (MemArg{0, 63, 0}));
  EXPECT_EQ(decode_one({0x28, 0x80, 0x01, 0x00}).error, "malformed memop flags");
  EXPECT_EQ(decode_one({0x28, 0x42, 0x01, 0x00}, {test::without(Feature::MultiMemory)}).error,
            "malformed memop flags");
  const Bytes wide = {0x28, 0x02, 0x80, 0x80, 0x80, 0x80, 0x10};
  EXPECT_TRUE(decode_one(wide).ok);
  EXPECT_EQ(decode_one(wide, {test::without(Feature::Memory64)}).error, "integer too large");
}

TEST(DecodeInstr, IndicesThatWereZeroBytes) {
  const DecodeContext single_memory{test::without(Feature::MultiMemory)};
  EXPECT_TRUE(decode_one({0x3F, 0x00}, single_memory).ok);
  EXPECT_EQ(decode_one({0x3F, 0x01}, single_memory).error, "zero byte expected");
  EXPECT_EQ(decode_one({0x40, 0x80, 0x00}, single_memory).error, "zero byte expected");
  EXPECT_EQ(decode_one({0x11, 0x00, 0x01}, {test::without(Feature::ReferenceTypes)}).error,
            "zero byte expected");
  EXPECT_EQ(decode_one({0xFE, 0x03, 0x01}).error, "zero byte expected");
}

TEST(DecodeInstr, DataCountRequired) {
  const DecodeContext context{Features(), false};
  EXPECT_EQ(decode_one({0xFC, 0x08, 0x00, 0x00}, context).error, "data count section required");
  EXPECT_EQ(decode_one({0xFC, 0x09, 0x00}, context).error, "data count section required");
  EXPECT_EQ(decode_one({0xFB, 0x09, 0x00, 0x00}, context).error, "data count section required");
  EXPECT_TRUE(decode_one({0xFC, 0x0B, 0x00}, context).ok);
}

TEST(DecodeInstr, BlockTypes) {
  EXPECT_EQ(decode_one({0x02, 0x40}).instr.block.kind, BlockType::Kind::Empty);
  EXPECT_EQ(decode_one({0x02, 0x7F}).instr.block.value, ValType::I32);
  EXPECT_EQ(decode_one({0x02, 0x64, 0x6C}).instr.block.value, ValType::ref(HeapType::I31, false));
  Decoded d = decode_one({0x02, 0xC0, 0x00});
  EXPECT_EQ(d.instr.block.kind, BlockType::Kind::Index);
  EXPECT_EQ(d.instr.block.index, 64u);
  EXPECT_EQ(decode_one({0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}).instr.block.index, 0xFFFF'FFFFu);
  EXPECT_EQ(decode_one({0x02, 0xC0, 0x7F}).error, "malformed block type");  // -64, but in two bytes
  EXPECT_EQ(decode_one({0x02, 0x01}, {test::without(Feature::MultiValue)}).error.find("malformed block type"),
            0u);
  EXPECT_EQ(decode_one({0x02, 0x41}).error, "malformed type: 0x41 is not a value type");
}

TEST(DecodeInstr, HeapTypes) {
  EXPECT_EQ(decode_one({0xD0, 0x70}).instr.type, ValType::FuncRef);
  EXPECT_EQ(decode_one({0xD0, 0x80, 0x01}).instr.type, ValType::ref(HeapType::concrete(128), true));
  EXPECT_EQ(decode_one({0xD0, 0xF0, 0x7F}).error, "malformed heap type");  // func, but in two bytes
  EXPECT_EQ(decode_one({0xD0, 0x7F}).error, "malformed heap type: 0x7f is not a heap type");
  EXPECT_EQ(decode_one({0xD0, 0x6E}, {test::without(Feature::Gc)}).error,
            "malformed heap type: gc is disabled; enable with --features=+gc");
  // Larger than a HeapType can hold: still an index, and one that no module has.
  const Decoded d = decode_one({0xD0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F});
  ASSERT_TRUE(d.ok);
  EXPECT_TRUE(d.instr.type.heap().is_concrete());
  EXPECT_GT(d.instr.type.heap().index(), 1'000'000u);
}

TEST(DecodeInstr, Casts) {
  const Decoded d = decode_one({0xFB, 0x18, 0x02, 0x09, 0x6E, 0x6B});
  ASSERT_TRUE(d.ok);
  EXPECT_EQ(d.instr.index, 9u);
  EXPECT_EQ(d.instr.type, ValType::ref(HeapType::Any, false));
  EXPECT_EQ(d.instr.type2, ValType::ref(HeapType::Struct, true));
  EXPECT_EQ(decode_one({0xFB, 0x18, 0x04, 0x09, 0x6E, 0x6B}).error, "malformed br_on_cast flags");
}

TEST(DecodeInstr, CountsBeyondTheInput) {
  const Bytes huge = {0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
  EXPECT_EQ(decode_one(test::cat({{0x0E}, huge, {0}})).error, "length out of bounds");
  EXPECT_EQ(decode_one(test::cat({{0x1C}, huge, {0}})).error, "length out of bounds");
  EXPECT_EQ(decode_one(test::cat({{0x1F, 0x40}, huge, {0}})).error, "length out of bounds");
  EXPECT_EQ(decode_one({0x1F, 0x40, 0x01, 0x04, 0x00}).error, "malformed catch clause");
}

}  // namespace
}  // namespace skiff
