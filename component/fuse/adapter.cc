// Whole adapters: checks, flags, the call, and the module around them.
#include "component/fuse/adapter.h"

#include "component/fuse/transfer_code.h"
#include "component/types/flatten.h"
#include "engine/base/check.h"

namespace skiff::component::fuse {
namespace {

// What flat values are made of is written out without bound.
constexpr uint64_t kMaxFlatNodes = 1000;
constexpr size_t kMaxParams = 1000;
constexpr size_t kMaxEntered = 4;

CoreType letter(char c) { return c == 'l' ? CoreType::I64 : CoreType::I32; }

skiff::FuncType realloc_type() {
  return {{CoreType::I32, CoreType::I32, CoreType::I32, CoreType::I32}, {CoreType::I32}};
}

class AdapterCode {
 public:
  AdapterCode(const TypeTable& types, Imports& imports, const Adapter& adapter, uint32_t number, bool exceptions)
      : types_(types),
        imports_(imports),
        adapter_(adapter),
        exceptions_(exceptions),
        outer_(flatten_func(types, type(adapter.caller), AbiSide::Lower, {})),
        inner_(flatten_func(types, type(adapter.callee), AbiSide::Lift, {})),
        caller_(port(adapter.caller)),
        callee_(port(adapter.callee)),
        call_(imports.global({Source::Kind::Call, number})),
        previous_({Source::Kind::Previous, number}),
        code_(outer_.core.params) {}

  const skiff::FuncType& core_type() const { return outer_.core; }
  std::vector<uint8_t> write();

 private:
  const FuncType& type(const Side& side) const { return types_.get<FuncType>(side.type); }
  Port port(const Side& side) {
    Port p;
    p.side = &side;
    p.may_leave = imports_.global({Source::Kind::MayLeave, side.inst});
    if (side.memory) p.memory = imports_.memory(*side.memory, side.memory_type);
    if (side.realloc) p.realloc = imports_.func(*side.realloc, realloc_type());
    return p;
  }
  TransferCode transfer(bool back) {
    return TransferCode(types_, imports_, code_, back ? callee_ : caller_, back ? caller_ : callee_, back, call_);
  }

  void enter();
  void leave();
  void call_if_asked(Intrinsic what);
  std::vector<Local> params(TransferCode& transfer);
  Local params_in_memory(TransferCode& transfer);
  std::optional<Local> result(TransferCode& transfer, std::optional<Local> from);
  void set_flag(uint32_t global, bool value) {
    code_.i32(value);
    code_.global_set(global);
  }

