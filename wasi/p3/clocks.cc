// wasi:clocks.
#include "wasi/p3/functions.h"

namespace skiff::wasi::p3 {
namespace {

Async<Unit> after(uint64_t ns) {
  const uint64_t deadline = deadline_after(ns);
  return attempt_until_done<Unit>(std::make_shared<TimerEvent>(deadline), [deadline]() -> std::optional<Unit> {
    if (host_monotonic_ns() < deadline) return std::nullopt;
    return Unit{};
  });
}

}  // namespace

// The guest's clock need not be the host's: what counts is how long it is till then.
Async<Unit> wait_until(P3Call& c, uint64_t when) {
  const uint64_t now = read_clock(c, ClockId::Monotonic, false);
  if (c.outcome != Outcome::Ok || when <= now) return Unit{};
  return after(when - now);
}

Async<Unit> wait_for(P3Call&, uint64_t how_long) {
  if (how_long == 0) return Unit{};
  return after(how_long);
}

Instant system_now(P3Call& c) {
  const uint64_t ns = read_clock(c, ClockId::Realtime, false);
  return {static_cast<int64_t>(ns / 1'000'000'000), static_cast<uint32_t>(ns % 1'000'000'000)};
}
uint64_t system_resolution(P3Call& c) { return read_clock(c, ClockId::Realtime, true); }

// Where the host is, is nobody's business.
std::optional<std::string> timezone_iana_id(P3Call&) { return "UTC"; }
std::optional<int64_t> timezone_utc_offset(P3Call&, Instant) { return 0; }
std::string timezone_to_debug_string(P3Call&) { return "UTC"; }

}  // namespace skiff::wasi::p3
