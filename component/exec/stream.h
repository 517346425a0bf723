// Streams and futures (Spec: CanonicalABI.md, Buffer, Stream and Future State), and error contexts.
//
// A SharedCopy is what the two ends of a stream or future share: at most one side waits there with its buffer,
// and the other, when it comes, copies between both. Ends of guests are CopyEnds in their handle tables; hosts
// talk to the SharedCopy directly, as CopyClients with buffers of their own, or as HostEnds (host_stream.h), which work
// on the guest's.
#pragma once

#include <optional>

#include "component/exec/instance_context.h"
#include "component/exec/waitable.h"

namespace skiff::component {

enum class CopyResult : uint32_t { Completed = 0, Dropped = 1, Cancelled = 2 };

/// Memory that elements are read from or written to.
class Buffer {
 public:
  virtual ~Buffer() = default;
  uint32_t remain() const { return length - progress; }
  bool is_zero_length() const { return length == 0; }
  /// The next n elements as a list. Functions return false after a trap. Requires: n <= remain().
  virtual bool read(uint32_t n, Val& list) = 0;
  /// Requires: the list fits.
  virtual bool write(const Val& list) = 0;
  /// Where the next n elements lie, if they are numbers in memory, else null.
  virtual uint8_t* raw() { return nullptr; }
  /// The raw elements were copied.
  virtual void skip(uint32_t n) { progress += n; }

  /// Spec: Buffer.MAX_LENGTH
  static constexpr uint64_t kMaxLength = (uint64_t{1} << 28) - 1;
  uint32_t length = 0;
  uint32_t progress = 0;
};

/// Spec: BufferGuestImpl
class GuestBuffer final : public Buffer {
 public:
  GuestBuffer(ComponentInstance& inst, const CanonicalOptions& options, OptType element)
      : cx_(inst, options), element_(element) {}
  /// Checks what the guest gave.
  bool set(uint64_t ptr, uint64_t count);
  bool read(uint32_t n, Val& list) override;
  bool write(const Val& list) override;
  uint8_t* raw() override;
  void skip(uint32_t n) override;

 private:
  uint64_t element_size() const { return cx_.types.facts(*element_).size[cx_.options.wide]; }
  InstanceContext cx_;
  const OptType element_;
  uint8_t* at_ = nullptr;
};

/// Values of the host.
class HostBuffer final : public Buffer {
 public:
  /// To be read by the other side.
  explicit HostBuffer(std::vector<Val> values) : values_(std::move(values)) {
    length = static_cast<uint32_t>(values_.size());
  }
  /// To be written.
  explicit HostBuffer(uint32_t room) { length = room; }
  bool read(uint32_t n, Val& list) override;
  bool write(const Val& list) override;
  std::vector<Val>& values() { return values_; }

 private:
  std::vector<Val> values_;
};

class HostEnd;
class SharedCopy;
/// Spec: OnCopy, OnCopyDone
class CopyClient {
 public:
  virtual ~CopyClient() = default;
  /// Elements were copied; the buffer stays where it is until reset_pending() (streams only).
  virtual void on_copy() = 0;
  virtual void on_copy_done(CopyResult result) = 0;
};

/// Spec: SharedStreamImpl, SharedFutureImpl
class SharedCopy final : public SharedObject {
 public:
  /// `number`: elements are numbers, or there are none.
  SharedCopy(ComponentStore& store, bool stream, OptType element)
      : stream_(stream), element_(element), store_(store) {}
  ~SharedCopy() override;
  bool is_stream() const { return stream_; }
  bool dropped() const { return dropped_; }

  // One side offers its buffer. `inst` null: the host. False: trapped.
  bool read(const ComponentInstance* inst, Buffer& to, CopyClient& client);
  bool write(const ComponentInstance* inst, Buffer& from, CopyClient& client);
  /// The pending side gives up.
  void cancel() { notify_pending(CopyResult::Cancelled); }
  /// One end is gone.
  void drop();
  void reset_pending() { pending_ = {}; }
  /// The client is gone, without a word.
  void forget(const CopyClient& client) {
    if (pending_.client == &client) reset_pending();
  }

