// The cache under processes, limits, and folders that do not want it.
#include "runtime/cache/cache.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "runtime/cache/cache_test_support.h"

namespace skiff {
namespace {

using test::Fd;

struct Wanted {
  std::vector<uint8_t> wasm;
  explicit Wanted(uint8_t n) : wasm{0, 'a', 's', 'm', 1, 0, 0, 0, n} {}
  operator CodeCache::Request() const { return {wasm, "settings\n", "m.wasm", "build"}; }
};

// The folder's only entry.
std::string entry_of(const CodeCache& cache) {
  return cache.directory() + "/" + cache.list().value().at(0).file;
}

class CacheTest : public testing::Test {
 protected:
  const test::TempFolder folder_;
  const CodeCache cache_{folder_ / "deep/er"};
};

TEST_F(CacheTest, AddsAndFinds) {
  EXPECT_EQ(cache_.find(Wanted(1)).value(), nullptr);
  EXPECT_TRUE(cache_.list().value().empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "deep"));
  const auto image = test::synthetic_image();
  EXPECT_NE(cache_.add(Wanted(1), image).value(), nullptr);
  const auto found = cache_.find(Wanted(1)).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(std::memcmp(found->base(), image.bytes.data(), image.text_size), 0);
  EXPECT_EQ(cache_.find(Wanted(2)).value(), nullptr);
  const Wanted one(1);
  EXPECT_EQ(cache_.find({one.wasm, "other\n", "", "build"}).value(), nullptr);
  EXPECT_EQ(cache_.find({one.wasm, "settings\n", "", "rebuilt"}).value(), nullptr);
  const auto entries = cache_.list().value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].name, "m.wasm");
  EXPECT_GT(entries[0].bytes, 0u);
  EXPECT_EQ(cache_.clear().value(), 1u);
  EXPECT_EQ(cache_.find(Wanted(1)).value(), nullptr);
  // What is mapped stays.
  EXPECT_EQ(std::memcmp(found->base(), image.bytes.data(), image.text_size), 0);
}

TEST_F(CacheTest, DamagedEntriesAreRemoved) {
  for (const int how : {0, 1, 2}) {
    ASSERT_TRUE(cache_.add(Wanted(1), test::synthetic_image()));
    const std::string path = entry_of(cache_);
    std::vector<uint8_t> bytes = test::read_file(path);
    if (how == 0) bytes.resize(bytes.size() / 2);
    if (how == 1) bytes[kImageAlignment + 7] ^= 1;
    if (how == 2) bytes.clear();
    test::write_file(path, bytes);
    const auto found = cache_.find(Wanted(1));
    ASSERT_FALSE(found) << how;
    EXPECT_EQ(found.error().code, ErrorCode::Unsupported);
    EXPECT_EQ(cache_.find(Wanted(1)).value(), nullptr) << how;
  }
}

// Under a name that a hash collision would give it: the module decides, not the key.
TEST_F(CacheTest, AnotherModulesCodeIsNeverUsed) {
  ASSERT_TRUE(cache_.add(Wanted(1), test::synthetic_image()));
  const std::string first = entry_of(cache_);
  ASSERT_TRUE(cache_.add(Wanted(2), test::synthetic_image(2)));
  const auto entries = cache_.list();
  for (const CacheEntry& entry : entries.value()) {
    const std::string path = cache_.directory() + "/" + entry.file;
    if (path != first) std::filesystem::rename(first, path);
  }
  const auto found = cache_.find(Wanted(2));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().detail.find("another module"), std::string::npos);
}

TEST_F(CacheTest, RefusesWhatOthersMayWrite) {
  ASSERT_TRUE(cache_.add(Wanted(1), test::synthetic_image()));
  const std::string path = entry_of(cache_);
  ::chmod(path.c_str(), 0620);
  EXPECT_FALSE(cache_.find(Wanted(1)));
  ::chmod(path.c_str(), 0600);
  EXPECT_TRUE(cache_.find(Wanted(1)));
  ::chmod(cache_.directory().c_str(), 0777);
  EXPECT_FALSE(cache_.find(Wanted(1)));
  EXPECT_FALSE(cache_.add(Wanted(2), test::synthetic_image()));
  EXPECT_FALSE(cache_.list());
  ::chmod(cache_.directory().c_str(), 0700);
  // Nor through a link.
  std::filesystem::rename(path, folder_ / "elsewhere");
  std::filesystem::create_symlink(folder_ / "elsewhere", path);
  EXPECT_FALSE(cache_.find(Wanted(1)));
  if (::geteuid() == 0) {
    std::filesystem::remove(path);
    ASSERT_EQ(::chown(cache_.directory().c_str(), 12345, 12345), 0);
    EXPECT_FALSE(cache_.find(Wanted(1)));
  }
}

TEST_F(CacheTest, UnusableFolders) {
  const auto image = test::synthetic_image();
  test::write_file(folder_ / "file", {});
  for (const std::string& name :
       {folder_ / "file", folder_ / "file/below", std::string("/proc/skiff"), std::string()}) {
    const CodeCache cache(name);
    EXPECT_FALSE(cache.add(Wanted(1), image)) << name;
    (void)cache.find(Wanted(1));
    (void)cache.list();
  }
  if (::geteuid() != 0) {
    std::filesystem::create_directory(folder_ / "readonly");
    ::chmod((folder_ / "readonly").c_str(), 0500);
    const CodeCache cache(folder_ / "readonly");
    EXPECT_FALSE(cache.add(Wanted(1), image));
    EXPECT_EQ(cache.find(Wanted(1)).value(), nullptr);
  }
}

