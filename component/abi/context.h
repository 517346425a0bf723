// LiftLowerContext: what lifting and lowering need of the side that they work for (Spec: CanonicalABI.md,
// LiftLowerContext): options, memory, realloc, handles. Everything that a guest says is hostile: each of its
// pointers passes through range().
//
// Functions that can trap return false, and then the trap has been recorded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "component/abi/trap.h"
#include "component/abi/value.h"
#include "component/types/flatten.h"
#include "engine/exec/memory.h"

namespace skiff::component {

/// Spec: LiftOptions. Two are equal if they have the same memory and encoding.
struct LiftOptions {
  StringEncoding encoding = StringEncoding::Utf8;
  LinearMemory* memory = nullptr;   // null: none given
  bool wide = false;                // 64-bit addresses
};

/// Strings and lists have at most so many bytes. Spec: MAX_STRING_BYTE_LENGTH, MAX_LIST_BYTE_LENGTH
inline constexpr uint64_t kMaxByteLength = (uint64_t{1} << 28) - 1;

class LiftLowerContext {
 public:
  LiftLowerContext(const TypeTable& types, const LiftOptions& options) : types(types), options(options) {}

  const TypeTable& types;
  const LiftOptions options;
  /// The other side is a component too; some traps are worded differently.
  bool between_components = false;
  /// Bytes that values lifted through this context may still take on the host.
  uint64_t budget = uint64_t{1} << 30;

  /// Number of core values that a value takes; more than 16 saturated.
  uint32_t flat_count(ValType type) const { return types.facts(type).flat[options.wide].count; }
  uint32_t pointer_size() const { return options.wide ? 8 : 4; }
  /// The bytes [ptr, ptr + size) of memory, or null. Invalidated by reallocate (the length, not the address).
  uint8_t* range(uint64_t ptr, uint64_t size) const {
    const std::span<uint8_t> bytes = options.memory->bytes();
    if (size > bytes.size() || ptr > bytes.size() - size) return nullptr;
    return bytes.data() + ptr;
  }
  /// The same, trapping; the alignment is checked first.
  uint8_t* checked(uint64_t ptr, uint64_t size, uint32_t align, CmTrap unaligned, CmTrap out_of_bounds) {
    if (ptr & (align - 1)) return trap(unaligned), nullptr;
    uint8_t* p = range(ptr, size);
    if (!p) trap(out_of_bounds);
    return p;
  }
  /// Charges host memory for lifted values.
  bool spend(uint64_t bytes) {
    if (bytes > budget) return trap(CmTrap::ValueTooLarge);
    budget -= bytes;
    return true;
  }

  /// Records a trap; returns false.
  virtual bool trap(CmTrap trap, std::string detail = {}) = 0;
  /// Calls the guest's realloc. `ptr` is what it returns, unchecked.
  virtual bool reallocate(uint64_t old, uint64_t old_size, uint32_t align, uint64_t size, uint64_t& ptr) = 0;
  bool allocate(uint32_t align, uint64_t size, uint64_t& ptr) { return reallocate(0, 0, align, size, ptr); }

  // Handles. Spec: lift_own and its kin.
  virtual bool lift_own(uint32_t index, ResourceId type, ResourceVal& value) = 0;
  virtual bool lift_borrow(uint32_t index, ResourceId type, ResourceVal& value) = 0;
  virtual bool lower_own(const ResourceVal& value, ResourceId type, uint64_t& index) = 0;
  virtual bool lower_borrow(const ResourceVal& value, ResourceId type, uint64_t& index) = 0;
  /// `type`: the stream, future or error-context type.
  virtual bool lift_shared(Val::Kind kind, uint32_t index, ValType type, SharedObjectPtr& value) = 0;
  virtual bool lower_shared(Val::Kind kind, const SharedObjectPtr& value, ValType type, uint64_t& index) = 0;

 protected:
  ~LiftLowerContext() = default;
};

}  // namespace skiff::component
