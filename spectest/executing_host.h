// ExecutingHost: components of scripts, executed. What a script defines is linked with the instances that it has
// registered.
#pragma once

#include <deque>

#include "component/exec/linker.h"
#include "spectest/component_host.h"

namespace skiff::spectest {

class ExecutingHost final : public ComponentHost {
 public:
  static Result<std::unique_ptr<ComponentHost>> create(Store& store);
  bool executes() const override { return true; }
  Result<Id> define(SharedBytes binary, Features features) override;
  RunResult<Id> instantiate(Id definition) override;
  void register_instance(const std::string& name, Id instance) override;
  std::optional<Func> find_func(Id instance, const std::string& name) override;
  RunResult<std::optional<component::Val>> call(const Func& func,
                                                std::span<const component::Val> args) override;

 private:
  ExecutingHost() = default;
  std::unique_ptr<component::ComponentStore> store_;
  component::ComponentLinker linker_;
  std::vector<component::ComponentPtr> definitions_;
  std::vector<component::ComponentInstancePtr> instances_;
};

}  // namespace skiff::spectest
