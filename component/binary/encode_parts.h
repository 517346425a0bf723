// What the printer shares with the encoder of components.
#pragma once

#include <vector>

#include "component/types/component.h"

namespace skiff::component::detail {

/// Spec: Name Section, the content behind its name; empty when there are no names.
std::vector<uint8_t> encode_names(const ComponentNames& names);

}  // namespace skiff::component::detail
