// Names come from guests: bytes that would disturb a terminal are replaced.
#include "engine/exec/backtrace.h"

#include <charconv>

#include "engine/exec/instance.h"

namespace skiff {
namespace {

std::string printable(std::string_view name) {
  constexpr size_t kLongest = 200;
  std::string text(name.substr(0, kLongest));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  if (name.size() > kLongest) text += "...";
  return text;
}

std::string hex(uint64_t n) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, n, 16).ptr;
  return "0x" + std::string(digits, end);
}

}  // namespace

std::string function_name(const Instance& instance, uint32_t func) {
  const Module& m = instance.info().module;
  if (std::string_view name = m.names.funcs.find(func); !name.empty()) return printable(name);
  for (const Export& e : m.exports)
    if (e.kind == ExternKind::Func && e.index == func) return printable(e.name);
  for (const Import& i : m.imports)
    if (i.kind == ExternKind::Func && i.index == func) return printable(i.module) + "." + printable(i.name);
  return {};
}

std::string describe_frame(const TrapFrame& frame) {
  if (!frame.instance) return "<host>";
  std::string text = hex(frame.offset) + "  ";
  const std::optional<std::string_view>& module = frame.instance->info().module.names.module;
  if (module && !module->empty()) text += printable(*module) + "!";
  if (const std::string name = function_name(*frame.instance, frame.func); !name.empty())
    return text + name + " (func " + std::to_string(frame.func) + ")";
  return text + "func " + std::to_string(frame.func);
}

std::string describe_frames(const Trap& trap) {
  std::string text;
  uint64_t number = 0;
  for (size_t i = 0; i < trap.frames.size(); ++i) {
    if (trap.dropped_frames != 0 && i == Trap::kMaxFrames / 2) {
      text += "  ... " + std::to_string(trap.dropped_frames) + " frames\n";
      number += trap.dropped_frames;
    }
    std::string prefix = std::to_string(number++);
    if (prefix.size() < 3) prefix.insert(0, 3 - prefix.size(), ' ');
    text += prefix + ": " + describe_frame(trap.frames[i]) + "\n";
  }
  return text;
}

}  // namespace skiff
