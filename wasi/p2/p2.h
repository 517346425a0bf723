// WASI 0.2.12 for components: all functions of io, clocks, random, filesystem, sockets, cli and http, as typed faces of
// wasi/os. A component that imports any 0.2.x gets these. Authority comes from a Ctx alone.
#pragma once

#include "wasi/common/face.h"

namespace skiff::wasi {

using P2State = WasiState;

/// What linkers are given; outlives them.
class P2 final : public Face {
 public:
  P2();
  /// Defines all interfaces.
  void define(component::ComponentLinker& linker) const;
};

}  // namespace skiff::wasi
