// Engine: what is shared by everything in a process that should share it: features, tunables, the type
// registry and the tier. CompiledModule: a validated module that the tier has prepared. An engine must
// outlive its modules and stores.
// Thread: an Engine and its CompiledModules may be used by any number of threads.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/binary/decode.h"
#include "engine/exec/pool.h"
#include "engine/exec/tier.h"
#include "engine/gc/type_info.h"
#include "engine/syntax/features.h"
#include "engine/syntax/type_registry.h"
#include "engine/valid/valid.h"

namespace skiff {

struct Tunables {
  /// 32-bit memories reserve 4 GiB + guard and are accessed unchecked, faults becoming traps. False:
  /// explicit checks, no signal handler. default_tunables() decides by probing the address space.
  bool guard_pages = true;
  /// Bytes reserved for a memory that is not guarded (it never moves, so it cannot grow past its
  /// reservation): its minimum, or min(declared max, this) where that is more; 64-bit memories 16 times
  /// this. Where the machine refuses, less.
  uint64_t memory_reservation = uint64_t{1} << 32;
  /// Bytes of wasm stack per store (interpreter: its value stack).
  uint64_t stack_size = uint64_t{1} << 20 << 3;
  uint64_t gc_heap_limit = uint64_t{1} << 32;
  /// Compiled code looks whether Store::interrupt() was called; costs up to several percent in small loops. The
  /// interpreter always does.
  bool interruptible = false;
  /// Every instruction, and every call once more, takes 1 of VmStore::fuel; see docs/limits.md.
  bool fuel = false;
  bool gc_stress = false;              // collect at every allocation (tests)
  unsigned validation_threads = 0;     // see ValidateOptions
  PoolOptions pool;                    // what is kept for the next instances and stores
};
/// Chooses guard_pages by what this machine can reserve.
Tunables default_tunables();

struct EngineConfig {
  Features features;
  Tunables tunables = default_tunables();
};

class Engine {
 public:
  Engine(EngineConfig config, std::unique_ptr<Tier> tier);
  ~Engine();
  Engine(const Engine&) = delete;

  const Features& features() const { return config_.features; }
  const Tunables& tunables() const { return config_.tunables; }
  TypeRegistry& types() { return types_; }
  gc::TypeTable& gc_types() { return gc_types_; }
  Tier& tier() { return *tier_; }
  /// Memories may keep it longer than the engine lives.
  const std::shared_ptr<Pool>& pool() { return pool_; }

 private:
  EngineConfig config_;
  TypeRegistry types_;
  gc::TypeTable gc_types_;
  std::unique_ptr<Tier> tier_;
  std::shared_ptr<Pool> pool_;
};

class CompiledModule {
 public:
  const ModuleInfo& info() const { return *info_; }
  const Module& module() const { return info_->module; }
  TierCode& code() const { return *code_; }
  /// Run-time types by module type index; null for function types.
  const gc::TypeInfo* const* gc_types() const { return gc_types_.data(); }
  Engine& engine() const { return *engine_; }
  /// Number of the export of that name, if there is one.
  std::optional<uint32_t> find_export(std::string_view name) const;

 private:
  friend Result<std::shared_ptr<const CompiledModule>> compile_module(Engine&, SharedBytes);
  Engine* engine_ = nullptr;
  std::unique_ptr<ModuleInfo> info_;
  gc::ModuleTypeInfos gc_types_;
  std::unique_ptr<TierCode> code_;
  std::vector<uint32_t> exports_by_name_;  // numbers of exports, sorted by name
};
using ModulePtr = std::shared_ptr<const CompiledModule>;

/// Decodes, validates, prepares. Errors: malformed, invalid, resource.
Result<ModulePtr> compile_module(Engine& engine, SharedBytes binary);

}  // namespace skiff
