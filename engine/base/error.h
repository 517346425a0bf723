// Error: what is wrong with an input, and where. Made where the fault is found, rendered only at the
// edge (CLI, API). The code fixes the phase and the leading text, which is word for word the text that
// the official test suite expects (errors.def); offset and detail say where and what exactly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff {

/// At which stage of a module's life an error is reported. Spec: chapters 5/6 (malformed), 3
/// (invalid), 4 (unlinkable). Resource: the host refused (limits, memory, files).
enum class Phase : uint8_t { Malformed, Invalid, Unlinkable, Resource };

enum class ErrorCode : uint16_t {
#define SKIFF_ERROR(ID, PHASE, TEXT) ID,
#include "engine/base/errors.def"
#undef SKIFF_ERROR
};

/// The phase of a code, from errors.def.
Phase phase_of(ErrorCode code);
/// The fixed leading text of a code, equal to the official test suite's wording.
std::string_view text_of(ErrorCode code);
/// "malformed", "invalid", "unlinkable", "resource".
std::string_view name_of(Phase phase);

/// Marks an Error's offset or index as not known.
inline constexpr uint64_t kNoOffset = ~uint64_t{0};
inline constexpr uint32_t kNoIndex = ~uint32_t{0};

struct Error {
  ErrorCode code = {};
  /// Byte offset in the binary module, or in the source text for text-format errors.
  uint64_t offset = kNoOffset;
  /// Function index that the error is in (bodies), else kNoIndex.
  uint32_t func = kNoIndex;
  /// Free text that follows the fixed text, e.g. "expected i32, found i64"; may be empty. One that starts
  /// with a space continues the fixed text: "unknown memory" and " 1".
  std::string detail = {};

  Phase phase() const { return phase_of(code); }
  /// Fixed text, then ": " and the detail when there is one. No position: callers know how to show that.
  std::string message() const;
};

}  // namespace skiff
