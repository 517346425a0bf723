// Files, interfaces, worlds and their items; types and functions are in parse_types.cc.
#include "component/wit/parser.h"

#include "component/wit/parse_parts.h"

namespace skiff::component::wit {

// ---- tokens

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::End:
      return "the end of the file";
    case TokenKind::Keyword:
      return "keyword `" + std::string(token.text) + "`";
    case TokenKind::String:
      return "a string";
    case TokenKind::Identifier:
    case TokenKind::Integer:
    case TokenKind::Underscore:
    case TokenKind::Punctuation:
    case TokenKind::Arrow:
      break;
  }
  return "`" + std::string(token.text) + "`";
}

std::unexpected<Error> Parser::error(Span at, std::string what, std::string hint) const {
  return std::unexpected(
      sources_.error(ErrorCode::MalformedWit, at, std::move(what), std::move(hint)));
}

std::unexpected<Error> Parser::expected(std::string_view what, const Token& found,
                                        std::string hint) const {
  return error(found.span, "expected " + std::string(what) + ", found " + describe(found),
               std::move(hint));
}

Status Parser::require(Feature feature, Span at, std::string_view what) const {
  if (features_.has(feature)) return {};
  return std::unexpected(
      sources_.error(ErrorCode::FeatureDisabled, at, std::string(what),
                     "enable it with --features " + std::string(name_of(feature))));
}

Result<bool> Parser::accept(char c) {
  const Token token = SKIFF_TRY(peek());
  if (!token.is(c)) return false;
  advance();
  return true;
}

Result<bool> Parser::accept(std::string_view keyword) {
  const Token token = SKIFF_TRY(peek());
  if (!token.is(keyword)) return false;
  advance();
  return true;
}

Status Parser::expect(char c, std::string_view after) {
  const Token token = SKIFF_TRY(peek());
  if (token.is(c)) return advance(), Status{};
  std::string what = std::string("`") + c + "`";
  if (!after.empty()) what += " " + std::string(after);
  return expected(what, token);
}

Result<ast::Ident> Parser::ident(std::string_view what) {
  const Token token = SKIFF_TRY(peek());
  if (token.kind != TokenKind::Identifier)
    return expected(what, token,
                    token.kind == TokenKind::Keyword
                        ? "to use the keyword as a name, write `%" + std::string(token.text) + "`"
                        : std::string{});
  advance();
  return ast::Ident{token.text, token.span};
}

Result<bool> Parser::end_of_list(char close) {
  const Token token = SKIFF_TRY(peek());
  if (token.is(',')) {
    advance();
    return accept(close);
  }
  if (!token.is(close)) return expected(std::string("`,` or `") + close + "`", token);
  advance();
  return true;
}

// ---- attributes

Status Parser::gate(Attributes& attributes, GateSeen& seen) {
  const Token name = SKIFF_TRY(peek());
  if (name.kind != TokenKind::Identifier)
    return expected("`since`, `unstable`, `deprecated` or `external-id`", name);
  advance();
  SKIFF_TRY(expect('(', "after `@" + std::string(name.text) + "`"));
  Stability& stability = attributes.stability;
  const auto field = [&](std::string_view key) -> Status {
    const Token token = SKIFF_TRY(peek());
    if (token.kind != TokenKind::Identifier || token.text != key)
      return expected("`" + std::string(key) + "`", token);
    advance();
    return expect('=', {});
  };
  bool* const slot = name.text == "since"         ? &seen.since
                     : name.text == "unstable"    ? &seen.unstable
                     : name.text == "deprecated"  ? &seen.deprecated
                     : name.text == "external-id" ? &seen.external_id
                                                  : nullptr;
  if (!slot)
    return error(name.span, "unknown annotation `@" + std::string(name.text) + "`",
                 "known are @since, @unstable, @deprecated and @external-id");
  if (std::exchange(*slot, true))
    return error(name.span, "`@" + std::string(name.text) + "` occurs twice");
  if (seen.since && seen.unstable)
    return error(name.span, "`@since` and `@unstable` exclude each other");
  if (name.text == "since") {
    SKIFF_TRY(field("version"));
    stability.kind = Stability::Kind::Stable;
    stability.since = SKIFF_TRY(lexer_.version());
  } else if (name.text == "unstable") {
    SKIFF_TRY(field("feature"));
    stability.kind = Stability::Kind::Unstable;
    stability.feature = SKIFF_TRY(ident("the name of a feature")).name;
  } else if (name.text == "deprecated") {
    SKIFF_TRY(field("version"));
    stability.deprecated = SKIFF_TRY(lexer_.version());
  } else {
    SKIFF_TRY(require(Feature::CmImplements, name.span, "`@external-id` is not enabled"));
    const Token text = SKIFF_TRY(peek());
    if (text.kind != TokenKind::String) return expected("a string", text);
    advance();
    attributes.external_id = SKIFF_TRY(string_value(sources_, text));
  }
  seen.any = true;
  seen.at = name.span;
  return expect(')', {});
}

