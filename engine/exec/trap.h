// TrapCode, Trap and Outcome: how a call into wasm ends. A trap passes through host frames as a returned
// Outcome and collects a backtrace on its way: each tier's activation appends its own frames when the
// trap leaves it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace skiff {

enum class TrapCode : uint8_t {
#define SKIFF_TRAP(ID, TEXT) ID,
#include "engine/exec/traps.def"
#undef SKIFF_TRAP
};
/// The test suite's wording.
std::string_view text_of(TrapCode code);

/// How a call ended. Trap: details in Store::pending_trap. Exception: the exnref in
/// Store::pending_exception; it goes on unwinding into the caller's handlers.
enum class [[nodiscard]] Outcome : uint32_t { Ok = 0, Trap = 1, Exception = 2 };

class Instance;

struct TrapFrame {
  const Instance* instance = nullptr;
  uint32_t func = 0;          // function index
  uint64_t offset = 0;        // byte offset in the binary module of the instruction
};

struct Trap {
  TrapCode code = TrapCode::None;
  std::string detail;             // host errors, "element 2", ...; may be empty
  int32_t exit_status = 0;        // Exit only
  std::vector<TrapFrame> frames;  // innermost first; at most kMaxFrames, the middle ones dropped
  uint64_t dropped_frames = 0;
  static constexpr size_t kMaxFrames = 64;

  /// Text of the code, then ": detail" when there is one.
  std::string message() const;
  /// Appends the next outer frame. Of more than kMaxFrames the innermost and the outermost halves are kept.
  void add_frame(const TrapFrame& frame);
};

}  // namespace skiff
