// Running generated modules: imports, calls with fixed arguments, and the report.
#include "fuzz/run.h"

#include <algorithm>
#include <cstdio>

#include "engine/base/check.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"
#include "engine/exec/table.h"
#include "engine/gc/object.h"
#include "engine/gc/type_info.h"
#include "engine/syntax/subtyping.h"
#include "fuzz/gen.h"

namespace skiff::fuzz {
namespace {

constexpr uint64_t kMemoryLimit = uint64_t{4} << 20;
constexpr uint64_t kTableLimit = 10'000;
constexpr uint64_t kHeapLimit = uint64_t{64} << 20;
constexpr size_t kTableLines = 64;

std::string hex(uint64_t v) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v));
  return text;
}

// ---------------------------------------------------------------------------------------------- descriptions

class Describer {
 public:
  explicit Describer(const TypeRegistry& registry) : registry_(registry) {}

  std::string slot(const Slot* s, ValType type) const {
    switch (type.kind()) {
      case ValType::Kind::I32: return "i32:" + hex(s->u32);
      case ValType::Kind::I64: return "i64:" + hex(s->u64);
      case ValType::Kind::F32: return "f32:" + hex(s->u32);
      case ValType::Kind::F64: return "f64:" + hex(s->u64);
      case ValType::Kind::V128: return "v128:" + hex(s[0].u64) + ":" + hex(s[1].u64);
      default: return reference(s->ref, type, 2);
    }
  }
  std::string reference(Ref ref, ValType type, int depth) const {
    if (ref == kNullRef) return "null";
    if (top_of(registry_, type.heap()) == HeapType::Func) {
      const auto* func = reinterpret_cast<const FuncInst*>(ref);
      return func->index == kNoIndex ? "host function" : "func " + std::to_string(func->index);
    }
    if (is_i31(ref)) return "i31:" + hex(i31_get_u(ref));
    return object(gc::to_object(ref), depth);
  }

 private:
  // Fields down to some depth: objects may be cyclic.
  std::string object(gc::Object* object, int depth) const {
    const gc::TypeInfo& type = *object->type;
    switch (type.kind) {
      case gc::Kind::Exception: return "exception";
      case gc::Kind::Host: return "host object";
      case gc::Kind::Struct: {
        std::string text = "struct";
        for (uint32_t i = 0; depth > 0 && i < type.field_count; ++i)
          text += " " + field(gc::to_ref(object), type.fields[i].storage, i, false, depth);
        return "(" + text + ")";
      }
      case gc::Kind::Array: {
        const uint32_t length = static_cast<gc::ArrayObject*>(object)->length;
        std::string text = "array " + std::to_string(length);
        for (uint32_t i = 0; depth > 0 && i < std::min(length, 8u); ++i)
          text += " " + field(gc::to_ref(object), type.fields[0].storage, i, true, depth);
        return "(" + text + ")";
      }
    }
    return {};
  }
  std::string field(Ref object, ValType storage, uint32_t i, bool array, int depth) const {
    Slot out[2] = {};
    const int sign = storage.is_packed() ? 2 : 0;
    const TrapCode code = array ? libcall::array_get(object, i, sign, out)
                                : libcall::struct_get(object, i, sign, out);
    SKIFF_CHECK(code == TrapCode::None);
    const ValType type = storage.unpacked();
    return type.is_ref() ? reference(out[0].ref, type, depth - 1) : slot(out, type);
  }

  const TypeRegistry& registry_;
};

// -------------------------------------------------------------------------------------------------- imports

uint64_t mix(uint64_t v) {
  v = (v ^ (v >> 32)) * 0x9E3779B97F4A7C15;
  return v ^ (v >> 29);
}

// A number of type t in slots, made from bits; references are null. Never a NaN, whose bits could differ.
void fill(Slot* s, ValType t, uint64_t bits) {
  s->u64 = 0;
  switch (t.kind()) {
    case ValType::Kind::I32: s->u32 = static_cast<uint32_t>(bits); break;
    case ValType::Kind::I64: s->u64 = bits; break;
    case ValType::Kind::F32: s->f32 = static_cast<float>(static_cast<int32_t>(bits)); break;
    case ValType::Kind::F64: s->f64 = static_cast<double>(static_cast<int64_t>(bits)); break;
    case ValType::Kind::V128: s[0].u64 = bits, s[1].u64 = mix(bits); break;
    default: break;
  }
}

// Every imported function: its results are a mixture of its arguments.
Outcome host_function(HostCall& call) {
  const auto* type = static_cast<const FuncType*>(call.data);
  uint64_t state = 1;
  const Slot* in = call.values;
  for (ValType t : type->params) {
    if (!t.is_ref()) state = mix(state ^ (t.size() == 4 ? in->u32 : in->u64));
    else state = mix(state ^ (in->ref == kNullRef));
    in += t.slots();
  }
  Slot* out = call.values;
  for (ValType t : type->results) {
    if (!t.is_defaultable()) return call.store.trap(TrapCode::HostError);
    fill(out, t, state = mix(state + 1));
    out += t.slots();
  }
  return Outcome::Ok;
}

