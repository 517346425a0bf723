// The component parser over token lists: what the script runner uses for components inside scripts, and
// what parse_component is made of.
#pragma once

#include <memory>
#include <string_view>

#include "component/types/component.h"
#include "engine/base/result.h"
#include "engine/syntax/features.h"
#include "engine/text/lexer.h"

namespace skiff::component {

/// Parses `(component id? field*)` from the "(" here and leaves the cursor behind its ")".
/// Errors: Malformed ones; they are also kept in the cursor.
Result<std::shared_ptr<const Component>> parse_component(text::TokenCursor& cursor, Features features);

/// The same for a script's component: the cursor stands where the fields begin, after the caller has read
/// "(", "component" and the identifier, which is `id` without '$' (empty: none); ends behind the ")".
Result<std::shared_ptr<const Component>> parse_component_fields(text::TokenCursor& cursor, std::string_view id,
                                                                Features features);

}  // namespace skiff::component
