// flatten_func: the core function type under which a component function is lifted or lowered (Spec:
// CanonicalABI.md, Flattening). Shared by validation, the canonical ABI, execution and tools.
#pragma once

#include "component/types/types.h"

namespace skiff::component {

inline constexpr uint32_t kMaxFlatParams = 16;
inline constexpr uint32_t kMaxFlatAsyncParams = 4;
inline constexpr uint32_t kMaxFlatResults = 1;

enum class AbiSide : uint8_t { Lift, Lower };

/// The options that a flat signature depends on.
struct AbiOptions {
  AddressType address = AddressType::I32;   // of the memory; I32 when there is none
  bool async_ = false;
  bool callback = false;                    // Lift with async_
};

struct FlatSignature {
  skiff::FuncType core;
  bool params_in_memory = false;            // one pointer stands for all parameters
  bool results_in_memory = false;           // lift: a pointer is returned; lower: a pointer is a parameter
};

/// Index into TypeFacts::size, align and flat.
constexpr int abi_width(AddressType address) { return address == AddressType::I64 ? 1 : 0; }

/// Spec: flatten_types(ft.param_types()), when they fit `limit`; else nothing.
std::optional<std::vector<skiff::ValType>> flat_params(const TypeTable& table, const FuncType& type,
                                                       AddressType address, uint32_t limit);
/// Number of core types of the result; FlatTypes::kMax + 1 when there are more than that many.
uint32_t flat_result_count(const TypeTable& table, const FuncType& type, AddressType address);

/// Spec: flatten_functype.
FlatSignature flatten_func(const TypeTable& table, const FuncType& type, AbiSide side,
                           const AbiOptions& options);

}  // namespace skiff::component