  // What HostEnds use.
  void attach_writer(std::shared_ptr<HostEnd> writer);
  void attach_reader(std::shared_ptr<HostEnd> reader);
  bool host_writes() const { return writer_ != nullptr; }
  /// The buffer that waits, null: none.
  Buffer* offered() const { return pending_.buffer; }
  void copied() { pending_.client->on_copy(); }
  void complete() { notify_pending(CopyResult::Completed); }

 private:
  static void detach(const std::shared_ptr<HostEnd>& end);
  bool none_or_number() const { return !element_ || (element_->is_primitive() && is_number(element_->primitive())); }
  bool read_stream(Buffer& to, CopyClient& client);
  bool write_stream(Buffer& from, CopyClient& client);
  void notify_pending(CopyResult result);
  bool check_other(const ComponentInstance* inst);
  bool copy(Buffer& to, Buffer& from, uint32_t n);

  struct Pending {
    const ComponentInstance* inst = nullptr;
    Buffer* buffer = nullptr;
    CopyClient* client = nullptr;
  };
  const bool stream_;
  const OptType element_;              // of the table of whoever made it
  ComponentStore& store_;
  bool dropped_ = false;
  Pending pending_;
  std::shared_ptr<HostEnd> writer_, reader_;   // the host's ends
};

/// A guest's end. Spec: CopyEnd
class CopyEnd final : public Waitable, private CopyClient {
 public:
  enum class State : uint8_t { Idle, Copying, CancellingCopy, Done };
  CopyEnd(Kind kind, std::shared_ptr<SharedCopy> shared, OptType element)
      : Waitable(kind), shared(std::move(shared)), element(element) {}
  /// At the end of a store hosts may still have the other end.
  ~CopyEnd() override { shared->forget(*this); }
  bool is_stream() const { return kind == Kind::ReadableStream || kind == Kind::WritableStream; }
  bool is_readable() const { return kind == Kind::ReadableStream || kind == Kind::ReadableFuture; }
  bool copying() const { return state == State::Copying || state == State::CancellingCopy; }

  /// Something was copied, and the other side could go on with the rest of the buffer.
  bool copies_on() const { return has_pending_event() && reclaim_ && buffer_->remain() > 0; }

  /// Offers a buffer under this handle index. False: trapped.
  bool start_copy(const ComponentInstance& inst, uint32_t index, std::unique_ptr<GuestBuffer> buffer);
  /// Spec: drop. False: trapped.
  bool drop(ComponentStore& store);
  /// Why a copy cannot start, or the end be lifted.
  CmTrap why_not_copy() const;
  CmTrap why_not_lift() const;

  const std::shared_ptr<SharedCopy> shared;
  const OptType element;               // as the instance sees it
  State state = State::Idle;

 private:
  Event make_event() override;
  void on_copy() override;
  void on_copy_done(CopyResult result) override;

  uint32_t index_ = 0;
  std::unique_ptr<GuestBuffer> buffer_;
  CopyResult result_ = CopyResult::Completed;
  bool reclaim_ = false;               // taking the event takes the buffer back
  bool dropped_by_reader_ = false;
};

struct ErrorContext final : SharedObject {
  std::string message;
};
class ErrorContextHandle final : public HandleObject {
 public:
  static constexpr Kind kKind = Kind::ErrorContext;
  explicit ErrorContextHandle(std::shared_ptr<ErrorContext> object)
      : HandleObject(kKind), object(std::move(object)) {}
  const std::shared_ptr<ErrorContext> object;
};

/// True if two types of an instance are the same at run time: resources are compared by what they stand for.
bool same_type(const ComponentInstance& inst, OptType a, OptType b);

/// Spec: lift_async_value. `type`: the stream or future type.
bool lift_readable_end(ComponentInstance& inst, bool stream, uint32_t index, ValType type,
                       SharedObjectPtr& value);
std::shared_ptr<HandleObject> make_readable_end(ComponentInstance& inst, bool stream,
                                                const SharedObjectPtr& value, ValType type);

}  // namespace skiff::component
