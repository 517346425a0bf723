// One component from several: what one imports is taken from what another exports. What nobody
// exports stays an import of the whole; what the main one exports is exported.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/binary/decode.h"
#include "engine/syntax/features.h"

namespace skiff::component::tools {

struct Part {
  std::string name;  // for messages
  SharedBytes binary;
};

struct ComposeOptions {
  Features features;
  /// The others are linked with each other too (`compose`), else only the main one with them
  /// (`plug`).
  bool link_others = false;
};

/// The composition, validated. Names match when equal, or the same interface in compatible
/// versions. Errors: those of decoding and validation; IncompatibleImportType where a part exports
/// under a name something else than is imported; InvalidArgument for a part that provides nothing,
/// two that provide the same, and parts that need each other in a circle.
Result<std::vector<uint8_t>> compose(const Part& main, const std::vector<Part>& others,
                                     const ComposeOptions& options);

}  // namespace skiff::component::tools
