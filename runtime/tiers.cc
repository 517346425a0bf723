// The list of tiers.
#include "runtime/tiers.h"

#include "compiler/target/native_tier.h"
#include "engine/interp/interp.h"
#include "runtime/auto_tier.h"

namespace skiff {
namespace {

std::unique_ptr<Tier> make_auto(const TierOptions& options) {
  return make_auto_tier({.store = options.store, 
                         .notes = options.notes, .listeners = options.listeners, .switch_after = options.switch_after});
}
std::unique_ptr<Tier> make_interp(const TierOptions&) { return make_interpreter(); }
std::unique_ptr<Tier> make_llvm(const TierOptions& options) {
  return options.store ? compiler::make_native_tier(options.store, options.listeners)
                       : compiler::make_native_tier(compiler::ImageProvider(), options.listeners);
}

constexpr TierFactory kTiers[] = {
    {"auto", make_auto, "interpreter until compiled code is ready, in the background", true},
    {"interp", make_interp, "threaded interpreter"},
    {"llvm", make_llvm, "optimising compiler, before anything runs (needs libskiff-llvm)", true},
};

}  // namespace

std::span<const TierFactory> tier_factories() { return kTiers; }

const TierFactory& artifact_tier() { return *find_tier("llvm").value(); }

Result<const TierFactory*> find_tier(std::string_view name) {
  std::string known;
  for (const TierFactory& t : kTiers) {
    if (t.name == name) return &t;
    known.append(known.empty() ? "" : ", ").append(t.name);
  }
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
              "unknown tier '" + std::string(name) + "'; known tiers: " + known);
}

}  // namespace skiff
