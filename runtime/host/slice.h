// Slices: how guests that compute share a thread. Each loop has a SliceSlot that says which store runs on it now; one
// thread of the process, the SliceWatch, looks at all slots once a slice and asks a store that has run since the
// last look for attention (Store::ask_attention), upon which its fiber yields. So a guest runs for between one
// and two slices before others have their turn. The watch sleeps while nothing runs.
// Thread: slots are their loop's, but for the watch.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/exec/store.h"

namespace skiff::host {

class SliceWatch;

class SliceSlot {
 public:
  /// `watch` null: nobody looks.
  explicit SliceSlot(SliceWatch* watch);
  ~SliceSlot();
  SliceSlot(const SliceSlot&) = delete;

  void begin(Store* store);
  void end();

 private:
  friend class SliceWatch;
  SliceWatch* const watch_;
  std::mutex mutex_;
  Store* running_ = nullptr;
  uint64_t run_ = 0;          // number of the present run
  uint64_t seen_ = 0;         // by the watch
};

class SliceWatch {
 public:
  explicit SliceWatch(std::chrono::microseconds slice);
  ~SliceWatch();
  SliceWatch(const SliceWatch&) = delete;

 private:
  friend class SliceSlot;
  void watch();
  bool look();
  void wake();

  const std::chrono::microseconds slice_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SliceSlot*> slots_;
  std::atomic<bool> asleep_{false};
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace skiff::host
