// UTF-8 as the specification's names need it (Spec: binary-utf8): shortest form, no surrogates.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace skiff {

/// True when the bytes are well-formed UTF-8.
bool is_utf8(std::span<const uint8_t> bytes);
inline bool is_utf8(std::string_view s) {
  return is_utf8({reinterpret_cast<const uint8_t*>(s.data()), s.size()});
}

/// Appends the UTF-8 form of a scalar value. Requires: c <= 0x10FFFF and not a surrogate.
void append_utf8(std::string& out, uint32_t c);

}  // namespace skiff
