// Sizes of memories: everything is computed in saturating 64-bit arithmetic, so that no declared type,
// however hostile, can wrap around.
#include "engine/exec/memory.h"

#include <algorithm>

#include "engine/base/bits.h"
#include "engine/base/os_memory.h"
#include "engine/exec/pool.h"

namespace skiff {
namespace {

constexpr uint64_t kGuardedIndex = uint64_t{1} << 32;   // what a 32-bit index reaches
constexpr uint64_t kGuardedOffset = uint64_t{1} << 32;  // what a static offset adds
constexpr uint64_t kGuard = uint64_t{1} << 16;          // the access's own width, rounded up generously
constexpr uint64_t kGuardedReservation = kGuardedIndex + kGuardedOffset + kGuard;
// 64-bit memories are used for large data: they get 16 times the tunable.
constexpr unsigned kReservationFactorLog2 = 4;

uint64_t saturating_shift(uint64_t n, unsigned by) {
  return n > (~uint64_t{0} >> by) ? ~uint64_t{0} : n << by;
}

// Pages that the address type can ever name.
uint64_t address_space_pages(const MemoryType& type) {
  if (type.address == AddressType::I64) return ~uint64_t{0} >> type.page_size_log2;
  return type.page_size_log2 == 0 ? ~uint32_t{0} : uint64_t{1} << (32 - type.page_size_log2);
}

auto out_of_memory(uint64_t bytes) {
  return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex,
              "cannot have a linear memory of " + std::to_string(bytes) + " bytes");
}

}  // namespace

Result<std::shared_ptr<LinearMemory>> LinearMemory::create(const MemoryType& type, const Tunables& tunables,
                                                           std::shared_ptr<Pool> pool,
                                                           std::shared_ptr<const MemoryImage> image) {
  const unsigned shift = type.page_size_log2;
  const uint64_t max_pages =
      std::min(type.limits.max.value_or(~uint64_t{0}), address_space_pages(type));
  const uint64_t min_bytes = saturating_shift(type.limits.min, shift);
  const uint64_t max_bytes = saturating_shift(max_pages, shift);
  if (type.limits.min > max_pages || min_bytes == ~uint64_t{0}) return out_of_memory(min_bytes);

  std::shared_ptr<LinearMemory> memory(new LinearMemory);
  memory->type_ = type;
  memory->guarded_ = is_guarded(type, tunables);
  const uint64_t page = os_page_size();
  uint64_t want = kGuardedReservation;
  uint64_t least = want;
  if (!memory->guarded_) {
    const unsigned factor_log2 = type.address == AddressType::I64 ? kReservationFactorLog2 : 0;
    least = std::max(min_bytes, page);
    want = std::max(least, std::min(max_bytes, saturating_shift(tunables.memory_reservation, factor_log2)));
  }
  // A slot with an image never becomes one without.
  auto take = [&](uint64_t bytes) {
    return pool && !image ? pool->take_memory(bytes, memory->guarded_) : MemorySlot::reserve(bytes, memory->guarded_);
  };
  memory->slot_ = take(want);
  if (!memory->slot_.base() && pool) pool->clear();
  while (!memory->slot_.base() && want > least) {
    want = std::max(least, want / 2);
    memory->slot_ = take(want);
  }
  if (!memory->slot_.base()) return out_of_memory(min_bytes);
  memory->inst_.base = memory->slot_.base();
  memory->max_bytes_ = std::min(max_bytes, memory->guarded_ ? kGuardedIndex : want);
  if (image && !memory->slot_.map(std::move(image))) return out_of_memory(min_bytes);
  if (!memory->slot_.begin_life(min_bytes)) return out_of_memory(min_bytes);
  memory->inst_.byte_length.store(min_bytes, std::memory_order_release);
  memory->pool_ = std::move(pool);
  return memory;
}

LinearMemory::~LinearMemory() {
  if (pool_ && slot_.base()) pool_->give_memory(std::move(slot_));
}

void LinearMemory::end_life() { slot_.reset(pool_->dirty_pages(), pool_->options().keep_resident); }

bool LinearMemory::begin_life() {
  const uint64_t min_bytes = type_.limits.min << type_.page_size_log2;
  if (!slot_.begin_life(min_bytes)) return false;
  inst_.byte_length.store(min_bytes, std::memory_order_release);
  return true;
}

uint64_t LinearMemory::grow(uint64_t delta_pages) {
  std::unique_lock lock(growing_, std::defer_lock);
  if (type_.shared) lock.lock();
  const unsigned shift = type_.page_size_log2;
  const uint64_t old_bytes = inst_.byte_length.load(std::memory_order_relaxed);
  if (delta_pages > (max_bytes_ - old_bytes) >> shift) return ~uint64_t{0};
  const uint64_t new_bytes = old_bytes + (delta_pages << shift);
  if (delta_pages != 0) {
    if (may_grow && !may_grow(new_bytes)) return ~uint64_t{0};
    if (!slot_.commit(new_bytes)) return ~uint64_t{0};
    inst_.byte_length.store(new_bytes, std::memory_order_release);
  }
  return old_bytes >> shift;
}

}  // namespace skiff
