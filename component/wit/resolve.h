// From WIT text to the model: parse, find packages, resolve names, apply feature gates, merge
// includes, elaborate worlds. Work and memory are bounded by a small multiple of the input, and by
// kMaxItems where WIT multiplies (every world lists all it imports). Spec: WIT.md.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "component/wit/model.h"
#include "component/wit/source.h"
#include "engine/syntax/features.h"

namespace skiff::component::wit {

struct Options {
  /// Which gated parts of the language are accepted (Features::Cm*).
  Features features;
  /// Names of @unstable features whose items are kept.
  std::vector<std::string> unstable;
  /// Keeps the items of all @unstable features.
  bool all_unstable = false;
};

/// The most items that worlds may list, interfaces may depend on, all together.
inline constexpr size_t kMaxItems = 1'000'000;

/// Files that make up one package (those of a directory, or one file); they may bring nested
/// packages.
struct SourceGroup {
  std::vector<uint32_t> files;
};

struct Resolved {
  Resolve resolve;
  PackageId main;
};

/// Resolves the package of groups[0], with the other groups as its dependencies.
/// Errors: MalformedWit, InvalidWit, FeatureDisabled, LimitExceeded, with "file:line:column: cause;
/// suggestion".
Result<Resolved> resolve_sources(const SourceMap& sources, std::span<const SourceGroup> groups,
                                 const Options& options);

/// Resolves one text. `path` is for messages.
Result<Resolved> parse_wit(std::string path, std::string text, const Options& options);

}  // namespace skiff::component::wit
