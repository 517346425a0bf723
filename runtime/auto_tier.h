// The tier "auto": code from the cache runs at once. Without it the interpreter starts at once, a thread in the
// background compiles, and when the code is there calls go to it (docs/tiering.md).
//
// Who writes what, so that no lock is needed where code runs: the background thread publishes an image and then
// diverts each function in the interpreter, one atomic word. The store's own thread notices at its next call of a diverted
// function, and only then changes the FuncInsts of that instance.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "compiler/target/native_tier.h"

namespace skiff {

struct AutoTierOptions {
  /// Where compiled code is kept; null: nowhere.
  std::shared_ptr<compiler::ImageStore> store;
  /// What compiles; empty: libskiff-llvm. It should fail soon when `cancelled` becomes true.
  std::function<Result<compiler::NativeImage>(const ModuleInfo& info, const Tunables& tunables,
                                              const std::atomic<bool>& cancelled)>
      compile;
  /// Called from any thread with what happens ("compiled", ..), for people.
  std::function<void(std::string_view)> notes;
  /// A module is not worth compiling before it has been there for so long.
  std::chrono::milliseconds patience{10};
  /// Told of machine code as it comes to be.
  compiler::CodeListeners listeners;
  /// For tests: not in the background, but when so many functions have been called, then and there. 0: before anything
  /// runs.
  std::optional<uint32_t> switch_after;
};

std::unique_ptr<Tier> make_auto_tier(AutoTierOptions options);

}  // namespace skiff
