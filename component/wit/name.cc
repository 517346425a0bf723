// Faults of labels, and distances for suggestions.
#include "component/wit/name.h"

#include <algorithm>
#include <vector>

namespace skiff::component::wit {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Names longer than this get no suggestions: the distance takes quadratic time.
constexpr size_t kLongestSuggested = 64;

}  // namespace

std::string why_not_label(std::string_view s) {
  if (s.empty()) return "is empty";
  if (is_digit(s[0])) return "begins with a digit";
  bool lower = false;
  bool upper = false;
  size_t start = 0;
  for (size_t i = 0; i <= s.size(); ++i) {
    if (i == s.size() || s[i] == '-') {
      if (i == start)
        return i == 0          ? "begins with `-`"
               : i == s.size() ? "ends with `-`"
                               : "has two `-` in a row";
      lower = upper = false;
      start = i + 1;
      continue;
    }
    if (!is_lower(s[i]) && !is_upper(s[i]) && !is_digit(s[i]))
      return s[i] == '_' ? "has a `_` where kebab-case has `-`"
                         : "has a character other than letters, digits and `-`";
    lower |= is_lower(s[i]);
    upper |= is_upper(s[i]);
    if (lower && upper) return "mixes upper and lower case in one word";
  }
  return {};
}

size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  const size_t apart = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (apart > limit || a.size() > kLongestSuggested || b.size() > kLongestSuggested)
    return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return std::min(row.back(), limit + 1);
}

}  // namespace skiff::component::wit
