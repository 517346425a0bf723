// Canonical definitions (Spec: CanonicalABI.md, Canonical Definitions): which options and types each needs,
// and the core function type it has.
#include "component/valid/validator.h"
#include "engine/valid/valid.h"

namespace skiff::component {
namespace {

using Core = skiff::ValType;
using Opt = CanonOpt::Kind;

const Core kI32 = Core::I32;

std::string list(const std::vector<Core>& types) {
  std::string text = "`[";
  for (size_t i = 0; i < types.size(); ++i) {
    if (i) text += ", ";
    for (char c : to_string(types[i])) text += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return text + "]`";
}

constexpr Feature kFeatures[] = {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) Feature::FEATURE,
#include "component/types/canon.def"
};
constexpr std::string_view kTexts[] = {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) TEXT,
#include "component/types/canon.def"
};
size_t row_of(CanonKind kind) {
  constexpr CanonKind kKinds[] = {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) CanonKind::ID,
#include "component/types/canon.def"
  };
  size_t i = 0;
  while (i + 1 < std::size(kKinds) && kKinds[i] != kind) ++i;
  return i;
}

}  // namespace

Status Validator::canon(const CanonDef& d, Scope& s) {
  const size_t row = row_of(d.kind);
  SKIFF_TRY(need(kFeatures[row], kTexts[row]));
  if (d.kind == CanonKind::Lift) return lift(d, s);
  if (d.kind == CanonKind::Lower) return lower(d, s);
  const skiff::FuncType type = SKIFF_TRY(builtin(d, s));
  s.info->core_funcs.push_back(SKIFF_TRY(core_func_type(type, s)));
  return {};
}

Result<FuncType> Validator::lifted_type(uint32_t index, Scope& s, TypeId* id) {
  if (index >= s.info->type_space.size()) return out_of_bounds("type", index);
  const AnyType& t = s.info->type_space[index];
  if (t.kind != AnyType::Kind::Func)
    return bad("type index " + std::to_string(index) + " is not a function type");
  *id = t.id;
  return table_->get<FuncType>(t.id);
}

Status Validator::lift(const CanonDef& d, Scope& s) {
  const skiff::FuncType* callee = core_func(d.core_func, s);
  if (!callee) return out_of_bounds("function", d.core_func);
  TypeId id = kNoType;
  const FuncType type = SKIFF_TRY(lifted_type(d.type, s, &id));
  const CanonOptions o = SKIFF_TRY(options(d.options, s));
  if (o.async_) {
    if (!type.async_) return bad("the `async` canonical option requires an async function type");
    if (!o.callback) SKIFF_TRY(need(Feature::CmAsyncStackful, "requires `async` without `callback`: it"));
  }
  const AbiOptions abi{o.address, o.async_, o.callback.has_value()};
  const FlatSignature flat = flatten_func(*table_, type, AbiSide::Lift, abi);

  bool pointers = false;
  for (const Field& p : type.params) pointers |= table_->facts(p.type).has_pointer;
  const bool result_pointers = type.result && table_->facts(*type.result).has_pointer;
  const uint32_t results = flat_result_count(*table_, type, o.address);
  const bool many_results = results > (o.async_ ? kMaxFlatParams : kMaxFlatResults);
  const bool needs_realloc = pointers || flat.params_in_memory;
  if (!o.memory && (needs_realloc || result_pointers || many_results))
    return bad("canonical option `memory` is required");
  if (!o.realloc && needs_realloc) return bad("canonical option `realloc` is required");

  if (callee->params != flat.core.params) {
    return bad("lowered parameter types " + list(flat.core.params) + " do not match parameter types " +
               list(callee->params) + " of core function " + std::to_string(d.core_func));
  }
  if (callee->results != flat.core.results) {
    return bad("lowered result types " + list(flat.core.results) + " do not match result types " +
               list(callee->results) + " of core function " + std::to_string(d.core_func));
  }
  if (o.post_return) {
    const skiff::FuncType& post = *core_func(*o.post_return, s);
    if (post.params != flat.core.results || !post.results.empty())
      return bad("canonical option `post-return` uses a core function with an incorrect signature");
  }
  s.info->funcs.push_back(id);
  s.func_nodes.push_back(s.type_nodes[d.type]);
  return {};
}

Status Validator::lower(const CanonDef& d, Scope& s) {
  if (d.func >= s.info->funcs.size()) return out_of_bounds("function", d.func);
  const auto& type = table_->get<FuncType>(s.info->funcs[d.func]);
  SKIFF_TRY(only_options(d.options, {Opt::Memory, Opt::Realloc, Opt::Async}, "lowerings"));
  const CanonOptions o = SKIFF_TRY(options(d.options, s));
  if (o.async_ && !type.async_) return bad("the `async` canonical option requires an async function type");
  const FlatSignature flat = flatten_func(*table_, type, AbiSide::Lower, {o.address, o.async_, false});

  bool pointers = false;
  for (const Field& p : type.params) pointers |= table_->facts(p.type).has_pointer;
  const bool result_pointers = type.result && table_->facts(*type.result).has_pointer;
  const bool needs_memory =
      pointers || result_pointers || flat.params_in_memory || flat.results_in_memory;
  if (!o.memory && needs_memory) return bad("canonical option `memory` is required");
  if (!o.realloc && result_pointers) return bad("canonical option `realloc` is required");
  s.info->core_funcs.push_back(SKIFF_TRY(core_func_type(flat.core, s)));
  return {};
}