Result<Attributes> Parser::attributes() {
  Attributes attributes;
  attributes.docs = SKIFF_TRY(lexer_.docs());
  GateSeen seen;
  while (SKIFF_TRY(accept('@'))) {
    SKIFF_TRY(gate(attributes, seen));
    // Comments between annotations and the item document the item too.
    const std::string more = SKIFF_TRY(lexer_.docs());
    if (!more.empty()) attributes.docs += (attributes.docs.empty() ? "" : "\n") + more;
  }
  if (seen.deprecated && !seen.since && !seen.unstable)
    return error(seen.at, "`@deprecated` needs a `@since` or `@unstable` beside it");
  external_id_at_ = seen.external_id ? std::optional(seen.at) : std::nullopt;
  return attributes;
}

Status Parser::no_external_id(std::string_view what) const {
  if (!external_id_at_) return {};
  return error(*external_id_at_, "`@external-id` cannot be given to " + std::string(what));
}

// ---- paths

Status Parser::check_lower(const ast::Ident& id) const {
  for (char c : id.name)
    if (c >= 'A' && c <= 'Z')
      return error(id.span, "`" + std::string(id.name) + "` has upper case",
                   "names of namespaces and packages are lower case");
  return {};
}

// The rest of `ns : (ns :)* name (/ name)*` behind its first identifier. `item`: the last name is
// not the package's.
Status Parser::package_path(ast::Ident first, PackageName& name, ast::Ident* item) {
  SKIFF_TRY(check_lower(first));
  name.ns = first.name;
  SKIFF_TRY(expect(':', {}));
  ast::Ident last = SKIFF_TRY(ident("the name of a package"));
  const auto nested = [&](Span at) {
    return require(Feature::CmNestedNames, at, "nested package names are not enabled");
  };
  while (SKIFF_TRY(accept(':'))) {
    SKIFF_TRY(nested(last.span));
    SKIFF_TRY(check_lower(last));
    name.ns += ":" + std::string(last.name);
    last = SKIFF_TRY(ident("the name of a package"));
  }
  SKIFF_TRY(check_lower(last));
  name.name = last.name;
  if (item) {
    const Token slash = SKIFF_TRY(peek());
    if (!slash.is('/'))
      return expected("`/` and the name of an interface or world", slash,
                      "`" + name.to_string() + "` names a package");
    advance();
    *item = SKIFF_TRY(ident("the name of an interface or world"));
  }
  while (SKIFF_TRY(accept('/'))) {
    const ast::Ident next = SKIFF_TRY(ident("a name"));
    SKIFF_TRY(nested(next.span));
    const ast::Ident part = item ? std::exchange(*item, next) : next;
    SKIFF_TRY(check_lower(part));
    name.name += "/" + std::string(part.name);
  }
  if (SKIFF_TRY(accept('@'))) name.version = SKIFF_TRY(lexer_.version());
  return {};
}

Result<ast::UsePath> Parser::use_path(ast::Ident first) {
  ast::UsePath path;
  path.item = first;
  path.span = first.span;
  const Token next = SKIFF_TRY(peek());
  if (next.is(':')) SKIFF_TRY(package_path(first, path.package.emplace(), &path.item));
  path.span.end = lexer_.last_end();
  return path;
}

Result<ast::UsePath> Parser::use_path() {
  const ast::Ident first = SKIFF_TRY(ident("the name of an interface or world"));
  return use_path(first);
}

// ---- use, include

Result<std::vector<ast::UseName>> Parser::use_names(bool need_as) {
  std::vector<ast::UseName> names;
  for (bool last = false; !last; last = SKIFF_TRY(end_of_list('}'))) {
    const ast::Ident name = SKIFF_TRY(ident("a name"));
    ast::Ident as = name;
    const Token token = SKIFF_TRY(peek());
    if (token.is("as")) {
      advance();
      as = SKIFF_TRY(ident("a new name"));
    } else if (need_as) {
      return expected("`as` and a new name", token);
    }
    names.push_back({name, as});
  }
  return names;
}

