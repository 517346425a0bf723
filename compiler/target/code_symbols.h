// What is in an image, by name, for tools outside: profilers and debuggers. CodeListener: who is told of images as they
// become code of a module.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/target/code_memory.h"
#include "engine/valid/valid.h"

namespace skiff::compiler {

struct CodeSymbol {
  const uint8_t* address = nullptr;
  uint64_t size = 0;
  std::string name;       // "module!function"; thunks: "[skiff entry 3]"
  uint32_t func = kNoIndex;
};

/// Functions and thunks by address. Names are those of the name section, else of an export, else "func[7]"; what
/// could disturb a tool that reads lines is replaced.
std::vector<CodeSymbol> symbols_of(const LoadedImage& image, const ModuleInfo& info);

/// Thread: any, several at once.
class CodeListener {
 public:
  virtual ~CodeListener() = default;
  virtual void loaded(const LoadedImage& image, const ModuleInfo& info) = 0;
  /// The image is about to go.
  virtual void unloaded(const LoadedImage& image) {}
};

using CodeListeners = std::vector<std::shared_ptr<CodeListener>>;

/// Writes `<folder>/perf-<pid>.map`, which `perf report` looks for in /tmp. Errors: FileError.
Result<std::shared_ptr<CodeListener>> make_perf_map(const std::string& folder);

/// Writes `<folder>/jit-<pid>.dump` with the code itself, for `perf inject --jit`, and maps it once executable, which is
/// how perf learns of it. Errors: FileError.
Result<std::shared_ptr<CodeListener>> make_jitdump(const std::string& folder);

/// Tells GDB and LLDB, through __jit_debug_register_code, of an ELF file in memory with the symbols.
std::shared_ptr<CodeListener> make_debugger_interface();

}  // namespace skiff::compiler
