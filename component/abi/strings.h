// Strings between guests' memories and the host (Spec: CanonicalABI.md, load_string_from_range,
// store_string_into_range): three encodings, checked exactly. The number and arguments of realloc calls are
// observable by guests and are those of the specification.
#pragma once

#include "component/abi/context.h"

namespace skiff::component {

/// The string of `code_units` (tagged, for latin1+utf16) at `ptr`, as UTF-8.
bool load_string(LiftLowerContext& cx, uint64_t ptr, uint64_t code_units, Val& value);

/// A string as it lies somewhere: what store_string needs to know of it.
struct StringView {
  std::string_view utf8;         // valid
  StringSource source = StringSource::Utf8;
  uint32_t code_units = 0;       // in the source encoding
};

/// Allocates and writes; results are what the receiver gets.
bool store_string(LiftLowerContext& cx, const StringView& value, uint64_t& ptr, uint64_t& code_units);

}  // namespace skiff::component
