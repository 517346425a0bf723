// P2State: what one component store has of WASI 0.2: its context, its resources, its scheduler. P2Call: one call of a
// function of the face; functions are ordinary C++ with it as first parameter (functions.h).
// Thread: as the store.
#pragma once

#include "wasi/os/ctx.h"
#include "wasi/p2/resources.h"

namespace skiff::wasi {

class P2State {
 public:
  explicit P2State(Ctx& ctx);

  Ctx& ctx;
  ThreadScheduler own_scheduler;       // used when the context has none
  Scheduler& scheduler;
  NetContext net;
  ResourceSet resources;
  std::vector<uint8_t> scratch;        // what the present call reads; kStreamChunk bytes
  uint64_t secret = 0;                 // of metadata hashes
  SeededRandom fixed_random{0};        // when none was granted
  std::shared_ptr<InputStream> in;     // standard input is one: whoever reads takes it from all
};

namespace p2 {

class P2Call {
 public:
  explicit P2Call(component::FlatCall& flat)
      : flat(flat), state(*static_cast<P2State*>(flat.store().core().data())) {}

  component::FlatCall& flat;
  P2State& state;
  Outcome outcome = Outcome::Ok;

  void trap(std::string text) { outcome = flat.trap(std::move(text)); }
  Interrupt interrupt() { return {&flat.store().core().vm().interrupt, nullptr}; }
  Blocking blocking() { return {state.scheduler, interrupt()}; }
  /// The guest is to stop.
  void interrupted() { outcome = flat.store().core().trap(TrapCode::Interrupted); }

  /// A new resource, which the state owns; null after a trap.
  template <class R, class... Args>
  Own<R> make(HostResource* parent, Args&&... args) {
    if (state.resources.full()) {
      trap("the guest has too many resources of the host");
      return {};
    }
    R* r = new R(std::forward<Args>(args)...);
    state.resources.add(r, parent);
    return {r};
  }
  /// A fault as the guest is told it, or a trap.
  std::unexpected<StreamError> fault(const StreamFault& f);
  template <class T>
  std::expected<T, StreamError> told(Streamed<T> r) {
    if (!r) return fault(r.error());
    if constexpr (std::is_void_v<T>) return {};
    else return *std::move(r);
  }
};

}  // namespace p2
}  // namespace skiff::wasi
