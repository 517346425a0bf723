// Import matching (Spec: match-externtype) and the words for it in messages.
#pragma once

#include <string>

#include "engine/exec/store.h"
#include "engine/valid/valid.h"

namespace skiff {

/// Spec: match-externtype, for one import. `value`'s own type is its dynamic one: current sizes of memories
/// and tables are the minimum.
/// Errors: IncompatibleImportType with the import's name, what was expected and what was found.
Status check_import(const ModuleInfo& info, const Import& import, const Extern& value);

/// What an import asks for, e.g. "func [i32] -> []", "memory 1 2 shared", "global (mut i32)".
std::string describe_import(const ModuleInfo& info, const Import& import);

/// The same for something that there is.
std::string describe_extern(const TypeRegistry& types, const Extern& value);

}  // namespace skiff
