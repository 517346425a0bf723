// Component literals: parsing by the table of keywords, conversion along the type.
#include "spectest/component_values.h"

#include <algorithm>

#include "engine/base/utf8.h"
#include "engine/text/numbers.h"

namespace skiff::spectest {

using component::Primitive;
using component::TypeTable;
using component::Val;
using component::ValType;
using text::TokenCursor;
using text::TokenKind;
using Kind = ComponentConst::Kind;

namespace {

constexpr uint32_t kDepth = 100;  // literals within literals

struct Row {
  std::string_view keyword;
  Kind kind;
  bool first_case = false;
  uint8_t bits = 0;
};
constexpr Row kRows[] = {
    {"bool.const", Kind::Bool},
    {"s8.const", Kind::S8, false, 8},
    {"u8.const", Kind::U8, false, 8},
    {"s16.const", Kind::S16, false, 16},
    {"u16.const", Kind::U16, false, 16},
    {"s32.const", Kind::S32, false, 32},
    {"u32.const", Kind::U32, false, 32},
    {"s64.const", Kind::S64, false, 64},
    {"u64.const", Kind::U64, false, 64},
    {"f32.const", Kind::F32, false, 32},
    {"f64.const", Kind::F64, false, 64},
    {"char.const", Kind::Char},
    {"str.const", Kind::String},
    {"list.const", Kind::List},
    {"record.const", Kind::Record},
    {"tuple.const", Kind::Tuple},
    {"variant.const", Kind::Variant},
    {"enum.const", Kind::Enum},
    {"option.none", Kind::Option, true},
    {"option.some", Kind::Option, false},
    {"result.ok", Kind::Result, true},
    {"result.err", Kind::Result, false},
    {"flags.const", Kind::Flags},
};

const Row* find_row(std::string_view keyword) {
  const auto row = std::ranges::find(kRows, keyword, &Row::keyword);
  return row == std::end(kRows) ? nullptr : row;
}
std::string_view keyword_of(Kind kind, bool first_case) {
  for (const Row& row : kRows)
    if (row.kind == kind && row.first_case == first_case) return row.keyword;
  return "";
}

// The only scalar value of a UTF-8 string.
std::optional<uint32_t> only_character(std::string_view s) {
  if (s.empty() || !is_utf8(s)) return std::nullopt;
  const auto b = static_cast<uint8_t>(s[0]);
  const size_t length = b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
  if (s.size() != length) return std::nullopt;
  uint32_t value = length == 1 ? b : b & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<uint8_t>(s[i]) & 0x3F);
  return value;
}

class Parser {
 public:
  explicit Parser(TokenCursor& cursor) : c_(cursor) {}

  // `( literal )`
  ComponentConst form(uint32_t depth) {
    c_.expect(TokenKind::LParen);
    ComponentConst constant = literal(depth);
    c_.expect_close();
    return constant;
  }

 private:
  // From the keyword on, without parentheses: fields of records have none.
  ComponentConst literal(uint32_t depth) {
    ComponentConst out;
    const Row* row = c_.at(TokenKind::Keyword) ? find_row(c_.text()) : nullptr;
    if (!row || depth > kDepth) return c_.unexpected(), out;
    c_.next();
    out.kind = row->kind;
    out.first_case = row->first_case;
    switch (row->kind) {
      case Kind::Bool:
        out.bits = c_.at_keyword("true");
        if (!c_.at_keyword("true") && !c_.at_keyword("false")) return c_.unexpected(), out;
        c_.next();
        break;
      case Kind::F32:
      case Kind::F64: floating(out, row->bits); break;
      case Kind::Char: {
        const auto value = c_.at_string() ? only_character(text::parse_string(c_.text())) : std::nullopt;
        if (!value) return c_.unexpected(), out;
        c_.next();
        out.bits = *value;
        break;
      }
      case Kind::String: out.text = c_.expect_name(); break;
      case Kind::Enum: out.text = c_.expect_string(); break;
      case Kind::Flags:
        while (c_.at_string()) out.names.push_back(c_.expect_string());
        break;
      case Kind::Variant:
        out.text = c_.expect_string();
        [[fallthrough]];
      case Kind::Option:
      case Kind::Result:
        if (c_.at(TokenKind::LParen)) out.items.push_back(form(depth + 1));
        break;
      case Kind::List:
      case Kind::Tuple:
        while (c_.ok() && c_.at(TokenKind::LParen)) out.items.push_back(form(depth + 1));
        break;
      case Kind::Record:
        while (c_.accept_form("field")) {
          out.names.push_back(c_.expect_string());
          out.items.push_back(c_.at(TokenKind::LParen) ? form(depth + 1) : literal(depth + 1));
          c_.expect_close();
        }
        break;
      default: integer(out, row->bits);
    }
    return out;
  }

