// Configuration as users write it, to the engine's structs: sizes, durations, features, tunables.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/exec/engine.h"
#include "engine/exec/store.h"
#include "runtime/tiers.h"

namespace skiff {

/// Bytes from "4096", "64K", "16M", "2G" (powers of 1024; a following "B" or "iB" is allowed).
/// Errors: InvalidArgument.
Result<uint64_t> parse_size(std::string_view text);

/// A whole number. Errors: InvalidArgument.
Result<uint64_t> parse_number(std::string_view text);

/// A time span from "250ms", "10s", "2m", "1h", also with a fraction ("1.5s"); a bare number is
/// seconds. Errors: InvalidArgument.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Everything that decides how a program runs.
struct RuntimeConfig {
  EngineConfig engine;
  StoreLimits limits;
  const TierFactory* tier = &tier_factories()[0];
  std::optional<std::chrono::nanoseconds> timeout;
  std::optional<int64_t> fuel;  // of each store
};

/// Sets one item by its name: features, tier, max-memory, max-table-elements, max-instances,
/// stack-size, timeout, fuel.
/// Errors: InvalidArgument that says what is wrong with the value.
Status set_option(RuntimeConfig& config, std::string_view name, std::string_view value);

}  // namespace skiff
