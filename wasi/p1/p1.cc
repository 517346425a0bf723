// From slots to typed parameters and back: one thunk for each row of p1.def, made by a template whose
// agreement with the table is checked at compile time.
#include "wasi/p1/p1.h"

#include <type_traits>
#include <utility>

#include "wasi/p1/state.h"

namespace skiff::wasi {
namespace {

template <class T>
T take_arg(const Slot& slot) {
  if constexpr (sizeof(T) == 4) return slot.u32;
  else return slot.u64;
}

constexpr bool is_wide(char parameter) { return parameter == 'I'; }

template <class... Args>
consteval bool agrees(std::string_view parameters) {
  if (parameters.size() != sizeof...(Args)) return false;
  size_t i = 0;
  return ((is_wide(parameters[i++]) == (sizeof(Args) == 8)) && ... && true);
}

template <auto Fn>
struct Thunk;
template <class... Args, Io<void> (P1State::*Fn)(Guest&, Args...)>
struct Thunk<Fn> {
  static consteval bool matches(std::string_view parameters) { return agrees<Args...>(parameters); }

  template <Abi kAbi>
  static Outcome call(HostCall& call) {
    return run<kAbi>(call, std::index_sequence_for<Args...>());
  }

 private:
  template <Abi kAbi, size_t... I>
  static Outcome run(HostCall& call, std::index_sequence<I...>) {
    P1State& state = *static_cast<P1State*>(call.data);
    Guest guest(call.store, state.memory_of(call.caller), kAbi, state.scheduler());
    return guest.finish((state.*Fn)(guest, take_arg<Args>(call.values[I])...), call.values);
  }
};

FuncType func_type(std::string_view name, std::string_view parameters) {
  FuncType type;
  for (const char c : parameters) type.params.push_back(is_wide(c) ? ValType::I64 : ValType::I32);
  if (name != "proc_exit") type.results.push_back(ValType::I32);
  return type;
}

}  // namespace

void P1::define(Linker& linker, Ctx& ctx) {
  P1State& state = ctx.attach(std::make_unique<P1State>(ctx));
#define SKIFF_P1(NAME, PARAMETERS)                                                         \
  static_assert(Thunk<&P1State::NAME>::matches(PARAMETERS), #NAME " differs from p1.def"); \
  linker.define_func("wasi_snapshot_preview1", #NAME, func_type(#NAME, PARAMETERS),        \
                     &Thunk<&P1State::NAME>::call<Abi::Snapshot1>, &state);                \
  linker.define_func("wasi_unstable", #NAME, func_type(#NAME, PARAMETERS),                 \
                     &Thunk<&P1State::NAME>::call<Abi::Unstable>, &state);
#include "wasi/p1/p1.def"
#undef SKIFF_P1
}

P1State::P1State(Ctx& ctx) : ctx_(ctx), table_(ctx.limits.descriptors) {
  const auto add = [&](P1Descriptor d) { (void)table_.add(std::move(d)); };  // beyond the limit: not granted
  for (const StdHandle* handle : {&ctx.in, &ctx.out, &ctx.err})
    std::visit([&](const auto& h) { add({.what = h}); }, *handle);
  for (const Preopen& p : ctx.preopens) add({.what = p.dir, .is_preopen = true, .guest_path = p.guest_path});
  for (const auto& socket : ctx.sockets) add({.what = socket});
}

LinearMemory* P1State::memory_of(VmCtx* caller) {
  if (!caller) return nullptr;
  // Instances live as long as their store, so one that is known is never another one's successor.
  if (caller->instance != cached_instance_) {
    cached_instance_ = caller->instance;
    cached_memory_ = cached_instance_->find_memory("memory");
  }
  return cached_memory_;
}

}  // namespace skiff::wasi
