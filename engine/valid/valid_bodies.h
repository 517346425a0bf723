// Validation of all function bodies of a module, on one thread or several.
#pragma once

#include "engine/base/result.h"
#include "engine/valid/valid.h"

namespace skiff {

/// Walks every defined function with the null sink. `threads` as in ValidateOptions.
/// Errors: that of the first function that has one, whatever the number of threads.
Status validate_bodies(const ModuleInfo& info, unsigned threads);

}  // namespace skiff
