// The module "spectest" that the official scripts import from (Spec repository:
// interpreter/README.md, "Spectest host module").
#pragma once

#include "engine/exec/linker.h"

namespace skiff::spectest {

/// Defines its functions (which print nothing), globals, tables and memories in the linker's store.
/// `shared_memory` only exists when the engine has threads, `table64` when it has memory64.
/// Errors: Resource.
Status define_spectest(Linker& linker);

}  // namespace skiff::spectest
