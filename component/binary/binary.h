// Binary format of components (Spec: Binary.md): decode_component and encode_component. Only the syntax
// is checked. Nested components are decoded with it, their depth is bounded; core modules are kept as
// byte ranges.
#pragma once

#include <memory>
#include <vector>

#include "component/types/component.h"
#include "engine/base/result.h"
#include "engine/syntax/features.h"

namespace skiff::component {

/// True when the bytes start with the preamble of a component (magic, layer 1), whatever the version.
bool is_component(ByteSpan bytes);

/// Decodes a whole component. The result retains the owner of `binary`.
/// Errors: Malformed with absolute byte offset, ImplementationLimit, FeatureDisabled.
Result<std::shared_ptr<const Component>> decode_component(SharedBytes binary, Features features);

/// Encodes a component: sections as long as consecutive definitions allow, integers in shortest form.
std::vector<uint8_t> encode_component(const Component& component);

}  // namespace skiff::component
