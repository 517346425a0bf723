// Reader and Writer: LEB128 limits, sticky errors, names.
#include "engine/base/reader.h"

#include <gtest/gtest.h>

#include "engine/base/writer.h"

namespace skiff {
namespace {

TEST(Reader, LebRoundTripsAtTheEdges) {
  for (int64_t v : {int64_t{0}, int64_t{-1}, int64_t{63}, int64_t{64}, int64_t{-64}, int64_t{-65}, INT64_MAX, INT64_MIN}) {
    Writer w;
    w.s64(v);
    w.u64(static_cast<uint64_t>(v));
    w.s32(static_cast<int32_t>(v));
    w.u32(static_cast<uint32_t>(v));
    Reader r(w.view());
    EXPECT_EQ(r.s64(), v);
    EXPECT_EQ(r.u64(), static_cast<uint64_t>(v));
    EXPECT_EQ(r.s32(), static_cast<int32_t>(v));
    EXPECT_EQ(r.u32(), static_cast<uint32_t>(v));
    EXPECT_TRUE(r.ok() && r.at_end());
  }
}

TEST(Reader, RejectsLongAndLargeIntegers) {
  auto code = [](std::vector<uint8_t> bytes, auto read) {
    Reader r(bytes);
    read(r);
    return r.ok() ? ErrorCode{} : r.error().code;
  };
  auto u32 = [](Reader& r) { r.u32(); };
  auto s32 = [](Reader& r) { r.s32(); };
  auto s33 = [](Reader& r) { r.s33(); };
  EXPECT_EQ(code({0xFF, 0xFF, 0xFF, 0xFF, 0x8F, 0x00}, u32), ErrorCode::IntegerRepresentationTooLong);
  EXPECT_EQ(code({0xFF, 0xFF, 0xFF, 0xFF, 0x1F}, u32), ErrorCode::IntegerTooLarge);
  EXPECT_EQ(code({0x80, 0x80, 0x80, 0x80, 0x70}, s32), ErrorCode::IntegerTooLarge);
  EXPECT_EQ(code({0x80, 0x80, 0x80, 0x80, 0x78}, s32), ErrorCode{});
  EXPECT_EQ(code({0x80, 0x80, 0x80, 0x80, 0x70}, s33), ErrorCode{});
  EXPECT_EQ(code({0x80}, u32), ErrorCode::UnexpectedEnd);
}

TEST(Reader, FirstErrorSticks) {
  const uint8_t bytes[] = {0x80};
  Reader r(bytes, 100);
  r.u32();
  r.set_error(ErrorCode::UnknownType);
  EXPECT_EQ(r.error().code, ErrorCode::UnexpectedEnd);
  EXPECT_EQ(r.error().offset, 101u);
  EXPECT_EQ(r.u8(), 0);
}

TEST(Reader, NamesMustBeUtf8) {
  const uint8_t bad[] = {2, 0xC0, 0x80};
  Reader r(bad);
  r.name();
  EXPECT_EQ(r.error().code, ErrorCode::MalformedUtf8);
}

}  // namespace
}  // namespace skiff
