// For the tests of artifacts and cache: an image that no compiler made, and folders that vanish.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/os_memory.h"
#include "runtime/cache/artifact.h"

namespace skiff::test {

/// A page of each part, with something everywhere. `seed` makes images different; nothing in them
/// can be called.
inline compiler::NativeImage synthetic_image(uint8_t seed = 1) {
  const auto page = static_cast<uint32_t>(os_page_size());
  compiler::NativeImage image;
  image.text_size = 2 * page;
  image.rodata_size = page;
  image.data_size = page;
  image.bytes.resize(4 * size_t{page});
  for (size_t i = 0; i < image.bytes.size(); i += 7)
    image.bytes[i] = static_cast<uint8_t>(i + seed);
  image.eh_frame_offset = 2 * page + 64;
  image.eh_frame_size = 64;
  image.functions = {0, 64, 128};
  image.array_entries = {256, 0};
  image.import_thunks = {320, 0};
  image.pc_table = {{0, 0, 17}, {64, 1, 33}, {256, kNoIndex, 0}};
  image.fixups = {{compiler::NativeImage::Fixup::Kind::ImageBase, 3 * page + 8, 5}};
  return image;
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "skiff-cache-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Fd {
 public:
  explicit Fd(const std::string& path, int flags = O_RDONLY)
      : fd_(::open(path.c_str(), flags, 0600)) {}
  ~Fd() { ::close(fd_); }
  Fd(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

inline std::vector<uint8_t> read_file(const std::string& path) {
  std::vector<uint8_t> bytes(std::filesystem::file_size(path));
  const Fd fd(path);
  EXPECT_EQ(::read(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

inline void write_file(const std::string& path, ByteSpan bytes) {
  const Fd fd(path, O_WRONLY | O_CREAT | O_TRUNC);
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

}  // namespace skiff::test