Result<ast::Use> Parser::use(Attributes attributes) {
  ast::Use use{SKIFF_TRY(use_path()), {}, std::move(attributes)};
  const Token dot = SKIFF_TRY(peek());
  if (!dot.is('.'))
    return expected("`.{` and names of types", dot,
                    "whole interfaces are brought in by `import`, or by `use` outside of braces");
  advance();
  SKIFF_TRY(expect('{', {}));
  use.names = SKIFF_TRY(use_names(false));
  SKIFF_TRY(expect(';', "after `use`"));
  return use;
}

Result<ast::Include> Parser::include(Attributes attributes) {
  ast::Include include{SKIFF_TRY(use_path()), {}, std::move(attributes)};
  if (SKIFF_TRY(accept("with"))) {
    SKIFF_TRY(expect('{', "after `with`"));
    include.with = SKIFF_TRY(use_names(true));
    SKIFF_TRY(accept(';'));
    return include;
  }
  SKIFF_TRY(expect(';', "after `include`"));
  return include;
}

Result<ast::TopLevelUse> Parser::top_level_use() {
  ast::TopLevelUse use{SKIFF_TRY(use_path()), {}};
  use.as = use.path.item;
  if (SKIFF_TRY(accept("as"))) use.as = SKIFF_TRY(ident("a new name"));
  SKIFF_TRY(expect(';', "after `use`"));
  return use;
}

// ---- interfaces

Result<std::vector<ast::InterfaceItem>> Parser::interface_body() {
  std::vector<ast::InterfaceItem> items;
  SKIFF_TRY(expect('{', "and the items of the interface"));
  while (!SKIFF_TRY(accept('}'))) {
    Attributes attributes = SKIFF_TRY(this->attributes());
    const Token token = SKIFF_TRY(peek());
    if (token.is("use")) {
      advance();
      SKIFF_TRY(no_external_id("`use`"));
      items.emplace_back(SKIFF_TRY(use(std::move(attributes))));
    } else if (is_type_keyword(token)) {
      items.emplace_back(SKIFF_TRY(type_item(std::move(attributes))));
    } else if (token.kind == TokenKind::Identifier) {
      items.emplace_back(SKIFF_TRY(func_item(std::move(attributes))));
    } else {
      return expected("a type, a function, `use` or `}`", token,
                      token.kind == TokenKind::Keyword
                          ? "to use the keyword as a name, write `%" + std::string(token.text) + "`"
                          : std::string{});
    }
  }
  return items;
}

Result<ast::Interface> Parser::interface(Attributes attributes) {
  const ast::Ident name = SKIFF_TRY(ident("the name of the interface"));
  return ast::Interface{name, SKIFF_TRY(interface_body()), std::move(attributes)};
}

// ---- worlds

// Behind `id :` of an import or export.
Status Parser::extern_type(ast::Extern& item) {
  const Token token = SKIFF_TRY(peek());
  if (token.is("interface")) {
    advance();
    item.what = ast::Interface{{}, SKIFF_TRY(interface_body()), {}};
    return {};
  }
  if (token.is("func") || token.is("async")) {
    ast::Func func;
    func.name = *item.name;
    SKIFF_TRY(func_type(func));
    item.what = std::move(func);
    return expect(';', "after the function");
  }
  if (token.kind != TokenKind::Identifier)
    return expected("`func`, `interface` or the path of an interface", token);
  SKIFF_TRY(
      require(Feature::CmImplements, token.span, "an interface under another name is not enabled"));
  item.what = SKIFF_TRY(use_path());
  return expect(';', "after the interface");
}

Result<ast::Extern> Parser::extern_item(bool is_export, Attributes attributes) {
  ast::Extern item;
  item.is_export = is_export;
  item.attributes = std::move(attributes);
  const ast::Ident first = SKIFF_TRY(ident("a name or the path of an interface"));
  const Token colon = SKIFF_TRY(peek());
  if (colon.is(':')) {
    // `a:b` without spaces is a path, `a: b` a name and what it stands for.
    advance();
    const Token next = SKIFF_TRY(peek());
    const bool joined = colon.span.begin == first.span.end && next.span.begin == colon.span.end;
    if (!joined || next.kind != TokenKind::Identifier) {
      item.name = first;
      SKIFF_TRY(extern_type(item));
      return item;
    }
    lexer_.rewind(colon.span);
  }
  SKIFF_TRY(no_external_id("an interface under its own name"));
  item.what = SKIFF_TRY(use_path(first));
  SKIFF_TRY(expect(';', is_export ? "after `export`" : "after `import`"));
  return item;
}

