// wasi:io: errors, pollables, streams.
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {
namespace {

// More would only make the host allocate; a guest has far fewer things to wait for.
constexpr size_t kMaxPolled = 1 << 16;

// Waits, or traps.
bool wait(P2Call& c, std::span<Event* const> events, std::vector<uint32_t>& ready) {
  const auto r = wait_any(events, c.state.scheduler, c.interrupt(), ready);
  if (r) return true;
  if (r.error() == Errno::Canceled) c.interrupted();
  else c.trap("the host cannot wait: " + std::string(name_of(r.error())));
  return false;
}

std::span<uint8_t> scratch(P2Call& c, uint64_t length) {
  return std::span(c.state.scratch).first(static_cast<size_t>(std::min<uint64_t>(length, kStreamChunk)));
}

StreamResult<Bytes> read_bytes(P2Call& c, std::span<uint8_t> into, Streamed<size_t> n) {
  if (!n) return c.fault(n.error());
  return Bytes(into.first(*n));
}

bool too_much(P2Call& c, uint64_t length) {
  if (length <= kBlockingWriteLimit) return false;
  c.trap("a blocking write takes at most 4096 bytes");
  return true;
}

}  // namespace

std::unexpected<StreamError> P2Call::fault(const StreamFault& f) {
  switch (f.kind) {
    case StreamFault::Kind::Closed: break;
    case StreamFault::Kind::Failed: return std::unexpected(StreamError(make<Error>(nullptr, f.error)));
    case StreamFault::Kind::NoPermit: trap("a write beyond what check-write permitted"); break;
    case StreamFault::Kind::Canceled: interrupted(); break;
  }
  return std::unexpected(StreamError(Closed{}));
}

std::string error_to_debug_string(P2Call&, Borrow<Error> self) {
  if (const auto http = HttpError::from(self->error)) return std::string(name_of(http->code));
  return std::string(name_of(self->error.code));
}

bool pollable_ready(P2Call& c, Borrow<Pollable> self) {
  if (is_ready(*self->event)) return true;
  c.state.scheduler.progress();
  return is_ready(*self->event);
}

void pollable_block(P2Call& c, Borrow<Pollable> self) {
  Event* const event = self->event.get();
  std::vector<uint32_t> ready;
  wait(c, {&event, 1}, ready);
}

std::vector<uint32_t> poll(P2Call& c, const std::vector<Borrow<Pollable>>& in) {
  std::vector<uint32_t> ready;
  if (in.empty()) return c.trap("poll of an empty list"), ready;
  if (in.size() > kMaxPolled) return c.trap("poll of too long a list"), ready;
  std::vector<Event*> events;
  events.reserve(in.size());
  for (const Borrow<Pollable>& p : in) events.push_back(p->event.get());
  wait(c, events, ready);
  return ready;
}

StreamResult<Bytes> input_read(P2Call& c, Borrow<Input> self, uint64_t length) {
  const auto into = scratch(c, length);
  auto n = self->stream->read(into);
  if (n && *n == 0 && !into.empty()) {
    c.state.scheduler.progress();
    n = self->stream->read(into);
  }
  return read_bytes(c, into, n);
}

StreamResult<Bytes> input_blocking_read(P2Call& c, Borrow<Input> self, uint64_t length) {
  // Other calls may use the scratch space while this one waits: it reads once there is something.
  for (;;) {
    const auto into = scratch(c, length);
    const auto n = self->stream->read(into);
    if (!n || *n != 0 || into.empty()) return read_bytes(c, into, n);
    if (const auto r = c.blocking().wait(*self->stream); !r) return c.fault(r.error());
  }
}

StreamResult<uint64_t> input_skip(P2Call& c, Borrow<Input> self, uint64_t length) {
  return c.told(self->stream->skip(length));
}

StreamResult<uint64_t> input_blocking_skip(P2Call& c, Borrow<Input> self, uint64_t length) {
  return c.told(blocking_skip(*self->stream, length, c.blocking()));
}

Own<Pollable> input_subscribe(P2Call& c, Borrow<Input> self) {
  return c.make<Pollable>(self.resource, self->stream);
}

StreamResult<uint64_t> output_check_write(P2Call& c, Borrow<Output> self) {
  auto n = self->stream->check_write();
  if (n && *n == 0) {
    c.state.scheduler.progress();
    n = self->stream->check_write();
  }
  return c.told(n);
}

StreamResult<void> output_write(P2Call& c, Borrow<Output> self, Bytes contents) {
  return c.told(self->stream->write(contents));
}

StreamResult<void> output_blocking_write_and_flush(P2Call& c, Borrow<Output> self, Bytes contents) {
  if (too_much(c, contents.size())) return {};
  return c.told(blocking_write_and_flush(*self->stream, contents, c.blocking()));
}

StreamResult<void> output_flush(P2Call& c, Borrow<Output> self) { return c.told(self->stream->flush()); }

StreamResult<void> output_blocking_flush(P2Call& c, Borrow<Output> self) {
  return c.told(blocking_flush(*self->stream, c.blocking()));
}

Own<Pollable> output_subscribe(P2Call& c, Borrow<Output> self) {
  return c.make<Pollable>(self.resource, self->stream);
}

StreamResult<void> output_write_zeroes(P2Call& c, Borrow<Output> self, uint64_t length) {
  return c.told(self->stream->write_zeroes(length));
}

StreamResult<void> output_blocking_write_zeroes_and_flush(P2Call& c, Borrow<Output> self, uint64_t length) {
  if (too_much(c, length)) return {};
  return c.told(blocking_write_zeroes_and_flush(*self->stream, length, c.blocking()));
}

StreamResult<uint64_t> output_splice(P2Call& c, Borrow<Output> self, Borrow<Input> from, uint64_t length) {
  return c.told(splice(*self->stream, *from->stream, length));
}

StreamResult<uint64_t> output_blocking_splice(P2Call& c, Borrow<Output> self, Borrow<Input> from,
                                              uint64_t length) {
  return c.told(blocking_splice(*self->stream, *from->stream, length, c.blocking()));
}

}  // namespace skiff::wasi::p2
