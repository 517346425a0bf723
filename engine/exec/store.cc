// Stores: what belongs to the host side (functions, tables, globals, tags made by the embedder), calls from
// the embedder, limits, and the roots of the collector.
#include "engine/exec/store.h"

#include <algorithm>
#include <forward_list>

#include "engine/base/check.h"
#include "engine/base/os_memory.h"
#include "engine/exec/atomics.h"
#include "engine/exec/instance.h"
#include "engine/exec/instance_template.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/memory.h"
#include "engine/exec/signals.h"
#include "engine/exec/table.h"
#include "engine/gc/heap.h"

namespace skiff {
namespace {

// Every host function's FuncInst::call.
Outcome call_host(FuncInst* self, VmCtx* caller, Slot* values) {
  const auto* host = static_cast<const HostFunc*>(self->code);
  HostCall call{*host->store, caller, values, host->data};
  return host->fn(call);
}

}  // namespace

// Things that are made by the embedder. Lists: addresses are stable, and empty ones cost nothing.
struct Store::Objects {
  struct Func {
    FuncInst inst;
    HostFunc host;
  };
  std::forward_list<Func> funcs;
  std::forward_list<GlobalInst> globals;
  std::forward_list<TagInst> tags;
  std::vector<GlobalInst*> object_globals;   // may hold GC objects
  std::vector<std::unique_ptr<TableObject>> tables;
  std::vector<std::shared_ptr<LinearMemory>> memories;
};

class Store::Roots final : public gc::RootSource {
 public:
  void scan(gc::Marker& marker) override;
  Store* store = nullptr;
};

// What a store leaves to the next one: empty, but with its memory.
struct Store::Parts final : Recyclable {
  explicit Parts(const gc::HeapOptions& options) : heap(options) { heap.add_roots(roots); }
  std::vector<std::unique_ptr<Instance>> instances;
  Objects objects;
  Roots roots;
  gc::Heap heap;
  std::unique_ptr<TierStore> tier;
};

void Store::Roots::scan(gc::Marker& marker) {
  for (const auto& instance : store->parts_->instances) instance->scan_roots(marker);
  for (const GlobalInst* global : store->objects_->object_globals) marker.mark_ref(global->slots[0].ref);
  for (const auto& table : store->objects_->tables)
    if (table->holds_objects) marker.mark_range(table->inst.elems, table->inst.elems + table->inst.length);
  marker.mark_ref(store->pending_exception_);
  for (const SlotRoots* roots = store->slot_roots_; roots; roots = roots->previous_)
    for (const Slot& slot : roots->slots_) marker.mark_word(slot.u64);
  for (SlotRoots** suspended : store->suspended_roots_)
    for (const SlotRoots* roots = *suspended; roots; roots = roots->previous_)
      for (const Slot& slot : roots->slots_) marker.mark_word(slot.u64);
  if (store->tier_store_) store->tier_store_->scan_roots(marker);
}

SlotRoots::SlotRoots(Store& store, std::span<const Slot> slots)
    : store_(store), slots_(slots), previous_(store.slot_roots_) {
  store_.slot_roots_ = this;
}

SlotRoots::~SlotRoots() { store_.slot_roots_ = previous_; }

std::string Failure::message() const {
  switch (kind) {
    case Kind::Error: return error.message();
    case Kind::Trap: return trap.message();
    case Kind::Exception: return std::string(text_of(TrapCode::UncaughtException));
  }
  return {};
}

Store::Store(Engine& engine, StoreLimits limits) : engine_(engine), limits_(limits) { vm_.store = this; }

Result<std::unique_ptr<Store>> Store::create(Engine& engine, StoreLimits limits) {
  if (engine.tunables().guard_pages) SKIFF_TRY(install_fault_handler());
  std::unique_ptr<Store> store(new Store(engine, limits));
  std::unique_ptr<Parts> parts(static_cast<Parts*>(engine.pool()->take_store().release()));
  if (!parts) {
    const gc::HeapOptions options{.limit = engine.tunables().gc_heap_limit,
                                  .stress = engine.tunables().gc_stress};
    parts = std::make_unique<Parts>(options);
  }
  parts->roots.store = store.get();
  store->heap_ = &parts->heap;
  store->objects_ = &parts->objects;
  store->parts_ = std::move(parts);
  std::unique_ptr<TierStore>& tier = store->parts_->tier;
  if (tier) tier->reuse(*store);
  else tier = SKIFF_TRY(engine.tier().attach(*store));
  store->tier_store_ = tier.get();
  return store;
}

// Order: stacks, then the heap (host references are released while instances still exist), then instances, the last
// first (it may import from others), then what the host made. Memories may live on elsewhere, but no longer know this
// store.
Store::~Store() {
  tier_store_ = nullptr;
  if (parts_->tier && !parts_->tier->detach()) parts_->tier.reset();
  parts_->heap.reset();
  std::vector<std::unique_ptr<Instance>>& instances = parts_->instances;
  for (; !instances.empty(); instances.pop_back())
    if (const std::shared_ptr<InstanceTemplate> home = std::move(instances.back()->template_))
      home->give(std::move(instances.back()));
  for (const auto& memory : objects_->memories) memory->may_grow = nullptr;
  *objects_ = Objects();
  parts_->roots.store = nullptr;
  engine_.pool()->give_store(std::move(parts_));
}

bool Store::holds_objects(ValType type) const {
  return gc::may_point_to_object(type, engine_.types());
}

void Store::init_host_func(FuncInst& func, HostFunc& host, uint32_t type_id) {
  func = FuncInst{call_host, nullptr, &host, type_id, kNoIndex};
  func.native_ctx = &func;
}

FuncInst* Store::new_host_func(uint32_t type_id, HostFn fn, void* data) {
  Objects::Func& made = objects_->funcs.emplace_front();
  made.host = HostFunc{fn, data, this};
  init_host_func(made.inst, made.host, type_id);
  return &made.inst;
}

Status Store::charge_table(const TableType& type) {
  if (type.limits.min > limits_.table_elements - std::min(limits_.table_elements, usage_.table_elements))
    return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex, "table elements of this store");
  usage_.table_elements += type.limits.min;
  return {};
}