// -------------------------------------------------------------------------------------- built-ins

Result<skiff::FuncType> Validator::builtin(const CanonDef& d, Scope& s) {
  using Kind = CanonKind;
  switch (d.kind) {
    case Kind::Lift:
    case Kind::Lower: break;
    case Kind::ResourceNew:
    case Kind::ResourceDrop:
    case Kind::ResourceRep: return resource_builtin(d, s);
    case Kind::TaskReturn: return task_return(d, s);
    case Kind::ContextGet:
    case Kind::ContextSet: return context_builtin(d, s);
    case Kind::TaskCancel:
    case Kind::BackpressureInc:
    case Kind::BackpressureDec: return skiff::FuncType{};
    case Kind::SubtaskCancel:
      if (d.async_) SKIFF_TRY(need(Feature::CmMoreAsyncBuiltins, "subtask.cancel async"));
      return skiff::FuncType{{kI32}, {kI32}};
    case Kind::SubtaskDrop:
    case Kind::WaitableSetDrop:
    case Kind::ErrorContextDrop:
    case Kind::ThreadResumeLater: return skiff::FuncType{{kI32}, {}};
    case Kind::StreamNew:
    case Kind::StreamRead:
    case Kind::StreamWrite:
    case Kind::StreamCancelRead:
    case Kind::StreamCancelWrite:
    case Kind::StreamDropReadable:
    case Kind::StreamDropWritable:
    case Kind::FutureNew:
    case Kind::FutureRead:
    case Kind::FutureWrite:
    case Kind::FutureCancelRead:
    case Kind::FutureCancelWrite:
    case Kind::FutureDropReadable:
    case Kind::FutureDropWritable: return channel_builtin(d, s);
    case Kind::ErrorContextNew:
    case Kind::ErrorContextDebugMessage: return error_context_builtin(d, s);
    case Kind::WaitableSetNew:
    case Kind::ThreadYield:
    case Kind::ThreadIndex:
    case Kind::ThreadSuspend: return skiff::FuncType{{}, {kI32}};
    case Kind::WaitableSetWait:
    case Kind::WaitableSetPoll: {
      const AddressType address = SKIFF_TRY(abi_memory(d.memory, s));
      return skiff::FuncType{{kI32, skiff::value_type(address)}, {kI32}};
    }
    case Kind::WaitableJoin: return skiff::FuncType{{kI32, kI32}, {}};
    case Kind::ThreadSuspendThenResume:
    case Kind::ThreadYieldThenResume:
    case Kind::ThreadSuspendThenPromote:
    case Kind::ThreadYieldThenPromote: return skiff::FuncType{{kI32}, {kI32}};
    case Kind::ThreadNewIndirect:
    case Kind::ThreadSpawnRef:
    case Kind::ThreadSpawnIndirect:
    case Kind::ThreadAvailableParallelism: return thread_builtin(d, s);
  }
  return bad("not a built-in");
}

Result<skiff::FuncType> Validator::resource_builtin(const CanonDef& d, Scope& s) {
  const ResourceId r = SKIFF_TRY(resource_type(d.type, s, nullptr));
  if (d.kind == CanonKind::ResourceDrop) return skiff::FuncType{{kI32}, {}};
  const auto local = s.local.find(r);
  if (local == s.local.end())
    return bad("type index " + std::to_string(d.type) + " is not a local resource");
  const Core rep = local->second;
  if (d.kind == CanonKind::ResourceNew) return skiff::FuncType{{rep}, {kI32}};
  return skiff::FuncType{{kI32}, {rep}};
}

Result<skiff::FuncType> Validator::task_return(const CanonDef& d, Scope& s) {
  SKIFF_TRY(only_options(d.options, {Opt::Memory}, "task.return"));
  const CanonOptions o = SKIFF_TRY(options(d.options, s));
  FuncType type;
  if (d.result) {
    const TypedValue t = SKIFF_TRY(value_type(*d.result, s));
    if (table_->facts(t.type).has_borrow) return bad("function result cannot contain a `borrow` type");
    type.params.push_back({"result", t.type});
  }
  const FlatSignature flat = flatten_func(*table_, type, AbiSide::Lower, {o.address, false, false});
  const bool pointers = d.result && table_->facts(type.params[0].type).has_pointer;
  if (!o.memory && (pointers || flat.params_in_memory)) return bad("canonical option `memory` is required");
  return flat.core;
}

Result<skiff::FuncType> Validator::context_builtin(const CanonDef& d, Scope& s) {
  if (d.value_type == Core::I64)
    SKIFF_TRY(need(Feature::CmMemory64, "context of type i64"));
  else if (d.value_type != kI32)
    return bad("context.get and context.set need the type i32");
  if (s.context_type && *s.context_type != d.value_type)
    return bad("all context.get and context.set of a component must have the same type");
  s.context_type = d.value_type;
  if (d.number >= 2) return bad("immediate must be less than 2: " + std::to_string(d.number));
  if (d.kind == CanonKind::ContextGet) return skiff::FuncType{{}, {d.value_type}};
  return skiff::FuncType{{d.value_type}, {}};
}