// ---------------------------------------------------------------------------------------------------- running

class Runner {
 public:
  Runner(ByteSpan binary, const Configuration& configuration)
      : engine_({Features::all(), configuration.tunables}, configuration.tier->make(configuration.options)),
        describe_(engine_.types()) {
    run(binary);
  }
  Report take() { return std::move(report_); }

 private:
  void run(ByteSpan binary) {
    Result<ModulePtr> module = compile_module(engine_, {binary, nullptr});
    if (!module) return refuse(module.error());
    Result<std::unique_ptr<Store>> store =
        Store::create(engine_, {.memory_bytes = kMemoryLimit, .table_elements = kTableLimit});
    if (!store) return refuse(store.error());
    store_ = std::move(*store);
    std::vector<Extern> imports;
    if (!make_imports((*module)->info(), imports)) return;
    RunResult<Instance*> instance = store_->instantiate(*module, imports);
    if (!instance) return instantiation_failed(instance.error());
    instance_ = *instance;
    call_all();
    observe();
  }

  void line(std::string text) { report_.lines.push_back(std::move(text)); }

  // Generated modules are valid and can be linked: anything else is a bug.
  void refuse(const Error& error) {
    if (error.phase() == Phase::Resource) report_.refused = error.message();
    else line("error: " + error.message());
  }
  void instantiation_failed(const Failure& failure) {
    if (failure.kind == Failure::Kind::Error) refuse(failure.error);
    else line("instantiation: " + ended(failure));
  }

  bool make_imports(const ModuleInfo& info, std::vector<Extern>& imports) {
    for (const Import& import : info.module.imports) {
      Extern value;
      value.kind = import.kind;
      switch (import.kind) {
        case ExternKind::Func: {
          const uint32_t type = info.func_types[import.index];
          auto* func_type = const_cast<FuncType*>(&engine_.types().func_type(type));
          value.func = store_->new_host_func(type, host_function, func_type);
          break;
        }
        case ExternKind::Memory: {
          const MemoryType& type = info.module.memories[import.index].type;
          Result<std::shared_ptr<LinearMemory>> memory = store_->new_memory(type);
          if (!memory) return refuse(memory.error()), false;
          value.memory = *memory;
          break;
        }
        case ExternKind::Global: {
          value.global_type = info.globals[import.index];
          Slot slots[2];
          fill(slots, value.global_type.type, mix(import.index + 7));
          value.global = store_->new_global(value.global_type, skiff::take(slots, value.global_type.type));
          break;
        }
        case ExternKind::Table:
        case ExternKind::Tag: report_.refused = "imports tables or tags"; return false;
      }
      imports.push_back(std::move(value));
    }
    return true;
  }

  std::string ended(const Failure& failure) {
    if (failure.kind == Failure::Kind::Exception) return "exception " + exception(failure.exception);
    if (failure.kind == Failure::Kind::Error) return "error " + failure.message();
    ++report_.traps;
    std::string text = "trap " + std::string(text_of(failure.trap.code));
    if (!failure.trap.frames.empty()) {
      const TrapFrame& frame = failure.trap.frames[0];
      text += " at func " + std::to_string(frame.func) + " " + hex(frame.offset);
    }
    return text;
  }
  std::string exception(Ref exn) {
    const TagInst* tag = libcall::exception_tag(exn);
    const std::vector<ValType>& types = engine_.types().func_type(tag->type_id).params;
    std::vector<Slot> slots(2 * types.size() + 1);
    libcall::exception_payload(exn, slots.data());
    return values(slots.data(), types);
  }
  std::string values(const Slot* s, const std::vector<ValType>& types) {
    std::string text;
    for (ValType t : types) {
      text += (text.empty() ? "" : ", ") + describe_.slot(s, t);
      s += t.slots();
    }
    return "(" + text + ")";
  }

  void call_all() {
    const Module& m = instance_->info().module;
    GlobalInst* fuel = nullptr;
    for (uint32_t i = 0; i < m.exports.size(); ++i)
      if (m.exports[i].name == "fuel") fuel = instance_->export_at(i).global;
    for (uint32_t round = 0; round < 2; ++round) {
      for (uint32_t i = 0; i < m.exports.size(); ++i) {
        if (m.exports[i].kind != ExternKind::Func) continue;
        if (fuel) fuel->slots[0].i32 = kFuel;
        call(instance_->export_at(i).func, m.exports[i].name, round);
      }
    }
  }

