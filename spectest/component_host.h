// ComponentHost: what a script needs to have its components executed. One for each thread of a script.
// ValidatingHost is what there is without execution: it says of each component whether it is valid.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "component/abi/value.h"
#include "component/valid/valid.h"
#include "engine/exec/store.h"

namespace skiff::spectest {

class ComponentHost {
 public:
  /// Names one of its own definitions or instances.
  using Id = uint32_t;
  /// A function that an instance exports. `types` and `type` live as long as the host.
  struct Func {
    Id instance = 0;
    std::string name;
    const component::TypeTable* types = nullptr;
    const component::FuncType* type = nullptr;
  };

  virtual ~ComponentHost() = default;

  /// False when there is only validation: instantiate and what follows from it must not be called.
  virtual bool executes() const = 0;
  /// Decodes, validates and compiles. Errors: those of the component and of its core modules.
  virtual Result<Id> define(SharedBytes binary, Features features) = 0;
  /// Links the imports with registered instances and with the suite's own host instance, and instantiates.
  virtual RunResult<Id> instantiate(Id definition) = 0;
  /// Makes the instance what later components import as `name`.
  virtual void register_instance(const std::string& name, Id instance) = 0;
  /// Nothing when the instance exports no such function.
  virtual std::optional<Func> find_func(Id instance, const std::string& name) = 0;
  /// Calls it and runs what post-return and asynchronous tasks need. Requires: arguments of its type.
  virtual RunResult<std::optional<component::Val>> call(const Func& func,
                                                        std::span<const component::Val> args) = 0;
};

/// Validation only.
class ValidatingHost final : public ComponentHost {
 public:
  explicit ValidatingHost(TypeRegistry& registry) : registry_(registry) {}
  bool executes() const override { return false; }
  Result<Id> define(SharedBytes binary, Features features) override;
  RunResult<Id> instantiate(Id definition) override;
  void register_instance(const std::string& name, Id instance) override;
  std::optional<Func> find_func(Id instance, const std::string& name) override;
  RunResult<std::optional<component::Val>> call(const Func& func,
                                                std::span<const component::Val> args) override;

 private:
  TypeRegistry& registry_;
  Id next_ = 0;
};

}  // namespace skiff::spectest
