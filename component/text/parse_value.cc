// Value definitions (Spec: Explainer.md, Value Definitions): literals are encoded as their type says, in
// the binary format's form (Spec: Binary.md, val).
#include <algorithm>

#include "component/text/parser.h"
#include "engine/base/utf8.h"
#include "engine/text/numbers.h"

namespace skiff::component::wat {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

// From the apostrophe at `begin` to the next one that is not escaped; empty when there is none.
std::string_view quoted(std::string_view source, size_t begin) {
  if (begin >= source.size() || source[begin] != '\'') return {};
  for (size_t i = begin + 1; i < source.size() && source[i] != '\n'; ++i) {
    if (source[i] == '\\') {
      ++i;
    } else if (source[i] == '\'') {
      return source.substr(begin, i + 1 - begin);
    }
  }
  return {};
}

// `'a'` with the escapes of strings, as UTF-8.
std::optional<std::string> char_literal(std::string_view literal) {
  if (literal.size() < 3 || literal.front() != '\'' || literal.back() != '\'') return std::nullopt;
  const std::string quoted = '"' + std::string(literal.substr(1, literal.size() - 2)) + '"';
  const text::TokenList tokens = text::tokenize(quoted);
  if (tokens.tokens.size() != 2 || tokens.tokens[0].kind != text::TokenKind::String) return std::nullopt;
  std::string character = text::parse_string(quoted);
  const auto continues = [](char c) { return (c & 0xC0) == 0x80; };
  const auto starts = std::ranges::count_if(character, [&](char c) { return !continues(c); });
  if (starts != 1 || !is_utf8(character)) return std::nullopt;
  return character;
}

}  // namespace

// `(value id? valtype val)`
void ComponentParser::value_field() {
  const uint64_t offset = c_.peek().offset;
  need(Feature::CmValues);
  c_.accept_form("value");
  const std::string_view id = optional_id();
  ValueDef def;
  def.type = val_type();
  Writer out;
  if (c_.accept_form("binary")) {
    while (c_.at_string()) {
      std::vector<uint8_t> bytes;
      text::parse_string(c_.text(), bytes);
      out.bytes(bytes);
      c_.next();
    }
    c_.expect_close();
  } else {
    value(def.type, scope_, out, 0);
  }
  c_.expect_close();
  def.bytes = out.take();
  push(std::move(def), offset);
  bind(Sort::Value, id, offset);
}

// Follows exports, equality-bound imports and outer aliases to where the type is defined.
ComponentParser::FoundType ComponentParser::find_type(const Scope* scope, uint32_t index) const {
  // An index may name itself, which the validator rejects later.
  constexpr int kSteps = 1000;
  for (int i = 0; i < kSteps && scope && scope->component && index < scope->type_definitions.size(); ++i) {
    const Definition& definition = scope->component->definitions[scope->type_definitions[index]];
    if (const auto* def = std::get_if<TypeDef>(&definition.def)) return {def, scope};
    if (const auto* e = std::get_if<ExportDef>(&definition.def)) {
      index = e->value.index;
    } else if (const auto* import = std::get_if<ImportDef>(&definition.def)) {
      if (import->type.sub_resource) break;
      index = import->type.index;
    } else if (const auto* alias = std::get_if<AliasDef>(&definition.def)) {
      if (alias->kind != AliasDef::Kind::Outer) break;
      for (uint32_t n = 0; scope && n < alias->count; ++n) scope = scope->enclosing;
      index = alias->index;
    } else {
      break;
    }
  }
  return {};
}

void ComponentParser::value(const ValTypeRef& type, const Scope* scope, Writer& out, uint32_t depth) {
  if (!c_.ok()) return;
  if (depth > limits::kTypeNesting) return c_.set_error(ErrorCode::TooDeeplyNested);
  if (const auto* p = std::get_if<Primitive>(&type.type)) return primitive_value(*p, out);
  const FoundType found = find_type(scope, std::get<uint32_t>(type.type));
  if (!found.def) return c_.set_error(ErrorCode::UnexpectedToken, "a value whose type is not known here");
  value_of(*found.def, found.scope, out, depth);
}

// Members of a list up to the ")", after their number unless `length` says it.
void ComponentParser::value_list(const ValTypeRef& type, const Scope* scope, std::optional<uint32_t> length,
                                 Writer& out, uint32_t depth) {
  Writer members;
  uint32_t n = 0;
  for (; !is_done(); ++n) value(type, scope, members, depth);
  if (length && *length != n) return c_.set_error(ErrorCode::UnexpectedToken, "wrong length of a list");
  if (!length) out.u32(n);
  out.bytes(members.view());
}

void ComponentParser::flags_value(const FlagsDef& def, Writer& out) {
  std::vector<uint8_t> bytes((def.labels.size() + 7) / 8);
  while (c_.ok() && c_.at_string()) {
    const uint64_t offset = c_.peek().offset;
    const auto it = std::ranges::find(def.labels, string());
    if (it == def.labels.end()) return c_.set_error(ErrorCode::UnexpectedToken, offset, "no such flag");
    const auto i = static_cast<size_t>(it - def.labels.begin());
    bytes[i / 8] = static_cast<uint8_t>(bytes[i / 8] | 1u << (i % 8));
  }
  out.bytes(bytes);
}

