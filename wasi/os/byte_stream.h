// Streams of bytes as WASI 0.2 has them: reading and writing never block, an Event tells when to come back,
// and writing needs a permit (check_write) that bounds what is buffered. The bases here keep what holds for
// every stream: errors are reported once, and afterwards the stream is closed for ever; permits are
// counted. Sources and sinks override the protected functions.
//
// The free functions at the end are the blocking operations, made of the others and a Scheduler.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "wasi/os/errno.h"
#include "wasi/os/wait.h"

namespace skiff::wasi {

/// Where an error comes from: decides whose error codes it can be told in.
enum class ErrorOrigin : uint8_t { Other, File, Socket, Http };

/// What went wrong with a stream once.
struct IoError {
  Errno code = Errno::Io;
  ErrorOrigin origin = ErrorOrigin::Other;
  uint8_t http_code = 0;                        // Http: an HttpErrorCode (http_error.h)
  std::optional<uint64_t> http_number = {};     // and its payload
};

struct StreamFault {
  enum class Kind : uint8_t {
    Closed,    // the end; no error
    Failed,    // `error`; told once, then Closed
    NoPermit,  // more was written than check_write allowed: the guest's bug
    Canceled,  // a blocking operation was interrupted, the guest is to stop
  };
  Kind kind = Kind::Closed;
  IoError error;
};
template <class T>
using Streamed = std::expected<T, StreamFault>;

[[nodiscard]] inline std::unexpected<StreamFault> stream_closed() {
  return std::unexpected(StreamFault{StreamFault::Kind::Closed, {}});
}
[[nodiscard]] inline std::unexpected<StreamFault> stream_failed(Errno code, ErrorOrigin origin) {
  return std::unexpected(StreamFault{StreamFault::Kind::Failed, {code, origin}});
}

/// Most bytes that one read, skip or splice moves; also the permit of most sinks.
inline constexpr size_t kStreamChunk = 64 << 10;

class InputStream : public Event {
 public:
  /// Bytes moved; 0: none are there now. Faults: Closed, Failed.
  Streamed<size_t> read(std::span<uint8_t> into);
  /// The same without keeping them; at most kStreamChunk at a time.
  Streamed<uint64_t> skip(uint64_t count);
  bool closed() const { return closed_; }
  bool poll(WaitSet& set) final { return closed_ || source_poll(set); }

 protected:
  /// Requires: `into` is not empty. A fault is the last thing that it is asked for.
  virtual Streamed<size_t> source_read(std::span<uint8_t> into) = 0;
  virtual bool source_poll(WaitSet& set) = 0;

 private:
  bool closed_ = false;
};

class OutputStream : public Event {
 public:
  /// How many bytes may be written now. Faults: Closed, Failed.
  Streamed<uint64_t> check_write();
  /// Takes all. Faults: as check_write; NoPermit beyond what it allowed.
  Streamed<void> write(std::span<const uint8_t> bytes);
  Streamed<void> write_zeroes(uint64_t count);
  /// Starts flushing what was written; until that is done check_write allows nothing.
  Streamed<void> flush();
  bool closed() const { return closed_; }
  /// Ready: check_write would not answer 0.
  bool poll(WaitSet& set) final { return closed_ || sink_poll(set); }

 protected:
  /// As check_write; 0 while a flush goes on.
  virtual Streamed<uint64_t> sink_capacity() = 0;
  /// Takes all, at most what sink_capacity said.
  virtual Streamed<void> sink_write(std::span<const uint8_t> bytes) = 0;
  virtual Streamed<void> sink_flush() { return {}; }
  virtual bool sink_poll(WaitSet& set) = 0;

 private:
  template <class T>
  Streamed<T> latch(Streamed<T> result) {
    if (!result) closed_ = true;
    return result;
  }
  uint64_t permit_ = 0;
  bool closed_ = false;
};

/// Most that blocking_write_and_flush takes. Spec: wasi:io/streams
inline constexpr uint64_t kBlockingWriteLimit = 4096;

/// How the caller of a blocking operation waits.
struct Blocking {
  Scheduler& scheduler;
  Interrupt interrupt;
  /// Faults: Canceled
  Streamed<void> wait(Event& event) const;
};

/// Waits for at least one byte, unless `into` is empty.
Streamed<size_t> blocking_read(InputStream& in, std::span<uint8_t> into, const Blocking& how);
Streamed<uint64_t> blocking_skip(InputStream& in, uint64_t count, const Blocking& how);
/// Writes everything, with permits, and waits until it is flushed.
Streamed<void> blocking_write_and_flush(OutputStream& out, std::span<const uint8_t> bytes,
                                        const Blocking& how);
Streamed<void> blocking_write_zeroes_and_flush(OutputStream& out, uint64_t count, const Blocking& how);
Streamed<void> blocking_flush(OutputStream& out, const Blocking& how);
/// Moves what is there and fits, at most kStreamChunk.
Streamed<uint64_t> splice(OutputStream& out, InputStream& in, uint64_t count);
/// Waits until there is something and it fits first.
Streamed<uint64_t> blocking_splice(OutputStream& out, InputStream& in, uint64_t count, const Blocking& how);

}  // namespace skiff::wasi
