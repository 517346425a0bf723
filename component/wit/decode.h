// Component binaries as WIT: packages (encode.h), and the worlds that core modules carry in custom
// sections. The input is not trusted and need not have been validated; every index and name is
// checked here. Documentation and gates are not in the binary form.
#pragma once

#include "component/types/component.h"
#include "component/valid/valid.h"
#include "component/wit/encode.h"
#include "component/wit/resolve.h"

namespace skiff::component::wit {

/// True when a component looks like a WIT package: it exports types and has nothing else.
bool is_wit_package(const Component& component);

/// The packages that a component made by encode_package() stands for. Interfaces of other packages
/// hold what was used of them. Errors: InvalidWit, ImplementationLimit.
Result<Resolved> decode_package(const Component& component);
/// The same from bytes. Errors: also those of decode_component().
Result<Resolved> decode_package(SharedBytes binary);

struct DecodedWorld {
  Resolve resolve;
  WorldId world;
  StringEncoding strings = StringEncoding::Utf8;
};
/// The contents of a custom section whose name begins with kWorldSection. Errors: as
/// decode_package().
Result<DecodedWorld> decode_world_section(SharedBytes contents);

/// What a component imports and exports, as the world "root:component/root". Types that are equal
/// in structure and belong to several interfaces count as used from the first one. Errors:
/// InvalidWit for what WIT cannot say (core modules, components, values), ImplementationLimit.
Result<DecodedWorld> decode_component_world(const ComponentInfo& info);

}  // namespace skiff::component::wit
