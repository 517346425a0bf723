// wasi:clocks and wasi:random. What was not granted traps: these functions cannot fail. Numbers that need not be
// secret are always there; without a grant they are the same in every run.
#include "wasi/os/clock.h"
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {
namespace {

uint64_t read_clock(P2Call& c, ClockId id, bool resolution) {
  ClockSource* const clock = c.state.ctx.clock.get();
  if (!clock) return c.trap("clocks were not granted"), 0;
  const auto t = resolution ? clock->resolution(id) : clock->now(id);
  if (!t) return c.trap("the host's clock failed"), 0;
  return *t;
}

Datetime to_datetime(uint64_t ns) {
  return {ns / 1'000'000'000, static_cast<uint32_t>(ns % 1'000'000'000)};
}

Own<Pollable> after(P2Call& c, uint64_t ns) {
  uint64_t deadline;
  if (__builtin_add_overflow(host_monotonic_ns(), ns, &deadline)) deadline = ~uint64_t{0};
  return c.make<Pollable>(nullptr, std::make_shared<TimerEvent>(deadline));
}

// `length` random bytes in scratch space.
Bytes fill(P2Call& c, RandomSource* source, uint64_t length) {
  if (!source) return c.trap("random numbers were not granted"), Bytes();
  if (length > c.state.ctx.limits.random_bytes) return c.trap("too many random bytes at once"), Bytes();
  if (c.state.scratch.size() < length) c.state.scratch.resize(static_cast<size_t>(length));
  const auto bytes = std::span(c.state.scratch).first(static_cast<size_t>(length));
  if (!source->fill(bytes)) c.trap("the host's random numbers failed");
  return bytes;
}

uint64_t number(P2Call& c, RandomSource* source) {
  const Bytes bytes = fill(c, source, 8);
  return bytes.size() == 8 ? load_unaligned<uint64_t>(bytes.data()) : 0;
}

RandomSource* insecure(P2Call& c) {
  return c.state.ctx.random ? c.state.ctx.random.get() : &c.state.fixed_random;
}

}  // namespace

uint64_t monotonic_now(P2Call& c) { return read_clock(c, ClockId::Monotonic, false); }
uint64_t monotonic_resolution(P2Call& c) { return read_clock(c, ClockId::Monotonic, true); }

Own<Pollable> subscribe_instant(P2Call& c, uint64_t when) {
  const uint64_t now = read_clock(c, ClockId::Monotonic, false);
  if (c.outcome != Outcome::Ok) return {};
  return after(c, when - std::min(when, now));
}

Own<Pollable> subscribe_duration(P2Call& c, uint64_t when) { return after(c, when); }

Datetime wall_now(P2Call& c) { return to_datetime(read_clock(c, ClockId::Realtime, false)); }
Datetime wall_resolution(P2Call& c) { return to_datetime(read_clock(c, ClockId::Realtime, true)); }

// Where the host is, is nobody's business.
TimezoneDisplay timezone_display(P2Call&, Datetime) { return {0, "UTC", false}; }
int32_t timezone_utc_offset(P2Call&, Datetime) { return 0; }

std::tuple<uint64_t, uint64_t> insecure_seed(P2Call& c) {
  const uint64_t first = number(c, insecure(c));
  return {first, number(c, insecure(c))};
}
Bytes insecure_bytes(P2Call& c, uint64_t length) { return fill(c, insecure(c), length); }
uint64_t insecure_u64(P2Call& c) { return number(c, insecure(c)); }
Bytes random_bytes(P2Call& c, uint64_t length) { return fill(c, c.state.ctx.random.get(), length); }
uint64_t random_u64(P2Call& c) { return number(c, c.state.ctx.random.get()); }

}  // namespace skiff::wasi::p2
