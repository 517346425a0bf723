// TcpConnection: an open TCP socket as its two streams and its TcpSocket share it; closed when the last of
// them goes. Keeps what was written and the kernel has not taken yet.
#pragma once

#include <memory>
#include <vector>

#include "wasi/os/byte_stream.h"
#include "wasi/os/fd.h"
#include "wasi/os/reactor.h"

namespace skiff::wasi {

class TcpConnection {
 public:
  TcpConnection(OwnedFd fd, Scheduler& scheduler);
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;

  int fd() const { return fd_.get(); }

  /// As the streams' functions. Once shut down, or at the end, Closed for ever.
  Streamed<size_t> receive(std::span<uint8_t> into);
  bool poll_receive(WaitSet& set);
  Streamed<uint64_t> capacity();
  Streamed<void> send(std::span<const uint8_t> bytes);
  bool poll_send(WaitSet& set);

  /// What has come and was not read is dropped.
  void shutdown_receive();
  /// The peer is told the end once everything was sent.
  void shutdown_send();

 private:
  Streamed<size_t> send_now(std::span<const uint8_t> bytes);
  void push();
  void keep_pushing();

  OwnedFd fd_;
  Scheduler& scheduler_;
  std::vector<uint8_t> pending_;   // from pending_at_ on
  size_t pending_at_ = 0;
  std::optional<StreamFault> send_fault_;
  bool receive_closed_ = false;
  bool send_closed_ = false;
  bool end_sent_ = false;
  Signal drained_;
  Reactor::Watch watch_;
};

std::shared_ptr<InputStream> tcp_input(std::shared_ptr<TcpConnection> connection);
/// When the last one goes, the peer sees no end: that is shutdown_send's.
std::shared_ptr<OutputStream> tcp_output(std::shared_ptr<TcpConnection> connection);

}  // namespace skiff::wasi
