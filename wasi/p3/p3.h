// WASI 0.3.0 for components: clocks, random, filesystem, sockets, cli and http, as typed faces of wasi/os. A component that
// imports any 0.3.x gets these. Authority comes from a Ctx alone.
#pragma once

#include "wasi/common/face.h"

namespace skiff::wasi {

/// What linkers are given; outlives them. Stores get their authority by attach(), the same for all versions.
class P3 final : public Face {
 public:
  P3();
  /// Defines all interfaces.
  void define(component::ComponentLinker& linker) const;
};

}  // namespace skiff::wasi
