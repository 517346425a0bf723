// The lexical grammar of names, one small scanner a production.
#include "component/types/names.h"

#include <algorithm>

namespace skiff::component {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::unexpected<Error> bad(uint64_t offset, std::string detail) {
  return fail(ErrorCode::InvalidComponent, offset, kNoIndex, std::move(detail));
}

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

// Spec (semver): numeric identifier.
bool is_number(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), is_digit) && (s.size() == 1 || s[0] != '0');
}

// Spec (semver): dot-separated identifiers; numeric ones of a pre-release have no leading zeroes.
bool are_identifiers(std::string_view s, bool pre_release) {
  for (;;) {
    const size_t dot = s.find('.');
    const std::string_view id = s.substr(0, dot);
    if (id.empty()) return false;
    if (!std::all_of(id.begin(), id.end(),
                     [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '-'; }))
      return false;
    if (pre_release && std::all_of(id.begin(), id.end(), is_digit) && !is_number(id)) return false;
    if (dot == std::string_view::npos) return true;
    s.remove_prefix(dot + 1);
  }
}

// Why a version is not one.
std::string why_not_semver(std::string_view version) {
  if (version.empty()) return "empty string, expected a semver version";
  static constexpr std::string_view kAllowed = "0123456789";
  std::string_view core = version.substr(0, version.find_first_of("+-"));
  int part = 0;
  size_t i = 0;
  for (; part < 3; ++part) {
    const size_t start = i;
    while (i < core.size() && kAllowed.find(core[i]) != std::string_view::npos) ++i;
    if (i == start || (part < 2 && i < core.size() && core[i] != '.')) {
      if (i < core.size()) return "unexpected character '" + std::string(1, core[i]) + "' in a semver version";
      return "unexpected end of input in a semver version";
    }
    if (core[start] == '0' && i - start > 1) return "leading zero in a semver version";
    if (part < 2 && i++ >= core.size()) return "unexpected end of input in a semver version";
  }
  if (i != core.size()) return "unexpected character '" + std::string(1, core[i]) + "' in a semver version";
  return "empty identifier segment or bad character in the pre-release or build of a semver version";
}

Result<ParsedName> resource_name(ParsedName p, std::string_view rest, uint64_t offset) {
  if (p.kind == ParsedName::Kind::Constructor) {
    p.resource = rest;
  } else {
    const size_t dot = rest.find('.');
    if (dot == std::string_view::npos)
      return bad(offset, "failed to find `.` character in " + quoted(rest));
    p.resource = rest.substr(0, dot);
    p.label = rest.substr(dot + 1);
    if (!is_label(p.label)) return bad(offset, quoted(p.label) + " is not in kebab case");
  }
  if (!is_label(p.resource)) return bad(offset, quoted(p.resource) + " is not in kebab case");
  return p;
}

// Spec: namespace+ words, nested ones by feature.
Status package_name(std::string_view package, std::string_view name, Features features, uint64_t offset) {
  size_t parts = 0;
  for (std::string_view rest = package;; ++parts) {
    const size_t colon = rest.find(':');
    const std::string_view part = rest.substr(0, colon);
    if (parts == 2 && !features.has(Feature::CmNestedNames))
      return bad(offset, "expected `/` after package name in " + quoted(name));
    if (!is_label(part)) return bad(offset, quoted(part) + " is not in kebab case");
    if (!is_words(part))
      return bad(offset, quoted(part) + " has upper case");
    if (colon == std::string_view::npos) return {};
    rest.remove_prefix(colon + 1);
  }
}

