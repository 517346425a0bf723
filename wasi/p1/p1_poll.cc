// poll_oneoff: waiting for any of some clocks and descriptors. Whatever is wrong with one subscription
// becomes an event with an error; only the call's own parameters make the call fail.
#include <algorithm>
#include <optional>
#include <vector>

#include "wasi/p1/state.h"

namespace skiff::wasi {
namespace {

struct Subscription {
  uint64_t userdata = 0;
  uint8_t type = 0;
  // Clock
  uint32_t clock = 0;
  uint64_t timeout = 0;
  uint32_t clock_flags = 0;
  // FdRead, FdWrite
  uint32_t fd = 0;
};

struct PollEvent {
  uint64_t userdata = 0;
  uint8_t type = 0;
  Errno error = Errno::Success;
  uint64_t bytes = 0;
  bool hangup = false;
};

// A subscription on its way: done, waiting for a time, or for entry `poll` of the host's poll.
struct Waiting {
  Subscription sub;
  std::optional<PollEvent> done;
  std::optional<uint64_t> after_ns;    // since the start of the wait
  std::optional<size_t> poll;
};

Subscription load_subscription(Abi abi, const uint8_t* p) {
  const SubscriptionLayout layout = subscription_layout(abi);
  Subscription s;
  s.userdata = load_unaligned<uint64_t>(p);
  s.type = p[8];
  s.clock = load_unaligned<uint32_t>(p + layout.clock);
  s.timeout = load_unaligned<uint64_t>(p + layout.timeout);
  s.clock_flags = load_unaligned<uint16_t>(p + layout.flags);
  s.fd = load_unaligned<uint32_t>(p + 16);
  return s;
}

void store_event(uint8_t* p, const PollEvent& e) {
  std::fill(p, p + kEventSize, uint8_t{0});
  store_unaligned(p, e.userdata);
  store_unaligned(p + 8, static_cast<uint16_t>(e.error));
  p[10] = e.type;
  store_unaligned(p + 16, e.bytes);
  store_unaligned(p + 24, static_cast<uint16_t>(e.hangup ? rw_flag::Hangup : 0));
}

// Errors: those of the event.
Io<uint64_t> relative_timeout(const Subscription& s, ClockSource& clock, ClockId id) {
  if (s.clock_flags & ~clock_flag::All) return io_fail(Errno::Inval);
  if (id != ClockId::Realtime && id != ClockId::Monotonic) return io_fail(Errno::NotSup);
  if (!(s.clock_flags & clock_flag::Absolute)) return s.timeout;
  const uint64_t now = SKIFF_IO_TRY(clock.now(id));
  return s.timeout - std::min(now, s.timeout);
}

// What is left to read of a regular file.
uint64_t rest_of(File& file) {
  const auto at = file.seek(0, Whence::Current);
  const auto st = file.stat();
  return at && st && st->size > *at ? st->size - *at : 0;
}

// Starts to wait for a descriptor: at once ready, or an entry in `polls`. Errors: those of the event.
Io<void> start_fd(P1Descriptor& d, Waiting& w, std::vector<pollfd>& polls) {
  const bool write = w.sub.type == event_type::FdWrite;
  int host = -1;
  if (File* f = d.file()) {
    if (write ? !f->writable() : !f->readable()) return io_fail(Errno::BadF);
    if (f->type() == FileType::RegularFile) {
      w.done = PollEvent{w.sub.userdata, w.sub.type, Errno::Success, write ? 0 : rest_of(*f)};
      return {};
    }
    host = f->fd();
  } else if (Socket* s = d.socket()) {
    host = s->fd();
  } else if (Stream* s = d.stream()) {
    if (write ? !s->writable() : !s->readable()) return io_fail(Errno::BadF);
    w.done = PollEvent{w.sub.userdata, w.sub.type};
    return {};
  } else {
    return io_fail(Errno::BadF);
  }
  w.poll = polls.size();
  polls.push_back({host, static_cast<short>(write ? POLLOUT : POLLIN), 0});
  return {};
}

void finish_fd(Waiting& w, const pollfd& p) {
  if (p.revents == 0) return;
  PollEvent e{w.sub.userdata, w.sub.type};
  if (p.revents & POLLNVAL) e.error = Errno::BadF;
  else if ((p.revents & POLLERR) && !(p.revents & POLLHUP) && w.sub.type == event_type::FdRead)
    e.error = Errno::Io;
  if (w.sub.type == event_type::FdRead) e.bytes = readable_bytes(p.fd);
  e.hangup = (p.revents & (POLLHUP | POLLERR)) != 0;
  w.done = e;
}

}  // namespace

Io<void> P1State::poll_oneoff(Guest& g, uint32_t subscriptions, uint32_t events, uint32_t count,
                              uint32_t result) {
  auto out = SKIFF_IO_TRY(g.out<uint32_t>(result));
  const uint32_t stride = subscription_layout(g.abi()).size;
  const auto from = SKIFF_IO_TRY(g.bytes(subscriptions, uint64_t{count} * stride));
  const auto to = SKIFF_IO_TRY(g.bytes(events, uint64_t{count} * kEventSize));
  if (count == 0 || count > ctx_.limits.subscriptions) return io_fail(Errno::Inval);

  std::vector<Waiting> all(count);
  std::vector<pollfd> polls;
  for (uint32_t i = 0; i < count; ++i) all[i].sub = load_subscription(g.abi(), from.data() + i * stride);

  const auto start = [&](Waiting& w) -> Io<void> {
    if (w.sub.type == event_type::Clock) {
      ClockId id;
      ClockSource* source = SKIFF_IO_TRY(clock(w.sub.clock, id));
      w.after_ns = SKIFF_IO_TRY(relative_timeout(w.sub, *source, id));
      return {};
    }
    if (w.sub.type > event_type::FdWrite) return io_fail(Errno::Inval);
    return start_fd(*SKIFF_IO_TRY(table_.get(w.sub.fd, rights::PollFdReadwrite)), w, polls);
  };
  std::optional<uint64_t> timeout;
  for (Waiting& w : all) {
    if (const auto r = start(w); !r) w.done = PollEvent{w.sub.userdata, w.sub.type, r.error()};
    if (w.done) timeout = 0;
    if (w.after_ns) timeout = std::min(timeout.value_or(*w.after_ns), *w.after_ns);
  }

  const uint64_t begin = host_monotonic_ns();
  SKIFF_IO_TRY(wait_for(polls, timeout, g.interrupt()));
  const uint64_t passed = host_monotonic_ns() - begin;

  uint32_t stored = 0;
  for (Waiting& w : all) {
    if (w.poll) finish_fd(w, polls[*w.poll]);
    if (w.after_ns && passed >= *w.after_ns) w.done = PollEvent{w.sub.userdata, w.sub.type};
    if (w.done) store_event(to.data() + uint64_t{stored++} * kEventSize, *w.done);
  }
  out.set(stored);
  return {};
}

}  // namespace skiff::wasi
