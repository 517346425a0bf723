// WIT from the file system: a file, or a directory of *.wit files with its dependencies in deps/
// (each a file or a directory of files). Names of files mean nothing. Spec: WIT.md, Filesystem
// structure.
#pragma once

#include <string>
#include <vector>

#include "component/wit/resolve.h"

namespace skiff::component::wit {

/// Loads and resolves a package. Errors: FileError; those of resolve_sources().
Result<Resolved> load_wit(const std::string& path, const Options& options);

/// The same with further dependencies: files or directories, each one package (and what is nested
/// in it).
Result<Resolved> load_wit(const std::string& path, const std::vector<std::string>& dependencies,
                          const Options& options);

}  // namespace skiff::component::wit
