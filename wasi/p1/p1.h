// WASI preview 1: the functions of module "wasi_snapshot_preview1", and of its predecessor
// "wasi_unstable", as host functions over the services of wasi/os. What a guest may do is what its Ctx
// grants; everything else fails with an errno, never with a crash.
#pragma once

#include "engine/exec/linker.h"
#include "wasi/os/ctx.h"

namespace skiff::wasi {

class P1 {
 public:
  /// Defines all functions in `linker`. Descriptors: 0 to 2 are the standard streams, then come the
  /// preopened directories, then the sockets. The guest's memory is the export "memory" of the instance
  /// that calls; a call that needs it traps (HostError) where there is none. proc_exit ends the program by
  /// TrapCode::Exit with the status as the guest gave it.
  /// Requires: `ctx` is complete, and outlives the linker's store.
  static void define(Linker& linker, Ctx& ctx);
};

}  // namespace skiff::wasi
