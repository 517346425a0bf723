// Moving bytes.
#include "wasi/p3/byte_ends.h"

namespace skiff::wasi::p3 {

// ---- sources

void ByteSource::on_dropped() {
  stop();
  if (!in_) return;
  in_.reset();
  if (dropped_) dropped_();
  ending_.ok();
}

bool ByteSource::step() {
  component::Buffer* const to = offered();
  if (!to || !in_) return true;
  if (to->is_zero_length()) {
    // It asks whether there is something.
    if (is_ready(*in_)) complete();
    else watch(loop_, *in_);
    return true;
  }
  if (to->remain() == 0) return true;
  const auto n = in_->read({to->raw(), to->remain()});
  if (n && *n == 0) {
    watch(loop_, *in_);
    return true;
  }
  if (n) {
    to->skip(static_cast<uint32_t>(*n));
    copied();
    return true;
  }
  in_.reset();
  Ending ending = std::move(ending_);
  drop();  // with the stream this may go
  return n.error().kind == StreamFault::Kind::Closed ? ending.ok() : ending.fail(n.error());
}

// ---- sinks

bool ByteSink::start(const std::shared_ptr<ByteSink>& sink, const component::SharedObjectPtr& stream) {
  auto& shared = static_cast<component::SharedCopy&>(*stream);
  if (component::written_by_host(shared)) {
    // Nobody else holds on to it.
    sink->stream_ = stream.get();
    sink->room_.resize(kStreamChunk);
    sink->state_.working.insert(stream);
  }
  if (!component::read_as_host(shared, sink)) return false;
  return sink->ended_ || sink->step();
}

void ByteSink::on_dropped() {
  if (ended_) return;
  ended_ = true;
  // The guest's end takes the stream with it, and that this.
  if (!stream_) state_.working.insert(shared_from_this());
  if (!stepping_) step();
}

bool ByteSink::step() {
  if (!out_ || stepping_) return true;
  const std::shared_ptr<ByteSink> self = shared_from_this();
  stepping_ = true;
  const bool ok = stream_ ? pump() : ended_ ? drain() : take_offer();
  stepping_ = false;
  return ok;
}

// From the guest's buffer to the service.
bool ByteSink::take_offer() {
  while (component::Buffer* const from = offered()) {
    if (from->remain() == 0 && !from->is_zero_length()) return true;
    const auto permit = out_->check_write();
    if (!permit) return fail(permit.error());
    if (*permit == 0) {
      watch(state_.loop, *out_);
      return true;
    }
    if (from->is_zero_length()) {
      complete();
      continue;
    }
    const auto n = static_cast<uint32_t>(std::min<uint64_t>(*permit, from->remain()));
    if (const auto written = out_->write({from->raw(), n}); !written) return fail(written.error());
    from->skip(n);
    copied();
  }
  return !ended_ || drain();
}

// From the host's other end: through a buffer, since neither side has memory to offer.
bool ByteSink::pump() {
  for (;;) {
    while (!bytes_.empty()) {
      const auto permit = out_->check_write();
      if (!permit) return fail(permit.error());
      if (*permit == 0) {
        watch(state_.loop, *out_);
        return true;
      }
      const auto n = static_cast<size_t>(std::min<uint64_t>(*permit, bytes_.size()));
      if (const auto written = out_->write(bytes_.first(n)); !written) return fail(written.error());
      bytes_ = bytes_.subspan(n);
    }
    if (ended_) return drain();
    if (offering_) return true;
    buffer_.offer(room_);
    offering_ = true;
    if (!shared()->read(nullptr, buffer_, *this)) return false;
  }
}

void ByteSink::on_copy() {
  shared()->reset_pending();
  offering_ = false;
  bytes_ = std::span<const uint8_t>(room_).first(buffer_.progress);
  step();
}

void ByteSink::on_copy_done(component::CopyResult result) {
  offering_ = false;
  if (result == component::CopyResult::Dropped) ended_ = true;
  step();
}

// Everything was handed over; when the service has it, it is told.
bool ByteSink::drain() {
  const auto permit = out_->check_write();
  if (permit && *permit == 0) {
    watch(state_.loop, *out_);
    return true;
  }
  if (!permit && permit.error().kind == StreamFault::Kind::Failed) return fail(permit.error());
  out_.reset();
  if (finished_) finished_();
  release();
  return ending_.ok();
}

// Requires: step() keeps this.
void ByteSink::release() {
  if (stream_) std::erase_if(state_.working, [this](const auto& w) { return w.get() == stream_; });
  else state_.working.erase(shared_from_this());
}

bool ByteSink::fail(const StreamFault& fault) {
  stop();
  out_.reset();
  ended_ = true;
  drop();
  release();
  return ending_.fail(fault);
}

}  // namespace skiff::wasi::p3
