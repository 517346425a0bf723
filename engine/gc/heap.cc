// Allocation and the phases of a collection.
#include "engine/gc/heap.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>

#include "engine/base/check.h"

namespace skiff::gc {
namespace {

/// Longest run handed out at once: short enough that it is still in the cache after zeroing.
constexpr uint32_t kMaxRunBytes = 16 << 10;

uint64_t now_ns() {
  const auto t = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(t).count());
}

}  // namespace

Heap::Heap(HeapOptions options) : options_(options), threshold_(options.min_growth) {
  SKIFF_CHECK(static_cast<void*>(runs_) == static_cast<void*>(this));  // kRunsOffset
  options_.limit = std::min(options_.limit, BlockSpace::kMaxBytes);
  options_.max_mark_items = std::max<uint64_t>(options_.max_mark_items, 16);
}

Heap::~Heap() {
  busy_ = true;
  for (HostObject* host : hosts_) dead_hosts_.push_back(*host);
  hosts_.clear();
  run_finalizers();
}

// -------------------------------------------------------------------------------------------- allocation

bool Heap::collection_due(uint64_t bytes) const {
  if (options_.stress) return true;
  return since_collection_ + bytes > threshold_ && since_collection_ > 0;
}

Object* Heap::allocate_slow(const TypeInfo* type, uint64_t bytes, uint8_t c) {
  SKIFF_CHECK(!busy_);
  if (bytes > options_.limit) return nullptr;
  if (!space_.reserved() && !space_.reserve(options_.limit)) return nullptr;
  bool collected = collection_due(c == kLargeClass ? bytes : 0);
  if (collected) collect();
  for (;;) {
    void* cell = nullptr;
    if (c == kLargeClass) {
      cell = take_large(bytes);
    } else if (refill(c)) {
      cell = runs_[c].cursor;
      runs_[c].cursor += kCellSizes[c];
    }
    if (cell) {
      auto* object = static_cast<Object*>(cell);
      object->type = type;
      return object;
    }
    if (collected) return nullptr;
    collect();
    collected = true;
  }
}

ExceptionObject* Heap::allocate_exception(const void* tag, uint32_t slot_count) {
  const uint64_t words = uint64_t{slot_count} + (uint64_t{slot_count} + 63) / 64;
  const uint64_t bytes = sizeof(ExceptionObject) + 8 * words;
  auto* exception = static_cast<ExceptionObject*>(allocate(&kExceptionType, bytes, size_class_of(bytes)));
  if (!exception) return nullptr;
  exception->tag = tag;
  exception->slot_count = slot_count;
  return exception;
}

HostObject* Heap::allocate_host(void* data, Finalizer finalizer) {
  auto* host = static_cast<HostObject*>(allocate(&kHostType, sizeof(HostObject), kHostType.size_class));
  if (!host) return nullptr;
  host->data = data;
  host->finalizer = finalizer;
  if (finalizer) hosts_.push_back(host);
  return host;
}

// Finds the next free cells of the class and makes them its run. Requires: the run is used up.
bool Heap::refill(uint8_t c) {
  while (!find_run(c))
    if (!next_block(c)) return false;
  return true;
}

// Looks for free cells in the rest of the current block.
bool Heap::find_run(uint8_t c) {
  SizeClass& sc = classes_[c];
  if (sc.block == BlockSpace::kNone) return false;
  const uint32_t size = kCellSizes[c];
  const uint32_t count = cells_per_block(c);
  uint8_t* base = space_.address(sc.block);
  uint32_t first = sc.next_cell;
  while (first < count && space_.is_allocated(base + first * size)) ++first;
  const uint32_t max_cells = options_.stress ? 1 : std::max(1u, kMaxRunBytes / size);
  const uint32_t end_limit = std::min(count, first + max_cells);
  uint32_t end = first;
  while (end < end_limit && !space_.is_allocated(base + end * size)) {
    space_.set_allocated(base + end * size);
    ++end;
  }
  sc.next_cell = end;
  if (first == end) return false;
  const uint64_t bytes = uint64_t{end - first} * size;
  // A fresh block stays clean until it is no longer current: its cells from next_cell on are untouched.
  if (space_.block(sc.block).dirty) std::memset(base + first * size, 0, bytes);
  runs_[c] = {base + first * size, base + end * size};
  since_collection_ += bytes;
  stats_.allocated_bytes += bytes;
  return true;
}

// Makes a block with free cells, or a fresh one, the class's current block.
bool Heap::next_block(uint8_t c) {
  SizeClass& sc = classes_[c];
  if (sc.block != BlockSpace::kNone) space_.block(sc.block).dirty = true;
  sc.block = BlockSpace::kNone;
  if (!sc.partial.empty()) {
    sc.block = sc.partial.back();
    sc.partial.pop_back();
  } else {
    sc.block = take_blocks(1);
    if (sc.block == BlockSpace::kNone) return false;
    Block& block = space_.block(sc.block);
    block.state = Block::State::Small;
    block.size_class = c;
  }
  sc.next_cell = 0;
  return true;
}

uint32_t Heap::take_blocks(uint32_t count) {
  if ((uint64_t{space_.used()} + count) << kBlockSizeLog2 > align_up<uint64_t>(options_.limit, kBlockSize))
    return BlockSpace::kNone;
  return space_.take(count);
}