void ComponentParser::value_of(const TypeDef& def, const Scope* scope, Writer& out, uint32_t depth) {
  auto form = [&](const char* keyword) {
    if (!c_.accept_form(keyword)) unexpected();
    return c_.ok();
  };
  auto payload = [&](const OptValType& type) {
    if (type) value(*type, scope, out, depth + 1);
  };
  // Number of the label at the cursor.
  auto label = [&](const auto& items, auto name_of) {
    const uint64_t offset = c_.peek().offset;
    const std::string name = string();
    for (size_t i = 0; i < items.size(); ++i)
      if (name_of(items[i]) == name) return i;
    c_.set_error(ErrorCode::UnexpectedToken, offset, "no such case");
    return items.size();
  };
  std::visit(
      Overloaded{
          [&](const PrimitiveDef& t) { primitive_value(t.type, out); },
          [&](const RecordDef& t) {
            if (!form("record")) return;
            for (const LabelledType& field : t.fields) value(field.type, scope, out, depth + 1);
            c_.expect_close();
          },
          [&](const TupleDef& t) {
            if (!form("tuple")) return;
            for (const ValTypeRef& type : t.types) value(type, scope, out, depth + 1);
            c_.expect_close();
          },
          [&](const VariantDef& t) {
            if (!form("variant")) return;
            const size_t i = label(t.cases, [](const Case& c) -> const std::string& { return c.label; });
            out.u32(i);
            if (c_.ok()) payload(t.cases[i].type);
            c_.expect_close();
          },
          [&](const EnumDef& t) {
            if (!form("enum")) return;
            out.u32(label(t.labels, [](const std::string& s) -> const std::string& { return s; }));
            c_.expect_close();
          },
          [&](const FlagsDef& t) {
            if (!form("flags")) return;
            flags_value(t, out);
            c_.expect_close();
          },
          [&](const ListDef& t) {
            if (!form("list")) return;
            value_list(t.element, scope, t.length, out, depth + 1);
            c_.expect_close();
          },
          [&](const OptionDef& t) {
            if (c_.accept_keyword("none")) return out.u8(0x00);
            if (!form("some")) return;
            out.u8(0x01);
            value(t.type, scope, out, depth + 1);
            c_.expect_close();
          },
          [&](const ResultDef& t) {
            const bool parens = c_.accept(TokenKind::LParen);
            const bool ok = c_.accept_keyword("ok");
            if (!ok && !c_.accept_keyword("error")) return unexpected();
            out.u8(ok ? 0x00 : 0x01);
            const OptValType& type = ok ? t.ok : t.error;
            if (parens) {
              payload(type);
              c_.expect_close();
            } else if (type) {
              unexpected();
            }
          },
          [&](const auto&) { c_.set_error(ErrorCode::UnexpectedToken, "this type has no literals"); },
      },
      def.type);
}

void ComponentParser::primitive_value(Primitive type, Writer& out) {
  auto integer = [&](unsigned bits, bool is_signed) -> uint64_t {
    const std::string_view literal = c_.text();
    const auto value = is_signed ? text::parse_integer(literal, bits) : text::parse_unsigned(literal, bits);
    // parse_integer also takes unsigned values beyond the signed range.
    const bool positive = !literal.empty() && literal[0] != '-';
    const bool beyond = value && is_signed && positive && (*value >> (bits - 1) & 1);
    if (!value || beyond) return unexpected(), 0;
    c_.next();
    return *value;
  };
  auto narrow = [&](unsigned bits) {
    const unsigned shift = 64 - bits;
    return static_cast<int64_t>(integer(bits, true) << shift) >> shift;
  };
  switch (type) {
    case Primitive::Bool: {
      const bool yes = c_.accept_keyword("true");
      if (!yes && !c_.accept_keyword("false")) return unexpected();
      return out.u8(yes);
    }
    case Primitive::S8: return out.u8(static_cast<uint8_t>(narrow(8)));
    case Primitive::U8: return out.u8(static_cast<uint8_t>(integer(8, false)));
    case Primitive::S16: return out.s64(narrow(16));
    case Primitive::S32: return out.s64(narrow(32));
    case Primitive::S64: return out.s64(narrow(64));
    case Primitive::U16: return out.u64(integer(16, false));
    case Primitive::U32: return out.u64(integer(32, false));
    case Primitive::U64: return out.u64(integer(64, false));
    case Primitive::F32: {
      const auto bits = text::parse_f32_bits(c_.text());
      if (!bits) return unexpected();
      out.fixed<uint32_t>((*bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC00000u : *bits);
      c_.next();
      return;
    }
    case Primitive::F64: {
      const auto bits = text::parse_f64_bits(c_.text());
      if (!bits) return unexpected();
      const bool nan = (*bits & ~(uint64_t{1} << 63)) > 0x7FF0000000000000u;
      out.fixed<uint64_t>(nan ? 0x7FF8000000000000u : *bits);
      c_.next();
      return;
    }
    case Primitive::Char: {
      // The lexer has no such literals, and may have cut this one into several tokens.
      const std::string_view literal = quoted(c_.source(), c_.peek().offset);
      const auto character = char_literal(literal);
      if (!c_.ok() || !character) return unexpected();
      const size_t end = c_.peek().offset + literal.size();
      while (c_.peek().offset < end && !c_.at(TokenKind::End)) c_.next();
      return out.bytes(*character);
    }
    case Primitive::String: return out.name(string());
    case Primitive::ErrorContext: return c_.set_error(ErrorCode::UnexpectedToken, "error-context has no literals");
  }
}

}  // namespace skiff::component::wat
