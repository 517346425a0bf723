// WasiState: what one component store has of WASI, of 0.2 and 0.3 alike: its context, its resources, its scheduler.
// WasiCall: one call of a function of a face; functions are ordinary C++ with it as first parameter.
// Thread: as the store.
#pragma once

#include <optional>

#include <set>

#include "wasi/os/byte_stream.h"
#include "wasi/os/ctx.h"
#include "wasi/os/host_loop.h"
#include "wasi/os/tcp.h"
#include "wasi/typed/typed.h"

namespace skiff::wasi {

/// Of the call's scratch, or of a resource: valid until the next call.
using Bytes = std::span<const uint8_t>;

/// What a guest makes the host keep for its messages of HTTP, with an upper bound (CtxLimits::http_bytes).
class HttpMemory {
 public:
  explicit HttpMemory(uint64_t limit) : limit_(limit) {}
  bool exceeded() const { return used_ > limit_; }
  uint64_t used() const { return used_; }

 private:
  friend class HttpCharge;
  uint64_t used_ = 0;
  uint64_t limit_;
};

/// A part of it, as long as this lives.
class HttpCharge {
 public:
  HttpCharge(HttpMemory& memory, uint64_t bytes) : memory_(memory), bytes_(bytes) { memory_.used_ += bytes; }
  ~HttpCharge() { memory_.used_ -= bytes_; }
  HttpCharge(const HttpCharge&) = delete;
  void set(uint64_t bytes) {
    memory_.used_ += bytes - bytes_;
    bytes_ = bytes;
  }

 private:
  HttpMemory& memory_;
  uint64_t bytes_;
};

class WasiState {
 public:
  explicit WasiState(Ctx& ctx);
  ~WasiState();
  WasiState(const WasiState&) = delete;

  Ctx& ctx;
  ThreadScheduler own_scheduler;       // used when the context has none
  Scheduler& scheduler;
  HostLoop loop;                       // calls and streams that wait
  NetContext net;
  HttpMemory http;
  ResourceSet resources;
  std::vector<uint8_t> scratch;        // what the present call reads; kStreamChunk bytes
  /// Of metadata hashes.
  uint64_t secret();
  SeededRandom fixed_random{0};        // when none was granted
  std::shared_ptr<InputStream> in;     // standard input is one: whoever reads takes it from all
  /// What goes on although no guest has a handle to it.
  std::set<std::shared_ptr<void>> working;

 private:
  std::optional<uint64_t> secret_;
};

class WasiCall {
 public:
  explicit WasiCall(component::FlatCall& flat)
      : flat(flat), state(*static_cast<WasiState*>(flat.store().core().data())) {}

  component::FlatCall& flat;
  WasiState& state;
  Outcome outcome = Outcome::Ok;

  void trap(std::string text) { outcome = flat.trap(std::move(text)); }
  Interrupt interrupt() { return {&flat.store().core().vm().interrupt, nullptr}; }
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
};

/// Resources that both versions have; those of one version are numbered from Count on.
enum class CommonKind : uint8_t { Descriptor, TcpSocket, UdpSocket, TerminalInput, TerminalOutput, Count };

template <CommonKind K>
class CommonResource : public HostResource {
 public:
  static constexpr size_t kType = static_cast<size_t>(K);
};

}  // namespace skiff::wasi
