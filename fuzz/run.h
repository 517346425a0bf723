// Runs a generated module in one configuration (tier and tunables) and writes down everything that can be
// observed: results of all calls, traps and where, exceptions, globals, tables, memories. Two configurations
// that differ in a report differ in behaviour.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/engine.h"
#include "runtime/tiers.h"

namespace skiff::fuzz {

struct Configuration {
  std::string name;
  const TierFactory* tier = nullptr;
  TierOptions options;
  Tunables tunables;
};

/// "interp", "interp+checked" (no guard pages), "interp+gcstress" (collects at every allocation), the same
/// with any other tier of runtime/tiers.h; "auto+switch2": goes to compiled code when two functions have been called.
/// Errors: InvalidArgument.
Result<Configuration> parse_configuration(std::string_view text);

/// All pairs worth comparing in this build: the interpreter against its variants and against other tiers that
/// work here.
std::vector<std::pair<Configuration, Configuration>> default_pairs();

struct Report {
  /// Not empty: the configuration could not run the module for lack of something (a library, memory); says
  /// nothing about behaviour.
  std::string refused;
  /// One observation each, in an order that depends on the module only.
  std::vector<std::string> lines;
  std::vector<std::vector<uint8_t>> memories;
  uint64_t calls = 0, traps = 0;
};

/// Compiles, instantiates, calls every exported function twice.   Requires: made by gen.h
Report run(ByteSpan binary, const Configuration& configuration);

/// What is different, for people; empty when nothing is, or when one of them was refused.
std::string difference(const Report& a, const Report& b);

}  // namespace skiff::fuzz
