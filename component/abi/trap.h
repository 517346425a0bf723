// CmTrap: why something of the component model traps (traps.def). Becomes a Trap of the engine with code
// TrapCode::Component and the text as its detail.
#pragma once

#include <cstdint>
#include <string_view>

namespace skiff::component {

enum class CmTrap : uint8_t {
#define SKIFF_CM_TRAP(ID, TEXT) ID,
#include "component/abi/traps.def"
};
std::string_view text_of(CmTrap trap);

}  // namespace skiff::component
