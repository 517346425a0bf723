// ValidatingHost: every component is validated with its core modules; nothing runs.
#include "spectest/component_host.h"

#include "component/binary/binary.h"

namespace skiff::spectest {
namespace {

Failure unsupported() {
  return Failure{.error = Error{ErrorCode::Unsupported, kNoOffset, kNoIndex, "execution of components"}};
}

}  // namespace

Result<ComponentHost::Id> ValidatingHost::define(SharedBytes binary, Features features) {
  auto component = SKIFF_TRY(component::decode_component(std::move(binary), features));
  component::PlainModules modules(registry_, features);
  const auto info = SKIFF_TRY(component::validate_component(std::move(component), registry_, modules,
                                                            {.features = features}));
  return next_++;
}

RunResult<ComponentHost::Id> ValidatingHost::instantiate(Id) { return std::unexpected(unsupported()); }
void ValidatingHost::register_instance(const std::string&, Id) {}
std::optional<ComponentHost::Func> ValidatingHost::find_func(Id, const std::string&) { return std::nullopt; }
RunResult<std::optional<component::Val>> ValidatingHost::call(const Func&, std::span<const component::Val>) {
  return std::unexpected(unsupported());
}

}  // namespace skiff::spectest
