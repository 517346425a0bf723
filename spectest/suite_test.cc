// Features by folder and the skip list.
#include "spectest/suite.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace skiff::spectest {
namespace {

TEST(FeaturesOf, ByFolder) {
  EXPECT_EQ(features_of("x.wast"), Features());
  EXPECT_TRUE(features_of("/suite/legacy/throw.wast").has(Feature::LegacyExceptions));
  EXPECT_FALSE(features_of("/suite/not-legacy/throw.wast").has(Feature::LegacyExceptions));
  EXPECT_TRUE(features_of("proposals/custom-page-sizes/a.wast").has(Feature::CustomPageSizes));
  EXPECT_FALSE(features_of("proposals/threads/a.wast").has(Feature::MultiMemory));
}

class SkipListTest : public testing::Test {
 protected:
  Result<SkipList> load(const char* text) {
    path_ = testing::TempDir() + "skip_test.toml";
    FILE* file = std::fopen(path_.c_str(), "w");
    std::fputs(text, file);
    std::fclose(file);
    return SkipList::load(path_);
  }
  void TearDown() override { std::remove(path_.c_str()); }
  std::string path_;
};

TEST_F(SkipListTest, MatchesTheEndOfPaths) {
  const auto list = load("[[skip]]\nfiles = 'a/*.wast'\ntier = 'interp'\nreason = 'why'\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->reason("/suite/a/x.wast", "interp"), "why");
  EXPECT_EQ(list->reason("a/x.wast", "interp"), "why");
  EXPECT_FALSE(list->reason("/suite/a/x.wast", "llvm"));
  EXPECT_FALSE(list->reason("/suite/b/x.wast", "interp"));
}

TEST_F(SkipListTest, WantsReasons) {
  EXPECT_FALSE(load("[[skip]]\nfiles = 'a'\ntier = '*'\n"));
  EXPECT_FALSE(load("[[skip]\n"));
  EXPECT_FALSE(SkipList::load("/no/such/file.toml"));
  EXPECT_TRUE(load(""));
}

}  // namespace
}  // namespace skiff::spectest
