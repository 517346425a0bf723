// Waiting for host descriptors and for time to pass, interruptibly: a guest that waits must still end when
// its store is interrupted, so waits are cut into slices and the flag is looked at in between.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "wasi/os/errno.h"

namespace skiff::wasi {

class Scheduler;

/// How a caller waits. Bit 0 of `flag`: the guest shall stop (VmStore::interrupt); without a flag waits are not
/// sliced. `scheduler`: who waits (wait.h), null: the thread stops.
struct Interrupt {
  const std::atomic<uint32_t>* flag = nullptr;
  Scheduler* scheduler = nullptr;
  bool asked() const { return flag && (flag->load(std::memory_order_relaxed) & 1) != 0; }
};

/// Waits until one of `fds` is ready or the time is over; returns how many are ready (revents set).
/// Units: nanoseconds; no timeout: forever. Errors: Canceled when interrupted.
Io<unsigned> wait_for(std::span<pollfd> fds, std::optional<uint64_t> timeout_ns, Interrupt interrupt);

/// Waits until `fd` can be read or written without blocking. Errors: Again when `nonblocking` and it
/// cannot now; Canceled.
Io<void> wait_ready(int fd, short events, bool nonblocking, Interrupt interrupt);

/// Bytes that can be read without blocking, as far as the host tells.
uint64_t readable_bytes(int fd);

}  // namespace skiff::wasi
