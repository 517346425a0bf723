// Type definitions, functions and type expressions.
#include <optional>

#include "component/wit/parse_parts.h"
#include "component/wit/parser.h"

namespace skiff::component::wit {
namespace {

struct PrimitiveName {
  std::string_view text;
  Primitive primitive;
};
// error-context is no keyword: it is told from a name by the parser.
constexpr PrimitiveName kPrimitives[] = {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) {TEXT, Primitive::ID},
#include "component/types/primitives.def"
};

std::optional<Primitive> primitive_of(std::string_view text) {
  for (const PrimitiveName& p : kPrimitives)
    if (p.text == text) return p.primitive;
  return std::nullopt;
}

bool is_map_key(Primitive p) {
  return p != Primitive::F32 && p != Primitive::F64 && p != Primitive::ErrorContext;
}

// What to write for names that other languages and older WIT use.
std::string hint_for_name(std::string_view name) {
  if (name == "float32") return "it is called `f32`";
  if (name == "float64") return "it is called `f64`";
  return {};
}

}  // namespace

bool Parser::is_type_keyword(const Token& token) {
  for (std::string_view keyword : {"type", "record", "variant", "enum", "flags", "resource"})
    if (token.is(keyword)) return true;
  return false;
}

Result<ast::Type> Parser::type_item(Attributes attributes) {
  const Token keyword = SKIFF_TRY(peek());
  advance();
  ast::Type type;
  type.kind = keyword.is("record")     ? ast::Type::Kind::Record
              : keyword.is("variant")  ? ast::Type::Kind::Variant
              : keyword.is("enum")     ? ast::Type::Kind::Enum
              : keyword.is("flags")    ? ast::Type::Kind::Flags
              : keyword.is("resource") ? ast::Type::Kind::Resource
                                       : ast::Type::Kind::Alias;
  type.name = SKIFF_TRY(ident("the name of the type"));
  type.attributes = std::move(attributes);
  if (type.kind == ast::Type::Kind::Alias) {
    SKIFF_TRY(expect('=', "after the name of the type"));
    type.alias = SKIFF_TRY(this->type(0));
    SKIFF_TRY(expect(';', "after the type"));
    return type;
  }
  if (type.kind == ast::Type::Kind::Resource) {
    if (SKIFF_TRY(accept(';'))) return type;
    SKIFF_TRY(resource_body(type));
    return type;
  }
  SKIFF_TRY(members(type));
  return type;
}

// The fields, cases or flags in braces: at least one.
Status Parser::members(ast::Type& type) {
  SKIFF_TRY(expect('{', "after the name of the type"));
  const std::string_view what = type.kind == ast::Type::Kind::Record  ? "field"
                                : type.kind == ast::Type::Kind::Flags ? "flag"
                                                                      : "case";
  const Token first = SKIFF_TRY(peek());
  if (first.is('}'))
    return error(type.name.span,
                 "`" + std::string(type.name.name) + "` has no " + std::string(what) + "s",
                 "it needs at least one");
  for (bool last = false; !last; last = SKIFF_TRY(end_of_list('}'))) {
    ast::Member member;
    member.docs = SKIFF_TRY(lexer_.docs());
    member.name = SKIFF_TRY(ident("the name of a " + std::string(what)));
    if (type.kind == ast::Type::Kind::Record) {
      SKIFF_TRY(expect(':', "and the field's type"));
      member.type = SKIFF_TRY(this->type(0));
    } else if (type.kind == ast::Type::Kind::Variant && SKIFF_TRY(accept('('))) {
      member.type = SKIFF_TRY(this->type(0));
      SKIFF_TRY(expect(')', {}));
    }
    type.members.push_back(std::move(member));
  }
  return {};
}

Status Parser::resource_body(ast::Type& type) {
  SKIFF_TRY(expect('{', "or `;` after the name of the resource"));
  while (!SKIFF_TRY(accept('}'))) {
    Attributes attributes = SKIFF_TRY(this->attributes());
    type.functions.push_back(SKIFF_TRY(resource_item(std::move(attributes))));
  }
  return {};
}

