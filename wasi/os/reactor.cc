// The event loop. Descriptors are registered with EPOLLONESHOT: each wait asks anew, so that a descriptor
// nobody waits for never wakes the loop. Errors that tell that a number means another file now (or none, or
// the same) are answered by registering again: the loop need not be told when descriptors are closed.
#include "wasi/os/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include "engine/base/check.h"
#include "wasi/os/clock.h"

namespace skiff::wasi {
namespace {

constexpr size_t kBatch = 256;          // descriptors fired per turn
constexpr uint64_t kLongest = uint64_t{3600} * 1'000'000'000;

uint32_t to_epoll(short events) {
  return ((events & POLLIN) ? EPOLLIN : 0u) | ((events & POLLOUT) ? EPOLLOUT : 0u) |
         ((events & POLLRDHUP) ? EPOLLRDHUP : 0u);
}

short to_poll(uint32_t events) {
  return static_cast<short>(((events & EPOLLIN) ? POLLIN : 0) | ((events & EPOLLOUT) ? POLLOUT : 0) |
                            ((events & EPOLLRDHUP) ? POLLRDHUP : 0) | ((events & EPOLLERR) ? POLLERR : 0) |
                            ((events & EPOLLHUP) ? POLLHUP : 0));
}

int wait_events(int epoll, std::span<epoll_event> events, std::optional<uint64_t> wait_ns) {
  const int count = static_cast<int>(events.size());
  timespec ts = {};
  if (wait_ns) ts = to_timespec(std::min(*wait_ns, kLongest));
  const int n = ::epoll_pwait2(epoll, events.data(), count, wait_ns ? &ts : nullptr, nullptr);
  if (n >= 0 || errno != ENOSYS) return n;
  // Kernels before 5.11: milliseconds, rounded up so that nobody goes round before the time is over.
  const int ms = wait_ns ? static_cast<int>((std::min(*wait_ns, kLongest) + 999'999) / 1'000'000) : -1;
  return ::epoll_wait(epoll, events.data(), count, ms);
}

}  // namespace

Io<std::unique_ptr<Reactor>> Reactor::create() {
  std::unique_ptr<Reactor> r(new Reactor);
  r->epoll_ = OwnedFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!r->epoll_) return io_fail_host();
  r->wake_ = OwnedFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!r->wake_) return io_fail_host();
  epoll_event e = {};
  e.events = EPOLLIN;
  e.data.fd = r->wake_.get();
  if (::epoll_ctl(r->epoll_.get(), EPOLL_CTL_ADD, e.data.fd, &e) != 0) return io_fail_host();
  return r;
}

Reactor::~Reactor() {
  for (Slot& slot : slots_) {
    while (slot.first) slot.first->disarm();
  }
  while (!timers_.empty()) timers_.front()->disarm();
}

// Asks epoll for what the slot's watches wait for.
Io<void> Reactor::ask(int fd, Slot& slot) {
  epoll_event e = {};
  e.data.fd = fd;
  for (Watch* w = slot.first; w; w = w->next_) e.events |= to_epoll(w->events_);
  if (slot.armed != 0 && (slot.armed & e.events) == e.events) return {};
  const uint32_t wanted = e.events;
  e.events |= EPOLLONESHOT;
  int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &e);
  if (result != 0 && errno == ENOENT) result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &e);
  if (result != 0) {
    if (errno != EPERM) return io_fail_host();
    always_.push_back(fd);  // a regular file: never has to wait
    return {};
  }
  slot.armed = wanted;
  return {};
}

Io<void> Reactor::arm(Watch& watch, int fd, short events) {
  SKIFF_CHECK(!watch.armed());
  if (fd < 0) return io_fail(Errno::BadF);
  if (slots_.size() <= static_cast<size_t>(fd)) slots_.resize(static_cast<size_t>(fd) + 1);
  Slot& slot = slots_[static_cast<size_t>(fd)];
  watch.reactor_ = this;
  watch.fd_ = fd;
  watch.events_ = events;
  watch.turn_ = turn_;
  watch.next_ = slot.first;
  slot.first = &watch;
  ++watching_;
  // With no other watch the number may mean another file than before: what epoll knows is no help.
  if (!watch.next_) slot.armed = 0;
  if (const auto r = ask(fd, slot); !r) {
    watch.disarm();
    return io_fail(r.error());
  }
  return {};
}

void Reactor::Watch::disarm() {
  if (!reactor_) return;
  Slot& slot = reactor_->slots_[static_cast<size_t>(fd_)];
  Watch** link = &slot.first;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
  next_ = nullptr;
  --reactor_->watching_;
  reactor_ = nullptr;
}

void Reactor::arm(Timer& timer, uint64_t deadline_ns) {
  timer.disarm();
  timer.reactor_ = this;
  timer.deadline_ = deadline_ns;
  timers_.push_back(&timer);
  timer.index_ = timers_.size() - 1;
  sift_up(timer.index_);
}

void Reactor::Timer::disarm() {
  if (reactor_) reactor_->remove(*this);
}

void Reactor::remove(Timer& timer) {
  const size_t i = timer.index_;
  Timer* const last = timers_.back();
  timers_.pop_back();
  timer.reactor_ = nullptr;
  if (last == &timer) return;
  place(last, i);
  sift_up(i);
  sift_down(last->index_);
}

