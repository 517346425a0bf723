// Entering generated code and leaving it again: NativeStore is what a store has for that, an Activation is
// one stay in generated code, from the host's call to its return. They nest when host functions call back;
// all of them are on the native stack of the thread.
//
// A call ends in one of three ways. It returns. An exception reaches the array entry, which catches it and returns
// Outcome::Exception. Or there is a trap: in a library call, or as a fault in a guarded memory; then the frames
// up to the activation's are written down, and the entry stub is made to return Outcome::Trap. No C++
// destructors run for the frames in between: they are those of generated code and of library calls, which
// must not own anything when they trap or throw.
// Thread: as the store, one at a time.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "compiler/target/code_map.h"
#include "compiler/target/frame_walk.h"
#include "compiler/target/unwind.h"
#include "engine/exec/store.h"
#include "engine/exec/tier.h"

namespace skiff::compiler {

class NativeStore;

struct Activation {
  NativeStore* store = nullptr;
  Activation* previous = nullptr;
  FuncInst* func = nullptr;        // that was called
  uintptr_t frame = 0;             // frame pointer of the entry stub
};

/// The tier's part of a store.
class NativeStore final : public TierStore {
 public:
  NativeStore(Store& store, CodeMap& code_map);
  ~NativeStore() override;
  static NativeStore& of(VmStore& vm) { return static_cast<NativeStore&>(*vm.native_store); }

  /// Marks whatever looks like a reference on the native stack between here and the outermost activation.
  void scan_roots(gc::Marker& marker) override;
  Result<std::unique_ptr<Stack>> new_stack(uint64_t size) override;
  void save(Stack& stack) override;
  void load(Stack& stack) override;
  void forget(Stack& stack) override;
  bool detach() override;
  void reuse(Store& store) override;

  /// An instance whose functions are those of this image.
  void add_instance(const LoadedImage& image, VmCtx& ctx) { contexts_.push_back({&image, &ctx}); }

  /// Ends the innermost activation with a trap that happened at `site`, in code of this context.
  [[noreturn]] void trap(TrapCode code, CodeSite site, const VmCtx& ctx);
  /// Ends it with the trap that the store holds already.
  [[noreturn]] void pass_trap(CodeSite site, const VmCtx& ctx);
  /// Throws an exception from a library call.
  [[noreturn]] void raise(Ref exn);

  Store& store() { return *store_; }

  Activation* innermost = nullptr;
  NativeException exception;
  const bool guard;                // faults in guarded memories may happen
  const uint64_t stack_size;       // bytes of stack that guests may use

 private:
  /// Activations of a native stack that is not running.
  struct Suspended final : Stack {
    Activation* innermost = nullptr;
    size_t position = kNowhere;    // in suspended_
    static constexpr size_t kNowhere = ~size_t{0};
  };
  struct Context {
    const LoadedImage* image;
    VmCtx* ctx;
  };
  struct Place {                   // of a frame in a module
    CodeMap::Entry code;
    uint32_t func = kNoIndex;
    uint64_t offset = 0;
  };
  Place place_of(uintptr_t pc) const;
  const Instance* instance_of(const LoadedImage* image, const Instance* inner) const;
  void add_frames(const Activation& act, CodeSite site, const Instance* instance, Trap& trap) const;

  Store* store_;                   // null: detached
  CodeMap& code_map_;
  std::vector<Context> contexts_;  // in order of instantiation
  std::vector<Suspended*> suspended_;
  std::unique_ptr<Slot[]> buffers_;
};

/// FuncInst::call of functions of native tiers; FuncInst::code is its array entry.
Outcome native_enter(FuncInst* self, VmCtx* caller, Slot* values);
/// The same where native_entry is an import thunk, bound before there was machine code (see bind_image).
Outcome native_enter_behind_thunk(FuncInst* self, VmCtx* caller, Slot* values);

}  // namespace skiff::compiler
