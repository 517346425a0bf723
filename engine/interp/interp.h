// The interpreter tier ("interp"): the tier for hosts without JIT, the oracle of the others.
#pragma once

#include <memory>

#include "engine/exec/tier.h"

namespace skiff {

/// Functions are lowered to register code at their first call.
std::unique_ptr<Tier> make_interpreter();

}  // namespace skiff