void Reactor::sift_up(size_t i) {
  Timer* const t = timers_[i];
  for (; i != 0 && t->deadline_ < timers_[(i - 1) / 2]->deadline_; i = (i - 1) / 2)
    place(timers_[(i - 1) / 2], i);
  place(t, i);
}

void Reactor::sift_down(size_t i) {
  Timer* const t = timers_[i];
  for (;;) {
    size_t child = 2 * i + 1;
    if (child >= timers_.size()) break;
    if (child + 1 < timers_.size() && timers_[child + 1]->deadline_ < timers_[child]->deadline_) ++child;
    if (t->deadline_ <= timers_[child]->deadline_) break;
    place(timers_[child], i);
    i = child;
  }
  place(t, i);
}

std::optional<uint64_t> Reactor::time_left() const {
  if (!always_.empty()) return 0;
  if (timers_.empty()) return std::nullopt;
  const uint64_t now = host_monotonic_ns();
  return timers_.front()->deadline_ - std::min(now, timers_.front()->deadline_);
}

// Fires the watches of a descriptor that were armed before this turn and wait for what is there.
unsigned Reactor::fire_fd(int fd, short revents) {
  unsigned fired = 0;
  const size_t at = static_cast<size_t>(fd);
  const short errors = POLLERR | POLLHUP | POLLNVAL;
  slots_[at].armed = 0;
  for (bool again = true; again;) {
    again = false;
    for (Watch* w = slots_[at].first; w; w = w->next_) {
      if (w->turn_ == turn_ || !(revents & (w->events_ | errors))) continue;
      w->disarm();
      w->fire_(w->data_, revents);  // may arm, disarm and destroy watches: look again from the start
      ++fired;
      again = true;
      break;
    }
  }
  if (slots_[at].first && slots_[at].armed == 0) {
    if (!ask(fd, slots_[at])) {
      // It cannot be waited for any more (closed behind our back): whoever does finds out by trying.
      while (Watch* w = slots_[at].first) {
        w->disarm();
        w->fire_(w->data_, POLLNVAL);
        ++fired;
      }
    }
  }
  return fired;
}

unsigned Reactor::fire_timers() {
  if (timers_.empty()) return 0;
  unsigned fired = 0;
  const uint64_t now = host_monotonic_ns();
  // Those that callbacks arm for now or earlier wait for the next turn, or one could go round for ever.
  for (size_t most = timers_.size(); most != 0 && !timers_.empty(); --most) {
    Timer& t = *timers_.front();
    if (t.deadline_ > now) break;
    remove(t);
    t.fire_(t.data_);
    ++fired;
  }
  return fired;
}

Io<unsigned> Reactor::turn(std::optional<uint64_t> timeout_ns) {
  std::optional<uint64_t> wait = time_left();
  if (timeout_ns) wait = std::min(wait.value_or(*timeout_ns), *timeout_ns);
  std::array<epoll_event, kBatch> events;
  const int n = wait_events(epoll_.get(), events, wait);
  if (n < 0 && errno != EINTR) return io_fail_host();
  ++turn_;
  unsigned fired = fire_timers();
  std::vector<int> always;
  always.swap(always_);
  for (const int fd : always) fired += fire_fd(fd, POLLIN | POLLOUT);
  for (int i = 0; i < n; ++i) {
    const int fd = events[static_cast<size_t>(i)].data.fd;
    if (fd == wake_.get()) {
      uint64_t count;
      if (::read(fd, &count, sizeof count) < 0) continue;
    } else {
      fired += fire_fd(fd, to_poll(events[static_cast<size_t>(i)].events));
    }
  }
  return fired;
}

void Reactor::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void ReactorScheduler::woken() {
  if (!waiting_ || fired_) return;
  fired_ = true;
  parker_.unpark();
}

void ReactorScheduler::fire(void* data) { static_cast<ReactorScheduler*>(data)->woken(); }

void ReactorScheduler::cancel() {
  canceled_ = true;
  woken();
}

Io<void> ReactorScheduler::wait(WaitSet& set, Interrupt interrupt) {
  struct One {
    One(ReactorScheduler& self, short* revents)
        : self(self), revents(revents), watch([](void* data, short r) {
            One& one = *static_cast<One*>(data);
            *one.revents = r;
            one.self.woken();
          }, this) {}
    ReactorScheduler& self;
    short* revents;
    Reactor::Watch watch;
  };
  if (canceled_ || interrupt.asked()) return io_fail(Errno::Canceled);
  waiting_ = true;
  fired_ = false;
  Io<void> result;
  {
    std::deque<One> watches;
    std::deque<Signal::Waiter> waiters;
    Reactor::Timer timer(&ReactorScheduler::fire, this);
    for (Signal* s : set.signals()) s->enter(waiters.emplace_back(&ReactorScheduler::fire, this));
    for (pollfd& p : set.fds()) {
      One& one = watches.emplace_back(*this, &p.revents);
      result = reactor_.arm(one.watch, p.fd, p.events);
      if (!result) break;
    }
    if (set.deadline()) reactor_.arm(timer, *set.deadline());
    while (result && !fired_ && !canceled_ && !interrupt.asked()) parker_.park();
  }
  waiting_ = false;
  if (canceled_ || interrupt.asked()) return io_fail(Errno::Canceled);
  return result;
}

}  // namespace skiff::wasi
