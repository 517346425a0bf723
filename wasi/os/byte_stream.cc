// What holds for all streams, and the blocking operations.
#include "wasi/os/byte_stream.h"

#include <algorithm>
#include <array>

namespace skiff::wasi {

/// As SKIFF_IO_TRY.
#define SKIFF_STREAM_TRY(EXPR)                                \
  __extension__({                                             \
    auto skiff_stream_result = (EXPR);                        \
    if (!skiff_stream_result) [[unlikely]]                    \
      return std::unexpected(skiff_stream_result.error());    \
    *std::move(skiff_stream_result);                          \
  })

namespace {
constexpr std::array<uint8_t, 4096> kZeroes{};
}

Streamed<size_t> InputStream::read(std::span<uint8_t> into) {
  if (closed_) return stream_closed();
  if (into.empty()) return size_t{0};
  auto n = source_read(into);
  if (!n) closed_ = true;
  return n;
}

Streamed<uint64_t> InputStream::skip(uint64_t count) {
  if (count == 0) return closed_ ? Streamed<uint64_t>(stream_closed()) : uint64_t{0};
  std::vector<uint8_t> scratch(static_cast<size_t>(std::min<uint64_t>(count, kStreamChunk)));
  return SKIFF_STREAM_TRY(read(scratch));
}

Streamed<uint64_t> OutputStream::check_write() {
  if (closed_) return stream_closed();
  auto n = latch(sink_capacity());
  permit_ = n.value_or(0);
  return n;
}

Streamed<void> OutputStream::write(std::span<const uint8_t> bytes) {
  // Misuse is misuse also when the stream has been closed meanwhile.
  if (bytes.size() > permit_) return std::unexpected(StreamFault{StreamFault::Kind::NoPermit, {}});
  if (closed_) return stream_closed();
  if (bytes.empty()) return {};
  permit_ -= bytes.size();
  return latch(sink_write(bytes));
}

Streamed<void> OutputStream::write_zeroes(uint64_t count) {
  if (count > permit_) return std::unexpected(StreamFault{StreamFault::Kind::NoPermit, {}});
  while (count != 0) {
    const auto part = std::span(kZeroes).first(static_cast<size_t>(std::min<uint64_t>(count, kZeroes.size())));
    if (auto r = write(part); !r) return r;
    count -= part.size();
  }
  return closed_ ? Streamed<void>(stream_closed()) : Streamed<void>();
}

Streamed<void> OutputStream::flush() {
  if (closed_) return stream_closed();
  permit_ = 0;
  return latch(sink_flush());
}

Streamed<void> Blocking::wait(Event& event) const {
  if (const auto r = wait_one(event, scheduler, interrupt); !r) {
    if (r.error() == Errno::Canceled) return std::unexpected(StreamFault{StreamFault::Kind::Canceled, {}});
    return stream_failed(r.error(), ErrorOrigin::Other);
  }
  return {};
}

Streamed<size_t> blocking_read(InputStream& in, std::span<uint8_t> into, const Blocking& how) {
  for (;;) {
    const size_t n = SKIFF_STREAM_TRY(in.read(into));
    if (n != 0 || into.empty()) return n;
    if (auto r = how.wait(in); !r) return std::unexpected(r.error());
  }
}

Streamed<uint64_t> blocking_skip(InputStream& in, uint64_t count, const Blocking& how) {
  for (;;) {
    const uint64_t n = SKIFF_STREAM_TRY(in.skip(count));
    if (n != 0 || count == 0) return n;
    if (auto r = how.wait(in); !r) return std::unexpected(r.error());
  }
}

namespace {

// A permit of at least one byte.
Streamed<uint64_t> wait_permit(OutputStream& out, const Blocking& how) {
  for (;;) {
    const uint64_t n = SKIFF_STREAM_TRY(out.check_write());
    if (n != 0) return n;
    if (auto r = how.wait(out); !r) return std::unexpected(r.error());
  }
}

// Writes in pieces as permitted: part(offset, size) writes one.
template <class Part>
Streamed<void> write_parts(OutputStream& out, uint64_t size, const Blocking& how, Part part) {
  for (uint64_t at = 0; at != size;) {
    const uint64_t n = std::min(SKIFF_STREAM_TRY(wait_permit(out, how)), size - at);
    if (auto r = part(at, n); !r) return r;
    at += n;
  }
  // A stream that is closed by having taken everything has done what was asked.
  auto r = blocking_flush(out, how);
  if (!r && r.error().kind == StreamFault::Kind::Closed) return {};
  return r;
}

}  // namespace

Streamed<void> blocking_write_and_flush(OutputStream& out, std::span<const uint8_t> bytes,
                                        const Blocking& how) {
  if (out.closed()) return stream_closed();
  return write_parts(out, bytes.size(), how, [&](uint64_t at, uint64_t n) {
    return out.write(bytes.subspan(static_cast<size_t>(at), static_cast<size_t>(n)));
  });
}

Streamed<void> blocking_write_zeroes_and_flush(OutputStream& out, uint64_t count, const Blocking& how) {
  if (out.closed()) return stream_closed();
  return write_parts(out, count, how, [&](uint64_t, uint64_t n) { return out.write_zeroes(n); });
}

Streamed<void> blocking_flush(OutputStream& out, const Blocking& how) {
  if (auto r = out.flush(); !r) return r;
  if (auto n = wait_permit(out, how); !n) return std::unexpected(n.error());
  return {};
}

Streamed<uint64_t> splice(OutputStream& out, InputStream& in, uint64_t count) {
  const uint64_t permit = SKIFF_STREAM_TRY(out.check_write());
  const uint64_t most = std::min({permit, count, uint64_t{kStreamChunk}});
  std::vector<uint8_t> bytes(static_cast<size_t>(most));
  const size_t n = SKIFF_STREAM_TRY(in.read(bytes));
  if (auto r = out.write(std::span(bytes).first(n)); !r) return std::unexpected(r.error());
  return n;
}

Streamed<uint64_t> blocking_splice(OutputStream& out, InputStream& in, uint64_t count, const Blocking& how) {
  for (;;) {
    if (const auto permit = wait_permit(out, how); !permit) return std::unexpected(permit.error());
    if (count != 0 && !in.closed())
      if (auto r = how.wait(in); !r) return std::unexpected(r.error());
    const uint64_t n = SKIFF_STREAM_TRY(splice(out, in, count));
    if (n != 0 || count == 0) return n;
  }
}

}  // namespace skiff::wasi
