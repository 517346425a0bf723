// TypedFunc: a function that the embedder calls with C++ values, its type checked once. Arguments and results are in
// the slots that the callee's entry reads, so nothing is boxed, and nothing is allocated.
//   uint32_t/int32_t: i32   uint64_t/int64_t: i64   float: f32   double: f64
// Thread: as the store.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstring>
#include <type_traits>

#include "engine/exec/store.h"

namespace skiff {

template <class T>
concept WasmNumber = std::same_as<T, int32_t> || std::same_as<T, uint32_t> || std::same_as<T, int64_t> ||
                     std::same_as<T, uint64_t> || std::same_as<T, float> || std::same_as<T, double>;

template <WasmNumber T>
constexpr ValType wasm_type() {
  if constexpr (std::same_as<T, float>) return ValType::F32;
  else if constexpr (std::same_as<T, double>) return ValType::F64;
  else return sizeof(T) == 4 ? ValType::I32 : ValType::I64;
}

template <class Signature>
class TypedFunc;

template <class R, WasmNumber... P>
  requires std::is_void_v<R> || WasmNumber<R>
class TypedFunc<R(P...)> {
 public:
  TypedFunc() = default;
  /// Errors: InvalidArgument: null, or of another type.
  static Result<TypedFunc> make(Store& store, FuncInst* func) {
    FuncType type{{wasm_type<P>()...}, {}};
    if constexpr (!std::is_void_v<R>) type.results.push_back(wasm_type<R>());
    if (!func || func->type_id != store.engine().types().add_func_type(type))
      return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, func ? "a function of another type" : "no function");
    return TypedFunc(store, func);
  }

  /// Spec: exec-invocation. Traps and exceptions of the callee.
  RunResult<R> operator()(P... params) const {
    Slot slots[std::max<size_t>(sizeof...(P), 1)];
    [[maybe_unused]] Slot* to = slots;
    (put(*to++, params), ...);
    store_->forget_pending();
    const Outcome outcome = store_->call_raw(func_, slots);
    if (outcome != Outcome::Ok) [[unlikely]] return std::unexpected(store_->failure_of(outcome));
    if constexpr (std::is_void_v<R>) return {};
    else return take(slots[0]);
  }

 private:
  TypedFunc(Store& store, FuncInst* func) : store_(&store), func_(func) {}
  template <class T>
  static void put(Slot& slot, T value) {
    slot.u64 = 0;
    std::memcpy(&slot, &value, sizeof value);
  }
  static auto take(const Slot& slot) {
    std::conditional_t<std::is_void_v<R>, char, R> value;
    std::memcpy(&value, &slot, sizeof value);
    return value;
  }
  Store* store_ = nullptr;
  FuncInst* func_ = nullptr;
};

}  // namespace skiff
