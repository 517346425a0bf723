// The decoder on single constructs, and that decoding and encoding keep the bytes.
#include "component/binary/binary.h"

#include <gtest/gtest.h>

#include "component/binary/equal.h"
#include "component/types/limits.h"

namespace skiff::component {
namespace {

const std::vector<uint8_t> kPreamble = {0x00, 'a', 's', 'm', 0x0D, 0x00, 0x01, 0x00};

// The preamble and one section.
std::vector<uint8_t> with_section(uint8_t id, std::vector<uint8_t> content) {
  std::vector<uint8_t> out = kPreamble;
  out.push_back(id);
  size_t size = content.size();
  for (; size >= 0x80; size >>= 7) out.push_back(static_cast<uint8_t>(size | 0x80));
  out.push_back(static_cast<uint8_t>(size));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Result<std::shared_ptr<const Component>> decode(std::vector<uint8_t> bytes, Features features = Features::all()) {
  return decode_component(SharedBytes::own(std::move(bytes)), features);
}

std::string error_of(std::vector<uint8_t> bytes, Features features = Features::all()) {
  const auto component = decode(std::move(bytes), features);
  return component ? "" : component.error().message();
}

TEST(ComponentBinary, KeepsBytesInShortestForm) {
  const std::vector<uint8_t> binaries[] = {
      kPreamble,
      with_section(7, {3, 0x73, 0x72, 1, 1, 'a', 0x7D, 0x70, 0x00}),
      with_section(3, {1, 0x00, 0x50, 0x00, 0x60, 0x00, 0x00}),
      with_section(3, {1, 0x4E, 1, 0x60, 0x00, 0x00}),
      with_section(3, {1, 0x50, 1, 0x02, 0x10, 0x01, 1, 0}),
      with_section(8, {2, 0x20, 0x01, 0x00, 0x0F, 3, 2, 0x03, 0x00, 0x06}),
      with_section(10, {1, 0x02, 1, 'i', 2, 0x00, 1, 'a', 0x02, 1, 'b', 0x05, 0x00}),
  };
  for (const auto& binary : binaries) {
    const auto component = decode(binary);
    ASSERT_TRUE(component.has_value()) << component.error().message();
    EXPECT_EQ(encode_component(**component), binary);
  }
}

TEST(ComponentBinary, Errors) {
  EXPECT_EQ(error_of(with_section(8, {1, 0x07})), "invalid leading byte (0x7) for canonical function");
  EXPECT_EQ(error_of(with_section(8, {1, 0x0C, 2})), "invalid boolean value");
  EXPECT_EQ(error_of(with_section(7, {2, 0x73})), "unexpected end");
  EXPECT_EQ(error_of(with_section(7, {1, 0x73, 0x00})), "section size mismatch: 1 bytes are left over");
  EXPECT_EQ(error_of(with_section(13, {})), "malformed section id");
  EXPECT_EQ(error_of(with_section(10, {1, 0x02, 1, 'i', 2, 0, 1, 'a', 0, 1, 'b', 5, 0})),
            "duplicate 'implements' option in name");
}

TEST(ComponentBinary, Features) {
  Features features;
  EXPECT_EQ(error_of(with_section(7, {1, 0x67, 0x7D, 3}), features),
            "feature disabled: cm-fixed-lists is disabled; enable with --features=+cm-fixed-lists");
  EXPECT_EQ(error_of(with_section(7, {1, 0x63, 0x73, 0x79}), features), "");
  features.set(Feature::CmMap, false);
  EXPECT_NE(error_of(with_section(7, {1, 0x63, 0x73, 0x79}), features), "");
}

TEST(ComponentBinary, NestingIsBounded) {
  auto nested = [](uint32_t depth) {
    std::vector<uint8_t> bytes = kPreamble;
    for (uint32_t i = 1; i < depth; ++i) bytes = with_section(4, bytes);
    return bytes;
  };
  EXPECT_EQ(error_of(nested(limits::kNesting)), "");
  EXPECT_EQ(error_of(nested(limits::kNesting + 1)), "too deeply nested");
}

TEST(ComponentBinary, NamesNeverFail) {
  // Sort names of an unknown sort, then garbage.
  const std::vector<uint8_t> good = {14, 'c', 'o', 'm', 'p', 'o', 'n', 'e', 'n', 't', '-', 'n', 'a', 'm', 'e',
                                     0,  3,   2,   'm', 'e', 1,   6,   0x01, 1,  5,   2,   'f', 'g', 0xFF};
  const auto component = decode(with_section(0, good));
  ASSERT_TRUE(component.has_value());
  EXPECT_EQ((*component)->names.component, "me");
  const auto& funcs = (*component)->names.of_sort[static_cast<size_t>(Sort::Func)];
  ASSERT_EQ(funcs.size(), 1u);
  EXPECT_EQ(funcs[0], (std::pair<uint32_t, std::string>(5, "fg")));
}

}  // namespace
}  // namespace skiff::component
