// Executing plans: a component instance from a compiled component and items for its imports.
#pragma once

#include <span>

#include "component/exec/component.h"
#include "component/exec/item.h"
#include "component/exec/store.h"

namespace skiff::component {

/// Instantiates. `imports` gives the item of each import by its name; they have been matched.
/// Errors: those of core instantiation (Trap, Resource); LimitExceeded.
using ImportMap = std::map<std::string, Item, std::less<>>;
RunResult<std::shared_ptr<const InstanceItem>> instantiate_item(ComponentStore& store, const ComponentItem& component,
                                                                const ImportMap& imports,
                                                                ComponentInstance* parent = nullptr);

/// What resource ids of a type table stand for at run time.
using ResourceBindings = std::unordered_map<ResourceId, const ResourceType*>;
/// Is `item` what an import of this type asks for? Resources that the import brings are bound. Errors: IncompatibleImport
/// ones that name the place.
Status match_item(const TypeRegistry& registry, const Item& item, const TypeTable& types, const ExternType& type,
                  ResourceBindings& bindings);

}  // namespace skiff::component