void Store::watch(TableObject& table) {
  table.may_grow = [this, raw = &table](uint64_t new_length) {
    const uint64_t delta = new_length - raw->inst.length;
    if (usage_.table_elements > limits_.table_elements ||
        delta > limits_.table_elements - usage_.table_elements)
      return false;
    usage_.table_elements += delta;
    return true;
  };
}

Result<std::unique_ptr<TableObject>> Store::make_table(const TableType& type, Ref init) {
  SKIFF_TRY(charge_table(type));
  Result<std::unique_ptr<TableObject>> table = TableObject::create(type, init);
  if (!table) {
    usage_.table_elements -= type.limits.min;
    return table;
  }
  (*table)->holds_objects = holds_objects(type.elem);
  watch(**table);
  return table;
}

Result<TableObject*> Store::new_table(const TableType& type, Ref init) {
  return objects_->tables.emplace_back(SKIFF_TRY(make_table(type, init))).get();
}

namespace {

// What a memory counts for at first. A shared one grows on any thread, so all that it may ever have counts at once.
uint64_t first_bytes(const MemoryType& type) {
  const uint64_t pages = type.shared ? type.limits.max.value_or(type.limits.min) : type.limits.min;
  return pages > (~uint64_t{0} >> type.page_size_log2) ? ~uint64_t{0} : pages << type.page_size_log2;
}

}  // namespace

Status Store::charge_memory(const MemoryType& type) {
  const uint64_t bytes = first_bytes(type);
  if (bytes > limits_.memory_bytes - std::min(limits_.memory_bytes, usage_.memory_bytes))
    return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex, "bytes of memory of this store");
  usage_.memory_bytes += bytes;
  return {};
}

void Store::watch(LinearMemory& memory) {
  if (memory.type().shared) return;
  memory.may_grow = [this, raw = &memory](uint64_t new_bytes) {
    const uint64_t delta = new_bytes - raw->bytes().size();
    if (usage_.memory_bytes > limits_.memory_bytes || delta > limits_.memory_bytes - usage_.memory_bytes)
      return false;
    usage_.memory_bytes += delta;
    return true;
  };
}

Result<std::shared_ptr<LinearMemory>> Store::make_memory(const MemoryType& type,
                                                         std::shared_ptr<const MemoryImage> image) {
  SKIFF_TRY(charge_memory(type));
  Result<std::shared_ptr<LinearMemory>> memory =
      LinearMemory::create(type, engine_.tunables(), engine_.pool(), std::move(image));
  if (memory) watch(**memory);
  else usage_.memory_bytes -= first_bytes(type);
  return memory;
}

Result<std::shared_ptr<LinearMemory>> Store::new_memory(const MemoryType& type) {
  return objects_->memories.emplace_back(SKIFF_TRY(make_memory(type)));
}