  const TypeTable& types_;
  Imports& imports_;
  const Adapter& adapter_;
  const bool exceptions_;
  const FlatSignature outer_, inner_;
  const Port caller_, callee_;
  const uint32_t call_;
  const Source previous_;
  Code code_;
  Local before_ = 0;                          // what Current was
  Local lent_ = 0;                            // the host has lent a handle
};

void AdapterCode::enter() {
  TransferCode checks = transfer(false);
  code_.global_get(caller_.may_leave);
  code_.op(Op::I32Eqz);
  checks.trap_if(CmTrap::CannotLeave);
  for (const uint32_t inst : adapter_.entered) {
    code_.global_get(imports_.global({Source::Kind::MayEnter, inst}));
    code_.op(Op::I32Eqz);
    checks.trap_if(CmTrap::CannotEnter);
  }
  for (const uint32_t inst : adapter_.entered) set_flag(imports_.global({Source::Kind::MayEnter, inst}), false);
  if (adapter_.quiet) return;
  const uint32_t current = imports_.global({Source::Kind::Current, 0});
  before_ = code_.add_local(CoreType::I64);
  code_.global_get(current);
  code_.tee(before_);
  code_.global_set(imports_.global(previous_));
  code_.global_get(call_);
  code_.global_set(current);
}

void AdapterCode::leave() {
  if (!adapter_.quiet) {
    call_if_asked(Intrinsic::TaskExit);
    code_.get(before_);
    code_.global_set(imports_.global({Source::Kind::Current, 0}));
  }
  for (const uint32_t inst : adapter_.entered) set_flag(imports_.global({Source::Kind::MayEnter, inst}), true);
  if (!adapter_.lends) return;
  const bool sometimes = !adapter_.implemented.empty();
  if (sometimes) {
    code_.get(lent_);
    code_.open(Op::If);
  }
  code_.global_get(call_);
  code_.call(imports_.intrinsic(Intrinsic::ReleaseLends));
  if (sometimes) code_.close();
}

// Tasks exist only when something has asked for them.
void AdapterCode::call_if_asked(Intrinsic what) {
  code_.global_get(imports_.global({Source::Kind::Current, 0}));
  code_.global_get(call_);
  code_.op(Op::I64Ne);
  code_.open(Op::If);
  code_.global_get(call_);
  code_.call(imports_.intrinsic(what));
  code_.close();
}

Local AdapterCode::params_in_memory(TransferCode& transfer) {
  const auto& from = type(adapter_.caller).params;
  const auto& to = type(adapter_.callee).params;
  uint64_t size = 0;
  uint32_t align = 1;
  for (const Field& param : from) {
    const TypeFacts& facts = types_.facts(param.type);
    size = align_to(size, facts.align[0]) + facts.size[0];
    align = std::max(align, facts.align[0]);
  }
  size = align_to(size, align);
  const Local source = 0;
  transfer.check_range(caller_, source, size, align, CmTrap::PointerOutOfBounds);
  code_.i32(static_cast<uint32_t>(size));
  const Local bytes = code_.add_local(CoreType::I32);
  code_.set(bytes);
  const Local target = transfer.allocate(align, bytes);
  transfer.check_range(callee_, target, size, align, CmTrap::PointerOutOfBounds);
  uint64_t at = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const TypeFacts& facts = types_.facts(from[i].type);
    at = align_to(at, facts.align[0]);
    transfer.memory(source, target, at, from[i].type, to[i].type);
    at += facts.size[0];
  }
  return target;
}

// Locals with the callee's core arguments.
std::vector<Local> AdapterCode::params(TransferCode& transfer) {
  if (inner_.params_in_memory) return {params_in_memory(transfer)};
  std::vector<Local> from, to;
  for (size_t i = 0; i < inner_.core.params.size(); ++i) {
    from.push_back(static_cast<Local>(i));
    to.push_back(code_.add_local(inner_.core.params[i]));
  }
  Cursor in{&from, 0}, out{&to, 0};
  for (size_t i = 0; i < type(adapter_.caller).params.size(); ++i)
    transfer.flat(in, type(adapter_.caller).params[i].type, out, type(adapter_.callee).params[i].type);
  return to;
}

// A local with the core result for the caller, if there is one.
std::optional<Local> AdapterCode::result(TransferCode& transfer, std::optional<Local> from) {
  const OptType a = type(adapter_.callee).result, b = type(adapter_.caller).result;
  if (!a) return std::nullopt;
  if (!outer_.results_in_memory) {
    const std::vector<Local> source{*from}, target{code_.add_local(outer_.core.results[0])};
    Cursor in{&source, 0}, out{&target, 0};
    transfer.flat(in, *a, out, *b);
    return target[0];
  }
  const TypeFacts& facts = types_.facts(*a);
  const auto target = static_cast<Local>(outer_.core.params.size() - 1);
  transfer.check_range(callee_, *from, facts.size[0], facts.align[0], CmTrap::PointerOutOfBounds);
  transfer.check_range(caller_, target, facts.size[0], facts.align[0], CmTrap::PointerOutOfBounds);
  transfer.memory(*from, target, 0, *a, *b);
  return std::nullopt;
}

std::vector<uint8_t> AdapterCode::write() {
  const uint32_t func = imports_.func(adapter_.func, inner_.core);
  uint32_t thrown = 0;
  if (exceptions_) {
    thrown = code_.open(Op::Block);
    code_.open_catch_all(thrown);
  }
  enter();
  TransferCode there = transfer(false), back = transfer(true);
  if (!adapter_.implemented.empty()) {
    lent_ = code_.add_local(CoreType::I32);
    there.set_implemented(&adapter_.implemented, lent_);
  }
  for (const Local arg : params(there)) code_.get(arg);
  code_.call(func);
  std::optional<Local> core_result;
  if (!inner_.core.results.empty()) {
    core_result = code_.add_local(inner_.core.results[0]);
    code_.set(*core_result);
  }
  if (!adapter_.quiet) call_if_asked(Intrinsic::TaskReturn);
  const std::optional<Local> given = result(back, core_result);
  if (adapter_.post_return) {
    set_flag(callee_.may_leave, false);
    if (core_result) code_.get(*core_result);
    code_.call(imports_.func(*adapter_.post_return, {inner_.core.results, {}}));
    set_flag(callee_.may_leave, true);
  }
  leave();
  if (given) code_.get(*given);
  code_.op(Op::Return);
  if (exceptions_) {
    code_.close();
    code_.close();
    there.trap(CmTrap::UncaughtException);
  }
  return code_.body();
}

bool fits(const TypeTable& types, const Side& side) {
  const auto& type = types.get<FuncType>(side.type);
  if (type.async_ || type.params.size() > kMaxParams) return false;
  if (side.memory && (side.memory_type.shared || side.memory_type.address == AddressType::I64)) return false;
  uint64_t nodes = 0;
  for (const Field& param : type.params) nodes += types.facts(param.type).nodes;
  if (type.result) nodes += types.facts(*type.result).nodes;
  return nodes <= kMaxFlatNodes || flatten_func(types, type, AbiSide::Lift, {}).params_in_memory;
}

}  // namespace

