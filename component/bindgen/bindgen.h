// bindgen: typed C++ from WIT, for guests (C++ compiled to a core module that `skiff component new` makes a component
// of) and for hosts (over component/exec and wasi/typed). The same model always gives the same bytes.
#pragma once

#include <string>
#include <vector>

#include "component/wit/model.h"

namespace skiff::component::bindgen {

enum class Side : uint8_t { Guest, Host };

struct Options {
  Side side = Side::Guest;
  /// A namespace around everything ("a::b"); empty: none.
  std::string root;
  /// Imports that somebody else provides, by interface ("wasi:io/streams@0.2.0") or package ("wasi:io"), with or without
  /// the version. Hosts: their classes are made without anything to implement. Requires: Side::Host.
  std::vector<std::string> without;
};

struct OutputFile {
  std::string name;
  std::string content;
};

/// The files of a world's bindings.   Errors: Unsupported for what has no C++ type here (streams, futures, error
/// contexts, and for hosts functions of async type), with the place.
Result<std::vector<OutputFile>> generate(const wit::Resolve& resolve, wit::WorldId world, const Options& options);

}  // namespace skiff::component::bindgen
