// Functions of async type: they return R when it is there at once, or Async<R>, which may come later, from an Operation
// that waits for an event. The caller goes on meanwhile; when it asks for cancellation, the operation is dropped.
// Thread: as the store.
#pragma once

#include <concepts>

#include "wasi/common/state.h"

namespace skiff::wasi {

/// What a call waits for. Destroyed when the call is resolved, or cancelled, or its caller gone.
template <class R>
class Operation {
 public:
  virtual ~Operation() = default;
  /// The result, if it is there.
  virtual std::optional<R> attempt() = 0;
  /// May be ready when an attempt is worth while. May be another one after each attempt.
  virtual Event& event() = 0;
};

/// No result at all: Async<Unit>.
template <class R>
class Async {
 public:
  template <std::convertible_to<R> T>
  Async(T&& now) : now_(std::forward<T>(now)) {}
  explicit Async(std::unique_ptr<Operation<R>> later) : later_(std::move(later)) {}

  const std::optional<R>& now() const { return now_; }
  std::unique_ptr<Operation<R>> take_later() { return std::move(later_); }

 private:
  std::optional<R> now_;
  std::unique_ptr<Operation<R>> later_;
};

/// Attempts now, and when `event` seems ready: attempt() -> std::optional<R>.
template <class R, class F>
Async<R> attempt_until_done(std::shared_ptr<Event> event, F attempt) {
  class Attempts final : public Operation<R> {
   public:
    Attempts(std::shared_ptr<Event> event, F attempt) : event_(std::move(event)), attempt_(std::move(attempt)) {}
    std::optional<R> attempt() override { return attempt_(); }
    Event& event() override { return *event_; }

   private:
    std::shared_ptr<Event> event_;
    F attempt_;
  };
  if (std::optional<R> now = attempt()) return *std::move(now);
  return Async<R>(std::make_unique<Attempts>(std::move(event), std::move(attempt)));
}

/// A call that waits for its operation.
template <class R>
class OperationCall final : public component::PendingCall, private HostLoop::Watcher {
 public:
  OperationCall(HostLoop& loop, std::unique_ptr<Operation<R>> operation)
      : loop_(loop), operation_(std::move(operation)) {
    watch(loop_, operation_->event());
  }
  ~OperationCall() override { stop(); }

 private:
  bool ready() override {
    std::optional<R> result = operation_->attempt();
    if (!result) {
      watch(loop_, operation_->event());
      return true;
    }
    return resolve([&](component::FlatCall& call) {
      return typed::give_result(call, typed::result_address<R>(call), *result);
    });
  }
  void cancel() override {
    stop();
    operation_.reset();
    cancelled();
  }

  HostLoop& loop_;
  std::unique_ptr<Operation<R>> operation_;
};

namespace typed {
template <class R>
struct ResultType<Async<R>> {
  using Type = R;
};
}  // namespace typed

/// As typed_function, of functions that return R or Async<R>.
template <auto F>
component::FlatHostFn typed_async_function() {
  using S = typed::Signature<decltype(F)>;
  using Result = typename S::Result;
  using R = typename typed::ResultType<Result>::Type;
  if constexpr (std::is_same_v<R, Result>) {
    return typed_function<F>();
  } else {
    return [](component::FlatCall& flat) -> Outcome {
      typename S::Params params;
      const uint64_t out = typed::result_address<R>(flat);
      if (!typed::lift_params(flat, params)) return Outcome::Trap;
      typename S::CallType call(flat);
      Result result = std::apply([&](auto&... args) { return F(call, args...); }, params);
      if (call.outcome != Outcome::Ok) return call.outcome;
      if (result.now()) return typed::give_result(flat, out, *result.now()) ? Outcome::Ok : Outcome::Trap;
      flat.pend(std::make_shared<OperationCall<R>>(call.state.loop, result.take_later()));
      return Outcome::Ok;
    };
  }
}

}  // namespace skiff::wasi
