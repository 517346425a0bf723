// Store: the owner of everything that one guest (or a group that shares references) has at run time:
// instances, host functions, memories, tables, globals, tags, the GC heap. Things live until the store
// does, except garbage-collected objects. Spec: exec-store, and the embedding interface of the appendix.
// What is costly to make in a store goes to the engine's pool when it ends.
// Thread: one thread at a time (a shared memory may be in several stores).
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/exec/engine.h"
#include "engine/exec/signals.h"
#include "engine/exec/trap.h"
#include "engine/exec/value.h"
#include "engine/exec/vmctx.h"

namespace skiff {

namespace gc {
class Heap;
}
class Instance;
class MemoryImage;
class LinearMemory;      // owner of a MemoryInst, memory.h
class TableObject; // owner of a TableInst, table.h

/// What can be imported and exported. Spec: syntax-externval. Pointers belong to a store; a memory is held
/// by shared_ptr because shared memories cross stores.
struct Extern {
  ExternKind kind = ExternKind::Func;
  FuncInst* func = nullptr;
  TableObject* table = nullptr;
  std::shared_ptr<LinearMemory> memory;
  GlobalInst* global = nullptr;
  GlobalType global_type;      // with global
  TagInst* tag = nullptr;
};

/// Why instantiation or a call from the embedder failed.
struct Failure {
  enum class Kind : uint8_t { Error, Trap, Exception };
  Kind kind = Kind::Error;
  Error error;                 // Error: unlinkable or resource
  skiff::Trap trap;            // Trap
  Ref exception = kNullRef;    // Exception: also in Store::pending_exception until the next call
  std::string message() const;
};
template <class T>
using RunResult = std::expected<T, Failure>;

/// What a host function gets. `values`: arguments in, results out (slots as in FuncInst::call). Generated code makes
/// these, too (docs/vmctx.md).
struct HostCall {
  Store& store;
  VmCtx* caller;               // null when called by the embedder
  Slot* values;
  void* data;
};
/// Returns Ok with results written, or store.trap(...), or store.throw_exception(...).
using HostFn = Outcome (*)(HostCall& call);

/// What FuncInst::code points to for host functions. Read by generated code.
struct HostFunc {
  HostFn fn = nullptr;
  void* data = nullptr;
  Store* store = nullptr;
};

struct StoreLimits {
  uint64_t memory_bytes = ~uint64_t{0};      // all memories together
  uint64_t table_elements = ~uint64_t{0};    // all tables together
  uint64_t instances = ~uint64_t{0};
};

/// What counts against StoreLimits now.
struct StoreUsage {
  uint64_t memory_bytes = 0;
  uint64_t table_elements = 0;
  uint64_t instances = 0;
};

/// Slots that may hold references while the engine itself works on them (constant expressions, arguments
/// of the embedder). Scanned conservatively: every word that looks like an object keeps it alive.
/// Strictly nested; keep as a local variable.
class SlotRoots {
 public:
  SlotRoots(Store& store, std::span<const Slot> slots);
  ~SlotRoots();
  SlotRoots(const SlotRoots&) = delete;
  /// The slots have moved or changed in number.
  void set(std::span<const Slot> slots) { slots_ = slots; }

 private:
  friend class Store;
  Store& store_;
  std::span<const Slot> slots_;
  SlotRoots* previous_;
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> create(Engine& engine, StoreLimits limits = {});
  ~Store();
  Store(const Store&) = delete;

  Engine& engine() { return engine_; }
  VmStore& vm() { return vm_; }
  gc::Heap& heap() { return *heap_; }
  /// For the embedder's own use, e.g. by host functions that are shared by many stores.
  void* data() const { return data_; }
  void set_data(void* data) { data_ = data; }
  TierStore& tier_store() { return *tier_store_; }
  StoreLimits& limits() { return limits_; }

  // Making things. Types are canonical; func types from TypeRegistry::add_func_type.
  // The store keeps them until it ends.
  FuncInst* new_host_func(uint32_t type_id, HostFn fn, void* data);
  Result<TableObject*> new_table(const TableType& type, Ref init);
  Result<std::shared_ptr<LinearMemory>> new_memory(const MemoryType& type);
  GlobalInst* new_global(const GlobalType& type, const Val& init);
  TagInst* new_tag(uint32_t type_id);

  /// Spec: exec-module. `imports`: one Extern per import, in order, types are checked.
  /// Errors: Unlinkable (names the import), Resource; traps of segments and start function.
  RunResult<Instance*> instantiate(ModulePtr module, std::span<const Extern> imports);

