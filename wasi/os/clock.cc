// Clocks of the host.
#include "wasi/os/clock.h"

#include "engine/base/check.h"

namespace skiff::wasi {
namespace {

clockid_t host_id(ClockId id) {
  switch (id) {
    case ClockId::Realtime: return CLOCK_REALTIME;
    case ClockId::Monotonic: return CLOCK_MONOTONIC;
    case ClockId::ProcessCpu: return CLOCK_PROCESS_CPUTIME_ID;
    case ClockId::ThreadCpu: return CLOCK_THREAD_CPUTIME_ID;
  }
  SKIFF_CHECK(false);
}

}  // namespace

uint64_t to_nanoseconds(int64_t seconds, uint32_t nanoseconds) {
  if (seconds < 0) return 0;
  uint64_t ns;
  if (__builtin_mul_overflow(static_cast<uint64_t>(seconds), uint64_t{1'000'000'000}, &ns) ||
      __builtin_add_overflow(ns, nanoseconds, &ns))
    return ~uint64_t{0};
  return ns;
}

timespec to_timespec(uint64_t ns) {
  timespec ts = {};
  ts.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  ts.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  return ts;
}

uint64_t host_monotonic_ns() {
  timespec ts = {};
  SKIFF_CHECK(::clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
  return to_nanoseconds(ts.tv_sec, static_cast<uint32_t>(ts.tv_nsec));
}

SystemClock::SystemClock() : monotonic_start_(host_monotonic_ns()) {}

Io<uint64_t> SystemClock::now(ClockId id) {
  timespec ts = {};
  if (::clock_gettime(host_id(id), &ts) != 0) return io_fail_host();
  const uint64_t ns = to_nanoseconds(ts.tv_sec, static_cast<uint32_t>(ts.tv_nsec));
  return id == ClockId::Monotonic ? ns - monotonic_start_ : ns;
}

Io<uint64_t> SystemClock::resolution(ClockId id) {
  timespec ts = {};
  if (::clock_getres(host_id(id), &ts) != 0) return io_fail_host();
  return to_nanoseconds(ts.tv_sec, static_cast<uint32_t>(ts.tv_nsec));
}

Io<uint64_t> FixedClock::now(ClockId id) {
  passed_ += step_;
  return id == ClockId::Realtime ? realtime_ + passed_ : passed_;
}

}  // namespace skiff::wasi
