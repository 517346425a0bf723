// stream<u8> between guests and services: ByteSource fills what a guest reads from an InputStream, ByteSink gives what a
// guest writes to an OutputStream, both straight between guest memory and the service. Nothing is read before the guest
// asks, nothing taken from it before the service has room. Ending: how it is told what became of it, usually by a
// future<result<_, error-code>>.
// Thread: as the store.
#pragma once

#include "component/exec/host_stream.h"
#include "wasi/common/state.h"

namespace skiff::wasi::p3 {

/// How faults become values of error-code; of a stream that was closed by the other side too.
using TellError = component::Val (*)(const StreamFault& fault);

/// Calls a function once, with the fault or null.
class Ending {
 public:
  /// False: trapped.
  using Tell = std::function<bool(const StreamFault* fault)>;
  explicit Ending(Tell tell) : tell_(std::move(tell)) {}
  /// Through a future<result<_, error-code>>.
  Ending(std::shared_ptr<component::HostFutureWriter> future, TellError tell)
      : tell_([future = std::move(future), tell](const StreamFault* fault) {
          return future->set(fault ? component::Val::of_case(1, tell(*fault)) : component::Val::of_case(0));
        }) {}
  bool ok() { return end(nullptr); }
  bool fail(const StreamFault& fault) { return end(&fault); }

 private:
  bool end(const StreamFault* fault) {
    const Tell tell = std::exchange(tell_, nullptr);
    return !tell || tell(fault);
  }
  Tell tell_;
};

class ByteSource final : public component::HostEnd, private HostLoop::Watcher {
 public:
  /// `dropped`, if given: the guest does not want the rest.
  ByteSource(HostLoop& loop, std::shared_ptr<InputStream> in, Ending ending, std::function<void()> dropped = {})
      : loop_(loop), in_(std::move(in)), ending_(std::move(ending)), dropped_(std::move(dropped)) {}
  ~ByteSource() override { stop(); }

  bool on_offer() override { return step(); }
  void on_dropped() override;

 private:
  bool ready() override { return step(); }
  bool step();

  HostLoop& loop_;
  std::shared_ptr<InputStream> in_;      // null: the end was told
  Ending ending_;
  std::function<void()> dropped_;
};

class ByteSink final : public component::HostEnd,
                       public std::enable_shared_from_this<ByteSink>,
                       private component::CopyClient,
                       private HostLoop::Watcher {
 public:
  /// `finished`, if given: everything was written.
  ByteSink(WasiState& state, std::shared_ptr<OutputStream> out, Ending ending, std::function<void()> finished = {})
      : state_(state), out_(std::move(out)), ending_(std::move(ending)), finished_(std::move(finished)) {}
  ~ByteSink() override { stop(); }
  /// Starts. False: trapped.
  static bool start(const std::shared_ptr<ByteSink>& sink, const component::SharedObjectPtr& stream);

  bool on_offer() override { return step(); }
  void on_dropped() override;

 private:
  bool ready() override { return step(); }
  bool step();
  bool take_offer();
  bool pump();
  bool drain();
  bool fail(const StreamFault& fault);
  void release();
  void on_copy() override;
  void on_copy_done(component::CopyResult result) override;

  WasiState& state_;
  std::shared_ptr<OutputStream> out_;    // null: the end was told
  Ending ending_;
  std::function<void()> finished_;
  bool ended_ = false;                   // nothing comes any more
  // When the host writes the stream, too; it is among state_.working then, and this is its.
  const void* stream_ = nullptr;
  std::vector<uint8_t> room_;
  component::ByteBuffer buffer_;
  std::span<const uint8_t> bytes_;       // of room_, to be written
  bool offering_ = false;                // buffer_ is with the stream
  bool stepping_ = false;
};

}  // namespace skiff::wasi::p3
