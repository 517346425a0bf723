// What a component or core module imports and exports, and what a host must grant for that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "component/wit/decode.h"
#include "engine/binary/decode.h"

namespace skiff::component::tools {

/// What an import needs of the user, for WASI; `flag` of `skiff run`, empty when it is always
/// given.
struct Grant {
  std::string_view interface;  // package and interface, without version: "wasi:filesystem/preopens"
  std::string_view flag;
  std::string_view what;
};
/// The grant that an import asks for, or null when it is no import of WASI that we know.
const Grant* grant_of(std::string_view import);

/// The world of a component. Errors: those of decoding, validation and decode_component_world().
Result<wit::DecodedWorld> inspect_component(SharedBytes binary, Features features);

/// A WIT package from its binary form, or the world of a component as a package.
/// Errors: as inspect_component().
Result<wit::Resolved> component_to_wit(SharedBytes binary, Features features);

}  // namespace skiff::component::tools
