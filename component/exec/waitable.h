// Waitables and waitable sets (Spec: CanonicalABI.md, Waitable State), and subtasks: the caller's side of a
// call of a lowered function.
#pragma once

#include <vector>

#include "component/abi/handles.h"
#include "component/exec/func.h"
#include "component/exec/task.h"

namespace skiff::component {

class LoweredFunc;
class WaitableSet;

enum class EventCode : uint32_t {
  None = 0, Subtask = 1, StreamRead = 2, StreamWrite = 3, FutureRead = 4, FutureWrite = 5, TaskCancelled = 6
};
struct Event {
  EventCode code = EventCode::None;
  uint32_t index = 0;
  uint32_t payload = 0;
};

class Waitable : public HandleObject {
 public:
  explicit Waitable(Kind kind) : HandleObject(kind) {}
  ~Waitable() override { join(nullptr); }
  static bool is_waitable(const HandleObject& object) {
    return object.kind != Kind::WaitableSet && object.kind != Kind::ErrorContext;
  }

  bool has_pending_event() const { return pending_; }
  void set_pending_event() { pending_ = true; }
  /// What happened, and what that does. Requires: has_pending_event.
  Event take_event() {
    pending_ = false;
    return make_event();
  }
  bool in_waitable_set() const { return set_ != nullptr; }
  bool has_sync_waiter() const { return sync_waiter_; }
  /// Blocks the current thread. Requires: in no set.
  Wake wait_for_pending_event(Thread& thread) {
    return wait_synchronously(thread, [this] { return pending_; });
  }
  /// Null: none.
  void join(WaitableSet* set);

 protected:
  template <class F>
  Wake wait_synchronously(Thread& thread, F&& ready) {
    sync_waiter_ = true;
    const Wake wake = thread.wait_until(ready, false);
    sync_waiter_ = false;
    return wake;
  }

 private:
  friend class WaitableSet;
  virtual Event make_event() = 0;
  bool pending_ = false;
  bool sync_waiter_ = false;
  WaitableSet* set_ = nullptr;
};

class WaitableSet final : public HandleObject {
 public:
  static constexpr Kind kKind = Kind::WaitableSet;
  WaitableSet() : HandleObject(kKind) {}
  ~WaitableSet() override;

  bool has_pending_event() const;
  /// Requires: has_pending_event. Of several, that of the waitable that joined first.
  Event take_event();
  /// Wake::Trap: no event.
  template <class F>
  Wake wait_for_event_and(Thread& thread, F&& ready, bool cancellable, Event& event) {
    ++num_waiting_;
    const Wake wake = thread.wait_until([&] { return ready() && has_pending_event(); }, cancellable);
    if (wake == Wake::Cancelled) event = {EventCode::TaskCancelled, 0, 0};
    if (wake == Wake::Normal) event = take_event();
    --num_waiting_;
    return wake;
  }
  Event poll(Thread& thread, bool cancellable);
  size_t size() const { return elems_.size(); }
  uint32_t num_waiting() const { return num_waiting_; }

 private:
  friend class Waitable;
  std::vector<Waitable*> elems_;
  uint32_t num_waiting_ = 0;
};

class Subtask final : public Waitable, public CallSide {
 public:
  static constexpr Kind kKind = Kind::Subtask;
  enum class State : uint8_t {
    Starting = 0, Started = 1, Returned = 2, CancelledBeforeStarted = 3, CancelledBeforeReturned = 4
  };
  /// `values`: flat arguments, which are copied. A sync call gets its flat results there.
  Subtask(const LoweredFunc& func, const Slot* values);

  bool resolved() const { return state >= State::Returned; }
  bool resolve_delivered() const { return delivered_; }
  void deliver_resolve();
  /// Like wait_for_pending_event, but its having started does not end the wait.
  Wake wait_until_resolved(Thread& thread) {
    return wait_synchronously(thread, [this] { return resolved(); });
  }
  void add_lender(uint32_t handle) { lenders_.push_back(handle); }
  std::vector<uint32_t>& lenders() { return lenders_; }
  /// From now on progress is an event of this index.
  void notify_as(uint32_t index) { index_ = index; }

  bool on_start(std::vector<Val>& args) override;
  bool on_resolve(Val* result) override;
  bool on_cancelled() override;
  bool is_flat(const ComponentInstance& callee) const override;
  bool start_flat(LiftLowerContext& to, const FuncType& type, FlatWriter& out) override;
  bool resolve_flat(LiftLowerContext& from, const FuncType& type, uint32_t max_flat, FlatReader& in) override;

  // Of flat host functions.
  const Slot* flat_args() const { return flat_args_; }
  void start_host_call(CalleePtr call) {
    state = State::Started;
    callee = std::move(call);
  }
  void finish_host_call(Slot result) {
    progress();
    callee.reset();
    flat_results[0] = result;
    state = State::Returned;
  }

  State state = State::Starting;
  bool cancellation_requested = false;
  CalleePtr callee;
  Slot flat_results[kMaxFlatResults] = {};

 private:
  Event make_event() override;
  uint64_t out_address() const;
  void progress() {
    if (index_) set_pending_event();
  }

  const LoweredFunc& func_;
  Slot flat_args_[kMaxFlatParams + 1];
  std::vector<uint32_t> lenders_;
  bool delivered_ = false;
  uint32_t index_ = 0;
};

}  // namespace skiff::component
