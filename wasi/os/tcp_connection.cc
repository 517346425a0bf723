// Receiving and sending. Sending tries the kernel first; what it does not take is pushed by a watch.
#include "wasi/os/tcp_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace skiff::wasi {

TcpConnection::TcpConnection(OwnedFd fd, Scheduler& scheduler)
    : fd_(std::move(fd)),
      scheduler_(scheduler),
      watch_([](void* self, short) { static_cast<TcpConnection*>(self)->push(); }, this) {}

TcpConnection::~TcpConnection() {
  if (pending_.size() != pending_at_) push();  // a last try; guests that care flush
  watch_.disarm();
}

Streamed<size_t> TcpConnection::receive(std::span<uint8_t> into) {
  if (receive_closed_) return stream_closed();
  ssize_t n;
  do n = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n > 0) return static_cast<size_t>(n);
  if (n < 0 && errno == EAGAIN) return size_t{0};
  receive_closed_ = true;
  if (n == 0) return stream_closed();
  return stream_failed(last_errno(), ErrorOrigin::Socket);
}

bool TcpConnection::poll_receive(WaitSet& set) {
  if (receive_closed_) return true;
  set.add_fd(fd(), POLLIN);
  return false;
}

Streamed<size_t> TcpConnection::send_now(std::span<const uint8_t> bytes) {
  ssize_t n;
  do n = ::send(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0) return static_cast<size_t>(n);
  if (errno == EAGAIN) return size_t{0};
  if (errno == EPIPE) return stream_closed();
  return stream_failed(last_errno(), ErrorOrigin::Socket);
}

Streamed<uint64_t> TcpConnection::capacity() {
  if (pending_.size() != pending_at_) push();
  if (send_fault_) return std::unexpected(*send_fault_);
  if (send_closed_) return stream_closed();
  if (pending_.size() != pending_at_) return uint64_t{0};
  pollfd p = {fd(), POLLOUT, 0};
  if (::poll(&p, 1, 0) <= 0) return uint64_t{0};
  return uint64_t{kStreamChunk};  // errors show when it is written to
}

Streamed<void> TcpConnection::send(std::span<const uint8_t> bytes) {
  if (send_fault_) return std::unexpected(*send_fault_);
  if (send_closed_) return stream_closed();
  if (pending_.size() == pending_at_) {
    const auto n = send_now(bytes);
    if (!n) {
      send_fault_ = n.error();
      return std::unexpected(n.error());
    }
    bytes = bytes.subspan(*n);
    pending_.clear();
    pending_at_ = 0;
  }
  if (bytes.empty()) return {};
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  keep_pushing();
  return {};
}

void TcpConnection::keep_pushing() {
  if (watch_.armed()) return;
  const auto reactor = scheduler_.reactor();
  // Without a loop the rest is sent at the next look at this stream.
  if (reactor) static_cast<void>((*reactor)->arm(watch_, fd(), POLLOUT));
}

void TcpConnection::push() {
  while (pending_.size() != pending_at_ && !send_fault_) {
    const auto n = send_now(std::span(pending_).subspan(pending_at_));
    if (!n) send_fault_ = n.error();
    else if (*n == 0) return keep_pushing();
    else pending_at_ += *n;
  }
  pending_.clear();
  pending_at_ = 0;
  if (send_closed_ && !end_sent_) {
    end_sent_ = true;
    ::shutdown(fd(), SHUT_WR);
  }
  drained_.notify();
}

bool TcpConnection::poll_send(WaitSet& set) {
  if (pending_.size() != pending_at_) push();
  if (send_fault_ || send_closed_) return true;
  if (pending_.size() != pending_at_) {
    set.add_fd(fd(), POLLOUT, false);  // sent then, which may or may not be all
    set.add_signal(drained_);
    return false;
  }
  set.add_fd(fd(), POLLOUT);
  return false;
}

void TcpConnection::shutdown_receive() {
  receive_closed_ = true;
  ::shutdown(fd(), SHUT_RD);
}

void TcpConnection::shutdown_send() {
  if (send_closed_) return;
  send_closed_ = true;
  push();
}

namespace {

class TcpInput final : public InputStream {
 public:
  explicit TcpInput(std::shared_ptr<TcpConnection> connection) : connection_(std::move(connection)) {}

 private:
  Streamed<size_t> source_read(std::span<uint8_t> into) override { return connection_->receive(into); }
  bool source_poll(WaitSet& set) override { return connection_->poll_receive(set); }
  std::shared_ptr<TcpConnection> connection_;
};

class TcpOutput final : public OutputStream {
 public:
  explicit TcpOutput(std::shared_ptr<TcpConnection> connection) : connection_(std::move(connection)) {}

 private:
  Streamed<uint64_t> sink_capacity() override { return connection_->capacity(); }
  Streamed<void> sink_write(std::span<const uint8_t> bytes) override { return connection_->send(bytes); }
  bool sink_poll(WaitSet& set) override { return connection_->poll_send(set); }
  std::shared_ptr<TcpConnection> connection_;
};

}  // namespace

std::shared_ptr<InputStream> tcp_input(std::shared_ptr<TcpConnection> connection) {
  return std::make_shared<TcpInput>(std::move(connection));
}

std::shared_ptr<OutputStream> tcp_output(std::shared_ptr<TcpConnection> connection) {
  return std::make_shared<TcpOutput>(std::move(connection));
}

}  // namespace skiff::wasi
