// Counting what is idle, and making room: the counters are approximate only in that two threads may both find the last
// place taken.
#include "engine/exec/pool.h"

#include <algorithm>

namespace skiff {

bool Pool::count(std::atomic<uint32_t>& counter, uint32_t limit, uint64_t reserved) {
  if (counter.fetch_add(1, std::memory_order_relaxed) < limit) {
    if (reserved == 0) return true;
    if (idle_bytes_.fetch_add(reserved, std::memory_order_relaxed) + reserved <= options_.idle_address_space) return true;
    idle_bytes_.fetch_sub(reserved, std::memory_order_relaxed);
  }
  counter.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Pool::uncount(std::atomic<uint32_t>& counter, uint64_t reserved) {
  counter.fetch_sub(1, std::memory_order_relaxed);
  if (reserved != 0) idle_bytes_.fetch_sub(reserved, std::memory_order_relaxed);
}

PoolStats Pool::stats() const {
  return {idle_instances_.load(std::memory_order_relaxed), idle_memories_.load(std::memory_order_relaxed),
          idle_stores_.load(std::memory_order_relaxed), idle_bytes_.load(std::memory_order_relaxed)};
}

MemorySlot Pool::take_memory(uint64_t reserved, bool guarded) {
  MemorySlot slot = memories_.take(
      [&](const MemorySlot& s) { return s.reserved() == reserved && s.guarded() == guarded; });
  if (slot.base()) {
    uncount(idle_memories_, reserved);
    return slot;
  }
  slot = MemorySlot::reserve(reserved, guarded);
  if (!slot.base() && idle_bytes_.load(std::memory_order_relaxed) != 0) {
    clear();
    slot = MemorySlot::reserve(reserved, guarded);
  }
  return slot;
}

void Pool::give_memory(MemorySlot slot) {
  if (!options_.enabled || slot.image() || !count(idle_memories_, options_.idle_memories, slot.reserved())) return;
  slot.reset(dirty_pages_, options_.keep_resident);
  memories_.give(std::move(slot));
}

std::unique_ptr<Recyclable> Pool::take_store() {
  std::unique_ptr<Recyclable> store = stores_.take([](const auto&) { return true; });
  if (store) uncount(idle_stores_, 0);
  return store;
}

void Pool::give_store(std::unique_ptr<Recyclable> store) {
  if (options_.enabled && count(idle_stores_, options_.idle_stores, 0)) stores_.give(std::move(store));
}

void Pool::add(IdleInstances& keeper) {
  const std::lock_guard lock(mutex_);
  keepers_.push_back(&keeper);
}

void Pool::remove(IdleInstances& keeper) {
  const std::lock_guard lock(mutex_);
  std::erase(keepers_, &keeper);
}

// Frees an idle instance of each keeper in turn, of `last` only if no other has one.
bool Pool::make_room(IdleInstances* last) {
  const std::lock_guard lock(mutex_);
  for (size_t k = 0; k < keepers_.size(); ++k) {
    IdleInstances* keeper = keepers_[next_victim_++ % keepers_.size()];
    if (keeper != last && keeper->drop_one()) return true;
  }
  return false;
}

bool Pool::admit(uint64_t reserved, IdleInstances& keeper) {
  if (!options_.enabled) return false;
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (count(idle_instances_, options_.idle_instances, reserved)) return true;
    if (!make_room(&keeper)) return false;
  }
  return false;
}

void Pool::leave(uint64_t reserved) { uncount(idle_instances_, reserved); }

void Pool::clear() {
  for (const MemorySlot& slot : memories_.take_all()) uncount(idle_memories_, slot.reserved());
  for (size_t n = stores_.take_all().size(); n > 0; --n) uncount(idle_stores_, 0);
  while (make_room(nullptr)) {
  }
}

}  // namespace skiff
