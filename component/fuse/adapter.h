// Fused adapters: for a component function that one component lifts and another one lowers, the core function that
// does both (Spec: CanonicalABI.md, canon lift and canon lower, one in the other): checks and flags, values from memory to
// memory, the call itself, the way back. Several adapters make one core module, which is validated and compiled
// like any other: what it does wrong is at most a trap.
//
// This folder knows types and options, not instances: what a module imports is named by a Source, which
// component/exec fills.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "component/fuse/intrinsics.h"
#include "component/types/types.h"

namespace skiff::component::fuse {

/// One side of a call: how it passes values.
struct Side {
  TypeId type = kNoType;                      // the function's, as this side names resources
  StringEncoding encoding = StringEncoding::Utf8;
  uint32_t inst = 0;                          // component instance
  // Core definitions, by any numbering that all adapters of a module share.
  std::optional<uint32_t> memory, realloc;
  skiff::MemoryType memory_type;
  /// Guests can see on which thread realloc runs: the host makes one.
  bool sees_threads = false;
};

struct Adapter {
  Side caller, callee;
  uint32_t func = 0;                          // the callee's core function
  std::optional<uint32_t> post_return;
  /// Component instances that the call enters, the callee first.
  std::vector<uint32_t> entered;
  /// Nothing that the callee can do depends on which task is the current one.
  bool quiet = false;
  /// Arguments are or contain borrowed handles.
  bool lends = false;
  /// Resource types of the callee's parameters that it implements itself, each with a number that all adapters of a module
  /// share; given only when lending can be seen by nobody: no argument takes a handle away, and while the call
  /// runs nothing else of the caller does.
  std::vector<std::pair<ResourceId, uint32_t>> implemented;
};

/// What an import of the module stands for.
struct Source {
  enum class Kind : uint8_t {
    Func,        // number: core definition
    Memory,      // the same
    MayEnter,    // number: component instance; a global, i32, mutable: 0 or 1
    MayLeave,    // the same
    Current,     // a global, i64, mutable: the adapter that runs, 0: none; its low bit: something asked for its task
    Call,        // number: adapter; a global, i64: what stands for it in Current, even
    Previous,    // number: adapter; a global, i64, mutable: what Current was when it was called
    Intrinsic,   // number: which
    Reps,        // number: resource, other: instance; a table of i31: representations by handle, or null: ask the host
  };
  Kind kind = Kind::Func;
  uint32_t number = 0;
  uint32_t other = 0;
  auto operator<=>(const Source&) const = default;
};

struct AdapterModule {
  std::vector<uint8_t> binary;                // exports adapter i as "i"
  std::vector<Source> imports;                // one for each, in order
};

/// True when there is an adapter for it. What is not done: async functions, shared memories and 64-bit ones, signatures of
/// very many values.
bool can_fuse(const TypeTable& types, const Adapter& adapter);

/// Requires: can_fuse of each. `exceptions`: guests may have them; they become traps.
AdapterModule make_adapters(const TypeTable& types, std::span<const Adapter> adapters, bool exceptions);

}  // namespace skiff::component::fuse
