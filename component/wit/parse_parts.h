// Parser: the recursive descent over one file, private to parser.cc and parse_types.cc. Each method
// consumes one production and reports the first error; the lexer's position is then of no interest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/wit/ast.h"
#include "component/wit/lexer.h"
#include "engine/syntax/features.h"

namespace skiff::component::wit {

/// A token as messages show it: "`;`", "keyword `use`", "the end of the file".
std::string describe(const Token& token);

class Parser {
 public:
  Parser(const SourceMap& sources, uint32_t file, Features features)
      : sources_(sources), file_(file), features_(features), lexer_(sources, file) {}
  Result<ast::File> parse();

 private:
  struct GateSeen {
    bool since = false, unstable = false, deprecated = false, external_id = false, any = false;
    Span at;
  };

  // tokens
  Result<Token> peek() { return lexer_.peek(); }
  void advance() { lexer_.advance(); }
  Result<bool> accept(char c);
  Result<bool> accept(std::string_view keyword);
  Status expect(char c, std::string_view after);
  Result<ast::Ident> ident(std::string_view what);
  // Behind an element of a list: true when the list is over (a trailing comma is allowed).
  Result<bool> end_of_list(char close);
  std::unexpected<Error> error(Span at, std::string what, std::string hint = {}) const;
  std::unexpected<Error> expected(std::string_view what, const Token& found,
                                  std::string hint = {}) const;
  Status require(Feature feature, Span at, std::string_view what) const;

  // parser.cc: attributes, paths, items
  Status gate(Attributes& attributes, GateSeen& seen);
  Result<Attributes> attributes();
  Status no_external_id(std::string_view what) const;
  Status check_lower(const ast::Ident& id) const;
  Status package_path(ast::Ident first, PackageName& name, ast::Ident* item);
  Result<ast::UsePath> use_path(ast::Ident first);
  Result<ast::UsePath> use_path();
  Result<std::vector<ast::UseName>> use_names(bool need_as);
  Result<ast::Use> use(Attributes attributes);
  Result<ast::Include> include(Attributes attributes);
  Result<ast::TopLevelUse> top_level_use();
  Result<std::vector<ast::InterfaceItem>> interface_body();
  Result<ast::Interface> interface(Attributes attributes);
  Status extern_type(ast::Extern& item);
  Result<ast::Extern> extern_item(bool is_export, Attributes attributes);
  Result<ast::World> world(Attributes attributes);
  Status package_decl(ast::Scope& scope, std::string docs);
  // False when there is no item; docs that were read then are in pending_docs_.
  Result<bool> scope_item(ast::Scope& scope);
  Status nested_package(ast::File& file, std::string docs);

  // parse_types.cc
  static bool is_type_keyword(const Token& token);
  Result<ast::Type> type_item(Attributes attributes);
  Status members(ast::Type& type);
  Status resource_body(ast::Type& type);
  Result<ast::Func> resource_item(Attributes attributes);
  Result<ast::Func> func_item(Attributes attributes);
  // `async? func params result` behind `id :`.
  Status func_type(ast::Func& func);
  Status params(ast::Func& func);
  Status result(ast::Func& func);
  Result<ast::TypeExpr> type(uint32_t depth);
  Result<ast::TypeExpr> type_constructor(const Token& keyword, uint32_t depth);
  Status list_arguments(ast::TypeExpr& list, uint32_t depth);
  Status map_arguments(ast::TypeExpr& map, uint32_t depth);
  Status result_arguments(ast::TypeExpr& result, uint32_t depth);

  const SourceMap& sources_;
  uint32_t file_;
  Features features_;
  Lexer lexer_;
  std::optional<Span> external_id_at_;  // of the attributes that were read last
  std::string pending_docs_;
};

}  // namespace skiff::component::wit