  void call(FuncInst* func, std::string_view name, uint32_t round) {
    const FuncType& type = store_->type_of(func);
    std::vector<Slot> slots(2 * std::max(type.params.size(), type.results.size()) + 1);
    Slot* at = slots.data();
    uint64_t bits = 0;
    for (ValType t : type.params) {
      if (!t.is_defaultable()) return;
      fill(at, t, bits);
      at += t.slots();
      if (round != 0) bits = mix(bits + 1);
    }
    ++report_.calls;
    const RunResult<void> result = store_->call_slots(func, slots.data());
    std::string text = std::string(name) + ": ";
    line(text + (result ? values(slots.data(), type.results) : ended(result.error())));
  }

  // What is left behind.
  void observe() {
    const ModuleInfo& info = instance_->info();
    VmCtx& ctx = instance_->ctx();
    for (size_t g = 0; g < info.globals.size(); ++g)
      line("g" + std::to_string(g) + ": " + describe_.slot(ctx.globals[g]->slots, info.globals[g].type));
    for (size_t t = 0; t < info.tables.size(); ++t) {
      const TableInst& table = *ctx.tables[t];
      line("t" + std::to_string(t) + ": " + std::to_string(table.length) + " elements");
      for (size_t i = 0; i < std::min<size_t>(table.length, kTableLines); ++i)
        line("t" + std::to_string(t) + "[" + std::to_string(i) + "]: " +
             describe_.reference(table.elems[i], info.tables[t].elem, 1));
    }
    for (size_t i = 0; i < info.module.memories.size(); ++i) {
      const std::span<uint8_t> bytes = instance_->memory(static_cast<uint32_t>(i))->bytes();
      line("m" + std::to_string(i) + ": " + std::to_string(bytes.size()) + " bytes");
      report_.memories.emplace_back(bytes.begin(), bytes.end());
    }
  }

  Engine engine_;
  Describer describe_;
  Report report_;
  std::unique_ptr<Store> store_;
  Instance* instance_ = nullptr;
};

}  // namespace

// -------------------------------------------------------------------------------------------------- interface

Result<Configuration> parse_configuration(std::string_view text) {
  Configuration made;
  made.name = text;
  const size_t plus = text.find('+');
  made.tier = SKIFF_TRY(find_tier(text.substr(0, plus)));
  made.tunables.stack_size = uint64_t{1} << 20;
  made.tunables.memory_reservation = uint64_t{64} << 20;
  made.tunables.gc_heap_limit = kHeapLimit;
  made.tunables.validation_threads = 1;
  for (size_t at = plus; at != std::string_view::npos;) {
    const size_t next = text.find('+', at + 1);
    const std::string_view option = text.substr(0, next).substr(at + 1);
    if (option == "checked") made.tunables.guard_pages = false;
    else if (option == "gcstress") made.tunables.gc_stress = true;
    else if (option.starts_with("switch")) made.options.switch_after = option == "switch" ? 1 : option.back() - '0';
    else return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, "unknown variant " + std::string(option));
    at = next;
  }
  return made;
}

std::vector<std::pair<Configuration, Configuration>> default_pairs() {
  std::vector<std::pair<Configuration, Configuration>> pairs;
  const auto add = [&](const std::string& a, const std::string& b) {
    pairs.emplace_back(std::move(parse_configuration(a).value()), std::move(parse_configuration(b).value()));
  };
  add("interp", "interp+checked");
  add("interp", "interp+gcstress");
  for (const TierFactory& tier : tier_factories()) {
    if (tier.name == "interp" || tier.name == "auto") continue;
    const std::string name(tier.name);
    // The smallest module that has code tells whether the tier works here.
    const std::vector<uint8_t> probe = generate_binary({}, {});
    if (!run(probe, parse_configuration(name).value()).refused.empty()) continue;
    add("interp", name);
    add("interp", name + "+checked");
    add("interp", name + "+gcstress");
    add("interp", "auto+switch2");
  }
  return pairs;
}

Report run(ByteSpan binary, const Configuration& configuration) { return Runner(binary, configuration).take(); }

std::string difference(const Report& a, const Report& b) {
  if (!a.refused.empty() || !b.refused.empty()) return {};
  for (size_t i = 0; i < std::max(a.lines.size(), b.lines.size()); ++i) {
    const std::string left = i < a.lines.size() ? a.lines[i] : "nothing";
    const std::string right = i < b.lines.size() ? b.lines[i] : "nothing";
    if (left != right) return left + "  <>  " + right;
  }
  for (size_t m = 0; m < a.memories.size(); ++m) {
    const auto& left = a.memories[m];
    const auto& right = b.memories[m];
    const auto [x, y] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    if (x == left.end()) continue;
    const auto at = static_cast<uint64_t>(x - left.begin());
    return "m" + std::to_string(m) + " at " + hex(at) + ": " + hex(*x) + "  <>  " + hex(*y);
  }
  return {};
}

}  // namespace skiff::fuzz
