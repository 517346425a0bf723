// Ends of streams and futures that the host has. A HostEnd belongs to the SharedCopy that it is an end of and is told
// what the other side does: it offers memory to be filled (the host writes) or to be read (the host reads). The host
// works on that memory itself, when it likes: nothing is copied in between, nothing is buffered here, and a side that
// has offered nothing has asked for nothing, which is the back-pressure.
//
// HostFutureWriter and HostFutureReader are the ends of futures, over values. When both ends are the host's, the reading
// one offers a buffer of its own, as a guest would.
// Spec: CanonicalABI.md, Stream State, Future State.   Thread: as the store, one at a time.
#pragma once

#include <memory>
#include <optional>

#include "component/exec/stream.h"

namespace skiff::component {

class HostEnd {
 public:
  HostEnd() = default;
  HostEnd(const HostEnd&) = delete;
  virtual ~HostEnd() = default;

  /// The other side offers a buffer, which offered() gives until it is used up or taken back. False: trapped.
  virtual bool on_offer() = 0;
  /// The other side is gone; so may this be when the function returns.
  virtual void on_dropped() {}

 protected:
  /// The stream or future; null when it is gone.
  SharedCopy* shared() const { return shared_; }
  /// What the other side offers now; null: nothing.
  Buffer* offered() const { return shared_ ? shared_->offered() : nullptr; }
  /// Elements were copied to or from the offered buffer. The other side may go on, or leave the rest to be used.
  void copied() {
    if (shared_) shared_->copied();
  }
  /// The other side goes on, whatever was copied: how an empty buffer is told that there is something.
  void complete() {
    if (shared_) shared_->complete();
  }
  /// This end goes: the other side sees the end of the stream.
  void drop() {
    if (shared_) shared_->drop();
  }

 private:
  friend class SharedCopy;
  SharedCopy* shared_ = nullptr;
};

/// What the host makes the readable end of: a stream (or future) that `writer` fills.
SharedObjectPtr make_host_written(ComponentStore& store, bool stream, OptType element, std::shared_ptr<HostEnd> writer);
/// The host reads a stream or future that was lifted. Calls on_offer() or on_dropped() when the other side has already
/// offered something, or is gone. False: trapped.
bool read_as_host(SharedCopy& shared, std::shared_ptr<HostEnd> reader);
/// The other side is the host, too: it works only on buffers that this one offers.
bool written_by_host(const SharedCopy& shared);

/// Gives one value, when the other side wants it.
class HostFutureWriter final : public HostEnd {
 public:
  /// Once. False: trapped (in the reader's realloc).
  bool set(Val value);
  bool is_set() const { return value_.has_value() || given_; }
  bool on_offer() override { return !value_ || give(); }
  void on_dropped() override {
    value_.reset();
    const auto gone = std::exchange(on_gone, nullptr);
    if (gone && !given_) gone();
  }
  /// Nobody wants the value any more.
  std::function<void()> on_gone;

 private:
  bool give();
  std::optional<Val> value_;
  bool given_ = false;
};

/// Calls `done` when the value is there; with nothing if it will never be. `done` calls no guest.
class HostFutureReader final : public HostEnd, private CopyClient {
 public:
  using Done = std::function<void(std::optional<Val> value)>;
  explicit HostFutureReader(Done done) : done_(std::move(done)) {}
  /// Offers the place for the value. Requires: read_as_host. False: trapped.
  bool start();
  bool on_offer() override { return true; }

 private:
  void on_copy() override {}
  void on_copy_done(CopyResult result) override;
  Done done_;
  HostBuffer buffer_{1};
};
/// Both in one. `future` is a lifted one.
bool await_future(const SharedObjectPtr& future, HostFutureReader::Done done);

/// Bytes of the host, offered to a stream that the host writes too.
class ByteBuffer final : public Buffer {
 public:
  /// Room for `size` bytes, offered as a whole.
  void offer(std::span<uint8_t> room) {
    room_ = room;
    length = static_cast<uint32_t>(room.size());
    progress = 0;
  }
  bool read(uint32_t n, Val& list) override;
  bool write(const Val& list) override;
  uint8_t* raw() override { return room_.data() + progress; }

 private:
  std::span<uint8_t> room_;
};

}  // namespace skiff::component
