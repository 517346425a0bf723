// The sections of a module in their order in the binary, by the keywords that place custom annotations.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace skiff::text {

struct SectionKeyword {
  std::string_view keyword;
  uint8_t id;
};
// clang-format off
inline constexpr auto kSections = std::to_array<SectionKeyword>({
    {"type", 1}, {"import", 2}, {"func", 3}, {"table", 4}, {"memory", 5}, {"tag", 13}, {"global", 6},
    {"export", 7}, {"start", 8}, {"elem", 9}, {"datacount", 12}, {"code", 10}, {"data", 11},
});
// clang-format on

}  // namespace skiff::text
