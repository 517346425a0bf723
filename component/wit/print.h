// The model as WIT text, in one canonical form: parsed again (with all unstable features on) it
// gives the same model. Worlds are printed elaborated, with what their items imply.
#pragma once

#include <string>

#include "component/wit/model.h"

namespace skiff::component::wit {

struct PrintOptions {
  bool docs = true;
  /// Prints all other packages behind the main one, as nested packages: the text then stands for
  /// itself.
  bool dependencies = false;
};
std::string print_package(const Resolve& resolve, PackageId package, PrintOptions options = {});

/// One world alone: "world name { ... }".
std::string print_world(const Resolve& resolve, WorldId world, PrintOptions options = {});

/// A type as an interface or world would write it: "list<tuple<string, u8>>".
std::string print_type(const Resolve& resolve, const Type& type);
/// A function's type as after its name: "async func(a: u8) -> string". Methods: without `self`.
std::string print_function(const Resolve& resolve, const Function& function);
/// A name with a '%' where it would be a keyword.
std::string print_name(std::string_view name);

}  // namespace skiff::component::wit
