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
  GuardScope(Landing landing, void* cookie);
  ~GuardScope();
  GuardScope(const GuardScope&) = delete;

  Landing landing;
  void* cookie;
  GuardScope* previous;
  // Where the last claimed fault was, for the landing: machine code address, data address, frame and
  // stack pointer.
  uintptr_t fault_pc = 0;
  uintptr_t fault_address = 0;
  uintptr_t fault_fp = 0;
  uintptr_t fault_sp = 0;
};

/// The innermost scope of this thread, or null.
GuardScope* current_guard_scope();

/// The state of a thread's scopes, saved and put back by code that moves a guest between threads or leaves
/// scopes without running their destructors (a landing that jumps out).
void restore_guard_scope(GuardScope* scope);

}  // namespace skiff
