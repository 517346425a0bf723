// Finding and loading the library of the optimising compiler (libskiff-llvm). It is large, so it is only
// loaded when something must be compiled.
#pragma once

#include <string>

#include "compiler/llvm/compiler_api.h"

namespace skiff::compiler {

/// Loads the library, or finds it loaded. Looks where SKIFF_LLVM_LIBRARY says (a file; ignored in programs with
/// raised rights), else next to the file that this code is in, in the lib folder beside that, and where the
/// system looks for libraries. It stays loaded.
/// Errors: Unsupported, saying what was tried.   Thread: any
Result<const CompilerApi*> load_llvm_compiler();

/// The file that load_llvm_compiler() would try first of those that exist; empty when there is none, but for where
/// the system looks. Loads nothing.
std::string find_llvm_compiler();

}  // namespace skiff::compiler
