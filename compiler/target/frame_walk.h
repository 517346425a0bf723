// Frame records of each ISA: how to get from a frame to its caller's along frame pointers. Generated code, library
// calls and the entry stub all keep them.
#pragma once

#include <cstdint>

namespace skiff::compiler {

/// A place in generated code: an address within the instruction, and the frame pointer of its function.
struct CodeSite {
  uintptr_t pc = 0;
  uintptr_t fp = 0;
};

namespace detail {
inline uintptr_t word_at(uintptr_t address) { return *reinterpret_cast<const uintptr_t*>(address); }
}  // namespace detail

#if defined(__riscv)
// s0 is the stack pointer of the caller: the record lies below.
inline uintptr_t return_address(uintptr_t fp) { return detail::word_at(fp - 8); }
inline uintptr_t caller_fp(uintptr_t fp) { return detail::word_at(fp - 16); }
#elif defined(__x86_64__) || defined(__aarch64__)
// rbp or x29 points to the record.
inline uintptr_t return_address(uintptr_t fp) { return detail::word_at(fp + 8); }
inline uintptr_t caller_fp(uintptr_t fp) { return detail::word_at(fp); }
#else
#error "Skiff does not know the frames of this instruction set"
#endif

/// The call that the frame `fp` returns to.
inline CodeSite caller_of(uintptr_t fp) { return {return_address(fp) - 1, caller_fp(fp)}; }

/// Where the current function was called. Requires: the function is not inlined.
[[gnu::always_inline]] inline CodeSite call_site() {
  // Not from the frame record: a compiler may store the return address signed there.
  void* ret = __builtin_extract_return_addr(__builtin_return_address(0));
  return {reinterpret_cast<uintptr_t>(ret) - 1,
          caller_fp(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)))};
}

}  // namespace skiff::compiler
