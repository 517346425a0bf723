// The saved register state of a signal (ucontext), per instruction set: everything about it that Skiff
// reads or changes. Included by signals.cc only.
#pragma once

#include <sys/ucontext.h>

#include <cstdint>

namespace skiff::signal_context {

#if defined(__x86_64__)

inline uintptr_t pc(const ucontext_t& c) { return static_cast<uintptr_t>(c.uc_mcontext.gregs[REG_RIP]); }
inline uintptr_t fp(const ucontext_t& c) { return static_cast<uintptr_t>(c.uc_mcontext.gregs[REG_RBP]); }
inline uintptr_t sp(const ucontext_t& c) { return static_cast<uintptr_t>(c.uc_mcontext.gregs[REG_RSP]); }

/// Makes the thread continue as if `function(argument)` had been called at the point of the fault.
inline void continue_in(ucontext_t& c, uintptr_t function, uintptr_t argument) {
  greg_t* regs = c.uc_mcontext.gregs;
  // Below the red zone (128 bytes); at a function's entry sp is 8 below a multiple of 16.
  const uintptr_t sp = ((static_cast<uintptr_t>(regs[REG_RSP]) - 128) & ~uintptr_t{15}) - 8;
  regs[REG_RSP] = static_cast<greg_t>(sp);
  regs[REG_RIP] = static_cast<greg_t>(function);
  regs[REG_RDI] = static_cast<greg_t>(argument);
  regs[REG_EFL] &= ~greg_t{0x400};  // the ABI wants the direction flag clear
}

#elif defined(__aarch64__)

inline uintptr_t pc(const ucontext_t& c) { return c.uc_mcontext.pc; }
inline uintptr_t fp(const ucontext_t& c) { return c.uc_mcontext.regs[29]; }
inline uintptr_t sp(const ucontext_t& c) { return c.uc_mcontext.sp; }

inline void continue_in(ucontext_t& c, uintptr_t function, uintptr_t argument) {
  c.uc_mcontext.sp &= ~uint64_t{15};
  c.uc_mcontext.regs[30] = c.uc_mcontext.pc;
  c.uc_mcontext.regs[0] = argument;
  c.uc_mcontext.pc = function;
}

#elif defined(__riscv) && __riscv_xlen == 64

inline uintptr_t pc(const ucontext_t& c) { return c.uc_mcontext.__gregs[REG_PC]; }
inline uintptr_t fp(const ucontext_t& c) { return c.uc_mcontext.__gregs[REG_S0]; }
inline uintptr_t sp(const ucontext_t& c) { return c.uc_mcontext.__gregs[REG_SP]; }

inline void continue_in(ucontext_t& c, uintptr_t function, uintptr_t argument) {
  auto& regs = c.uc_mcontext.__gregs;
  regs[REG_SP] &= ~15ul;
  regs[REG_RA] = regs[REG_PC];
  regs[REG_A0] = argument;
  regs[REG_PC] = function;
}

#else
#error "Skiff's fault handler does not know this instruction set"
#endif

}  // namespace skiff::signal_context
