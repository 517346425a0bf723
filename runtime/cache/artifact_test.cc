// Round trips, and every way in which a file can be wrong.
#include "runtime/cache/artifact.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "runtime/cache/cache_test_support.h"
#include "runtime/cache/settings.h"

namespace skiff {
namespace {

using compiler::NativeImage;
using test::Fd;

constexpr std::string_view kSettings = "format=1\ncpu=test\n";
const std::vector<uint8_t> kWasm = {0, 'a', 's', 'm', 1, 0, 0, 0};

class ArtifactTest : public testing::Test {
 protected:
  void SetUp() override {
    const Fd fd(path_, O_RDWR | O_CREAT);
    const Status written = write_artifact(fd.get(), {image_, kWasm, kSettings, "m.wasm", {1, 2}});
    ASSERT_TRUE(written) << written.error().message();
    bytes_ = test::read_file(path_);
  }

  // Opens, verifies and loads; the first error's text, empty when all went well.
  std::string trouble(const std::string& path) {
    const Fd fd(path);
    auto artifact = Artifact::open(fd.get());
    if (!artifact) return artifact.error().message();
    if (const Status ok = (*artifact)->verify(fd.get()); !ok) return ok.error().message();
    const auto loaded = Artifact::load(*artifact, fd.get());
    return loaded ? "" : loaded.error().message();
  }
  std::string trouble_with(ByteSpan bytes) {
    const std::string path = folder_ / "bad.skiff";
    std::filesystem::remove(path);
    test::write_file(path, bytes);
    return trouble(path);
  }

