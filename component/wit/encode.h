// WIT as component binaries: a package is a component that exports a type for each interface and
// world; a world is also what the custom section `component-type` of a core module holds.
// Documentation and gates have no place in this form (Spec: WIT.md, Package Format); what is
// switched off is absent.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "component/types/component.h"
#include "component/wit/model.h"

namespace skiff::component::wit {

/// Prefix of the names of custom sections that hold a world; linkers keep several apart by what
/// follows it.
inline constexpr std::string_view kWorldSection = "component-type";
/// Custom section inside such a component: a version byte, and how the core module encodes strings.
inline constexpr std::string_view kEncodingSection = "wit-component-encoding";
inline constexpr uint8_t kEncodingVersion = 4;

/// The component that stands for a package.
Component package_component(const Resolve& resolve, PackageId package);
std::vector<uint8_t> encode_package(const Resolve& resolve, PackageId package);

/// The component type of a world: what its components import and export.
ComponentTypeDef world_type(const Resolve& resolve, WorldId world);

/// A type's body as a definition. `value` gives the parts; for the resource of a handle, its index.
/// Requires: neither Alias nor Resource.
component::TypeDef type_definition(const TypeBody& body,
                                   const std::function<ValTypeRef(const Type&)>& value);

/// The component that stands for a world alone, with the way its core modules encode strings: the
/// contents of a kWorldSection.
Component world_component(const Resolve& resolve, WorldId world, StringEncoding strings);
std::vector<uint8_t> encode_world_section(const Resolve& resolve, WorldId world,
                                          StringEncoding strings);

}  // namespace skiff::component::wit
