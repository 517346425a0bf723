// What a handler works on: the registers of the interpreter, and how operands are read and results written.
// Included by dispatch.cc only. Bodies of handlers are functions of Regs that are always inlined, so that one
// body serves both kinds of dispatch (dispatch.cc); they end with pc at the next instruction.
//
// Memory accesses go through `raw`, which the optimiser may neither move nor split: a fault in a guarded
// memory must find act->fault_pc written and, for a store, nothing else written.
#pragma once

#include <bit>
#include <type_traits>

#include "engine/base/bits.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/semantics.h"
#include "engine/interp/activation.h"
#include "engine/interp/code.h"

// Guests' memory is none of the sanitizers' business: races there are the guest's, and faults are traps.
#define SKIFF_UNSANITIZED __attribute__((no_sanitize("address", "undefined", "thread")))
#define SKIFF_INLINE __attribute__((always_inline)) SKIFF_UNSANITIZED inline
#define SKIFF_BODY SKIFF_INLINE void

namespace skiff::interp {

struct Regs {
  Pc pc;
  Slot* fp;
  Activation* act;
  VmCtx* ctx;
  uint8_t* mem;  // base of memory 0
  uint64_t acc;
  FloatAcc facc;
};

namespace {

template <class T>
struct [[gnu::packed, gnu::may_alias]] Unaligned {
  T value;
};

/// A value of type T in the code.
template <class T>
SKIFF_INLINE T immediate(const Word* at) {
  if constexpr (std::is_class_v<T>)
    return load_unaligned<T>(at);
  else
    return reinterpret_cast<const Unaligned<std::conditional_t<std::is_class_v<T>, Word, T>>*>(at)->value;
}
template <class T>
inline constexpr uint32_t kWords = sizeof(T) <= 4 ? 1 : sizeof(T) / 4;

SKIFF_INLINE Slot* slot_at(Regs& r, uint32_t word) { return r.fp + static_cast<int32_t>(r.pc[word]); }

// Floats in the float accumulator: lane 0.
template <class T>
SKIFF_INLINE T from_facc(FloatAcc acc) {
#if SKIFF_VECTOR_ACC
  if constexpr (sizeof(T) == 4)
    return acc[0];
  else
    return ((DoubleLanes)acc)[0];
#else
  if constexpr (sizeof(T) == 4)
    return std::bit_cast<float>(static_cast<uint32_t>(std::bit_cast<uint64_t>(acc)));
  else
    return acc;
#endif
}
template <class T>
SKIFF_INLINE FloatAcc to_facc(T value) {
#if SKIFF_VECTOR_ACC
  // The other lanes are of no interest: clang need not clear them.
#if defined(__clang__)
  if constexpr (sizeof(T) == 4)
    return __builtin_shufflevector(FloatAcc{value}, FloatAcc{}, 0, -1, -1, -1);
  else
    return (FloatAcc)__builtin_shufflevector(DoubleLanes{value}, DoubleLanes{}, 0, -1);
#else
  if constexpr (sizeof(T) == 4)
    return FloatAcc{value};
  else
    return (FloatAcc)DoubleLanes{value};
#endif
#else
  if constexpr (sizeof(T) == 4)
    return std::bit_cast<double>(uint64_t{std::bit_cast<uint32_t>(value)});
  else
    return value;
#endif
}
SKIFF_INLINE uint64_t facc_bits(FloatAcc acc) {
#if SKIFF_VECTOR_ACC
  return ((BitLanes)acc)[0];
#else
  return std::bit_cast<uint64_t>(acc);
#endif
}

template <class T>
SKIFF_INLINE T read_slot(const Slot* s) {
  if constexpr (std::is_same_v<T, V128>)
    return load_v128(s);
  else if constexpr (std::is_same_v<T, float>)
    return s->f32;
  else if constexpr (std::is_same_v<T, double>)
    return s->f64;
  else if constexpr (sizeof(T) == 8)
    return s->u64;
  else
    return s->u32;
}

/// The operand of type T that word `word` describes.
template <class T, Src From>
SKIFF_INLINE T get(Regs& r, uint32_t word) {
  if constexpr (From == Src::S)
    return read_slot<T>(slot_at(r, word));
  else if constexpr (From == Src::I)
    return immediate<T>(r.pc + word);
  else if constexpr (std::is_floating_point_v<T>)
    return from_facc<T>(r.facc);
  else
    return static_cast<T>(r.acc);
}

/// Writes a result to the accumulator of its type and, if To is S, to the slot in word 2.
template <Dst To, class T>
SKIFF_INLINE void set(Regs& r, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    r.facc = to_facc(value);
    if constexpr (To == Dst::S) slot_at(r, 2)->u64 = facc_bits(r.facc);
  } else {
    r.acc = value;
    if constexpr (To == Dst::S) slot_at(r, 2)->u64 = r.acc;
  }
}

/// Writes a result to a slot only.
template <class T>
SKIFF_INLINE void put_slot(Slot* s, T value) {
  if constexpr (std::is_same_v<T, V128>)
    store_v128(s, value);
  else if constexpr (std::is_same_v<T, float>)
    s->u64 = std::bit_cast<uint32_t>(value);
  else if constexpr (std::is_same_v<T, double>)
    s->f64 = value;
  else
    s->u64 = value;
}

/// Ends the instruction with a trap.
SKIFF_INLINE void trap(Regs& r, TrapCode code) {
  r.act->fault_pc = r.pc;
  r.act->trap_code = code;
  r.pc = kRaise.words();
}

/// Goes on after an instruction of n words, or traps.
SKIFF_INLINE void next_or_trap(Regs& r, TrapCode code, uint32_t n) {
  if (code == TrapCode::None) [[likely]]
    r.pc += n;
  else
    trap(r, code);
}

/// Takes the branch in word 2.
template <bool Back>
SKIFF_INLINE void take_branch(Regs& r) {
  if constexpr (Back) {
    if (r.ctx->vm_store->interrupt.load(std::memory_order_relaxed)) [[unlikely]]
      return trap(r, TrapCode::Interrupted);
  }
  r.pc += static_cast<int32_t>(r.pc[2]);
}

}  // namespace
}  // namespace skiff::interp
