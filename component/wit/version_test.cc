// Versions: grammar, order, compatibility.
#include "component/wit/version.h"

#include <gtest/gtest.h>

namespace skiff::component::wit {
namespace {

Version v(std::string_view text) {
  const auto version = parse_version(text);
  EXPECT_TRUE(version.has_value()) << text;
  return version.value_or(Version{});
}

TEST(Version, Grammar) {
  for (const char* good : {"0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0--", "1.0.0-0a.b-c", "1.0.0+001",
                           "1.0.0-a+b.c", "18446744073709551615.0.0"})
    EXPECT_EQ(v(good).to_string(), good);
  for (const char* bad :
       {"", "1", "1.2", "1.2.", "01.2.3", "1.02.3", "1.2.3.4", "1.2.3-", "1.2.3-a..b", "1.2.3-01",
        "1.2.3+", "1.2.3-a.", "v1.2.3", "18446744073709551616.0.0", "1.2.3-ä", " 1.2.3"})
    EXPECT_FALSE(parse_version(bad).has_value()) << bad;
}

TEST(Version, Order) {
  // The chain of Semantic Versioning 2.0, item 11.
  const char* chain[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                         "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                         "1.0.0-rc.1",  "1.0.0",         "2.0.0",
                         "2.1.0",       "2.1.1"};
  for (size_t i = 0; i < std::size(chain); ++i)
    for (size_t j = 0; j < std::size(chain); ++j)
      EXPECT_EQ(compare(v(chain[i]), v(chain[j])), i < j   ? -1
                                                   : i > j ? 1
                                                           : 0)
          << chain[i] << " " << chain[j];
  EXPECT_EQ(compare(v("1.0.0+a"), v("1.0.0+b")), 0);
}

TEST(Version, Canonical) {
  EXPECT_EQ(canonical(v("1.2.3")).canon, "1");
  EXPECT_EQ(canonical(v("1.2.3")).suffix, ".2.3");
  EXPECT_EQ(canonical(v("0.2.6-rc.1")).canon, "0.2");
  EXPECT_EQ(canonical(v("0.2.6-rc.1")).suffix, ".6-rc.1");
  EXPECT_EQ(canonical(v("0.0.1-alpha")).canon, "0.0.1");
  EXPECT_EQ(canonical(v("0.0.1-alpha")).suffix, "-alpha");
  EXPECT_EQ(canonical(v("0.0.1")).suffix, "");
}

TEST(Version, Compatible) {
  EXPECT_TRUE(semver_compatible(v("0.2.0"), v("0.2.12")));
  EXPECT_FALSE(semver_compatible(v("0.2.0"), v("0.3.0")));
  EXPECT_TRUE(semver_compatible(v("1.2.0"), v("1.9.3")));
  EXPECT_FALSE(semver_compatible(v("1.0.0"), v("2.0.0")));
  EXPECT_FALSE(semver_compatible(v("0.0.1"), v("0.0.2")));
  EXPECT_FALSE(semver_compatible(v("0.3.0-rc.1"), v("0.3.0")));
  EXPECT_TRUE(semver_compatible(v("0.3.0-rc.1"), v("0.3.0-rc.1")));
  EXPECT_EQ(canonical_interface_name("wasi:io/streams@0.2.3"), "wasi:io/streams@0.2");
  EXPECT_EQ(canonical_interface_name("wasi:io/streams@0.3.0-rc.1"), "wasi:io/streams@0.3.0-rc.1");
  EXPECT_EQ(canonical_interface_name("a:b/c"), "a:b/c");
  EXPECT_EQ(canonical_interface_name("a:b/c@0.2"), "a:b/c@0.2");
  EXPECT_TRUE(names_compatible("wasi:io/poll@0.2.0", "wasi:io/poll@0.2.9"));
  EXPECT_FALSE(names_compatible("wasi:io/poll@0.2.0", "wasi:io/error@0.2.0"));
}

}  // namespace
}  // namespace skiff::component::wit
