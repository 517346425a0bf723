// LoadedImage: a NativeImage where it can run. Made from memory (just compiled) or mapped from a file (an
// artifact); from then on both are the same.
//
// No page is writable and executable at the same time, or executable after having been writable by anyone
// but the constructor: memory is written first and then made read-only (data, read-only data) or
// executable (text). Of a mapped file only the data pages, which hold addresses, are private copies.
// The text is known to the fault handler (signals.h) as long as the image lives.
// Thread: immutable, but for the registration of its unwind information, which locks.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>

#include "compiler/target/native_image.h"
#include "engine/base/result.h"

namespace skiff::compiler {

/// What a NativeImage says about its bytes. Views: of the NativeImage, or of a mapped artifact.
struct ImageParts {
  uint32_t text_size = 0, rodata_size = 0, data_size = 0;
  uint32_t eh_frame_offset = 0, eh_frame_size = 0;
  std::span<const uint32_t> functions, array_entries, import_thunks;
  std::span<const PcEntry> pc_table;
  std::span<const NativeImage::Fixup> fixups;

  uint64_t total_size() const { return uint64_t{text_size} + rodata_size + data_size; }
};
ImageParts parts_of(const NativeImage& image);

class LoadedImage {
 public:
  /// Copies the image's bytes into new memory. Errors: OutOfMemory, Unsupported (parts that contradict each other).
  static Result<std::shared_ptr<const LoadedImage>> from_memory(NativeImage image);
  /// Maps the bytes from `offset` of a file on; the descriptor is not needed afterwards. `owner` keeps what
  /// `parts` refers to. Units: offset in bytes, a multiple of the page size.
  /// Errors: FileError, Unsupported. Requires: the file does not shrink while the image lives.
  static Result<std::shared_ptr<const LoadedImage>> from_file(int fd, uint64_t offset, const ImageParts& parts,
                                                              std::shared_ptr<const void> owner);
  ~LoadedImage();
  LoadedImage(const LoadedImage&) = delete;

  const uint8_t* base() const { return base_; }
  const uint8_t* text_end() const { return base_ + parts_.text_size; }
  bool contains_text(uintptr_t pc) const { return pc - reinterpret_cast<uintptr_t>(base_) < parts_.text_size; }
  const ImageParts& parts() const { return parts_; }

  /// Machine code of a defined function (imports not counted). Requires: i < parts().functions.size().
  void* function(uint32_t i) const { return address(parts_.functions[i]); }
  /// By module type index. Requires: a function type.
  void* array_entry(uint32_t type) const { return address(parts_.array_entries[type]); }
  void* import_thunk(uint32_t type) const { return address(parts_.import_thunks[type]); }

  /// Byte offset in the wasm module of what is at `pc`; kNoOffset for code without one (thunks).
  uint64_t wasm_offset(uintptr_t pc) const;

  /// Makes the unwinder know this image, once. Not done before the first exception is thrown: it takes time.
  void register_unwind_info() const;

 private:
  LoadedImage(uint8_t* base, const ImageParts& parts) : base_(base), parts_(parts) {}
  static Status check(const ImageParts& parts);
  void* address(uint32_t offset) const { return base_ + offset; }
  void apply_fixups();
  bool protect();

  uint8_t* base_;
  ImageParts parts_;
  NativeImage image_;                  // from_memory: what parts_ refers to, without the bytes
  std::shared_ptr<const void> owner_;  // from_file: what keeps that
  bool known_code_ = false;
  mutable std::once_flag unwind_once_;
  mutable std::atomic<bool> unwind_registered_{false};
};

}  // namespace skiff::compiler
