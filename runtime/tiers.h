// The tiers of this build by name. The only place in Skiff that names concrete ones.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "engine/exec/tier.h"

namespace skiff {

namespace compiler {
class ImageStore;
}

struct TierFactory {
  std::string_view name;
  std::unique_ptr<Tier> (*make)();
  std::string_view what;  // one line for help texts
  /// Of tiers that compile: one that takes code from a store, and adds what it does not find. Null
  /// for others.
  std::unique_ptr<Tier> (*make_with_store)(std::shared_ptr<compiler::ImageStore> store) = nullptr;
};

/// All tiers, the one that is "auto" first.
std::span<const TierFactory> tier_factories();

/// The tier whose code artifacts have.
const TierFactory& artifact_tier();

/// The tier of that name, "auto" being the first one.
/// Errors: InvalidArgument naming the known ones.
Result<const TierFactory*> find_tier(std::string_view name);

}  // namespace skiff
