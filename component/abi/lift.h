// Lifting and lowering over dynamic values (Spec: CanonicalABI.md, load, store, lift_flat, lower_flat).
// Requires throughout: validated types.
#pragma once

#include <span>

#include "component/abi/context.h"
#include "engine/exec/value.h"

namespace skiff::component {

/// Reads core values one after the other. Slots hold bits; which kind they are does not matter here.
class FlatReader {
 public:
  explicit FlatReader(const Slot* at) : at_(at) {}
  uint32_t u32() { return (at_++)->u32; }
  uint64_t u64() { return (at_++)->u64; }
  uint64_t address(bool wide) { return wide ? u64() : u32(); }
  void skip(uint32_t count) { at_ += count; }

 private:
  const Slot* at_;
};
/// Writes them, zero-extended.
class FlatWriter {
 public:
  explicit FlatWriter(Slot* at) : begin_(at), at_(at) {}
  void put(uint64_t bits) { (at_++)->u64 = bits; }
  uint32_t count() const { return static_cast<uint32_t>(at_ - begin_); }

 private:
  Slot* begin_;
  Slot* at_;
};

/// Number of core values of all parameters, more than kMaxFlatParams saturated.
uint32_t flat_param_count(const TypeTable& types, const FuncType& type, bool wide);
/// Parameters as one record in memory, when they are too many to be flat. Bytes.
struct RecordLayout {
  uint64_t size = 0;
  uint32_t align = 1;
};
RecordLayout params_layout(const TypeTable& types, const FuncType& type, bool wide);

/// Spec: load. Requires: `p` is in memory, with the type's size behind it, checked.
bool load(LiftLowerContext& cx, const uint8_t* p, ValType type, Val& value);
/// Spec: store. The same.
bool store(LiftLowerContext& cx, const Val& value, ValType type, uint8_t* p);
/// Spec: load_list_from_valid_range, store_list_into_valid_range; `element`'s size apart.
bool load_list(LiftLowerContext& cx, const uint8_t* p, uint64_t length, ValType element, Val& value);
bool store_list(LiftLowerContext& cx, const Val& list, uint64_t first, uint64_t length, ValType element,
                uint8_t* p);

/// Spec: lift_flat
bool lift_flat(LiftLowerContext& cx, FlatReader& flat, ValType type, Val& value);
/// Spec: lower_flat
bool lower_flat(LiftLowerContext& cx, const Val& value, ValType type, FlatWriter& flat);

/// Spec: lift_flat_values, of the parameters of a function. Appends.
bool lift_params(LiftLowerContext& cx, const FuncType& type, uint32_t max_flat, FlatReader& flat,
                 std::vector<Val>& values);
/// Of its result, if it has one: flat, or at the pointer in `flat`.
bool lift_result(LiftLowerContext& cx, const FuncType& type, uint32_t max_flat, FlatReader& flat, Val& value);
/// Spec: lower_flat_values, of parameters. Too many go into memory allocated by realloc.
bool lower_params(LiftLowerContext& cx, const FuncType& type, std::span<const Val> values, FlatWriter& flat);
/// Of the result: at most `max_flat` flat, else to the address `out`.
bool lower_result(LiftLowerContext& cx, const FuncType& type, uint32_t max_flat, const Val& value, uint64_t out,
                  FlatWriter& flat);

}  // namespace skiff::component
