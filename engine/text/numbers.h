// Number literals of the text format (Spec: text-int, text-float): exact both ways. Floats are rounded
// once, to nearest even, straight to the target format; what rounds to infinity is out of range, as are
// NaN payloads of zero or of too many bits. '_' may separate digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::text {

/// What kind of number a run of characters is.
enum class NumberKind : uint8_t { None, Nat, Int, Float };
NumberKind classify_number(std::string_view text);

/// An unsigned integer of at most `bits` bits; nothing when malformed or out of range.
std::optional<uint64_t> parse_unsigned(std::string_view text, unsigned bits);
/// An integer from -2^(bits-1) to 2^bits - 1 as its low `bits` bits (Spec: text-uninterpreted integers);
/// nothing when malformed or out of range.
std::optional<uint64_t> parse_integer(std::string_view text, unsigned bits);
inline std::optional<uint32_t> parse_i32(std::string_view text) {
  const auto value = parse_integer(text, 32);
  return value ? std::optional(static_cast<uint32_t>(*value)) : std::nullopt;
}
inline std::optional<uint64_t> parse_i64(std::string_view text) { return parse_integer(text, 64); }

/// Bits of a float literal (integer literals are float literals too); nothing when malformed or out of
/// range. "nan:canonical" and "nan:arithmetic" are patterns of the script runner, not literals.
std::optional<uint32_t> parse_f32_bits(std::string_view text);
std::optional<uint64_t> parse_f64_bits(std::string_view text);

/// Shortest text that parses to the same bits again; NaN payloads are kept.
std::string print_f32(uint32_t bits);
std::string print_f64(uint64_t bits);

}  // namespace skiff::text
