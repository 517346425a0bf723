// Sizes, durations and options as users write them.
#include "runtime/config.h"

#include <gtest/gtest.h>

namespace skiff {
namespace {

using std::chrono::milliseconds;

TEST(ParseSize, AcceptsUnits) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size("4096B"), 4096u);
  EXPECT_EQ(parse_size("64K"), 65536u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("2GB"), uint64_t{2} << 30);
  EXPECT_EQ(parse_size("99999999T"), ~uint64_t{0}) << "saturates";
}

TEST(ParseSize, RejectsTheRest) {
  for (const char* text : {"", "K", "-1", "1.5M", "1X", "1 K", "18446744073709551616"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(ParseDuration, AcceptsUnits) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("2"), milliseconds(2000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_GT(parse_duration("99999999999999h")->count(), 0) << "saturates";
}

TEST(ParseDuration, RejectsTheRest) {
  for (const char* text : {"", "s", "-1s", "inf", "nan", "1d", "1e5"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(SetOption, ReportsWhatIsWrong) {
  RuntimeConfig config;
  EXPECT_TRUE(set_option(config, "features", "-simd"));
  EXPECT_FALSE(config.engine.features.has(Feature::Simd));
  EXPECT_TRUE(set_option(config, "tier", "auto"));
  const Status bad = set_option(config, "tier", "warp");
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message().find("unknown tier 'warp'"), std::string::npos);
  EXPECT_FALSE(set_option(config, "stack-size", "1"));
  EXPECT_FALSE(set_option(config, "no-such-option", "1"));
}

}  // namespace
}  // namespace skiff
