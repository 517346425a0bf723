// decode_module: binary format to Module (Spec: binary-module). Only the syntax is checked here; function
// bodies and constant expressions are kept as byte ranges, whose own syntax the walker checks while it
// validates (engine/valid), so that each byte is read once. Work and memory are linear in the input:
// no allocation is larger than a small multiple of the bytes read so far.
#pragma once

#include <memory>

#include "engine/base/result.h"
#include "engine/syntax/module.h"

namespace skiff {

/// Bytes with an owner; `owner` keeps `bytes` alive (a vector, a mapped file, a static array: null).
struct SharedBytes {
  ByteSpan bytes;
  std::shared_ptr<const void> owner;
  static SharedBytes own(std::vector<uint8_t> bytes);
};

/// Decodes a whole module. The Module's views point into `binary`, whose owner it retains.
/// Custom sections never make it fail: a malformed name or branch-hint section is ignored (kept in
/// `customs` as bytes), as the specification asks.
/// Errors: Malformed ones with absolute byte offset, ImplementationLimit, FeatureDisabled.
Result<Module> decode_module(SharedBytes binary, Features features);

/// True when the bytes start with the magic number of any wasm binary (module or component).
bool has_wasm_magic(ByteSpan bytes);

/// Result of checking the custom sections that the specification defines; used by `skiff validate` and
/// the spec runner's assert_malformed_custom / assert_invalid_custom. Ok for sections we do not know.
Status check_custom_sections(const Module& module);

}  // namespace skiff
