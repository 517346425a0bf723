// `skiff component new`: a component from a core module whose custom sections say what world it was
// made for, and from adapters: core modules that implement imports of the main one (such as WASI
// preview 1) by means of imports of their own.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/binary/decode.h"
#include "engine/syntax/features.h"

namespace skiff::component::tools {

struct Adapter {
  /// The module name under which the main module imports it: "wasi_snapshot_preview1".
  std::string name;
  /// A core module with a world of its own. It may import the main module's functions from
  /// "__main_module__". Either it works in the main module's memory, which it imports as "env"
  /// "memory", or it exports a "memory" of its own and copies by "read" and "write" (to, from, size)
  /// of "__main_memory__", which also has "size" (pages).
  SharedBytes binary;
};

struct NewOptions {
  Features features;
  std::vector<Adapter> adapters;
};

/// The component, validated. Errors: those of decoding module and worlds; UnknownImport for imports
/// that are in no world and no adapter; InvalidComponent for what the module lacks; those of
/// validation where its types do not fit the world's.
Result<std::vector<uint8_t>> new_component(SharedBytes module, const NewOptions& options);

/// Decodes and validates a component that a tool has made. Errors: InvalidComponent and its kin.
Status check_component(const std::vector<uint8_t>& binary, Features features);

}  // namespace skiff::component::tools
