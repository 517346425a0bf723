// Bodies are independent of each other, so large code sections are shared out: each thread takes the next run
// of functions until none is left. Bodies lie in the binary in index order, so the error of the lowest
// offset is that of the lowest function; runs beyond an error already found are skipped, runs before never.
#include "engine/valid/valid_bodies.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/valid/walker.h"

namespace skiff {
namespace {

constexpr size_t kParallelBytes = size_t{256} << 10;  // below it starting threads costs more than it gives
constexpr size_t kRunBytes = size_t{32} << 10;        // of code in one run

struct Work {
  const ModuleInfo& info;
  uint32_t end;
  std::mutex mutex;
  uint32_t next;                    // first function not yet taken
  std::atomic<uint32_t> first_bad;  // lowest function known to be in error
  Status status{};                  // its error

  // The next run [first, last) of about kRunBytes; empty when done.
  std::pair<uint32_t, uint32_t> take() {
    std::lock_guard lock(mutex);
    const uint32_t first = next;
    for (size_t bytes = 0; next < end && bytes < kRunBytes; ++next)
      bytes += info.module.functions[next].body.bytes.size() + 1;
    return {first, next};
  }
  void report(uint32_t func, Status bad) {
    std::lock_guard lock(mutex);
    if (func >= first_bad.load(std::memory_order_relaxed)) return;
    first_bad.store(func, std::memory_order_relaxed);
    status = std::move(bad);
  }
};

void run(Work& work) {
  WalkScratch scratch;
  NullSink sink;
  while (true) {
    const auto [first, last] = work.take();
    if (first == last) return;
    for (uint32_t f = first; f < last; ++f) {
      if (f > work.first_bad.load(std::memory_order_relaxed)) return;
      Status status = walk_function(work.info, f, sink, scratch);
      if (!status) {
        work.report(f, std::move(status));
        return;
      }
    }
  }
}

}  // namespace

Status validate_bodies(const ModuleInfo& info, unsigned threads) {
  const Module& m = info.module;
  size_t bytes = 0;
  for (const Function& f : m.functions) bytes += f.body.bytes.size();
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  if (bytes < kParallelBytes) threads = 1;
  threads = static_cast<unsigned>(std::min<size_t>(threads, bytes / kRunBytes + 1));

  Work work{info, static_cast<uint32_t>(m.functions.size()), {}, m.imported_funcs, kNoIndex};
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < threads; ++i) helpers.emplace_back(run, std::ref(work));
  run(work);
  for (std::thread& t : helpers) t.join();
  return std::move(work.status);
}

}  // namespace skiff
