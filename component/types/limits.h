// Implementation limits of components, with their reasons. Exceeding one is ImplementationLimit or
// TooDeeplyNested, never a crash. Values are those that other tools use where they have such a limit, so
// that what runs elsewhere runs here.
#pragma once

#include <cstdint>

namespace skiff::component::limits {

/// Scopes within scopes: components, component, instance and module types together. Bounds the recursion
/// of every pass over a component.
inline constexpr uint32_t kNesting = 100;
/// Value types within value types as the text format writes them; the validator bounds what indices build.
inline constexpr uint32_t kTypeNesting = 100;
// Of one component.
inline constexpr uint32_t kModules = 1'000;
inline constexpr uint32_t kComponents = 1'000;
inline constexpr uint32_t kInstances = 1'000;   // core instances and instances, each
inline constexpr uint32_t kDefinitions = 1'000'000;
// Of one type or definition.
inline constexpr uint32_t kFields = 10'000;     // also cases, labels, tuple members, declarators' parameters
inline constexpr uint32_t kParams = 1'000;
inline constexpr uint32_t kDeclarators = 100'000;
inline constexpr uint32_t kArguments = 100'000; // also inline exports
inline constexpr uint32_t kCanonOptions = 10;
inline constexpr uint32_t kStringSize = 100'000;  // bytes of a name or label

}  // namespace skiff::component::limits
