// HttpBody: the body of a message on its way from one producer to one consumer on the same thread, and the trailers
// after it. Bytes are buffered up to a capacity (allocated as needed): the producer waits when it is full. It
// ends once, finished (with or without trailers) or failed; the consumer sees that after what is buffered.
// Where a length was declared, a body that has another one fails.
//
// Hosts produce by space()/produced() and consume by data()/consumed(), in place; guests by streams. Whoever waits
// uses the signals `readable` and `writable`. Waiters are fired from within calls of the other side: they should note what
// happened and act from their loop.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "wasi/os/byte_stream.h"
#include "wasi/os/http_error.h"
#include "wasi/os/http_fields.h"

namespace skiff::wasi {

class HttpBody : public std::enable_shared_from_this<HttpBody> {
 public:
  enum class Of : uint8_t { Request, Response };   // names the errors of its size
  struct Options {
    Of of = Of::Response;
    std::optional<uint64_t> length;      // declared by content-length
    size_t capacity = kStreamChunk;
  };
  static std::shared_ptr<HttpBody> create(const Options& options);
  /// One that is finished.
  static std::shared_ptr<HttpBody> empty(Of of);

  // -- The producer.

  /// Where to put the next bytes, one piece; empty: it is full, has ended, or nobody reads.
  /// Invalidates: data() and earlier answers.
  std::span<uint8_t> space();
  /// So many bytes were put there. Fails the body if they are more than were declared.
  void produced(size_t count);
  /// The end. Errors: it has other than the declared length, and now failed; it had failed.
  HttpResult<void> finish(std::optional<HttpFields> trailers = std::nullopt);
  /// Gives up; does nothing after the end.
  void fail(HttpError error);
  /// The same as a stream; at most one at a time. It says Closed when nobody reads any more.
  std::shared_ptr<OutputStream> sink();
  /// The consumer has gone.
  bool closed() const { return reader_ == Reader::Closed; }
  uint64_t written() const { return written_; }

  // -- The consumer.

  /// What is there, one piece; empty: nothing. Valid until consumed() or produced().
  std::span<const uint8_t> data() const;
  void consumed(size_t count);
  std::shared_ptr<InputStream> source();
  /// Nothing comes any more: finished or failed. Bytes may still be buffered.
  bool ended() const { return state_ != State::Open; }
  /// Finished, and everything was consumed.
  bool complete() const { return state_ == State::Finished && size_ == 0; }
  /// Null: not failed.
  const HttpError* error() const { return state_ == State::Failed ? &error_ : nullptr; }
  /// After it has finished; null: none were sent.
  const HttpFields* trailers() const { return trailers_ ? &*trailers_ : nullptr; }
  /// Bytes are of no interest any more, the end is.
  void discard();
  /// Nothing is of interest any more.
  void close();

  // -- Both.

  /// The declared length is not the body's: of answers to HEAD, and of 304.
  void ignore_length() { options_.length.reset(); }
  size_t buffered() const { return size_; }
  size_t room() const { return options_.capacity - size_; }
  std::optional<uint64_t> length() const { return options_.length; }
  Of of() const { return options_.of; }
  /// Something to consume, or the end.
  Signal readable;
  /// Room, or the consumer has gone.
  Signal writable;
  bool poll_readable(WaitSet& set);
  bool poll_writable(WaitSet& set);
  bool poll_ended(WaitSet& set);

 private:
  friend class HttpBodySink;
  enum class State : uint8_t { Open, Finished, Failed };
  enum class Reader : uint8_t { Reads, Discards, Closed };

  explicit HttpBody(const Options& options) : options_(options) {}
  void grow(size_t needed);
  void put(std::span<const uint8_t> bytes);
  /// False: more than was declared; it failed.
  bool count(size_t bytes);
  HttpError size_error() const;

  Options options_;
  State state_ = State::Open;
  Reader reader_ = Reader::Reads;
  std::unique_ptr<uint8_t[]> ring_;
  size_t ring_size_ = 0;
  size_t begin_ = 0;
  size_t size_ = 0;
  uint64_t written_ = 0;
  HttpError error_;
  std::optional<HttpFields> trailers_;
};

/// Ready when a body has ended.
class HttpBodyEnded final : public Event {
 public:
  explicit HttpBodyEnded(std::shared_ptr<HttpBody> body) : body_(std::move(body)) {}
  bool poll(WaitSet& set) override { return body_->poll_ended(set); }

 private:
  std::shared_ptr<HttpBody> body_;
};

}  // namespace skiff::wasi
