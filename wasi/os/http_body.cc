// A ring of bytes, how it ends, and its ends as streams.
#include "wasi/os/http_body.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/check.h"

namespace skiff::wasi {
namespace {
constexpr size_t kFirstSize = 4 << 10;   // of what is allocated
}

std::shared_ptr<HttpBody> HttpBody::create(const Options& options) {
  SKIFF_CHECK(options.capacity > 0);
  return std::shared_ptr<HttpBody>(new HttpBody(options));
}

std::shared_ptr<HttpBody> HttpBody::empty(Of of) {
  auto body = create({of, std::nullopt, 1});
  body->state_ = State::Finished;
  return body;
}

// Makes the ring at least so large, with its bytes at the front.
void HttpBody::grow(size_t needed) {
  if (ring_size_ >= needed) return;
  const size_t size = std::min(options_.capacity, std::max(kFirstSize, std::bit_ceil(needed)));
  auto ring = std::make_unique_for_overwrite<uint8_t[]>(size);
  size_t at = 0;
  for (size_t left = size_; left != 0;) {
    const std::span<const uint8_t> piece = data();
    std::memcpy(ring.get() + at, piece.data(), piece.size());
    at += piece.size();
    left -= piece.size();
    size_ -= piece.size();
    begin_ = (begin_ + piece.size()) % ring_size_;
  }
  ring_ = std::move(ring);
  ring_size_ = size;
  begin_ = 0;
  size_ = at;
}

HttpError HttpBody::size_error() const {
  return {options_.of == Of::Request ? HttpErrorCode::RequestBodySize : HttpErrorCode::ResponseBodySize, written_};
}

bool HttpBody::count(size_t bytes) {
  written_ += bytes;
  if (!options_.length || written_ <= *options_.length) return true;
  fail(size_error());
  return false;
}

std::span<uint8_t> HttpBody::space() {
  if (ended() || closed() || room() == 0) return {};
  if (size_ == ring_size_) grow(size_ + 1);
  if (size_ == 0) begin_ = 0;
  const size_t end = (begin_ + size_) % ring_size_;
  const size_t until = end < begin_ ? begin_ : ring_size_;
  return std::span(ring_.get(), ring_size_).subspan(end, until - end);
}

void HttpBody::produced(size_t n) {
  if (n == 0 || ended() || !count(n) || reader_ != Reader::Reads) return;
  SKIFF_CHECK(n <= ring_size_ - size_);
  size_ += n;
  readable.notify();
}

void HttpBody::put(std::span<const uint8_t> bytes) {
  if (!count(bytes.size()) || reader_ != Reader::Reads) return;
  SKIFF_CHECK(bytes.size() <= room());
  grow(size_ + bytes.size());
  const size_t end = (begin_ + size_) % ring_size_;
  const size_t first = std::min(bytes.size(), ring_size_ - end);
  std::memcpy(ring_.get() + end, bytes.data(), first);
  if (bytes.size() > first) std::memcpy(ring_.get(), bytes.data() + first, bytes.size() - first);
  size_ += bytes.size();
  readable.notify();
}

HttpResult<void> HttpBody::finish(std::optional<HttpFields> trailers) {
  if (state_ == State::Failed) return std::unexpected(error_);
  if (state_ == State::Finished) return {};
  if (options_.length && written_ != *options_.length && reader_ != Reader::Closed) {
    fail(size_error());
    return std::unexpected(error_);
  }
  trailers_ = std::move(trailers);
  state_ = State::Finished;
  readable.notify();
  writable.notify();
  return {};
}

void HttpBody::fail(HttpError error) {
  if (ended()) return;
  error_ = std::move(error);
  state_ = State::Failed;
  readable.notify();
  writable.notify();
}

std::span<const uint8_t> HttpBody::data() const {
  if (size_ == 0) return {};
  return std::span(ring_.get(), ring_size_).subspan(begin_, std::min(size_, ring_size_ - begin_));
}

void HttpBody::consumed(size_t n) {
  if (n == 0) return;
  SKIFF_CHECK(n <= size_);
  begin_ = (begin_ + n) % ring_size_;
  size_ -= n;
  writable.notify();
}

void HttpBody::discard() {
  if (reader_ == Reader::Closed) return;
  reader_ = Reader::Discards;
  size_ = 0;
  writable.notify();
}

void HttpBody::close() {
  reader_ = Reader::Closed;
  size_ = 0;
  ring_.reset();
  ring_size_ = begin_ = 0;
  writable.notify();
}

bool HttpBody::poll_readable(WaitSet& set) {
  if (size_ != 0 || ended()) return true;
  set.add_signal(readable);
  return false;
}

bool HttpBody::poll_writable(WaitSet& set) {
  if (ended() || closed() || room() != 0) return true;
  set.add_signal(writable);
  return false;
}

bool HttpBody::poll_ended(WaitSet& set) {
  if (ended()) return true;
  set.add_signal(readable);
  return false;
}

class HttpBodySource final : public InputStream {
 public:
  explicit HttpBodySource(std::shared_ptr<HttpBody> body) : body_(std::move(body)) {}

 private:
  Streamed<size_t> source_read(std::span<uint8_t> into) override {
    size_t n = 0;
    while (n != into.size()) {
      const std::span<const uint8_t> piece = body_->data();
      const size_t part = std::min(piece.size(), into.size() - n);
      if (part == 0) break;
      std::memcpy(into.data() + n, piece.data(), part);
      body_->consumed(part);
      n += part;
    }
    if (n != 0 || !body_->ended()) return n;
    if (const HttpError* e = body_->error()) return std::unexpected(StreamFault{StreamFault::Kind::Failed, e->io()});
    return stream_closed();
  }
  bool source_poll(WaitSet& set) override { return body_->poll_readable(set); }

  std::shared_ptr<HttpBody> body_;
};

// Bytes are flushed when the consumer can have them: at once. Waiting until it took them would stop a guest for ever
// that fills a body before it hands over the head.
class HttpBodySink final : public OutputStream {
 public:
  explicit HttpBodySink(std::shared_ptr<HttpBody> body) : body_(std::move(body)) {}

 private:
  Streamed<void> open() const {
    if (const HttpError* e = body_->error()) return std::unexpected(StreamFault{StreamFault::Kind::Failed, e->io()});
    if (body_->ended() || body_->closed()) return stream_closed();
    return {};
  }
  Streamed<uint64_t> sink_capacity() override {
    if (auto r = open(); !r) return std::unexpected(r.error());
    return uint64_t{body_->room()};
  }
  Streamed<void> sink_write(std::span<const uint8_t> bytes) override {
    if (auto r = open(); !r) return r;
    body_->put(bytes);
    if (body_->error()) return open();
    return {};
  }
  Streamed<void> sink_flush() override { return open(); }
  bool sink_poll(WaitSet& set) override { return body_->poll_writable(set); }

  std::shared_ptr<HttpBody> body_;
};

std::shared_ptr<InputStream> HttpBody::source() { return std::make_shared<HttpBodySource>(shared_from_this()); }
std::shared_ptr<OutputStream> HttpBody::sink() { return std::make_shared<HttpBodySink>(shared_from_this()); }

}  // namespace skiff::wasi
