// Item: what a component imports or exports at run time, of any sort. Instances are maps of names to items:
// those of component instances, or what the host puts together.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "component/abi/value.h"
#include "component/exec/func.h"
#include "component/exec/resource.h"
#include "component/types/types.h"
#include "engine/exec/engine.h"

namespace skiff::component {

struct InstanceItem;
class ComponentItem;

struct Item {
  Sort sort = Sort::Func;            // CoreModule, Func, Value, Type, Component, Instance
  FuncPtr func;
  ModulePtr module;
  std::shared_ptr<const InstanceItem> instance;
  std::shared_ptr<const ComponentItem> component;
  std::shared_ptr<ResourceType> resource;  // Type that is a resource
  Val value;
  /// Of Types that are no resources, Values and Components: the type.
  TypeTablePtr types;
  ExternType type;

  static Item of(FuncPtr func) {
    Item item;
    item.func = std::move(func);
    return item;
  }
  static Item of(ModulePtr module) {
    Item item;
    item.sort = Sort::CoreModule;
    item.module = std::move(module);
    return item;
  }
  static Item of(std::shared_ptr<const InstanceItem> instance) {
    Item item;
    item.sort = Sort::Instance;
    item.instance = std::move(instance);
    return item;
  }
  static Item of(std::shared_ptr<ResourceType> resource) {
    Item item;
    item.sort = Sort::Type;
    item.resource = std::move(resource);
    return item;
  }
};

struct InstanceItem {
  std::map<std::string, Item, std::less<>> exports;
  const Item* find(std::string_view name) const {
    const auto found = exports.find(name);
    return found == exports.end() ? nullptr : &found->second;
  }
};

}  // namespace skiff::component
