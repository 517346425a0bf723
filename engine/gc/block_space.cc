// Reservation layout: [blocks][bitmap][bitmap][block table], each part starting at a multiple of 64 KiB,
// which is a multiple of every supported page size. Parts are committed in steps of kStep blocks: then each
// step of each bitmap is a multiple of 64 KiB too, and the block table is small enough to commit at once.
#include "engine/gc/block_space.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/os_memory.h"

namespace skiff::gc {
namespace {

constexpr uint32_t kStep = 128;  // blocks
constexpr uint64_t kMinReservation = uint64_t{16} << 20;
static_assert(uint64_t{kStep} * BlockSpace::kBitmapBytes % kBlockSize == 0);

}  // namespace

BlockSpace::~BlockSpace() { os_release(reservation_, reservation_bytes_); }

bool BlockSpace::reserve(uint64_t bytes) {
  uint64_t blocks = bytes / kBlockSize + (bytes % kBlockSize != 0);
  blocks = align_up<uint64_t>(std::clamp<uint64_t>(blocks, 1, kMaxBytes / kBlockSize), kStep);
  for (;; blocks = align_up<uint64_t>(blocks / 2, kStep)) {
    const uint64_t bitmap = blocks * kBitmapBytes;
    const uint64_t table = align_up<uint64_t>(blocks * sizeof(Block), kBlockSize);
    const uint64_t total = blocks * kBlockSize + 2 * bitmap + table;
    reservation_bytes_ = total + kBlockSize;  // room to align
    reservation_ = os_reserve(reservation_bytes_);
    if (reservation_) {
      const auto start = reinterpret_cast<uint64_t>(reservation_);
      base_ = reservation_ + (align_up<uint64_t>(start, kBlockSize) - start);
      uint8_t* p = base_ + blocks * kBlockSize;
      allocated_ = reinterpret_cast<uint64_t*>(p);
      marked_ = reinterpret_cast<uint64_t*>(p + bitmap);
      table_ = reinterpret_cast<Block*>(p + 2 * bitmap);
      if (!os_commit(p + 2 * bitmap, table)) break;
      capacity_ = static_cast<uint32_t>(blocks);
      free_.assign((capacity_ + 63) / 64, 0);
      return true;
    }
    if (blocks * kBlockSize <= kMinReservation) return false;
  }
  os_release(reservation_, reservation_bytes_);
  reservation_ = base_ = nullptr;
  return false;
}

bool BlockSpace::grow_to(uint32_t end) {
  SKIFF_DCHECK(end <= capacity_);
  if (end > committed_) {
    const uint32_t target = align_up(end, kStep);
    const uint64_t more = target - committed_;
    const auto part = [&](uint64_t* bitmap) {
      auto* p = reinterpret_cast<uint8_t*>(bitmap) + uint64_t{committed_} * kBitmapBytes;
      return os_commit(p, more * kBitmapBytes);
    };
    if (!part(allocated_) || !part(marked_)) return false;
    if (!os_commit(address(committed_), more << kBlockSizeLog2)) return false;
    committed_ = target;
  }
  for (; end_ < end; ++end_) free_[end_ / 64] |= uint64_t{1} << (end_ % 64);
  return true;
}

// The lowest run of `count` free blocks, which may reach beyond end_ (where every block is free).
uint32_t BlockSpace::find_free(uint32_t count) const {
  uint32_t run = 0;
  for (uint32_t i = lowest_free_; i < end_; ++i) {
    if (i % 64 == 0 && free_[i / 64] == 0) {
      run = 0;
      i += 63;
      continue;
    }
    run = is_free(i) ? run + 1 : 0;
    if (run == count) return i + 1 - count;
  }
  const uint32_t first = end_ - run;
  return count <= capacity_ - first ? first : kNone;
}

uint32_t BlockSpace::take(uint32_t count) {
  if (count > capacity_) return kNone;
  const uint32_t first = find_free(count);
  if (first == kNone || (first + count > end_ && !grow_to(first + count))) return kNone;
  for (uint32_t i = first; i < first + count; ++i) {
    free_[i / 64] &= ~(uint64_t{1} << (i % 64));
    free_dirty_ -= table_[i].dirty;
  }
  if (first == lowest_free_) lowest_free_ += count;
  used_ += count;
  return first;
}

void BlockSpace::give_back(uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) {
    table_[i].state = Block::State::Free;
    free_[i / 64] |= uint64_t{1} << (i % 64);
    free_dirty_ += table_[i].dirty;
  }
  lowest_free_ = std::min(lowest_free_, first);
  used_ -= count;
}

void BlockSpace::free_all() {
  for (uint32_t i = 0; i < end_; ++i) {
    if (is_free(i)) continue;
    table_[i].dirty = true;
    give_back(i, 1);
  }
  std::memset(allocated_, 0, uint64_t{end_} * kBitmapBytes);
}

void BlockSpace::discard(uint64_t keep) {
  for (uint32_t i = end_; i > 0 && free_dirty_ > keep;) {
    if (!is_free(i - 1) || !table_[i - 1].dirty) {
      --i;
      continue;
    }
    const uint32_t last = i;
    while (i > 0 && free_dirty_ > keep && is_free(i - 1) && table_[i - 1].dirty) {
      table_[--i].dirty = false;
      --free_dirty_;
    }
    os_discard(address(i), uint64_t{last - i} << kBlockSizeLog2);
  }
}

Object* BlockSpace::find(uint64_t word) const {
  if (!contains(word)) return nullptr;
  uint32_t i = block_of(word);
  const Block& b = table_[i];
  uint8_t* cell = nullptr;
  switch (b.state) {
    case Block::State::Free:
      return nullptr;
    case Block::State::Small: {
      const auto offset = static_cast<uint32_t>(word % kBlockSize);
      const uint32_t index = cell_index(offset, b.size_class);
      if (index >= cells_per_block(b.size_class)) return nullptr;
      cell = address(i) + index * kCellSizes[b.size_class];
      break;
    }
    case Block::State::LargeTail:
      i = b.span;
      cell = address(i);
      break;
    case Block::State::LargeHead:
      cell = address(i);
      break;
  }
  return is_allocated(cell) ? reinterpret_cast<Object*>(cell) : nullptr;
}

void BlockSpace::clear_marks() { std::memset(marked_, 0, uint64_t{end_} * kBitmapBytes); }

void BlockSpace::adopt_marks() { std::swap(allocated_, marked_); }

}  // namespace skiff::gc
