// The two bridges between native and array calls that an image has for each function type (abi.h, 3).
#pragma once

#include "compiler/llvm/module_ir.h"

namespace skiff::llvm_tier {

/// Defines "e<type_index>": calls native code with arguments from slots.
void emit_array_entry(ModuleIr& shared, uint32_t type_index);
/// Defines "t<type_index>": the native face of functions that can only be called with slots.
void emit_import_thunk(ModuleIr& shared, uint32_t type_index);

}  // namespace skiff::llvm_tier
