// Clocks and random numbers. What was not granted traps: these functions cannot fail. Numbers that need not be secret
// are always there; without a grant they are the same in every run.
#pragma once

#include "wasi/common/state.h"

namespace skiff::wasi {

/// Nanoseconds; 0 after a trap.
uint64_t read_clock(WasiCall& c, ClockId id, bool resolution);
/// The moment of the host's monotonic clock that is `ns` from now; the last one when there is none.
uint64_t deadline_after(uint64_t ns);

uint64_t monotonic_now(WasiCall& c);
uint64_t monotonic_resolution(WasiCall& c);
std::tuple<uint64_t, uint64_t> insecure_seed(WasiCall& c);
Bytes insecure_bytes(WasiCall& c, uint64_t length);
uint64_t insecure_u64(WasiCall& c);
Bytes random_bytes(WasiCall& c, uint64_t length);
uint64_t random_u64(WasiCall& c);

}  // namespace skiff::wasi