Result<ast::World> Parser::world(Attributes attributes) {
  ast::World world{SKIFF_TRY(ident("the name of the world")), {}, std::move(attributes)};
  SKIFF_TRY(expect('{', "and the items of the world"));
  while (!SKIFF_TRY(accept('}'))) {
    Attributes item = SKIFF_TRY(this->attributes());
    const Token token = SKIFF_TRY(peek());
    if (token.is("import") || token.is("export")) {
      advance();
      world.items.emplace_back(SKIFF_TRY(extern_item(token.is("export"), std::move(item))));
    } else if (token.is("use")) {
      advance();
      SKIFF_TRY(no_external_id("`use`"));
      world.items.emplace_back(SKIFF_TRY(use(std::move(item))));
    } else if (token.is("include")) {
      advance();
      SKIFF_TRY(no_external_id("`include`"));
      world.items.emplace_back(SKIFF_TRY(include(std::move(item))));
    } else if (is_type_keyword(token)) {
      world.items.emplace_back(SKIFF_TRY(type_item(std::move(item))));
    } else {
      return expected("`import`, `export`, `include`, `use`, a type or `}`", token,
                      token.kind == TokenKind::Identifier ? "write `import` or `export` before it"
                                                          : std::string{});
    }
  }
  return world;
}

// ---- files

Status Parser::package_decl(ast::Scope& scope, std::string docs) {
  const ast::Ident first = SKIFF_TRY(ident("the name of the package, as in `package ns:name;`"));
  SKIFF_TRY(package_path(first, scope.package.emplace(), nullptr));
  scope.package_span = {first.span.begin, lexer_.last_end()};
  scope.docs = std::move(docs);
  return {};
}

Result<bool> Parser::scope_item(ast::Scope& scope) {
  Attributes attributes = SKIFF_TRY(this->attributes());
  const Token token = SKIFF_TRY(peek());
  const bool gated = attributes.stability.kind != Stability::Kind::Unknown;
  if (token.is("interface") || token.is("world")) {
    advance();
    SKIFF_TRY(no_external_id("an interface or world"));
    if (token.is("interface")) {
      scope.items.emplace_back(SKIFF_TRY(interface(std::move(attributes))));
    } else {
      scope.items.emplace_back(SKIFF_TRY(world(std::move(attributes))));
    }
    return true;
  }
  if (token.is("use") && !gated && !external_id_at_) {
    advance();
    scope.items.emplace_back(SKIFF_TRY(top_level_use()));
    return true;
  }
  if (gated || external_id_at_)
    return expected("`interface` or `world` after the annotation", token);
  pending_docs_ = std::move(attributes.docs);
  return false;
}

Status Parser::nested_package(ast::File& file, std::string docs) {
  ast::Scope nested;
  SKIFF_TRY(package_decl(nested, std::move(docs)));
  const Token open = SKIFF_TRY(peek());
  if (!open.is('{'))
    return expected("`{`", open,
                    "only the first `package` of a file may end with `;`, before all other items");
  advance();
  nested.body.begin = lexer_.last_end();
  while (SKIFF_TRY(scope_item(nested))) {
  }
  const Token close = SKIFF_TRY(peek());
  nested.body.end = close.span.begin;
  if (close.is("package")) return error(close.span, "packages cannot be nested in nested packages");
  if (!close.is('}')) return expected("`interface`, `world`, `use` or `}`", close);
  advance();
  file.nested.push_back(std::move(nested));
  return {};
}

Result<ast::File> Parser::parse() {
  ast::File file;
  file.file = file_;
  bool first = true;
  for (;; first = false) {
    if (SKIFF_TRY(scope_item(file.scope))) continue;
    std::string docs = std::move(pending_docs_);
    const Token token = SKIFF_TRY(peek());
    if (token.kind == TokenKind::End) return file;
    if (!token.is("package")) return expected("`package`, `interface`, `world` or `use`", token);
    advance();
    if (!first) {
      SKIFF_TRY(nested_package(file, std::move(docs)));
      continue;
    }
    // The first one may be the file's own.
    const uint32_t start = lexer_.last_end();
    SKIFF_TRY(package_decl(file.scope, docs));
    if (SKIFF_TRY(accept(';'))) continue;
    file.scope = {};
    lexer_.rewind({start, start});
    SKIFF_TRY(nested_package(file, std::move(docs)));
  }
}

Result<ast::File> parse_file(const SourceMap& sources, uint32_t file, Features features) {
  SKIFF_TRY(check_characters(sources, file));
  return Parser(sources, file, features).parse();
}

}  // namespace skiff::component::wit
