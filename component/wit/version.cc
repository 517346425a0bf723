// Parsing, order and compatibility of versions. Spec: Semantic Versioning 2.0, items 2, 9, 10
// and 11.
#include "component/wit/version.h"

#include <algorithm>

namespace skiff::component::wit {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_identifier_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool is_numeric(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), is_digit);
}

// A decimal number without leading zeroes, cut off the front of `text`.
std::optional<uint64_t> take_number(std::string_view& text) {
  size_t n = 0;
  uint64_t value = 0;
  for (; n < text.size() && is_digit(text[n]); ++n) {
    const uint64_t digit = static_cast<uint64_t>(text[n] - '0');
    if (value > (~uint64_t{0} - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (n == 0 || (n > 1 && text[0] == '0')) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

// Cuts the part before the first '.' off the front.
std::string_view take_identifier(std::string_view& text) {
  const size_t dot = text.find('.');
  const std::string_view part = text.substr(0, dot);
  text = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  return part;
}

// Dot-separated non-empty identifiers; numeric ones without leading zeroes when `numeric_rule`.
bool are_identifiers(std::string_view text, bool numeric_rule) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const std::string_view part = take_identifier(text);
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_identifier_char)) return false;
    if (numeric_rule && part.size() > 1 && part[0] == '0' && is_numeric(part)) return false;
  }
  return true;
}

int sign(auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; }

int compare_identifier(std::string_view a, std::string_view b) {
  const bool a_number = is_numeric(a);
  const bool b_number = is_numeric(b);
  if (a_number != b_number) return a_number ? -1 : 1;
  if (a_number && a.size() != b.size()) return sign(a.size(), b.size());
  return sign(a.compare(b), 0);
}

int compare_pre(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return sign(a.empty(), b.empty());
  while (!a.empty() && !b.empty())
    if (const int order = compare_identifier(take_identifier(a), take_identifier(b))) return order;
  return sign(!a.empty(), !b.empty());
}

}  // namespace

std::string Version::to_string() const {
  std::string s = std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
  if (!pre.empty()) s += '-' + pre;
  if (!build.empty()) s += '+' + build;
  return s;
}

std::optional<Version> parse_version(std::string_view text) {
  Version v;
  uint64_t* const parts[] = {&v.major, &v.minor, &v.patch};
  for (size_t i = 0; i < 3; ++i) {
    if (i != 0) {
      if (text.empty() || text[0] != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    const std::optional<uint64_t> number = take_number(text);
    if (!number) return std::nullopt;
    *parts[i] = *number;
  }
  const size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    v.build = text.substr(plus + 1);
    if (!are_identifiers(v.build, false)) return std::nullopt;
    text = text.substr(0, plus);
  }
  if (text.empty()) return v;
  if (text[0] != '-') return std::nullopt;
  v.pre = text.substr(1);
  if (!are_identifiers(v.pre, true)) return std::nullopt;
  return v;
}

int compare(const Version& a, const Version& b) {
  if (const int order = sign(a.major, b.major)) return order;
  if (const int order = sign(a.minor, b.minor)) return order;
  if (const int order = sign(a.patch, b.patch)) return order;
  return compare_pre(a.pre, b.pre);
}

CanonicalVersion canonical(const Version& v) {
  const std::string whole = v.to_string();
  size_t split = whole.find('.');
  if (v.major == 0) split = whole.find('.', split + 1);
  if (v.major == 0 && v.minor == 0) split = std::min(whole.find_first_of("-+"), whole.size());
  return {whole.substr(0, split), whole.substr(split)};
}

bool semver_compatible(const Version& a, const Version& b) {
  if (!a.pre.empty() || !b.pre.empty()) return compare(a, b) == 0;
  return canonical(a).canon == canonical(b).canon;
}

std::string canonical_interface_name(std::string_view name) {
  const size_t at = name.find('@');
  if (at == std::string_view::npos) return std::string(name);
  const std::optional<Version> v = parse_version(name.substr(at + 1));
  if (!v || !v->pre.empty()) return std::string(name);
  return std::string(name.substr(0, at + 1)) + canonical(*v).canon;
}

bool names_compatible(std::string_view a, std::string_view b) {
  return a == b || canonical_interface_name(a) == canonical_interface_name(b);
}

}  // namespace skiff::component::wit