Result<ast::Func> Parser::resource_item(Attributes attributes) {
  const Token token = SKIFF_TRY(peek());
  ast::Func func;
  func.attributes = std::move(attributes);
  if (token.is("constructor")) {
    advance();
    func.kind = Function::Kind::Constructor;
    func.name = {token.text, token.span};
    SKIFF_TRY(params(func));
    SKIFF_TRY(result(func));
  } else {
    func.name = SKIFF_TRY(ident("a method, `constructor` or `}`"));
    SKIFF_TRY(expect(':', "after the name of the method"));
    func.kind = SKIFF_TRY(accept("static")) ? Function::Kind::Static : Function::Kind::Method;
    SKIFF_TRY(func_type(func));
  }
  SKIFF_TRY(expect(';', "after the function"));
  return func;
}

Result<ast::Func> Parser::func_item(Attributes attributes) {
  ast::Func func;
  func.attributes = std::move(attributes);
  func.name = SKIFF_TRY(ident("the name of a function"));
  SKIFF_TRY(expect(':', "and `func`"));
  SKIFF_TRY(func_type(func));
  SKIFF_TRY(expect(';', "after the function"));
  return func;
}

Status Parser::func_type(ast::Func& func) {
  const Token token = SKIFF_TRY(peek());
  if (token.is("async")) {
    SKIFF_TRY(require(Feature::CmAsync, token.span, "async functions are not enabled"));
    func.async_ = true;
    advance();
  }
  const Token keyword = SKIFF_TRY(peek());
  if (!keyword.is("func")) return expected("`func`", keyword);
  advance();
  SKIFF_TRY(params(func));
  return result(func);
}

Status Parser::params(ast::Func& func) {
  SKIFF_TRY(expect('(', "and the parameters"));
  if (SKIFF_TRY(accept(')'))) return {};
  for (bool last = false; !last; last = SKIFF_TRY(end_of_list(')'))) {
    const ast::Ident name = SKIFF_TRY(ident("the name of a parameter or `)`"));
    SKIFF_TRY(expect(':', "and the parameter's type"));
    func.params.push_back({name, SKIFF_TRY(type(0))});
  }
  return {};
}

Status Parser::result(ast::Func& func) {
  const Token arrow = SKIFF_TRY(peek());
  if (arrow.kind != TokenKind::Arrow) return {};
  advance();
  const Token open = SKIFF_TRY(peek());
  if (open.is('('))
    return error(open.span, "named results are no longer part of WIT",
                 "return a `tuple` or a record");
  func.result = SKIFF_TRY(type(0));
  return {};
}

// ---- type expressions

Result<ast::TypeExpr> Parser::type(uint32_t depth) {
  const Token token = SKIFF_TRY(peek());
  if (depth >= kMaxTypeDepth)
    return error(token.span, "types are nested too deeply", "give a name to an inner type");
  ast::TypeExpr t;
  t.span = token.span;
  if (token.kind == TokenKind::Identifier) {
    advance();
    t.kind = ast::TypeExpr::Kind::Name;
    t.name = {token.text, token.span};
    if (const std::string hint = hint_for_name(token.text); !hint.empty())
      return error(token.span, "unknown type `" + std::string(token.text) + "`", hint);
    return t;
  }
  if (token.kind != TokenKind::Keyword) return expected("a type", token);
  if (const auto primitive = primitive_of(token.text)) {
    advance();
    t.kind = ast::TypeExpr::Kind::Primitive;
    t.primitive = *primitive;
    return t;
  }
  return type_constructor(token, depth);
}

Status Parser::list_arguments(ast::TypeExpr& list, uint32_t depth) {
  list.arguments.push_back(SKIFF_TRY(type(depth + 1)));
  if (!SKIFF_TRY(accept(','))) return {};
  const Token length = SKIFF_TRY(peek());
  if (length.kind != TokenKind::Integer) return expected("the length of the list", length);
  SKIFF_TRY(require(Feature::CmFixedLists, length.span, "lists of a fixed length are not enabled"));
  uint64_t value = 0;
  for (char c : length.text)
    value =
        std::min<uint64_t>(value * 10 + static_cast<uint64_t>(c - '0'), ~uint32_t{0} + uint64_t{1});
  if (value == 0) return error(length.span, "a list's fixed length cannot be 0");
  if (value > ~uint32_t{0}) return error(length.span, "a list's fixed length must be below 2^32");
  advance();
  list.length = static_cast<uint32_t>(value);
  return {};
}

