// Reading modules: from files or standard input, text or binary, told apart by content.
#pragma once

#include <optional>

#include "component/types/component.h"
#include "engine/binary/decode.h"
#include "runtime/cli/report.h"

namespace skiff::cli {

/// Reads a file, or standard input for "-". Reports what goes wrong.
std::optional<Input> read_input(std::string_view path);

/// The binary form: the content itself, or the encoded text, also of components. Reports what goes wrong.
std::optional<SharedBytes> to_binary(const Input& input, Features features);

/// Decoded only. Reports what goes wrong.
std::optional<Module> load_module(const Input& input, Features features);

/// A component, text or binary, and not a core module?
bool holds_component(const Input& input);
/// The same as load_module for a component.
Result<std::shared_ptr<const component::Component>> load_component(const Input& input, Features features);

/// Writes a file, or standard output for "-". Reports what goes wrong; then the result is false.
bool write_output(std::string_view path, std::string_view content);

}  // namespace skiff::cli
