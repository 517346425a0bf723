// Reading WIT for the component tools, from whatever holds it.
#pragma once

#include <optional>

#include "component/wit/resolve.h"
#include "runtime/cli/args.h"

namespace skiff::cli {

/// WIT from text, a directory, a binary package, a component or a core module with a world; honours
/// --features. Reports what goes wrong.
std::optional<component::wit::Resolved> load_any_wit(const std::string& path,
                                                     const Arguments& args);

}  // namespace skiff::cli
