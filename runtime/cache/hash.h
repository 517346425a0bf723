// Hashes of bytes: xxh3, fast and without secrets. Good against accidents, not against malice:
// whoever may choose the bytes can find collisions, so an equal hash never stands for equal bytes
// where that matters.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "engine/base/reader.h"

namespace skiff {

/// Low and high half.
using Hash128 = std::array<uint64_t, 2>;

uint64_t hash64(ByteSpan bytes);
/// Of all parts, each preceded by its length.
Hash128 hash128(std::initializer_list<ByteSpan> parts);

inline ByteSpan bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace skiff
