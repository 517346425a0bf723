// Host functions of components, of three kinds:
//  - over values: gets lifted arguments, gives a value;
//  - asynchronous, over values: gives its value later, through a HostCompletion;
//  - flat: gets the core values of the canonical ABI and reads and writes the guest's memory itself, through a
//    FlatCall that checks everything. No boxing; what typed bindings are made of.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "component/exec/canon.h"
#include "component/exec/func.h"
#include "component/exec/instance_context.h"
#include "component/exec/store.h"

namespace skiff::component {

/// One call of a flat host function. Member functions that return bool or a pointer have recorded a trap when
/// they return false or null; then return Outcome::Trap.
class PendingCall;

class FlatCall {
 public:
  FlatCall(const LoweredFunc& func, Slot* values, void* data)
      : func_(func), values_(values), data_(data) {}

  ComponentStore& store() const { return func_.inst().store; }
  ComponentInstance& caller() const { return func_.inst(); }
  /// For codecs of values: the caller's memory, realloc and handles. Made when it is asked for.
  InstanceContext& context() {
    if (!cx_) cx_.emplace(func_.inst(), func_.options());
    return *cx_;
  }
  /// As given with the function.
  void* data() const { return data_; }

  /// Flat parameters as the specification has them for `canon lower`: at most max_flat_params(), else one pointer to
  /// all; then, when the result takes more than max_flat_results() core values, the pointer where it goes.
  const Slot* args() const { return values_; }
  uint32_t max_flat_params() const { return func_.max_flat_params(); }
  uint32_t max_flat_results() const { return func_.max_flat_results(); }
  uint64_t out_address() const {
    const Slot out = values_[func_.out_param_slot()];
    return wide() ? out.u64 : out.u32;
  }
  /// The result, when it is one core value. Overwrites args()[0]: read arguments first.
  void set_result(uint64_t bits) { values_[0].u64 = bits; }

  /// Guest memory [ptr, ptr + size).   Traps: unaligned, out of bounds
  uint8_t* memory(uint64_t ptr, uint64_t size, uint32_t align = 1) {
    return context().checked(ptr, size, align, CmTrap::UnalignedPointer, CmTrap::PointerOutOfBounds);
  }
  /// The guest's realloc; `size` bytes at the result are in memory and aligned.
  bool realloc(uint32_t align, uint64_t size, uint64_t& ptr) {
    return context().allocate(align, size, ptr) &&
           context().checked(ptr, size, align, CmTrap::ReallocUnaligned, CmTrap::ReallocOutOfBounds);
  }
  StringEncoding encoding() const { return func_.options().lift.encoding; }
  bool wide() const { return func_.options().lift.wide; }
  /// A string in the caller's encoding, as UTF-8; a view into guest memory where it is UTF-8 there, valid until the
  /// guest runs, else into `buffer`.
  bool read_string(uint64_t ptr, uint64_t code_units, std::string_view& text, std::string& buffer);
  /// Writes one. Requires: UTF-8.
  bool write_string(std::string_view text, uint64_t& ptr, uint64_t& code_units);

  // Handles of resources of the host in the caller's table.
  bool lift_own(uint32_t index, const ResourceType& type, uint64_t& rep);
  /// The handle stays the caller's. It counts as lent only while this call runs, in which nothing can drop it
  /// unless the host calls the guest.
  bool lift_borrow(uint32_t index, const ResourceType& type, uint64_t& rep);
  bool lower_own(ResourceType& type, uint64_t rep, uint32_t& index);
  // Streams and futures, of the type that the function has in its parameters or result (it has one at most).
  bool lift_readable(bool stream, uint32_t index, SharedObjectPtr& object);
  bool lower_readable(bool stream, const SharedObjectPtr& object, uint32_t& index);
  /// Its element type, as the caller's instance has it.
  OptType result_element(bool stream) const;

  /// The call goes on when the function returns; `call` gives the result. Borrowed handles stay lent till then.
  /// Requires: a function of async type; once.
  void pend(std::shared_ptr<PendingCall> call) { pending_ = std::move(call); }
  /// Calls a function of async type.
  Outcome run_async(Outcome (*fn)(FlatCall&));

