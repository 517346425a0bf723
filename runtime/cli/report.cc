// Rendering of errors and traps.
#include "runtime/cli/report.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "compiler/target/compiler_library.h"
#include "engine/base/utf8.h"
#include "engine/binary/decode.h"
#include "engine/exec/instance.h"
#include "engine/text/text.h"

namespace skiff::cli {
namespace {

bool colours() {
  static const bool on = ::isatty(STDERR_FILENO) && !std::getenv("NO_COLOR");
  return on;
}

std::string styled(std::string_view text, std::string_view style) {
  if (!colours()) return std::string(text);
  return "\x1b[" + std::string(style) + "m" + std::string(text) + "\x1b[0m";
}
std::string error_mark() { return styled("error:", "1;31") + " "; }

std::string hex(uint64_t n, int digits = 1) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "0x%0*llx", digits, static_cast<unsigned long long>(n));
  return buffer;
}

void write_error(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string function_text(const Module* module, uint32_t func) {
  const std::string_view name = module ? module->names.funcs.find(func) : std::string_view();
  std::string out = "func " + std::to_string(func);
  if (!name.empty()) out += " \"" + printable(name) + "\"";
  return out;
}

// The source line at a position with a caret below it. Long lines are cut around the column.
std::string source_excerpt(std::string_view source, const LineColumn& at) {
  constexpr size_t kWidth = 100;
  size_t begin = 0;
  for (uint32_t line = 1; line < at.line; ++line) begin = source.find('\n', begin) + 1;
  std::string_view text = source.substr(begin, source.find('\n', begin) - begin);
  size_t column = at.column - 1;
  if (text.size() > kWidth) {
    const size_t from = column > kWidth / 2 ? column - kWidth / 2 : 0;
    text = text.substr(std::min(from, text.size()), kWidth);
    column -= from;
  }
  std::string shown, caret;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = byte < 0x20 || byte == 0x7F;
    const bool continuation = (byte & 0xC0) == 0x80;  // takes no column of its own
    shown += control ? ' ' : text[i];
    if (i < column && !continuation) caret += ' ';
  }
  const std::string number = std::to_string(at.line);
  return "  " + number + " | " + (is_utf8(shown) ? shown : "(not UTF-8)") + "\n  " +
         std::string(number.size(), ' ') + " | " + caret + styled("^", "1;31") + "\n";
}

}  // namespace

std::string printable(std::string_view text) {
  if (!is_utf8(text)) return "(not UTF-8)";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F)
      out += c;
    else
      out += '?';
  }
  return out;
}

void report_error(std::string_view message) {
  write_error(error_mark() + std::string(message) + "\n");
}

void report_note(std::string_view message) {
  write_error(styled("note:", "1;36") + " " + std::string(message) + "\n");
}

std::string binary_error_text(const Input& input, const Error& error) {
  std::string text(name_of(error.phase()));
  text += ": " + printable(error.message());
  if (error.offset != kNoOffset) text += " at offset " + hex(error.offset);
  if (error.func == kNoIndex) return text;
  // For the function's name: bodies are not looked at when decoding, so that this mostly works.
  Result<Module> module =
      input.is_text
          ? parse_wat(input.content, Features::all())
          : decode_module(
                {{reinterpret_cast<const uint8_t*>(input.content.data()), input.content.size()},
                 nullptr},
                Features::all());
  return text + " (" + function_text(module ? &*module : nullptr, error.func) + ")";
}

namespace {

std::string place_text(const Input& input, const LineColumn& at) {
  return input.name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

void report_error_at(const Input& input, uint64_t offset, const std::string& message) {
  const LineColumn at = line_column(input.content, offset);
  write_error(styled(place_text(input, at) + ":", "1") + " " + error_mark() + message + "\n" +
              source_excerpt(input.content, at));
}

}  // namespace

void report_error(const Input& input, const Error& error, bool in_binary) {
  if (!input.is_text || error.offset == kNoOffset)
    return report_error(input.name + ": " + binary_error_text(input, error));
  if (!in_binary) return report_error_at(input, error.offset, printable(error.message()));
  const auto map = map_source(input.content, Features::all());
  if (const auto offset = map ? map->find(error.func, error.offset) : std::nullopt) {
    Error without = error;
    without.offset = kNoOffset;
    return report_error_at(input, *offset, binary_error_text(input, without));
  }
  report_error(input.name + ": " + binary_error_text(input, error) + " of its binary form");
}

namespace {

// Where the frames are in the text that the program was made of.
std::vector<std::string> text_positions(const Input& input, const Trap& trap) {
  std::vector<std::string> positions(trap.frames.size());
  const auto map = map_source(input.content, Features::all());
  for (size_t i = 0; map && i < trap.frames.size(); ++i) {
    const TrapFrame& frame = trap.frames[i];
    if (!frame.instance) continue;
    if (const auto offset = map->find(frame.func, frame.offset))
      positions[i] = " at " + printable(place_text(input, line_column(input.content, *offset)));
  }
  return positions;
}

// Where the frames are in the source, for modules with DWARF. The compiler's library reads it: it is only
// loaded for that.
std::vector<std::string> source_positions(const Trap& trap) {
  std::vector<std::string> positions(trap.frames.size());
  std::vector<bool> asked(trap.frames.size());
  for (size_t i = 0; i < trap.frames.size(); ++i) {
    if (!trap.frames[i].instance || asked[i]) continue;
    const Module& m = trap.frames[i].instance->info().module;
    const bool has_lines = std::any_of(m.customs.begin(), m.customs.end(),
                                       [](const CustomSection& c) { return c.name == ".debug_line"; });
    if (!has_lines) continue;
    const auto compiler = compiler::load_llvm_compiler();
    if (!compiler) return positions;
    // All frames of this module at once: reading the tables is what takes time.
    std::vector<uint64_t> offsets;
    std::vector<size_t> at;
    for (size_t k = i; k < trap.frames.size(); ++k) {
      const TrapFrame& frame = trap.frames[k];
      if (!frame.instance || &frame.instance->info().module != &m) continue;
      offsets.push_back(frame.offset);
      at.push_back(k);
      asked[k] = true;
    }
    const std::vector<std::string> found = (*compiler)->source_positions(m, offsets);
    for (size_t k = 0; k < at.size(); ++k) if (!found[k].empty()) positions[at[k]] = " at " + printable(found[k]);
  }
  return positions;
}

}  // namespace

void report_trap(const Input& input, const Trap& trap) {
  const std::vector<std::string> positions =
      input.is_text ? text_positions(input, trap) : source_positions(trap);
  std::string text =
      error_mark() + input.name + " trapped: " + printable(trap.message()) + "\n";
  size_t number = 0;
  const size_t gap = trap.dropped_frames ? trap.frames.size() / 2 : ~size_t{0};
  for (size_t i = 0; i < trap.frames.size(); ++i) {
    const TrapFrame& frame = trap.frames[i];
    if (i == gap) {
      text += "     ... " + std::to_string(trap.dropped_frames) + " more frames ...\n";
      number += trap.dropped_frames;
    }
    char head[48];
    std::snprintf(head, sizeof head, "%5zu: ", number++);
    text += head + hex(frame.offset, 4) + "  ";
    const std::string_view name = frame.instance
                                      ? frame.instance->info().module.names.funcs.find(frame.func)
                                      : std::string_view();
    text += (name.empty() ? "?" : printable(name)) + " (func " + std::to_string(frame.func) + ")";
    text += positions[i] + "\n";
  }
  write_error(text);
}

}  // namespace skiff::cli
