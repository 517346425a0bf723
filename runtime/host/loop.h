// Loop: what one thread of the server does: it waits in its Reactor for sockets and timers, runs the jobs that these and
// guests have noted, and the fibers that can go on, in turn. Nothing in it blocks, so that one thread serves
// thousands of requests; a guest that computes gives way after a slice (slice.h).
// Thread: one, but for post() and stop().
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/host/fiber.h"
#include "wasi/os/reactor.h"

namespace skiff::host {

class Loop;

/// Something to do soon, from the loop itself: what was noted several times is done once.
class Job {
 public:
  Job() = default;
  virtual ~Job() { forget(); }
  Job(const Job&) = delete;
  virtual void act() = 0;
  /// It need not be done any more.
  void forget();

 private:
  friend class Loop;
  Loop* loop_ = nullptr;
  size_t position_ = 0;
};

class Loop {
 public:
  /// Errors: OutOfMemory, Unsupported.
  static Result<std::unique_ptr<Loop>> create(uint64_t stack_size, SliceWatch* watch);

  wasi::Reactor& reactor() { return *reactor_; }
  Fibers& fibers() { return fibers_; }
  /// Has the job done before the loop waits again.
  void later(Job& job);
  /// The same for a function.   Thread: any
  void post(std::function<void()> what);
  /// Goes round until stop().
  void run();
  /// Thread: any
  void stop();

 private:
  friend class Job;
  Loop(std::unique_ptr<wasi::Reactor> reactor, uint64_t stack_size, SliceWatch* watch)
      : reactor_(std::move(reactor)), fibers_(stack_size, watch) {}
  void do_posted();
  void do_jobs();

  std::unique_ptr<wasi::Reactor> reactor_;
  Fibers fibers_;
  std::vector<Job*> jobs_;             // null: forgotten
  std::vector<Job*> doing_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  bool has_posted_ = false;
  bool stopping_ = false;
};

}  // namespace skiff::host
