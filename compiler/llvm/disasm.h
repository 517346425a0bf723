// Text of machine code, for developers.
#pragma once

#include <string>

#include "compiler/target/native_image.h"
#include "engine/valid/valid.h"

namespace skiff::llvm_tier {

/// One instruction a line: offset in the image, bytes, instruction, and the wasm offset where that changes.
/// The image must be for this machine's ISA.   Errors: InvalidArgument.
Result<std::string> disassemble(const compiler::NativeImage& image, const ModuleInfo& info, uint32_t func);

}  // namespace skiff::llvm_tier
