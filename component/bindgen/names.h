// C++ identifiers for WIT names: kebab case becomes snake case, in lower case; what C++ or a macro of the C library
// has taken gets an underscore at its end.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace skiff::component::bindgen {

/// "get-HTTP-field" -> "get_http_field"; "delete" -> "delete_".
std::string identifier(std::string_view label);

/// As a namespace of the global scope, where functions of the C library live: "time" -> "time_".
std::string top_namespace(std::string_view label);

/// Identifiers of one scope, none twice.
class NameSet {
 public:
  /// `name`, with underscores added until it is new.
  std::string add(std::string name);
  bool contains(const std::string& name) const { return names_.contains(name); }

 private:
  std::set<std::string> names_;
};

}  // namespace skiff::component::bindgen