  void integer(ComponentConst& out, uint8_t bits) {
    const auto value = text::parse_integer(c_.text(), bits);
    if (!value) return c_.unexpected();
    c_.next();
    out.bits = *value;
  }

  void floating(ComponentConst& out, uint8_t bits) {
    const std::string_view literal = c_.text();
    std::optional<uint64_t> value = 0;
    if (literal == "nan:canonical") {
      out.nan = ComponentConst::Nan::Canonical;
    } else if (literal == "nan:arithmetic") {
      out.nan = ComponentConst::Nan::Arithmetic;
    } else if (bits == 32) {
      value = text::parse_f32_bits(literal);
    } else {
      value = text::parse_f64_bits(literal);
    }
    if (!value) return c_.unexpected();
    c_.next();
    out.bits = *value;
  }

  TokenCursor& c_;
};

std::unexpected<Error> misfit(const ComponentConst& constant) {
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
              to_string(constant) + " is not of the type that is expected here");
}

std::optional<Kind> literal_of(Primitive primitive) {
  switch (primitive) {
    case Primitive::Bool: return Kind::Bool;
    case Primitive::S8: return Kind::S8;
    case Primitive::U8: return Kind::U8;
    case Primitive::S16: return Kind::S16;
    case Primitive::U16: return Kind::U16;
    case Primitive::S32: return Kind::S32;
    case Primitive::U32: return Kind::U32;
    case Primitive::S64: return Kind::S64;
    case Primitive::U64: return Kind::U64;
    case Primitive::F32: return Kind::F32;
    case Primitive::F64: return Kind::F64;
    case Primitive::Char: return Kind::Char;
    case Primitive::String: return Kind::String;
    case Primitive::ErrorContext: return std::nullopt;
  }
  return std::nullopt;
}

Result<Val> to_primitive(Primitive type, const ComponentConst& constant) {
  if (literal_of(type) != constant.kind || constant.nan != ComponentConst::Nan::Exact) return misfit(constant);
  if (type == Primitive::String) return Val::of_string(constant.text);
  return Val::scalar(component::kind_of(type), constant.bits);
}

Result<std::vector<Val>> to_vals(const TypeTable& types, std::span<const ValType> wanted,
                                 const ComponentConst& constant) {
  if (wanted.size() != constant.items.size()) return misfit(constant);
  std::vector<Val> out;
  for (size_t i = 0; i < wanted.size(); ++i) out.push_back(SKIFF_TRY(to_val(types, wanted[i], constant.items[i])));
  return out;
}

// A case and its payload, if the type has one.
Result<Val> to_case(const TypeTable& types, uint32_t index, const component::OptType& payload,
                    const ComponentConst& constant) {
  if (payload.has_value() != !constant.items.empty()) return misfit(constant);
  if (!payload) return Val::of_case(index);
  return Val::of_case(index, SKIFF_TRY(to_val(types, *payload, constant.items[0])));
}