void* Heap::take_large(uint64_t bytes) {
  const auto count = static_cast<uint32_t>((bytes + kBlockSize - 1) >> kBlockSizeLog2);
  const uint32_t first = take_blocks(count);
  if (first == BlockSpace::kNone) return nullptr;
  for (uint32_t i = first; i < first + count; ++i) {
    Block& block = space_.block(i);
    block.state = i == first ? Block::State::LargeHead : Block::State::LargeTail;
    block.span = i == first ? count : first;
    if (block.dirty) std::memset(space_.address(i), 0, kBlockSize);
    block.dirty = true;
  }
  space_.set_allocated(space_.address(first));
  since_collection_ += bytes;
  stats_.allocated_bytes += bytes;
  return space_.address(first);
}

// -------------------------------------------------------------------------------------------- collection

void Heap::collect() {
  SKIFF_CHECK(!busy_);
  if (!space_.reserved()) return;
  busy_ = true;
  const uint64_t start = now_ns();
  retire_runs();
  space_.clear_marks();
  mark();
  split_dead_hosts();
  space_.adopt_marks();
  sweep_blocks();
  adjust();
  ++stats_.collections;
  stats_.last_pause_ns = now_ns() - start;
  stats_.total_pause_ns += stats_.last_pause_ns;
  stats_.max_pause_ns = std::max(stats_.max_pause_ns, stats_.last_pause_ns);
  run_finalizers();
  busy_ = false;
}

// Cells of runs that were not used are no objects.
void Heap::retire_runs() {
  for (uint32_t c = 0; c < kClassCount; ++c) {
    Run& run = runs_[c];
    for (uint8_t* cell = run.cursor; cell != run.limit; cell += kCellSizes[c]) space_.clear_allocated(cell);
    run = {};
    SizeClass& sc = classes_[c];
    if (sc.block != BlockSpace::kNone) space_.block(sc.block).dirty = true;
    sc.block = BlockSpace::kNone;
    sc.partial.clear();
  }
}

void Heap::mark() {
  Marker marker(space_, options_.max_mark_items);
  handles_.scan(marker);
  for (RootSource* source : roots_) {
    source->scan(marker);
    marker.drain();
  }
  marker.drain();
}

// Copies host objects that died out of their cells, which may be reused from now on.
void Heap::split_dead_hosts() {
  std::erase_if(hosts_, [&](HostObject* host) {
    if (space_.is_marked(host)) return false;
    dead_hosts_.push_back(*host);
    return true;
  });
}

// Frees blocks without live cells, lists those with free cells. Only bitmaps are read here.
void Heap::sweep_blocks() {
  stats_.live_bytes = stats_.live_objects = 0;
  for (uint32_t i = space_.end(); i-- > 0;) {  // downwards: the lists are taken from the back
    const Block& block = space_.block(i);
    if (block.state == Block::State::Small) {
      uint32_t live = 0;
      for (uint32_t w = 0; w < BlockSpace::kBitmapBytes / 8; ++w)
        live += static_cast<uint32_t>(std::popcount(space_.allocated(i)[w]));
      stats_.live_objects += live;
      stats_.live_bytes += uint64_t{live} * kCellSizes[block.size_class];
      if (live == 0) space_.give_back(i, 1);
      else if (live < cells_per_block(block.size_class)) classes_[block.size_class].partial.push_back(i);
    } else if (block.state == Block::State::LargeHead) {
      if (space_.is_allocated(space_.address(i))) {
        ++stats_.live_objects;
        stats_.live_bytes += uint64_t{block.span} << kBlockSizeLog2;
      } else {
        space_.give_back(i, block.span);
      }
    }
  }
}

// Decides when to collect next and how much memory to keep for it.
void Heap::adjust() {
  const auto percent = static_cast<unsigned __int128>(stats_.live_bytes) * options_.growth_percent / 100;
  threshold_ = static_cast<uint64_t>(std::min<unsigned __int128>(percent, options_.limit));
  threshold_ = std::max(threshold_, options_.min_growth);
  since_collection_ = 0;
  space_.discard(threshold_ >> kBlockSizeLog2);
}

void Heap::shrink() {
  collect();
  if (space_.reserved()) space_.discard(0);
}

void Heap::reset() {
  constexpr uint64_t kKeptBlocks = 16;
  busy_ = true;
  for (HostObject* host : hosts_) dead_hosts_.push_back(*host);
  hosts_.clear();
  run_finalizers();
  busy_ = false;
  handles_ = Handles();
  stats_ = {};
  since_collection_ = 0;
  threshold_ = options_.min_growth;
  if (!space_.reserved() || space_.end() == 0) return;
  for (uint32_t c = 0; c < kClassCount; ++c) {
    runs_[c] = {};
    classes_[c] = {};
  }
  space_.free_all();
  space_.discard(kKeptBlocks);
}

void Heap::run_finalizers() {
  for (const HostObject& host : dead_hosts_) host.finalizer(host.data);
  stats_.finalized += dead_hosts_.size();
  dead_hosts_.clear();
}

Object* Heap::find(uint64_t word) const { return space_.reserved() ? space_.find(word) : nullptr; }

HeapStats Heap::stats() const {
  HeapStats s = stats_;
  s.used_bytes = uint64_t{space_.used()} << kBlockSizeLog2;
  s.resident_bytes = uint64_t{space_.used() + space_.free_dirty()} << kBlockSizeLog2;
  return s;
}

}  // namespace skiff::gc
