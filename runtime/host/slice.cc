// The watch's thread.
#include "runtime/host/slice.h"

#include <algorithm>

namespace skiff::host {
namespace {

// Looks that find nothing running before the watch goes to sleep.
constexpr unsigned kPatience = 20;

}  // namespace

SliceSlot::SliceSlot(SliceWatch* watch) : watch_(watch) {
  if (!watch_) return;
  const std::lock_guard lock(watch_->mutex_);
  watch_->slots_.push_back(this);
}

SliceSlot::~SliceSlot() {
  if (!watch_) return;
  const std::lock_guard lock(watch_->mutex_);
  std::erase(watch_->slots_, this);
}

void SliceSlot::begin(Store* store) {
  if (!watch_) return;
  {
    const std::lock_guard lock(mutex_);
    running_ = store;
    ++run_;
  }
  if (watch_->asleep_.load()) [[unlikely]] watch_->wake();
}

void SliceSlot::end() {
  if (!watch_) return;
  const std::lock_guard lock(mutex_);
  running_ = nullptr;
}

SliceWatch::SliceWatch(std::chrono::microseconds slice) : slice_(slice), thread_([this] { watch(); }) {}

SliceWatch::~SliceWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void SliceWatch::wake() {
  {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
  }
  changed_.notify_one();
}

// Asks those for attention that have run since the last look. True: something runs. Requires: the lock.
bool SliceWatch::look() {
  bool any = false;
  for (SliceSlot* slot : slots_) {
    const std::lock_guard lock(slot->mutex_);
    if (!slot->running_) continue;
    any = true;
    if (slot->seen_ == slot->run_) slot->running_->ask_attention();
    slot->seen_ = slot->run_;
  }
  return any;
}

void SliceWatch::watch() {
  std::unique_lock lock(mutex_);
  unsigned idle = 0;
  while (!ending_) {
    idle = look() ? 0 : idle + 1;
    if (idle < kPatience) {
      changed_.wait_for(lock, slice_, [this] { return ending_; });
      continue;
    }
    // Whoever begins from here on sees it; whoever has begun is seen by the look.
    asleep_ = true;
    if (look()) asleep_ = false;
    else changed_.wait(lock, [this] { return ending_ || !asleep_.load(); });
    idle = 0;
  }
}

}  // namespace skiff::host
