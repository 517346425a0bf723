// From a script's module or component in any of its forms to a Module or Component and its binary, and
// the round trip check.
#pragma once

#include "engine/syntax/module.h"
#include "spectest/script.h"

namespace skiff::spectest {

/// Parses or decodes. Errors: Malformed ones.
Result<Module> load_module(const Script& script, const ModuleSource& source, Features features);

/// The binary form: the bytes of binary modules as they are, others parsed and encoded.
/// Errors: Malformed ones.
Result<std::vector<uint8_t>> module_binary(const Script& script, const ModuleSource& source,
                                           Features features);

/// Module -> text -> Module must give an equal module, also by way of the binary.
/// Errors: those of parsing and decoding; InvalidArgument when the modules differ.
Status check_roundtrip(const Script& script, const ModuleSource& source, Features features);

/// The binary form of a component: the bytes of binary ones as they are, others parsed and encoded.
/// Errors: Malformed ones.
Result<std::vector<uint8_t>> component_binary(const Script& script, const ComponentSource& source,
                                              Features features);
/// As for modules.
Status check_roundtrip(const Script& script, const ComponentSource& source, Features features);

}  // namespace skiff::spectest
