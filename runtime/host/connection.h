// Connection: a client's socket on a loop. It reads and writes when the socket can, chooses the protocol (by ALPN,
// or by the first bytes), and keeps time: a client that is too slow with anything is let go. What the bytes
// mean is the Protocol's.
// Thread: one, that of its loop.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "runtime/host/exchange.h"
#include "runtime/host/http1_parser.h"
#include "runtime/host/loop.h"
#include "runtime/host/transport.h"

namespace skiff::host {

/// Bytes that have arrived and are not used yet; bounded.
class Input {
 public:
  explicit Input(size_t capacity) : capacity_(capacity) {}
  std::span<const uint8_t> data() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void use(size_t n) { begin_ += n; }
  bool full() const { return end_ - begin_ == capacity_; }
  /// Where to put more. Requires: !full()
  std::span<uint8_t> space();
  void add(size_t n) { end_ += n; }
  /// Gives the memory back when nothing is in it.
  void release();
  bool ended = false;         // nothing follows

 private:
  const size_t capacity_;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

/// What a connection waits for its client to do, each with a time limit.
enum class Waiting : uint8_t {
  Nothing,      // it is the server's turn
  Request,      // the next request, on a connection that did nothing yet or has served some
  Head,         // the rest of a head, or of a handshake
  Body,         // more of a body
  Reading,      // that it takes what is sent to it
  Closing,      // that it closes
};

struct ConnectionLimits {
  HttpLimits http;
  std::chrono::milliseconds idle{60'000};       // Waiting::Request
  std::chrono::milliseconds head{10'000};       // in all
  std::chrono::milliseconds body{30'000};       // between bytes
  std::chrono::milliseconds write{30'000};      // between bytes
  uint32_t streams = 100;                       // of one HTTP/2 connection at a time
  size_t body_buffer = 64 << 10;
};

class Connection;

class Protocol {
 public:
  virtual ~Protocol() = default;
  /// May more bytes be read from the client now?
  virtual bool wants_input() const = 0;
  /// Uses what has arrived. True: something happened.
  virtual bool process(Input& in) = 0;
  /// Writes what there is, as far as it goes. True: something happened. `blocked`: the client must read first. Errors:
  /// the connection is broken.
  virtual wasi::Io<bool> produce(Transport& out, bool& blocked) = 0;
  virtual Waiting waiting() const = 0;
  /// Requests so far: waiting for each has a time of its own.
  virtual uint64_t begun() const = 0;
  /// Time is over for what it waits for: answers where that makes sense. Then it will be finished soon.
  virtual void timed_out(Waiting what) = 0;
  /// No further requests.
  virtual void drain() = 0;
  /// Nothing more is to be read or written.
  virtual bool finished() const = 0;
};

/// Who has connections.
class ConnectionOwner : public Handler {
 public:
  virtual Loop& loop() = 0;
  virtual const ConnectionLimits& limits() const = 0;
  /// It is over and may be destroyed, but not at once.
  virtual void gone(Connection& connection) = 0;
  /// "date: ..." of the present second, with the line's end.
  virtual std::string_view date_line() = 0;
};

class Connection final : public Job {
 public:
  Connection(ConnectionOwner& owner, std::unique_ptr<Transport> transport, std::string peer);
  ~Connection() override;

  ConnectionOwner& owner() { return owner_; }
  const std::string& peer() const { return peer_; }
  bool secure() const { return transport_->secure(); }
  /// What has changed is looked at soon.
  void wake() { owner_.loop().later(*this); }
  /// The answers under way are finished; nothing else is begun.
  void drain();
  /// Ends it now.
  void abandon() { close(); }
  void act() override;

  size_t position = 0;         // the owner's

 private:
  bool shake_hands();
  bool choose();
  bool read();
  bool step();
  void close();
  void linger();
  void set_time(bool progress);
  void set_interest();
  static void ready(void* data, short revents);
  static void time_over(void* data);

  ConnectionOwner& owner_;
  std::unique_ptr<Transport> transport_;
  const std::string peer_;
  std::unique_ptr<Protocol> protocol_;
  Input in_;
  wasi::Reactor::Watch watch_;
  wasi::Reactor::Timer timer_;
  Waiting waiting_ = Waiting::Nothing;
  uint64_t begun_ = 0;
  uint64_t deadline_ = 0;      // 0: none
  uint64_t armed_for_ = 0;     // of the timer
  short watched_ = 0;
  short handshake_events_ = 0;
  size_t lingered_ = 0;
  bool handshaking_ = true;
  bool blocked_ = false;       // the client must read
  bool more_to_read_ = true;   // as far as is known
  bool broken_ = false;
  bool lingering_ = false;
  bool draining_ = false;
  bool over_ = false;
};

/// HTTP/1.0 and 1.1.
std::unique_ptr<Protocol> make_http1(Connection& connection);
/// HTTP/2; null where it was left out of the build.
std::unique_ptr<Protocol> make_http2(Connection& connection);
bool has_http2();

}  // namespace skiff::host
