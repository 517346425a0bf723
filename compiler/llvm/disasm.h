// Text of machine code, for developers.
#pragma once

#include <string>

#include "compiler/llvm/compiler_api.h"
#include "engine/valid/valid.h"

namespace skiff::llvm_tier {

/// See CompilerApi::disassemble. Errors: InvalidArgument (no such function), Unsupported (the target).
Result<std::string> disassemble(const compiler::NativeImage& image, const ModuleInfo& info,
                                const compiler::CompileOptions& options, uint32_t func);

}  // namespace skiff::llvm_tier
