// Tables of errors.def and the rendering of an Error.
#include "engine/base/error.h"

#include <array>

namespace skiff {
namespace {

struct Row {
  Phase phase;
  std::string_view text;
};

constexpr Row kRows[] = {
#define SKIFF_ERROR(ID, PHASE, TEXT) {Phase::PHASE, TEXT},
#include "engine/base/errors.def"
#undef SKIFF_ERROR
};

}  // namespace

Phase phase_of(ErrorCode code) { return kRows[static_cast<size_t>(code)].phase; }

std::string_view text_of(ErrorCode code) { return kRows[static_cast<size_t>(code)].text; }

std::string_view name_of(Phase phase) {
  constexpr std::array<std::string_view, 4> kNames = {"malformed", "invalid", "unlinkable", "resource"};
  return kNames[static_cast<size_t>(phase)];
}

std::string Error::message() const {
  std::string text(text_of(code));
  if (!detail.empty()) {
    if (detail[0] != ' ') text += ": ";
    text += detail;
  }
  return text;
}

}  // namespace skiff
