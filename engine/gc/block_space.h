// BlockSpace: the address range of one heap, in blocks of 64 KiB, and what is known about each block. One
// reservation holds the blocks, two bitmaps with a bit per 16 bytes, and the block table, so that looking
// up an arbitrary word takes a subtraction and one load. Memory is taken from the system only as the
// used part grows, and given back by discard().
//
// The two bitmaps change places at every collection. `allocated` has the bit of the first granule of every
// cell that is in use; `marked` is the collector's. Free blocks have no allocated bits.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/check.h"
#include "engine/gc/object.h"
#include "engine/gc/size_class.h"

namespace skiff::gc {

struct Block {
  enum class State : uint8_t { Free, Small, LargeHead, LargeTail };
  State state = State::Free;
  uint8_t size_class = 0;    // Small
  bool dirty = false;        // may hold other bytes than zero, and memory of the system
  uint32_t span = 0;         // LargeHead: number of blocks; LargeTail: index of the head
};

class BlockSpace {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr uint64_t kMaxBytes = uint64_t{1} << 40;
  static constexpr uint32_t kBitmapBytes = kBlockSize / kGranule / 8;  // per block

  BlockSpace() = default;
  ~BlockSpace();
  BlockSpace(const BlockSpace&) = delete;

  /// Reserves `bytes`, or less (halving down to 16 MiB) where the machine does not have that much
  /// address space. False when there is none at all.
  bool reserve(uint64_t bytes);
  bool reserved() const { return base_ != nullptr; }

  /// Takes `count` adjacent free blocks, the lowest there are; returns the first or kNone. Their state
  /// is the caller's to set.
  uint32_t take(uint32_t count);
  /// Frees blocks.
  void give_back(uint32_t first, uint32_t count);
  /// Frees all blocks; none of them is taken to be clean.
  void free_all();
  /// Returns the memory of free dirty blocks to the system, from the top down, until `keep` are left.
  void discard(uint64_t keep);

  Block& block(uint32_t i) { return table_[i]; }
  uint8_t* address(uint32_t i) const { return base_ + (uint64_t{i} << kBlockSizeLog2); }
  uint64_t* allocated(uint32_t i) const { return allocated_ + uint64_t{i} * (kBitmapBytes / 8); }
  uint64_t* marked(uint32_t i) const { return marked_ + uint64_t{i} * (kBitmapBytes / 8); }
  /// Blocks that were ever used; all others are free and clean.
  uint32_t end() const { return end_; }
  uint32_t capacity() const { return capacity_; }
  uint32_t used() const { return used_; }
  /// Free blocks that still hold memory.
  uint32_t free_dirty() const { return free_dirty_; }

  bool contains(uint64_t word) const {
    return word - reinterpret_cast<uint64_t>(base_) < uint64_t{end_} << kBlockSizeLog2;
  }
  uint32_t block_of(uint64_t address) const {
    return static_cast<uint32_t>((address - reinterpret_cast<uint64_t>(base_)) >> kBlockSizeLog2);
  }
  /// The object that `word` points to or into, or null.
  Object* find(uint64_t word) const;

  /// Sets the mark bit; false when it was set. Requires: an object of this space.
  bool mark(const Object* object) {
    const uint64_t granule = granule_of(object);
    uint64_t& w = marked_[granule / 64];
    const uint64_t bit = uint64_t{1} << (granule % 64);
    if (w & bit) return false;
    w |= bit;
    return true;
  }
  bool is_marked(const Object* object) const {
    return (marked_[granule_of(object) / 64] & bit_of(object)) != 0;
  }
  void set_allocated(const void* cell) { allocated_[granule_of(cell) / 64] |= bit_of(cell); }
  void clear_allocated(const void* cell) { allocated_[granule_of(cell) / 64] &= ~bit_of(cell); }
  bool is_allocated(const void* cell) const {
    return (allocated_[granule_of(cell) / 64] & bit_of(cell)) != 0;
  }

  void clear_marks();
  /// Exchanges the bitmaps: what was marked is what is allocated.
  void adopt_marks();

 private:
  uint64_t granule_of(const void* p) const {
    return static_cast<uint64_t>(static_cast<const uint8_t*>(p) - base_) / kGranule;
  }
  uint64_t bit_of(const void* p) const { return uint64_t{1} << (granule_of(p) % 64); }
  bool is_free(uint32_t i) const { return free_[i / 64] >> (i % 64) & 1; }
  bool grow_to(uint32_t end);
  uint32_t find_free(uint32_t count) const;

  uint8_t* reservation_ = nullptr;
  uint64_t reservation_bytes_ = 0;
  uint8_t* base_ = nullptr;              // aligned to blocks
  uint64_t* allocated_ = nullptr;
  uint64_t* marked_ = nullptr;
  Block* table_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t end_ = 0;
  uint32_t committed_ = 0;               // blocks, >= end_
  uint32_t used_ = 0;
  uint32_t free_dirty_ = 0;
  uint32_t lowest_free_ = 0;             // no free block below
  std::vector<uint64_t> free_;           // a bit per block: free
};

}  // namespace skiff::gc
