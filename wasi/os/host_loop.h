// HostLoop: what goes on for a guest while it runs or waits: calls that have not returned yet, streams that have nothing
// to give. Whoever waits is a Watcher and names an Event; the loop of the scheduler (reactor.h) notices when that may be
// ready, at a cost that does not depend on how many wait, and the Watcher is called from turn(): never in the middle of
// something else, always on the guest's own stack or below it.
// Thread: one at a time.
#pragma once

#include <memory>
#include <vector>

#include "wasi/os/reactor.h"
#include "wasi/os/wait.h"

namespace skiff::wasi {

class HostLoop {
 public:
  explicit HostLoop(Scheduler& scheduler) : scheduler_(scheduler) {}
  HostLoop(const HostLoop&) = delete;
  ~HostLoop();

  /// Stops when it is destroyed; so before what its event needs is. May outlive the loop.
  class Watcher {
   public:
    Watcher();
    Watcher(const Watcher&) = delete;
    virtual ~Watcher();

   protected:
    /// Calls ready() once, in a later turn, when `event` is or seems to be ready. The event must live till then.
    void watch(HostLoop& loop, Event& event);
    void stop();
    /// True between watch() and ready().
    bool watching() const { return loop_ != nullptr; }
    /// False: the guest trapped.
    virtual bool ready() = 0;

   private:
    friend class HostLoop;
    struct Arms;
    static void fire(void* self);
    void arm(Event& event);
    void disarm();

    HostLoop* loop_ = nullptr;
    size_t index_ = 0;               // in waiting_ or ready_
    bool fired_ = false;
    std::unique_ptr<Arms> arms_;
  };

  enum class Turn : uint8_t { Progress, Nothing, Trapped, Interrupted, Failed };
  /// Calls watchers that are ready; with `wait`, waits for the first one when there are others that may become so.
  Turn turn(bool wait, Interrupt interrupt);
  /// How many wait.
  size_t size() const { return waiting_.size() + ready_.size(); }

 private:
  void add(std::vector<Watcher*>& list, Watcher& watcher);
  void remove(Watcher& watcher);
  bool run_ready();

  Scheduler& scheduler_;
  std::vector<Watcher*> waiting_;
  std::vector<Watcher*> ready_;        // in the order in which they became so; null: stopped meanwhile
  Signal fired_;
};

}  // namespace skiff::wasi
