// Source positions of wasm code, from the DWARF that compilers put into custom sections.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/syntax/module.h"

namespace skiff::llvm_tier {

/// See CompilerApi::source_positions.
std::vector<std::string> source_positions(const Module& module, std::span<const uint64_t> offsets);

}  // namespace skiff::llvm_tier
