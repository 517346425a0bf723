// WASI 0.2.12 for components: all functions of io, clocks, random, filesystem, sockets and cli, as typed faces of
// wasi/os. A component that imports any 0.2.x gets these. Authority comes from a Ctx alone.
#pragma once

#include "component/exec/linker.h"
#include "wasi/os/ctx.h"
#include "wasi/typed/resource.h"

namespace skiff::wasi {

class P2State;

/// What linkers are given; stateless, shared by any number of them and of stores. Outlives them.
class P2 {
 public:
  P2();
  ~P2();
  P2(const P2&) = delete;

  /// Defines all interfaces.
  void define(component::ComponentLinker& linker) const;
  /// Gives a store its authority: `ctx` must outlive the store; and so must what is returned, which is to be
  /// destroyed after it. Uses the core store's data().
  std::unique_ptr<P2State, void (*)(P2State*)> attach(component::ComponentStore& store, Ctx& ctx) const;

 private:
  HostTypes types_;
  component::TypeTablePtr table_;
  std::vector<component::ResourceId> ids_;
};

}  // namespace skiff::wasi
