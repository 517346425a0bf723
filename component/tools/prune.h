// Taking out of a world what a component does not use, so that hosts need not provide it.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "component/wit/model.h"

namespace skiff::component::tools {

/// Imported functions: key of the world's import (empty for functions of the world) and name; an
/// empty name keeps the interface even if nothing of it is used.
using UsedFunctions = std::set<std::pair<std::string, std::string>>;

/// Keeps of the imports the used functions and types, and the types that these, the exports and the
/// world itself need. Interfaces that are exported too stay whole.
void prune_imports(wit::Resolve& resolve, wit::WorldId world, const UsedFunctions& used,
                   const std::vector<wit::TypeId>& used_types);

}  // namespace skiff::component::tools
