// Transfer: values from one guest to another without values in between: what lifting and then lowering them
// does, memory to memory. Every check of both is made; strings of equal encoding and lists of numbers are one copy.
//
// Requires throughout: the two types are the same up to the names of resources, and the two contexts are not of the same
// instance: lifting and lowering alternate here, which the specification does one after the other.
#pragma once

#include "component/abi/lift.h"

namespace skiff::component {

/// One value between places in memory that have been checked: load, then store.
bool transfer_memory(LiftLowerContext& from, const uint8_t* p, ValType a, LiftLowerContext& to, uint8_t* q, ValType b);
/// Parameters: lift_params, then lower_params.
bool transfer_params(LiftLowerContext& from, const FuncType& from_type, uint32_t max_flat, FlatReader& flat,
                     LiftLowerContext& to, const FuncType& to_type, FlatWriter& out);
/// A result: lift_result, then lower_result.
bool transfer_result(LiftLowerContext& from, const FuncType& from_type, uint32_t from_max_flat, FlatReader& flat,
                     LiftLowerContext& to, const FuncType& to_type, uint32_t to_max_flat, uint64_t out_address,
                     FlatWriter& out);

}  // namespace skiff::component
