// Watchdog: ends a program that runs for too long. It interrupts the store first; a guest that does
// not come back, because it waits inside a host call, ends with the process a moment later.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/exec/store.h"

namespace skiff::cli {

class Watchdog {
 public:
  Watchdog(Store& store, std::chrono::nanoseconds limit, std::string program);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;

  /// Did the time run out?
  bool fired();

 private:
  void watch();

  Store& store_;
  const std::chrono::nanoseconds limit_;
  const std::string program_;
  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;
  bool fired_ = false;
  std::thread thread_;
};

}  // namespace skiff::cli
