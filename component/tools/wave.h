// WAVE: component values as text, for the command line: `f(1, "two", [3.5], {x: some(4)})`. Values are read by
// the type that they are to have, so no type is ever written.
//
// Also accepted: hexadecimal integers; the payload of an option or of a result's ok without its wrapper, where that
// is not an option or result itself; fields of option type left out. Handles, streams, futures and error
// contexts have no text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/abi/value.h"
#include "component/types/types.h"
#include "engine/base/result.h"

namespace skiff::component {

/// A call as text: the function's name as written, and the text between its parentheses.
struct WaveCall {
  std::string_view name;
  std::string_view arguments;
  size_t offset = 0;             // of `arguments` in the text
};
/// Splits "name(arguments)". Nothing when that is not its shape.
std::optional<WaveCall> split_wave_call(std::string_view text);

/// One value of `type`, the whole text. Errors: InvalidArgument; `offset` is the byte in the text, the detail
/// names what was expected.
Result<Val> parse_wave(const TypeTable& types, ValType type, std::string_view text);

/// Values for all parameters, separated by commas. Errors: as parse_wave, with the parameter's name.
Result<std::vector<Val>> parse_wave_arguments(const TypeTable& types, const FuncType& type, std::string_view text);

/// A value as parse_wave reads it. Handles and their kin: "<own>", "<stream>" and the like. Requires: conforms.
std::string print_wave(const TypeTable& types, ValType type, const Val& value);

}  // namespace skiff::component
