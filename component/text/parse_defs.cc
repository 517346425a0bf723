// Modules, components, instances, aliases, imports, exports and start (Spec: Explainer.md, Component
// Definitions to Alias Definitions, Start Definitions, Import and Export Definitions).
#include "component/text/parser.h"
#include "engine/binary/encode.h"
#include "engine/text/parse_module.h"

namespace skiff::component::wat {

// ---- core modules and instances

// `(core module id? (export "n")* ((import "n") moduletype | (alias ...) | binary "..."* | field*))`. The
// module's own name is only what `(@name)` says.
void ComponentParser::core_module_field() {
  c_.accept_keyword("module");
  const Head head = this->head();
  if (at_names_only("import")) {
    inline_import(Sort::CoreModule, head, [&] { return extern_type_body(Sort::CoreModule, head.id); });
    return c_.expect_close();
  }
  if (c_.at_form("alias")) return inverted_alias(Sort::CoreModule, head);
  CoreModuleDef def;
  std::vector<uint8_t> bytes;
  if (c_.accept_keyword("binary")) {
    while (c_.at_string()) {
      text::parse_string(c_.text(), bytes);
      c_.next();
    }
    c_.expect_close();
  } else {
    const Result<Module> module = text::parse_module_fields(c_, features_);
    if (module) bytes = encode_module(*module);
  }
  def.binary = SharedBytes::own(std::move(bytes));
  push(std::move(def), head.offset);
  const uint32_t index = bind(Sort::CoreModule, head.id, head.offset);
  inline_exports(head, {Sort::CoreModule, index});
}

// `(core instance id? ((instantiate m (with ...)*) | (export "n" (func $f))*))`
void ComponentParser::core_instance_field() {
  c_.accept_keyword("instance");
  const Head head = this->head(false);
  CoreInstanceDef def;
  if (c_.accept_form("instantiate")) {
    def.module = reference(Sort::CoreModule);
    while (c_.accept_form("with")) {
      CoreInstantiateArg arg;
      arg.offset = c_.peek().offset;
      arg.name = string();
      arg.value = {Sort::CoreInstance, core_instance_argument()};
      c_.expect_close();
      def.args.push_back(std::move(arg));
    }
    c_.expect_close();
  } else {
    def.exports = core_inline_exports();
  }
  c_.expect_close();
  push(std::move(def), head.offset);
  bind(Sort::CoreInstance, head.id, head.offset);
}

// `(export "n" (func $f))*`
std::vector<CoreInlineExport> ComponentParser::core_inline_exports() {
  std::vector<CoreInlineExport> exports;
  while (c_.at_form("export")) {
    CoreInlineExport e;
    e.offset = c_.peek().offset;
    c_.accept_form("export");
    e.name = string();
    e.value = sort_reference(true);
    c_.expect_close();
    exports.push_back(std::move(e));
  }
  return exports;
}

// `(instance $i)`, or `(instance (export ...)*)`, which becomes an instance of its own.
uint32_t ComponentParser::core_instance_argument() {
  const uint64_t offset = c_.peek().offset;
  if (at_index()) return index(Sort::CoreInstance);
  c_.expect(TokenKind::LParen);
  if (sort_keyword(true) != Sort::CoreInstance) {
    c_.set_error(ErrorCode::UnexpectedToken, offset, "only instances can be arguments");
  }
  uint32_t result = 0;
  if (at_index()) {
    result = reference_names(Sort::CoreInstance);
  } else {
    CoreInstanceDef def;
    def.exports = core_inline_exports();
    push(std::move(def), offset);
    result = bind(Sort::CoreInstance, {}, offset);
  }
  c_.expect_close();
  return result;
}

// `(core memory id? (alias core export $i "n"))`
void ComponentParser::core_alias_field(Sort sort) {
  c_.next();
  const Head head = this->head(false);
  if (!c_.at_form("alias")) return unexpected();
  inverted_alias(sort, head);
}

// ---- components and instances

// `(component id? (export "n")* ((import "n") componenttype | (alias ...) | field*))`
void ComponentParser::component_field() {
  c_.accept_form("component");
  const Head head = this->head();
  // `(import "n" (func))` is a field of the component, `(import "n")` its own; aliases likewise.
  if (at_names_only("import")) {
    inline_import(Sort::Component, head, [&] { return extern_type_body(Sort::Component, head.id); });
    return c_.expect_close();
  }
  if (c_.at_form("alias") && last_within().kind != TokenKind::RParen) {
    return inverted_alias(Sort::Component, head);
  }
  ComponentDef def;
  def.component = component(head.id, false);
  c_.expect_close();
  push(std::move(def), head.offset);
  const uint32_t index = bind(Sort::Component, head.id, head.offset);
  inline_exports(head, {Sort::Component, index});
}

// `(instance id? (export "n")* ((import "n") instancetype | (instantiate c (with ...)*) | (export "n" x)*))`
void ComponentParser::instance_field() {
  c_.accept_form("instance");
  const Head head = this->head();
  if (c_.at_form("alias")) return inverted_alias(Sort::Instance, head);
  if (c_.at_form("import")) {
    inline_import(Sort::Instance, head, [&] { return extern_type_body(Sort::Instance, head.id); });
    return c_.expect_close();
  }
  InstanceDef def;
  if (c_.at_form("instantiate")) {
    def = instantiate();
  } else {
    def.exports = inline_instance_exports();
  }
  c_.expect_close();
  push(std::move(def), head.offset);
  const uint32_t index = bind(Sort::Instance, head.id, head.offset);
  inline_exports(head, {Sort::Instance, index});
}

// `(instantiate c (with "n" x)*)`
InstanceDef ComponentParser::instantiate() {
  InstanceDef def;
  c_.accept_form("instantiate");
  def.component = reference(Sort::Component);
  while (c_.accept_form("with")) {
    InstantiateArg arg;
    arg.offset = c_.peek().offset;
    arg.name = string();
    arg.value = instance_argument();
    c_.expect_close();
    def.args.push_back(std::move(arg));
  }
  c_.expect_close();
  return def;
}

std::vector<InlineExport> ComponentParser::inline_instance_exports() {
  std::vector<InlineExport> exports;
  while (c_.at_form("export")) {
    InlineExport e;
    e.offset = c_.peek().offset;
    c_.accept_form("export");
    e.name = extern_name();
    e.value = sort_reference(false);
    c_.expect_close();
    exports.push_back(std::move(e));
  }
  return exports;
}

// An externidx, or `(instance (export ...)*)`, which becomes an instance of its own.
SortIdx ComponentParser::instance_argument() {
  const bool inline_instance = c_.at_form("instance") && !at_index(2);
  if (!inline_instance) return sort_reference(false);
  const uint64_t offset = c_.peek().offset;
  c_.accept_form("instance");
  InstanceDef def;
  def.exports = inline_instance_exports();
  c_.expect_close();
  push(std::move(def), offset);
  return {Sort::Instance, bind(Sort::Instance, {}, offset)};
}

// `(type id? (export "n")* ((import "n") bound | (alias ...) | deftype))`
void ComponentParser::type_field() {
  c_.accept_form("type");
  const Head head = this->head();
  if (c_.at_form("alias")) return inverted_alias(Sort::Type, head);
  if (c_.at_form("import")) {
    inline_import(Sort::Type, head, [&] { return extern_type_body(Sort::Type, head.id); });
    return c_.expect_close();
  }
  TypeDef def;
  if (c_.at_form("component") || c_.at_form("instance")) {
    const bool component = c_.at_form("component");
    c_.next(), c_.next();
    auto decls = type_decls(component ? Scope::Kind::ComponentType : Scope::Kind::InstanceType, head.id);
    if (component)
      def.type = ComponentTypeDef{std::move(decls)};
    else
      def.type = InstanceTypeDef{std::move(decls)};
    c_.expect_close();
  } else {
    def = type_body();
  }
  c_.expect_close();
  const uint32_t index = add_type(std::move(def), head.offset, head.id);
  inline_exports(head, {Sort::Type, index});
}

// ---- aliases

// `export $i "n"`, `core export $i "n"` or `outer $c $x`; of an outer alias the index follows only with
// the sort, so both indices are left to outer_target.
AliasDef ComponentParser::alias_target() {
  AliasDef alias;
  if (c_.accept_keyword("export")) {
    alias.kind = AliasDef::Kind::Export;
    alias.index = index(Sort::Instance);
    alias.name = string();
  } else if (c_.at_keyword("core") && c_.at_keyword("export", 1)) {
    c_.next(), c_.next();
    alias.kind = AliasDef::Kind::CoreExport;
    alias.index = index(Sort::CoreInstance);
    alias.name = string();
  } else if (c_.accept_keyword("outer")) {
    alias.kind = AliasDef::Kind::Outer;
  } else {
    unexpected();
  }
  return alias;
}

// The two indices of an outer alias at the cursor, for the sort in `alias`.
void ComponentParser::outer_target(AliasDef& alias) {
  Scope* scope = scope_;
  const text::Token token = c_.peek();
  if (c_.at(TokenKind::Id)) {
    const std::string_view id = id_text(c_.next());
    for (; scope && scope->id != id; scope = scope->enclosing) ++alias.count;
    if (!scope) {
      c_.set_error(ErrorCode::UnknownIdentifier, token.offset, "outer component $" + std::string(id));
    }
  } else {
    alias.count = nat();
    for (uint32_t i = 0; scope && i < alias.count; ++i) scope = scope->enclosing;
  }
  if (!c_.at(TokenKind::Id)) {
    alias.index = nat();
    return;
  }
  const text::Token name = c_.next();
  const std::string_view id = id_text(name);
  const auto found = scope ? scope->space(alias.sort).find(id) : std::nullopt;
  if (!found) {
    return c_.set_error(ErrorCode::UnknownIdentifier, name.offset,
                        std::string(text_of(alias.sort)) + " $" + std::string(id));
  }
  alias.index = *found;
}

// `(alias target (sort id?))`
void ComponentParser::alias_field() {
  const uint64_t offset = c_.peek().offset;
  c_.accept_form("alias");
  AliasDef alias = alias_target();
  const size_t outer_at = c_.position();
  if (alias.kind == AliasDef::Kind::Outer) {
    // The sort comes last, and says where to look for the index.
    if (!at_index() || !at_index(1)) return unexpected();
    c_.next(), c_.next();
  }
  c_.expect(TokenKind::LParen);
  alias.sort = sort_keyword(scope_->kind == Scope::Kind::ModuleType);
  const std::string_view id = optional_id();
  c_.expect_close();
  if (alias.kind == AliasDef::Kind::Outer && c_.ok()) {
    const size_t end = c_.position();
    c_.seek(outer_at);
    outer_target(alias);
    if (c_.ok()) c_.seek(end);
  }
  c_.expect_close();
  add_alias(std::move(alias), offset, id);
}

// `(alias target)` and the ")" of the definition that holds it.
void ComponentParser::inverted_alias(Sort sort, const Head& head) {
  c_.accept_form("alias");
  AliasDef alias = alias_target();
  alias.sort = sort;
  if (alias.kind == AliasDef::Kind::Outer) outer_target(alias);
  c_.expect_close();
  c_.expect_close();
  const uint32_t index = add_alias(std::move(alias), head.offset, head.id);
  inline_exports(head, {sort, index});
}

// ---- imports, exports, start

// `(import "n" attribute* (sort id? type))`
void ComponentParser::import_field() {
  const uint64_t offset = c_.peek().offset;
  c_.accept_form("import");
  ExternName name = extern_name();
  const BoundType type = extern_type();
  c_.expect_close();
  push(ImportDef{std::move(name), type.type}, offset);
  bind(type.type.sort, type.id, offset);
}

// `(import "n" attribute*)` within a definition, whose type `type()` reads.
void ComponentParser::inline_import(Sort sort, const Head& head, const std::function<ExternTypeRef()>& type) {
  if (scope_->kind == Scope::Kind::InstanceType) return unexpected();
  c_.accept_form("import");
  ExternName name = extern_name();
  c_.expect_close();
  const ExternTypeRef extern_type = type();
  push(ImportDef{std::move(name), extern_type}, head.offset);
  const uint32_t index = bind(sort, head.id, head.offset);
  inline_exports(head, {sort, index});
}

// `(export id? "n" attribute* externidx type?)`
void ComponentParser::export_field() {
  const uint64_t offset = c_.peek().offset;
  c_.accept_form("export");
  const std::string_view id = optional_id();
  ExportDef def;
  def.name = extern_name();
  def.value = sort_reference(false);
  if (c_.at(TokenKind::LParen)) def.type = extern_type().type;
  c_.expect_close();
  const Sort sort = def.value.sort;
  push(std::move(def), offset);
  bind(sort, id, offset);
}

// `(start f (value v)* (result (value id?))*)`
void ComponentParser::start_field() {
  const uint64_t offset = c_.peek().offset;
  need(Feature::CmValues);
  c_.accept_form("start");
  StartDef def;
  def.func = reference(Sort::Func);
  while (c_.at_form("value")) def.args.push_back(reference(Sort::Value));
  std::vector<std::string_view> ids;
  while (c_.accept_form("result")) {
    if (!c_.accept_form("value")) return unexpected();
    ids.push_back(optional_id());
    c_.expect_close();
    c_.expect_close();
  }
  c_.expect_close();
  def.results = static_cast<uint32_t>(ids.size());
  push(std::move(def), offset);
  for (std::string_view id : ids) bind(Sort::Value, id, offset);
}

}  // namespace skiff::component::wat
