// Entries are sorted by address; a look-up is a binary search.
#include "compiler/target/code_map.h"

#include <algorithm>
#include <mutex>

#include "engine/base/check.h"
#include "engine/valid/valid.h"

namespace skiff::compiler {

void CodeMap::add(const Entry& entry) {
  for (const auto& listener : listeners_) listener->loaded(*entry.image, *entry.info);
  const std::unique_lock lock(mutex_);
  const auto at = std::upper_bound(entries_.begin(), entries_.end(), entry.image->base(),
                                   [](const uint8_t* base, const Entry& e) { return base < e.image->base(); });
  entries_.insert(at, entry);
  all_registered_.store(false, std::memory_order_release);
}

void CodeMap::remove(const Entry& entry) {
  for (const auto& listener : listeners_) listener->unloaded(*entry.image);
  const std::unique_lock lock(mutex_);
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
    return e.image == entry.image && e.info == entry.info;
  });
  SKIFF_CHECK(at != entries_.end());
  entries_.erase(at);
}

CodeMap::Entry CodeMap::find(uintptr_t pc) const {
  const std::shared_lock lock(mutex_);
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), pc, [](uintptr_t wanted, const Entry& e) {
    return wanted < reinterpret_cast<uintptr_t>(e.image->base());
  });
  if (after == entries_.begin() || !std::prev(after)->image->contains_text(pc)) return {};
  return *std::prev(after);
}

void CodeMap::register_unwind_info() {
  if (all_registered_.load(std::memory_order_acquire)) return;
  const std::unique_lock lock(mutex_);
  for (const Entry& entry : entries_) entry.image->register_unwind_info();
  all_registered_.store(true, std::memory_order_release);
}

uint32_t function_at(const ModuleInfo& info, uint64_t wasm_offset) {
  const std::vector<Function>& functions = info.module.functions;
  const auto defined = functions.begin() + info.module.imported_funcs;
  const auto after = std::upper_bound(defined, functions.end(), wasm_offset, [](uint64_t wanted, const Function& f) {
    return wanted < f.body.offset;
  });
  if (after == defined) return kNoIndex;
  const CodeBytes& body = std::prev(after)->body;
  if (wasm_offset - body.offset >= body.bytes.size()) return kNoIndex;
  return static_cast<uint32_t>(std::prev(after) - functions.begin());
}

}  // namespace skiff::compiler