// Streams and futures.
Result<skiff::FuncType> Validator::channel_builtin(const CanonDef& d, Scope& s) {
  using Kind = CanonKind;
  const bool stream = d.kind >= Kind::StreamNew && d.kind <= Kind::StreamDropWritable;
  if (d.type >= s.info->type_space.size()) return out_of_bounds("type", d.type);
  const AnyType& any = s.info->type_space[d.type];
  OptType element;
  bool right = false;
  if (any.kind == AnyType::Kind::Value) {
    if (const StreamType* t = table_->get_if<StreamType>(any.value); t && stream) right = true, element = t->element;
    if (const FutureType* t = table_->get_if<FutureType>(any.value); t && !stream) right = true, element = t->element;
  }
  if (!right)
    return bad("type index " + std::to_string(d.type) + " is not a " + (stream ? "stream" : "future") + " type");

  if (d.kind == Kind::StreamNew || d.kind == Kind::FutureNew) return skiff::FuncType{{}, {Core::I64}};
  if (d.kind == Kind::StreamDropReadable || d.kind == Kind::StreamDropWritable ||
      d.kind == Kind::FutureDropReadable || d.kind == Kind::FutureDropWritable)
    return skiff::FuncType{{kI32}, {}};
  const bool reads = d.kind == Kind::StreamRead || d.kind == Kind::FutureRead;
  const bool writes = d.kind == Kind::StreamWrite || d.kind == Kind::FutureWrite;
  if (!reads && !writes) {  // cancellation
    if (d.async_) SKIFF_TRY(need(Feature::CmMoreAsyncBuiltins, "async cancellation"));
    return skiff::FuncType{{kI32}, {kI32}};
  }
  SKIFF_TRY(only_options(d.options, {Opt::Memory, Opt::Realloc, Opt::Async}, "reads and writes"));
  const CanonOptions o = SKIFF_TRY(options(d.options, s));
  if (!o.async_) SKIFF_TRY(need(Feature::CmMoreAsyncBuiltins, "a read or write without `async`"));
  if (element && !o.memory) return bad("canonical option `memory` is required");
  if (element && reads && table_->facts(*element).has_pointer && !o.realloc)
    return bad("canonical option `realloc` is required");
  const Core address = skiff::value_type(o.address);
  if (stream) return skiff::FuncType{{kI32, address, address}, {address}};
  return skiff::FuncType{{kI32, address}, {kI32}};
}

Result<skiff::FuncType> Validator::error_context_builtin(const CanonDef& d, Scope& s) {
  SKIFF_TRY(only_options(d.options, {Opt::Memory, Opt::Realloc}, "error contexts"));
  const CanonOptions o = SKIFF_TRY(options(d.options, s));
  if (!o.memory) return bad("canonical option `memory` is required");
  const Core address = skiff::value_type(o.address);
  if (d.kind == CanonKind::ErrorContextNew) return skiff::FuncType{{address, address}, {kI32}};
  if (!o.realloc) return bad("canonical option `realloc` is required");
  return skiff::FuncType{{kI32, address}, {}};
}

Result<skiff::FuncType> Validator::thread_builtin(const CanonDef& d, Scope& s) {
  using Kind = CanonKind;
  // Core functions and tables that are shared between threads do not exist in the core engine.
  if (d.shared) return bad("shared functions are not available");
  if (d.kind == Kind::ThreadAvailableParallelism) return skiff::FuncType{{}, {kI32}};

  if (d.core_type >= s.canonical_ids.size()) return out_of_bounds("core type", d.core_type);
  const uint32_t id = s.canonical_ids[d.core_type];
  const bool is_func = id != kNoType && registry_.get(id).type.comp.kind == CompositeType::Kind::Func;
  const skiff::FuncType* start = is_func ? &registry_.func_type(id) : nullptr;
  if (!start || start->params.size() != 1 || !start->results.empty() ||
      (start->params[0] != kI32 && start->params[0] != Core::I64))
    return bad("start function must take a single `i32` argument and return nothing");
  const Core closure = start->params[0];
  if (closure == Core::I64) SKIFF_TRY(need(Feature::CmMemory64, "a start function that takes an i64"));
  if (d.kind == Kind::ThreadSpawnRef)
    return skiff::FuncType{{Core::ref(HeapType::concrete(id), true), closure}, {kI32}};

  if (d.core_table >= s.info->core_tables.size()) return out_of_bounds("table", d.core_table);
  const TableType& table = s.info->core_tables[d.core_table];
  if (!matches(registry_, table.elem, Core::FuncRef)) return bad("indirect threads need a table of `funcref`");
  if (table.address == AddressType::I64) SKIFF_TRY(need(Feature::CmMemory64, "a 64-bit table"));
  return skiff::FuncType{{skiff::value_type(table.address), closure}, {kI32}};
}

}  // namespace skiff::component
