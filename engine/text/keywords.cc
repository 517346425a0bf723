// The tables of words, made at compile time.
#include "engine/text/keywords.h"

#include <algorithm>
#include <array>

#include "engine/text/numbers.h"

namespace skiff::text {
namespace {

constexpr size_t kSlots = 2048;  // power of two, well above the number of opcodes

constexpr size_t hash(std::string_view s) {
  uint32_t h = 2166136261u;
  for (char c : s) h = (h ^ static_cast<uint8_t>(c)) * 16777619u;
  return (h ^ h >> 15) & (kSlots - 1);
}

// Open addressing: Op + 1, 0 for an empty slot.
constexpr std::array<uint16_t, kSlots> kSlotOps = [] {
  static_assert(kOpCount * 2 < kSlots);
  std::array<uint16_t, kSlots> slots{};
  for (size_t op = 0; op < kOpCount; ++op) {
    size_t i = hash(kOps[op].text);
    while (slots[i] != 0 && kOps[slots[i] - 1].text != kOps[op].text) i = (i + 1) & (kSlots - 1);
    if (slots[i] == 0) slots[i] = static_cast<uint16_t>(op + 1);
  }
  return slots;
}();

constexpr auto kOtherWords = [] {
  auto words = std::to_array<std::string_view>({
#define SKIFF_NUM_TYPE(ID, CODE, TEXT) TEXT,
#include "engine/syntax/types.def"
#undef SKIFF_NUM_TYPE
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) TEXT, SHORT,
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
      // clang-format off
      // types and module fields
      "null", "ref", "mut", "field", "sub", "final", "rec", "type", "param", "result", "local", "module",
      "import", "export", "table", "memory", "global", "tag", "start", "elem", "data", "offset", "item",
      "declare", "shared", "pagesize",
      // instructions' operands
      "then", "do", "catch_ref", "catch_all_ref", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
      "nan:canonical", "nan:arithmetic",
      // custom section placement
      "before", "after", "first", "last", "code", "datacount",
      // scripts
      "definition", "instance", "binary", "quote", "register", "invoke", "get", "script", "input", "output",
      "assert_return", "assert_trap", "assert_exhaustion", "assert_malformed", "assert_invalid",
      "assert_unlinkable", "assert_exception", "assert_malformed_custom", "assert_invalid_custom",
      "assert_suspension", "ref.extern", "ref.host", "ref.any", "ref.exn", "ref.struct", "ref.array",
      "either", "thread", "wait", "component",
      // clang-format on
  });
  std::ranges::sort(words);
  return words;
}();

}  // namespace

std::optional<Op> find_op(std::string_view keyword) {
  for (size_t i = hash(keyword); kSlotOps[i] != 0; i = (i + 1) & (kSlots - 1))
    if (kOps[kSlotOps[i] - 1].text == keyword) return static_cast<Op>(kSlotOps[i] - 1);
  return std::nullopt;
}

bool is_keyword(std::string_view keyword) {
  if (find_op(keyword) || std::ranges::binary_search(kOtherWords, keyword)) return true;
  for (std::string_view prefix : {"offset=", "align="})
    if (keyword.starts_with(prefix)) return classify_number(keyword.substr(prefix.size())) == NumberKind::Nat;
  return false;
}

}  // namespace skiff::text
