// The compiler's library disassembles; what is added here is the text of the wasm instructions, taken from the text
// printer, which can put offsets before them.
#include "runtime/cli/dump_native.h"

#include <charconv>
#include <unordered_map>

#include "compiler/target/compiler_library.h"
#include "compiler/target/native_tier.h"
#include "engine/text/text.h"
#include "engine/valid/valid.h"
#include "runtime/cache/settings.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/input.h"
#include "runtime/cli/precompiled.h"

namespace skiff::cli {
namespace {

using InstructionTexts = std::unordered_map<uint64_t, std::string>;

// "(;@418;) local.get 0": the offset and what follows.
InstructionTexts instruction_texts(std::string_view wat) {
  InstructionTexts texts;
  constexpr std::string_view kOpen = "(;@", kClose = ";)";
  for (size_t at = 0; (at = wat.find(kOpen, at)) != std::string_view::npos;) {
    at += kOpen.size();
    const size_t close = wat.find(kClose, at);
    const size_t end = std::min(wat.find('\n', at), wat.size());
    if (close == std::string_view::npos || close > end) continue;
    const std::string_view number = wat.substr(at, close - at);
    uint64_t offset = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), offset);
    const std::string_view rest = wat.substr(close + kClose.size(), end - close - kClose.size());
    const size_t first = rest.find_first_not_of(' ');
    if (parsed.ec == std::errc() && first != std::string_view::npos) texts.emplace(offset, rest.substr(first));
    at = end;
  }
  return texts;
}

// Lines ";; @0x1a2" get the instruction at that offset.
std::string annotated(std::string_view code, const InstructionTexts& texts) {
  constexpr std::string_view kMark = ";; @0x";
  std::string out;
  while (!code.empty()) {
    const std::string_view line = code.substr(0, code.find('\n'));
    code.remove_prefix(std::min(code.size(), line.size() + 1));
    out += (line.starts_with(kMark) ? "  " : "      ") + std::string(line);
    if (line.starts_with(kMark)) {
      uint64_t offset = 0;
      std::from_chars(line.data() + kMark.size(), line.data() + line.size(), offset, 16);
      const auto text = texts.find(offset);
      if (text != texts.end()) out += "  " + text->second;
    }
    out += "\n";
  }
  return out;
}

// Functions that --func names: by index, name or export; all defined ones without it.
std::optional<std::vector<uint32_t>> chosen_functions(const Arguments& args, const Module& m) {
  std::vector<uint32_t> chosen;
  const auto wanted = args.value("func");
  if (!wanted) {
    for (uint32_t i = m.imported_funcs; i < m.functions.size(); ++i) chosen.push_back(i);
    return chosen;
  }
  uint32_t index = 0;
  const auto [end, status] = std::from_chars(wanted->data(), wanted->data() + wanted->size(), index);
  const bool is_number = status == std::errc() && end == wanted->data() + wanted->size();
  for (uint32_t i = m.imported_funcs; i < m.functions.size(); ++i)
    if (is_number ? i == index : m.names.funcs.find(i) == *wanted) chosen.push_back(i);
  for (const Export& e : m.exports)
    if (chosen.empty() && e.kind == ExternKind::Func && e.name == *wanted && e.index >= m.imported_funcs)
      chosen.push_back(e.index);
  if (!chosen.empty()) return chosen;
  report_error("--func: no defined function '" + printable(*wanted) + "'");
  return std::nullopt;
}

// A line of the settings that an artifact was made with.
std::string_view setting(std::string_view settings, std::string_view name) {
  const size_t at = settings.find("\n" + std::string(name) + "=");
  if (at == std::string_view::npos) return {};
  const std::string_view value = settings.substr(at + name.size() + 2);
  return value.substr(0, value.find('\n'));
}

compiler::NativeImage image_of(const Artifact& artifact) {
  const compiler::ImageParts parts = artifact.parts();
  compiler::NativeImage image;
  const ByteSpan bytes = artifact.image();
  image.bytes.assign(bytes.begin(), bytes.end());
  image.text_size = parts.text_size;
  image.functions.assign(parts.functions.begin(), parts.functions.end());
  image.array_entries.assign(parts.array_entries.begin(), parts.array_entries.end());
  image.import_thunks.assign(parts.import_thunks.begin(), parts.import_thunks.end());
  image.pc_table.assign(parts.pc_table.begin(), parts.pc_table.end());
  return image;
}

}  // namespace

int dump_native(const Arguments& args, std::string_view path) {
  const bool precompiled = is_precompiled(path);
  Input input{.name = std::string(path)};
  std::optional<SharedBytes> binary;
  std::optional<Precompiled> opened;
  auto target = parse_target(args.value("target").value_or("native"));
  if (precompiled) {
    opened = open_precompiled(input.name, {}, false);
    if (!opened) return kExitFailure;
    binary = SharedBytes{opened->artifact->wasm(), opened->artifact};
    const std::string_view arch = setting(opened->artifact->settings(), "arch");
    if (arch != native_target().arch) target = parse_target(arch == "x86_64" ? "x86-64-v4" : arch);
  } else {
    auto read = read_input(path);
    if (!read) return kExitFailure;
    input = std::move(*read);
    binary = to_binary(input, Features::all());
    if (!binary) return kExitFailure;
  }
  if (!target) return report_error("--target: " + target.error().message()), kExitUsage;
  TypeRegistry registry;
  auto text = [&]() -> Result<std::string> {
    Module module = SKIFF_TRY(decode_module(*binary, Features::all()));
    const auto info = SKIFF_TRY(validate_module(std::move(module), registry));
    const auto functions = chosen_functions(args, info->module);
    if (!functions) return std::string();
    const compiler::CompilerApi* compiler = SKIFF_TRY(compiler::load_llvm_compiler());
    compiler::CompileOptions options;
    options.tunables = default_tunables();
    options.triple = target->triple;
    options.cpu = target->llvm_cpu;
    compiler::NativeImage image;
    if (opened) image = image_of(*opened->artifact);
    else image = SKIFF_TRY(compiler::compile_with_llvm(*info, options));
    const std::string wat = SKIFF_TRY(print_wat(info->module, {.offsets = true}));
    const InstructionTexts texts = instruction_texts(wat);
    std::string out;
    for (const uint32_t f : *functions) {
      const std::string code = SKIFF_TRY(compiler->disassemble(image, *info, options, f));
      const std::string_view name = info->module.names.funcs.find(f);
      out += "func " + std::to_string(f) + (name.empty() ? "" : " $" + printable(name)) + ":\n";
      out += annotated(code, texts) + "\n";
    }
    return out;
  }();
  if (!text) return report_error(input, text.error(), true), kExitFailure;
  if (text->empty()) return kExitFailure;
  return print(*text) ? kExitOk : kExitFailure;
}

}  // namespace skiff::cli
