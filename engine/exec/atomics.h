// Waiting on addresses (Spec, threads: memory.atomic.wait and notify). The wasm-level checks are in
// libcalls.h; here is the process-wide parking lot that threads of all stores meet in.
#pragma once

#include "engine/exec/vmctx.h"

namespace skiff {

/// Wakes every thread of this store that waits on an address; those waits end with TrapCode::Interrupted
/// when vm.interrupt is set.   Thread: any
void wake_interrupted(const VmStore& vm);

}  // namespace skiff
