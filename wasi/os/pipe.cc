// A ring of bytes and its two ends.
#include "wasi/os/pipe.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace skiff::wasi {

size_t Pipe::take(std::span<uint8_t> into) {
  const size_t n = std::min(into.size(), size_);
  const size_t first = std::min(n, ring_.size() - begin_);
  std::memcpy(into.data(), ring_.data() + begin_, first);
  if (n > first) std::memcpy(into.data() + first, ring_.data(), n - first);
  begin_ = (begin_ + n) % ring_.size();
  size_ -= n;
  if (size_ == 0) flushing_ = false;
  if (n != 0) writable_.notify();
  return n;
}

void Pipe::put(std::span<const uint8_t> bytes) {
  SKIFF_CHECK(bytes.size() <= ring_.size() - size_);
  const size_t end = (begin_ + size_) % ring_.size();
  const size_t first = std::min(bytes.size(), ring_.size() - end);
  std::memcpy(ring_.data() + end, bytes.data(), first);
  if (bytes.size() > first) std::memcpy(ring_.data(), bytes.data() + first, bytes.size() - first);
  size_ += bytes.size();
  readable_.notify();
}

void Pipe::finish() {
  finished_ = true;
  readable_.notify();
  writable_.notify();
}

void Pipe::fail(IoError error) {
  if (finished_) return;
  failed_ = true;
  error_ = error;
  finish();
}

void Pipe::close_reader() {
  reader_closed_ = true;
  begin_ = size_ = 0;
  writable_.notify();
}

class PipeInput final : public InputStream {
 public:
  explicit PipeInput(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  ~PipeInput() override { pipe_->close_reader(); }

 private:
  Streamed<size_t> source_read(std::span<uint8_t> into) override {
    if (pipe_->size_ != 0) return pipe_->take(into);
    if (!pipe_->finished_) return size_t{0};
    if (pipe_->failed_) return stream_failed(pipe_->error_.code, pipe_->error_.origin);
    return stream_closed();
  }
  bool source_poll(WaitSet& set) override {
    if (pipe_->size_ != 0 || pipe_->finished_) return true;
    set.add_signal(pipe_->readable_);
    return false;
  }
  std::shared_ptr<Pipe> pipe_;
};

class PipeOutput final : public OutputStream {
 public:
  explicit PipeOutput(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  ~PipeOutput() override {
    if (!pipe_->finished_) pipe_->finish();
  }

 private:
  bool over() const { return pipe_->reader_closed_ || pipe_->finished_; }
  Streamed<uint64_t> sink_capacity() override {
    if (over()) return stream_closed();
    return pipe_->flushing_ ? uint64_t{0} : uint64_t{pipe_->ring_.size() - pipe_->size_};
  }
  Streamed<void> sink_write(std::span<const uint8_t> bytes) override {
    if (over()) return stream_closed();
    pipe_->put(bytes);
    return {};
  }
  Streamed<void> sink_flush() override {
    if (over()) return stream_closed();
    pipe_->flushing_ = pipe_->size_ != 0;
    return {};
  }
  bool sink_poll(WaitSet& set) override {
    if (over() || (!pipe_->flushing_ && pipe_->size_ < pipe_->ring_.size())) return true;
    set.add_signal(pipe_->writable_);
    return false;
  }
  std::shared_ptr<Pipe> pipe_;
};

Pipe::Ends Pipe::create(size_t capacity) {
  SKIFF_CHECK(capacity > 0);
  const std::shared_ptr<Pipe> pipe(new Pipe(capacity));
  return {std::make_shared<PipeInput>(pipe), std::make_shared<PipeOutput>(pipe), pipe};
}

}  // namespace skiff::wasi
