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

  /// What the tier keeps for one native stack, while code of the store runs on another (see exec_context.h).
  class Stack {
   public:
    virtual ~Stack() = default;
    /// Where that stack was left: its lowest address in use. Told once it is known.
    virtual void left_at(const void* sp) { suspended_at = sp; }
    const void* suspended_at = nullptr;
  };
  /// For a native stack on which nothing runs yet. `size`: bytes for guests, where the tier has a stack of its own;
  /// 0: only for save(). Errors: OutOfMemory
  virtual Result<std::unique_ptr<Stack>> new_stack(uint64_t) { return std::make_unique<Stack>(); }
  /// Leaves a native stack: what is in use now goes into `stack`, which is scanned for roots until load().
  virtual void save(Stack&) {}
  /// Enters a native stack: the other way round.
  virtual void load(Stack&) {}
  /// The native stack of `stack` is gone. Nothing ran there.
  virtual void forget(Stack&) {}

  /// The store ends. True: may be kept and reused for another store of the engine; then it must have forgotten this
  /// one. False: it is destroyed, while the store still exists.
  virtual bool detach() { return false; }
  /// Becomes a new store's. Requires: detach() returned true.
  virtual void reuse(Store&) {}
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
  /// Called instead for an instance that is used again, in a new store, with the same functions, bound as they were then
  /// (also by others that called them), but for the VmStore pointers, which are the new store's. Imported functions may
  /// be others, unless they are the instance's own. False: make all functions anew and call bind().
  virtual bool rebind(Instance&) { return false; }
  /// Called once for each new store.
  virtual Result<std::unique_ptr<TierStore>> attach(Store& store) = 0;
  /// Is work under way in the background that the destructor would wait for? A process that ends anyway may leave it.
  virtual bool busy() const { return false; }
};

}  // namespace skiff
