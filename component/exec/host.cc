// Host functions.
#include "component/exec/host.h"

#include <algorithm>

#include "component/abi/shape.h"
#include "component/abi/strings.h"
#include "component/exec/stream.h"
#include "engine/base/check.h"
#include "engine/base/utf8.h"

namespace skiff::component {

namespace {

// The first stream or future in a type. The types of host functions are small; the bound is for those that are not.
OptType find_shared_type(const TypeTable& types, OptType type, bool stream, int depth) {
  constexpr int kMaxDepth = 8;
  if (!type || type->is_primitive() || depth == kMaxDepth) return std::nullopt;
  const Shape s(types, *type);
  switch (s.kind()) {
    case Shape::Kind::Stream: return stream ? type : std::nullopt;
    case Shape::Kind::Future: return stream ? std::nullopt : type;
    case Shape::Kind::Record:
      for (size_t i = 0; i < s.size(); ++i)
        if (const OptType found = find_shared_type(types, s.field(i), stream, depth + 1)) return found;
      return std::nullopt;
    case Shape::Kind::Variant:
      for (size_t i = 0; i < s.size(); ++i)
        if (const OptType found = find_shared_type(types, s.case_type(i), stream, depth + 1)) return found;
      return std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace

bool FlatCall::read_string(uint64_t ptr, uint64_t code_units, std::string_view& text, std::string& buffer) {
  const LinearMemory& memory = *context().options.memory;
  if (context().options.encoding == StringEncoding::Utf8 && !memory.type().shared && code_units <= kMaxByteLength) {
    const uint8_t* p = context().checked(ptr, code_units, 1, CmTrap::UnalignedPointer, CmTrap::StringOutOfBounds);
    if (!p) return false;
    text = {reinterpret_cast<const char*>(p), static_cast<size_t>(code_units)};
    if (is_utf8(text)) return true;
  }
  Val value;
  if (!load_string(context(), ptr, code_units, value)) return false;
  buffer = value.string();
  text = buffer;
  return true;
}

bool FlatCall::write_string(std::string_view text, uint64_t& ptr, uint64_t& code_units) {
  if (text.size() > kMaxByteLength) return context().trap(CmTrap::StringTooLong);
  return store_string(context(), {text, StringSource::Utf8, static_cast<uint32_t>(text.size())}, ptr, code_units);
}

bool FlatCall::lift_own(uint32_t index, const ResourceType& type, uint64_t& rep) {
  const Handle* handle = caller().resource_handle(index, &type);
  if (!handle) return false;
  if (handle->number != 0) return context().trap(CmTrap::HandleLent);
  if (handle->kind != Handle::Kind::Own) return context().trap(CmTrap::HandleNotOwned);
  rep = handle->rep;
  caller().handles.remove(index);
  return true;
}

bool FlatCall::lift_borrow(uint32_t index, const ResourceType& type, uint64_t& rep) {
  const Handle* handle = caller().resource_handle(index, &type);
  if (!handle) return false;
  rep = handle->rep;
  if (func_.type().async_) lent_.push_back(index);
  return true;
}

bool FlatCall::lower_own(ResourceType& type, uint64_t rep, uint32_t& index) {
  index = caller().add({.kind = Handle::Kind::Own, .type = &type, .rep = rep});
  return index != 0;
}

OptType FlatCall::find_shared(bool stream, bool in_result) const {
  const FuncType& type = func_.type();
  if (in_result) return find_shared_type(*caller().types, type.result, stream, 0);
  for (const auto& param : type.params)
    if (const OptType found = find_shared_type(*caller().types, param.type, stream, 0)) return found;
  return std::nullopt;
}

bool FlatCall::lift_readable(bool stream, uint32_t index, SharedObjectPtr& object) {
  const OptType type = find_shared(stream, false);
  SKIFF_CHECK(type);
  return lift_readable_end(caller(), stream, index, *type, object);
}

bool FlatCall::lower_readable(bool stream, const SharedObjectPtr& object, uint32_t& index) {
  const OptType type = find_shared(stream, true);
  SKIFF_CHECK(type);
  index = caller().add({.kind = Handle::Kind::Object, .object = make_readable_end(caller(), stream, object, *type)});
  return index != 0;
}

OptType FlatCall::result_element(bool stream) const {
  const OptType type = find_shared(stream, true);
  SKIFF_CHECK(type);
  return Shape(*caller().types, *type).payload();
}

Outcome FlatCall::run_async(Outcome (*fn)(FlatCall&)) {
  const bool async = func_.options().async_;
  Thread* const thread = store().current_thread();
  SKIFF_CHECK(thread);
  if (!async && !thread->may_block()) return store().trapped(CmTrap::CannotBlock);
  const Outcome outcome = fn(*this);
  if (outcome != Outcome::Ok) return outcome;
  if (!pending_) {
    if (async) set_result(static_cast<uint32_t>(Subtask::State::Returned));
    return Outcome::Ok;
  }
  const auto subtask = std::make_shared<Subtask>(func_, values_);
  subtask->start_host_call(pending_);
  pending_->subtask_ = subtask;
  pending_->func_ = &func_;
  pending_->data_ = data_;
  for (const uint32_t handle : lent_) {
    ++caller().handles.get(handle)->number;
    subtask->add_lender(handle);
  }
  pending_.reset();
  if (async) {
    const uint32_t index = caller().add({.kind = Handle::Kind::Object, .object = subtask});
    if (!index) return Outcome::Trap;
    subtask->notify_as(index);
    set_result(static_cast<uint32_t>(subtask->state) | uint64_t{index} << 4);
    return Outcome::Ok;
  }
  if (subtask->wait_until_resolved(*thread) == Wake::Trap) return Outcome::Trap;
  subtask->deliver_resolve();
  values_[0] = subtask->flat_results[0];
  return Outcome::Ok;
}

bool PendingCall::resolve_with(bool (*lower)(void*, FlatCall&), void* f) {
  const std::shared_ptr<Subtask> subtask = subtask_.lock();
  subtask_.reset();
  if (!subtask || func_->inst().locked_down) return true;
  const std::shared_ptr<PendingCall> self = shared_from_this();
  Slot values[kMaxFlatParams + 1];
  std::copy_n(subtask->flat_args(), std::size(values), values);
  FlatCall call(*func_, values, data_);
  if (!lower(f, call)) {
    func_->inst().lock_down(nullptr);
    return false;
  }
  subtask->finish_host_call(values[0]);
  return true;
}

void PendingCall::cancelled() {
  const std::shared_ptr<Subtask> subtask = subtask_.lock();
  subtask_.reset();
  if (!subtask) return;
  const std::shared_ptr<PendingCall> self = shared_from_this();
  subtask->on_cancelled();
}

bool HostCompletion::resolve(std::optional<Val> result) {
  if (!side_) return true;
  const CallSidePtr side = std::move(side_);
  return side->on_resolve(result ? &*result : nullptr);
}

bool HostCompletion::cancelled() {
  if (!side_) return true;
  const CallSidePtr side = std::move(side_);
  return side->on_cancelled();
}

HostFunc::HostFunc(HostFuncType type, ValueHostFn fn)
    : Func(type.types, type.type), host_type_(std::move(type)), value_(std::move(fn)) {}
HostFunc::HostFunc(HostFuncType type, AsyncHostFn fn)
    : Func(type.types, type.type), host_type_(std::move(type)), async_(std::move(fn)) {}
HostFunc::HostFunc(HostFuncType type, FlatHostFn fn, void* data)
    : Func(type.types, type.type), host_type_(std::move(type)), flat_(fn), data_(data) {}

const ResourceType* HostFunc::resource(ResourceId id) const {
  const auto found = host_type_.resources.find(id);
  return found == host_type_.resources.end() ? nullptr : found->second;
}

namespace {

// An asynchronous host function that runs: what its caller can cancel.
class HostCallee final : public Callee {
 public:
  std::function<void()> on_cancel;
  Outcome request_cancellation(ComponentInstance*) override {
    if (on_cancel) on_cancel();
    return Outcome::Ok;
  }
};

}  // namespace

Outcome HostFunc::call(ComponentStore& store, CallSidePtr side, ComponentInstance*, CalleePtr* callee) const {
  // Flat ones need a guest's memory: components call them without coming here.
  if (flat_) return store.core().trap(TrapCode::HostError, "this function of the host can only be called by components");
  std::vector<Val> args;
  if (!side->on_start(args)) return Outcome::Trap;
  if (async_) {
    auto completion = std::make_shared<HostCompletion>(std::move(side));
    auto running = std::make_shared<HostCallee>();
    const Outcome outcome = async_(store, std::move(args), completion, running->on_cancel);
    if (outcome == Outcome::Ok && !completion->resolved() && callee) *callee = std::move(running);
    return outcome;
  }
  Val result;
  const Outcome outcome = value_(store, args, result);
  if (outcome != Outcome::Ok) return outcome;
  if (type().result) {
    std::string where;
    if (!conforms(*types(), *type().result, result, where)) return store.trapped(CmTrap::WrongValue, where);
  }
  return side->on_resolve(type().result ? &result : nullptr) ? Outcome::Ok : Outcome::Trap;
}

}  // namespace skiff::component
