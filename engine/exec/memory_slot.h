// MemorySlot: the address range of one linear memory, used for one guest after the other. MemoryImage: what a memory
// holds before its guest runs, mapped into slots copy on write.
//
// Between guests (after reset) every byte of a slot is that of its image, or zero beside it, whatever the last guest
// did. Pages that were written are found and written back, so that they stay where they are; beyond a bound they are
// given back to the system. Small memories are compared page by page, which takes no system call.
// Thread: a slot is used by one at a time; images are immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/base/os_memory.h"
#include "engine/base/reader.h"

namespace skiff {

/// The first contents of a memory, zeros left out at both ends.
class MemoryImage {
 public:
  struct Part {
    uint64_t offset = 0;  // in the memory
    ByteSpan bytes;
  };
  /// Copies parts, which may overlap: later ones win. Null where they are so far apart that an image would be much
  /// larger than they are, or when there is no memory for it. Requires: a part with bytes.
  static std::shared_ptr<const MemoryImage> make(std::span<const Part> parts);
  ~MemoryImage();
  MemoryImage(const MemoryImage&) = delete;

  /// Place in the memory, in bytes; multiples of the page size.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return begin_ + size_; }
  const uint8_t* at(uint64_t offset) const { return bytes_ + (offset - begin_); }
  /// File with the bytes of the image; -1: it is copied.
  int fd() const { return fd_; }

 private:
  MemoryImage() = default;
  uint64_t begin_ = 0;
  uint64_t size_ = 0;
  const uint8_t* bytes_ = nullptr;
  std::unique_ptr<uint8_t[]> copy_;    // what bytes_ points to without a file
  int fd_ = -1;
};

class MemorySlot {
 public:
  MemorySlot() = default;
  /// An empty slot has a null base. `guarded`: faults in it become traps.
  static MemorySlot reserve(uint64_t bytes, bool guarded);
  ~MemorySlot() { release(); }
  MemorySlot(MemorySlot&& other) noexcept { swap(other); }
  MemorySlot& operator=(MemorySlot&& other) noexcept {
    MemorySlot old;
    old.swap(*this);
    swap(other);
    return *this;
  }

  uint8_t* base() const { return base_; }
  uint64_t reserved() const { return reserved_; }
  bool guarded() const { return guarded_; }
  const MemoryImage* image() const { return image_.get(); }

  /// Makes the first `bytes` accessible, and nothing else if the slot is guarded. False when the system refuses.
  [[nodiscard]] bool begin_life(uint64_t bytes);
  /// Makes at least the first `bytes` accessible.
  [[nodiscard]] bool commit(uint64_t bytes);
  /// Gives a fresh slot its image. False when the system refuses: then the slot must not be used.
  [[nodiscard]] bool map(std::shared_ptr<const MemoryImage> image);
  /// Ends a guest's life. Keeps at most `keep` bytes of written pages.
  void reset(DirtyPages& dirty, uint64_t keep);

  /// Memories up to this size are compared with their image. Units: bytes.
  static constexpr uint64_t kCompared = 128 << 10;

 private:
  void swap(MemorySlot& other) noexcept;
  void release();
  void restore(uint8_t* from, uint8_t* to, bool compare);
  void drop(uint8_t* from, uint8_t* to);

  uint8_t* base_ = nullptr;
  uint64_t reserved_ = 0;
  uint64_t accessible_ = 0;            // from base on; a multiple of the page size
  bool guarded_ = false;
  std::shared_ptr<const MemoryImage> image_;
};

}  // namespace skiff
