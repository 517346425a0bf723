// Calling an export from the command line: arguments from text by the function's types, results to
// text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/store.h"

namespace skiff::cli {

/// One value per parameter. Integers and floats as in the text format ("-1", "0x10", "1.5", "inf",
/// "nan"), v128 as 0x and up to 32 hexadecimal digits, references only as "null".
/// Errors: InvalidArgument that names the argument and its type.
Result<std::vector<Val>> parse_arguments(const FuncType& type,
                                         std::span<const std::string_view> texts);

/// One value, as parse_arguments reads it. References: "null", "i31:5", "funcref", "externref",
/// "ref".
std::string value_text(const Val& value, const TypeRegistry& types);

}  // namespace skiff::cli
