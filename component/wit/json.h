// The model as JSON, in the schema that other WIT tools print: an object of the arrays worlds,
// interfaces, types and packages, which refer to each other by index. Stable: bindings generators
// in other languages read it.
#pragma once

#include <string>

#include "component/wit/model.h"

namespace skiff::component::wit {

/// `indent`: spaces a level; 0: all on one line.
std::string to_json(const Resolve& resolve, unsigned indent = 2);

}  // namespace skiff::component::wit
