// Names and extents of what is in an image: everything ends where the next thing begins.
#include "compiler/target/code_symbols.h"

#include <algorithm>

namespace skiff::compiler {
namespace {

std::string harmless(std::string_view name) {
  constexpr size_t kLongest = 500;
  std::string text(name.substr(0, kLongest));
  for (char& c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) c = '_';
  return text;
}

std::vector<std::string_view> names_of_functions(const Module& m) {
  std::vector<std::string_view> names(m.functions.size());
  for (const Export& e : m.exports)
    if (e.kind == ExternKind::Func) names[e.index] = e.name;
  for (const auto& [index, name] : m.names.funcs.entries)
    if (index < names.size() && !name.empty()) names[index] = name;
  return names;
}

}  // namespace

std::vector<CodeSymbol> symbols_of(const LoadedImage& image, const ModuleInfo& info) {
  const ImageParts& parts = image.parts();
  const Module& m = info.module;
  const std::vector<std::string_view> names = names_of_functions(m);
  const std::string prefix = m.names.module ? harmless(*m.names.module) + "!" : std::string();
  std::vector<CodeSymbol> symbols;
  auto add = [&](uint32_t offset, std::string name, uint32_t func) {
    symbols.push_back({image.base() + offset, 0, std::move(name), func});
  };
  for (uint32_t i = 0; i < parts.functions.size(); ++i) {
    const uint32_t func = m.imported_funcs + i;
    add(parts.functions[i], prefix + (names[func].empty() ? "func[" + std::to_string(func) + "]" : harmless(names[func])),
        func);
  }
  auto add_thunks = [&](std::span<const uint32_t> offsets, const char* what) {
    for (uint32_t t = 0; t < offsets.size(); ++t)
      if (offsets[t] != 0) add(offsets[t], "[skiff_" + std::string(what) + "_" + std::to_string(t) + "]", kNoIndex);
  };
  add_thunks(parts.array_entries, "entry");
  add_thunks(parts.import_thunks, "import");
  std::sort(symbols.begin(), symbols.end(), [](const CodeSymbol& a, const CodeSymbol& b) {
    return std::pair(a.address, a.func) < std::pair(b.address, b.func);
  });
  const uint8_t* end = image.text_end();
  for (size_t i = symbols.size(); i-- > 0;) {
    if (i + 1 < symbols.size() && symbols[i + 1].address != symbols[i].address) end = symbols[i + 1].address;
    symbols[i].size = static_cast<uint64_t>(end - symbols[i].address);
  }
  return symbols;
}

}  // namespace skiff::compiler
