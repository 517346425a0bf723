// The name section of components (Spec: Binary.md, Name Section). It never makes a component malformed:
// what cannot be read is left out.
#include <algorithm>

#include "component/binary/decode_parts.h"

namespace skiff::component::detail {
namespace {

// Of several names for one index, one stays.
void tidy(std::vector<std::pair<uint32_t, std::string>>& names) {
  const auto index = [](const auto& entry) { return entry.first; };
  std::ranges::sort(names, {}, index);
  const auto rest = std::ranges::unique(names, {}, index);
  names.erase(rest.begin(), rest.end());
}

void read_sort_names(Reader& reader, const Context& context, ComponentNames& names) {
  const Sort sort = read_sort(reader, context, "sort");
  if (!reader.ok()) return;
  auto& map = names.of_sort[static_cast<size_t>(sort)];
  const uint32_t n = reader.count();
  for (uint32_t i = 0; i < n && reader.ok(); ++i) {
    const uint32_t index = reader.u32();
    std::string name = read_string(reader);
    if (reader.ok()) map.emplace_back(index, std::move(name));
  }
}

}  // namespace

ComponentNames read_names(ByteSpan content, Features features) {
  ComponentNames names;
  Context context{features};
  Reader reader(content);
  while (reader.ok() && !reader.at_end()) {
    const uint8_t id = reader.u8();
    Reader subsection(reader.bytes(reader.u32()));
    if (!reader.ok()) break;
    if (id == 0) {
      std::string name = read_string(subsection);
      if (subsection.ok()) names.component = std::move(name);
    } else if (id == 1) {
      read_sort_names(subsection, context, names);
    }
  }
  for (auto& map : names.of_sort) tidy(map);
  return names;
}

}  // namespace skiff::component::detail
