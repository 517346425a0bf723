// Entropy: the fuzzer's bytes as a stream of decisions. When they run out every further decision is 0, and 0
// is always the simplest choice: so short inputs make small modules, and minimising an input minimises the
// module. A pure function of the bytes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace skiff::fuzz {

class Entropy {
 public:
  explicit Entropy(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return pos_ >= bytes_.size(); }
  uint8_t u8() { return empty() ? 0 : bytes_[pos_++]; }
  /// n bytes, lowest first.   Requires: n <= 8
  uint64_t bits(unsigned n) {
    uint64_t v = 0;
    for (unsigned i = 0; i < n; ++i) v |= uint64_t{u8()} << (8 * i);
    return v;
  }
  /// 0 .. n-1.   Requires: n > 0
  uint32_t below(size_t n) {
    if (n <= 1) return 0;
    const unsigned width = n <= 256 ? 1 : n <= 65536 ? 2 : 4;
    return static_cast<uint32_t>(bits(width) % n);
  }
  /// lo .. hi
  uint32_t between(uint32_t lo, uint32_t hi) { return lo + below(hi - lo + 1); }
  /// True with probability 1/n, and false at the end of the bytes.   Requires: n > 1
  bool one_in(uint32_t n) { return below(n) == n - 1; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  /// An integer of 64 bits: small ones, powers of two and their neighbours, extremes, anything.
  uint64_t integer() {
    switch (below(6)) {
      case 0: return bits(1) & 0x0F;
      case 1: return static_cast<uint64_t>(static_cast<int64_t>(static_cast<int8_t>(bits(1))));
      case 2: return (uint64_t{1} << below(64)) + bits(1) % 3 - 1;
      case 3: return ~uint64_t{0} << below(64);
      case 4: return bits(4);
      default: return bits(8);
    }
  }
  /// Bits of a float or double: zeros, infinities, NaNs of all kinds, subnormals, integers' limits, anything.
  uint32_t float_bits() {
    constexpr std::array<uint32_t, 16> kSpecial = {
        0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000,
        0x7FA00001, 0x7FFFFFFF, 0x00000001, 0x007FFFFF, 0x4F000000, 0xCF000000, 0x5F000000, 0x7F7FFFFF};
    if (one_in(3)) return static_cast<uint32_t>(bits(4));
    if (one_in(3)) return std::bit_cast<uint32_t>(static_cast<float>(static_cast<int8_t>(u8())) * 0.25f);
    return kSpecial[below(kSpecial.size())];
  }
  uint64_t double_bits() {
    constexpr std::array<uint64_t, 16> kSpecial = {
        0x0000000000000000, 0x8000000000000000, 0x3FF0000000000000, 0xBFF0000000000000,
        0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000000000,
        0x7FF4000000000001, 0x7FFFFFFFFFFFFFFF, 0x0000000000000001, 0x000FFFFFFFFFFFFF,
        0x41E0000000000000, 0xC1E0000000000000, 0x43E0000000000000, 0x7FEFFFFFFFFFFFFF};
    if (one_in(3)) return bits(8);
    if (one_in(3)) return std::bit_cast<uint64_t>(static_cast<double>(static_cast<int8_t>(u8())) * 0.25);
    return kSpecial[below(kSpecial.size())];
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t pos_ = 0;
};

/// `size` bytes of a seeded generator (splitmix64), for runs without a fuzzer.
inline std::vector<uint8_t> bytes_of_seed(uint64_t seed, size_t size) {
  std::vector<uint8_t> out(size);
  uint64_t state = seed;
  for (size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) state += 0x9E3779B97F4A7C15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    out[i] = static_cast<uint8_t>((z ^ (z >> 31)) >> (8 * (i % 8)));
  }
  return out;
}

}  // namespace skiff::fuzz
