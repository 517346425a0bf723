// Text format of components (Spec: Explainer.md, the grammar in the definitions): parse_component with
// all inline sugar, print_component. Shares lexer and core parser with engine/text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "component/types/component.h"
#include "engine/base/result.h"
#include "engine/syntax/features.h"

namespace skiff::component {

/// True when the source's first form is `(component ...)`.
bool is_component_text(std::string_view source);

/// Parses one `(component ...)`. Core modules inside become binaries. Identifiers become names.
/// Errors: Malformed; `offset` counts bytes in `source`.
Result<std::shared_ptr<const Component>> parse_component(std::string_view source, Features features);

/// parse_component, then encode_component.
Result<std::vector<uint8_t>> component_wat_to_binary(std::string_view source, Features features);

/// Prints a component so that parse_component gives an equal one back. Errors: those of decoding its
/// core modules.
Result<std::string> print_component(const Component& component);

}  // namespace skiff::component
