// The tiers of this build by name. The only place in Skiff that names concrete ones.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/exec/tier.h"

namespace skiff {

namespace compiler {
class CodeListener;
class ImageStore;
}

/// What a tier gets when it is made; those that do not compile need none of it.
struct TierOptions {
  /// Where compiled code is found and kept; null: nowhere.
  std::shared_ptr<compiler::ImageStore> store;
  /// What a tier has to say, for people. Called from any thread; may be empty.
  std::function<void(std::string_view)> notes;
  /// Profilers and debuggers.
  std::vector<std::shared_ptr<compiler::CodeListener>> listeners;
  /// For tests, see AutoTierOptions::switch_after.
  std::optional<uint32_t> switch_after;
};

struct TierFactory {
  std::string_view name;
  std::unique_ptr<Tier> (*make)(const TierOptions& options);
  std::string_view what;  // one line for help texts
  bool compiles = false;  // takes code from a store, and adds what it does not find
};

/// All tiers, the default ("auto") first.
std::span<const TierFactory> tier_factories();

/// The tier whose code artifacts have.
const TierFactory& artifact_tier();

/// The tier of that name. Errors: InvalidArgument naming the known ones.
Result<const TierFactory*> find_tier(std::string_view name);

}  // namespace skiff
