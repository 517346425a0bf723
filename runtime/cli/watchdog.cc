// The waiting thread.
#include "runtime/cli/watchdog.h"

#include <unistd.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/report.h"

namespace skiff::cli {

// How long an interrupted guest may take to come back.
constexpr std::chrono::milliseconds kGrace{250};

Watchdog::Watchdog(Store& store, std::chrono::nanoseconds limit, std::string program)
    : store_(store), limit_(limit), program_(std::move(program)), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  done_changed_.notify_one();
  thread_.join();
}

bool Watchdog::fired() {
  const std::lock_guard lock(mutex_);
  return fired_;
}

void Watchdog::watch() {
  const auto done = [this] { return done_; };
  std::unique_lock lock(mutex_);
  if (done_changed_.wait_for(lock, limit_, done)) return;
  fired_ = true;
  store_.interrupt();
  if (done_changed_.wait_for(lock, kGrace, done)) return;
  report_error(program_ + ": timed out");
  ::_exit(kExitTimeout);
}

}  // namespace skiff::cli