template <class Items, class Name>
std::optional<uint32_t> number_of(const Items& items, Name name, std::string_view wanted) {
  for (size_t i = 0; i < items.size(); ++i)
    if (name(items[i]) == wanted) return static_cast<uint32_t>(i);
  return std::nullopt;
}
const std::string& label_of(const std::string& label) { return label; }
const std::string& label_of(const component::VariantCase& c) { return c.label; }

constexpr auto kLabel = [](const auto& item) -> const std::string& { return label_of(item); };

Result<Val> to_list(const TypeTable& types, const component::ListType& type, const ComponentConst& constant) {
  if (type.length && *type.length != constant.items.size()) return misfit(constant);
  std::vector<Val> elements;
  for (const ComponentConst& item : constant.items)
    elements.push_back(SKIFF_TRY(to_val(types, type.element, item)));
  return Val::of_list(std::move(elements));
}

Result<Val> to_flags(const component::FlagsType& type, const ComponentConst& constant) {
  uint32_t bits = 0;
  for (const std::string& name : constant.names) {
    const auto i = number_of(type.labels, kLabel, name);
    if (!i) return misfit(constant);
    bits |= uint32_t{1} << *i;
  }
  return Val::of_flags(bits);
}

std::vector<ValType> field_types(const component::RecordType& record) {
  std::vector<ValType> out;
  for (const component::Field& field : record.fields) out.push_back(field.type);
  return out;
}

bool nan_matches(const ComponentConst& constant, uint64_t bits) {
  const bool wide = constant.kind == Kind::F64;
  const uint64_t canonical = wide ? 0x7FF8000000000000u : 0x7FC00000u;
  const uint64_t sign = uint64_t{1} << (wide ? 63 : 31);
  if (constant.nan == ComponentConst::Nan::Canonical) return (bits & ~sign) == canonical;
  return (bits & canonical) == canonical;
}

// Literals with NaN patterns are compared piece by piece, since they are no values.
bool has_pattern(const ComponentConst& constant) {
  return constant.nan != ComponentConst::Nan::Exact || std::ranges::any_of(constant.items, has_pattern);
}

}  // namespace

bool at_component_const(const TokenCursor& cursor) {
  return cursor.at(TokenKind::LParen) && cursor.kind(1) == TokenKind::Keyword &&
         find_row(cursor.text(cursor.peek(1))) != nullptr;
}

ComponentConst parse_component_const(TokenCursor& cursor) { return Parser(cursor).form(0); }

Result<Val> to_val(const TypeTable& types, ValType type, const ComponentConst& constant) {
  if (type.is_primitive()) return to_primitive(type.primitive(), constant);
  switch (constant.kind) {
    case Kind::List:
      if (const auto* t = types.get_if<component::ListType>(type)) return to_list(types, *t, constant);
      if (const auto* t = types.get_if<component::MapType>(type)) {
        const ValType pair[] = {t->key, t->value};
        std::vector<Val> entries;
        for (const ComponentConst& item : constant.items) {
          if (item.kind != Kind::Tuple) return misfit(constant);
          entries.push_back(Val::of_record(SKIFF_TRY(to_vals(types, pair, item))));
        }
        return Val::of_list(std::move(entries));
      }
      break;
    case Kind::Record:
      if (const auto* t = types.get_if<component::RecordType>(type)) {
        const bool same_names = std::ranges::equal(t->fields, constant.names, {}, &component::Field::label);
        if (!same_names) return misfit(constant);
        return Val::of_record(SKIFF_TRY(to_vals(types, field_types(*t), constant)));
      }
      break;
    case Kind::Tuple:
      if (const auto* t = types.get_if<component::TupleType>(type))
        return Val::of_record(SKIFF_TRY(to_vals(types, t->types, constant)));
      break;
    case Kind::Variant:
      if (const auto* t = types.get_if<component::VariantType>(type)) {
        const auto i = number_of(t->cases, kLabel, constant.text);
        if (i) return to_case(types, *i, t->cases[*i].type, constant);
      }
      break;
    case Kind::Enum:
      if (const auto* t = types.get_if<component::EnumType>(type)) {
        const auto i = number_of(t->labels, kLabel, constant.text);
        if (i) return Val::of_case(*i);
      }
      break;
    case Kind::Option:
      if (const auto* t = types.get_if<component::OptionType>(type)) {
        const component::OptType payload = constant.first_case ? component::OptType() : t->type;
        return to_case(types, constant.first_case ? 0 : 1, payload, constant);
      }
      break;
    case Kind::Result:
      if (const auto* t = types.get_if<component::ResultType>(type))
        return to_case(types, constant.first_case ? 0 : 1, constant.first_case ? t->ok : t->error, constant);
      break;
    case Kind::Flags:
      if (const auto* t = types.get_if<component::FlagsType>(type)) return to_flags(*t, constant);
      break;
    default: break;
  }
  return misfit(constant);
}

