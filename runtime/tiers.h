// The tiers of this build by name. The only place in Skiff that names concrete ones.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "engine/exec/tier.h"

namespace skiff {

struct TierFactory {
  std::string_view name;
  std::unique_ptr<Tier> (*make)();
  std::string_view what;  // one line for help texts
};

/// All tiers, the one that is "auto" first.
std::span<const TierFactory> tier_factories();

/// The tier of that name, "auto" being the first one.
/// Errors: InvalidArgument naming the known ones.
Result<const TierFactory*> find_tier(std::string_view name);

}  // namespace skiff
