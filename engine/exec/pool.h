// Pool: what stores and instances leave behind for the next ones, of one engine: address ranges of memories, the inner
// parts of stores, whole instances (by their InstancePre, instance_pre.h). Nothing in it holds a guest's data.
//
// Everything is optional: an empty pool only means that things are made anew. What is idle is bounded (PoolOptions);
// what is beyond the bounds is freed. Lists are sharded by thread, so that threads seldom meet.
// Thread: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/exec/memory_slot.h"

namespace skiff {

/// Bounds of what is kept while it is not in use.
struct PoolOptions {
  bool enabled = true;
  uint32_t idle_instances = 512;                 // of all modules together
  uint32_t idle_memories = 32;                   // address ranges without an instance
  uint32_t idle_stores = 64;                     // inner parts of stores
  uint64_t idle_address_space = uint64_t{1} << 43;  // bytes, of idle memories and instances
  uint64_t keep_resident = uint64_t{1} << 20;    // written pages that each memory keeps, bytes
};

/// Things that are idle, in shards. Takes the most recent of the thread's own shard first.
template <class T>
class FreeLists {
 public:
  /// The first that `fits`, or an empty T.
  template <class Fits>
  T take(Fits fits) {
    const size_t own = own_shard();
    for (size_t k = 0; k < kShards; ++k) {
      Shard& shard = shards_[(own + k) % kShards];
      if (shard.count.load(std::memory_order_relaxed) == 0) continue;
      const std::lock_guard lock(shard.mutex);
      for (size_t i = shard.items.size(); i-- > 0;) {
        if (!fits(shard.items[i])) continue;
        T item = std::move(shard.items[i]);
        shard.items.erase(shard.items.begin() + static_cast<ptrdiff_t>(i));
        shard.count.store(shard.items.size(), std::memory_order_relaxed);
        return item;
      }
    }
    return T();
  }
  void give(T item) {
    Shard& shard = shards_[own_shard()];
    const std::lock_guard lock(shard.mutex);
    shard.items.push_back(std::move(item));
    shard.count.store(shard.items.size(), std::memory_order_relaxed);
  }
  /// All of them.
  std::vector<T> take_all() {
    std::vector<T> all;
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      for (T& item : shard.items) all.push_back(std::move(item));
      shard.items.clear();
      shard.count.store(0, std::memory_order_relaxed);
    }
    return all;
  }

 private:
  static constexpr size_t kShards = 8;
  struct alignas(64) Shard {
    std::mutex mutex;
    std::atomic<size_t> count{0};      // of items, to look at without the lock
    std::vector<T> items;
  };
  // The address of a thread's own variable is as good as a number of the thread.
  static size_t own_shard() {
    static thread_local char here;
    const auto address = reinterpret_cast<uintptr_t>(&here);
    return (address >> 6 ^ address >> 12 ^ address >> 18 ^ address >> 24) % kShards;
  }

  std::array<Shard, kShards> shards_;
};

/// Something that a pool keeps without knowing what it is.
class Recyclable {
 public:
  virtual ~Recyclable() = default;
};

/// Who keeps idle instances, for the pool to ask for some back.
class IdleInstances {
 public:
  virtual ~IdleInstances() = default;
  /// Frees one that is idle. False: there is none.
  virtual bool drop_one() = 0;
};

/// What is idle now.
struct PoolStats {
  uint32_t idle_instances = 0;
  uint32_t idle_memories = 0;
  uint32_t idle_stores = 0;
  uint64_t idle_address_space = 0;
};

class Pool {
 public:
  explicit Pool(const PoolOptions& options) : options_(options) {}
  ~Pool() { clear(); }
  Pool(const Pool&) = delete;
  const PoolOptions& options() const { return options_; }
  DirtyPages& dirty_pages() { return dirty_pages_; }
  PoolStats stats() const;

  /// An address range for a memory, empty where the machine has none left.
  MemorySlot take_memory(uint64_t reserved, bool guarded);
  /// Resets it and keeps it, or frees it.
  void give_memory(MemorySlot slot);

  /// Null: there is none.
  std::unique_ptr<Recyclable> take_store();
  void give_store(std::unique_ptr<Recyclable> store);

  // For InstancePre.
  void add(IdleInstances& keeper);
  void remove(IdleInstances& keeper);
  /// May another instance become idle? If so it counts as such, and others may have been freed for it.
  bool admit(uint64_t reserved, IdleInstances& keeper);
  /// It is no longer idle.
  void leave(uint64_t reserved);

  /// Frees all that is idle.
  void clear();

 private:
  bool count(std::atomic<uint32_t>& counter, uint32_t limit, uint64_t reserved);
  void uncount(std::atomic<uint32_t>& counter, uint64_t reserved);
  bool make_room(IdleInstances* last);

  const PoolOptions options_;
  DirtyPages dirty_pages_;
  FreeLists<MemorySlot> memories_;
  FreeLists<std::unique_ptr<Recyclable>> stores_;
  std::atomic<uint32_t> idle_instances_{0};
  std::atomic<uint32_t> idle_memories_{0};
  std::atomic<uint32_t> idle_stores_{0};
  std::atomic<uint64_t> idle_bytes_{0};          // of address space
  std::mutex mutex_;
  std::vector<IdleInstances*> keepers_;
  size_t next_victim_ = 0;
};

}  // namespace skiff
