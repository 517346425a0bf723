// CodeMap: whose machine code an address is in. One for each tier object; traps ask it for every frame.
// Thread: any. Additions and removals lock out look-ups, which share.
#pragma once

#include <atomic>
#include <shared_mutex>
#include <vector>

#include "compiler/target/code_symbols.h"

namespace skiff {
struct ModuleInfo;
}

namespace skiff::compiler {

class CodeMap {
 public:
  /// `listeners` are told of every image.
  explicit CodeMap(CodeListeners listeners = {}) : listeners_(std::move(listeners)) {}

  struct Entry {
    const LoadedImage* image = nullptr;
    const ModuleInfo* info = nullptr;  // of a module that the image is the code of
  };

  /// The same image may be the code of several modules with the same bytes.
  void add(const Entry& entry);
  void remove(const Entry& entry);
  /// Null image: not in code of this tier.
  Entry find(uintptr_t pc) const;
  /// Makes the unwinder know all images.
  void register_unwind_info();

 private:
  const CodeListeners listeners_;
  mutable std::shared_mutex mutex_;
  std::vector<Entry> entries_;                  // by address
  std::atomic<bool> all_registered_{true};
};

/// Index of the defined function whose body contains this byte offset of the module, or kNoIndex.
uint32_t function_at(const ModuleInfo& info, uint64_t wasm_offset);

}  // namespace skiff::compiler
