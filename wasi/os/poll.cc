// Waiting, by ppoll in slices.
#include "wasi/os/poll.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "wasi/os/clock.h"
#include "wasi/os/wait.h"

namespace skiff::wasi {
namespace {

constexpr uint64_t kSliceNs = 20'000'000;

Io<unsigned> wait_with(Scheduler& scheduler, std::span<pollfd> fds, std::optional<uint64_t> timeout_ns,
                       Interrupt interrupt) {
  const uint64_t start = host_monotonic_ns();
  uint64_t end;
  if (__builtin_add_overflow(start, timeout_ns.value_or(~uint64_t{0}), &end)) end = ~uint64_t{0};
  interrupt.scheduler = nullptr;
  for (;;) {
    // What is ready at once, or must not be waited for, needs no scheduler.
    const unsigned n = SKIFF_IO_TRY(wait_for(fds, 0, interrupt));
    if (n != 0 || (timeout_ns && host_monotonic_ns() >= end)) return n;
    WaitSet set;
    for (const pollfd& p : fds) set.add_fd(p.fd, p.events);
    if (timeout_ns) set.add_deadline(end);
    SKIFF_IO_TRY(scheduler.wait(set, interrupt));
  }
}

}  // namespace

Io<unsigned> wait_for(std::span<pollfd> fds, std::optional<uint64_t> timeout_ns, Interrupt interrupt) {
  if (interrupt.scheduler) return wait_with(*interrupt.scheduler, fds, timeout_ns, interrupt);
  const uint64_t start = host_monotonic_ns();
  const uint64_t total = timeout_ns.value_or(0);
  for (;;) {
    if (interrupt.asked()) return io_fail(Errno::Canceled);
    timespec ts = {};
    timespec* limit = nullptr;
    if (timeout_ns || interrupt.flag) {
      const uint64_t passed = host_monotonic_ns() - start;
      uint64_t left = timeout_ns ? total - std::min(passed, total) : kSliceNs;
      if (interrupt.flag) left = std::min(left, kSliceNs);
      ts = to_timespec(left);
      limit = &ts;
    }
    const int n = ::ppoll(fds.data(), fds.size(), limit, nullptr);
    if (n > 0) return static_cast<unsigned>(n);
    if (n < 0 && errno != EINTR) return io_fail_host();
    if (timeout_ns && host_monotonic_ns() - start >= total) {
      if (n < 0) {  // a signal came at the last moment: look once more without waiting
        for (pollfd& p : fds) p.revents = 0;
        const int again = ::poll(fds.data(), fds.size(), 0);
        return static_cast<unsigned>(std::max(again, 0));
      }
      return 0u;
    }
  }
}

Io<void> wait_ready(int fd, short events, bool nonblocking, Interrupt interrupt) {
  pollfd p = {fd, events, 0};
  const unsigned n =
      SKIFF_IO_TRY(wait_for({&p, 1}, nonblocking ? std::optional<uint64_t>(0) : std::nullopt, interrupt));
  if (n == 0) return io_fail(Errno::Again);
  return {};
}

uint64_t readable_bytes(int fd) {
  int n = 0;
  return ::ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? static_cast<uint64_t>(n) : 0;
}

}  // namespace skiff::wasi
