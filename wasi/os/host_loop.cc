// Watchers, and the turns that call them.
#include "wasi/os/host_loop.h"

#include <deque>
#include <optional>

#include "wasi/os/clock.h"

namespace skiff::wasi {

// What an event waits for. Most wait for one descriptor, or for a moment.
struct HostLoop::Watcher::Arms {
  std::deque<Reactor::Watch> watches;
  std::optional<Reactor::Timer> timer;
  std::deque<Signal::Waiter> signals;
};

HostLoop::Watcher::Watcher() = default;
HostLoop::Watcher::~Watcher() { stop(); }

void HostLoop::Watcher::watch(HostLoop& loop, Event& event) {
  stop();
  loop_ = &loop;
  arm(event);
  loop.add(fired_ ? loop.ready_ : loop.waiting_, *this);
}

void HostLoop::Watcher::arm(Event& event) {
  WaitSet set;
  const auto reactor = event.poll(set) ? Io<Reactor*>(nullptr) : loop_->scheduler_.reactor();
  // Without a loop it is asked again and again, in turns.
  if (!reactor || !*reactor) {
    fired_ = true;
    return;
  }
  arms_ = std::make_unique<Arms>();
  for (const pollfd& p : set.fds())
    if (!(*reactor)->arm(arms_->watches.emplace_back(
                             [](void* self, short) { fire(self); }, this), p.fd, p.events))
      fired_ = true;
  if (set.deadline()) (*reactor)->arm(arms_->timer.emplace(&Watcher::fire, this), *set.deadline());
  for (Signal* s : set.signals()) s->enter(arms_->signals.emplace_back(&Watcher::fire, this));
  if (fired_) disarm();
}

void HostLoop::Watcher::disarm() { arms_.reset(); }

// From the reactor, or from whoever notifies: nothing is done here but to remember it.
void HostLoop::Watcher::fire(void* data) {
  auto& self = *static_cast<Watcher*>(data);
  if (!self.loop_ || self.fired_) return;
  HostLoop& loop = *self.loop_;
  loop.remove(self);
  self.fired_ = true;
  loop.add(loop.ready_, self);
  loop.fired_.notify();
}

void HostLoop::Watcher::stop() {
  disarm();
  if (!loop_) return;
  loop_->remove(*this);
  loop_ = nullptr;
  fired_ = false;
}

HostLoop::~HostLoop() {
  for (std::vector<Watcher*>* list : {&waiting_, &ready_})
    for (Watcher* w : *list)
      if (w) {
        w->disarm();
        w->loop_ = nullptr;
      }
}

void HostLoop::add(std::vector<Watcher*>& list, Watcher& watcher) {
  watcher.index_ = list.size();
  list.push_back(&watcher);
}

void HostLoop::remove(Watcher& watcher) {
  if (watcher.fired_) {
    if (watcher.index_ < ready_.size() && ready_[watcher.index_] == &watcher) ready_[watcher.index_] = nullptr;
    return;
  }
  waiting_[watcher.index_] = waiting_.back();
  waiting_[watcher.index_]->index_ = watcher.index_;
  waiting_.pop_back();
}

// Those who become ready meanwhile have their turn in the next one.
bool HostLoop::run_ready() {
  bool ok = true;
  const size_t count = ready_.size();
  for (size_t i = 0; i < count && ok; ++i) {
    Watcher* const w = std::exchange(ready_[i], nullptr);
    if (!w) continue;
    w->disarm();
    w->loop_ = nullptr;
    w->fired_ = false;
    ok = w->ready();
  }
  std::erase(ready_, nullptr);
  for (size_t i = 0; i < ready_.size(); ++i) ready_[i]->index_ = i;
  return ok;
}

HostLoop::Turn HostLoop::turn(bool wait, Interrupt interrupt) {
  for (;;) {
    if (!ready_.empty()) return run_ready() ? Turn::Progress : Turn::Trapped;
    if (waiting_.empty()) return Turn::Nothing;
    WaitSet set;
    set.add_signal(fired_);
    if (!wait) set.add_deadline(0);
    if (const auto waited = scheduler_.wait(set, interrupt); !waited)
      return waited.error() == Errno::Canceled ? Turn::Interrupted : Turn::Failed;
    if (!wait && ready_.empty()) return Turn::Nothing;
  }
}

}  // namespace skiff::wasi
