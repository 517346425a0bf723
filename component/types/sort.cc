// Sorts by the table of sorts.def.
#include "component/types/sort.h"

namespace skiff::component {

namespace {
struct Row {
  bool is_core;
  uint8_t code;
  std::string_view text;
};
constexpr Row kRows[] = {
#define SKIFF_SORT(ID, IS_CORE, CODE, TEXT) {IS_CORE, CODE, TEXT},
#include "component/types/sorts.def"
};
const Row& row(Sort sort) { return kRows[static_cast<size_t>(sort)]; }
}  // namespace

bool is_core(Sort sort) { return row(sort).is_core; }
uint8_t code_of(Sort sort) { return row(sort).code; }
std::string_view text_of(Sort sort) { return row(sort).text; }

std::optional<Sort> sort_from_code(bool core, uint8_t code) {
  for (size_t i = 0; i < kSortCount; ++i)
    if (kRows[i].is_core == core && kRows[i].code == code) return static_cast<Sort>(i);
  return std::nullopt;
}

}  // namespace skiff::component
