// Activations: one for each time that the host calls into the interpreter, nested when host functions call
// back. All activations of a store share its value stack. InterpStore owns that stack and knows the innermost
// activation.
//
// Invariant: act.fp is the innermost frame of an activation whenever something other than a handler runs
// (host functions, library calls, the collector): calls and returns publish it. Thread: as the store, one at
// a time.
#pragma once

#include <csetjmp>
#include <utility>
#include <vector>

#include "engine/exec/signals.h"
#include "engine/exec/store.h"
#include "engine/exec/tier.h"
#include "engine/interp/code.h"

// The float accumulator is a vector register where the calling convention passes vectors in registers.
#if defined(__x86_64__) || defined(__aarch64__)
#define SKIFF_VECTOR_ACC 1
#else
#define SKIFF_VECTOR_ACC 0
#endif

// Handlers call each other in tail position where the compiler guarantees that (clang). Otherwise they return
// to a loop.
#if defined(__clang__)
#define SKIFF_TAIL_CALLS 1
#else
#define SKIFF_TAIL_CALLS 0
#endif

#if SKIFF_TAIL_CALLS && (defined(__x86_64__) || defined(__aarch64__))
#define SKIFF_HANDLER_CC __attribute__((preserve_none))
#else
#define SKIFF_HANDLER_CC
#endif

namespace skiff::interp {

#if SKIFF_VECTOR_ACC
typedef float FloatAcc __attribute__((vector_size(16)));
typedef double DoubleLanes __attribute__((vector_size(16)));
typedef uint64_t BitLanes __attribute__((vector_size(16)));
#else
using FloatAcc = double;
#endif

class InterpStore;

struct Activation {
  Slot* fp = nullptr;                   // innermost frame
  Pc fault_pc = nullptr;                // instruction that traps, throws or may fault
  Slot* limit = nullptr;                // end of the value stack
  TrapCode trap_code = TrapCode::None;  // for Raise; None: the store already holds a trap or exception
  Outcome outcome = Outcome::Ok;
  Store* store = nullptr;
  Activation* previous = nullptr;
#if !SKIFF_TAIL_CALLS
  VmCtx* ctx = nullptr;
  uint8_t* mem = nullptr;
  uint64_t acc = 0;
  FloatAcc facc = {};
#endif
  std::jmp_buf landing;  // where faults in guarded memories go on
};

#if SKIFF_TAIL_CALLS
#define SKIFF_HANDLER_PARAMS                                                                        \
  ::skiff::interp::Pc pc, ::skiff::Slot *fp, ::skiff::interp::Activation *act, ::skiff::VmCtx *ctx, \
      uint8_t *mem, uint64_t acc, ::skiff::interp::FloatAcc facc
typedef void (*Handler)(SKIFF_HANDLER_PARAMS) SKIFF_HANDLER_CC;
#else
struct Next {
  Pc pc;
  Slot* fp;
};
#define SKIFF_HANDLER_PARAMS ::skiff::interp::Pc pc, ::skiff::Slot *fp, ::skiff::interp::Activation *act
typedef Next (*Handler)(SKIFF_HANDLER_PARAMS);
#endif

/// An instruction without operands that belongs to no function.
struct StaticInstr {
  Handler handler;
  Pc words() const { return reinterpret_cast<Pc>(this); }
};
extern const StaticInstr kExit;   // leaves the activation
extern const StaticInstr kRaise;  // what a trap or exception goes on at
extern const StaticInstr kLower;  // body of functions that are not lowered yet
extern const StaticInstr kElsewhere;  // body of functions that another tier executes
/// What LazyFunc::code is before the first call.
extern const FuncCode kNotLowered;
/// What it is once another tier executes the function.
extern const FuncCode kDiverted;

/// Runs code from `pc` until kExit; act.fp is the frame.
void run_code(Activation& act, Pc pc);
/// Begin and end of the handlers: code whose memory faults are traps.
std::pair<const void*, const void*> handlers();

/// FuncInst::call of every function of this tier.
Outcome interp_call(FuncInst* self, VmCtx* caller, Slot* values);

/// Finds who catches what act holds (trap_code, or the store's pending trap or exception): the instruction to
/// go on at, with act.fp set; kExit with act.outcome set when nobody does. Adds this activation's frames to a
/// trap.
Pc unwind(Activation& act);

/// Lowers a function unless another thread has done so, or it is diverted.
void lower_function(const LazyFunc& func);

/// Calls a diverted function in the tier that executes it. `ctx`: its instance.
Outcome call_elsewhere(const LazyFunc& func, VmCtx* ctx, Slot* values);

class InterpStore final : public TierStore {
 public:
  static Result<std::unique_ptr<InterpStore>> create(Store& store);
  ~InterpStore() override;
  void scan_roots(gc::Marker& marker) override;
  Result<std::unique_ptr<Stack>> new_stack(uint64_t size) override;
  void save(Stack& stack) override;
  void load(Stack& stack) override;
  void forget(Stack& stack) override;
  bool detach() override;
  void reuse(Store& store) override;

  Slot* base() const { return base_; }
  Slot* limit() const { return limit_; }
  /// First free slot above all activations.
  Slot* top() const;

  Activation* innermost = nullptr;
  const bool guard;

 private:
  InterpStore(Store& store, Slot* base, Slot* limit)
      : guard(store.engine().tunables().guard_pages), vm_(&store.vm()), base_(base), limit_(limit), first_base_(base) {}
  /// Value stack and activations of a native stack that is not running.
  struct Suspended final : Stack {
    ~Suspended() override;
    Slot* base = nullptr;
    Slot* limit = nullptr;
    Activation* innermost = nullptr;
    bool owned = false;                 // the value stack is its own
    size_t position = kNowhere;         // in suspended_
    static constexpr size_t kNowhere = ~size_t{0};
  };
  static Slot* top_of(const Activation* act, Slot* base);

  VmStore* vm_;                         // null: detached
  Slot* base_;
  Slot* limit_;
  Slot* const first_base_;              // of the stack that was made with the store
  std::vector<Suspended*> suspended_;
};

}  // namespace skiff::interp
