// Texts of traps, and how a trap collects its frames.
#include "engine/exec/trap.h"

#include "engine/base/check.h"

namespace skiff {
namespace {

constexpr std::string_view kTexts[] = {
#define SKIFF_TRAP(ID, TEXT) TEXT,
#include "engine/exec/traps.def"
#undef SKIFF_TRAP
};

}  // namespace

std::string_view text_of(TrapCode code) {
  SKIFF_CHECK(static_cast<size_t>(code) < std::size(kTexts));
  return kTexts[static_cast<size_t>(code)];
}

std::string Trap::message() const {
  std::string text(text_of(code));
  if (!detail.empty()) text.append(text.empty() ? "" : ": ").append(detail);
  return text;
}

void Trap::add_frame(const TrapFrame& frame) {
  if (frames.size() == kMaxFrames) {
    frames.erase(frames.begin() + kMaxFrames / 2);
    ++dropped_frames;
  }
  frames.push_back(frame);
}

}  // namespace skiff
