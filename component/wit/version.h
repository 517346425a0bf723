// Versions of WIT packages: Semantic Versioning 2.0, its order, and the compatibility classes by
// which interfaces of different versions are linked (Component Model: canonical interface names).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::component::wit {

/// A version as Semantic Versioning 2.0 defines it. `pre` and `build` are without their '-' and
/// '+'.
struct Version {
  uint64_t major = 0;
  uint64_t minor = 0;
  uint64_t patch = 0;
  std::string pre = {};
  std::string build = {};

  std::string to_string() const;
  bool operator==(const Version&) const = default;
};

/// The version that `text` is, in full; nothing when it is not a valid one (leading zeroes, empty
/// identifiers, numbers above 64 bits).
std::optional<Version> parse_version(std::string_view text);

/// Precedence: negative, zero or positive as a is before, equal to or after b. Build metadata is
/// ignored.
int compare(const Version& a, const Version& b);

/// A version split after the part that must be equal for two versions to be compatible:
/// 1.2.3 -> "1" ".2.3"; 0.2.6-rc.1 -> "0.2" ".6-rc.1"; 0.0.1-alpha -> "0.0.1" "-alpha".
struct CanonicalVersion {
  std::string canon;
  std::string suffix;
};
CanonicalVersion canonical(const Version& v);

/// True when an interface of version a may be linked with one of version b, as far as names go:
/// both have the same canonical version. A pre-release is compatible only with exactly itself,
/// since it promises nothing.
bool semver_compatible(const Version& a, const Version& b);

/// "wasi:io/streams@0.2.3" -> "wasi:io/streams@0.2". Names without a version, with one that is
/// already canonical, or with a pre-release stay as they are.
std::string canonical_interface_name(std::string_view name);

/// True when an import of one name may be satisfied by an export of the other: equal, or the same
/// interface in compatible versions.
bool names_compatible(std::string_view a, std::string_view b);

}  // namespace skiff::component::wit
