// Names of imports and exports, and the labels in types (Spec: Explainer.md, Import and Export Definitions,
// Name Uniqueness, Canonical Interface Name): their grammar, and the strong form of uniqueness.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/result.h"
#include "engine/syntax/features.h"

namespace skiff::component {

/// Spec: label. Fragments joined by '-', each of one case, the first beginning with a letter.
bool is_label(std::string_view text);
/// Spec: words, of namespaces and packages: a label in lower case.
bool is_words(std::string_view text);
/// Spec: valid semver, as Semantic Versioning 2.0 defines it; no bound on the size of the numbers.
bool is_semver(std::string_view text);
/// Spec: canonversion.
bool is_canonical_version(std::string_view text);

/// An externname taken apart; views into the name.
struct ParsedName {
  enum class Kind : uint8_t { Label, Constructor, Method, Static, Interface };
  Kind kind = Kind::Label;
  std::string_view resource;    // Constructor, Method, Static: label of the resource
  std::string_view label;       // Label, Method, Static: label of the function or other definition
  // Interface, e.g. "wasi:io/streams@0.2.0":
  std::string_view package;     // "wasi:io"
  std::string_view projection;  // "streams"
  std::string_view version;     // "0.2.0", or empty
};

/// Spec: externname. `features`: CmNestedNames, CmCanonicalNames widen the grammar.
/// Errors: InvalidComponent at `offset`.
Result<ParsedName> parse_extern_name(std::string_view name, Features features, uint64_t offset = kNoOffset);

/// Spec: Name Uniqueness: names of one scope must differ in this form.
std::string strong_name(std::string_view name);

/// The names of one scope so far.
class StrongNames {
 public:
  /// Adds a name; the earlier name that it conflicts with, or null. Views must outlive this.
  const std::string_view* add(std::string_view name);

 private:
  std::unordered_map<std::string, std::string_view> names_;
};

}  // namespace skiff::component
