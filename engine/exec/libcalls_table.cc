// Table operations, element segments, and the checks of indirect calls.
#include <algorithm>
#include <cstring>

#include "engine/base/bits.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/table.h"
#include "engine/syntax/type_registry.h"

namespace skiff::libcall {

TrapCode table_get(VmCtx* ctx, uint32_t table, uint64_t i, Ref& out) {
  const TableInst& t = *ctx->tables[table];
  if (i >= t.length) return TrapCode::TableOutOfBounds;
  out = t.elems[i];
  return TrapCode::None;
}

TrapCode table_set(VmCtx* ctx, uint32_t table, uint64_t i, Ref value) {
  const TableInst& t = *ctx->tables[table];
  if (i >= t.length) return TrapCode::TableOutOfBounds;
  t.elems[i] = value;
  return TrapCode::None;
}

uint64_t table_grow(VmCtx* ctx, uint32_t table, Ref init, uint64_t delta) {
  return ctx->instance->table(table).grow(delta, init);
}

TrapCode table_fill(VmCtx* ctx, uint32_t table, uint64_t i, Ref value, uint64_t n) {
  const TableInst& t = *ctx->tables[table];
  if (!in_bounds(i, n, t.length)) return TrapCode::TableOutOfBounds;
  std::fill_n(t.elems + i, n, value);
  return TrapCode::None;
}

TrapCode table_copy(VmCtx* ctx, uint32_t dst_table, uint32_t src_table, uint64_t dst, uint64_t src,
                    uint64_t n) {
  const TableInst& to = *ctx->tables[dst_table];
  const TableInst& from = *ctx->tables[src_table];
  if (!in_bounds(src, n, from.length) || !in_bounds(dst, n, to.length)) return TrapCode::TableOutOfBounds;
  if (n != 0) std::memmove(to.elems + dst, from.elems + src, n * sizeof(Ref));
  return TrapCode::None;
}

TrapCode table_init(VmCtx* ctx, uint32_t elem, uint32_t table, uint64_t dst, uint64_t src, uint64_t n) {
  const TableInst& to = *ctx->tables[table];
  const ElemInst& segment = ctx->elems[elem];
  if (!in_bounds(src, n, segment.length) || !in_bounds(dst, n, to.length)) return TrapCode::TableOutOfBounds;
  std::copy_n(segment.elems + src, n, to.elems + dst);
  return TrapCode::None;
}

void elem_drop(VmCtx* ctx, uint32_t elem) { ctx->instance->drop_elem(elem); }

TrapCode resolve_indirect(VmCtx* ctx, uint32_t table, uint32_t type_id, uint64_t i, FuncInst*& out) {
  const TableInst& t = *ctx->tables[table];
  if (i >= t.length) return TrapCode::UndefinedElement;
  auto* func = reinterpret_cast<FuncInst*>(t.elems[i]);
  if (!func) return TrapCode::UninitializedElement;
  if (func->type_id != type_id && !ctx->vm_store->store->engine().types().is_subtype(func->type_id, type_id))
    return TrapCode::IndirectCallTypeMismatch;
  out = func;
  return TrapCode::None;
}

Ref ref_func(VmCtx* ctx, uint32_t func) { return reinterpret_cast<Ref>(ctx->funcs[func]); }

}  // namespace skiff::libcall
