// Core types in components (Spec: Explainer.md, core:type, core:moduletype). The types themselves are read
// by the parser of core modules, to which each scope lends its index space of core types.
#include <algorithm>

#include "component/text/parser.h"

namespace skiff::component::wat {

text::Parser& ComponentParser::core() {
  if (!scope_->core) {
    scope_->core = std::make_unique<text::Parser>(c_, features_);
    const Scope::Space& space = scope_->space(Sort::CoreType);
    for (const auto& [id, index] : space.ids) scope_->core->types.scope.bind(id, index);
    for (const auto& [id, index] : space.outer) scope_->core->types.scope.bind(id, index);
    scope_->core->types.count = space.count;
  }
  return *scope_->core;
}

skiff::ValType ComponentParser::core_val_type() { return core().val_type(); }

// Identifiers of enclosing scopes in the form here become aliases first: the module parser knows only this
// scope. `local`: identifiers that the form itself is going to bind.
void ComponentParser::alias_outer_core_types(const std::unordered_set<std::string_view>& local) {
  static constexpr std::string_view kBefore[] = {"ref", "null", "sub", "final", "type"};
  const size_t begin = c_.position();
  const size_t end = c_.peek().partner;
  std::vector<text::Token> ids;
  for (size_t ahead = 1; begin + ahead < end; ++ahead) {
    if (c_.kind(ahead) != TokenKind::Id || c_.kind(ahead - 1) != TokenKind::Keyword) continue;
    if (std::ranges::find(kBefore, c_.text(c_.peek(ahead - 1))) != std::end(kBefore)) ids.push_back(c_.peek(ahead));
  }
  for (const text::Token& token : ids) {
    const std::string_view id = id_text(token);
    if (local.contains(id)) continue;
    if (!scope_->space(Sort::CoreType).find(id)) outer_index(Sort::CoreType, id, token.offset);
  }
}

// Remembers a type that type uses may mean without naming it.
void ComponentParser::note_core_type(uint32_t index, const SubType& type) {
  core().module().types.emplace_back();  // keeps the field names of types apart
  if (type.comp.kind != CompositeType::Kind::Func || !type.final || type.super) return;
  scope_->core_func_types.try_emplace(type.comp.func, index);
  scope_->core_func_type_at.try_emplace(index, type.comp.func);
}

// `type id? (module ...))` or `type id? subtype)`
void ComponentParser::core_type() {
  c_.accept_keyword("type");
  const Head head = this->head(false);
  if (c_.at_form("alias")) return inverted_alias(Sort::CoreType, head);
  if (c_.accept_form("module")) {
    auto type = core_module_type(head.id);
    c_.expect_close();
    c_.expect_close();
    push(CoreTypeDef{std::move(type)}, head.offset);
    bind(Sort::CoreType, head.id, head.offset);
    return;
  }
  // A type may name itself.
  alias_outer_core_types({head.id});
  core();
  const uint32_t index = bind(Sort::CoreType, head.id, head.offset);
  CoreRecType group;
  group.types.push_back(core().sub_type());
  c_.expect_close();
  note_core_type(index, group.types[0]);
  push(CoreTypeDef{std::move(group)}, head.offset);
}

// `rec (type id? subtype)*)`
void ComponentParser::core_rec() {
  const uint64_t offset = c_.next().offset;
  const size_t begin = c_.position();
  std::vector<std::string_view> ids;
  while (c_.at_form("type")) {
    ids.push_back(c_.kind(2) == TokenKind::Id ? id_text(c_.peek(2)) : std::string_view{});
    c_.skip();
  }
  c_.seek(begin);
  const std::unordered_set<std::string_view> local(ids.begin(), ids.end());
  while (c_.ok() && c_.at_form("type")) {
    alias_outer_core_types(local);
    c_.skip();
  }
  if (c_.ok()) c_.seek(begin);
  core();
  const uint32_t first = scope_->space(Sort::CoreType).count;
  for (std::string_view id : ids) bind(Sort::CoreType, id, offset);
  CoreRecType group;
  group.explicit_group = true;
  while (c_.accept_form("type")) {
    optional_id();
    group.types.push_back(core().sub_type());
    core().module().types.emplace_back();
    c_.expect_close();
  }
  c_.expect_close();
  // Only a group of one is what a type use without an index could mean.
  if (group.types.size() == 1) note_core_type(first, group.types[0]);
  push(CoreTypeDef{std::move(group)}, offset);
}

// Spec: core:moduledecl*, up to the ")".
std::shared_ptr<const CoreModuleType> ComponentParser::core_module_type(std::string_view id) {
  auto type = std::make_shared<CoreModuleType>();
  Scope scope;
  scope.kind = Scope::Kind::ModuleType;
  scope.id = id;
  scope.module_type = type.get();
  const Opened opened(*this, scope);
  while (!is_done()) core_module_decl();
  return type;
}

void ComponentParser::core_module_decl() {
  const uint64_t offset = c_.peek().offset;
  if (c_.at_form("alias")) return alias_field();
  if (!c_.accept(TokenKind::LParen)) return unexpected();
  if (c_.at_keyword("type")) return core_type();
  if (c_.at_keyword("rec")) return core_rec();
  if (c_.accept_keyword("import")) {
    CoreImportDecl import;
    import.module = string();
    import.name = string();
    import.type = core_extern_type();
    c_.expect_close();
    return push(std::move(import), offset);
  }
  if (c_.accept_keyword("export")) {
    CoreExportDecl e;
    e.name = string();
    e.type = core_extern_type();
    c_.expect_close();
    return push(std::move(e), offset);
  }
  unexpected();
}

// `(func id? typeuse)` and its like. Nothing can refer to the identifier.
CoreExternType ComponentParser::core_extern_type() {
  CoreExternType type;
  alias_outer_core_types({});
  c_.expect(TokenKind::LParen);
  const std::string_view keyword = c_.text();
  c_.next();
  optional_id();
  if (keyword == "func" || keyword == "tag") {
    type.kind = keyword == "func" ? ExternKind::Func : ExternKind::Tag;
    type.func_type = core_type_use();
  } else if (keyword == "table") {
    type.kind = ExternKind::Table;
    type.table = core().table_type();
  } else if (keyword == "memory") {
    type.kind = ExternKind::Memory;
    type.memory = core().memory_type();
  } else if (keyword == "global") {
    type.kind = ExternKind::Global;
    type.global = core().global_type();
  } else {
    unexpected();
  }
  c_.expect_close();
  return type;
}

// `(type x)? (param t*)* (result t*)*`; without an index an equal type, or a new one. Spec: core:typeuse.
uint32_t ComponentParser::core_type_use() {
  const uint64_t offset = c_.peek().offset;
  std::optional<uint32_t> explicit_index;
  if (c_.at_form("type")) explicit_index = reference(Sort::CoreType);
  skiff::FuncType func;
  auto types = [&](const char* keyword, bool named, std::vector<skiff::ValType>& out) {
    while (c_.accept_form(keyword)) {
      if (named) c_.accept(TokenKind::Id);
      while (!is_done()) out.push_back(core_val_type());
      c_.expect_close();
    }
  };
  types("param", true, func.params);
  types("result", false, func.results);
  if (explicit_index) {
    const auto known = scope_->core_func_type_at.find(*explicit_index);
    const bool repeated = !func.params.empty() || !func.results.empty();
    if (repeated && known != scope_->core_func_type_at.end() && known->second != func) {
      c_.set_error(ErrorCode::InlineFunctionType, offset);
    }
    return *explicit_index;
  }
  if (const auto it = scope_->core_func_types.find(func); it != scope_->core_func_types.end()) return it->second;
  SubType type;
  type.comp.func = std::move(func);
  CoreRecType group;
  group.types.push_back(type);
  push(CoreTypeDef{std::move(group)}, offset);
  const uint32_t index = bind(Sort::CoreType, {}, offset);
  note_core_type(index, type);
  return index;
}

}  // namespace skiff::component::wat
