// Fused calls, and the intrinsics of their adapters.
#include "component/exec/fused.h"

#include "component/abi/bits.h"
#include "component/abi/strings.h"
#include "component/abi/transfer.h"
#include "component/exec/instance_context.h"
#include "component/exec/store.h"
#include "engine/base/check.h"
#include "engine/base/utf8.h"

namespace skiff::component {

FusedCall::FusedCall(ComponentInstance* caller, const CanonicalOptions& lowered, const LiftedFunc& callee)
    : caller(caller), lowered(lowered), callee(callee) {
  id_global.slots[0].u64 = id();
  previous.slots[0].u64 = 0;
}

Task& FusedCall::task() {
  if (task_) return *task_;
  ComponentStore& store = callee.inst().store;
  SKIFF_CHECK(store.current_fused() == id());
  store.current_fused() |= kHasTask;
  task_ = std::make_shared<Task>(callee, nullptr);
  task_->from_component = caller != nullptr;
  thread_.emplace(store, task_.get());
  const Wake entered = task_->enter_implicit_thread(*thread_);
  SKIFF_CHECK(entered == Wake::Normal);        // fewer threads than the table has room for
  task_->state = Task::State::Started;
  return *task_;
}

bool FusedCall::task_returns() {
  if (task_->num_borrows > 0) return callee.inst().store.trap(CmTrap::BorrowsRemain);
  task_->state = Task::State::Resolved;
  return true;
}

bool FusedCall::task_ends() {
  task_->state = Task::State::Resolved;        // it may have been made after there was a result
  const bool fine = task_->exit_implicit_thread();
  thread_.reset();
  task_.reset();
  return fine;
}

void FusedCall::abandon(uint64_t id) {
  while (id) {
    FusedCall& call = of(id);
    call.callee.inst().lock_down(call.caller);
    call.thread_.reset();
    call.task_.reset();
    call.lenders.clear();
    id = call.previous.slots[0].u64;
  }
}

// ---- intrinsics

namespace {

// Arguments of an intrinsic, in order.
class Args {
 public:
  explicit Args(HostCall& call) : store_(*static_cast<ComponentStore*>(call.data)), values_(call.values), at_(values_) {}
  ComponentStore& store() { return store_; }
  FusedCall& call() { return FusedCall::of((at_++)->u64); }
  uint32_t u32() { return (at_++)->u32; }
  ValType type() {
    const uint32_t bits = u32();
    return bits >> 31 ? ValType(static_cast<Primitive>(bits & 0xFF)) : ValType::of(bits);
  }
  Outcome result(uint64_t bits) {
    values_[0].u64 = bits;
    return Outcome::Ok;
  }

 private:
  ComponentStore& store_;
  Slot* values_;
  Slot* at_;
};

Outcome outcome(bool fine) { return fine ? Outcome::Ok : Outcome::Trap; }

// Both sides, the sender first.
struct Sides {
  Sides(FusedCall& call, bool back)
      : caller(*call.caller, call.lowered, call),
        callee(call.callee.inst(), call.callee.options(), call),
        from(back ? callee : caller),
        to(back ? caller : callee) {}
  InstanceContext caller, callee;
  InstanceContext& from;
  InstanceContext& to;
};

Outcome trap(HostCall& call) {
  Args args(call);
  return args.store().trapped(static_cast<CmTrap>(args.u32()));
}

// The quick way does not make contexts.
Outcome check_utf8(HostCall& host) {
  Args args(host);
  FusedCall& call = args.call();
  const bool back = args.u32();
  const uint32_t ptr = args.u32(), length = args.u32();
  const CanonicalOptions& from = back ? call.callee.options() : call.lowered;
  const uint8_t* bytes = from.lift.memory->inst()->base + ptr;
  if (is_utf8({bytes, length})) [[likely]] return Outcome::Ok;
  // Says what is wrong.
  Sides sides(call, back);
  Val value;
  return outcome(load_string(sides.from, ptr, length, value));
}

Outcome string(HostCall& host) {
  Args args(host);
  FusedCall& call = args.call();
  Sides sides(call, args.u32());
  const uint32_t ptr = args.u32(), units = args.u32();
  Val value;
  if (!load_string(sides.from, ptr, units, value)) return Outcome::Trap;
  uint64_t to_ptr = 0, to_units = 0;
  if (!store_string(sides.to, {value.string(), value.string_source(), value.code_units()}, to_ptr, to_units))
    return Outcome::Trap;
  return args.result(to_ptr | to_units << 32);
}

Outcome handle(HostCall& host) {
  Args args(host);
  FusedCall& call = args.call();
  Sides sides(call, args.u32());
  const ValType a = args.type(), b = args.type();
  Slot index{};
  index.u64 = args.u32();
  FlatReader reader(&index);
  Val value;
  if (!lift_flat(sides.from, reader, a, value)) return Outcome::Trap;
  FlatWriter writer(&index);
  if (!lower_flat(sides.to, value, b, writer)) return Outcome::Trap;
  return args.result(index.u32);
}

Outcome memory(HostCall& host) {
  Args args(host);
  FusedCall& call = args.call();
  Sides sides(call, args.u32());
  const ValType a = args.type(), b = args.type();
  const uint32_t source = args.u32(), target = args.u32();
  const uint8_t* p = sides.from.range(source, sides.from.types.facts(a).size[0]);
  uint8_t* q = sides.to.range(target, sides.to.types.facts(b).size[0]);
  SKIFF_CHECK(p && q);
  return outcome(transfer_memory(sides.from, p, a, sides.to, q, b));
}

Outcome nans(HostCall& host) {
  Args args(host);
  FusedCall& call = args.call();
  const bool back = args.u32();
  const uint32_t ptr = args.u32(), count = args.u32(), size = args.u32();
  const CanonicalOptions& to = back ? call.lowered : call.callee.options();
  canonicalize_nans(size == 4 ? Primitive::F32 : Primitive::F64,
                    to.lift.memory->bytes().subspan(ptr, size_t{count} * size));
  return Outcome::Ok;
}

Outcome realloc(HostCall& host) {
  Args args(host);
  FusedCall& call = args.call();
  Sides sides(call, args.u32());
  const uint32_t align = args.u32(), size = args.u32();
  uint64_t ptr = 0;
  return sides.to.allocate(align, size, ptr) ? args.result(ptr) : Outcome::Trap;
}

Outcome task_return(HostCall& host) { return outcome(Args(host).call().task_returns()); }
Outcome task_exit(HostCall& host) { return outcome(Args(host).call().task_ends()); }

Outcome release_lends(HostCall& host) {
  FusedCall& call = Args(host).call();
  for (const uint32_t index : call.lenders) --call.caller->handles.get(index)->number;
  call.lenders.clear();
  return Outcome::Ok;
}

}  // namespace

HostFn fuse_intrinsic(fuse::Intrinsic which) {
  switch (which) {
    case fuse::Intrinsic::Trap: return trap;
    case fuse::Intrinsic::CheckUtf8: return check_utf8;
    case fuse::Intrinsic::String: return string;
    case fuse::Intrinsic::Handle: return handle;
    case fuse::Intrinsic::Memory: return memory;
    case fuse::Intrinsic::Nans: return nans;
    case fuse::Intrinsic::Realloc: return realloc;
    case fuse::Intrinsic::TaskReturn: return task_return;
    case fuse::Intrinsic::TaskExit: return task_exit;
    case fuse::Intrinsic::ReleaseLends: return release_lends;
  }
  return nullptr;
}

}  // namespace skiff::component
