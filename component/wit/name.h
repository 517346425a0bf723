// Names of WIT and of components' imports and exports: the grammar of labels (kebab case with words and
// acronyms), and the strong uniqueness that names in one scope must have.
// Spec: Component Model Explainer, "Import and Export Definitions" and "Name Uniqueness".
#pragma once

#include <string>
#include <string_view>

namespace skiff::component::wit {

/// True for a label: fragments joined by '-', the first beginning with a letter, each all lower case or all
/// upper case with digits anywhere.
bool is_label(std::string_view s);

/// Why `s` is not a label, as the end of a sentence ("mixes upper and lower case in `fooBar`"); empty when it is.
std::string why_not_label(std::string_view s);

/// True for the words of namespaces and package names: a label without upper case.
bool is_lower_label(std::string_view s);

/// The form in which names of one scope must differ: lower case; "[method]l.l" and "[static]l.l" become "l";
/// other annotations but "[constructor]" are dropped.
std::string strong_name(std::string_view name);

/// The name of `candidates` nearest to a misspelt one, or empty when none is near.
template <class Range>
std::string nearest(std::string_view name, const Range& candidates);

/// Number of edits between two names, at most `limit` + 1.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

template <class Range>
std::string nearest(std::string_view name, const Range& candidates) {
  std::string best;
  size_t best_distance = name.size() / 3 + 2;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate, best_distance);
    if (distance < best_distance) best_distance = distance, best = candidate;
  }
  return best;
}

}  // namespace skiff::component::wit
