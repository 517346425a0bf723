// Reading, writing, waiting, closing.
#include "runtime/host/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wasi/os/clock.h"

namespace skiff::host {
namespace {

constexpr size_t kFirstBuffer = 8 << 10;
constexpr unsigned kRounds = 16;                    // of reading and writing before others have their turn
constexpr size_t kLingerBytes = 512 << 10;          // that a client may still send when it is to close
constexpr uint64_t kLingerTime = 1'000'000'000;     // and for how long
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

std::span<uint8_t> Input::space() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ != 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == buffer_.size()) buffer_.resize(std::min(capacity_, std::max(kFirstBuffer, buffer_.size() * 2)));
  }
  return std::span(buffer_).subspan(end_);
}

void Input::release() {
  if (begin_ != end_ || buffer_.empty()) return;
  std::vector<uint8_t>().swap(buffer_);
  begin_ = end_ = 0;
}

Connection::Connection(ConnectionOwner& owner, std::unique_ptr<Transport> transport, std::string peer)
    : owner_(owner),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      in_(std::max<size_t>(owner.limits().http.head_bytes, 16 << 10)),
      watch_(&Connection::ready, this),
      timer_(&Connection::time_over, this) {}

Connection::~Connection() = default;

void Connection::ready(void* data, short revents) {
  auto& self = *static_cast<Connection*>(data);
  self.watched_ = 0;
  if (revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) self.more_to_read_ = true;
  if (revents & (POLLOUT | POLLHUP | POLLERR)) self.blocked_ = false;
  if (revents & (POLLERR | POLLNVAL)) self.broken_ = true;
  self.act();
}

void Connection::time_over(void* data) {
  auto& self = *static_cast<Connection*>(data);
  self.armed_for_ = 0;
  if (self.deadline_ == 0) return;
  if (const uint64_t now = wasi::host_monotonic_ns(); now < self.deadline_) {
    // It was put off meanwhile.
    self.armed_for_ = self.deadline_;
    self.owner_.loop().reactor().arm(self.timer_, self.deadline_);
    return;
  }
  self.deadline_ = 0;
  if (self.lingering_ || !self.protocol_ || self.waiting_ == Waiting::Reading) return self.close();
  self.protocol_->timed_out(self.waiting_);
  self.wake();
}

void Connection::drain() {
  draining_ = true;
  if (protocol_) protocol_->drain();
  wake();
}

// False: not yet, or never.
bool Connection::shake_hands() {
  if (!handshaking_) return true;
  const auto done = transport_->handshake(handshake_events_);
  if (!done) {
    if (done.error() != wasi::Errno::Again) broken_ = true;
    return false;
  }
  handshaking_ = false;
  handshake_events_ = 0;
  more_to_read_ = true;
  return true;
}

// The protocol by what was agreed on, or by how the client begins.
bool Connection::choose() {
  if (protocol_) return true;
  const std::string_view agreed = transport_->protocol();
  const std::span<const uint8_t> data = in_.data();
  bool two = agreed == "h2";
  if (agreed.empty() && has_http2()) {
    if (data.empty() && !in_.ended) return false;
    const size_t n = std::min(data.size(), kPreface.size());
    two = n != 0 && std::memcmp(data.data(), kPreface.data(), n) == 0;
    // No request of HTTP/1 begins like that.
    if (two && n < 4 && !in_.ended) return false;
  }
  if (two) protocol_ = make_http2(*this);
  if (!protocol_) protocol_ = make_http1(*this);
  if (draining_) protocol_->drain();
  return true;
}

bool Connection::read() {
  if (in_.ended || !more_to_read_ || in_.full() || (protocol_ && !protocol_->wants_input())) return false;
  const std::span<uint8_t> space = in_.space();
  const auto n = transport_->read(space);
  if (!n) {
    more_to_read_ = false;
    if (n.error() != wasi::Errno::Again) broken_ = true;
    return false;
  }
  if (*n == 0) {
    in_.ended = true;
    return true;
  }
  in_.add(*n);
  if (*n < space.size() && !transport_->has_buffered()) more_to_read_ = false;
  return true;
}

