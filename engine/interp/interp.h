// The interpreter tier ("interp"): the tier for hosts without JIT, the oracle of the others.
#pragma once

#include <cstddef>
#include <memory>

#include "engine/exec/tier.h"

namespace skiff {

/// Functions are lowered to register code at their first call.
std::unique_ptr<Tier> make_interpreter();

/// Bytes that the functions of a module take which have been lowered so far. Requires: code of this tier.
/// Thread: any
size_t interpreter_code_bytes(TierCode& code);

}  // namespace skiff
