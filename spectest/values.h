// Values of scripts against values at run time: making arguments, comparing results with patterns,
// and writing both in the notation of scripts for messages.
#pragma once

#include <string>
#include <vector>

#include "engine/exec/store.h"
#include "engine/gc/roots.h"
#include "spectest/script.h"

namespace skiff::spectest {

/// The run-time value of a script's constant. References to host objects are made in the store, a
/// new object each time, and live at least as long as what is added to `roots`. Errors: Resource.
Result<Val> to_val(Store& store, const Const& constant, std::vector<gc::Rooted>& roots);

/// Does the value have the look of the pattern?
bool matches(Store& store, const Pattern& pattern, const Val& value);

/// In the notation of scripts, e.g. "(f32.const nan:0x200000)", "(ref.extern 1)".
std::string to_string(Store& store, const Val& value);
std::string to_string(const Pattern& pattern);
/// Several, separated by a blank; "nothing" when there are none.
std::string to_string(Store& store, const std::vector<Val>& values);
std::string to_string(const std::vector<Pattern>& patterns);

}  // namespace skiff::spectest
