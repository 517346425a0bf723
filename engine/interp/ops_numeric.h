// Bodies of handlers: numeric and vector operators, around the semantics functions of exec/semantics.h.
// Operand words: destination, then sources, then lane or lanes.
#pragma once

#include "engine/interp/regs.h"

namespace skiff::interp {
namespace {

template <auto F, size_t I>
using Param = std::remove_cvref_t<typename num::Fn<F>::template Param<I>>;
template <auto F>
using Result_ = std::remove_cvref_t<typename num::Fn<F>::Result>;
/// True for functions that return a TrapCode and their result in a last parameter.
template <auto F>
inline constexpr bool kTraps = std::is_same_v<Result_<F>, TrapCode>;

template <auto F, Src From, Dst To>
SKIFF_BODY unary(Regs& r) {
  const auto a = get<Param<F, 0>, From>(r, 3);
  if constexpr (kTraps<F>) {
    Param<F, 1> out{};
    if (const TrapCode code = F(a, out); code != TrapCode::None) [[unlikely]]
      return trap(r, code);
    set<To>(r, out);
  } else {
    set<To>(r, F(a));
  }
  r.pc += 4;
}

template <auto F, Src Left, Src Right, Dst To>
SKIFF_BODY binary(Regs& r) {
  using B = Param<F, 1>;
  const auto a = get<Param<F, 0>, Left>(r, 3);
  const auto b = get<B, Right>(r, 4);
  if constexpr (kTraps<F>) {
    Param<F, 2> out{};
    if (const TrapCode code = F(a, b, out); code != TrapCode::None) [[unlikely]]
      return trap(r, code);
    set<To>(r, out);
  } else {
    set<To>(r, F(a, b));
  }
  r.pc += 4 + (Right == Src::I ? kWords<B> : 1);
}

template <auto F, Src Left, Src Right, bool When, bool Back>
SKIFF_BODY branch_on(Regs& r) {
  using B = Param<F, 1>;
  if ((F(get<Param<F, 0>, Left>(r, 3), get<B, Right>(r, 4)) != 0) == When)
    take_branch<Back>(r);
  else
    r.pc += 4 + (Right == Src::I ? kWords<B> : 1);
}

template <class T, bool When, Src From, bool Back>
SKIFF_BODY branch_if(Regs& r) {
  if ((get<T, From>(r, 3) != 0) == When)
    take_branch<Back>(r);
  else
    r.pc += 4;
}

/// Destination, base, index, shift.
template <Src Index, Dst To>
SKIFF_BODY add_scaled(Regs& r) {
  set<To>(r, num::I32Add(slot_at(r, 3)->u32, num::I32Shl(get<uint32_t, Index>(r, 4), r.pc[5])));
  r.pc += 6;
}

template <auto F>
SKIFF_BODY vector_unary(Regs& r) {
  put_slot(slot_at(r, 2), F(read_slot<Param<F, 0>>(slot_at(r, 3))));
  r.pc += 4;
}

template <auto F>
SKIFF_BODY vector_binary(Regs& r) {
  put_slot(slot_at(r, 2), F(read_slot<Param<F, 0>>(slot_at(r, 3)), read_slot<Param<F, 1>>(slot_at(r, 4))));
  r.pc += 5;
}

template <auto F>
SKIFF_BODY vector_ternary(Regs& r) {
  put_slot(slot_at(r, 2), F(read_slot<Param<F, 0>>(slot_at(r, 3)), read_slot<Param<F, 1>>(slot_at(r, 4)),
                            read_slot<Param<F, 2>>(slot_at(r, 5))));
  r.pc += 6;
}

template <auto F>
SKIFF_BODY extract_lane(Regs& r) {
  put_slot(slot_at(r, 2), F(read_slot<V128>(slot_at(r, 3)), static_cast<uint8_t>(r.pc[4])));
  r.pc += 5;
}

template <auto F>
SKIFF_BODY replace_lane(Regs& r) {
  put_slot(slot_at(r, 2), F(read_slot<V128>(slot_at(r, 3)), read_slot<Param<F, 1>>(slot_at(r, 4)),
                            static_cast<uint8_t>(r.pc[5])));
  r.pc += 6;
}

template <auto F>
SKIFF_BODY shuffle(Regs& r) {
  const auto lanes = immediate<Param<F, 2>>(r.pc + 5);
  put_slot(slot_at(r, 2), F(read_slot<V128>(slot_at(r, 3)), read_slot<V128>(slot_at(r, 4)), lanes));
  r.pc += 9;
}

template <auto F>
SKIFF_BODY wide(Regs& r) {
  const auto in = [&](uint32_t word) { return slot_at(r, word)->u64; };
  num::WidePair out;
  if constexpr (num::Fn<F>::kArity == 4) {
    out = F(in(3), in(4), in(5), in(6));
  } else {
    out = F(in(3), in(4));
  }
  Slot* to = slot_at(r, 2);
  to[0].u64 = out.lo;
  to[1].u64 = out.hi;
  r.pc += num::Fn<F>::kArity == 4 ? 7 : 5;
}

}  // namespace
}  // namespace skiff::interp
