// Engines and the way from bytes to a compiled module: decode, validate, prepare.
#include "engine/exec/engine.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "engine/base/check.h"
#include "engine/base/os_memory.h"
#include "engine/syntax/limits.h"

namespace skiff {

Tunables default_tunables() {
  // A process should be able to have a good number of guarded memories; where it cannot have these, the
  // address space is small (RISC-V Sv39, emulators, ulimit -v) and memories are checked explicitly.
  static const bool roomy = os_can_reserve((uint64_t{8} << 30) + (uint64_t{1} << 16), 16);
  Tunables tunables;
  tunables.guard_pages = roomy;
  if (!roomy) tunables.pool.idle_address_space = uint64_t{1} << 33;
  if (!roomy && !os_can_reserve(tunables.memory_reservation, 4))
    tunables.memory_reservation = uint64_t{1} << 28;
  return tunables;
}

Engine::Engine(EngineConfig config, std::unique_ptr<Tier> tier)
    : config_(std::move(config)),
      gc_types_(types_),
      tier_(std::move(tier)),
      pool_(std::make_shared<Pool>(config_.tunables.pool)) {
  SKIFF_CHECK(tier_ != nullptr);
}

// What stores left behind is partly the tier's.
Engine::~Engine() { pool_->clear(); }

std::optional<uint32_t> CompiledModule::find_export(std::string_view name) const {
  const std::vector<Export>& exports = module().exports;
  auto it = std::lower_bound(exports_by_name_.begin(), exports_by_name_.end(), name,
                             [&](uint32_t i, std::string_view wanted) { return exports[i].name < wanted; });
  if (it == exports_by_name_.end() || exports[*it].name != name) return std::nullopt;
  return *it;
}

Result<ModulePtr> compile_module(Engine& engine, SharedBytes binary) {
  if (binary.bytes.size() > limits::kModuleSize)
    return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex,
                "a module of " + std::to_string(binary.bytes.size()) + " bytes");
  // Made before decoding: the binary's owner moves into the module, which is kept.
  const std::unique_ptr<TierJob> job = engine.tier().begin(binary.bytes, engine.features(), engine.tunables());
  Module module = SKIFF_TRY(decode_module(std::move(binary), engine.features()));
  const ValidateOptions options{.threads = engine.tunables().validation_threads, .bodies = !job || !job->has_code()};
  auto compiled = std::make_shared<CompiledModule>();
  compiled->engine_ = &engine;
  compiled->info_ = SKIFF_TRY(validate_module(std::move(module), engine.types(), options));
  compiled->gc_types_ = engine.gc_types().add(compiled->info_->types);
  compiled->code_ = SKIFF_TRY(job ? job->prepare(*compiled->info_)
                                  : engine.tier().prepare(*compiled->info_, engine.tunables()));

  const std::vector<Export>& exports = compiled->module().exports;
  compiled->exports_by_name_.resize(exports.size());
  std::iota(compiled->exports_by_name_.begin(), compiled->exports_by_name_.end(), 0u);
  std::sort(compiled->exports_by_name_.begin(), compiled->exports_by_name_.end(),
            [&](uint32_t a, uint32_t b) { return exports[a].name < exports[b].name; });
  return compiled;
}

}  // namespace skiff
