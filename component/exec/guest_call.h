// GuestCall: one call of a component's function by the host in core values, the counterpart of FlatCall: the host writes
// arguments into the guest's memory itself and reads the result there. No boxing, no allocation; what typed bindings are
// made of. For functions of sync type that are lifted without `async`.
//
//   GuestCall call(*func);
//   if (!call.begin()) return ...;                    // the trap is pending in the engine's store
//   Slot values[GuestCall::kSlots]; ...               // arguments, as the specification has them for `canon lift`
//   if (!call.invoke(values)) return ...;
//   ... values[0] ...                                 // the result, or a pointer to it
//   if (!call.end()) return ...;
//
// A call that is destroyed before end() counts as one that trapped: nobody enters the callee any more.
#pragma once

#include <array>
#include <bit>
#include <optional>
#include <type_traits>

#include "component/abi/bits.h"
#include "component/exec/fused.h"
#include "component/exec/instance_context.h"
#include "component/exec/store.h"

namespace skiff::component {

class GuestCall {
 public:
  static constexpr size_t kSlots = kMaxFlatParams + 1;

  /// True for functions that can be called so.
  static bool can_call(const Func& func) {
    return func.is_component() && !func.type().async_ && !static_cast<const LiftedFunc&>(func).options().async_;
  }
  /// Requires: can_call, `func` lives longer.
  explicit GuestCall(const Func& func)
      : func_(static_cast<const LiftedFunc&>(func)), inst_(func_.inst()), call_(func_.host_call()) {}
  ~GuestCall() {
    if (entered_) [[unlikely]] abandon();
  }
  GuestCall(const GuestCall&) = delete;

  /// Enters the callee. Functions that return false have recorded a trap.
  [[gnu::always_inline]] bool begin() {
    ComponentStore& store = inst_.store;
    store.core().forget_pending();
    if (!inst_.try_enter_from_host()) [[unlikely]] return store.trap(CmTrap::CannotEnter);
    outer_ = std::exchange(store.current_fused(), call_.id());
    store.begin_nested();
    return entered_ = true;
  }
  /// The callee's memory, realloc and handles, for codecs of values. Made when it is asked for.
  InstanceContext& context() {
    if (!context_) context_.emplace(inst_, func_.options(), call_);
    return *context_;
  }
  /// The core call. `values`: arguments in, result out; the array has kSlots.
  [[gnu::always_inline]] bool invoke(Slot* values) {
    ComponentStore& store = inst_.store;
    const Outcome outcome = store.core().call_raw(func_.core(), values);
    if (outcome != Outcome::Ok) [[unlikely]] return fail(outcome);
    // Narrower results were stored as such: reading all of them waits for that.
    if (func_.options().post_return) result_ = values[0];
    return store.current_fused() == call_.id() || call_.task_returns();
  }
  /// What remains when the result has been read: post-return, and leaving the callee.
  [[gnu::always_inline]] bool end() {
    ComponentStore& store = inst_.store;
    if (func_.options().post_return && !post_return()) return false;
    if (store.current_fused() != call_.id() && !call_.task_ends()) [[unlikely]] return false;
    store.current_fused() = outer_;
    store.end_nested();
    inst_.leave_to_host();
    entered_ = false;
    return true;
  }

 private:
  bool fail(Outcome outcome);
  bool post_return();
  void abandon();

  const LiftedFunc& func_;
  ComponentInstance& inst_;
  FusedCall& call_;
  uint64_t outer_ = 0;                         // the fused call that runs the host
  Slot result_{};
  bool entered_ = false;
  std::optional<InstanceContext> context_;
};

/// A function of numbers and bools to call from the host: TypedGuestFunc<uint32_t(uint32_t, uint32_t)>. As cheap as can be.
template <class Signature>
class TypedGuestFunc;
template <class R, class... Args>
class TypedGuestFunc<R(Args...)> {
 public:
  /// Nothing when the function's type is another one. Requires: `func` lives longer.
  static std::optional<TypedGuestFunc> make(const Func& func) {
    const FuncType& type = func.type();
    if (!GuestCall::can_call(func) || type.params.size() != sizeof...(Args) || type.result != result_type())
      return std::nullopt;
    const std::array<Primitive, sizeof...(Args)> params{primitive<Args>()...};
    for (size_t i = 0; i < params.size(); ++i)
      if (type.params[i].type != ValType(params[i])) return std::nullopt;
    return TypedGuestFunc(func);
  }
  /// Errors: traps.
  RunResult<R> operator()(Args... args) const {
    GuestCall call(*func_);
    Slot values[sizeof...(Args) + 1];
    size_t i = 0;
    ((values[i++].u64 = bits(args)), ...);
    if (!call.begin() || !call.invoke(values) || !call.end()) [[unlikely]]
      return std::unexpected(store().failure_of(Outcome::Trap));
    if constexpr (!std::is_void_v<R>) return value(values[0]);
    else return {};
  }

 private:
  explicit TypedGuestFunc(const Func& func) : func_(&func) {}
  Store& store() const { return static_cast<const LiftedFunc*>(func_)->inst().store.core(); }

  template <class T>
  static constexpr Primitive primitive() {
    if constexpr (std::is_same_v<T, bool>) return Primitive::Bool;
    else if constexpr (std::is_same_v<T, float>) return Primitive::F32;
    else if constexpr (std::is_same_v<T, double>) return Primitive::F64;
    else {
      static_assert(std::is_integral_v<T> && !std::is_same_v<T, char32_t>);
      constexpr Primitive kInts[4][2] = {{Primitive::U8, Primitive::S8},
                                         {Primitive::U16, Primitive::S16},
                                         {Primitive::U32, Primitive::S32},
                                         {Primitive::U64, Primitive::S64}};
      return kInts[sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3][std::is_signed_v<T>];
    }
  }
  static constexpr OptType result_type() {
    if constexpr (std::is_void_v<R>) return std::nullopt;
    else return ValType(primitive<R>());
  }
  // Flat numbers fill 32 bits.
  template <class T>
  static uint64_t bits(T value) {
    if constexpr (std::is_same_v<T, float>) return canonical_nan32(std::bit_cast<uint32_t>(value));
    else if constexpr (std::is_same_v<T, double>) return canonical_nan64(std::bit_cast<uint64_t>(value));
    else if constexpr (sizeof(T) < 8) return static_cast<uint32_t>(static_cast<int32_t>(value));
    else return static_cast<uint64_t>(value);
  }
  static R value(const Slot& slot) {
    if constexpr (std::is_same_v<R, bool>) return slot.u32 != 0;
    else if constexpr (std::is_same_v<R, float>) return std::bit_cast<float>(canonical_nan32(slot.u32));
    else if constexpr (std::is_same_v<R, double>) return std::bit_cast<double>(canonical_nan64(slot.u64));
    else if constexpr (sizeof(R) < 8) return static_cast<R>(slot.u32);
    else return static_cast<R>(slot.u64);
  }

  const Func* func_;
};

}  // namespace skiff::component