  /// Spec: exec-invocation. Checks the arguments' types. Results are appended to `results`.
  /// Errors: InvalidArgument; traps and exceptions of the callee.
  RunResult<void> call(FuncInst* func, std::span<const Val> args, std::vector<Val>& results);
  /// The same without types: arguments in `values`, results out, as in FuncInst::call.
  RunResult<void> call_slots(FuncInst* func, Slot* values);
  /// The same for callers that pass a trap or exception on: it stays pending.
  inline Outcome call_raw(FuncInst* func, Slot* values);
  /// The parts of call_slots around call_raw, for callers that inline it: forgets what earlier calls left pending; takes
  /// what this one did. Requires: an outcome other than Ok.
  void forget_pending() {
    if (pending_trap_.code != TrapCode::None) [[unlikely]] pending_trap_ = skiff::Trap{};
    pending_exception_ = kNullRef;
  }
  [[gnu::cold]] Failure failure_of(Outcome outcome);

  // For host functions and tiers.
  /// Records a trap and returns Outcome::Trap.
  Outcome trap(TrapCode code, std::string detail = {});
  /// Records the end of the program: TrapCode::Exit with a status.
  Outcome exit(int32_t status);
  /// Records an exception object and returns Outcome::Exception.
  Outcome throw_exception(Ref exn);
  /// Passes on how a nested call() ended, from a host function.
  Outcome propagate(Failure failure);
  Trap& pending_trap() { return pending_trap_; }
  Ref& pending_exception() { return pending_exception_; }

  /// Makes every running and later call of this store end with TrapCode::Interrupted until cleared.
  /// Thread: any.
  /// Wakes it from atomic waits.
  void interrupt();
  void clear_interrupt() { vm_.interrupt.store(0, std::memory_order_relaxed); }
  /// Has `attend(data)` called from the guest's code, on its stack, at its next poll; the guest goes on afterwards unless
  /// that answers that it is to stop. For embedders that share a thread among guests.   Thread: any
  void ask_attention() { vm_.interrupt.fetch_or(kInterruptAttend, std::memory_order_relaxed); }
  using Attend = bool (*)(void* data);
  void set_attend(Attend attend, void* data) { attend_ = attend, attend_data_ = data; }
  /// For tiers, which found the word set: is the guest to stop?
  [[gnu::cold]] bool must_stop();

  /// Type of a function, canonical.
  const FuncType& type_of(const FuncInst* func) { return engine_.types().func_type(func->type_id); }
  /// True for reference types whose values may be GC objects: all but the function hierarchy.
  bool holds_objects(ValType type) const;
  const StoreUsage& usage() const { return usage_; }

 private:
  friend class Instantiation;
  friend class SlotRoots;
  friend class ExecContext;
  Store(Engine& engine, StoreLimits limits);
  struct Objects;              // owned functions, tables, globals, tags of the host (store.cc)
  class Roots;                 // what the collector scans (store.cc)
  struct Parts;                // what the next store gets (store.cc)

  static void init_host_func(FuncInst& func, HostFunc& host, uint32_t type_id);
  /// Counts the minimum of a memory or table against the limits. Errors: LimitExceeded.
  Status charge_memory(const MemoryType& type);
  Status charge_table(const TableType& type);
  /// Counts what it grows by.
  void watch(LinearMemory& memory);
  void watch(TableObject& table);
  Result<std::unique_ptr<TableObject>> make_table(const TableType& type, Ref init);
  Result<std::shared_ptr<LinearMemory>> make_memory(const MemoryType& type,
                                                    std::shared_ptr<const MemoryImage> image = nullptr);
  Instance* adopt(std::unique_ptr<Instance> instance);
  void disown(Instance* instance);
  inline void set_stack_limit();

  VmStore vm_;
  Engine& engine_;
  StoreLimits limits_;
  StoreUsage usage_;
  std::vector<ModulePtr> failed_modules_;  // their types may be those of objects not yet collected
  std::unique_ptr<Parts> parts_;
  Objects* objects_ = nullptr;             // these are in parts_
  gc::Heap* heap_ = nullptr;
  TierStore* tier_store_ = nullptr;
  void* data_ = nullptr;
  Attend attend_ = nullptr;
  void* attend_data_ = nullptr;
  SlotRoots* slot_roots_ = nullptr;
  std::vector<SlotRoots**> suspended_roots_;  // of contexts that were left with some
  uint32_t call_depth_ = 0;
  Trap pending_trap_;
  Ref pending_exception_ = kNullRef;
};

// A store may be called from different threads one after the other, and from stacks that are not a
// thread's own (fibers), whose limit their owner sets.
inline void Store::set_stack_limit() {
  const ThreadState& thread = thread_state;
  if (!thread.knows_stack) [[unlikely]] find_thread_stack();
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here - thread.stack_low < thread.stack_high - thread.stack_low) vm_.native_stack_limit = thread.stack_limit;
}

[[gnu::always_inline]] inline Outcome Store::call_raw(FuncInst* func, Slot* values) {
  const uintptr_t outer_limit = vm_.native_stack_limit;
  if (call_depth_++ == 0) set_stack_limit();
  const Outcome outcome = func->call(func, nullptr, values);
  if (--call_depth_ == 0) vm_.native_stack_limit = outer_limit;
  return outcome;
}

}  // namespace skiff
