// The list of tiers.
#include "runtime/tiers.h"

#include "compiler/target/native_tier.h"
#include "engine/interp/interp.h"

namespace skiff {
namespace {

constexpr TierFactory kTiers[] = {
    {"interp", make_interpreter, "threaded interpreter"},
    {"llvm", make_llvm_tier, "optimising compiler (needs libskiff-llvm)",
     compiler::make_native_tier},
};

}  // namespace

std::span<const TierFactory> tier_factories() { return kTiers; }

const TierFactory& artifact_tier() { return kTiers[1]; }

Result<const TierFactory*> find_tier(std::string_view name) {
  // Compiling each module anew at every start would cost short programs more than it gives long
  // ones: the compiler is for those who ask until compiled code is kept between runs.
  if (name == "auto") return &kTiers[0];
  std::string known = "auto";
  for (const TierFactory& t : kTiers) {
    if (t.name == name) return &t;
    known.append(", ").append(t.name);
  }
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
              "unknown tier '" + std::string(name) + "'; known tiers: " + known);
}

}  // namespace skiff
