// Waiting for several things at once, for callers that do not know what they run on. An Event is something
// that may be ready (a stream, a clock, a socket); a WaitSet collects what can make events ready; a Scheduler
// waits for that: ThreadScheduler by stopping the thread, ReactorScheduler (reactor.h) by putting a
// fiber aside. Nobody polls busily: whoever is not ready says what to wait for.
// Thread: one at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "wasi/os/poll.h"

namespace skiff::wasi {

class Reactor;

/// Wakes those who wait for something that happens in this process, on the same thread.
class Signal {
 public:
  class Waiter {
   public:
    using Fire = void (*)(void* data);
    Waiter(Fire fire, void* data) : fire_(fire), data_(data) {}
    ~Waiter() { leave(); }
    Waiter(Waiter&&) = delete;
    void leave();

   private:
    friend class Signal;
    Fire fire_;
    void* data_;
    Signal* signal_ = nullptr;
    size_t index_ = 0;
  };

  Signal() = default;
  ~Signal();
  Signal(Signal&&) = delete;
  void enter(Waiter& waiter);
  /// Fires everyone who has entered; they have left then.
  void notify();

 private:
  std::vector<Waiter*> waiters_;
};

/// What to wait for. Everything in it is only looked at while a wait lasts.
class WaitSet {
 public:
  struct Entry {
    size_t owner = 0;     // number of the event that added it
    bool decides = true;  // the event is ready when the descriptor is
  };

  /// Entries that follow belong to event number `owner`.
  void begin(size_t owner) { owner_ = owner; }
  /// Events: of poll(2). A descriptor whose readiness does not yet make the event ready does not decide.
  void add_fd(int fd, short events, bool decides = true) {
    fds_.push_back({fd, events, 0});
    entries_.push_back({owner_, decides});
  }
  /// On the host's monotonic clock.
  void add_deadline(uint64_t ns) { deadline_ = deadline_ ? std::min(*deadline_, ns) : ns; }
  void add_signal(Signal& signal) { signals_.push_back(&signal); }

  std::span<pollfd> fds() { return fds_; }
  std::span<const Entry> entries() const { return entries_; }
  std::optional<uint64_t> deadline() const { return deadline_; }
  std::span<Signal* const> signals() const { return signals_; }
  /// Which descriptors are ready now; sets their revents.
  Io<void> look();

 private:
  size_t owner_ = 0;
  std::vector<pollfd> fds_;
  std::vector<Entry> entries_;
  std::vector<Signal*> signals_;
  std::optional<uint64_t> deadline_;
};

/// Something that is ready or not.
class Event {
 public:
  virtual ~Event() = default;
  /// True when it is ready; else adds to `set` what could make it so. Never blocks.
  virtual bool poll(WaitSet& set) = 0;
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// Waits until something in `set` has happened, or seems to have; revents of ready descriptors are set.
  /// Errors: Canceled when the guest is to stop.
  virtual Io<void> wait(WaitSet& set, Interrupt interrupt) = 0;
  /// The loop in which things go on while guests run or wait.
  virtual Io<Reactor*> reactor() = 0;
  /// Lets things go on for a guest that asks again and again instead of waiting. Returns at once.
  virtual void progress() {}
};

/// Stops the thread while it waits.
class ThreadScheduler final : public Scheduler {
 public:
  ThreadScheduler();
  ~ThreadScheduler() override;
  Io<void> wait(WaitSet& set, Interrupt interrupt) override;
  Io<Reactor*> reactor() override;
  void progress() override;

 private:
  std::unique_ptr<Reactor> reactor_;   // made when something needs it
};

/// Waits until at least one event is ready; `ready` has the numbers of all that are, ascending.
/// Requires: events is not empty. Errors: Canceled
Io<void> wait_any(std::span<Event* const> events, Scheduler& scheduler, Interrupt interrupt,
                  std::vector<uint32_t>& ready);
/// Waits for one.
Io<void> wait_one(Event& event, Scheduler& scheduler, Interrupt interrupt);
/// Whether it is ready now.
bool is_ready(Event& event);

/// Ready from some moment of the host's monotonic clock on.
class TimerEvent final : public Event {
 public:
  explicit TimerEvent(uint64_t deadline_ns) : deadline_(deadline_ns) {}
  bool poll(WaitSet& set) override;

 private:
  uint64_t deadline_;
};

}  // namespace skiff::wasi
