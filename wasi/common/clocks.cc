// Clocks and random numbers.
#include "wasi/common/clocks.h"

#include "wasi/common/descriptor.h"
#include "wasi/os/clock.h"

namespace skiff::wasi {

uint64_t read_clock(WasiCall& c, ClockId id, bool resolution) {
  ClockSource* const clock = c.state.ctx.clock.get();
  if (!clock) return c.trap("clocks were not granted"), 0;
  const auto t = resolution ? clock->resolution(id) : clock->now(id);
  if (!t) return c.trap("the host's clock failed"), 0;
  return *t;
}

uint64_t deadline_after(uint64_t ns) {
  uint64_t deadline;
  if (__builtin_add_overflow(host_monotonic_ns(), ns, &deadline)) deadline = ~uint64_t{0};
  return deadline;
}

namespace {

// `length` random bytes in scratch space.
Bytes fill(WasiCall& c, RandomSource* source, uint64_t length) {
  if (!source) return c.trap("random numbers were not granted"), Bytes();
  if (length > c.state.ctx.limits.random_bytes) return c.trap("too many random bytes at once"), Bytes();
  if (c.state.scratch.size() < length) c.state.scratch.resize(static_cast<size_t>(length));
  const auto bytes = std::span(c.state.scratch).first(static_cast<size_t>(length));
  if (!source->fill(bytes)) c.trap("the host's random numbers failed");
  return bytes;
}

uint64_t number(WasiCall& c, RandomSource* source) {
  const Bytes bytes = fill(c, source, 8);
  return bytes.size() == 8 ? load_unaligned<uint64_t>(bytes.data()) : 0;
}

RandomSource* insecure(WasiCall& c) {
  return c.state.ctx.random ? c.state.ctx.random.get() : &c.state.fixed_random;
}

}  // namespace

uint64_t monotonic_now(WasiCall& c) { return read_clock(c, ClockId::Monotonic, false); }
uint64_t monotonic_resolution(WasiCall& c) { return read_clock(c, ClockId::Monotonic, true); }

// The same at every call of a store; says no more of its secret than other hashes do.
std::tuple<uint64_t, uint64_t> insecure_seed(WasiCall& c) {
  const MetadataHash h = hash_of(FileStat{}, c.state.ctx.random ? ~c.state.secret() : 0);
  return {h.lower, h.upper};
}
Bytes insecure_bytes(WasiCall& c, uint64_t length) { return fill(c, insecure(c), length); }
uint64_t insecure_u64(WasiCall& c) { return number(c, insecure(c)); }
Bytes random_bytes(WasiCall& c, uint64_t length) { return fill(c, c.state.ctx.random.get(), length); }
uint64_t random_u64(WasiCall& c) { return number(c, c.state.ctx.random.get()); }

}  // namespace skiff::wasi
