// Every row of native_libcalls.def: what generated code calls in the engine. Arguments and results are integers and
// pointers as the table's letters say (checked below). A function that traps or throws does not return, and
// destructors of its frame do not run: none of these functions owns anything at that moment.
//
// Operands that are references are on the caller's stack or in registers, which the collector scans.
#include "compiler/target/native_libcalls.h"

#include <string_view>
#include <type_traits>

#include "compiler/target/activation.h"
#include "compiler/target/enter_stub.h"
#include "compiler/target/native_tier.h"
#include "engine/base/check.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"

namespace skiff::compiler {
namespace native {

using ModuleTypeIndex = uint32_t;

#define SKIFF_NATIVE [[gnu::noinline]]
// Must be expanded in the library call itself: it names the call site.
#define SKIFF_TRAP_HERE(CTX, CODE) NativeStore::of(*(CTX)->vm_store).trap(CODE, call_site(), *(CTX))

// The reference that an allocation made, or its trap.
#define SKIFF_NEW(CTX, EXPR)                                            \
  Ref out = kNullRef;                                                   \
  const TrapCode code = (EXPR);                                         \
  if (code != TrapCode::None) [[unlikely]] SKIFF_TRAP_HERE(CTX, code);  \
  return out

uint32_t number(TrapCode code) { return static_cast<uint32_t>(code); }

// ------------------------------------------------------------------------- traps, exceptions, calls

SKIFF_NATIVE [[noreturn]] void trap(VmCtx* ctx, uint32_t code) { SKIFF_TRAP_HERE(ctx, static_cast<TrapCode>(code)); }

SKIFF_NATIVE [[noreturn]] void raise(FuncInst* callee, uint32_t outcome) {
  NativeStore& native = NativeStore::of(*callee->native_vm_store);
  if (outcome == static_cast<uint32_t>(Outcome::Trap)) native.pass_trap(call_site(), *callee->native_vm_store->caller);
  native.raise(native.store().pending_exception());
}

SKIFF_NATIVE [[noreturn]] void throw_ref(VmCtx* ctx, Ref exn) { NativeStore::of(*ctx->vm_store).raise(exn); }

SKIFF_NATIVE Ref catch_begin(VmCtx* ctx, void* exception) {
  ctx->vm_store->store->pending_exception() = kNullRef;
  return native_exception(exception).exn;
}

SKIFF_NATIVE [[noreturn]] void resume_unwind(VmCtx* ctx, void* exception) {
  NativeStore::of(*ctx->vm_store).raise(native_exception(exception).exn);
}

SKIFF_NATIVE Ref new_exception(VmCtx* ctx, uint32_t tag, const Slot* payload) {
  SKIFF_NEW(ctx, libcall::new_exception(ctx, tag, payload, out));
}

SKIFF_NATIVE const TagInst* exception_tag(VmCtx*, Ref exn) { return libcall::exception_tag(exn); }

SKIFF_NATIVE void exception_payload(VmCtx*, Ref exn, Slot* out) { libcall::exception_payload(exn, out); }

SKIFF_NATIVE FuncInst* resolve_call(VmCtx* ctx, ModuleTypeIndex type, FuncInst* func, uint32_t table_call) {
  if (!func) SKIFF_TRAP_HERE(ctx, table_call ? TrapCode::UninitializedElement : TrapCode::NullFunctionReference);
  const uint32_t expected = ctx->type_ids[type];
  if (func->type_id != expected &&
      !ctx->vm_store->store->engine().types().is_subtype(func->type_id, expected))
    SKIFF_TRAP_HERE(ctx, TrapCode::IndirectCallTypeMismatch);
  // The same convention holds for a subtype: parameters and results differ at most in their reference types.
  if (!func->native_entry) bind_thunk(*ctx, *func, type);
  return func;
}

SKIFF_NATIVE void interrupted(VmCtx* ctx) {
  if (ctx->vm_store->store->must_stop()) SKIFF_TRAP_HERE(ctx, TrapCode::Interrupted);
}

constexpr auto& tail_call = skiff_native_tail_call;

// ------------------------------------------------------------------------------- memories and tables

uint64_t memory_grow(VmCtx* ctx, uint32_t memory, uint64_t delta) { return libcall::memory_grow(ctx, memory, delta); }
uint32_t memory_init(VmCtx* ctx, uint32_t data, uint32_t memory, uint64_t dst, uint64_t src, uint64_t n) {
  return number(libcall::memory_init(ctx, data, memory, dst, src, n));
}
uint32_t memory_copy(VmCtx* ctx, uint32_t to, uint32_t from, uint64_t dst, uint64_t src, uint64_t n) {
  return number(libcall::memory_copy(ctx, to, from, dst, src, n));
}
uint32_t memory_fill(VmCtx* ctx, uint32_t memory, uint64_t dst, uint32_t value, uint64_t n) {
  return number(libcall::memory_fill(ctx, memory, dst, static_cast<uint8_t>(value), n));
}
void data_drop(VmCtx* ctx, uint32_t data) { libcall::data_drop(ctx, data); }
uint64_t table_grow(VmCtx* ctx, uint32_t table, Ref init, uint64_t delta) {
  return libcall::table_grow(ctx, table, init, delta);
}
uint32_t table_fill(VmCtx* ctx, uint32_t table, uint64_t i, Ref value, uint64_t n) {
  return number(libcall::table_fill(ctx, table, i, value, n));
}
uint32_t table_copy(VmCtx* ctx, uint32_t to, uint32_t from, uint64_t dst, uint64_t src, uint64_t n) {
  return number(libcall::table_copy(ctx, to, from, dst, src, n));
}
uint32_t table_init(VmCtx* ctx, uint32_t elem, uint32_t table, uint64_t dst, uint64_t src, uint64_t n) {
  return number(libcall::table_init(ctx, elem, table, dst, src, n));
}
void elem_drop(VmCtx* ctx, uint32_t elem) { libcall::elem_drop(ctx, elem); }
Ref ref_func(VmCtx* ctx, uint32_t func) { return libcall::ref_func(ctx, func); }

// --------------------------------------------------------------------------------- structs and arrays

SKIFF_NATIVE Ref struct_new(VmCtx* ctx, ModuleTypeIndex type, const Slot* fields) {
  SKIFF_NEW(ctx, libcall::struct_new(ctx, type, fields, out));
}
SKIFF_NATIVE Ref struct_new_default(VmCtx* ctx, ModuleTypeIndex type) {
  SKIFF_NEW(ctx, libcall::struct_new_default(ctx, type, out));
}
SKIFF_NATIVE Ref array_new(VmCtx* ctx, ModuleTypeIndex type, const Slot* init, uint32_t n) {
  SKIFF_NEW(ctx, libcall::array_new(ctx, type, init, n, out));
}
SKIFF_NATIVE Ref array_new_default(VmCtx* ctx, ModuleTypeIndex type, uint32_t n) {
  SKIFF_NEW(ctx, libcall::array_new_default(ctx, type, n, out));
}
SKIFF_NATIVE Ref array_new_fixed(VmCtx* ctx, ModuleTypeIndex type, const Slot* elems, uint32_t n) {
  SKIFF_NEW(ctx, libcall::array_new_fixed(ctx, type, elems, n, out));
}
SKIFF_NATIVE Ref array_new_data(VmCtx* ctx, ModuleTypeIndex type, uint32_t data, uint32_t offset, uint32_t n) {
  SKIFF_NEW(ctx, libcall::array_new_data(ctx, type, data, offset, n, out));
}
SKIFF_NATIVE Ref array_new_elem(VmCtx* ctx, ModuleTypeIndex type, uint32_t elem, uint32_t offset, uint32_t n) {
  SKIFF_NEW(ctx, libcall::array_new_elem(ctx, type, elem, offset, n, out));
}
uint32_t array_fill(VmCtx* ctx, ModuleTypeIndex type, Ref array, uint32_t i, const Slot* value, uint32_t n) {
  return number(libcall::array_fill(ctx, type, array, i, value, n));
}
uint32_t array_copy(VmCtx* ctx, Ref dst, uint32_t di, Ref src, uint32_t si, uint32_t n) {
  return number(libcall::array_copy(ctx, dst, di, src, si, n));
}
uint32_t array_init_data(VmCtx* ctx, ModuleTypeIndex type, uint32_t data, Ref array, uint32_t i, uint32_t offset,
                         uint32_t n) {
  return number(libcall::array_init_data(ctx, type, data, array, i, offset, n));
}
uint32_t array_init_elem(VmCtx* ctx, ModuleTypeIndex type, uint32_t elem, Ref array, uint32_t i, uint32_t offset,
                         uint32_t n) {
  return number(libcall::array_init_elem(ctx, type, elem, array, i, offset, n));
}
// `heap`: a module type index, or minus the byte of an abstract heap type.
uint32_t ref_test(VmCtx* ctx, Ref value, uint32_t nullable, uint64_t heap) {
  const auto code = static_cast<int64_t>(heap);
  const HeapType type = code >= 0 ? HeapType::concrete(ctx->type_ids[code])
                                  : HeapType::abstract(static_cast<uint8_t>(-code));
  return libcall::ref_test(ctx, value, ValType::ref(type, nullable != 0));
}

// --------------------------------------------------------------------------------------------- atomics

SKIFF_NATIVE uint64_t atomic_notify(VmCtx* ctx, uint32_t memory, uint64_t address, uint32_t count) {
  uint32_t woken = 0;
  const TrapCode code = libcall::atomic_notify(ctx, memory, address, count, woken);
  if (code != TrapCode::None) SKIFF_TRAP_HERE(ctx, code);
  return woken;
}
SKIFF_NATIVE uint64_t atomic_wait32(VmCtx* ctx, uint32_t memory, uint64_t address, uint32_t expected,
                                    uint64_t timeout_ns) {
  uint32_t result = 0;
  const TrapCode code =
      libcall::atomic_wait32(ctx, memory, address, expected, static_cast<int64_t>(timeout_ns), result);
  if (code != TrapCode::None) SKIFF_TRAP_HERE(ctx, code);
  return result;
}
SKIFF_NATIVE uint64_t atomic_wait64(VmCtx* ctx, uint32_t memory, uint64_t address, uint64_t expected,
                                    uint64_t timeout_ns) {
  uint32_t result = 0;
  const TrapCode code =
      libcall::atomic_wait64(ctx, memory, address, expected, static_cast<int64_t>(timeout_ns), result);
  if (code != TrapCode::None) SKIFF_TRAP_HERE(ctx, code);
  return result;
}

}  // namespace native

namespace {

// The table's letters for C++ types; 'n' and 't' look like 'v' and 'i' here.
template <class T>
constexpr char letter() {
  if constexpr (std::is_void_v<T>) return 'v';
  else if constexpr (std::is_pointer_v<T>) return 'p';
  else return sizeof(T) == 8 ? 'l' : 'i';
}

template <class R, class Ctx, class... A>
constexpr bool agrees(R (*)(Ctx*, A...), char result, std::string_view args) {
  const char expected = result == 'n' ? 'v' : result == 't' ? 'i' : result;
  const char letters[] = {letter<A>()..., '\0'};
  return letter<R>() == expected && std::string_view(letters) == args;
}

#define LETTER(X) #X[0]
#define SKIFF_LIBCALL(NAME, RESULT, ARGS) \
  static_assert(agrees(native::NAME, LETTER(RESULT), ARGS), #NAME " disagrees with its row");
#include "compiler/target/native_libcalls.def"
#undef SKIFF_LIBCALL
#undef LETTER

const void* const kLibcalls[] = {
#define SKIFF_LIBCALL(NAME, RESULT, ARGS) reinterpret_cast<const void*>(&native::NAME),
#include "compiler/target/native_libcalls.def"
#undef SKIFF_LIBCALL
};
static_assert(std::size(kLibcalls) == kLibcallCount);

}  // namespace

const void* const* native_libcalls() { return kLibcalls; }

}  // namespace skiff::compiler