Status Parser::map_arguments(ast::TypeExpr& map, uint32_t depth) {
  SKIFF_TRY(require(Feature::CmMap, map.span, "the type `map` is not enabled"));
  map.arguments.push_back(SKIFF_TRY(type(depth + 1)));
  const ast::TypeExpr& key = map.arguments.back();
  if (key.kind != ast::TypeExpr::Kind::Primitive || !is_map_key(key.primitive))
    return error(key.span, "this type cannot be the key of a map",
                 "keys are bool, char, string or integers, written out");
  SKIFF_TRY(expect(',', "and the type of the values"));
  map.arguments.push_back(SKIFF_TRY(type(depth + 1)));
  return {};
}

Status Parser::result_arguments(ast::TypeExpr& result, uint32_t depth) {
  ast::TypeExpr hole;
  hole.kind = ast::TypeExpr::Kind::Hole;
  const Token token = SKIFF_TRY(peek());
  if (token.kind == TokenKind::Underscore) {
    advance();
    result.arguments[0] = hole;
    SKIFF_TRY(expect(',', "and the type of errors"));
    result.arguments[1] = SKIFF_TRY(type(depth + 1));
    return {};
  }
  result.arguments[0] = SKIFF_TRY(type(depth + 1));
  if (SKIFF_TRY(accept(','))) result.arguments[1] = SKIFF_TRY(type(depth + 1));
  return {};
}

Result<ast::TypeExpr> Parser::type_constructor(const Token& keyword, uint32_t depth) {
  using Kind = ast::TypeExpr::Kind;
  ast::TypeExpr t;
  t.span = keyword.span;
  struct Row {
    std::string_view keyword;
    Kind kind;
  };
  constexpr Row kRows[] = {
      {"list", Kind::List},     {"option", Kind::Option}, {"result", Kind::Result},
      {"tuple", Kind::Tuple},   {"map", Kind::Map},       {"own", Kind::Own},
      {"borrow", Kind::Borrow}, {"stream", Kind::Stream}, {"future", Kind::Future}};
  bool found = false;
  for (const Row& row : kRows)
    if (keyword.text == row.keyword) t.kind = row.kind, found = true;
  if (!found)
    return expected("a type", keyword,
                    "to use the keyword as a name, write `%" + std::string(keyword.text) + "`");
  advance();
  if (t.kind == Kind::Stream || t.kind == Kind::Future)
    SKIFF_TRY(require(Feature::CmAsync, t.span, "streams and futures are not enabled"));
  if (t.kind == Kind::Result) t.arguments.resize(2);
  if (t.kind == Kind::Stream || t.kind == Kind::Future) t.arguments.resize(1);
  const Token open = SKIFF_TRY(peek());
  if (!open.is('<')) {
    if (!t.arguments.empty()) return t;
    return expected("`<` after `" + std::string(keyword.text) + "`", open);
  }
  advance();
  if (t.kind == Kind::Tuple) {
    for (bool last = false; !last; last = SKIFF_TRY(end_of_list('>')))
      t.arguments.push_back(SKIFF_TRY(type(depth + 1)));
    return t;
  }
  if (t.kind == Kind::List) {
    SKIFF_TRY(list_arguments(t, depth));
  } else if (t.kind == Kind::Map) {
    SKIFF_TRY(map_arguments(t, depth));
  } else if (t.kind == Kind::Result) {
    SKIFF_TRY(result_arguments(t, depth));
  } else if (t.kind == Kind::Own || t.kind == Kind::Borrow) {
    t.name = SKIFF_TRY(ident("the name of a resource"));
  } else if (!t.arguments.empty()) {
    t.arguments[0] = SKIFF_TRY(type(depth + 1));
  } else {
    t.arguments.push_back(SKIFF_TRY(type(depth + 1)));
  }
  SKIFF_TRY(expect('>', {}));
  return t;
}

}  // namespace skiff::component::wit
