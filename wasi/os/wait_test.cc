// Waiting: the loop, the schedulers, events.
#include "wasi/os/wait.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include "wasi/os/clock.h"
#include "wasi/os/reactor.h"
#include "wasi/os/test_util.h"

namespace skiff::wasi {
namespace {

constexpr uint64_t kMs = 1'000'000;

struct Ends {
  Ends() {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    read = OwnedFd(fds[0]);
    write = OwnedFd(fds[1]);
  }
  OwnedFd read, write;
};

class FdEvent final : public Event {
 public:
  FdEvent(int fd, short events) : fd_(fd), events_(events) {}
  bool poll(WaitSet& set) override {
    set.add_fd(fd_, events_);
    return false;
  }

 private:
  int fd_;
  short events_;
};

struct Log {
  int fired = 0;
  short revents = 0;
  static void fd(void* self, short revents) {
    ++static_cast<Log*>(self)->fired;
    static_cast<Log*>(self)->revents = revents;
  }
};

TEST(Reactor, FiresWatchesOnceEach) {
  const auto reactor = *Reactor::create();
  Ends p;
  Log a, b;
  Reactor::Watch first(&Log::fd, &a), second(&Log::fd, &b);
  ASSERT_TRUE(reactor->arm(first, p.read.get(), POLLIN));
  ASSERT_TRUE(reactor->arm(second, p.read.get(), POLLIN));
  EXPECT_EQ(*reactor->turn(0), 0u);
  ASSERT_EQ(::write(p.write.get(), "x", 1), 1);
  EXPECT_EQ(*reactor->turn(kMs), 2u);
  EXPECT_EQ(a.fired + b.fired, 2);
  EXPECT_TRUE(reactor->idle());
  EXPECT_EQ(*reactor->turn(0), 0u) << "nobody waits any more";
  ASSERT_TRUE(reactor->arm(first, p.read.get(), POLLIN));
  EXPECT_EQ(*reactor->turn(kMs), 1u);
}

TEST(Reactor, ReadersAndWritersOfOneSocketAreApart) {
  const auto reactor = *Reactor::create();
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  OwnedFd a(fds[0]), b(fds[1]);
  Log in, out;
  Reactor::Watch reader(&Log::fd, &in), writer(&Log::fd, &out);
  ASSERT_TRUE(reactor->arm(reader, a.get(), POLLIN));
  ASSERT_TRUE(reactor->arm(writer, a.get(), POLLOUT));
  EXPECT_EQ(*reactor->turn(kMs), 1u);
  EXPECT_EQ(out.fired, 1);
  ASSERT_EQ(::write(b.get(), "x", 1), 1);
  EXPECT_EQ(*reactor->turn(kMs), 1u);
  EXPECT_EQ(in.fired, 1);
}

TEST(Reactor, NumbersMayBeUsedAgain) {
  const auto reactor = *Reactor::create();
  Log log;
  for (int i = 0; i < 3; ++i) {
    Ends p;
    Reactor::Watch watch(&Log::fd, &log);
    ASSERT_TRUE(reactor->arm(watch, p.read.get(), POLLIN));
    ASSERT_EQ(::write(p.write.get(), "x", 1), 1);
    EXPECT_EQ(*reactor->turn(kMs), 1u);
    ASSERT_TRUE(reactor->arm(watch, p.read.get(), POLLIN));  // and is closed while epoll has it
  }
  EXPECT_EQ(log.fired, 3);
}

TEST(Reactor, RegularFilesAreAlwaysReady) {
  const auto reactor = *Reactor::create();
  TempDir dir;
  dir.write("f", "x");
  OwnedFd fd(::open((dir / "f").c_str(), O_RDONLY));
  Log log;
  Reactor::Watch watch(&Log::fd, &log);
  ASSERT_TRUE(reactor->arm(watch, fd.get(), POLLIN));
  EXPECT_EQ(*reactor->turn(std::nullopt), 1u);
}

TEST(Reactor, TimersInOrder) {
  const auto reactor = *Reactor::create();
  std::vector<int> order;
  struct One {
    std::vector<int>* order;
    int number;
    static void fire(void* self) { static_cast<One*>(self)->order->push_back(static_cast<One*>(self)->number); }
  };
  std::deque<One> ones;
  std::deque<Reactor::Timer> timers;
  const uint64_t now = host_monotonic_ns();
  for (int i = 0; i < 50; ++i) {
    ones.push_back({&order, (i * 37) % 50});
    reactor->arm(timers.emplace_back(&One::fire, &ones.back()), now + static_cast<uint64_t>((i * 37) % 50));
  }
  for (size_t i = 0; i < 50; i += 2) timers[i].disarm();
  while (!reactor->idle()) ASSERT_TRUE(reactor->turn(std::nullopt));
  EXPECT_EQ(order.size(), 25u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Reactor, WakesFromAnotherThread) {
  const auto reactor = *Reactor::create();
  std::thread other([&] { reactor->wake(); });
  EXPECT_EQ(*reactor->turn(std::nullopt), 0u);
  other.join();
}

TEST(ThreadScheduler, WaitsForAnyAndTellsWhich) {
  ThreadScheduler scheduler;
  Ends p, q;
  FdEvent a(p.read.get(), POLLIN), b(q.read.get(), POLLIN);
  TimerEvent late(host_monotonic_ns() + 10'000 * kMs), soon(host_monotonic_ns() + 2 * kMs);
  std::vector<Event*> events = {&a, &late, &b, &soon};
  std::vector<uint32_t> ready;
  ASSERT_TRUE(wait_any(events, scheduler, {}, ready));
  EXPECT_EQ(ready, (std::vector<uint32_t>{3}));
  ASSERT_EQ(::write(q.write.get(), "x", 1), 1);
  ASSERT_TRUE(wait_any(events, scheduler, {}, ready));
  EXPECT_EQ(ready, (std::vector<uint32_t>{2, 3})) << "all that are ready";
  EXPECT_TRUE(is_ready(b));
  EXPECT_FALSE(is_ready(a));
}

TEST(ThreadScheduler, IsInterrupted) {
  ThreadScheduler scheduler;
  Ends p;
  FdEvent never(p.read.get(), POLLIN);
  std::atomic<uint32_t> flag = 0;
  std::thread other([&] { flag = 1; });
  const auto r = wait_one(never, scheduler, {&flag});
  other.join();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error(), Errno::Canceled);
}

TEST(ThreadScheduler, TurnsItsLoopMeanwhile) {
  ThreadScheduler scheduler;
  Reactor& reactor = **scheduler.reactor();
  Ends p;
  struct Writer {
    int fd;
    static void fire(void* self) { EXPECT_EQ(::write(static_cast<Writer*>(self)->fd, "x", 1), 1); }
  } writer{p.write.get()};
  Reactor::Timer timer(&Writer::fire, &writer);
  reactor.arm(timer, host_monotonic_ns() + 2 * kMs);
  FdEvent event(p.read.get(), POLLIN);
  EXPECT_TRUE(wait_one(event, scheduler, {}));
}

TEST(ThreadScheduler, SignalsOfTheLoopEndWaits) {
  ThreadScheduler scheduler;
  struct Flag final : Event {
    bool set = false;
    Signal signal;
    bool poll(WaitSet& w) override {
      if (!set) w.add_signal(signal);
      return set;
    }
  } flag;
  Reactor::Timer timer([](void* f) {
    static_cast<Flag*>(f)->set = true;
    static_cast<Flag*>(f)->signal.notify();
  }, &flag);
  (*scheduler.reactor())->arm(timer, host_monotonic_ns() + kMs);
  EXPECT_TRUE(wait_one(flag, scheduler, {}));
}

// A parker that turns the loop itself: what a fiber's owner does.
class TurningParker final : public Parker {
 public:
  explicit TurningParker(Reactor& reactor) : reactor_(reactor) {}
  void park() override { EXPECT_TRUE(reactor_.turn(std::nullopt)); }
  void unpark() override { ++unparked; }
  int unparked = 0;

 private:
  Reactor& reactor_;
};

TEST(ReactorScheduler, ParksUntilSomethingHappens) {
  const auto reactor = *Reactor::create();
  TurningParker parker(*reactor);
  ReactorScheduler scheduler(*reactor, parker);
  Ends p;
  FdEvent never(p.read.get(), POLLIN);
  TimerEvent timer(host_monotonic_ns() + kMs);
  std::vector<Event*> events = {&never, &timer};
  std::vector<uint32_t> ready;
  ASSERT_TRUE(wait_any(events, scheduler, {}, ready));
  EXPECT_EQ(ready, (std::vector<uint32_t>{1}));
  EXPECT_LE(parker.unparked, 1) << "0 when the time was over before it could wait";
  EXPECT_TRUE(reactor->idle()) << "nothing is left behind";
  ASSERT_EQ(::write(p.write.get(), "x", 1), 1);
  // p1 and files wait through the same scheduler.
  EXPECT_TRUE(wait_ready(p.read.get(), POLLIN, false, {nullptr, &scheduler}));
  pollfd fd = {p.write.get(), POLLIN, 0};
  EXPECT_EQ(*wait_for({&fd, 1}, 2 * kMs, {nullptr, &scheduler}), 0u);
}

TEST(ReactorScheduler, CancelEndsThisWaitAndAllLaterOnes) {
  const auto reactor = *Reactor::create();
  TurningParker parker(*reactor);
  ReactorScheduler scheduler(*reactor, parker);
  Reactor::Timer timer([](void* s) { static_cast<ReactorScheduler*>(s)->cancel(); }, &scheduler);
  reactor->arm(timer, host_monotonic_ns() + kMs);
  Ends p;
  FdEvent never(p.read.get(), POLLIN);
  for (int i = 0; i < 2; ++i) {
    const auto r = wait_one(never, scheduler, {});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error(), Errno::Canceled);
  }
}

}  // namespace
}  // namespace skiff::wasi
