// JSON output (--json): nlohmann-json, and the one way we print it.
#pragma once

#include <nlohmann/json.hpp>

#include "runtime/cli/report.h"

namespace skiff::cli {

using Json = nlohmann::ordered_json;

/// Prints a document and a newline; what is not UTF-8 in guests' names becomes U+FFFD.
inline bool print_json(const Json& document) {
  return print(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace skiff::cli
