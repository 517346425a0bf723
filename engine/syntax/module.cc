// Look-ups in name maps.
#include "engine/syntax/module.h"

#include <algorithm>

namespace skiff {
namespace {

template <class Entries>
auto find_entry(const Entries& entries, uint32_t index) {
  auto it = std::lower_bound(entries.begin(), entries.end(), index,
                             [](const auto& entry, uint32_t i) { return entry.first < i; });
  return it != entries.end() && it->first == index ? &*it : nullptr;
}

}  // namespace

std::string_view NameMap::find(uint32_t index) const {
  const auto* entry = find_entry(entries, index);
  return entry ? entry->second : std::string_view{};
}

std::string_view IndirectNameMap::find(uint32_t outer, uint32_t inner) const {
  const auto* entry = find_entry(entries, outer);
  return entry ? entry->second.find(inner) : std::string_view{};
}

}  // namespace skiff
