// Faults in guarded memories become traps. The handler claims a fault only when the faulting thread has
// a GuardScope (set by the tier around its execution), the address lies in a guarded memory's reservation and
// the pc in code registered with add_code_range; everything else goes to whoever was installed before. No
// longjmp out of the handler: the saved context is rewritten so that after sigreturn the thread runs
// `landing(cookie)`, which may longjmp. ISA-specific parts are in signals_context.h only.
//
// Process-wide state (signal handlers are process-wide, so it cannot be otherwise): signals.cc.
#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace skiff {

/// Registers code in which memory faults are traps (the interpreter's handlers, later JIT code).
/// Thread: any. `begin`..`end`: machine code addresses.
void add_code_range(const void* begin, const void* end);
void remove_code_range(const void* begin, const void* end);

/// Registers a guarded reservation.
void add_guarded_range(const void* begin, const void* end);
void remove_guarded_range(const void* begin, const void* end);

/// Installs the process-wide handlers (SIGSEGV, SIGBUS) once, chaining to earlier ones, and an
/// alternate stack for this thread where it has none. Errors: Unsupported.
Status install_fault_handler();

/// On this thread, while it lives, claimed faults continue in landing(cookie), on the faulting stack.
class GuardScope {
 public:
  using Landing = void (*)(void* cookie);
  inline GuardScope(Landing landing, void* cookie);
  inline ~GuardScope();
  GuardScope(const GuardScope&) = delete;

  Landing landing;
  void* cookie;
  GuardScope* previous;
  // Where the last claimed fault was, for the landing: machine code address, data address, frame and
  // stack pointer.
  uintptr_t fault_pc;
  uintptr_t fault_address;
  uintptr_t fault_fp;
  uintptr_t fault_sp;
};

/// What calls into guests need to know about their thread.
struct ThreadState {
  GuardScope* innermost = nullptr;
  bool has_signal_stack = false;
  bool knows_stack = false;
  // The thread's own stack, and the lowest address that guests may use of it; all zero where they are not known.
  uintptr_t stack_low = 0;
  uintptr_t stack_high = 0;
  uintptr_t stack_limit = 0;
};
// Initial-exec: reading it in the fault handler must not allocate, and it is read in every call.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadState thread_state;
/// Gives this thread an alternate stack for signals unless it has one.
[[gnu::cold, gnu::noinline]] void ensure_signal_stack();
/// Finds out about this thread's stack.
[[gnu::cold, gnu::noinline]] void find_thread_stack();

inline GuardScope::GuardScope(Landing landing, void* cookie) : landing(landing), cookie(cookie) {
  ThreadState& thread = thread_state;
  if (!thread.has_signal_stack) [[unlikely]] ensure_signal_stack();
  previous = thread.innermost;
  thread.innermost = this;
}
inline GuardScope::~GuardScope() { thread_state.innermost = previous; }

/// The innermost scope of this thread, or null.
inline GuardScope* current_guard_scope() { return thread_state.innermost; }

/// The state of a thread's scopes, saved and put back by code that moves a guest between threads or leaves
/// scopes without running their destructors (a landing that jumps out).
inline void restore_guard_scope(GuardScope* scope) { thread_state.innermost = scope; }

}  // namespace skiff
