// The version of this build; set by CMake's project().
#pragma once

#include <string_view>

namespace skiff {

inline constexpr std::string_view kVersion = SKIFF_VERSION;

}  // namespace skiff
