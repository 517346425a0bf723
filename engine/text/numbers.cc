// Parsing and printing of number literals. Decimal floats go through std::from_chars, which rounds
// correctly for float and double alike; hexadecimal ones are rounded here from a 64-bit significand and a
// sticky bit.
#include "engine/text/numbers.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace skiff::text {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Length of the digits at the front ('_' only between two digits), 0 when there are none.
size_t digits(std::string_view s, bool hex) {
  auto is_one = [&](size_t i) { return i < s.size() && (hex ? hex_digit(s[i]) >= 0 : is_digit(s[i])); };
  size_t n = 0;
  while (is_one(n) || (n > 0 && n < s.size() && s[n] == '_' && is_one(n - 1) && is_one(n + 1))) ++n;
  return n;
}

bool take_sign(std::string_view& s) {
  if (s.empty() || (s[0] != '+' && s[0] != '-')) return false;
  s.remove_prefix(1);
  return true;
}

bool take(std::string_view& s, std::string_view prefix) {
  if (!s.starts_with(prefix)) return false;
  s.remove_prefix(prefix.size());
  return true;
}

// An unsigned magnitude of at most 64 bits.
std::optional<uint64_t> parse_magnitude(std::string_view s) {
  const bool hex = take(s, "0x");
  if (s.empty() || digits(s, hex) != s.size()) return std::nullopt;
  uint64_t value = 0;
  for (char c : s) {
    if (c == '_') continue;
    const uint64_t base = hex ? 16 : 10;
    const auto digit = static_cast<uint64_t>(hex_digit(c));
    if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value))
      return std::nullopt;
  }
  return value;
}

template <class Float>
struct Format;
template <>
struct Format<float> {
  using Bits = uint32_t;
  static constexpr int kMantissaBits = 23, kBias = 127;
};
template <>
struct Format<double> {
  using Bits = uint64_t;
  static constexpr int kMantissaBits = 52, kBias = 1023;
};
template <class Float>
inline constexpr uint64_t kInfinity = uint64_t{2 * Format<Float>::kBias + 1} << Format<Float>::kMantissaBits;

// The value significand * 2^exponent (plus a little when `sticky`), rounded to nearest even; nothing when
// that is infinite.
template <class Float>
std::optional<uint64_t> round_binary(uint64_t significand, int64_t exponent, bool sticky) {
  using F = Format<Float>;
  if (significand == 0) return 0;  // sticky bits come only behind a full significand
  const int shift_up = std::countl_zero(significand);
  significand <<= shift_up;
  exponent -= shift_up;
  // Now the value is 1.xxx * 2^top.
  const int64_t top = exponent + 63;
  if (top > F::kBias) return std::nullopt;
  const int64_t smallest = 1 - F::kBias;
  // How many low bits of the significand do not fit; more for subnormal numbers.
  int64_t drop = 63 - F::kMantissaBits;
  if (top < smallest) drop += smallest - top;
  if (drop > 64) return 0;  // below half of the smallest subnormal
  uint64_t kept = drop == 64 ? 0 : significand >> drop;
  const uint64_t half = uint64_t{1} << (drop - 1);
  const uint64_t rest = drop == 64 ? significand : significand & ((half << 1) - 1);
  if (rest > half || (rest == half && (sticky || (kept & 1)))) ++kept;
  // The hidden bit, when set, adds one to the biased exponent; so does a carry out of the mantissa.
  const uint64_t biased = top < smallest ? 0 : static_cast<uint64_t>(top - smallest);
  const uint64_t bits = (biased << F::kMantissaBits) + kept;
  if (bits >= kInfinity<Float>) return std::nullopt;
  return bits;
}

// The exponent behind 'p': decimal, clamped far outside of every format's range.
int64_t parse_exponent(std::string_view s) {
  const bool negative = !s.empty() && s[0] == '-';
  take_sign(s);
  int64_t value = 0;
  for (char c : s)
    if (c != '_' && value < (int64_t{1} << 40)) value = value * 10 + (c - '0');
  return negative ? -value : value;
}

// Behind "0x". Requires: classified as a number.
template <class Float>
std::optional<uint64_t> parse_hex_float(std::string_view s) {
  uint64_t significand = 0;
  int64_t exponent = 0;
  bool sticky = false, fraction = false;
  size_t i = 0;
  for (; i < s.size(); ++i) {
    const char c = s[i];
    if (c == '_') continue;
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (c == 'p' || c == 'P') break;
    const auto digit = static_cast<uint64_t>(hex_digit(c));
    if (significand >> 60 == 0) {
      significand = significand << 4 | digit;
      exponent -= fraction ? 4 : 0;
    } else {
      sticky |= digit != 0;
      exponent += fraction ? 0 : 4;
    }
  }
  if (i < s.size()) exponent += parse_exponent(s.substr(i + 1));
  return round_binary<Float>(significand, exponent, sticky);
}

