// The boundary of libskiff-llvm: the only thing that the rest of Skiff knows of LLVM. The library is loaded
// with dlopen when something must be compiled, and never when a cached artifact is at hand.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "compiler/target/native_image.h"
#include "engine/base/result.h"
#include "engine/exec/engine.h"
#include "engine/valid/valid.h"

namespace skiff::compiler {

/// Raised with every change to what generated code is or expects; part of cache keys.
inline constexpr uint32_t kCompilerVersion = 6;

struct CompileOptions {
  Tunables tunables;
  /// Empty: this machine's. Else e.g. "aarch64-unknown-linux-gnu".
  std::string triple;
  /// Empty: this machine's CPU and all its features; "baseline": the least that the triple guarantees.
  std::string cpu;
  unsigned threads = 0;                  // 0: as many as there are cores
  bool epochs = true;                    // poll vm_store->interrupt at loop heads and function entries
  bool fuel = false;                     // count instructions against vm_store->fuel
  bool verify = false;                   // run LLVM's verifier on the IR (tests)
  /// Not null and true: nobody wants the result any more; compile() fails soon.
  const std::atomic<bool>* cancelled = nullptr;
  /// Called from any thread with the number of functions done, for progress.
  std::function<void(uint32_t done, uint32_t total)> progress;
};

struct CompilerApi {
  /// kCompilerVersion of the library; one of another version is not used.
  uint32_t version;
  Result<NativeImage> (*compile)(const ModuleInfo& info, const CompileOptions& options);
  /// Text of the machine code of one function (function index), for `skiff dump --native`: lines of hexadecimal
  /// offset in the image, a tab, instruction; and ";; @0x<wasm offset>" before what was made of that place.
  /// `options`: triple and CPU that the image is for.
  Result<std::string> (*disassemble)(const NativeImage& image, const ModuleInfo& info, const CompileOptions& options,
                                     uint32_t func);
  /// LLVM IR of one function after optimisation, for developers.
  Result<std::string> (*emit_ir)(const ModuleInfo& info, const CompileOptions& options, uint32_t func);
  /// "file.c:12" for byte offsets of the module, from its custom sections with DWARF; empty where they say nothing.
  std::vector<std::string> (*source_positions)(const Module& module, std::span<const uint64_t> offsets);
  /// "x86-64 znver5 avx512f,..": what the empty cpu means here, for people.
  std::string (*host_cpu)();
};

}  // namespace skiff::compiler

/// The library's one exported symbol.
extern "C" const skiff::compiler::CompilerApi* skiff_llvm_compiler_api();
