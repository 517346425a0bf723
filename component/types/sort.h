// Sort: what kind of thing a definition, import or export is; each sort has its own index space
// (sorts.def). SortIdx: a reference to one of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace skiff::component {

/// Spec: Binary.md, sort; the core ones and the component ones in one enumeration.
enum class Sort : uint8_t {
#define SKIFF_SORT(ID, IS_CORE, CODE, TEXT) ID,
#include "component/types/sorts.def"
};
inline constexpr size_t kSortCount = 0
#define SKIFF_SORT(ID, IS_CORE, CODE, TEXT) +1
#include "component/types/sorts.def"
    ;

bool is_core(Sort sort);
/// Byte of the binary format (core sorts follow a 0x00 byte where a Sort is expected).
uint8_t code_of(Sort sort);
/// Keyword(s) of the text format: "core func", "instance".
std::string_view text_of(Sort sort);
/// From the byte of the binary format.
std::optional<Sort> sort_from_code(bool core, uint8_t code);

struct SortIdx {
  Sort sort = Sort::Func;
  uint32_t index = 0;
  bool operator==(const SortIdx&) const = default;
};

}  // namespace skiff::component
