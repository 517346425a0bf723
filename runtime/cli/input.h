// Reading modules: from files or standard input, text or binary, told apart by content.
#pragma once

#include <optional>

#include "engine/binary/decode.h"
#include "runtime/cli/report.h"

namespace skiff::cli {

/// Reads a file, or standard input for "-". Reports what goes wrong.
std::optional<Input> read_input(std::string_view path);

/// The binary form: the content itself, or the encoded text. Reports what goes wrong.
std::optional<SharedBytes> to_binary(const Input& input, Features features);

/// Decoded only. Reports what goes wrong.
std::optional<Module> load_module(const Input& input, Features features);

/// Writes a file, or standard output for "-". Reports what goes wrong; then the result is false.
bool write_output(std::string_view path, std::string_view content);

}  // namespace skiff::cli
