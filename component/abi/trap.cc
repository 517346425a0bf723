// Texts of traps.
#include "component/abi/trap.h"

#include "engine/base/check.h"

namespace skiff::component {
namespace {

constexpr std::string_view kTexts[] = {
#define SKIFF_CM_TRAP(ID, TEXT) TEXT,
#include "component/abi/traps.def"
};

}  // namespace

std::string_view text_of(CmTrap trap) {
  SKIFF_CHECK(static_cast<size_t>(trap) < std::size(kTexts));
  return kTexts[static_cast<size_t>(trap)];
}

}  // namespace skiff::component
