// Values from and to text.
#include "runtime/cli/invoke.h"

#include <cctype>
#include <cstdio>

#include "engine/text/numbers.h"
#include "engine/valid/valid.h"

namespace skiff::cli {
namespace {

std::optional<V128> parse_v128(std::string_view text) {
  if (!text.starts_with("0x") || text.size() < 3 || text.size() > 34) return std::nullopt;
  V128 value;
  size_t nibble = 0;
  for (size_t i = text.size(); i-- > 2; ++nibble) {
    const auto digit = text::parse_unsigned("0x" + std::string(1, text[i]), 4);
    if (!digit) return std::nullopt;
    value.bytes[nibble / 2] |= static_cast<uint8_t>(*digit << (nibble % 2 * 4));
  }
  return value;
}

std::optional<Val> parse_value(ValType type, std::string_view text) {
  if (type.is_ref()) {
    if (text != "null" || !type.is_nullable_ref()) return std::nullopt;
    return Val::zero(type);
  }
  if (type == ValType::V128) {
    const auto v = parse_v128(text);
    return v ? std::optional(Val::of_v128(*v)) : std::nullopt;
  }
  Val value = Val::zero(type);
  std::optional<uint64_t> bits;
  if (type == ValType::I32) bits = text::parse_i32(text);
  if (type == ValType::I64) bits = text::parse_i64(text);
  if (type == ValType::F32) bits = text::parse_f32_bits(text);
  if (type == ValType::F64) bits = text::parse_f64_bits(text);
  if (!bits) return std::nullopt;
  value.i64 = static_cast<int64_t>(*bits);
  return value;
}

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, std::move(message));
}

std::string reference_text(const Val& value, const TypeRegistry& types) {
  if (value.ref == kNullRef) return "null";
  const HeapType top = top_of(types, value.type.heap());
  if (top == HeapType::Func) return "funcref";
  if (top == HeapType::Exn) return "exnref";
  if (is_i31(value.ref)) return "i31:" + std::to_string(i31_get_s(value.ref));
  return top == HeapType::Extern ? "externref" : "ref";
}

}  // namespace

Result<std::vector<Val>> parse_arguments(const FuncType& type,
                                         std::span<const std::string_view> texts) {
  if (texts.size() != type.params.size()) {
    return invalid("the function takes " + std::to_string(type.params.size()) + " arguments " +
                   to_string(type) + ", given are " + std::to_string(texts.size()));
  }
  std::vector<Val> values;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto value = parse_value(type.params[i], texts[i]);
    if (!value) {
      return invalid("argument " + std::to_string(i + 1) + ": '" + std::string(texts[i]) +
                     "' is not a value of type " + to_string(type.params[i]));
    }
    values.push_back(*value);
  }
  return values;
}

std::string value_text(const Val& value, const TypeRegistry& types) {
  if (value.type.is_ref()) return reference_text(value, types);
  if (value.type == ValType::I32) return std::to_string(value.i32);
  if (value.type == ValType::I64) return std::to_string(value.i64);
  if (value.type == ValType::F32) return text::print_f32(value.f32_bits);
  if (value.type == ValType::F64) return text::print_f64(value.f64_bits);
  const auto halves = value.v128.lanes<uint64_t>();
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "0x%016llx%016llx",
                static_cast<unsigned long long>(halves[1]),
                static_cast<unsigned long long>(halves[0]));
  return buffer;
}

}  // namespace skiff::cli
