// The small core modules between a component's definitions and its core modules: what cannot be
// passed directly, because it needs a memory that does not exist yet, goes through a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/syntax/types.h"

namespace skiff::component::tools {

/// Exports a function "0", "1", ... of each signature, which calls that element of the table that
/// it exports as "$imports". Requires: numbers only.
std::vector<uint8_t> shim_module(const std::vector<skiff::FuncType>& signatures);
/// Imports that table and the functions, and fills the one with the others.
std::vector<uint8_t> fixup_module(const std::vector<skiff::FuncType>& signatures);
/// Calls its import "" "" when instantiated.
std::vector<uint8_t> start_module();
/// Exports "cabi_realloc", which grows the memory that it imports as "env" "memory" by whole pages
/// for each new block; growing a block traps.
std::vector<uint8_t> realloc_module();
/// For adapters with a memory of their own: exports "read" (to, from, size), which copies from the
/// memory "main" "memory" to the memory "adapter" "memory", "write" (to, from, size), the other way,
/// and "size", that of the main memory in pages.
std::vector<uint8_t> transfer_module();
/// Exports functions "0", "1", ... of these signatures that trap when they are called.
std::vector<uint8_t> trap_module(const std::vector<skiff::FuncType>& signatures);

}  // namespace skiff::component::tools
