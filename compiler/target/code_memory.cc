// Getting machine code into memory, and out again.
#include "compiler/target/code_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "compiler/target/unwind.h"
#include "engine/base/os_memory.h"
#include "engine/exec/signals.h"

namespace skiff::compiler {
namespace {

auto bad_image(const char* what) {
  return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, std::string("native image: ") + what);
}

auto no_memory(const char* what) {
  return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

ImageParts parts_of(const NativeImage& image) {
  return {image.text_size, image.rodata_size,   image.data_size,     image.eh_frame_offset, image.eh_frame_size,
          image.functions, image.array_entries, image.import_thunks, image.pc_table,        image.fixups};
}

// Everything that is used without another look later. Not the pc table: look-ups in it cannot go wrong badly.
Status LoadedImage::check(const ImageParts& parts) {
  const uint64_t page = os_page_size();
  if (parts.text_size % page || parts.rodata_size % page || parts.data_size % page)
    return bad_image("parts are not made of whole pages");
  const uint64_t rodata_end = uint64_t{parts.text_size} + parts.rodata_size;
  if (parts.eh_frame_size != 0 && (parts.eh_frame_offset < parts.text_size || parts.eh_frame_size < 4 ||
                                   uint64_t{parts.eh_frame_offset} + parts.eh_frame_size > rodata_end))
    return bad_image("unwind information outside of the read-only data");
  auto in_text = [&](std::span<const uint32_t> offsets) {
    return std::all_of(offsets.begin(), offsets.end(), [&](uint32_t o) { return o == 0 || o < parts.text_size; });
  };
  if (!in_text(parts.functions) || !in_text(parts.array_entries) || !in_text(parts.import_thunks))
    return bad_image("functions outside of the text");
  for (const NativeImage::Fixup& fixup : parts.fixups)
    if (fixup.offset < rodata_end || fixup.offset % 8 != 0 || uint64_t{fixup.offset} + 8 > parts.total_size())
      return bad_image("fix-ups outside of the data");
  return {};
}

void LoadedImage::apply_fixups() {
  for (const NativeImage::Fixup& fixup : parts_.fixups) {
    uint64_t value = fixup.addend;
    switch (fixup.kind) {
      case NativeImage::Fixup::Kind::Personality: value += reinterpret_cast<uintptr_t>(&skiff_personality); break;
      case NativeImage::Fixup::Kind::ImageBase: value += reinterpret_cast<uintptr_t>(base_); break;
    }
    std::memcpy(base_ + fixup.offset, &value, sizeof value);
  }
}

// The last step: from here on nothing can be written. False with errno.
bool LoadedImage::protect() {
  // Nothing is not protected: emulators refuse that where Linux does nothing.
  const uint64_t tables = uint64_t{parts_.rodata_size} + parts_.data_size;
  if ((tables != 0 && mprotect(base_ + parts_.text_size, tables, PROT_READ) != 0) ||
      (parts_.text_size != 0 && mprotect(base_, parts_.text_size, PROT_READ | PROT_EXEC) != 0))
    return false;
  known_code_ = parts_.text_size != 0;
  if (known_code_) add_code_range(base_, text_end());
  return true;
}

Result<std::shared_ptr<const LoadedImage>> LoadedImage::from_memory(NativeImage image) {
  const ImageParts parts = parts_of(image);
  SKIFF_TRY(check(parts));
  if (image.bytes.size() != parts.total_size()) return bad_image("not as long as its parts");
  if (image.bytes.empty()) {
    // A module without functions: nothing to run, but its type indices count.
    std::shared_ptr<LoadedImage> loaded(new LoadedImage(nullptr, parts));
    loaded->image_ = std::move(image);
    return loaded;
  }
  void* memory = mmap(nullptr, image.bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return no_memory("memory for machine code");
  std::shared_ptr<LoadedImage> loaded(new LoadedImage(static_cast<uint8_t*>(memory), parts));
  std::memcpy(memory, image.bytes.data(), image.bytes.size());
  // Moving a vector leaves its elements where they are, so the views stay valid.
  loaded->image_ = std::move(image);
  loaded->image_.bytes = {};
  loaded->apply_fixups();
  __builtin___clear_cache(static_cast<char*>(memory), static_cast<char*>(memory) + parts.text_size);
  if (!loaded->protect()) return no_memory("making machine code executable");
  return loaded;
}

Result<std::shared_ptr<const LoadedImage>> LoadedImage::from_file(int fd, uint64_t offset, const ImageParts& parts,
                                                                  std::shared_ptr<const void> owner) {
  SKIFF_TRY(check(parts));
  auto failed = [] { return fail(ErrorCode::FileError, kNoOffset, kNoIndex, std::string(std::strerror(errno))); };
  // One reservation, so that the three mappings are where the image wants them.
  uint8_t* base = parts.total_size() == 0 ? nullptr : os_reserve(parts.total_size());
  if (!base && parts.total_size() != 0) return no_memory("address space for machine code");
  std::shared_ptr<LoadedImage> loaded(new LoadedImage(base, parts));
  loaded->owner_ = std::move(owner);
  uint64_t at = 0;
  for (const auto& [size, protection] : {std::pair{parts.text_size, PROT_READ | PROT_EXEC},
                                         {parts.rodata_size, PROT_READ},
                                         {parts.data_size, PROT_READ | PROT_WRITE}}) {
    if (size != 0 && mmap(base + at, size, protection, MAP_PRIVATE | MAP_FIXED, fd,
                          static_cast<off_t>(offset + at)) == MAP_FAILED)
      return failed();
    at += size;
  }
  loaded->apply_fixups();
  if (base && !loaded->protect()) return failed();
  return loaded;
}

LoadedImage::~LoadedImage() {
  if (unwind_registered_.load(std::memory_order_acquire)) forget_eh_frames(base_ + parts_.eh_frame_offset);
  if (known_code_) remove_code_range(base_, text_end());
  if (base_) munmap(base_, parts_.total_size());
}

uint64_t LoadedImage::wasm_offset(uintptr_t pc) const {
  const auto text = static_cast<uint32_t>(pc - reinterpret_cast<uintptr_t>(base_));
  const auto after = std::upper_bound(parts_.pc_table.begin(), parts_.pc_table.end(), text,
                                      [](uint32_t wanted, const PcEntry& e) { return wanted < e.text; });
  if (after == parts_.pc_table.begin()) return kNoOffset;
  const uint32_t line = std::prev(after)->wasm;  // wasm offset + 1
  return line == 0 ? kNoOffset : uint64_t{line} - 1;
}

void LoadedImage::register_unwind_info() const {
  if (parts_.eh_frame_size == 0) return;
  std::call_once(unwind_once_, [this] {
    register_eh_frames(base_ + parts_.eh_frame_offset);
    unwind_registered_.store(true, std::memory_order_release);
  });
}

}  // namespace skiff::compiler
