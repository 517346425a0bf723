// Tier: the one interface between the engine and whatever executes code (interpreter, compilers). The
// engine never names a concrete tier; the runtime registers one when it makes an Engine.
#pragma once

#include <memory>
#include <string_view>

#include "engine/base/result.h"
#include "engine/exec/vmctx.h"
#include "engine/syntax/features.h"
#include "engine/valid/valid.h"

namespace skiff {

struct Tunables;
namespace gc {
class Marker;
}

/// A module as a tier has prepared it. Shared by all instances and threads; may compile lazily inside.
class TierCode {
 public:
  virtual ~TierCode() = default;
  struct Entry {
    ArrayCall call = nullptr;
    void* code = nullptr;
  };
  /// How to call a defined function of this module. Requires: func_index is not imported.
  virtual Entry entry(uint32_t func_index) = 0;
};

/// What a tier keeps per store (stacks); its roots are scanned conservatively.
class TierStore {
 public:
  virtual ~TierStore() = default;
  virtual void scan_roots(gc::Marker& marker) = 0;
};

/// A module that a tier knows from before its validation on; see Tier::begin.
class TierJob {
 public:
  virtual ~TierJob() = default;
  /// True: the tier has code that was made of exactly this binary, under the same features, after it had been
  /// validated. Its bodies are not validated again.
  virtual bool has_code() const = 0;
  /// Requires: info outlives the result.
  virtual Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info) = 0;
};

class Tier {
 public:
  virtual ~Tier() = default;
  /// As in --tier, e.g. "interp".
  virtual std::string_view name() const = 0;
  /// Tiers that keep code between runs may look for it here, before the module is validated. Null: prepare() will
  /// be called. Requires: binary and tunables outlive the job.
  virtual std::unique_ptr<TierJob> begin(ByteSpan, Features, const Tunables&) { return nullptr; }
  /// Requires: info outlives the result.
  virtual Result<std::unique_ptr<TierCode>> prepare(const ModuleInfo& info, const Tunables& tunables) = 0;
  /// Called once for each instance, after its context and functions are set up and before its segments
  /// and start function run: sets what only this tier knows (FuncInst::native_entry, VmCtx::libcalls).
  virtual void bind(Instance&) {}
  /// Called once for each new store.
  virtual Result<std::unique_ptr<TierStore>> attach(Store& store) = 0;
  /// Is work under way in the background that the destructor would wait for? A process that ends anyway may leave it.
  virtual bool busy() const { return false; }
};

}  // namespace skiff
