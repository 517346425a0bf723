// components_equal: whether two components have the same definitions, names and custom sections, wherever
// they stand. Core modules are compared as modules, so that their encodings may differ. For tests and
// round trip checks.
#pragma once

#include "component/types/component.h"

namespace skiff::component {

/// Name sections count by what they say: `names`, not the bytes among `customs`.
bool components_equal(const Component& a, const Component& b);

}  // namespace skiff::component