GlobalInst* Store::new_global(const GlobalType& type, const Val& init) {
  GlobalInst& global = objects_->globals.emplace_front();
  put(global.slots, init);
  if (holds_objects(type.type)) objects_->object_globals.push_back(&global);
  return &global;
}

TagInst* Store::new_tag(uint32_t type_id) { return &objects_->tags.emplace_front(TagInst{type_id}); }

Instance* Store::adopt(std::unique_ptr<Instance> instance) {
  ++usage_.instances;
  return parts_->instances.emplace_back(std::move(instance)).get();
}

void Store::disown(Instance* instance) {
  std::vector<std::unique_ptr<Instance>>& instances = parts_->instances;
  SKIFF_CHECK(!instances.empty() && instances.back().get() == instance);
  if (std::find(failed_modules_.begin(), failed_modules_.end(), instance->module_) == failed_modules_.end())
    failed_modules_.push_back(instance->module_);
  instances.pop_back();
}

Outcome Store::trap(TrapCode code, std::string detail) {
  pending_trap_ = Trap{};
  pending_trap_.code = code;
  pending_trap_.detail = std::move(detail);
  return Outcome::Trap;
}

Outcome Store::exit(int32_t status) {
  const Outcome outcome = trap(TrapCode::Exit);
  pending_trap_.exit_status = status;
  return outcome;
}

Outcome Store::throw_exception(Ref exn) {
  pending_exception_ = exn;
  return Outcome::Exception;
}

Outcome Store::propagate(Failure failure) {
  switch (failure.kind) {
    case Failure::Kind::Error: return trap(TrapCode::HostError, failure.error.message());
    case Failure::Kind::Exception: return throw_exception(failure.exception);
    case Failure::Kind::Trap: break;
  }
  pending_trap_ = std::move(failure.trap);
  return Outcome::Trap;
}

void Store::interrupt() {
  vm_.interrupt.fetch_or(kInterruptStop, std::memory_order_seq_cst);
  wake_interrupted(vm_);
}

bool Store::must_stop() {
  const uint32_t asked = vm_.interrupt.fetch_and(~kInterruptAttend, std::memory_order_relaxed);
  if (asked & kInterruptStop) return true;
  return (asked & kInterruptAttend) && attend_ && attend_(attend_data_);
}

Failure Store::failure_of(Outcome outcome) {
  Failure failure;
  if (outcome == Outcome::Trap) {
    failure.kind = Failure::Kind::Trap;
    failure.trap = std::move(pending_trap_);
    pending_trap_ = Trap{};
  } else {
    failure.kind = Failure::Kind::Exception;
    failure.exception = pending_exception_;
  }
  return failure;
}

RunResult<void> Store::call_slots(FuncInst* func, Slot* values) {
  forget_pending();
  const Outcome outcome = call_raw(func, values);
  if (outcome != Outcome::Ok) [[unlikely]] return std::unexpected(failure_of(outcome));
  return {};
}

RunResult<void> Store::call(FuncInst* func, std::span<const Val> args, std::vector<Val>& results) {
  auto refuse = [](std::string detail) {
    return std::unexpected(
        Failure{.error = {ErrorCode::InvalidArgument, kNoOffset, kNoIndex, std::move(detail)}});
  };
  const FuncType& type = type_of(func);
  if (args.size() != type.params.size())
    return refuse("expected " + std::to_string(type.params.size()) + " arguments, found " +
                  std::to_string(args.size()));
  for (size_t i = 0; i < args.size(); ++i)
    if (!libcall::val_matches(engine_.types(), args[i], type.params[i]))
      return refuse("argument " + std::to_string(i) + ": expected " + to_string(type.params[i]) + ", found " +
                    to_string(args[i].type));

  size_t params = 0, count = 0;
  for (const Val& arg : args) params += arg.type.slots();
  for (ValType t : type.results) count += t.slots();
  std::vector<Slot> large;
  Slot small[16];
  Slot* values = small;
  if (const size_t n = std::max(params, count); n > std::size(small)) {
    large.resize(n);
    values = large.data();
  }
  Slot* to = values;
  for (const Val& arg : args) to = put(to, arg);
  const SlotRoots roots(*this, {values, params});
  if (auto done = call_slots(func, values); !done) return done;
  results.reserve(results.size() + type.results.size());
  for (ValType t : type.results) {
    results.push_back(take(values, t));
    values += t.slots();
  }
  return {};
}

}  // namespace skiff
