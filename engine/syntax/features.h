// Features: the run-time set of enabled proposals (features.def). A plain value, passed by copy.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/result.h"

namespace skiff {

enum class Feature : uint8_t {
#define SKIFF_FEATURE(ID, NAME, DEFAULT, WHAT) ID,
#include "engine/syntax/features.def"
#undef SKIFF_FEATURE
};

/// The name used by --features, e.g. "multi-memory".
std::string_view name_of(Feature feature);

class Features {
 public:
  /// The defaults of features.def.
  constexpr Features() {
#define SKIFF_FEATURE(ID, NAME, DEFAULT, WHAT) set(Feature::ID, DEFAULT);
#include "engine/syntax/features.def"
#undef SKIFF_FEATURE
  }
  /// Everything on.
  static constexpr Features all() {
    Features f;
    f.bits_ = ~uint64_t{0};
    return f;
  }
  constexpr bool has(Feature f) const { return bits_ >> static_cast<unsigned>(f) & 1; }
  constexpr void set(Feature f, bool on) {
    const uint64_t bit = uint64_t{1} << static_cast<unsigned>(f);
    bits_ = on ? bits_ | bit : bits_ & ~bit;
  }
  /// Applies a list like "+threads,-gc,all,none" from left to right ("gc" alone means "+gc").
  /// Errors: InvalidArgument naming the unknown feature and listing the known ones.
  Status apply(std::string_view list);
  constexpr bool operator==(const Features&) const = default;
  constexpr uint64_t bits() const { return bits_; }

 private:
  uint64_t bits_ = 0;
};

}  // namespace skiff