bool matches(const TypeTable& types, ValType type, const ComponentConst& constant, const Val& value) {
  if (!has_pattern(constant)) {
    const Result<Val> expected = to_val(types, type, constant);
    return expected && *expected == value;
  }
  if (type.is_primitive()) {
    return literal_of(type.primitive()) == constant.kind && nan_matches(constant, value.bits());
  }
  auto item_matches = [&](size_t i, ValType t, const Val& v) { return matches(types, t, constant.items[i], v); };
  if (const auto* t = types.get_if<component::ListType>(type)) {
    if (constant.kind != Kind::List || value.length() != constant.items.size()) return false;
    for (size_t i = 0; i < constant.items.size(); ++i)
      if (!item_matches(i, t->element, value.element_at(i))) return false;
    return true;
  }
  const auto* record = types.get_if<component::RecordType>(type);
  const auto* tuple = types.get_if<component::TupleType>(type);
  if (record || tuple) {
    const std::vector<ValType> fields = record ? field_types(*record) : tuple->types;
    if (fields.size() != constant.items.size()) return false;
    for (size_t i = 0; i < fields.size(); ++i)
      if (!item_matches(i, fields[i], value.items()[i])) return false;
    return true;
  }
  // One payload: the case must be the same.
  if (value.kind() != Val::Kind::Variant || constant.items.size() != 1 || !value.payload()) return false;
  component::OptType payload;
  std::optional<uint32_t> index;
  if (const auto* t = types.get_if<component::VariantType>(type)) {
    index = number_of(t->cases, kLabel, constant.text);
    if (index) payload = t->cases[*index].type;
  } else if (const auto* t = types.get_if<component::OptionType>(type)) {
    index = constant.first_case ? 0 : 1;
    payload = t->type;
  } else if (const auto* t = types.get_if<component::ResultType>(type)) {
    index = constant.first_case ? 0 : 1;
    payload = constant.first_case ? t->ok : t->error;
  }
  return index == value.case_index() && payload && item_matches(0, *payload, *value.payload());
}

// ---- notation

namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string scalar_text(Kind kind, uint64_t bits) {
  auto with_sign = [&](unsigned width) {
    const unsigned shift = 64 - width;
    return std::to_string(static_cast<int64_t>(bits << shift) >> shift);
  };
  switch (kind) {
    case Kind::Bool: return bits != 0 ? "true" : "false";
    case Kind::S8: return with_sign(8);
    case Kind::S16: return with_sign(16);
    case Kind::S32: return with_sign(32);
    case Kind::S64: return with_sign(64);
    case Kind::F32: return text::print_f32(static_cast<uint32_t>(bits));
    case Kind::F64: return text::print_f64(bits);
    case Kind::Char: {
      std::string character;
      append_utf8(character, static_cast<uint32_t>(bits));
      return quoted(character);
    }
    default: return std::to_string(bits);
  }
}

