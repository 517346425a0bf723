// Bodies of handlers: branches, moves, variables, calls, exceptions.
#pragma once

#include "engine/interp/regs.h"

namespace skiff::interp {
namespace {

template <bool Back>
SKIFF_BODY branch(Regs& r) {
  take_branch<Back>(r);
}

/// Slot of the index, number of targets without the default, offsets (each relative to its own word).
template <Src Index>
SKIFF_BODY branch_table(Regs& r) {
  if (r.ctx->vm_store->interrupt.load(std::memory_order_relaxed)) [[unlikely]]
    return trap(r, TrapCode::Interrupted);
  const uint32_t index = get<uint32_t, Index>(r, 2);
  const uint32_t count = r.pc[3];
  const Pc entry = r.pc + 4 + (index < count ? index : count);
  r.pc = entry - 2 + static_cast<int32_t>(*entry);
}

/// Offset, reference, target type. When the reference matches (or does not) the branch is taken.
template <bool OnMatch, bool Back>
SKIFF_BODY branch_on_cast(Regs& r) {
  const bool match = libcall::ref_test(r.ctx, slot_at(r, 3)->ref, std::bit_cast<ValType>(r.pc[4]));
  if (match == OnMatch)
    take_branch<Back>(r);
  else
    r.pc += 5;
}

/// Cost. Leaves accumulators as they are.
SKIFF_BODY charge_fuel(Regs& r) {
  int64_t& fuel = r.ctx->vm_store->fuel;
  fuel -= r.pc[2];
  if (fuel < 0) [[unlikely]]
    return trap(r, TrapCode::OutOfFuel);
  r.pc += 3;
}

SKIFF_BODY unreachable(Regs& r) { trap(r, TrapCode::Unreachable); }

SKIFF_BODY copy(Regs& r) {
  *slot_at(r, 2) = *slot_at(r, 3);
  r.pc += 4;
}
SKIFF_BODY copy_pair(Regs& r) {
  store_v128(slot_at(r, 2), load_v128(slot_at(r, 3)));
  r.pc += 4;
}
/// Destination, source, number of slots. The destination is lower.
SKIFF_BODY copy_many(Regs& r) {
  Slot* to = slot_at(r, 2);
  const Slot* from = slot_at(r, 3);
  for (uint32_t i = 0; i < r.pc[4]; ++i) to[i] = from[i];
  r.pc += 5;
}
SKIFF_BODY set_const(Regs& r) {
  slot_at(r, 2)->u64 = immediate<uint64_t>(r.pc + 3);
  r.pc += 5;
}
SKIFF_BODY set_const128(Regs& r) {
  store_v128(slot_at(r, 2), immediate<V128>(r.pc + 3));
  r.pc += 7;
}
SKIFF_BODY set_acc(Regs& r) {
  slot_at(r, 2)->u64 = r.acc;
  r.pc += 3;
}
SKIFF_BODY set_float_acc(Regs& r) {
  slot_at(r, 2)->u64 = facc_bits(r.facc);
  r.pc += 3;
}

/// Destination, first, second, condition.
template <Src Condition, Dst To>
SKIFF_BODY select_word(Regs& r) {
  const uint64_t a = slot_at(r, 3)->u64;
  const uint64_t b = slot_at(r, 4)->u64;
  set<To>(r, get<uint32_t, Condition>(r, 5) != 0 ? a : b);
  r.pc += 6;
}
SKIFF_BODY select128(Regs& r) {
  store_v128(slot_at(r, 2), load_v128(slot_at(r, 5)->u32 ? slot_at(r, 3) : slot_at(r, 4)));
  r.pc += 6;
}

template <class T, Dst To>
SKIFF_BODY global_get(Regs& r) {
  set<To>(r, read_slot<T>(r.ctx->globals[r.pc[3]]->slots));
  r.pc += 4;
}
SKIFF_BODY global_get128(Regs& r) {
  store_v128(slot_at(r, 2), load_v128(r.ctx->globals[r.pc[3]]->slots));
  r.pc += 4;
}
/// Global, value.
template <class T, Src From>
SKIFF_BODY global_set(Regs& r) {
  if constexpr (std::is_same_v<T, double>)
    r.ctx->globals[r.pc[2]]->slots[0].u64 = facc_bits(r.facc);
  else
    r.ctx->globals[r.pc[2]]->slots[0].u64 = get<T, From>(r, 3);
  r.pc += 4;
}
SKIFF_BODY global_set128(Regs& r) {
  store_v128(r.ctx->globals[r.pc[2]]->slots, load_v128(slot_at(r, 3)));
  r.pc += 4;
}

// Calls.

/// True when a frame of `code` at `fp` fits and nobody asks for interruption; else a trap, with the registers
/// as before.
SKIFF_INLINE bool may_enter(Regs& r, const FuncCode* code, const Slot* fp) {
  if (fp + code->frame_slots > r.act->limit) [[unlikely]]
    return trap(r, TrapCode::StackExhausted), false;
  if (r.ctx->vm_store->interrupt.load(std::memory_order_relaxed)) [[unlikely]]
    return trap(r, TrapCode::Interrupted), false;
  return true;
}

/// Makes `fp` the frame of `func` and goes to its code.
SKIFF_INLINE void enter(Regs& r, const LazyFunc* func, const FuncCode* code, Slot* fp,
                        const FrameHeader& header) {
  header_of(fp) = header;
  auto* locals = fp + kHeaderSlots;
  for (uint32_t n = code->zero_pairs; n != 0; --n, locals += 2) {
    store_v128(locals, V128{});
    asm volatile("");  // few, mostly: a call of memset would cost more
  }
  r.fp = r.act->fp = fp;
  r.pc = code->entry;
}

SKIFF_INLINE void enter_context(Regs& r, VmCtx* ctx) {
  r.ctx = ctx;
  r.mem = ctx->memory0_base;
}

/// Goes back to the caller of a frame that had this header.
SKIFF_INLINE void leave(Regs& r, uintptr_t ret, Slot* caller) {
  r.fp = r.act->fp = caller;
  if (ret & 1) [[unlikely]] {
    ret &= ~uintptr_t{1};
    enter_context(r, header_of(caller).ctx);
  }
  r.pc = reinterpret_cast<Pc>(ret);
}

/// The accumulators as after a call of our own: the first result.
SKIFF_INLINE void load_accumulators(Regs& r, const Slot* s) {
  r.acc = s->u64;
  r.facc = to_facc(s->f64);
}

/// Calls a function of the host or another tier, by an instruction of n words. False when it did not end
/// well.
SKIFF_INLINE bool call_foreign(Regs& r, FuncInst* func, Slot* args) {
  const Outcome outcome = func->call(func, r.ctx, args);
  if (outcome == Outcome::Ok) [[likely]]
    return load_accumulators(r, args), true;
  r.act->outcome = outcome;
  return trap(r, TrapCode::None), false;
}

/// Calls any function with its arguments from `args`, by an instruction of n words.
SKIFF_INLINE void call_func(Regs& r, FuncInst* func, Slot* args, uint32_t n) {
  if (func->call != interp_call) {
    if (call_foreign(r, func, args)) r.pc += n;
    return;
  }
  const auto* lazy = static_cast<const LazyFunc*>(func->code);
  const FuncCode* code = lazy->code.load(std::memory_order_acquire);
  Slot* fp = args + lazy->param_slots;
  if (!may_enter(r, code, fp)) [[unlikely]]
    return;
  const bool other = func->ctx != r.ctx;
  enter(r, lazy, code, fp, {reinterpret_cast<uintptr_t>(r.pc + n) | other, r.fp, lazy, func->ctx});
  if (other) enter_context(r, func->ctx);
}

/// Replaces this frame by that of `func`, whose arguments are at `args`.
SKIFF_INLINE void tail_call_func(Regs& r, FuncInst* func, Slot* args) {
  const FrameHeader header = header_of(r.fp);
  Slot* base = r.fp - header.func->param_slots;
  if (func->call != interp_call) {
    if (!call_foreign(r, func, args)) {
      // This frame is gone as far as handlers and traces are concerned.
      r.act->fault_pc = reinterpret_cast<Pc>(header.ret & ~uintptr_t{1}) - 1;
      r.act->fp = header.caller;
      return;
    }
    for (uint32_t i = 0; i < header.func->result_slots; ++i) base[i] = args[i];
    return leave(r, header.ret, header.caller);
  }
  const auto* lazy = static_cast<const LazyFunc*>(func->code);
  const FuncCode* code = lazy->code.load(std::memory_order_acquire);
  Slot* fp = base + lazy->param_slots;
  if (!may_enter(r, code, fp)) [[unlikely]]
    return;
  for (uint32_t i = 0; i < lazy->param_slots; ++i) base[i] = args[i];
  const bool other = func->ctx != r.ctx;
  // The first frame of an activation returns to no context.
  enter(r, lazy, code, fp, {header.ret | (other && header.caller), header.caller, lazy, func->ctx});
  if (other) enter_context(r, func->ctx);
}

/// New frame relative to this one, function.
SKIFF_BODY call(Regs& r) {
  const auto* lazy = immediate<const LazyFunc*>(r.pc + 3);
  const FuncCode* code = lazy->code.load(std::memory_order_acquire);
  Slot* fp = slot_at(r, 2);
  if (may_enter(r, code, fp)) [[likely]]
    enter(r, lazy, code, fp, {reinterpret_cast<uintptr_t>(r.pc + 5), r.fp, lazy, r.ctx});
}

/// First argument, function index.
SKIFF_BODY call_import(Regs& r) { call_func(r, r.ctx->funcs[r.pc[3]], slot_at(r, 2), 4); }

/// The function that a call_indirect with table, type, index (a slot, 64 bits if the flag says so) in words 3
/// to 6 calls, or null after a trap.
SKIFF_INLINE FuncInst* resolve(Regs& r) {
  const Slot* s = slot_at(r, 5);
  const uint64_t index = r.pc[6] ? s->u64 : s->u32;
  const TableInst& table = *r.ctx->tables[r.pc[3]];
  if (index < table.length) [[likely]] {
    auto* func = reinterpret_cast<FuncInst*>(table.elems[index]);
    if (func && func->type_id == r.pc[4]) [[likely]]
      return func;
  }
  FuncInst* func = nullptr;
  const TrapCode code = libcall::resolve_indirect(r.ctx, r.pc[3], r.pc[4], index, func);
  if (code != TrapCode::None) return trap(r, code), nullptr;
  return func;
}

SKIFF_BODY call_indirect(Regs& r) {
  if (FuncInst* func = resolve(r)) call_func(r, func, slot_at(r, 2), 7);
}

/// First argument, reference.
SKIFF_BODY call_ref(Regs& r) {
  auto* func = reinterpret_cast<FuncInst*>(slot_at(r, 3)->ref);
  if (!func) [[unlikely]]
    return trap(r, TrapCode::NullFunctionReference);
  call_func(r, func, slot_at(r, 2), 4);
}

// Tail calls: operands as for calls, return_call as call_import.

SKIFF_BODY return_call(Regs& r) { tail_call_func(r, r.ctx->funcs[r.pc[3]], slot_at(r, 2)); }
SKIFF_BODY return_call_indirect(Regs& r) {
  if (FuncInst* func = resolve(r)) tail_call_func(r, func, slot_at(r, 2));
}
SKIFF_BODY return_call_ref(Regs& r) {
  auto* func = reinterpret_cast<FuncInst*>(slot_at(r, 3)->ref);
  if (!func) [[unlikely]]
    return trap(r, TrapCode::NullFunctionReference);
  tail_call_func(r, func, slot_at(r, 2));
}

SKIFF_BODY ret(Regs& r) {
  const FrameHeader& header = header_of(r.fp);
  leave(r, header.ret, header.caller);
}
/// Where the result goes, the result.
template <class T, Src From>
SKIFF_BODY ret_value(Regs& r) {
  const T value = get<T, From>(r, 3);
  const uintptr_t to = header_of(r.fp).ret;
  Slot* const caller = header_of(r.fp).caller;
  set<Dst::S>(r, value);
  leave(r, to, caller);
}
/// Where results go, the first one, number of slots.
SKIFF_BODY ret_many(Regs& r) {
  const uintptr_t to = header_of(r.fp).ret;
  Slot* const caller = header_of(r.fp).caller;
  Slot* results = slot_at(r, 2);
  const Slot* from = slot_at(r, 3);
  for (uint32_t i = 0; i < r.pc[4]; ++i) results[i] = from[i];
  leave(r, to, caller);
}

/// The body of a function that is not lowered yet, in its frame.
SKIFF_BODY lower(Regs& r) {
  const FrameHeader header = header_of(r.fp);
  lower_function(*header.func);
  const FuncCode* code = header.func->code.load(std::memory_order_acquire);
  if (r.fp + code->frame_slots > r.act->limit) [[unlikely]] {
    r.pc = reinterpret_cast<Pc>(header.ret & ~uintptr_t{1}) - 1;  // the call is to blame
    r.act->fp = header.caller;
    return trap(r, TrapCode::StackExhausted);
  }
  enter(r, header.func, code, r.fp, header);
}

/// The body of a function that another tier executes, in its frame, which is gone before the call: that tier has
/// frames of its own.
SKIFF_BODY elsewhere(Regs& r) {
  const FrameHeader header = header_of(r.fp);
  Slot* values = r.fp - header.func->param_slots;
  const Pc call = reinterpret_cast<Pc>(header.ret & ~uintptr_t{1}) - 1;
  r.act->fp = header.caller;
  r.act->fault_pc = call;
  const Outcome outcome = call_elsewhere(*header.func, header.ctx, values);
  if (outcome != Outcome::Ok) [[unlikely]] {
    r.act->outcome = outcome;
    trap(r, TrapCode::None);
    r.act->fault_pc = call;
    return;
  }
  load_accumulators(r, values);
  leave(r, header.ret, header.caller);
}

// Exceptions.

/// Goes on where act says, after a trap or exception.
SKIFF_BODY raise(Regs& r) {
  r.pc = unwind(*r.act);
  r.fp = r.act->fp;
  if (r.fp) enter_context(r, header_of(r.fp).ctx);
}

SKIFF_INLINE void throw_exception(Regs& r, Ref exn) {
  r.act->outcome = r.act->store->throw_exception(exn);
  trap(r, TrapCode::None);
}

/// Payload, tag.
SKIFF_BODY throw_(Regs& r) {
  Ref exn = kNullRef;
  const TrapCode code = libcall::new_exception(r.ctx, r.pc[3], slot_at(r, 2), exn);
  if (code != TrapCode::None) return trap(r, code);
  throw_exception(r, exn);
}
SKIFF_BODY throw_ref(Regs& r) {
  const Ref exn = slot_at(r, 2)->ref;
  if (exn == kNullRef) return trap(r, TrapCode::NullExceptionReference);
  throw_exception(r, exn);
}

}  // namespace
}  // namespace skiff::interp