uint32_t Imports::intrinsic(Intrinsic which) {
  return import({Source::Kind::Intrinsic, static_cast<uint32_t>(which)}, ExternKind::Func, [&] {
    skiff::FuncType core;
    const std::string_view signature = kIntrinsicSignatures[static_cast<size_t>(which)];
    const size_t colon = signature.find(':');
    for (const char c : signature.substr(0, colon)) core.params.push_back(letter(c));
    for (const char c : signature.substr(colon + 1)) core.results.push_back(letter(c));
    module_.functions.push_back({type(std::move(core)), {}});
    return module_.imported_funcs++;
  });
}

bool can_fuse(const TypeTable& types, const Adapter& adapter) {
  return adapter.entered.size() <= kMaxEntered && fits(types, adapter.caller) && fits(types, adapter.callee);
}

AdapterModule make_adapters(const TypeTable& types, std::span<const Adapter> adapters, bool exceptions) {
  skiff::Module module;
  Imports imports(module);
  struct Written {
    skiff::FuncType type;
    std::vector<uint8_t> body;
  };
  std::vector<Written> written;
  for (uint32_t i = 0; i < adapters.size(); ++i) {
    SKIFF_DCHECK(can_fuse(types, adapters[i]));
    AdapterCode code(types, imports, adapters[i], i, exceptions);
    std::vector<uint8_t> body = code.write();
    written.push_back({code.core_type(), std::move(body)});
  }
  std::deque<std::string> names;
  for (uint32_t i = 0; i < written.size(); ++i) {
    const auto index = static_cast<uint32_t>(module.functions.size());
    module.functions.push_back({imports.type(written[i].type), {written[i].body, 0}});
    module.exports.push_back({names.emplace_back(std::to_string(i)), ExternKind::Func, index});
    module.names.funcs.entries.emplace_back(index, names.emplace_back("adapter " + std::to_string(i)));
  }
  AdapterModule out;
  out.binary = encode_module(module);
  out.imports = imports.take();
  return out;
}

}  // namespace skiff::component::fuse
