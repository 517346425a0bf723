// ComponentBuilder: appends definitions to a component and gives each its index. One method for
// each thing that the tools write.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "component/types/component.h"

namespace skiff::component::tools {

class ComponentBuilder {
 public:
  /// Appends a definition; the index of what it introduces, of the sort given.
  template <class T>
  uint32_t add(Sort sort, T def) {
    component_.definitions.push_back({std::move(def), 0});
    return counts_[static_cast<size_t>(sort)]++;
  }

  uint32_t core_module(std::vector<uint8_t> binary) {
    return add(Sort::CoreModule, CoreModuleDef{SharedBytes::own(std::move(binary)), 0});
  }
  uint32_t core_instance(uint32_t module, std::vector<CoreInstantiateArg> args) {
    return add(Sort::CoreInstance, CoreInstanceDef{module, std::move(args), {}});
  }
  uint32_t core_exports(std::vector<CoreInlineExport> exports) {
    return add(Sort::CoreInstance, CoreInstanceDef{std::nullopt, {}, std::move(exports)});
  }
  /// An export of a core instance.
  uint32_t core_alias(Sort sort, uint32_t instance, std::string_view name) {
    return add(sort, AliasDef{AliasDef::Kind::CoreExport, sort, instance, 0, std::string(name)});
  }
  /// An export of an instance.
  uint32_t alias(Sort sort, uint32_t instance, std::string_view name) {
    return add(sort, AliasDef{AliasDef::Kind::Export, sort, instance, 0, std::string(name)});
  }
  uint32_t type(TypeDef def) { return add(Sort::Type, std::move(def)); }
  /// A canonical definition that makes a core function.
  uint32_t canon(CanonDef def) { return add(Sort::CoreFunc, std::move(def)); }
  uint32_t lift(CanonDef def) { return add(Sort::Func, std::move(def)); }
  uint32_t import(ExternName name, ExternTypeRef type) {
    return add(type.sort, ImportDef{std::move(name), type});
  }
  uint32_t export_(ExternName name, SortIdx value, std::optional<ExternTypeRef> type = {}) {
    return add(value.sort, ExportDef{std::move(name), value, type});
  }
  uint32_t instance(uint32_t component, std::vector<InstantiateArg> args) {
    return add(Sort::Instance, InstanceDef{component, std::move(args), {}});
  }
  uint32_t component(Component nested) {
    return add(Sort::Component, ComponentDef{std::make_shared<const Component>(std::move(nested))});
  }

  uint32_t count(Sort sort) const { return counts_[static_cast<size_t>(sort)]; }
  Component take() { return std::move(component_); }

 private:
  Component component_;
  std::array<uint32_t, kSortCount> counts_{};
};

inline ExternName plain_name(std::string name) {
  return {std::move(name), std::nullopt, std::nullopt, std::nullopt};
}

}  // namespace skiff::component::tools
