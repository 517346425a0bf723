// Faults in guarded memories become traps. The handler claims a fault only when the faulting thread has
// a GuardScope (set by the tier around its execution), the address lies in a guarded memory's reservation and the
// pc in code registered with add_code_range; everything else goes to whoever was installed before.
// No longjmp out of the handler: the saved context is rewritten so that after sigreturn the thread runs
// `landing(cookie)`, which may longjmp. ISA-specific parts are in signals_context.h only.
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
};

}  // namespace skiff
