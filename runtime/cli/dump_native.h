// `skiff dump --native`: machine code beside the wasm instructions that it was made of.
#pragma once

#include <string_view>

#include "runtime/cli/args.h"

namespace skiff::cli {

/// FILE is a module, which is compiled for --target, or an artifact, whose code is shown as it is. Returns the exit code.
int dump_native(const Arguments& args, std::string_view path);

}  // namespace skiff::cli