// Is the value of a decimal literal (digits, point, exponent) one or more? Only asked of values far from
// one, when from_chars found them out of range.
bool is_large(std::string_view s) {
  const size_t e = s.find_first_of("eE");
  const std::string_view mantissa = s.substr(0, e);
  const size_t point = mantissa.find('.');
  const auto whole = static_cast<int64_t>(point == std::string_view::npos ? mantissa.size() : point);
  const size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  const auto at = static_cast<int64_t>(first);
  // Decimal exponent of the leading digit.
  const int64_t lead = at < whole ? whole - 1 - at : whole - at;
  const int64_t exponent = e == std::string_view::npos ? 0 : parse_exponent(s.substr(e + 1));
  return lead + exponent >= 0;
}

// Requires: classified as a number.
template <class Float>
std::optional<uint64_t> parse_decimal_float(std::string_view s) {
  std::string clean;
  for (char c : s)
    if (c != '_') clean.push_back(c);
  Float value = 0;
  const auto [end, error] = std::from_chars(clean.data(), clean.data() + clean.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (is_large(clean)) return std::nullopt;
    return 0;
  }
  // "1." and "1.e5": from_chars reads both whole.
  if (error != std::errc() || end != clean.data() + clean.size() || std::isinf(value)) return std::nullopt;
  return std::bit_cast<typename Format<Float>::Bits>(value);
}

template <class Float>
std::optional<uint64_t> parse_float(std::string_view s) {
  using F = Format<Float>;
  if (classify_number(s) == NumberKind::None) return std::nullopt;
  const uint64_t sign =
      s[0] == '-' ? uint64_t{1} << (F::kMantissaBits + std::bit_width(unsigned{2 * F::kBias})) : 0;
  take_sign(s);
  if (s == "inf") return sign | kInfinity<Float>;
  if (s == "nan") return sign | kInfinity<Float> | uint64_t{1} << (F::kMantissaBits - 1);
  if (take(s, "nan:")) {
    const auto payload = parse_magnitude(s);
    if (!payload || *payload == 0 || *payload >> F::kMantissaBits != 0) return std::nullopt;
    return sign | kInfinity<Float> | *payload;
  }
  const auto value = take(s, "0x") ? parse_hex_float<Float>(s) : parse_decimal_float<Float>(s);
  return value ? std::optional(sign | *value) : std::nullopt;
}

template <class Float>
std::string print_float(typename Format<Float>::Bits bits) {
  using F = Format<Float>;
  constexpr uint64_t kMantissa = (uint64_t{1} << F::kMantissaBits) - 1;
  constexpr int kSignBit = static_cast<int>(sizeof(Float)) * 8 - 1;
  const bool negative = bits >> kSignBit != 0;
  const uint64_t mantissa = bits & kMantissa;
  std::string text = negative ? "-" : "";
  if ((bits & kInfinity<Float>) == kInfinity<Float>) {
    if (mantissa == 0) return text + "inf";
    text += "nan";
    if (mantissa == uint64_t{1} << (F::kMantissaBits - 1)) return text;
    char buffer[20];
    const auto end = std::to_chars(buffer, std::end(buffer), mantissa, 16).ptr;
    return text.append(":0x").append(buffer, end);
  }
  char buffer[40];
  const auto end = std::to_chars(buffer, std::end(buffer), std::bit_cast<Float>(bits)).ptr;
  return std::string(buffer, end);
}

}  // namespace

NumberKind classify_number(std::string_view text) {
  std::string_view s = text;
  const bool has_sign = take_sign(s);
  if (s == "inf" || s == "nan") return NumberKind::Float;
  if (take(s, "nan:0x"))
    return !s.empty() && digits(s, true) == s.size() ? NumberKind::Float : NumberKind::None;
  const bool hex = take(s, "0x");
  const size_t whole = digits(s, hex);
  if (whole == 0) return NumberKind::None;
  s.remove_prefix(whole);
  if (s.empty()) return has_sign ? NumberKind::Int : NumberKind::Nat;
  if (take(s, ".")) s.remove_prefix(digits(s, hex));
  if (s.empty()) return NumberKind::Float;
  const char e = static_cast<char>(s[0] | 0x20);
  if (e != (hex ? 'p' : 'e')) return NumberKind::None;
  s.remove_prefix(1);
  take_sign(s);
  return !s.empty() && digits(s, false) == s.size() ? NumberKind::Float : NumberKind::None;
}

std::optional<uint64_t> parse_unsigned(std::string_view text, unsigned bits) {
  const auto value = parse_magnitude(text);
  if (!value || (bits < 64 && *value >> bits != 0)) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_integer(std::string_view text, unsigned bits) {
  const bool negative = text.starts_with('-');
  take_sign(text);
  const auto value = parse_unsigned(text, bits);
  if (!value || !negative) return value;
  if (*value > uint64_t{1} << (bits - 1)) return std::nullopt;
  const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  return (0 - *value) & mask;
}

std::optional<uint32_t> parse_f32_bits(std::string_view text) {
  const auto bits = parse_float<float>(text);
  return bits ? std::optional(static_cast<uint32_t>(*bits)) : std::nullopt;
}

std::optional<uint64_t> parse_f64_bits(std::string_view text) { return parse_float<double>(text); }

std::string print_f32(uint32_t bits) { return print_float<float>(bits); }
std::string print_f64(uint64_t bits) { return print_float<double>(bits); }

}  // namespace skiff::text
