// Operators that are too large to inline: the one implementation behind every tier. Each returns
// TrapCode::None or the trap. Indices are module indices of the instance. Units: bytes for memories,
// elements for tables and arrays. Bulk operators check everything before they write anything.
#pragma once

#include "engine/exec/vmctx.h"

namespace skiff {
class TypeRegistry;
}

namespace skiff::libcall {

// Spec: exec-memory.* ; addresses and lengths already widened to 64 bits.
uint64_t memory_grow(VmCtx* ctx, uint32_t memory, uint64_t delta);   // old pages or ~0
TrapCode memory_init(VmCtx* ctx, uint32_t data, uint32_t memory, uint64_t dst, uint64_t src, uint64_t n);
TrapCode memory_copy(VmCtx* ctx, uint32_t dst_memory, uint32_t src_memory, uint64_t dst, uint64_t src,
                     uint64_t n);
TrapCode memory_fill(VmCtx* ctx, uint32_t memory, uint64_t dst, uint8_t value, uint64_t n);
void data_drop(VmCtx* ctx, uint32_t data);

// Spec: exec-table.*
TrapCode table_get(VmCtx* ctx, uint32_t table, uint64_t i, Ref& out);
TrapCode table_set(VmCtx* ctx, uint32_t table, uint64_t i, Ref value);
uint64_t table_grow(VmCtx* ctx, uint32_t table, Ref init, uint64_t delta);  // old size or ~0
TrapCode table_fill(VmCtx* ctx, uint32_t table, uint64_t i, Ref value, uint64_t n);
TrapCode table_copy(VmCtx* ctx, uint32_t dst_table, uint32_t src_table, uint64_t dst, uint64_t src,
                    uint64_t n);
TrapCode table_init(VmCtx* ctx, uint32_t elem, uint32_t table, uint64_t dst, uint64_t src, uint64_t n);
void elem_drop(VmCtx* ctx, uint32_t elem);

/// Spec: exec-call_indirect up to the call: bounds, null, type. `type_id` canonical.
TrapCode resolve_indirect(VmCtx* ctx, uint32_t table, uint32_t type_id, uint64_t i, FuncInst*& out);

/// Spec: exec-ref.func.
Ref ref_func(VmCtx* ctx, uint32_t func);

// Spec: exec-struct.new and so on. `type`: module type index. Fields and elements as slots, in order.
// Every allocation may collect: references must be reachable from a scanned place at that moment.
TrapCode struct_new(VmCtx* ctx, uint32_t type, const Slot* fields, Ref& out);
TrapCode struct_new_default(VmCtx* ctx, uint32_t type, Ref& out);
TrapCode array_new(VmCtx* ctx, uint32_t type, const Slot* init, uint32_t n, Ref& out);
TrapCode array_new_default(VmCtx* ctx, uint32_t type, uint32_t n, Ref& out);
TrapCode array_new_fixed(VmCtx* ctx, uint32_t type, const Slot* elems, uint32_t n, Ref& out);
TrapCode array_new_data(VmCtx* ctx, uint32_t type, uint32_t data, uint32_t offset, uint32_t n, Ref& out);
TrapCode array_new_elem(VmCtx* ctx, uint32_t type, uint32_t elem, uint32_t offset, uint32_t n, Ref& out);
TrapCode array_fill(VmCtx* ctx, uint32_t type, Ref array, uint32_t i, const Slot* value, uint32_t n);
TrapCode array_copy(VmCtx* ctx, Ref dst, uint32_t di, Ref src, uint32_t si, uint32_t n);
TrapCode array_init_data(VmCtx* ctx, uint32_t type, uint32_t data, Ref array, uint32_t i, uint32_t offset,
                         uint32_t n);
TrapCode array_init_elem(VmCtx* ctx, uint32_t type, uint32_t elem, Ref array, uint32_t i, uint32_t offset,
                         uint32_t n);

// Field and element access: the value is unpacked into out (sign: 0 as is, 1 sign-, 2 zero-extended).
TrapCode struct_get(Ref object, uint32_t field, int sign, Slot* out);
TrapCode struct_set(Ref object, uint32_t field, const Slot* value);
TrapCode array_get(Ref array, uint32_t i, int sign, Slot* out);
TrapCode array_set(Ref array, uint32_t i, const Slot* value);
TrapCode array_len(Ref array, uint32_t& out);

/// Spec: exec-ref.test. `target`: canonical reference type.
bool ref_test(VmCtx* ctx, Ref value, ValType target);
/// The same for callers without an instance. Requires: value belongs to the hierarchy of target.
bool ref_matches(const TypeRegistry& types, Ref value, ValType target);
/// True when a value of the embedder can be passed as `target`, going by its dynamic type if it must.
bool val_matches(const TypeRegistry& types, const Val& value, ValType target);

/// Spec: exec-throw. Allocates the exception object; `payload` slots in order of the tag's parameters.
TrapCode new_exception(VmCtx* ctx, uint32_t tag, const Slot* payload, Ref& out);
/// The tag of an exception object, and its payload copied into slots.
const TagInst* exception_tag(Ref exn);
void exception_payload(Ref exn, Slot* out);

// Spec (threads): exec-memory.atomic.*. Effective address already computed; checks bounds and alignment.
TrapCode atomic_notify(VmCtx* ctx, uint32_t memory, uint64_t address, uint32_t count, uint32_t& woken);
TrapCode atomic_wait32(VmCtx* ctx, uint32_t memory, uint64_t address, uint32_t expected, int64_t timeout_ns,
                       uint32_t& out);
TrapCode atomic_wait64(VmCtx* ctx, uint32_t memory, uint64_t address, uint64_t expected, int64_t timeout_ns,
                       uint32_t& out);

}  // namespace skiff::libcall