// A value as the literal that means it.
ComponentConst to_const(const TypeTable& types, ValType type, const Val& value) {
  ComponentConst out;
  auto payload = [&](const component::OptType& t) {
    if (t && value.payload()) out.items.push_back(to_const(types, *t, *value.payload()));
  };
  if (type.is_primitive()) {
    out.kind = literal_of(type.primitive()).value_or(Kind::String);
    if (value.kind() == Val::Kind::String) out.text = value.string();
    if (value.is_scalar()) out.bits = value.bits();
  } else if (const auto* t = types.get_if<component::ListType>(type)) {
    out.kind = Kind::List;
    for (size_t i = 0; i < value.length(); ++i) out.items.push_back(to_const(types, t->element, value.element_at(i)));
  } else if (const auto* t = types.get_if<component::MapType>(type)) {
    out.kind = Kind::List;
    for (const Val& entry : value.items()) {
      ComponentConst pair{.kind = Kind::Tuple};
      pair.items.push_back(to_const(types, t->key, entry.items()[0]));
      pair.items.push_back(to_const(types, t->value, entry.items()[1]));
      out.items.push_back(std::move(pair));
    }
  } else if (const auto* t = types.get_if<component::RecordType>(type)) {
    out.kind = Kind::Record;
    for (size_t i = 0; i < t->fields.size(); ++i) {
      out.names.push_back(t->fields[i].label);
      out.items.push_back(to_const(types, t->fields[i].type, value.items()[i]));
    }
  } else if (const auto* t = types.get_if<component::TupleType>(type)) {
    out.kind = Kind::Tuple;
    for (size_t i = 0; i < t->types.size(); ++i) out.items.push_back(to_const(types, t->types[i], value.items()[i]));
  } else if (const auto* t = types.get_if<component::VariantType>(type)) {
    out.kind = Kind::Variant;
    out.text = t->cases[value.case_index()].label;
    payload(t->cases[value.case_index()].type);
  } else if (const auto* t = types.get_if<component::EnumType>(type)) {
    out.kind = Kind::Enum;
    out.text = t->labels[value.case_index()];
  } else if (const auto* t = types.get_if<component::OptionType>(type)) {
    out.kind = Kind::Option;
    out.first_case = value.case_index() == 0;
    payload(t->type);
  } else if (const auto* t = types.get_if<component::ResultType>(type)) {
    out.kind = Kind::Result;
    out.first_case = value.case_index() == 0;
    payload(out.first_case ? t->ok : t->error);
  } else if (const auto* t = types.get_if<component::FlagsType>(type)) {
    out.kind = Kind::Flags;
    for (size_t i = 0; i < t->labels.size(); ++i)
      if (value.flags() >> i & 1) out.names.push_back(t->labels[i]);
  } else {
    out.kind = Kind::String;
    out.text = "a handle";
  }
  return out;
}

}  // namespace

std::string to_string(const ComponentConst& constant) {
  std::string out = "(" + std::string(keyword_of(constant.kind, constant.first_case));
  switch (constant.kind) {
    case Kind::String:
    case Kind::Enum:
    case Kind::Variant: out += " " + quoted(constant.text); break;
    case Kind::Flags:
      for (const std::string& name : constant.names) out += " " + quoted(name);
      break;
    case Kind::List:
    case Kind::Record:
    case Kind::Tuple:
    case Kind::Option:
    case Kind::Result: break;
    default:
      out += ' ';
      if (constant.nan == ComponentConst::Nan::Exact)
        out += scalar_text(constant.kind, constant.bits);
      else
        out += constant.nan == ComponentConst::Nan::Canonical ? "nan:canonical" : "nan:arithmetic";
  }
  for (size_t i = 0; i < constant.items.size(); ++i) {
    if (constant.kind == Kind::Record)
      out += " (field " + quoted(constant.names[i]) + " " + to_string(constant.items[i]) + ")";
    else
      out += " " + to_string(constant.items[i]);
  }
  return out + ")";
}

std::string to_string(const TypeTable& types, ValType type, const Val& value) {
  return to_string(to_const(types, type, value));
}

}  // namespace skiff::spectest
