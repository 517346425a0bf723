// Bodies of handlers: references, structs, arrays, casts. Nearly all of them are library calls. `base`
// operators have their operands in consecutive slots from word 2 on, where the result goes; the others name
// destination and source.
#pragma once

#include "engine/interp/regs.h"

namespace skiff::interp {
namespace {

/// Writes the reference that an allocation returned, or traps; n words.
SKIFF_INLINE void put_new(Regs& r, TrapCode code, Ref out, uint32_t n) {
  if (code == TrapCode::None) [[likely]]
    slot_at(r, 2)->u64 = out;
  next_or_trap(r, code, n);
}

SKIFF_BODY ref_func(Regs& r) {
  slot_at(r, 2)->u64 = libcall::ref_func(r.ctx, r.pc[3]);
  r.pc += 4;
}
SKIFF_BODY ref_is_null(Regs& r) {
  slot_at(r, 2)->u64 = slot_at(r, 3)->ref == kNullRef;
  r.pc += 4;
}
SKIFF_BODY ref_eq(Regs& r) {
  slot_at(r, 2)->u64 = slot_at(r, 3)->ref == slot_at(r, 4)->ref;
  r.pc += 5;
}
/// Reference. The value stays where it is.
SKIFF_BODY ref_as_non_null(Regs& r) {
  next_or_trap(r, slot_at(r, 2)->ref == kNullRef ? TrapCode::NullReference : TrapCode::None, 3);
}
/// Destination, reference, target type.
SKIFF_BODY ref_test(Regs& r) {
  slot_at(r, 2)->u64 = libcall::ref_test(r.ctx, slot_at(r, 3)->ref, std::bit_cast<ValType>(r.pc[4]));
  r.pc += 5;
}
/// Reference, target type. The value stays where it is.
SKIFF_BODY ref_cast(Regs& r) {
  const bool match = libcall::ref_test(r.ctx, slot_at(r, 2)->ref, std::bit_cast<ValType>(r.pc[3]));
  next_or_trap(r, match ? TrapCode::None : TrapCode::CastFailure, 4);
}
SKIFF_BODY ref_i31(Regs& r) {
  slot_at(r, 2)->u64 = make_i31(slot_at(r, 3)->u32);
  r.pc += 4;
}
template <bool Signed>
SKIFF_BODY i31_get(Regs& r) {
  const Ref ref = slot_at(r, 3)->ref;
  if (ref == kNullRef) return trap(r, TrapCode::NullI31Reference);
  slot_at(r, 2)->u64 = Signed ? static_cast<uint32_t>(i31_get_s(ref)) : i31_get_u(ref);
  r.pc += 4;
}

SKIFF_BODY struct_new(Regs& r) {
  Ref out = kNullRef;
  const TrapCode code = libcall::struct_new(r.ctx, r.pc[3], slot_at(r, 2), out);
  put_new(r, code, out, 4);
}
SKIFF_BODY struct_new_default(Regs& r) {
  Ref out = kNullRef;
  const TrapCode code = libcall::struct_new_default(r.ctx, r.pc[3], out);
  put_new(r, code, out, 4);
}
/// Destination, object, field, sign.
SKIFF_BODY struct_get(Regs& r) {
  Slot out[2];
  const TrapCode code = libcall::struct_get(slot_at(r, 3)->ref, r.pc[4], static_cast<int>(r.pc[5]), out);
  if (code == TrapCode::None) {
    slot_at(r, 2)[0] = out[0];
    if (r.pc[6] == 2) slot_at(r, 2)[1] = out[1];
  }
  next_or_trap(r, code, 7);
}
/// Object, value, field.
SKIFF_BODY struct_set(Regs& r) {
  next_or_trap(r, libcall::struct_set(slot_at(r, 2)->ref, r.pc[4], slot_at(r, 3)), 5);
}

/// Base: initial value (v128: two slots), length in the slot of word 4.
SKIFF_BODY array_new(Regs& r) {
  Ref out = kNullRef;
  const TrapCode code = libcall::array_new(r.ctx, r.pc[3], slot_at(r, 2), slot_at(r, 4)->u32, out);
  put_new(r, code, out, 5);
}
SKIFF_BODY array_new_default(Regs& r) {
  Ref out = kNullRef;
  const TrapCode code = libcall::array_new_default(r.ctx, r.pc[3], slot_at(r, 2)->u32, out);
  put_new(r, code, out, 4);
}
SKIFF_BODY array_new_fixed(Regs& r) {
  Ref out = kNullRef;
  const TrapCode code = libcall::array_new_fixed(r.ctx, r.pc[3], slot_at(r, 2), r.pc[4], out);
  put_new(r, code, out, 5);
}
SKIFF_BODY array_new_data(Regs& r) {
  Ref out = kNullRef;
  const Slot* s = slot_at(r, 2);
  const TrapCode code = libcall::array_new_data(r.ctx, r.pc[3], r.pc[4], s[0].u32, s[1].u32, out);
  put_new(r, code, out, 5);
}
SKIFF_BODY array_new_elem(Regs& r) {
  Ref out = kNullRef;
  const Slot* s = slot_at(r, 2);
  const TrapCode code = libcall::array_new_elem(r.ctx, r.pc[3], r.pc[4], s[0].u32, s[1].u32, out);
  put_new(r, code, out, 5);
}
/// Destination, array, index, sign, slots of the element.
SKIFF_BODY array_get(Regs& r) {
  Slot out[2];
  const TrapCode code =
      libcall::array_get(slot_at(r, 3)->ref, slot_at(r, 4)->u32, static_cast<int>(r.pc[5]), out);
  if (code == TrapCode::None) {
    slot_at(r, 2)[0] = out[0];
    if (r.pc[6] == 2) slot_at(r, 2)[1] = out[1];
  }
  next_or_trap(r, code, 7);
}
/// Array, index, value.
SKIFF_BODY array_set(Regs& r) {
  next_or_trap(r, libcall::array_set(slot_at(r, 2)->ref, slot_at(r, 3)->u32, slot_at(r, 4)), 5);
}
/// Destination, array.
SKIFF_BODY array_len(Regs& r) {
  uint32_t out = 0;
  const TrapCode code = libcall::array_len(slot_at(r, 3)->ref, out);
  if (code == TrapCode::None) slot_at(r, 2)->u64 = out;
  next_or_trap(r, code, 4);
}
/// Array, index, value, length; type.
SKIFF_BODY array_fill(Regs& r) {
  next_or_trap(r,
               libcall::array_fill(r.ctx, r.pc[6], slot_at(r, 2)->ref, slot_at(r, 3)->u32, slot_at(r, 4),
                                   slot_at(r, 5)->u32),
               7);
}
SKIFF_BODY array_copy(Regs& r) {
  const Slot* s = slot_at(r, 2);
  next_or_trap(r, libcall::array_copy(r.ctx, s[0].ref, s[1].u32, s[2].ref, s[3].u32, s[4].u32), 3);
}
SKIFF_BODY array_init_data(Regs& r) {
  const Slot* s = slot_at(r, 2);
  next_or_trap(r, libcall::array_init_data(r.ctx, r.pc[3], r.pc[4], s[0].ref, s[1].u32, s[2].u32, s[3].u32),
               5);
}
SKIFF_BODY array_init_elem(Regs& r) {
  const Slot* s = slot_at(r, 2);
  next_or_trap(r, libcall::array_init_elem(r.ctx, r.pc[3], r.pc[4], s[0].ref, s[1].u32, s[2].u32, s[3].u32),
               5);
}

}  // namespace
}  // namespace skiff::interp
