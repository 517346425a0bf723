// In this folder, Type, TypeId, Function and the like are those of WIT; the component's own have
// the same names.
#pragma once

#include "component/wit/model.h"

namespace skiff::component::tools {

using wit::Alias;
using wit::Borrow;
using wit::Enum;
using wit::Flags;
using wit::Function;
using wit::Future;
using wit::InterfaceId;
using wit::List;
using wit::Map;
using wit::Option;
using wit::OrderedMap;
using wit::Own;
using wit::Owner;
using wit::PackageId;
using wit::Param;
using wit::Resolve;
using wit::Resource;
using wit::ResultOf;
using wit::Stream;
using wit::Type;
using wit::TypeBody;
using wit::TypeId;
using wit::Variant;
using wit::World;
using wit::WorldId;
using wit::WorldInterface;
using wit::WorldItem;

}  // namespace skiff::component::tools
