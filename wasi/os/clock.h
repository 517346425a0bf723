// Clocks as a capability: a guest sees time only through the ClockSource of its context. SystemClock is
// the host's; FixedClock makes runs reproducible. Units: nanoseconds everywhere.
#pragma once

#include <time.h>

#include <cstdint>

#include "wasi/os/errno.h"

namespace skiff::wasi {

enum class ClockId : uint8_t { Realtime, Monotonic, ProcessCpu, ThreadCpu };

class ClockSource {
 public:
  virtual ~ClockSource() = default;
  /// Realtime: since 1970; Monotonic: since some moment not before the context was made.
  virtual Io<uint64_t> now(ClockId id) = 0;
  virtual Io<uint64_t> resolution(ClockId id) = 0;
};

/// The host's clocks. Monotonic starts at 0 when this is made: the host's uptime is nobody's business.
class SystemClock final : public ClockSource {
 public:
  SystemClock();
  Io<uint64_t> now(ClockId id) override;
  Io<uint64_t> resolution(ClockId id) override;

 private:
  uint64_t monotonic_start_;
};

/// Every look at a clock advances it by `step`.
class FixedClock final : public ClockSource {
 public:
  explicit FixedClock(uint64_t realtime_ns, uint64_t step_ns = 1) : realtime_(realtime_ns), step_(step_ns) {}
  Io<uint64_t> now(ClockId id) override;
  Io<uint64_t> resolution(ClockId) override { return step_; }

 private:
  uint64_t realtime_;
  uint64_t step_;
  uint64_t passed_ = 0;
};

uint64_t host_monotonic_ns();
timespec to_timespec(uint64_t ns);
/// Saturates at 0 and at the largest value.
uint64_t to_nanoseconds(int64_t seconds, uint32_t nanoseconds);

}  // namespace skiff::wasi
