// The run-time structures that generated code and the interpreter read directly: VmCtx (one per
// instance), VmStore (one per store) and the instances of functions, memories, tables, globals and tags.
// Plain standard-layout structs; the offsets that compiled code uses are asserted in vmctx.cc and are part
// of the artifact format version. See docs/vmctx.md.
//
// Calls. Every function, wasm or host, can be called through FuncInst::call with its arguments in an array
// of slots, which the results overwrite (v128 takes two slots; the array has room for the larger of
// both). Tiers call their own code more directly where they know the callee.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/exec/trap.h"
#include "engine/exec/value.h"

namespace skiff {

class Instance;
class Store;
class TierStore;
struct VmCtx;
struct VmStore;
struct FuncInst;
namespace gc {
struct TypeInfo;
}

/// `caller`: the calling instance's context, null when the embedder calls.
using ArrayCall = Outcome (*)(FuncInst* self, VmCtx* caller, Slot* values);

/// Spec: syntax-funcinst. What a funcref points to. Owned by its instance or (host functions) its store.
struct FuncInst {
  ArrayCall call = nullptr;
  VmCtx* ctx = nullptr;        // callee's context; null for host functions
  void* code = nullptr;        // the tier's own entry, or the HostFunc
  uint32_t type_id = 0;        // canonical
  uint32_t index = 0;          // function index in its instance; kNoIndex for host functions
  // For native tiers: machine code to call with their own convention, once there is some. A caller may use
  // native_entry when native_type_id is the type that it expects.
  void* native_entry = nullptr;
  void* native_ctx = nullptr;  // its first argument: ctx, or (host functions) this FuncInst
  uint32_t native_type_id = ~0u;  // type_id once native_entry is set
  VmStore* native_vm_store = nullptr;  // set with native_entry where native_ctx is this FuncInst
};

/// Spec: syntax-meminst. Never moves; shared ones may be in several stores and threads at once.
struct MemoryInst {
  uint8_t* base = nullptr;
  /// Accessible bytes. Only grows. Relaxed loads suffice: an access beyond a stale length traps rightly.
  std::atomic<uint64_t> byte_length{0};
};

/// Spec: syntax-tableinst.
struct TableInst {
  Ref* elems = nullptr;
  uint64_t length = 0;         // elements
};

/// Spec: syntax-globalinst. References are in slots[0].
struct GlobalInst {
  alignas(16) Slot slots[2] = {};
};

/// Spec: syntax-taginst. Identity is the address.
struct TagInst {
  uint32_t type_id = 0;
};

/// What is left of a data segment; dropping sets length to 0.
struct DataInst {
  const uint8_t* bytes = nullptr;
  uint64_t length = 0;
};
struct ElemInst {
  const Ref* elems = nullptr;
  uint64_t length = 0;
};

/// Bits of VmStore::interrupt: the guest is to stop; the embedder wants to be called (Store::set_attend).
inline constexpr uint32_t kInterruptStop = 1;
inline constexpr uint32_t kInterruptAttend = 2;

/// The hot part of a store.
struct VmStore {
  Store* store = nullptr;
  /// Lowest native stack address that wasm may use; calls below it trap (StackExhausted).
  uintptr_t native_stack_limit = 0;
  /// Not 0: interruption asked for; polled at function entries and loop heads. Bits: kInterruptStop, kInterruptAttend.
  std::atomic<uint32_t> interrupt{0};
  /// Remaining fuel when metering is on.
  int64_t fuel = 0;
  // For native tiers: the calling instance, for host functions; results and arguments that do not fit in
  // registers.
  VmCtx* caller = nullptr;
  Slot* result_buffer = nullptr;
  Slot* arg_buffer = nullptr;
  FuncInst* tail_callee = nullptr;  // of a tail call that leaves the instance
  // What interpreter and native tiers keep for this store, each null without one: a store may run both.
  TierStore* interp_store = nullptr;
  TierStore* native_store = nullptr;
};

/// An instance as code sees it. Arrays are in index-space order, imports first, and live in the same
/// allocation. All pointers are set once by instantiation and never change.
struct VmCtx {
  VmStore* vm_store = nullptr;
  Instance* instance = nullptr;
  uint8_t* memory0_base = nullptr;     // base of memory 0, or null
  MemoryInst* memory0 = nullptr;
  FuncInst** funcs = nullptr;
  MemoryInst** memories = nullptr;
  TableInst** tables = nullptr;
  GlobalInst** globals = nullptr;
  TagInst** tags = nullptr;
  DataInst* datas = nullptr;
  ElemInst* elems = nullptr;
  /// By module type index: run-time type for allocation and casts; null for function types.
  const gc::TypeInfo* const* types = nullptr;
  /// By module type index: canonical ids.
  const uint32_t* type_ids = nullptr;
  /// Library calls of a native tier, set by its Tier::bind.
  const void* const* libcalls = nullptr;
};

}  // namespace skiff
