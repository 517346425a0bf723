// Bodies of handlers: loads, stores, atomics, memory.* and table.*.
//
// Loads and stores of memory 0 with 32-bit addresses: destination (loads), address, value (stores), offset.
// Everything else names its memory: destination, address slot, value slot, memory | kAddress64, offset in two
// words. Trapping order in a checked access: bounds first, then nothing is written. Stores reach memory whole
// or not at all: x86-64 sees to that in hardware; elsewhere a load of the same bytes comes first.
#pragma once

#include "engine/base/bits.h"
#include "engine/interp/regs.h"

namespace skiff::interp {
namespace {

typedef uint64_t Lanes128 __attribute__((vector_size(16)));
typedef uint64_t Raw128 __attribute__((vector_size(16), aligned(1), may_alias));

/// Reads raw memory; may fault.
template <class Raw>
SKIFF_INLINE Raw raw_load(const uint8_t* p) {
  if constexpr (sizeof(Raw) == 16) {
    const Lanes128 value = *reinterpret_cast<const volatile Raw128*>(p);
    return std::bit_cast<Raw>(value);
  } else {
    using Bits =
        std::conditional_t<sizeof(Raw) == 8, uint64_t,
                           std::conditional_t<sizeof(Raw) == 4, uint32_t,
                                              std::conditional_t<sizeof(Raw) == 2, uint16_t, uint8_t>>>;
    return std::bit_cast<Raw>(static_cast<Bits>(reinterpret_cast<const volatile Unaligned<Bits>*>(p)->value));
  }
}

/// Writes raw memory; may fault, and then has written nothing.
template <class Raw>
SKIFF_INLINE void raw_store(uint8_t* p, Raw value) {
#if !defined(__x86_64__)
  if constexpr (sizeof(Raw) > 1) static_cast<void>(raw_load<Raw>(p));
#endif
  if constexpr (sizeof(Raw) == 16) {
    *reinterpret_cast<volatile Raw128*>(p) = std::bit_cast<Lanes128>(value);
  } else {
    using Bits =
        std::conditional_t<sizeof(Raw) == 8, uint64_t,
                           std::conditional_t<sizeof(Raw) == 4, uint32_t,
                                              std::conditional_t<sizeof(Raw) == 2, uint16_t, uint8_t>>>;
    reinterpret_cast<volatile Unaligned<Bits>*>(p)->value = std::bit_cast<Bits>(value);
  }
}

/// Memory 0 at `address` + the offset in `offset_word`, or null after a trap.
template <Mem M>
SKIFF_INLINE uint8_t* locate(Regs& r, uint32_t address, uint32_t offset_word, uint32_t size) {
  const uint64_t effective = uint64_t{address} + r.pc[offset_word];
  if constexpr (M == Mem::Guarded) {
    *const_cast<volatile Pc*>(&r.act->fault_pc) = r.pc;
  } else if (effective + size > r.ctx->memory0->byte_length.load(std::memory_order_relaxed)) [[unlikely]] {
    trap(r, TrapCode::MemoryOutOfBounds);
    return nullptr;
  }
  return r.mem + effective;
}

/// An operand that is an address: 32 or 64 bits by the flag in `memory_word`, plus the offset after it.
/// ~0 when the sum does not fit.
SKIFF_INLINE uint64_t effective_address(Regs& r, uint32_t address_word, uint32_t memory_word) {
  const Slot* s = slot_at(r, address_word);
  const uint64_t address = r.pc[memory_word] & kAddress64 ? s->u64 : s->u32;
  uint64_t effective;
  if (__builtin_add_overflow(address, immediate<uint64_t>(r.pc + memory_word + 1), &effective))
    return ~uint64_t{0};
  return effective;
}

/// The same as a checked pointer into the memory that is named in `memory_word`, or null after a trap.
SKIFF_INLINE uint8_t* locate_general(Regs& r, uint32_t address_word, uint32_t memory_word, uint32_t size,
                                     bool aligned = false) {
  MemoryInst* memory = r.ctx->memories[r.pc[memory_word] & ~kAddress64];
  const uint64_t effective = effective_address(r, address_word, memory_word);
  // An address that does not fit is aligned or not as the sum's low bits say.
  const uint64_t low = slot_at(r, address_word)->u32 + r.pc[memory_word + 1];
  if (aligned && low % size != 0) {
    trap(r, TrapCode::UnalignedAtomic);
    return nullptr;
  }
  if (!in_bounds(effective, size, memory->byte_length.load(std::memory_order_relaxed))) [[unlikely]] {
    trap(r, TrapCode::MemoryOutOfBounds);
    return nullptr;
  }
  return memory->base + effective;
}

template <auto F, Mem M, Src Address, Dst To>
SKIFF_BODY load(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::template Param<0>>;
  uint8_t* p;
  if constexpr (M == Mem::General)
    p = locate_general(r, 3, 4, sizeof(Raw));
  else
    p = locate<M>(r, get<uint32_t, Address>(r, 3), 4, sizeof(Raw));
  if constexpr (M != Mem::Guarded)
    if (!p) [[unlikely]]
      return;
  set<To>(r, F(raw_load<Raw>(p)));
  r.pc += M == Mem::General ? 7 : 5;
}

template <auto F, Mem M, Src Address, Src Value>
SKIFF_BODY store(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::Result>;
  using T = std::remove_cvref_t<typename num::Fn<F>::template Param<0>>;
  if constexpr (M == Mem::General) {
    uint8_t* p = locate_general(r, 2, 4, sizeof(Raw));
    if (!p) [[unlikely]]
      return;
    raw_store<Raw>(p, F(get<T, Value>(r, 3)));
    r.pc += 7;
  } else {
    uint8_t* p = locate<M>(r, get<uint32_t, Address>(r, 2), 3, sizeof(Raw));
    if constexpr (M != Mem::Guarded)
      if (!p) [[unlikely]]
        return;
    raw_store<Raw>(p, F(get<T, Value>(r, 4)));
    r.pc += 4 + (Value == Src::I ? kWords<T> : 1);
  }
}

template <auto F, Mem M>
SKIFF_BODY vector_load(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::template Param<0>>;
  uint8_t* p;
  if constexpr (M == Mem::General)
    p = locate_general(r, 3, 4, sizeof(Raw));
  else
    p = locate<M>(r, get<uint32_t, Src::S>(r, 3), 4, sizeof(Raw));
  if constexpr (M != Mem::Guarded)
    if (!p) [[unlikely]]
      return;
  put_slot(slot_at(r, 2), F(raw_load<Raw>(p)));
  r.pc += M == Mem::General ? 7 : 5;
}

template <auto F, Mem M>
SKIFF_BODY vector_store(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::Result>;
  uint8_t* p;
  if constexpr (M == Mem::General)
    p = locate_general(r, 2, 4, sizeof(Raw));
  else
    p = locate<M>(r, get<uint32_t, Src::S>(r, 2), 3, sizeof(Raw));
  if constexpr (M != Mem::Guarded)
    if (!p) [[unlikely]]
      return;
  raw_store<Raw>(p, F(read_slot<V128>(slot_at(r, M == Mem::General ? 3 : 4))));
  r.pc += M == Mem::General ? 7 : 5;
}

// Lane accesses: destination, address, vector, memory, offset, lane; and the same without destination.

template <auto F>
SKIFF_BODY load_lane(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::template Param<0>>;
  uint8_t* p = locate_general(r, 3, 5, sizeof(Raw));
  if (!p) [[unlikely]]
    return;
  put_slot(slot_at(r, 2), F(raw_load<Raw>(p), read_slot<V128>(slot_at(r, 4)), static_cast<uint8_t>(r.pc[8])));
  r.pc += 9;
}

template <auto F>
SKIFF_BODY store_lane(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::Result>;
  uint8_t* p = locate_general(r, 2, 4, sizeof(Raw));
  if (!p) [[unlikely]]
    return;
  raw_store<Raw>(p, F(read_slot<V128>(slot_at(r, 3)), static_cast<uint8_t>(r.pc[7])));
  r.pc += 8;
}

// Atomics. Spec: threads. Sequentially consistent; alignment is checked before bounds.

template <auto F>
SKIFF_BODY atomic_load(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::template Param<0>>;
  uint8_t* p = locate_general(r, 3, 4, sizeof(Raw), true);
  if (!p) [[unlikely]]
    return;
  put_slot(slot_at(r, 2), F(__atomic_load_n(reinterpret_cast<Raw*>(p), __ATOMIC_SEQ_CST)));
  r.pc += 7;
}

template <auto F>
SKIFF_BODY atomic_store(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::Result>;
  using T = std::remove_cvref_t<typename num::Fn<F>::template Param<0>>;
  uint8_t* p = locate_general(r, 2, 4, sizeof(Raw), true);
  if (!p) [[unlikely]]
    return;
  __atomic_store_n(reinterpret_cast<Raw*>(p), F(read_slot<T>(slot_at(r, 3))), __ATOMIC_SEQ_CST);
  r.pc += 7;
}

/// Replaces the raw value at p by update(old); returns the old value.
template <class Raw, class Update>
SKIFF_INLINE Raw atomic_update(uint8_t* p, Update update) {
  auto* cell = reinterpret_cast<Raw*>(p);
  Raw old = __atomic_load_n(cell, __ATOMIC_SEQ_CST);
  while (!__atomic_compare_exchange_n(cell, &old, update(old), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  return old;
}

template <auto F>
SKIFF_BODY atomic_rmw(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::Result>;
  using T = std::remove_cvref_t<typename num::Fn<F>::template Param<1>>;
  uint8_t* p = locate_general(r, 3, 5, sizeof(Raw), true);
  if (!p) [[unlikely]]
    return;
  const T operand = read_slot<T>(slot_at(r, 4));
  const Raw old = atomic_update<Raw>(p, [&](Raw value) { return F(value, operand); });
  put_slot(slot_at(r, 2), num::zero_extended<T>(old));
  r.pc += 8;
}

template <auto F>
SKIFF_BODY atomic_cmpxchg(Regs& r) {
  using Raw = std::remove_cvref_t<typename num::Fn<F>::Result>;
  using T = std::remove_cvref_t<typename num::Fn<F>::template Param<1>>;
  uint8_t* p = locate_general(r, 3, 6, sizeof(Raw), true);
  if (!p) [[unlikely]]
    return;
  const T expected = read_slot<T>(slot_at(r, 4));
  const T replacement = read_slot<T>(slot_at(r, 5));
  const Raw old = atomic_update<Raw>(p, [&](Raw value) { return F(value, expected, replacement); });
  put_slot(slot_at(r, 2), num::zero_extended<T>(old));
  r.pc += 9;
}

SKIFF_BODY atomic_fence(Regs& r) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  r.pc += 2;
}

SKIFF_BODY atomic_notify(Regs& r) {
  uint32_t woken = 0;
  const TrapCode code = libcall::atomic_notify(r.ctx, r.pc[5] & ~kAddress64, effective_address(r, 3, 5),
                                               slot_at(r, 4)->u32, woken);
  if (code == TrapCode::None) slot_at(r, 2)->u64 = woken;
  next_or_trap(r, code, 8);
}

template <Op Width>
SKIFF_BODY atomic_wait(Regs& r) {
  uint32_t out = 0;
  const uint64_t address = effective_address(r, 3, 6);
  const uint32_t memory = r.pc[6] & ~kAddress64;
  const int64_t timeout = slot_at(r, 5)->i64;
  const TrapCode code =
      Width == Op::MemoryAtomicWait32
          ? libcall::atomic_wait32(r.ctx, memory, address, slot_at(r, 4)->u32, timeout, out)
          : libcall::atomic_wait64(r.ctx, memory, address, slot_at(r, 4)->u64, timeout, out);
  if (code == TrapCode::None) slot_at(r, 2)->u64 = out;
  next_or_trap(r, code, 9);
}

// Bulk operators: the slot of the first of their operands, which are in consecutive slots and where the
// result goes; immediates; then flags that say which of the operands are 64 bits wide.

/// Operand i of those at word 2, widened.
SKIFF_INLINE uint64_t wide_operand(Regs& r, uint32_t i, uint32_t flags_word) {
  const Slot* s = slot_at(r, 2) + i;
  return r.pc[flags_word] >> i & 1 ? s->u64 : s->u32;
}

/// -1 in the width of an address type.
SKIFF_INLINE void put_address(Slot* s, uint64_t value, bool is_64) {
  s->u64 = is_64 ? value : static_cast<uint32_t>(value);
}

SKIFF_BODY memory_size(Regs& r) {
  const MemoryInst* memory = r.ctx->memories[r.pc[3]];
  slot_at(r, 2)->u64 = memory->byte_length.load(std::memory_order_acquire) >> r.pc[4];
  r.pc += 5;
}

SKIFF_BODY memory_grow(Regs& r) {
  const uint64_t old = libcall::memory_grow(r.ctx, r.pc[3], wide_operand(r, 0, 4));
  put_address(slot_at(r, 2), old, r.pc[4] & 1);
  r.pc += 5;
}

SKIFF_BODY memory_fill(Regs& r) {
  const auto value = static_cast<uint8_t>((slot_at(r, 2) + 1)->u32);
  next_or_trap(r, libcall::memory_fill(r.ctx, r.pc[3], wide_operand(r, 0, 4), value, wide_operand(r, 2, 4)),
               5);
}

SKIFF_BODY memory_copy(Regs& r) {
  next_or_trap(r,
               libcall::memory_copy(r.ctx, r.pc[3], r.pc[4], wide_operand(r, 0, 5), wide_operand(r, 1, 5),
                                    wide_operand(r, 2, 5)),
               6);
}

SKIFF_BODY memory_init(Regs& r) {
  next_or_trap(r,
               libcall::memory_init(r.ctx, r.pc[3], r.pc[4], wide_operand(r, 0, 5), wide_operand(r, 1, 5),
                                    wide_operand(r, 2, 5)),
               6);
}

SKIFF_BODY data_drop(Regs& r) {
  libcall::data_drop(r.ctx, r.pc[2]);
  r.pc += 3;
}

SKIFF_BODY table_get(Regs& r) {
  Ref out = kNullRef;
  const TrapCode code = libcall::table_get(r.ctx, r.pc[3], wide_operand(r, 0, 4), out);
  if (code == TrapCode::None) slot_at(r, 2)->u64 = out;
  next_or_trap(r, code, 5);
}

SKIFF_BODY table_set(Regs& r) {
  next_or_trap(r, libcall::table_set(r.ctx, r.pc[3], wide_operand(r, 0, 4), (slot_at(r, 2) + 1)->ref), 5);
}

SKIFF_BODY table_size(Regs& r) {
  slot_at(r, 2)->u64 = r.ctx->tables[r.pc[3]]->length;
  r.pc += 4;
}

SKIFF_BODY table_grow(Regs& r) {
  const uint64_t old = libcall::table_grow(r.ctx, r.pc[3], slot_at(r, 2)->ref, wide_operand(r, 1, 4));
  put_address(slot_at(r, 2), old, r.pc[4] >> 1 & 1);
  r.pc += 5;
}

SKIFF_BODY table_fill(Regs& r) {
  next_or_trap(r,
               libcall::table_fill(r.ctx, r.pc[3], wide_operand(r, 0, 4), (slot_at(r, 2) + 1)->ref,
                                   wide_operand(r, 2, 4)),
               5);
}

SKIFF_BODY table_copy(Regs& r) {
  next_or_trap(r,
               libcall::table_copy(r.ctx, r.pc[3], r.pc[4], wide_operand(r, 0, 5), wide_operand(r, 1, 5),
                                   wide_operand(r, 2, 5)),
               6);
}

SKIFF_BODY table_init(Regs& r) {
  next_or_trap(r,
               libcall::table_init(r.ctx, r.pc[3], r.pc[4], wide_operand(r, 0, 5), wide_operand(r, 1, 5),
                                   wide_operand(r, 2, 5)),
               6);
}

SKIFF_BODY elem_drop(Regs& r) {
  libcall::elem_drop(r.ctx, r.pc[2]);
  r.pc += 3;
}

}  // namespace
}  // namespace skiff::interp
