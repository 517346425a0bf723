// The offsets that generated code and the artifact format rely on (docs/vmctx.md). A change here is a change
// of the artifact format: raise its version.
#include "engine/exec/vmctx.h"

#include "engine/exec/store.h"

#include <type_traits>

namespace skiff {

#define SKIFF_OFFSET(TYPE, MEMBER, OFFSET) \
  static_assert(offsetof(TYPE, MEMBER) == (OFFSET), #TYPE "::" #MEMBER " moved")
#define SKIFF_LAYOUT(TYPE, SIZE) \
  static_assert(sizeof(TYPE) == (SIZE) && std::is_standard_layout_v<TYPE>, #TYPE " changed")

static_assert(sizeof(void*) == 8, "Skiff supports 64-bit hosts only");
static_assert(std::atomic<uint64_t>::is_always_lock_free && sizeof(std::atomic<uint64_t>) == 8);
static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == 4);

SKIFF_LAYOUT(FuncInst, 64);
SKIFF_OFFSET(FuncInst, call, 0);
SKIFF_OFFSET(FuncInst, ctx, 8);
SKIFF_OFFSET(FuncInst, code, 16);
SKIFF_OFFSET(FuncInst, type_id, 24);
SKIFF_OFFSET(FuncInst, index, 28);
SKIFF_OFFSET(FuncInst, native_entry, 32);
SKIFF_OFFSET(FuncInst, native_ctx, 40);
SKIFF_OFFSET(FuncInst, native_type_id, 48);
SKIFF_OFFSET(FuncInst, native_vm_store, 56);

SKIFF_LAYOUT(HostFunc, 24);
SKIFF_OFFSET(HostFunc, fn, 0);
SKIFF_OFFSET(HostFunc, data, 8);
SKIFF_OFFSET(HostFunc, store, 16);
static_assert(sizeof(HostCall) == 32);  // store, caller, values, data

SKIFF_LAYOUT(MemoryInst, 16);
SKIFF_OFFSET(MemoryInst, base, 0);
SKIFF_OFFSET(MemoryInst, byte_length, 8);

SKIFF_LAYOUT(TableInst, 16);
SKIFF_OFFSET(TableInst, elems, 0);
SKIFF_OFFSET(TableInst, length, 8);

SKIFF_LAYOUT(GlobalInst, 16);
SKIFF_OFFSET(GlobalInst, slots, 0);

SKIFF_LAYOUT(TagInst, 4);
SKIFF_OFFSET(TagInst, type_id, 0);

SKIFF_LAYOUT(DataInst, 16);
SKIFF_OFFSET(DataInst, bytes, 0);
SKIFF_OFFSET(DataInst, length, 8);

SKIFF_LAYOUT(ElemInst, 16);
SKIFF_OFFSET(ElemInst, elems, 0);
SKIFF_OFFSET(ElemInst, length, 8);

SKIFF_LAYOUT(VmStore, 80);
SKIFF_OFFSET(VmStore, store, 0);
SKIFF_OFFSET(VmStore, native_stack_limit, 8);
SKIFF_OFFSET(VmStore, interrupt, 16);
SKIFF_OFFSET(VmStore, fuel, 24);
SKIFF_OFFSET(VmStore, caller, 32);
SKIFF_OFFSET(VmStore, result_buffer, 40);
SKIFF_OFFSET(VmStore, arg_buffer, 48);
SKIFF_OFFSET(VmStore, tail_callee, 56);
SKIFF_OFFSET(VmStore, interp_store, 64);
SKIFF_OFFSET(VmStore, native_store, 72);

SKIFF_LAYOUT(VmCtx, 112);
SKIFF_OFFSET(VmCtx, vm_store, 0);
SKIFF_OFFSET(VmCtx, instance, 8);
SKIFF_OFFSET(VmCtx, memory0_base, 16);
SKIFF_OFFSET(VmCtx, memory0, 24);
SKIFF_OFFSET(VmCtx, funcs, 32);
SKIFF_OFFSET(VmCtx, memories, 40);
SKIFF_OFFSET(VmCtx, tables, 48);
SKIFF_OFFSET(VmCtx, globals, 56);
SKIFF_OFFSET(VmCtx, tags, 64);
SKIFF_OFFSET(VmCtx, datas, 72);
SKIFF_OFFSET(VmCtx, elems, 80);
SKIFF_OFFSET(VmCtx, types, 88);
SKIFF_OFFSET(VmCtx, type_ids, 96);
SKIFF_OFFSET(VmCtx, libcalls, 104);

static_assert(sizeof(Outcome) == 4 && sizeof(TrapCode) == 1);

}  // namespace skiff
