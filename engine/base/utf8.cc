// Well-formedness of UTF-8 by the table of permitted byte ranges (Unicode, table 3-7).
#include "engine/base/utf8.h"

#include <cstring>

#include "engine/base/bits.h"

namespace skiff {
namespace {

// Length of the well-formed sequence at p, or 0.
size_t sequence_length(const uint8_t* p, size_t left) {
  const uint8_t b = p[0];
  if (b < 0x80) return 1;
  auto cont = [&](size_t i, uint8_t lo = 0x80, uint8_t hi = 0xBF) {
    return i < left && p[i] >= lo && p[i] <= hi;
  };
  if (b >= 0xC2 && b <= 0xDF) return cont(1) ? 2 : 0;
  if (b >= 0xE0 && b <= 0xEF) {
    const uint8_t lo = b == 0xE0 ? 0xA0 : 0x80;
    const uint8_t hi = b == 0xED ? 0x9F : 0xBF;
    return cont(1, lo, hi) && cont(2) ? 3 : 0;
  }
  if (b >= 0xF0 && b <= 0xF4) {
    const uint8_t lo = b == 0xF0 ? 0x90 : 0x80;
    const uint8_t hi = b == 0xF4 ? 0x8F : 0xBF;
    return cont(1, lo, hi) && cont(2) && cont(3) ? 4 : 0;
  }
  return 0;
}

constexpr uint64_t kHighBits = 0x8080808080808080u;

// The bits that any of eight words has; compilers make vectors of it.
uint64_t any_of_64(const uint8_t* p) {
  uint64_t words[8];
  std::memcpy(words, p, sizeof words);
  uint64_t any = 0;
  for (const uint64_t word : words) any |= word;
  return any;
}

}  // namespace

bool is_utf8(std::span<const uint8_t> bytes) {
  const uint8_t* p = bytes.data();
  size_t left = bytes.size();
  while (left != 0) {
    // Text is mostly ASCII: eight bytes at a time, and after these 64.
    while (left >= 8 && (load_unaligned<uint64_t>(p) & kHighBits) == 0) {
      p += 8, left -= 8;
      while (left >= 64 && (any_of_64(p) & kHighBits) == 0) p += 64, left -= 64;
    }
    if (left == 0) break;
    const size_t n = sequence_length(p, left);
    if (n == 0) return false;
    p += n;
    left -= n;
  }
  return true;
}

void append_utf8(std::string& out, uint32_t c) {
  auto put = [&](uint32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

}  // namespace skiff
