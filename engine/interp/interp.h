// The interpreter tier ("interp"): the tier for hosts without JIT, the oracle of the others. Its parts can also be had
// one by one, for a tier that starts in the interpreter and goes on in compiled code.
#pragma once

#include <cstddef>
#include <memory>

#include "engine/exec/tier.h"

namespace skiff {

/// Functions are lowered to register code at their first call.
std::unique_ptr<Tier> make_interpreter();

/// Bytes that the functions of a module take which have been lowered so far. Requires: code of the interpreter.
/// Thread: any
size_t interpreter_code_bytes(TierCode& code);

/// What a tier that takes over from the interpreter is told.
class Successor {
 public:
  virtual ~Successor() = default;
  /// A function is called for the first time, and not diverted.   Thread: any, several at once
  virtual void first_call(uint32_t func_index) = 0;
  /// A diverted function of this instance is called. Afterwards FuncInst::call of all of its diverted functions
  /// is the successor's.   Thread: the store's
  virtual void take_over(VmCtx& ctx) = 0;
};

/// A module's functions in the interpreter.
class InterpreterCode : public TierCode {
 public:
  /// From now on calls of this function leave the interpreter. Frames of it that exist go on.
  /// Requires: made with a successor; func_index is not imported.   Thread: any
  virtual void divert(uint32_t func_index) = 0;
  /// Has it ever been called?   Thread: any
  virtual bool was_called(uint32_t func_index) const = 0;
};
/// Requires: info, tunables and successor (which may be null) outlive the result, and an InterpreterSession exists as
/// long as any of it runs.
std::unique_ptr<InterpreterCode> make_interpreter_code(const ModuleInfo& info, const Tunables& tunables,
                                                       Successor* successor);

/// The interpreter's part of a store: sets VmStore::interp_store. Errors: OutOfMemory.
Result<std::unique_ptr<TierStore>> make_interpreter_store(Store& store);

/// While one exists, memory faults of the interpreter are traps.
class InterpreterSession {
 public:
  InterpreterSession();
  ~InterpreterSession();
  InterpreterSession(const InterpreterSession&) = delete;
};

}  // namespace skiff
