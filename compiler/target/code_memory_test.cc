#include "compiler/target/code_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "compiler/target/code_map.h"
#include "compiler/target/unwind.h"
#include "engine/valid/valid.h"

namespace skiff::compiler {
namespace {

constexpr uint32_t kPage = 65536;  // of any machine

// A function that returns 42.
#if defined(__x86_64__)
constexpr uint8_t kCode[] = {0xB8, 42, 0, 0, 0, 0xC3};
#elif defined(__aarch64__)
constexpr uint8_t kCode[] = {0x40, 0x05, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6};
#else
constexpr uint8_t kCode[] = {0x13, 0x05, 0xA0, 0x02, 0x67, 0x80, 0x00, 0x00};
#endif
constexpr uint32_t kAt = 64;

NativeImage make_image() {
  NativeImage image;
  image.text_size = image.rodata_size = image.data_size = kPage;
  image.bytes.resize(3 * kPage);
  std::memcpy(image.bytes.data() + kAt, kCode, sizeof kCode);
  image.eh_frame_offset = kPage + 16;
  image.eh_frame_size = 4;
  image.functions = {kAt};
  image.pc_table = {{kAt, kNoIndex, 11}, {kAt + 4, kNoIndex, 21}, {kAt + 100, kNoIndex, 0}};
  image.fixups = {{NativeImage::Fixup::Kind::ImageBase, 2 * kPage + 8, kAt},
                  {NativeImage::Fixup::Kind::Personality, 2 * kPage + 16, 0}};
  return image;
}

// Permissions of the mapping that contains an address, and whether any mapping is writable and executable.
std::string permissions(const void* address, bool& any_rwx) {
  std::ifstream maps("/proc/self/maps");
  std::string line, found;
  any_rwx = false;
  while (std::getline(maps, line)) {
    uintptr_t begin = 0, end = 0;
    char perms[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, perms) != 3) continue;
    if (perms[1] == 'w' && perms[2] == 'x') any_rwx = true;
    const auto a = reinterpret_cast<uintptr_t>(address);
    if (a >= begin && a < end) found = perms;
  }
  return found;
}

void expect_good(const LoadedImage& image) {
  EXPECT_EQ(reinterpret_cast<int (*)()>(image.function(0))(), 42);
  bool rwx = false;
  EXPECT_EQ(permissions(image.base(), rwx), "r-xp");
  EXPECT_FALSE(rwx);
  // qemu-user reports neighbouring parts as one mapping.
  if (!std::getenv("SKIFF_EMULATED")) {
    EXPECT_EQ(permissions(image.base() + kPage, rwx), "r--p");
    EXPECT_EQ(permissions(image.base() + 2 * kPage, rwx), "r--p");
  }
  uint64_t words[3];
  std::memcpy(words, image.base() + 2 * kPage, sizeof words);
  EXPECT_EQ(words[1], reinterpret_cast<uintptr_t>(image.function(0)));
  EXPECT_EQ(words[2], reinterpret_cast<uintptr_t>(&skiff_personality));
}

TEST(LoadedImage, FromMemory) {
  auto image = LoadedImage::from_memory(make_image());
  ASSERT_TRUE(image) << image.error().message();
  expect_good(**image);
}

TEST(LoadedImage, FromFile) {
  const NativeImage image = make_image();
  const int fd = memfd_create("image", 0);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(pwrite(fd, image.bytes.data(), image.bytes.size(), kPage), static_cast<ssize_t>(image.bytes.size()));
  auto loaded = LoadedImage::from_file(fd, kPage, parts_of(image), nullptr);
  ASSERT_TRUE(loaded) << loaded.error().message();
  close(fd);
  expect_good(**loaded);
}

TEST(LoadedImage, RefusesPartsThatContradictEachOther) {
  auto refused = [](auto change) {
    NativeImage image = make_image();
    change(image);
    return !LoadedImage::from_memory(std::move(image)).has_value();
  };
  EXPECT_TRUE(refused([](NativeImage& i) { i.text_size = 0; }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.text_size = 100; }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.bytes.resize(kPage); }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.functions.push_back(kPage); }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.import_thunks.push_back(~0u); }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.fixups[0].offset = kPage; }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.fixups[0].offset = 3 * kPage - 4; }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.eh_frame_offset = 0; }));
  EXPECT_TRUE(refused([](NativeImage& i) { i.eh_frame_size = ~0u; }));
}

TEST(LoadedImage, OfNoFunctions) {
  NativeImage image;
  image.array_entries = image.import_thunks = {0, 0};
  auto loaded = LoadedImage::from_memory(image);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_FALSE((*loaded)->contains_text(0));
  ASSERT_TRUE(LoadedImage::from_file(-1, 0, parts_of(image), nullptr));
}

TEST(LoadedImage, WasmOffsets) {
  const auto image = LoadedImage::from_memory(make_image()).value();
  const auto base = reinterpret_cast<uintptr_t>(image->base());
  EXPECT_EQ(image->wasm_offset(base), kNoOffset);
  EXPECT_EQ(image->wasm_offset(base + kAt), 10u);
  EXPECT_EQ(image->wasm_offset(base + kAt + 3), 10u);
  EXPECT_EQ(image->wasm_offset(base + kAt + 4), 20u);
  EXPECT_EQ(image->wasm_offset(base + kAt + 99), 20u);
  EXPECT_EQ(image->wasm_offset(base + kAt + 100), kNoOffset);
}

TEST(CodeMap, FindsImages) {
  CodeMap map;
  const auto a = LoadedImage::from_memory(make_image()).value();
  const auto b = LoadedImage::from_memory(make_image()).value();
  const ModuleInfo info_a, info_b;
  map.add({a.get(), &info_a});
  map.add({b.get(), &info_b});
  map.register_unwind_info();
  auto text = [](const LoadedImage& image) { return reinterpret_cast<uintptr_t>(image.base()); };
  EXPECT_EQ(map.find(text(*a)).info, &info_a);
  EXPECT_EQ(map.find(text(*b) + kPage - 1).info, &info_b);
  EXPECT_EQ(map.find(text(*b) + 2 * kPage).image, nullptr);
  EXPECT_EQ(map.find(reinterpret_cast<uintptr_t>(&map)).image, nullptr);
  EXPECT_EQ(map.find(0).image, nullptr);
  map.remove({a.get(), &info_a});
  EXPECT_EQ(map.find(text(*a)).image, nullptr);
  EXPECT_EQ(map.find(text(*b)).info, &info_b);
}

TEST(CodeMap, FunctionOfAnOffset) {
  ModuleInfo info;
  const uint8_t bytes[10] = {};
  info.module.imported_funcs = 1;
  info.module.functions = {{0, {}}, {0, {bytes, 100}}, {0, {bytes, 120}}};
  EXPECT_EQ(function_at(info, 99), kNoIndex);
  EXPECT_EQ(function_at(info, 100), 1u);
  EXPECT_EQ(function_at(info, 109), 1u);
  EXPECT_EQ(function_at(info, 110), kNoIndex);
  EXPECT_EQ(function_at(info, 125), 2u);
  EXPECT_EQ(function_at(info, kNoOffset), kNoIndex);
}

}  // namespace
}  // namespace skiff::compiler