  Outcome trap(std::string text) { return store().core().trap(TrapCode::HostError, std::move(text)); }
  /// Ends the guest without its being a fault.
  Outcome exit(int32_t status) { return store().core().exit(status); }

 private:
  friend class PendingCall;
  OptType find_shared(bool stream, bool in_result) const;
  void set_values(Slot* values) { values_ = values; }

  const LoweredFunc& func_;
  Slot* values_;
  void* data_;
  std::optional<InstanceContext> cx_;
  std::vector<uint32_t> lent_;            // handles; functions of async type only
  std::shared_ptr<PendingCall> pending_;
};
using FlatHostFn = Outcome (*)(FlatCall& call);

/// A call of a flat host function of async type that has not resolved yet. Owned by the caller's subtask: it goes when
/// that does, and with it what it waits for.
class PendingCall : public Callee, public std::enable_shared_from_this<PendingCall> {
 public:
  Outcome request_cancellation(ComponentInstance*) final {
    cancel();
    return Outcome::Ok;
  }

 protected:
  /// Gives the result: lower(FlatCall&) writes it as a function that returns at once does. Nothing when the caller is
  /// gone. False: trapped; nobody enters the caller any more. This may be gone afterwards.
  template <class F>
  bool resolve(F&& lower) {
    return resolve_with([](void* f, FlatCall& call) { return (*static_cast<std::remove_reference_t<F>*>(f))(call); },
                        &lower);
  }
  /// The caller asks for cancellation. By default it is granted; else resolve() later, as if nothing had been asked.
  virtual void cancel() { cancelled(); }
  void cancelled();

 private:
  friend class FlatCall;
  bool resolve_with(bool (*lower)(void*, FlatCall&), void* f);
  std::weak_ptr<Subtask> subtask_;
  const LoweredFunc* func_ = nullptr;
  void* data_ = nullptr;
};

/// Over values. `result` is set when the function has one.
using ValueHostFn =
    std::function<Outcome(ComponentStore& store, std::span<const Val> args, Val& result)>;

/// What an asynchronous host function gives its result to. May be kept; resolving it twice does nothing.
/// Thread: the store's; whoever works on another thread passes the result to ComponentStore::wait_for_host.
class HostCompletion {
 public:
  explicit HostCompletion(CallSidePtr side) : side_(std::move(side)) {}
  bool resolved() const { return side_ == nullptr; }
  /// False: the caller trapped over it.
  bool resolve(std::optional<Val> result);
  /// Answers a request for cancellation.
  bool cancelled();

 private:
  CallSidePtr side_;
};
using HostCompletionPtr = std::shared_ptr<HostCompletion>;
/// Starts the operation; it may resolve at once. `on_cancel` may be set to what a request for cancellation does; it must
/// not own the completion (a weak_ptr is fine).
using AsyncHostFn = std::function<Outcome(ComponentStore& store, std::vector<Val> args, HostCompletionPtr completion,
                                          std::function<void()>& on_cancel)>;

/// Type of a host function. `resources`: what the ids in it stand for.
struct HostFuncType {
  TypeTablePtr types;
  TypeId type = kNoType;
  std::unordered_map<ResourceId, ResourceType*> resources;
};

class HostFunc final : public Func {
 public:
  HostFunc(HostFuncType type, ValueHostFn fn);
  HostFunc(HostFuncType type, AsyncHostFn fn);
  HostFunc(HostFuncType type, FlatHostFn fn, void* data);

  Outcome call(ComponentStore& store, CallSidePtr side, ComponentInstance* caller,
               CalleePtr* callee) const override;
  const ResourceType* resource(ResourceId id) const override;
  FlatHostFn flat_host() const override { return flat_; }
  void* flat_data() const override { return data_; }

 private:
  HostFuncType host_type_;
  ValueHostFn value_;
  AsyncHostFn async_;
  FlatHostFn flat_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace skiff::component
