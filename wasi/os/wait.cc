// Waiting: sets, events, and the scheduler that stops its thread.
#include "wasi/os/wait.h"

#include <algorithm>
#include <cerrno>
#include <deque>

#include "wasi/os/clock.h"
#include "wasi/os/reactor.h"

namespace skiff::wasi {

void Signal::Waiter::leave() {
  if (!signal_) return;
  std::vector<Waiter*>& all = signal_->waiters_;
  all[index_] = all.back();
  all[index_]->index_ = index_;
  all.pop_back();
  signal_ = nullptr;
}

Signal::~Signal() {
  for (Waiter* w : waiters_) w->signal_ = nullptr;
}

void Signal::enter(Waiter& waiter) {
  waiter.leave();
  waiter.signal_ = this;
  waiter.index_ = waiters_.size();
  waiters_.push_back(&waiter);
}

void Signal::notify() {
  // Only those who wait now: firing may let others in.
  for (size_t n = waiters_.size(); n != 0 && !waiters_.empty(); --n) {
    Waiter& w = *waiters_.front();
    w.leave();
    w.fire_(w.data_);
  }
}

Io<void> WaitSet::look() {
  if (fds_.empty()) return {};
  int n;
  do n = ::poll(fds_.data(), fds_.size(), 0);
  while (n < 0 && errno == EINTR);
  if (n < 0) return io_fail_host();
  return {};
}

namespace {

std::optional<uint64_t> time_left(const WaitSet& set) {
  if (!set.deadline()) return std::nullopt;
  const uint64_t now = host_monotonic_ns();
  return *set.deadline() - std::min(now, *set.deadline());
}

// Fires into a flag.
struct Fired {
  bool fired = false;
  static void fire(void* data) { static_cast<Fired*>(data)->fired = true; }
};

}  // namespace

ThreadScheduler::ThreadScheduler() = default;
ThreadScheduler::~ThreadScheduler() = default;

Io<Reactor*> ThreadScheduler::reactor() {
  if (!reactor_) reactor_ = SKIFF_IO_TRY(Reactor::create());
  return reactor_.get();
}

void ThreadScheduler::progress() {
  if (reactor_ && !reactor_->idle()) static_cast<void>(reactor_->turn(0));
}

Io<void> ThreadScheduler::wait(WaitSet& set, Interrupt interrupt) {
  interrupt.scheduler = nullptr;
  const bool loop = reactor_ && !reactor_->idle();
  if (!loop && set.signals().empty()) {
    SKIFF_IO_TRY(wait_for(set.fds(), time_left(set), interrupt));
    return {};
  }
  // Something goes on in the loop, or must: it is turned here. Its one descriptor stands for all it waits for.
  Reactor* reactor = SKIFF_IO_TRY(this->reactor());
  Fired fired;
  std::deque<Signal::Waiter> waiters;
  for (Signal* s : set.signals()) s->enter(waiters.emplace_back(&Fired::fire, &fired));
  SKIFF_IO_TRY(reactor->turn(0));
  std::vector<pollfd> fds(set.fds().begin(), set.fds().end());
  fds.push_back({reactor->fd(), POLLIN, 0});
  std::optional<uint64_t> left = time_left(set);
  if (const auto next = reactor->time_left()) left = std::min(left.value_or(*next), *next);
  if (fired.fired) left = 0;
  SKIFF_IO_TRY(wait_for(fds, left, interrupt));
  SKIFF_IO_TRY(reactor->turn(0));
  for (size_t i = 0; i < set.fds().size(); ++i) set.fds()[i].revents = fds[i].revents;
  return {};
}

Io<void> wait_any(std::span<Event* const> events, Scheduler& scheduler, Interrupt interrupt,
                  std::vector<uint32_t>& ready) {
  for (;;) {
    WaitSet set;
    ready.clear();
    for (size_t i = 0; i < events.size(); ++i) {
      set.begin(i);
      if (events[i]->poll(set)) ready.push_back(static_cast<uint32_t>(i));
    }
    if (ready.empty()) SKIFF_IO_TRY(scheduler.wait(set, interrupt));
    else SKIFF_IO_TRY(set.look());
    for (size_t i = 0; i < set.entries().size(); ++i) {
      const WaitSet::Entry& e = set.entries()[i];
      if (set.fds()[i].revents != 0 && e.decides) ready.push_back(static_cast<uint32_t>(e.owner));
    }
    if (ready.empty()) continue;
    std::ranges::sort(ready);
    ready.erase(std::ranges::unique(ready).begin(), ready.end());
    return {};
  }
}

Io<void> wait_one(Event& event, Scheduler& scheduler, Interrupt interrupt) {
  Event* const one = &event;
  std::vector<uint32_t> ready;
  return wait_any({&one, 1}, scheduler, interrupt, ready);
}

bool is_ready(Event& event) {
  WaitSet set;
  if (event.poll(set)) return true;
  if (!set.look()) return false;
  for (size_t i = 0; i < set.entries().size(); ++i)
    if (set.fds()[i].revents != 0 && set.entries()[i].decides) return true;
  return false;
}

bool TimerEvent::poll(WaitSet& set) {
  if (host_monotonic_ns() >= deadline_) return true;
  set.add_deadline(deadline_);
  return false;
}

}  // namespace skiff::wasi
