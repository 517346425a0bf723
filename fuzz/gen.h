// The generator of valid modules: bytes of a fuzzer in, a module out that validates under the given features
// and whose every call ends. It knows operators from opcodes.def (rows with a signature) and by hand (rows
// with '*'), so that a new row is generated without further work.
//
// What always holds of the result:
//   - it depends on the bytes and the options only, and its size is bounded;
//   - the mutable i32 global exported as "fuel" counts down at every function entry and loop turn; at 0
//     functions return, so every call ends. Set it to kFuel before each call from outside;
//   - every function, memory, table, global and tag is exported: f0 f1 ..., m0 ..., t0 ..., g0 ..., e0 ...;
//   - imports, if any, are functions, memories and globals of module "env", which fuzz/run.h provides.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/syntax/features.h"
#include "engine/syntax/module.h"

namespace skiff::fuzz {

inline constexpr int32_t kFuel = 100;

struct GenOptions {
  /// No instruction traps: addresses and indices are in bounds, divisors and casts are guarded, exceptions
  /// are caught. More of the code runs.
  bool trap_free = false;
  /// NaNs of arithmetic, whose bits the specification leaves open, are replaced by the canonical one, so that
  /// results of different implementations can be compared bit for bit.
  bool canonical_nans = true;
  /// Proposals that the module may use.
  Features features = Features::all();
  /// Upper bound for the number of generated operators of a module.
  uint32_t max_nodes = 600;
};

/// Options that the first byte of an input decides; used by all targets that do not ask for special ones.
GenOptions options_of(ByteSpan entropy);

/// Generates a module.
Module generate(ByteSpan entropy, const GenOptions& options);

/// generate, then encode_module.
std::vector<uint8_t> generate_binary(ByteSpan entropy, const GenOptions& options);

}  // namespace skiff::fuzz
