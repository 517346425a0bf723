// Reactor: the event loop of one thread, over epoll and a heap of timers. Whoever waits owns a Watch or a
// Timer, arms it, and is called back once, from turn(). ReactorScheduler lets fibers wait in it.
//
// A descriptor may be watched by several at a time. The loop keeps nothing of a descriptor that could
// go wrong when it is closed and its number used again while nobody watches it.
// Thread: one, but for wake().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "wasi/os/errno.h"
#include "wasi/os/fd.h"
#include "wasi/os/wait.h"

namespace skiff::wasi {

class Reactor {
 public:
  static Io<std::unique_ptr<Reactor>> create();
  ~Reactor();
  Reactor(const Reactor&) = delete;

  /// Waits for a descriptor. Disarmed when it is destroyed; destroy it, or disarm it, before the descriptor
  /// is closed.
  class Watch {
   public:
    using Fire = void (*)(void* data, short revents);
    Watch(Fire fire, void* data) : fire_(fire), data_(data) {}
    ~Watch() { disarm(); }
    Watch(Watch&&) = delete;
    bool armed() const { return reactor_ != nullptr; }
    void disarm();

   private:
    friend class Reactor;
    Fire fire_;
    void* data_;
    Reactor* reactor_ = nullptr;
    int fd_ = -1;
    short events_ = 0;
    Watch* next_ = nullptr;     // of the same descriptor
    uint64_t turn_ = 0;         // in which it was armed
  };

  /// Waits for a moment. As Watch.
  class Timer {
   public:
    using Fire = void (*)(void* data);
    Timer(Fire fire, void* data) : fire_(fire), data_(data) {}
    ~Timer() { disarm(); }
    Timer(Timer&&) = delete;
    bool armed() const { return reactor_ != nullptr; }
    void disarm();

   private:
    friend class Reactor;
    Fire fire_;
    void* data_;
    Reactor* reactor_ = nullptr;
    uint64_t deadline_ = 0;
    size_t index_ = 0;          // in the heap
  };

  /// Fires once, when one of `events` (of poll(2)) or an error is there. What cannot be waited for (a regular
  /// file) fires in the next turn. Errors: BadF, NoMem. Requires: not armed.
  Io<void> arm(Watch& watch, int fd, short events);
  /// Fires once, at `deadline_ns` of the host's monotonic clock or later. May be armed already.
  void arm(Timer& timer, uint64_t deadline_ns);

  /// Waits until something is to be fired, at most so long (nothing: forever), and fires it.
  /// Returns how many were fired; 0 when the time is over, after wake(), or after a signal.
  Io<unsigned> turn(std::optional<uint64_t> timeout_ns);
  /// Ends a wait in turn(), or the next one. Thread: any.
  void wake();

  /// Nobody waits.
  bool idle() const { return watching_ == 0 && timers_.empty(); }
  /// Readable when a turn has something to do, timers apart: loops nest by it.
  int fd() const { return epoll_.get(); }
  /// Until the first timer.
  std::optional<uint64_t> time_left() const;

 private:
  struct Slot {
    Watch* first = nullptr;
    uint32_t armed = 0;         // what epoll was last asked for, 0: disabled or unknown
  };

  Reactor() = default;
  Io<void> ask(int fd, Slot& slot);
  unsigned fire_fd(int fd, short revents);
  unsigned fire_timers();
  void remove(Timer& timer);
  void sift_up(size_t i);
  void sift_down(size_t i);
  void place(Timer* timer, size_t i) {
    timers_[i] = timer;
    timer->index_ = i;
  }

  OwnedFd epoll_;
  OwnedFd wake_;
  std::vector<Slot> slots_;     // by descriptor
  std::vector<int> always_;     // descriptors that are always ready
  std::vector<Timer*> timers_;  // a heap
  size_t watching_ = 0;
  uint64_t turn_ = 0;
};

/// How a fiber (or whatever else can be put aside) stops and goes on. `park` returns some time after
/// `unpark`, which is called from the loop, and which may come first. Spurious returns are allowed.
class Parker {
 public:
  virtual ~Parker() = default;
  virtual void park() = 0;
  virtual void unpark() = 0;
};

/// Waits by parking; the loop is turned by somebody else, usually for many fibers.
class ReactorScheduler final : public Scheduler {
 public:
  ReactorScheduler(Reactor& reactor, Parker& parker) : reactor_(reactor), parker_(parker) {}
  Io<void> wait(WaitSet& set, Interrupt interrupt) override;
  Io<Reactor*> reactor() override { return &reactor_; }
  /// Ends the present wait and all later ones: Canceled.
  void cancel();

 private:
  static void fire(void* data);
  void woken();

  Reactor& reactor_;
  Parker& parker_;
  bool waiting_ = false;
  bool fired_ = false;
  bool canceled_ = false;
};

}  // namespace skiff::wasi
