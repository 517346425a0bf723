// Flat signatures from the flat types of each parameter and the result (TypeFacts::flat).
#include "component/types/flatten.h"

namespace skiff::component {

std::optional<std::vector<skiff::ValType>> flat_params(const TypeTable& table, const FuncType& type,
                                                       AddressType address, uint32_t limit) {
  std::vector<skiff::ValType> flat;
  for (const Field& p : type.params) {
    const FlatTypes& part = table.facts(p.type).flat[abi_width(address)];
    if (!part.fits() || flat.size() + part.count > limit) return std::nullopt;
    for (uint32_t i = 0; i < part.count; ++i) flat.push_back(part[i]);
  }
  return flat;
}

uint32_t flat_result_count(const TypeTable& table, const FuncType& type, AddressType address) {
  return type.result ? table.facts(*type.result).flat[abi_width(address)].count : 0;
}

FlatSignature flatten_func(const TypeTable& table, const FuncType& type, AbiSide side,
                           const AbiOptions& options) {
  FlatSignature s;
  const skiff::ValType pointer = value_type(options.address);
  const bool async_lower = options.async_ && side == AbiSide::Lower;
  auto params =
      flat_params(table, type, options.address, async_lower ? kMaxFlatAsyncParams : kMaxFlatParams);
  s.params_in_memory = !params;
  s.core.params = params ? std::move(*params) : std::vector{pointer};

  const uint32_t results = flat_result_count(table, type, options.address);
  if (options.async_ && side == AbiSide::Lift) {
    // Results go through task.return.
    if (options.callback) s.core.results = {skiff::ValType::I32};
  } else if (async_lower) {
    s.results_in_memory = results > 0;
    if (s.results_in_memory) s.core.params.push_back(pointer);
    s.core.results = {skiff::ValType::I32};
  } else if (results > kMaxFlatResults) {
    s.results_in_memory = true;
    if (side == AbiSide::Lift)
      s.core.results = {pointer};
    else
      s.core.params.push_back(pointer);
  } else if (results == 1) {
    s.core.results = {table.facts(*type.result).flat[abi_width(options.address)][0]};
  }
  return s;
}

}  // namespace skiff::component
