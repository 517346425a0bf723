// ComponentParser: one component of the text format, internal to this folder. One pass: each definition
// is resolved while it is read, since everything refers only to what precedes it. Sugar is expanded on the
// way: inline types, aliases and instances become definitions in front of the one that holds them, inline
// exports follow it (Spec: Explainer.md).
//
// parse_component.cc has scopes, identifiers and the fields; parse_defs.cc instances, aliases, imports and
// exports; parse_canon.cc functions and canonical definitions; parse_types.cc types; parse_core_types.cc
// core types; parse_value.cc values. Errors are kept in the cursor (TokenCursor): every method may be
// called after an error and then does nothing that matters.
#pragma once

#include <functional>
#include <unordered_set>

#include "component/text/scope.h"
#include "component/types/limits.h"

namespace skiff::component::wat {

class ComponentParser {
 public:
  ComponentParser(text::TokenCursor& cursor, Features features) : c_(cursor), features_(features) {}

  /// The fields up to the closing parenthesis, which is left. `id`: the component's, for outer aliases
  /// and as its name.
  std::shared_ptr<const Component> component(std::string_view id, bool outermost);

 private:
  using TokenKind = text::TokenKind;

  /// What a definition may have besides its content: an identifier and `(export "name")*`.
  struct Head {
    uint64_t offset = 0;
    std::string_view id;
    std::vector<ExternName> exports;
  };
  /// An extern type as it is read, with the identifier that it may bind.
  struct BoundType {
    ExternTypeRef type;
    std::string_view id;
  };
  /// Opens a scope for as long as it lives; beyond limits::kNesting only an error.
  class Opened {
   public:
    Opened(ComponentParser& parser, Scope& scope);
    ~Opened() { parser_.scope_ = scope_.enclosing, --parser_.depth_; }
    Opened(const Opened&) = delete;

   private:
    ComponentParser& parser_;
    Scope& scope_;
  };

  // parse_component.cc
  void unexpected();
  void need(Feature feature);
  std::string_view optional_id();
  std::string_view id_text(const text::Token& token);
  uint32_t nat();
  bool at_index(size_t ahead = 0) const;
  std::string string();
  bool is_done() const;
  /// Numbers a new definition and binds its identifier.
  uint32_t bind(Sort sort, std::string_view id, uint64_t offset);
  template <class Def>
  void push(Def def, uint64_t offset);
  uint32_t add_type(TypeDef def, uint64_t offset, std::string_view id = {});
  uint32_t add_alias(AliasDef def, uint64_t offset, std::string_view id = {});
  uint32_t index(Sort sort);
  uint32_t outer_index(Sort sort, std::string_view id, uint64_t offset);
  uint32_t reference(Sort sort);
  uint32_t reference_names(Sort sort);
  std::optional<Sort> at_sort(bool in_core);
  Sort sort_keyword(bool in_core);
  SortIdx sort_reference(bool in_core);
  ExternName extern_name();
  Head head(bool with_exports = true);
  bool at_names_only(std::string_view keyword) const;
  text::Token last_within();
  void inline_exports(const Head& head, SortIdx value);
  void fields();
  void field();
  void core_field();
  void custom_annotation();

  // parse_defs.cc
  void core_module_field();
  void core_instance_field();
  std::vector<CoreInlineExport> core_inline_exports();
  uint32_t core_instance_argument();
  void core_alias_field(Sort sort);
  void component_field();
  void instance_field();
  InstanceDef instantiate();
  std::vector<InlineExport> inline_instance_exports();
  SortIdx instance_argument();
  void type_field();
  void alias_field();
  AliasDef alias_target();
  void outer_target(AliasDef& alias);
  void inverted_alias(Sort sort, const Head& head);
  void import_field();
  void inline_import(Sort sort, const Head& head, const std::function<ExternTypeRef()>& type);
  void export_field();
  void start_field();

  // parse_canon.cc
  void canon_field();
  void func_field();
  void core_func_field();
  CanonDef canon_body();
  void immediate(char letter, CanonDef& canon);
  std::vector<CanonOpt> canon_options();
  bool canon_option(std::vector<CanonOpt>& options);

  // parse_types.cc
  bool at_primitive() const;
  Primitive primitive();
  ValTypeRef val_type();
  OptValType optional_val_type();
  TypeDef type_body();
  bool value_type_body(std::string_view keyword, TypeDef& out);
  void labels(std::vector<std::string>& out);
  FuncTypeDef func_type_body();
  ResourceDef resource_body();
  std::shared_ptr<const TypeDecls> type_decls(Scope::Kind kind, std::string_view id);
  void type_decl(bool of_component);
  bool at_type_use() const;
  BoundType extern_type();
  ExternTypeRef extern_type_body(Sort sort, std::string_view id);
  uint32_t func_type_use();
  uint32_t type_bound();

  // parse_core_types.cc
  text::Parser& core();
  void core_type();
  void core_rec();
  void alias_outer_core_types(const std::unordered_set<std::string_view>& local);
  void note_core_type(uint32_t index, const SubType& type);
  std::shared_ptr<const CoreModuleType> core_module_type(std::string_view id);
  void core_module_decl();
  CoreExternType core_extern_type();
  uint32_t core_type_use();
  skiff::ValType core_val_type();

  // parse_value.cc
  void value_field();
  /// A type definition and the scope that its indices are of.
  struct FoundType {
    const TypeDef* def = nullptr;
    const Scope* scope = nullptr;
  };
  FoundType find_type(const Scope* scope, uint32_t index) const;
  void value(const ValTypeRef& type, const Scope* scope, Writer& out, uint32_t depth);
  void value_of(const TypeDef& def, const Scope* scope, Writer& out, uint32_t depth);
  void value_list(const ValTypeRef& type, const Scope* scope, std::optional<uint32_t> length, Writer& out,
                  uint32_t depth);
  void flags_value(const FlagsDef& def, Writer& out);
  void primitive_value(Primitive type, Writer& out);

  text::TokenCursor& c_;
  Features features_;
  Scope* scope_ = nullptr;
  uint32_t depth_ = 0;        // open scopes
  uint32_t type_depth_ = 0;   // value types within value types
  text::ByteArena arena_;     // quoted identifiers
};

template <class Def>
void ComponentParser::push(Def def, uint64_t offset) {
  if constexpr (std::is_constructible_v<decltype(Definition::def), Def>)
    if (scope_->component) return scope_->component->definitions.push_back({std::move(def), offset}), void();
  if constexpr (std::is_constructible_v<decltype(TypeDecl::decl), Def>)
    if (scope_->decls) return scope_->decls->decls.push_back({std::move(def), offset}), void();
  if constexpr (std::is_constructible_v<decltype(CoreModuleDecl::decl), Def>)
    if (scope_->module_type) return scope_->module_type->decls.push_back({std::move(def), offset}), void();
  c_.set_error(ErrorCode::UnexpectedToken, offset, "not allowed in this type");
}

}  // namespace skiff::component::wat
