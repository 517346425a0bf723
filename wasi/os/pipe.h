// An in-memory pipe with a bounded buffer between two parties on one thread: HTTP bodies, tests. What the
// writer is permitted is what is free. The reader sees the end when the writer has finished and everything
// was read, or the error with which the writer gave up; the writer sees Closed when the reader is gone.
#pragma once

#include <memory>

#include "wasi/os/byte_stream.h"

namespace skiff::wasi {

class Pipe {
 public:
  struct Ends {
    std::shared_ptr<InputStream> in;
    std::shared_ptr<OutputStream> out;
    /// The host's side: works also while the guest has `out`.
    std::shared_ptr<Pipe> pipe;
  };
  /// Requires: capacity > 0 bytes.
  static Ends create(size_t capacity);

  /// Nothing comes any more. With an error the reader fails after what is buffered.
  void finish();
  void fail(IoError error);
  /// Nobody reads any more; what is buffered is lost.
  void close_reader();

  size_t buffered() const { return size_; }
  bool finished() const { return finished_; }
  bool reader_closed() const { return reader_closed_; }

 private:
  friend class PipeInput;
  friend class PipeOutput;
  explicit Pipe(size_t capacity) : ring_(capacity) {}
  size_t take(std::span<uint8_t> into);
  void put(std::span<const uint8_t> bytes);

  std::vector<uint8_t> ring_;
  size_t begin_ = 0;
  size_t size_ = 0;
  bool finished_ = false;
  bool failed_ = false;
  bool reader_closed_ = false;
  bool flushing_ = false;        // until it is empty
  IoError error_;
  Signal readable_;
  Signal writable_;
};

}  // namespace skiff::wasi