Result<ParsedName> interface_name(std::string_view name, Features features, uint64_t offset) {
  ParsedName p;
  p.kind = ParsedName::Kind::Interface;
  const size_t at = name.find('@');
  const std::string_view path = name.substr(0, at);
  const size_t slash = path.find('/');
  p.package = path.substr(0, slash);
  if (Status s = package_name(p.package, name, features, offset); !s)
    return std::unexpected(std::move(s).error());
  if (slash == std::string_view::npos) return bad(offset, "expected `/` after package name in " + quoted(name));
  p.projection = path.substr(slash + 1);
  for (std::string_view rest = p.projection;;) {
    const size_t next = rest.find('/');
    if (!is_label(rest.substr(0, next))) return bad(offset, quoted(rest.substr(0, next)) + " is not in kebab case");
    if (next == std::string_view::npos) break;
    if (!features.has(Feature::CmNestedNames))
      return bad(offset, "trailing characters found: " + quoted(rest.substr(next)));
    rest.remove_prefix(next + 1);
  }
  if (at == std::string_view::npos) return p;
  p.version = name.substr(at + 1);
  const bool ok = is_semver(p.version) ||
                  (features.has(Feature::CmCanonicalNames) && is_canonical_version(p.version));
  if (!ok)
    return bad(offset, quoted(p.version) + " is not a valid semver: " + why_not_semver(p.version));
  return p;
}

}  // namespace

bool is_label(std::string_view s) {
  if (s.empty() || is_digit(s[0])) return false;
  bool lower = false, upper = false;
  size_t length = 0;  // of the fragment
  for (size_t i = 0; i <= s.size(); ++i) {
    if (i == s.size() || s[i] == '-') {
      if (length == 0) return false;
      lower = upper = false;
      length = 0;
      continue;
    }
    ++length;
    lower |= is_lower(s[i]);
    upper |= is_upper(s[i]);
    if (!is_lower(s[i]) && !is_upper(s[i]) && !is_digit(s[i])) return false;
    if (lower && upper) return false;
  }
  return true;
}

bool is_words(std::string_view s) { return is_label(s) && std::none_of(s.begin(), s.end(), is_upper); }

bool is_semver(std::string_view s) {
  const size_t plus = s.find('+');
  if (plus != std::string_view::npos && !are_identifiers(s.substr(plus + 1), false)) return false;
  s = s.substr(0, plus);
  const size_t dash = s.find('-');
  if (dash != std::string_view::npos && !are_identifiers(s.substr(dash + 1), true)) return false;
  s = s.substr(0, dash);
  for (int i = 0; i < 2; ++i) {
    const size_t dot = s.find('.');
    if (dot == std::string_view::npos || !is_number(s.substr(0, dot))) return false;
    s.remove_prefix(dot + 1);
  }
  return is_number(s);
}

bool is_canonical_version(std::string_view s) {
  if (s == "0.0.0") return true;
  if (s.starts_with("0.0.")) s.remove_prefix(4);
  else if (s.starts_with("0.")) s.remove_prefix(2);
  return is_number(s) && s != "0";
}

namespace {

Result<ParsedName> parse(std::string_view name, Features features, uint64_t offset) {
  ParsedName p;
  const std::pair<std::string_view, ParsedName::Kind> annotations[] = {
      {"[constructor]", ParsedName::Kind::Constructor},
      {"[method]", ParsedName::Kind::Method},
      {"[static]", ParsedName::Kind::Static}};
  for (const auto& [prefix, kind] : annotations) {
    if (!name.starts_with(prefix)) continue;
    p.kind = kind;
    return resource_name(p, name.substr(prefix.size()), offset);
  }
  if (name.find(':') != std::string_view::npos) return interface_name(name, features, offset);
  if (!is_label(name)) return bad(offset, quoted(name) + " is not in kebab case");
  p.label = name;
  return p;
}

}  // namespace

Result<ParsedName> parse_extern_name(std::string_view name, Features features, uint64_t offset) {
  Result<ParsedName> parsed = parse(name, features, offset);
  if (!parsed) parsed.error().detail = quoted(name) + " is not a valid extern name: " + parsed.error().detail;
  return parsed;
}

std::string strong_name(std::string_view name) {
  std::string s(name);
  for (char& c : s)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  if (s.empty() || s[0] != '[' || s.starts_with("[constructor]")) return s;
  const size_t close = s.find(']');
  if (close == std::string::npos) return s;
  s.erase(0, close + 1);
  const size_t dot = s.find('.');
  if (dot != std::string::npos && s.compare(0, dot, s, dot + 1, std::string::npos) == 0) s.erase(dot);
  return s;
}

const std::string_view* StrongNames::add(std::string_view name) {
  auto [it, added] = names_.emplace(strong_name(name), name);
  return added ? nullptr : &it->second;
}

}  // namespace skiff::component
