// What messages say about names: why one is not a label, and which one was probably meant. The
// rules themselves are in component/types/names.h.
#pragma once

#include <string>
#include <string_view>

namespace skiff::component::wit {

/// Why `s` is not a label, as the end of a sentence ("mixes upper and lower case in `fooBar`");
/// empty when it is.
std::string why_not_label(std::string_view s);

/// The name of `candidates` nearest to a misspelt one, or empty when none is near.
template <class Range>
std::string nearest(std::string_view name, const Range& candidates);

/// Number of edits between two names, at most `limit` + 1.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

template <class Range>
std::string nearest(std::string_view name, const Range& candidates) {
  std::string best;
  size_t best_distance = name.size() / 3 + 1;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate, best_distance);
    if (distance < best_distance) best_distance = distance, best = candidate;
  }
  return best;
}

}  // namespace skiff::component::wit
