// CompiledComponent: a validated component with its compiled core modules and its plan. Immutable, may be
// instantiated in any number of stores of its engine; it must not outlive that.
// Thread: any.
#pragma once

#include <memory>

#include "component/exec/plan.h"
#include "component/types/component.h"
#include "component/valid/valid.h"
#include "engine/exec/engine.h"

namespace skiff::component {

class CompiledComponent {
 public:
  const ComponentInfo& info() const { return *info_; }
  const ComponentType& type() const { return info_->types->get<ComponentType>(info_->type); }
  const TypeTablePtr& types() const { return info_->types; }
  const Plan& plan() const { return plan_; }
  const ModuleMap& modules() const { return modules_; }
  Engine& engine() const { return *engine_; }

 private:
  friend Result<std::shared_ptr<const CompiledComponent>> compile_component(Engine&, SharedBytes);
  Engine* engine_ = nullptr;
  ModuleMap modules_;
  std::unique_ptr<ComponentInfo> info_;
  Plan plan_;
};
using ComponentPtr = std::shared_ptr<const CompiledComponent>;

/// Decodes, validates, compiles the core modules, flattens.
/// Errors: malformed, invalid, resource, LimitExceeded.
Result<ComponentPtr> compile_component(Engine& engine, SharedBytes binary);

/// A component as an item: with what its definition refers to outside of itself.
class ComponentItem {
 public:
  /// A whole component. Requires: it has a definition of its own, no captures.
  explicit ComponentItem(ComponentPtr root);
  /// A definition inside of one. Requires: `captured` in the order of `captures`.
  ComponentItem(ComponentPtr root, const ComponentInfo& info, Captures captures, std::vector<struct Item> captured);
  ~ComponentItem();

  const ComponentInfo& info() const { return *info_; }
  const ComponentPtr& root() const { return root_; }
  /// Its own plan; of a definition inside of another, made anew. Errors: as flatten.
  Result<std::shared_ptr<const Plan>> plan() const;
  const std::vector<Item>& captured() const { return captured_; }

 private:
  ComponentPtr root_;
  const ComponentInfo* info_;
  Captures captures_;
  std::vector<Item> captured_;
};

}  // namespace skiff::component
