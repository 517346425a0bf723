// modules_equal: whether two modules say the same, for round-trip tests of the binary and text formats
// and for the fuzzers.
#pragma once

#include "engine/syntax/module.h"

namespace skiff {

/// Deep comparison; bodies and expressions by their bytes. What says nothing about the program does not
/// count: offsets, storage, section ranges, features, whether there is a data count section, whether an
/// empty section stood before a custom section. The name and branch hint sections are compared by their
/// meaning (module.names, module.branch_hints), other custom sections by bytes and place.
bool modules_equal(const Module& a, const Module& b);

}  // namespace skiff
