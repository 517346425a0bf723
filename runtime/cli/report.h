// What the command line tool says on standard error: errors with a position, source line and caret
// for text, function name for binaries; traps with a backtrace. Colours only on a terminal and
// without NO_COLOR.
#pragma once

#include <string>
#include <string_view>

#include "engine/exec/store.h"

namespace skiff::cli {

/// A file as it was read; see input.h.
struct Input {
  std::string name;  // as the user gave it; "<stdin>" for "-"
  std::string content;
  bool is_text = false;
};

/// "error: " and the message, with a newline.
void report_error(std::string_view message);
/// "note: " and the message, with a newline.
void report_note(std::string_view message);
/// An error in a text source, at its line and column, or in a binary, at its offset and function.
/// `in_binary`: the offset counts in the binary form even if the input is text; what lies in a function body is
/// found in the source all the same.
void report_error(const Input& input, const Error& error, bool in_binary = false);
/// The message of report_error for binaries without "error: " and input name.
std::string binary_error_text(const Input& input, const Error& error);

/// A guest's text made fit for a terminal: nothing but printable UTF-8.
std::string printable(std::string_view text);

/// A trap with its backtrace. Frames have a place in the source where the input is text or has DWARF.
void report_trap(const Input& input, const Trap& trap);

/// Writes everything to standard output. False (after reporting) when that fails.
bool print(std::string_view text);

}  // namespace skiff::cli