bool Connection::step() {
  bool progress = read();
  if (!choose()) return progress;
  progress |= protocol_->process(in_);
  if (!blocked_) {
    const auto wrote = protocol_->produce(*transport_, blocked_);
    if (!wrote) broken_ = true;
    else progress |= *wrote;
    if (!broken_ && transport_->has_unsent()) {
      if (const auto sent = transport_->flush(); !sent) (sent.error() == wasi::Errno::Again ? blocked_ : broken_) = true;
    }
  }
  return progress;
}

void Connection::act() {
  if (over_) return;
  if (lingering_) return linger();
  bool any = false;
  if (!broken_ && shake_hands()) {
    for (unsigned round = 0; !broken_ && step(); ++round) {
      any = true;
      if (protocol_ && protocol_->finished() && !transport_->has_unsent()) break;
      if (round == kRounds) {
        wake();
        break;
      }
    }
  }
  if (broken_ || (in_.ended && !protocol_) || (draining_ && !protocol_)) return close();
  if (protocol_ && protocol_->finished() && !transport_->has_unsent()) return linger();
  set_time(any);
  set_interest();
}

// Says that nothing follows, and gives the client some time to see that, lest what it has still sent makes
// the system throw away the answer.
void Connection::linger() {
  if (!lingering_) {
    lingering_ = true;
    more_to_read_ = true;
    deadline_ = wasi::host_monotonic_ns() + kLingerTime;
    if (!transport_->shut_down()) return close();
  }
  uint8_t waste[4096];
  while (!in_.ended && more_to_read_) {
    const auto n = transport_->read(waste);
    if (!n && n.error() == wasi::Errno::Again) {
      more_to_read_ = false;
      break;
    }
    if (!n || *n == 0 || (lingered_ += *n) > kLingerBytes) return close();
  }
  if (in_.ended) return close();
  set_interest();
  if (armed_for_ == 0 || armed_for_ > deadline_) {
    armed_for_ = deadline_;
    owner_.loop().reactor().arm(timer_, deadline_);
  }
}

void Connection::close() {
  if (over_) return;
  over_ = true;
  forget();
  watch_.disarm();
  timer_.disarm();
  protocol_.reset();
  transport_.reset();
  owner_.gone(*this);
}

void Connection::set_time(bool progress) {
  Waiting now = Waiting::Head;
  if (protocol_) now = protocol_->waiting();
  else if (!handshaking_) now = Waiting::Request;
  if (blocked_) now = Waiting::Reading;
  if (now == Waiting::Request) in_.release();
  const uint64_t begun = protocol_ ? protocol_->begun() : 0;
  const bool restart = std::exchange(begun_, begun) != begun ||
                       (progress && (now == Waiting::Body || now == Waiting::Reading || now == Waiting::Request));
  if (now == waiting_ && !restart && (deadline_ != 0 || now == Waiting::Nothing)) return;
  waiting_ = now;
  const ConnectionLimits& limits = owner_.limits();
  std::chrono::milliseconds limit{0};
  switch (now) {
    case Waiting::Nothing: deadline_ = 0; return;
    case Waiting::Request: limit = limits.idle; break;
    case Waiting::Head: limit = limits.head; break;
    case Waiting::Body: limit = limits.body; break;
    case Waiting::Reading: limit = limits.write; break;
    case Waiting::Closing: limit = limits.head; break;
  }
  deadline_ = wasi::host_monotonic_ns() + static_cast<uint64_t>(std::chrono::nanoseconds(limit).count());
  // A timer that fires too early is armed again; most never fire.
  if (armed_for_ != 0 && armed_for_ <= deadline_) return;
  armed_for_ = deadline_;
  owner_.loop().reactor().arm(timer_, deadline_);
}

void Connection::set_interest() {
  short events = 0;
  if (handshaking_) {
    events = handshake_events_;
  } else {
    if (lingering_ || (!in_.ended && !in_.full() && (!protocol_ || protocol_->wants_input()))) events |= POLLIN;
    if (blocked_ && !lingering_) events |= POLLOUT;
  }
  if (events == watched_ && (events == 0 || watch_.armed())) return;
  watch_.disarm();
  watched_ = events;
  // Also with nothing to wait for: the client may go away.
  if (events == 0) return;
  if (!owner_.loop().reactor().arm(watch_, transport_->fd(), events)) close();
}

}  // namespace skiff::host
