// Subtyping between core definitions and core module types (Spec: Explainer.md, Type Checking; core
// specification, Matching), on canonical types.
#pragma once

#include "component/types/types.h"
#include "engine/syntax/type_registry.h"

namespace skiff::component {

/// Errors: InvalidComponent that names the difference.
Status core_matches(const TypeRegistry& registry, const CoreExtern& sub, const CoreExtern& super);
/// Spec: a module may import less and export more.
Status core_matches(const TypeRegistry& registry, const ModuleType& sub, const ModuleType& super);

/// "func", "table", ...
std::string_view core_kind_name(ExternKind kind);

}  // namespace skiff::component
