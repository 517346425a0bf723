// Host functions.
#include "component/exec/host.h"

#include "component/abi/strings.h"
#include "engine/base/utf8.h"

namespace skiff::component {

bool FlatCall::read_string(uint64_t ptr, uint64_t code_units, std::string_view& text, std::string& buffer) {
  const LinearMemory& memory = *cx_.options.memory;
  if (cx_.options.encoding == StringEncoding::Utf8 && !memory.type().shared && code_units <= kMaxByteLength) {
    const uint8_t* p = cx_.checked(ptr, code_units, 1, CmTrap::UnalignedPointer, CmTrap::StringOutOfBounds);
    if (!p) return false;
    text = {reinterpret_cast<const char*>(p), static_cast<size_t>(code_units)};
    if (is_utf8(text)) return true;
  }
  Val value;
  if (!load_string(cx_, ptr, code_units, value)) return false;
  buffer = value.string();
  text = buffer;
  return true;
}

bool FlatCall::write_string(std::string_view text, uint64_t& ptr, uint64_t& code_units) {
  if (text.size() > kMaxByteLength) return cx_.trap(CmTrap::StringTooLong);
  return store_string(cx_, {text, StringSource::Utf8, static_cast<uint32_t>(text.size())}, ptr, code_units);
}

bool FlatCall::lift_own(uint32_t index, const ResourceType& type, uint64_t& rep) {
  const Handle* handle = caller().resource_handle(index, &type);
  if (!handle) return false;
  if (handle->number != 0) return cx_.trap(CmTrap::HandleLent);
  if (handle->kind != Handle::Kind::Own) return cx_.trap(CmTrap::HandleNotOwned);
  rep = handle->rep;
  caller().handles.remove(index);
  return true;
}

bool FlatCall::lift_borrow(uint32_t index, const ResourceType& type, uint64_t& rep) {
  const Handle* handle = caller().resource_handle(index, &type);
  if (!handle) return false;
  rep = handle->rep;
  return true;
}

bool FlatCall::lower_own(ResourceType& type, uint64_t rep, uint32_t& index) {
  index = caller().add({.kind = Handle::Kind::Own, .type = &type, .rep = rep});
  return index != 0;
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
