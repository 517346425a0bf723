// Bulk operations on linear memories and data segments. Lengths are read once: a shared memory may grow at
// the same time, which can only make more addresses valid.
#include <cstring>

#include "engine/base/bits.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"

namespace skiff::libcall {
namespace {

uint64_t length_of(const MemoryInst& memory) { return memory.byte_length.load(std::memory_order_acquire); }

}  // namespace

uint64_t memory_grow(VmCtx* ctx, uint32_t memory, uint64_t delta) {
  return ctx->instance->memory(memory)->grow(delta);
}

TrapCode memory_init(VmCtx* ctx, uint32_t data, uint32_t memory, uint64_t dst, uint64_t src, uint64_t n) {
  const DataInst& segment = ctx->datas[data];
  MemoryInst& to = *ctx->memories[memory];
  if (!in_bounds(src, n, segment.length) || !in_bounds(dst, n, length_of(to)))
    return TrapCode::MemoryOutOfBounds;
  if (n != 0) std::memcpy(to.base + dst, segment.bytes + src, n);
  return TrapCode::None;
}

TrapCode memory_copy(VmCtx* ctx, uint32_t dst_memory, uint32_t src_memory, uint64_t dst, uint64_t src,
                     uint64_t n) {
  MemoryInst& to = *ctx->memories[dst_memory];
  const MemoryInst& from = *ctx->memories[src_memory];
  if (!in_bounds(src, n, length_of(from)) || !in_bounds(dst, n, length_of(to)))
    return TrapCode::MemoryOutOfBounds;
  if (n != 0) std::memmove(to.base + dst, from.base + src, n);
  return TrapCode::None;
}

TrapCode memory_fill(VmCtx* ctx, uint32_t memory, uint64_t dst, uint8_t value, uint64_t n) {
  MemoryInst& to = *ctx->memories[memory];
  if (!in_bounds(dst, n, length_of(to))) return TrapCode::MemoryOutOfBounds;
  if (n != 0) std::memset(to.base + dst, value, n);
  return TrapCode::None;
}

void data_drop(VmCtx* ctx, uint32_t data) { ctx->datas[data].length = 0; }

}  // namespace skiff::libcall
