// The grammar of names, versions and strong uniqueness; most of it the official suite tests too.
#include "component/types/names.h"

#include <gtest/gtest.h>

namespace skiff::component {
namespace {

TEST(ComponentNames, Labels) {
  for (const char* good : {"a", "a-b-c", "a1-2-3", "A", "A-B-C", "A1-2-3", "a11-w0rds", "A11-4CR0NYMS", "m1x3d-4CR0NYMS"})
    EXPECT_TRUE(is_label(good)) << good;
  for (const char* bad : {"", "1", "1-2-3", "-a", "a-", "a--b", "aB", "a_b", "a.b", "\xc3\xa4"})
    EXPECT_FALSE(is_label(bad)) << bad;
  EXPECT_TRUE(is_words("a-1"));
  EXPECT_FALSE(is_words("a-B"));
}

TEST(ComponentNames, Versions) {
  for (const char* good : {"0.0.0", "1.2.3", "10.20.30-rc.1", "1.0.0-0a", "1.0.0+001", "1.0.0-a-b+c-d.0.00",
                           "99999999999999999999.0.0"})
    EXPECT_TRUE(is_semver(good)) << good;
  for (const char* bad : {"", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.03", "1.2.3-", "1.2.3+", "1.2.3-01",
                          "1.2.3-a..b", "1.2.3-a_b", "v1.2.3", "1.2.3 "})
    EXPECT_FALSE(is_semver(bad)) << bad;
  for (const char* good : {"1", "10", "0.2", "0.0.7", "0.0.0"}) EXPECT_TRUE(is_canonical_version(good)) << good;
  for (const char* bad : {"", "0", "0.0", "01", "1.2", "0.1.2", "0.0.0.1"}) EXPECT_FALSE(is_canonical_version(bad)) << bad;
}

TEST(ComponentNames, Externs) {
  const auto method = parse_extern_name("[method]r.get-it", Features());
  ASSERT_TRUE(method);
  EXPECT_EQ(method->kind, ParsedName::Kind::Method);
  EXPECT_EQ(method->resource, "r");
  EXPECT_EQ(method->label, "get-it");
  const auto interface = parse_extern_name("wasi:http/types@0.2.0-rc.1", Features());
  ASSERT_TRUE(interface);
  EXPECT_EQ(interface->package, "wasi:http");
  EXPECT_EQ(interface->projection, "types");
  EXPECT_EQ(interface->version, "0.2.0-rc.1");
  for (const char* bad : {"", "a b", "[method]a", "[static]a.b.c", "[constructor]", "[new]a", "a:b", "a:b/", ":b/c",
                          "a:b/c@1", "a:b:c/d", "a:b/c/d", "A:b/c", "a:b@1.0.0"})
    EXPECT_FALSE(parse_extern_name(bad, Features())) << bad;
  Features nested;
  nested.set(Feature::CmNestedNames, true);
  EXPECT_TRUE(parse_extern_name("a:b:c/d/e", nested));
  Features canonical;
  canonical.set(Feature::CmCanonicalNames, true);
  EXPECT_TRUE(parse_extern_name("a:b/c@0.2", canonical));
}

TEST(ComponentNames, StrongUniqueness) {
  StrongNames names;
  for (const char* name : {"foo", "foo-bar", "[constructor]foo", "[method]foo.bar", "[static]foo.baz", "foo:bar/baz"})
    EXPECT_EQ(names.add(name), nullptr) << name;
  for (const char* name : {"foo", "FOO", "foo-BAR", "[constructor]FOO", "[method]foo.BAR", "[static]foo.bar",
                           "[method]foo.baz", "[method]foo.foo", "[static]foo-BAR.FOO-bar", "foo:bar/BAZ"})
    EXPECT_NE(names.add(name), nullptr) << name;
}

}  // namespace
}  // namespace skiff::component
