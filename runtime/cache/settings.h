// CodeSettings: everything besides the module that decides what its machine code is, as a short
// text of lines "name=value". Two equal texts stand for interchangeable code. The text is kept in
// every artifact, so that a mismatch can be named, and goes into cache keys.
//
// None of this loads the compiler: the CPU is described by what it says of itself (CPUID words,
// hardware capabilities), of which the compiler's choices are a function.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/exec/engine.h"

namespace skiff {

/// A CPU to compile for.
struct CodeTarget {
  std::string arch;  // "x86_64", "aarch64", "riscv64"
  /// "native:" and words that are the same only on equal CPUs; "baseline"; or an x86-64 level,
  /// "x86-64-v3".
  std::string cpu;
  std::string triple;    // for the compiler; empty: this machine's
  std::string llvm_cpu;  // for the compiler; empty: this machine's
};

/// This machine. Costs a few microseconds (CPUID).
CodeTarget native_target();
/// From --target: native, baseline, x86-64, x86-64-v2, -v3, -v4, aarch64, riscv64.
/// Errors: InvalidArgument naming the known ones.
Result<CodeTarget> parse_target(std::string_view name);

/// The text, with a line break after each line.
std::string code_settings(const CodeTarget& target, Features features, const Tunables& tunables);

/// Can code made with settings `have` run where `want` (made for native_target()) is what the
/// engine needs? Errors: Unsupported, naming the first line that differs.
Status check_settings(std::string_view have, std::string_view want);

/// Identity of this program and its compiler as files on this machine: it changes when either is
/// rebuilt or replaced, even where no version number does. For the names of cache entries.
std::string build_identity();

}  // namespace skiff