TEST_F(CacheTest, LeastRecentlyUsedGoFirst) {
  ASSERT_TRUE(cache_.add(Wanted(0), test::synthetic_image()));
  const uint64_t one = cache_.list().value()[0].bytes;
  ASSERT_GT(one, 0u);
  ASSERT_TRUE(cache_.clear());
  const CodeCache small(cache_.directory(), one * 4 + one / 2);
  std::vector<std::string> files;
  for (uint8_t n = 0; n < 4; ++n) {
    ASSERT_TRUE(small.add(Wanted(n), test::synthetic_image(n)));
    const auto entries = small.list();
    for (const CacheEntry& entry : entries.value()) {
      if (std::ranges::find(files, entry.file) != files.end()) continue;
      files.push_back(entry.file);
      // Entry 0 was used long ago, but then again; 1 is the oldest.
      const timespec times[2] = {{1000 + (n == 0 ? 50 : n), 0}, {0, UTIME_OMIT}};
      ::utimensat(AT_FDCWD, (small.directory() + "/" + entry.file).c_str(), times, 0);
    }
  }
  EXPECT_NE(small.find(Wanted(0)).value(), nullptr);  // is noted: more than an hour has passed
  ASSERT_TRUE(small.add(Wanted(4), test::synthetic_image(4)));
  EXPECT_EQ(small.find(Wanted(1)).value(), nullptr);
  EXPECT_NE(small.find(Wanted(0)).value(), nullptr);
  EXPECT_NE(small.find(Wanted(4)).value(), nullptr);
  EXPECT_LE(small.list().value().size(), 4u);
  const CodeCache tiny(cache_.directory(), 1000);
  const auto added = tiny.add(Wanted(9), test::synthetic_image());
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::LimitExceeded);
}

TEST_F(CacheTest, LeftOversOfCrashesAreRemoved) {
  ASSERT_TRUE(cache_.add(Wanted(1), test::synthetic_image()));
  const std::string old = cache_.directory() + "/.tmp-1-old",
                    fresh = cache_.directory() + "/.tmp-1-fresh";
  const std::string foreign = cache_.directory() + "/README";
  for (const std::string& path : {old, fresh, foreign}) test::write_file(path, {});
  const timespec times[2] = {{0, UTIME_OMIT}, {1000, 0}};
  ::utimensat(AT_FDCWD, old.c_str(), times, 0);
  ASSERT_TRUE(cache_.add(Wanted(2), test::synthetic_image()));
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(fresh));
  EXPECT_EQ(cache_.clear().value(), 2u);
  EXPECT_TRUE(std::filesystem::exists(fresh));  // somebody may be writing it
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

// Runs `body` in several processes; its results are their exit codes.
template <class F>
int in_processes(int count, F body) {
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body(i));
    children.push_back(child);
  }
  int failures = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    failures += status != 0;
  }
  return failures;
}

TEST_F(CacheTest, ProcessesShareIt) {
  // Small enough that entries are removed all the time.
  const CodeCache shared(cache_.directory(), 200'000);
  EXPECT_EQ(
      in_processes(6,
                   [&](int process) {
                     for (int i = 0; i < 60; ++i) {
                       const auto n = static_cast<uint8_t>((process * 7 + i) % 5);
                       const auto image = test::synthetic_image(n);
                       auto found = shared.find(Wanted(n));
                       if (!found) return 1;
                       auto usable = std::move(*found);
                       if (!usable) {
                         auto added = shared.add(Wanted(n), image);
                         if (!added) return 2;
                         usable = std::move(*added);
                       }
                       if (std::memcmp(usable->base(), image.bytes.data(), image.text_size) != 0)
                         return 3;
                       if (i % 20 == 19 && !shared.clear()) return 4;
                     }
                     return 0;
                   }),
      0);
  const auto entries = shared.list();
  for (const CacheEntry& entry : entries.value()) EXPECT_EQ(entry.name, "m.wasm");
}

TEST_F(CacheTest, FullDisk) {
  EXPECT_EQ(in_processes(1,
                         [&](int) {
                           const rlimit limit{4096, 4096};
                           ::setrlimit(RLIMIT_FSIZE, &limit);
                           const auto added = cache_.add(Wanted(1), test::synthetic_image());
                           return !added && added.error().code == ErrorCode::FileError ? 0 : 1;
                         }),
            0);
  for (const auto& left : std::filesystem::directory_iterator(cache_.directory()))
    ADD_FAILURE() << left.path();
}

TEST(CacheDirectoryTest, FollowsTheEnvironment) {
  EXPECT_EQ(in_processes(1,
                         [](int) {
                           ::unsetenv("SKIFF_CACHE_DIR"), ::unsetenv("XDG_CACHE_HOME"),
                               ::unsetenv("HOME");
                           if (!default_cache_directory().empty()) return 1;
                           ::setenv("HOME", "/h", 1);
                           if (default_cache_directory() != "/h/.cache/skiff") return 2;
                           ::setenv("XDG_CACHE_HOME", "relative", 1);
                           if (default_cache_directory() != "/h/.cache/skiff") return 3;
                           ::setenv("XDG_CACHE_HOME", "/x", 1);
                           if (default_cache_directory() != "/x/skiff") return 4;
                           ::setenv("SKIFF_CACHE_DIR", "/s", 1);
                           return default_cache_directory() == "/s" ? 0 : 5;
                         }),
            0);
}

}  // namespace
}  // namespace skiff
