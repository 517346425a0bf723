// Parsers of configuration values.
#include "runtime/config.h"

#include <charconv>
#include <cmath>

namespace skiff {
namespace {

std::unexpected<Error> invalid(std::string_view what, std::string_view text,
                               std::string_view examples) {
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
              "'" + std::string(text) + "' is not a " + std::string(what) + " (" +
                  std::string(examples) + ")");
}

struct Unit {
  std::string_view suffix;
  uint64_t factor;
};
constexpr Unit kSizes[] = {{"", 1},           {"B", 1},          {"K", 1ull << 10},
                           {"M", 1ull << 20}, {"G", 1ull << 30}, {"T", 1ull << 40}};
constexpr Unit kTimes[] = {{"", 1'000'000'000},     {"ns", 1},
                           {"us", 1'000},           {"ms", 1'000'000},
                           {"s", 1'000'000'000},    {"m", 60'000'000'000},
                           {"h", 3'600'000'000'000}};

}  // namespace

Result<uint64_t> parse_size(std::string_view text) {
  const auto error = [&] { return invalid("size", text, "for example 4096, 64K, 16M or 2G"); };
  uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc()) return error();
  std::string_view suffix = text.substr(static_cast<size_t>(end - text.data()));
  if (suffix.size() > 1 && suffix.ends_with("B")) suffix.remove_suffix(1);
  if (suffix.size() > 1 && suffix.ends_with("i")) suffix.remove_suffix(1);
  for (const Unit& unit : kSizes) {
    uint64_t bytes = 0;
    if (suffix != unit.suffix) continue;
    return __builtin_mul_overflow(number, unit.factor, &bytes) ? ~uint64_t{0} : bytes;
  }
  return error();
}

Result<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size())
    return invalid("number", text, "for example 1000000");
  return number;
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto error = [&] { return invalid("duration", text, "for example 250ms, 10s, 2m or 1h"); };
  double number = 0;
  const auto [end, status] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (status != std::errc() || !std::isfinite(number) || number < 0) return error();
  const std::string_view suffix = text.substr(static_cast<size_t>(end - text.data()));
  for (const Unit& unit : kTimes) {
    if (suffix != unit.suffix) continue;
    const double ns = number * static_cast<double>(unit.factor);
    return std::chrono::nanoseconds(ns >= 9e18 ? int64_t{9'000'000'000'000'000'000}
                                               : static_cast<int64_t>(ns));
  }
  return error();
}

Status set_option(RuntimeConfig& config, std::string_view name, std::string_view value) {
  if (name == "features") return config.engine.features.apply(value);
  if (name == "tier") {
    config.tier = SKIFF_TRY(find_tier(value));
  } else if (name == "max-memory") {
    config.limits.memory_bytes = SKIFF_TRY(parse_size(value));
  } else if (name == "stack-size") {
    const uint64_t bytes = SKIFF_TRY(parse_size(value));
    if (bytes < (1 << 16) || bytes > (uint64_t{1} << 32)) {
      return invalid("stack size", value, "from 64K to 4G");
    }
    config.engine.tunables.stack_size = bytes;
  } else if (name == "timeout") {
    config.timeout = SKIFF_TRY(parse_duration(value));
    config.engine.tunables.interruptible = true;
  } else if (name == "fuel") {
    const uint64_t fuel = SKIFF_TRY(parse_number(value));
    if (fuel > INT64_MAX) return invalid("number", value, "at most 9223372036854775807");
    config.fuel = static_cast<int64_t>(fuel);
    config.engine.tunables.fuel = true;
  } else if (name == "max-table-elements") {
    config.limits.table_elements = SKIFF_TRY(parse_number(value));
  } else if (name == "max-instances") {
    config.limits.instances = SKIFF_TRY(parse_number(value));
  } else {
    return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
                "unknown option '" + std::string(name) + "'");
  }
  return {};
}

}  // namespace skiff
