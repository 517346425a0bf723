// ExecutingHost: a thin face over component/exec.
#include "spectest/executing_host.h"

namespace skiff::spectest {

Result<std::unique_ptr<ComponentHost>> ExecutingHost::create(Store& store) {
  std::unique_ptr<ExecutingHost> host(new ExecutingHost);
  host->store_ = SKIFF_TRY(component::ComponentStore::create(store));
  return host;
}

// The features are those of the store's engine.
Result<ComponentHost::Id> ExecutingHost::define(SharedBytes binary, Features) {
  definitions_.push_back(SKIFF_TRY(component::compile_component(store_->core().engine(), std::move(binary))));
  return static_cast<Id>(definitions_.size() - 1);
}

RunResult<ComponentHost::Id> ExecutingHost::instantiate(Id definition) {
  auto instance = linker_.instantiate(*store_, definitions_[definition]);
  if (!instance) return std::unexpected(std::move(instance.error()));
  instances_.push_back(std::move(*instance));
  return static_cast<Id>(instances_.size() - 1);
}

void ExecutingHost::register_instance(const std::string& name, Id instance) {
  linker_.define_instance(name, instances_[instance]);
}

std::optional<ComponentHost::Func> ExecutingHost::find_func(Id instance, const std::string& name) {
  const component::Item* item = instances_[instance]->find(name);
  if (!item || item->sort != component::Sort::Func) return std::nullopt;
  return Func{instance, name, item->func->types().get(), &item->func->type()};
}

RunResult<std::optional<component::Val>> ExecutingHost::call(const Func& func,
                                                             std::span<const component::Val> args) {
  const component::Item* item = instances_[func.instance]->find(func.name);
  return component::call_func(*store_, *item->func, args);
}

}  // namespace skiff::spectest
