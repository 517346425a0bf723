// Names of features and the parser of --features lists.
#include "engine/syntax/features.h"

namespace skiff {
namespace {

constexpr std::string_view kNames[] = {
#define SKIFF_FEATURE(ID, NAME, DEFAULT, WHAT) NAME,
#include "engine/syntax/features.def"
#undef SKIFF_FEATURE
};

std::string known_names() {
  std::string text = "known features: all, none";
  for (std::string_view name : kNames) text.append(", ").append(name);
  return text;
}

}  // namespace

std::string_view name_of(Feature feature) { return kNames[static_cast<size_t>(feature)]; }

Status Features::apply(std::string_view list) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    if (item.empty()) continue;
    const bool on = item[0] != '-';
    if (item[0] == '-' || item[0] == '+') item.remove_prefix(1);
    if (item == "all" || item == "none") {
      bits_ = (item == "all") == on ? ~uint32_t{0} : 0;
      set(Feature::Mvp, true);
      continue;
    }
    size_t i = 0;
    while (i < std::size(kNames) && kNames[i] != item) ++i;
    if (i == std::size(kNames)) {
      return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
                  "unknown feature '" + std::string(item) + "'; " + known_names());
    }
    if (static_cast<Feature>(i) != Feature::Mvp) set(static_cast<Feature>(i), on);
  }
  return {};
}

}  // namespace skiff
