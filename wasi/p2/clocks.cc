// wasi:clocks.
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {
namespace {

Datetime to_datetime(uint64_t ns) {
  return {ns / 1'000'000'000, static_cast<uint32_t>(ns % 1'000'000'000)};
}

Own<Pollable> after(P2Call& c, uint64_t ns) {
  return c.make<Pollable>(nullptr, std::make_shared<TimerEvent>(deadline_after(ns)));
}

}  // namespace

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

}  // namespace skiff::wasi::p2
