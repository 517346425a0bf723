// Size classes of small objects: cells of 16 bytes to 32 KiB, at most about 25 % apart, in blocks of 64 KiB.
// Larger objects get blocks of their own.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

namespace skiff::gc {

inline constexpr uint32_t kBlockSizeLog2 = 16;
inline constexpr uint32_t kBlockSize = 1u << kBlockSizeLog2;
inline constexpr uint32_t kGranule = 16;  // bytes; alignment of cells, unit of the bitmaps

/// Bytes of a cell. The largest ones divide a block into 12, 10, 8, 6, 5, 4, 3 and 2 cells.
inline constexpr uint32_t kCellSizes[] = {
    16,   32,   48,   64,   80,   96,   112,  128,  160,  192,  224,   256,   320,   384,   448,  512,
    640,  768,  896,  1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584,  4096,  5456,  6544,  8192, 10912,
    13104, 16384, 21840, 32768};
inline constexpr uint32_t kClassCount = std::size(kCellSizes);
inline constexpr uint32_t kMaxCellSize = kCellSizes[kClassCount - 1];
inline constexpr uint8_t kLargeClass = kClassCount;

namespace detail {
// By (bytes - 1) / step: the smallest class that has room.
template <uint32_t kStep, uint32_t kMax>
consteval std::array<uint8_t, kMax / kStep> class_table() {
  std::array<uint8_t, kMax / kStep> table{};
  for (uint32_t i = 0, c = 0; i < table.size(); ++i) {
    while (kCellSizes[c] < (i + 1) * kStep) ++c;
    table[i] = static_cast<uint8_t>(c);
  }
  return table;
}
inline constexpr auto kFineClasses = class_table<16, 2048>();
inline constexpr auto kCoarseClasses = class_table<512, kMaxCellSize>();

consteval std::array<uint32_t, kClassCount> reciprocals() {
  std::array<uint32_t, kClassCount> table{};
  for (uint32_t c = 0; c < kClassCount; ++c)
    table[c] = static_cast<uint32_t>((uint64_t{1} << 32) / kCellSizes[c] + 1);
  return table;
}
inline constexpr auto kReciprocals = reciprocals();
}  // namespace detail

/// The smallest class for an object, or kLargeClass. Requires: bytes > 0.
constexpr uint8_t size_class_of(uint64_t bytes) {
  if (bytes <= 2048) return detail::kFineClasses[(bytes - 1) / 16];
  if (bytes > kMaxCellSize) return kLargeClass;
  const uint8_t c = detail::kCoarseClasses[(bytes - 1) / 512];
  // A step may span two classes; the table names the one for the step's end.
  return c > 0 && kCellSizes[c - 1] >= bytes ? static_cast<uint8_t>(c - 1) : c;
}

/// offset / kCellSizes[c] without a division. Requires: offset < kBlockSize.
constexpr uint32_t cell_index(uint32_t offset, uint32_t c) {
  return static_cast<uint32_t>(uint64_t{offset} * detail::kReciprocals[c] >> 32);
}
constexpr uint32_t cells_per_block(uint32_t c) { return kBlockSize / kCellSizes[c]; }

}  // namespace skiff::gc
