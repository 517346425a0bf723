// Reading WAVE: a recursive descent along the type, whose depth the type table bounds.
#include <algorithm>

#include "component/tools/wave.h"
#include "engine/base/utf8.h"
#include "engine/text/numbers.h"

namespace skiff::component {
namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}
bool is_number_char(char c) { return is_word_char(c) || c == '+' || c == '.' || c == '_'; }

class Reader {
 public:
  Reader(const TypeTable& types, std::string_view text) : types_(types), text_(text) {}

  Result<Val> value(ValType type) {
    if (type.is_primitive()) return primitive(type.primitive());
    return std::visit([&](const auto& body) { return read(body); }, types_.body(type.id()));
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::unexpected<Error> expected(const std::string& what) {
    skip_space();
    std::string found = at_ == text_.size() ? "the end" : "'" + std::string(text_.substr(at_, 20)) + "'";
    return fail(ErrorCode::InvalidArgument, at_, kNoIndex, "expected " + what + ", found " + found);
  }

 private:
  // ---- tokens

  std::string_view peek_run(bool (*belongs)(char)) {
    skip_space();
    size_t end = at_;
    while (end < text_.size() && belongs(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  // A label; "%" in front keeps it from being a keyword.
  std::string_view peek_label() {
    skip_space();
    const size_t mark = at_ < text_.size() && text_[at_] == '%' ? 1 : 0;
    at_ += mark;
    const std::string_view word = peek_run(is_word_char);
    at_ -= mark;
    return word;
  }
  void take_label(std::string_view label) { at_ = static_cast<size_t>(label.data() - text_.data()) + label.size(); }
  bool accept_word(std::string_view word) {
    if (peek_run(is_word_char) != word) return false;
    at_ += word.size();
    return true;
  }

  // One character of a string or char literal. Nothing at a malformed escape.
  std::optional<uint32_t> character() {
    const auto byte = static_cast<uint8_t>(text_[at_]);
    if (byte == '\\') return escape();
    size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    if (length > text_.size() - at_ || !is_utf8(text_.substr(at_, length))) return std::nullopt;
    uint32_t c = length == 1 ? byte : byte & (0x7Fu >> length);
    for (size_t i = 1; i < length; ++i) c = c << 6 | (static_cast<uint8_t>(text_[at_ + i]) & 0x3F);
    at_ += length;
    return c;
  }
  std::optional<uint32_t> escape() {
    if (text_.size() - at_ < 2) return std::nullopt;
    const char kind = text_[at_ + 1];
    constexpr std::string_view kFrom = "nrt\\'\"0", kTo("\n\r\t\\'\"\0", 7);
    if (const size_t i = kFrom.find(kind); i != std::string_view::npos) {
      at_ += 2;
      return static_cast<uint8_t>(kTo[i]);
    }
    const size_t end = text_.find('}', at_);
    if (kind != 'u' || text_.size() - at_ < 4 || text_[at_ + 2] != '{' || end == std::string_view::npos)
      return std::nullopt;
    const auto c = text::parse_unsigned("0x" + std::string(text_.substr(at_ + 3, end - at_ - 3)), 32);
    if (!c || *c > 0x10FFFF || (*c >= 0xD800 && *c < 0xE000)) return std::nullopt;
    at_ = end + 1;
    return static_cast<uint32_t>(*c);
  }

  Result<Val> string() {
    if (!accept('"')) return expected("a string in quotes");
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      const auto c = character();
      if (!c) return expected("a character or an escape such as \\n or \\u{20AC}");
      append_utf8(out, *c);
    }
    if (!accept('"')) return expected("'\"' at the string's end");
    return Val::of_string(std::move(out));
  }
  Result<Val> char_literal() {
    if (!accept('\'')) return expected("a character in single quotes");
    const auto c = at_ < text_.size() ? character() : std::nullopt;
    if (!c || at_ == text_.size() || text_[at_] != '\'') return expected("one character and '\\''");
    ++at_;
    return Val::of_char(*c);
  }

  // ---- primitives

  Result<Val> primitive(Primitive type) {
    switch (type) {
      case Primitive::Bool:
        if (accept_word("true")) return Val::of_bool(true);
        if (accept_word("false")) return Val::of_bool(false);
        return expected("true or false");
      case Primitive::Char: return char_literal();
      case Primitive::String: return string();
      case Primitive::ErrorContext: return expected("nothing: an error-context has no text");
      default: return number(type);
    }
  }
  Result<Val> number(Primitive type) {
    const std::string_view token = peek_run(is_number_char);
    const auto bits = bits_of(type, token);
    if (!bits) return expected("a number of type " + to_string(types_, type));
    at_ += token.size();
    return Val::scalar(kind_of(type), *bits);
  }
  static std::optional<uint64_t> bits_of(Primitive type, std::string_view token) {
    if (type == Primitive::F32) {
      const auto bits = text::parse_f32_bits(token);
      return bits ? std::optional<uint64_t>(*bits) : std::nullopt;
    }
    if (type == Primitive::F64) return text::parse_f64_bits(token);
    const unsigned width = size_of(type) * 8;
    const bool is_signed = type == Primitive::S8 || type == Primitive::S16 || type == Primitive::S32 ||
                           type == Primitive::S64;
    if (!is_signed) return text::parse_unsigned(token, width);
    const auto bits = text::parse_integer(token, width);
    // parse_integer also reads what only fits unsigned.
    const bool top = bits && (*bits >> (width - 1) & 1);
    return top && !token.starts_with('-') ? std::nullopt : bits;
  }

  // ---- compound types

  // Elements up to `close`; `element` reads one.
  template <class F>
  Status sequence(char close, F&& element) {
    while (!accept(close)) {
      if (Status s = element(); !s) return s;
      if (accept(',')) continue;
      if (!accept(close)) return expected(std::string("',' or '") + close + "'");
      return {};
    }
    return {};
  }

  Result<Val> read(const ListType& type) {
    if (!accept('[')) return expected("a list in brackets");
    std::vector<Val> elements;
    SKIFF_TRY(sequence(']', [&]() -> Status {
      elements.push_back(SKIFF_TRY(value(type.element)));
      return {};
    }));
    if (type.length && elements.size() != *type.length)
      return expected(std::to_string(*type.length) + " elements in the list");
    return Val::of_list(std::move(elements));
  }
  Result<Val> read(const MapType& type) {
    if (!accept('{')) return expected("a map in braces");
    std::vector<Val> entries;
    SKIFF_TRY(sequence('}', [&]() -> Status {
      std::vector<Val> entry;
      entry.push_back(SKIFF_TRY(value(type.key)));
      if (!accept(':')) return expected("':' after a key");
      entry.push_back(SKIFF_TRY(value(type.value)));
      entries.push_back(Val::of_record(std::move(entry)));
      return {};
    }));
    return Val::of_list(std::move(entries));
  }
  Result<Val> read(const TupleType& type) {
    if (!accept('(')) return expected("a tuple in parentheses");
    std::vector<Val> fields;
    for (size_t i = 0; i < type.types.size(); ++i) {
      if (i && !accept(',')) return expected("','");
      fields.push_back(SKIFF_TRY(value(type.types[i])));
    }
    accept(',');
    if (!accept(')')) return expected("')'");
    return Val::of_record(std::move(fields));
  }
  Result<Val> read(const RecordType& type) {
    if (!accept('{')) return expected("a record in braces");
    std::vector<std::optional<Val>> found(type.fields.size());
    SKIFF_TRY(sequence('}', [&]() -> Status {
      const std::string_view label = peek_label();
      const auto field = std::ranges::find(type.fields, label, &Field::label);
      if (label.empty() || field == type.fields.end()) return expected("the name of a field");
      std::optional<Val>& place = found[static_cast<size_t>(field - type.fields.begin())];
      if (place) return expected("each field once");
      take_label(label);
      if (!accept(':')) return expected("':' after a field's name");
      place = SKIFF_TRY(value(field->type));
      return {};
    }));
    std::vector<Val> fields;
    for (size_t i = 0; i < found.size(); ++i) {
      if (!found[i] && types_.get_if<OptionType>(type.fields[i].type)) found[i] = Val::none();
      if (!found[i]) return expected("the field " + type.fields[i].label + " before");
      fields.push_back(std::move(*found[i]));
    }
    return Val::of_record(std::move(fields));
  }
  Result<Val> read(const FlagsType& type) {
    if (!accept('{')) return expected("flags in braces");
    uint32_t bits = 0;
    SKIFF_TRY(sequence('}', [&]() -> Status {
      const std::string_view label = peek_label();
      const auto found = std::ranges::find(type.labels, label);
      if (label.empty() || found == type.labels.end()) return expected("the name of a flag");
      bits |= uint32_t{1} << (found - type.labels.begin());
      take_label(label);
      return {};
    }));
    return Val::of_flags(bits);
  }
  Result<Val> read(const EnumType& type) {
    const std::string_view label = peek_label();
    const auto found = std::ranges::find(type.labels, label);
    if (label.empty() || found == type.labels.end()) return expected("a case of the enum");
    take_label(label);
    return Val::of_case(static_cast<uint32_t>(found - type.labels.begin()));
  }
  Result<Val> read(const VariantType& type) {
    const std::string_view label = peek_label();
    const auto found = std::ranges::find(type.cases, label, &VariantCase::label);
    if (label.empty() || found == type.cases.end()) return expected("a case of the variant");
    take_label(label);
    return payload(static_cast<uint32_t>(found - type.cases.begin()), found->type);
  }
  Result<Val> payload(uint32_t index, const OptType& type) {
    if (!type) return Val::of_case(index);
    if (!accept('(')) return expected("'(' and the payload");
    Val inner = SKIFF_TRY(value(*type));
    if (!accept(')')) return expected("')'");
    return Val::of_case(index, std::move(inner));
  }
  bool may_stand_alone(ValType type) const {
    return !types_.get_if<OptionType>(type) && !types_.get_if<ResultType>(type);
  }
  // A keyword, unless "%" says that it is a label.
  bool keyword(std::string_view word) { return accept_word(word); }

  Result<Val> read(const OptionType& type) {
    if (keyword("none")) return Val::none();
    if (keyword("some")) return payload(1, type.type);
    if (!may_stand_alone(type.type)) return expected("none or some(...)");
    return Val::some(SKIFF_TRY(value(type.type)));
  }
  Result<Val> read(const ResultType& type) {
    if (keyword("ok")) return payload(0, type.ok);
    if (keyword("err")) return payload(1, type.error);
    if (!type.ok || !may_stand_alone(*type.ok)) return expected("ok or err");
    return Val::of_case(0, SKIFF_TRY(value(*type.ok)));
  }
  template <class T>
  Result<Val> read(const T&) {
    return expected("nothing: handles, streams and futures have no text");
  }

  const TypeTable& types_;
  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<WaveCall> split_wave_call(std::string_view text) {
  const size_t open = text.find('(');
  size_t end = text.size();
  while (end && std::string_view(" \t\r\n").find(text[end - 1]) != std::string_view::npos) --end;
  if (open == 0 || open == std::string_view::npos || end <= open + 1 || text[end - 1] != ')') return std::nullopt;
  return WaveCall{text.substr(0, open), text.substr(open + 1, end - open - 2), open + 1};
}

Result<Val> parse_wave(const TypeTable& types, ValType type, std::string_view text) {
  Reader reader(types, text);
  Val value = SKIFF_TRY(reader.value(type));
  if (!reader.at_end()) return reader.expected("the end of the value");
  return value;
}

Result<std::vector<Val>> parse_wave_arguments(const TypeTable& types, const FuncType& type, std::string_view text) {
  Reader reader(types, text);
  std::vector<Val> values;
  for (const Field& param : type.params) {
    if (!values.empty() && !reader.accept(',')) return reader.expected("',' and the argument " + param.label);
    auto value = reader.value(param.type);
    if (!value) {
      value.error().detail = param.label + ": " + value.error().detail;
      return std::unexpected(std::move(value).error());
    }
    values.push_back(std::move(*value));
  }
  reader.accept(',');
  if (!reader.at_end()) return reader.expected("no more than " + std::to_string(values.size()) + " arguments");
  return values;
}

}  // namespace skiff::component
