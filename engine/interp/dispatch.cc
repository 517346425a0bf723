// The handlers: one function for each internal opcode of codes.inc, around its body in ops_*.h, and how
// control goes from one to the next.
//
// With clang a handler ends by calling the next one in tail position (musttail), the interpreter's registers
// being its parameters, which on x86-64 and AArch64 live in callee-saved registers (preserve_none), so that
// library calls cost no saving. Other compilers guarantee no tail calls: there a handler returns pc and frame
// to a loop and keeps the other registers in the activation. (One function with computed gotos instead would
// have two thousand labels, and as many times that edges.)
//
// All handlers are in an ELF section of their own, which is what the fault handler takes for our code.
#include "engine/interp/activation.h"
#include "engine/interp/ops_control.h"
#include "engine/interp/ops_memory.h"
#include "engine/interp/ops_numeric.h"
#include "engine/interp/ops_ref_gc.h"
#include "engine/interp/regs.h"

extern "C" {
extern const char __start_skiff_interp[] __attribute__((visibility("hidden")));
extern const char __stop_skiff_interp[] __attribute__((visibility("hidden")));
}

namespace skiff::interp {
namespace {

#define SKIFF_HANDLER __attribute__((section("skiff_interp"), noinline)) SKIFF_UNSANITIZED

#if SKIFF_TAIL_CALLS

#define SKIFF_CODE(NAME, ...)                                                                            \
  SKIFF_HANDLER void NAME##_handler(SKIFF_HANDLER_PARAMS) SKIFF_HANDLER_CC;                              \
  SKIFF_HANDLER void NAME##_handler(SKIFF_HANDLER_PARAMS) {                                              \
    Regs r{pc, fp, act, ctx, mem, acc, facc};                                                            \
    __VA_ARGS__(r);                                                                                      \
    [[clang::musttail]] return immediate<Handler>(r.pc)(r.pc, r.fp, r.act, r.ctx, r.mem, r.acc, r.facc); \
  }
#include "engine/interp/codes.inc"
#undef SKIFF_CODE

SKIFF_HANDLER void exit_handler(SKIFF_HANDLER_PARAMS) SKIFF_HANDLER_CC;
SKIFF_HANDLER void exit_handler(SKIFF_HANDLER_PARAMS) {}

#else

#define SKIFF_CODE(NAME, ...)                                     \
  SKIFF_HANDLER Next NAME##_handler(SKIFF_HANDLER_PARAMS) {       \
    Regs r{pc, fp, act, act->ctx, act->mem, act->acc, act->facc}; \
    __VA_ARGS__(r);                                               \
    act->ctx = r.ctx;                                             \
    act->mem = r.mem;                                             \
    act->acc = r.acc;                                             \
    act->facc = r.facc;                                           \
    return {r.pc, r.fp};                                          \
  }
#include "engine/interp/codes.inc"
#undef SKIFF_CODE

SKIFF_HANDLER Next exit_handler(SKIFF_HANDLER_PARAMS) { return {nullptr, fp}; }

#endif

constexpr Handler kHandlers[] = {
#define SKIFF_CODE(NAME, ...) NAME##_handler,
#include "engine/interp/codes.inc"
#undef SKIFF_CODE
};

}  // namespace

const StaticInstr kExit{exit_handler};
const StaticInstr kRaise{Raise_handler};
const StaticInstr kLower{Lower_handler};
const StaticInstr kElsewhere{Elsewhere_handler};

void put_handler(Word* to, Code code) {
  const Handler handler = kHandlers[static_cast<size_t>(code)];
  std::memcpy(to, &handler, sizeof handler);
}

void run_code(Activation& act, Pc pc) {
  VmCtx* ctx = header_of(act.fp).ctx;
#if SKIFF_TAIL_CALLS
  immediate<Handler>(pc)(pc, act.fp, &act, ctx, ctx->memory0_base, 0, FloatAcc{});
#else
  act.ctx = ctx;
  act.mem = ctx->memory0_base;
  Next next{pc, act.fp};
  while (next.pc) next = immediate<Handler>(next.pc)(next.pc, next.fp, &act);
#endif
}

std::pair<const void*, const void*> handlers() { return {__start_skiff_interp, __stop_skiff_interp}; }

}  // namespace skiff::interp
