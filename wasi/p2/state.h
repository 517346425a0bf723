// P2Call: one call of a function of WASI 0.2; functions are ordinary C++ with it, or its base, as first parameter
// (functions.h). Thread: as the store.
#pragma once

#include "wasi/p2/resources.h"

namespace skiff::wasi::p2 {

class P2Call : public WasiCall {
 public:
  using WasiCall::WasiCall;

  Blocking blocking() { return {state.scheduler, interrupt()}; }
  /// A fault as the guest is told it, or a trap.
  std::unexpected<StreamError> fault(const StreamFault& f);
  template <class T>
  std::expected<T, StreamError> told(Streamed<T> r) {
    if (!r) return fault(r.error());
    if constexpr (std::is_void_v<T>) return {};
    else return *std::move(r);
  }
};

}  // namespace skiff::wasi::p2