  const test::TempFolder folder_;
  const std::string path_ = folder_ / "m.skiff";
  const NativeImage image_ = test::synthetic_image();
  std::vector<uint8_t> bytes_;
};

TEST_F(ArtifactTest, RoundTrip) {
  const Fd fd(path_);
  const auto artifact = Artifact::open(fd.get()).value();
  EXPECT_EQ(artifact->settings(), kSettings);
  EXPECT_EQ(artifact->name(), "m.wasm");
  EXPECT_EQ(artifact->key(), (Hash128{1, 2}));
  EXPECT_TRUE(std::ranges::equal(artifact->wasm(), kWasm));
  ASSERT_TRUE(artifact->verify(fd.get()));
  const auto loaded = Artifact::load(artifact, fd.get()).value();
  const compiler::ImageParts& parts = loaded->parts();
  EXPECT_TRUE(std::ranges::equal(parts.functions, image_.functions));
  EXPECT_TRUE(std::ranges::equal(parts.array_entries, image_.array_entries));
  EXPECT_TRUE(std::ranges::equal(parts.import_thunks, image_.import_thunks));
  EXPECT_EQ(parts.pc_table.size(), image_.pc_table.size());
  EXPECT_EQ(parts.eh_frame_size, image_.eh_frame_size);
  EXPECT_EQ(loaded->wasm_offset(reinterpret_cast<uintptr_t>(loaded->base()) + 70), 32u);
  // All bytes are there; the fix-up was applied to a private copy.
  const size_t fixup = image_.fixups[0].offset;
  EXPECT_EQ(std::memcmp(loaded->base(), image_.bytes.data(), fixup), 0);
  uint64_t word = 0;
  std::memcpy(&word, loaded->base() + fixup, sizeof word);
  EXPECT_EQ(word, reinterpret_cast<uintptr_t>(loaded->base()) + 5);
  EXPECT_EQ(test::read_file(path_), bytes_);
}

TEST_F(ArtifactTest, OutlivesItsFile) {
  std::shared_ptr<const compiler::LoadedImage> loaded;
  {
    const Fd fd(path_);
    loaded = Artifact::load(Artifact::open(fd.get()).value(), fd.get()).value();
  }
  std::filesystem::remove(path_);
  EXPECT_EQ(std::memcmp(loaded->base(), image_.bytes.data(), image_.text_size), 0);
  EXPECT_EQ(loaded->parts().functions[2], 128u);
}

TEST_F(ArtifactTest, TruncatedAnywhere) {
  for (size_t n = 0; n < bytes_.size(); n += n < 512 ? 1 : 4093) {
    EXPECT_NE(trouble_with(ByteSpan(bytes_).first(n)).find("truncated"), std::string::npos) << n;
  }
  EXPECT_NE(trouble_with(ByteSpan(bytes_).first(bytes_.size() - 1)), "");
  std::vector<uint8_t> longer = bytes_;
  longer.push_back(0);
  EXPECT_NE(trouble_with(longer).find("file size"), std::string::npos);
}

// Every byte of the small sections and of the header counts, and every page of the image; what lies
// between sections is part of nothing.
TEST_F(ArtifactTest, EveryFlippedByteIsFound) {
  ASSERT_EQ(trouble_with(bytes_), "");
  const auto wasm = std::ranges::search(bytes_, kWasm);
  const auto small_end = static_cast<size_t>(wasm.end() - bytes_.begin());
  size_t gaps = 0;
  for (size_t n = 0; n < bytes_.size(); n += n < 1024 ? 1 : 1021) {
    std::vector<uint8_t> flipped = bytes_;
    flipped[n] ^= 0x10;
    if (!trouble_with(flipped).empty()) continue;
    gaps += n < small_end;
    EXPECT_LT(n, kImageAlignment);
  }
  EXPECT_LT(gaps, 7 * 16u);
}

TEST_F(ArtifactTest, NamesTheCause) {
  auto changed = [&](size_t at, uint8_t value) {
    std::vector<uint8_t> bytes = bytes_;
    bytes[at] = value;
    return trouble_with(bytes);
  };
  EXPECT_NE(changed(0, 0).find("not an artifact"), std::string::npos);
  EXPECT_NE(changed(4, '\n').find("transfer as text"), std::string::npos);
  EXPECT_NE(changed(8, 1).find("byte order"), std::string::npos);
  EXPECT_NE(changed(12, kArtifactVersion + 1).find("format version 2"), std::string::npos);
  EXPECT_NE(changed(40, 0xFF).find("header"), std::string::npos);  // the key
  EXPECT_NE(changed(kImageAlignment + 7, 0xAA).find("checksum of text"), std::string::npos);
  EXPECT_NE(trouble_with(std::vector<uint8_t>(100'000, 'x')).find("not an artifact"),
            std::string::npos);
  const Fd folder(folder_.path());
  EXPECT_NE(Artifact::open(folder.get()).error().message().find("regular file"), std::string::npos);
}

// A header whose checksum is right, but that lies.
TEST_F(ArtifactTest, HostileHeaders) {
  constexpr size_t kChecksum = 16, kFirstSection = 56, kSectionSize = 24, kSections = 11;
  auto forged = [&](size_t at, uint64_t value) {
    std::vector<uint8_t> bytes = bytes_;
    std::memcpy(bytes.data() + at, &value, sizeof value);
    const uint64_t none = 0;
    std::memcpy(bytes.data() + kChecksum, &none, sizeof none);
    const uint64_t checksum =
        hash64(ByteSpan(bytes).first(kFirstSection + kSections * kSectionSize));
    std::memcpy(bytes.data() + kChecksum, &checksum, sizeof checksum);
    return trouble_with(bytes);
  };
  for (size_t s = 0; s < kSections; ++s) {
    const size_t entry = kFirstSection + s * kSectionSize;
    for (const uint64_t bad : {~uint64_t{0}, uint64_t{1} << 63, uint64_t{1} << 32,
                               uint64_t{bytes_.size()} + 1, uint64_t{3}}) {
      EXPECT_NE(forged(entry, bad), "") << s << " offset " << bad;
      EXPECT_NE(forged(entry + 8, bad), "") << s << " size " << bad;
    }
  }
  EXPECT_NE(forged(48, ~uint64_t{0}), "");  // unwind information
}

TEST_F(ArtifactTest, ForgedTables) {
  auto rejected = [&](NativeImage image) {
    const std::string path = folder_ / "forged.skiff";
    std::filesystem::remove(path);
    const Fd fd(path, O_RDWR | O_CREAT);
    EXPECT_TRUE(write_artifact(fd.get(), {image, kWasm, kSettings, "", {}}));
    return !trouble(path).empty();
  };
  NativeImage image = image_;
  image.functions[1] = image.text_size;
  EXPECT_TRUE(rejected(image));
  image = image_;
  image.fixups[0].offset = 0;
  EXPECT_TRUE(rejected(image));
  image = image_;
  image.fixups[0].kind = static_cast<NativeImage::Fixup::Kind>(77);
  EXPECT_TRUE(rejected(image));
  image = image_;
  image.bytes.pop_back();
  const Fd fd(folder_ / "short.skiff", O_RDWR | O_CREAT);
  EXPECT_FALSE(write_artifact(fd.get(), {image, kWasm, kSettings, "", {}}));
}

TEST_F(ArtifactTest, ChecksAreRememberedForTheSameFileOnly) {
  ASSERT_EQ(trouble(path_), "");
  // A change that leaves size and times as they were, as a bad disk would make, is not looked for
  // again in this boot; any ordinary write is.
  const Fd fd(path_, O_RDWR);
  const uint8_t byte = bytes_[kImageAlignment] ^ 1;
  ASSERT_EQ(::pwrite(fd.get(), &byte, 1, kImageAlignment), 1);
  const timespec times[2] = {{0, UTIME_OMIT}, {12345, 0}};
  ASSERT_EQ(::futimens(fd.get(), times), 0);
  EXPECT_NE(trouble(path_).find("checksum of text"), std::string::npos);
}

TEST_F(ArtifactTest, FileSizeLimitIsAnErrorNotASignal) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const Fd fd(folder_ / "limited.skiff", O_RDWR | O_CREAT);
    const Status written = write_artifact(fd.get(), {image_, kWasm, kSettings, "", {}});
    ::_exit(!written && written.error().code == ErrorCode::FileError ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(SettingsTest, MismatchesAreNamed) {
  const Tunables tunables;
  const CodeTarget native = native_target();
  const std::string want = code_settings(native, Features(), tunables);
  EXPECT_TRUE(check_settings(want, want));
  CodeTarget other = native;
  other.cpu = "native:0";
  EXPECT_NE(check_settings(code_settings(other, Features(), tunables), want)
                .error()
                .detail.find("cpu=native:0"),
            std::string::npos);
  other.arch = "vax";
  EXPECT_NE(check_settings(code_settings(other, Features(), tunables), want)
                .error()
                .detail.find("arch=vax"),
            std::string::npos);
  EXPECT_TRUE(
      check_settings(code_settings(parse_target("baseline").value(), Features(), tunables), want));
  Tunables unguarded = tunables;
  unguarded.guard_pages = !unguarded.guard_pages;
  EXPECT_FALSE(check_settings(code_settings(native, Features(), unguarded), want));
  EXPECT_FALSE(check_settings(code_settings(native, Features::all(), tunables), want));
  for (const std::string_view bad : {"", "\n", "format=1", "cpu=", "cpu=baseline"})
    EXPECT_FALSE(check_settings(bad, want)) << bad;
  EXPECT_FALSE(check_settings(want + "more=1\n", want));
  EXPECT_FALSE(parse_target("pdp11"));
  EXPECT_EQ(native_target().cpu, native.cpu);
}

}  // namespace
}  // namespace skiff
