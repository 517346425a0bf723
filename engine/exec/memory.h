// LinearMemory: owner of a linear memory (Spec: syntax-meminst). Reserved once, never moved: `base` is an
// invariant of the instance. Guarded ones (Tunables::guard_pages, 32-bit address type, 64 KiB pages) reserve
// 4 GiB + 4 GiB of offsets so that every base + u32 index + u32 offset is inside the reservation: accesses
// need no check, the signal handler (signals.h) turns faults into traps. Others are checked against
// byte_length. The address range is a slot of the engine's pool, if there is one: where it has been used before, it
// is as empty as a fresh one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "engine/base/result.h"
#include "engine/exec/engine.h"
#include "engine/exec/memory_slot.h"
#include "engine/exec/vmctx.h"

namespace skiff {

class LinearMemory {
 public:
  /// Errors: OutOfMemory when the address space or the initial pages cannot be had.
  /// Checks only what the machine can do; store limits are Store::new_memory's.
  /// `image`: what it holds at first, for recycled instances. Requires with an image: within the minimum.
  static Result<std::shared_ptr<LinearMemory>> create(const MemoryType& type, const Tunables& tunables,
                                                      std::shared_ptr<Pool> pool = nullptr,
                                                      std::shared_ptr<const MemoryImage> image = nullptr);
  ~LinearMemory();
  LinearMemory(const LinearMemory&) = delete;

  MemoryInst* inst() { return &inst_; }
  const MemoryType& type() const { return type_; }
  bool guarded() const { return guarded_; }
  uint64_t page_size() const { return uint64_t{1} << type_.page_size_log2; }
  /// Units: pages.
  uint64_t pages() const { return inst_.byte_length.load(std::memory_order_acquire) >> type_.page_size_log2; }
  /// Spec: exec-memory.grow. Old size in pages, or ~0 when it cannot grow. Thread: any, if shared.
  uint64_t grow(uint64_t delta_pages);
  /// The accessible bytes now.
  std::span<uint8_t> bytes() {
    return {inst_.base, static_cast<size_t>(inst_.byte_length.load(std::memory_order_acquire))};
  }
  /// Called before growing when set: may refuse (store limits). Not for shared memories.
  std::function<bool(uint64_t new_bytes)> may_grow;

  // For recycled instances. Requires: not shared, made with a pool, nobody else uses it.
  /// Takes all that the guest has written.
  void end_life();
  /// Makes it what it was when it was created. False when the system refuses.
  [[nodiscard]] bool begin_life();
  /// Units: bytes of address space.
  uint64_t reserved() const { return slot_.reserved(); }

  /// True for memories of this type under these tunables; decides how code accesses them.
  static bool is_guarded(const MemoryType& type, const Tunables& tunables) {
    return tunables.guard_pages && type.address == AddressType::I32 && type.page_size_log2 == 16;
  }

 private:
  LinearMemory() = default;
  MemoryInst inst_;
  MemoryType type_;
  MemorySlot slot_;
  std::shared_ptr<Pool> pool_;         // where the slot goes
  bool guarded_ = false;
  uint64_t max_bytes_ = 0;             // what it can grow to
  std::mutex growing_;                 // shared memories only
};

}  // namespace skiff
