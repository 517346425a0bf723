// The parser of WIT: one file to its syntax tree. Recursion is bounded by kMaxTypeDepth; everything
// else is loops. Spec: WIT.md, grammar. Gated syntax is accepted according to Features.
#pragma once

#include "component/wit/ast.h"
#include "component/wit/source.h"
#include "engine/syntax/features.h"

namespace skiff::component::wit {

/// How deep type expressions may nest.
inline constexpr uint32_t kMaxTypeDepth = 100;

/// Errors: MalformedWit with position, cause and suggestion; FeatureDisabled for gated syntax that
/// is off.
Result<ast::File> parse_file(const SourceMap& sources, uint32_t file, Features features);

}  // namespace skiff::component::wit
