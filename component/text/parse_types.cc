// Types of components (Spec: Explainer.md, Type Definitions). An inline type becomes a type definition in
// front of what is being read; a primitive one stays where it is.
#include "component/text/parser.h"

namespace skiff::component::wat {
namespace {

std::optional<Primitive> find_primitive(std::string_view keyword) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  if (keyword == TEXT) return Primitive::ID;
#include "component/types/primitives.def"
  return std::nullopt;
}

}  // namespace

// ---- value types

bool ComponentParser::at_primitive() const {
  return c_.at(TokenKind::Keyword) && find_primitive(c_.text()).has_value();
}

Primitive ComponentParser::primitive() {
  const Primitive type = *find_primitive(c_.text());
  if (type == Primitive::ErrorContext) need(Feature::CmErrorContext);
  c_.next();
  return type;
}

// Spec: valtype.
ValTypeRef ComponentParser::val_type() {
  if (at_primitive()) return {primitive()};
  if (at_index()) return {index(Sort::Type)};
  if (at_type_use()) return {reference(Sort::Type)};
  const uint64_t offset = c_.peek().offset;
  if (!c_.at(TokenKind::LParen)) return unexpected(), ValTypeRef{};
  if (type_depth_ >= limits::kTypeNesting) return c_.set_error(ErrorCode::TooDeeplyNested), ValTypeRef{};
  ++type_depth_;
  TypeDef def;
  c_.next();
  const std::string_view keyword = c_.text();
  c_.next();
  if (!value_type_body(keyword, def)) c_.set_error(ErrorCode::UnexpectedToken, offset, std::string(keyword.substr(0, 60)));
  c_.expect_close();
  --type_depth_;
  return {add_type(std::move(def), offset)};
}

OptValType ComponentParser::optional_val_type() {
  if (is_done() || c_.at_form("error")) return std::nullopt;
  return val_type();
}

void ComponentParser::labels(std::vector<std::string>& out) {
  while (c_.ok() && c_.at_string()) out.push_back(string());
}

// Spec: defvaltype behind "(" and its keyword, up to the ")". False for a keyword of something else.
bool ComponentParser::value_type_body(std::string_view keyword, TypeDef& out) {
  if (keyword == "record") {
    RecordDef type;
    while (c_.accept_form("field")) {
      LabelledType field;
      field.label = string();
      field.type = val_type();
      type.fields.push_back(std::move(field));
      c_.expect_close();
    }
    out.type = std::move(type);
  } else if (keyword == "variant") {
    VariantDef type;
    while (c_.accept_form("case")) {
      Case c;
      c.label = string();
      c.type = optional_val_type();
      type.cases.push_back(std::move(c));
      c_.expect_close();
    }
    out.type = std::move(type);
  } else if (keyword == "list") {
    ListDef type{val_type(), std::nullopt};
    if (c_.at(TokenKind::Nat)) need(Feature::CmFixedLists), type.length = nat();
    out.type = type;
  } else if (keyword == "tuple") {
    TupleDef type;
    while (!is_done()) type.types.push_back(val_type());
    out.type = std::move(type);
  } else if (keyword == "flags") {
    FlagsDef type;
    labels(type.labels);
    out.type = std::move(type);
  } else if (keyword == "enum") {
    EnumDef type;
    labels(type.labels);
    out.type = std::move(type);
  } else if (keyword == "option") {
    out.type = OptionDef{val_type()};
  } else if (keyword == "result") {
    ResultDef type;
    type.ok = optional_val_type();
    if (c_.accept_form("error")) {
      type.error = val_type();
      c_.expect_close();
    }
    out.type = type;
  } else if (keyword == "map") {
    need(Feature::CmMap);
    MapDef type;
    type.key = val_type();
    type.value = val_type();
    out.type = type;
  } else if (keyword == "own") {
    out.type = OwnDef{reference(Sort::Type)};
  } else if (keyword == "borrow") {
    out.type = BorrowDef{reference(Sort::Type)};
  } else if (keyword == "stream") {
    need(Feature::CmAsync);
    out.type = StreamDef{optional_val_type()};
  } else if (keyword == "future") {
    need(Feature::CmAsync);
    out.type = FutureDef{optional_val_type()};
  } else {
    return false;
  }
  return true;
}

// ---- definition types

// Spec: deftype, except component and instance types, which may name their scope.
TypeDef ComponentParser::type_body() {
  TypeDef def;
  if (at_primitive()) {
    def.type = PrimitiveDef{primitive()};
    return def;
  }
  const uint64_t offset = c_.peek().offset;
  c_.expect(TokenKind::LParen);
  const std::string_view keyword = c_.text();
  c_.next();
  if (keyword == "func") {
    def.type = func_type_body();
  } else if (keyword == "resource") {
    def.type = resource_body();
  } else if (!value_type_body(keyword, def)) {
    c_.set_error(ErrorCode::UnexpectedToken, offset, std::string(keyword.substr(0, 60)));
  }
  c_.expect_close();
  return def;
}

// Spec: functype behind "(func".
FuncTypeDef ComponentParser::func_type_body() {
  FuncTypeDef type;
  if (c_.at_keyword("async")) {
    need(Feature::CmAsync);
    c_.next();
    type.async_ = true;
  }
  while (c_.accept_form("param")) {
    LabelledType param;
    param.label = string();
    param.type = val_type();
    type.params.push_back(std::move(param));
    c_.expect_close();
  }
  if (c_.accept_form("result")) {
    type.result = val_type();
    c_.expect_close();
  }
  return type;
}

// `(rep t) (dtor f)?`
ResourceDef ComponentParser::resource_body() {
  ResourceDef type;
  if (!c_.accept_form("rep")) return unexpected(), type;
  type.rep = core_val_type();
  c_.expect_close();
  if (c_.accept_form("dtor")) {
    type.dtor = at_index() ? reference_names(Sort::CoreFunc) : reference(Sort::CoreFunc);
    c_.expect_close();
  }
  return type;
}

// Spec: componentdecl*, instancedecl*, up to the ")".
std::shared_ptr<const TypeDecls> ComponentParser::type_decls(Scope::Kind kind, std::string_view id) {
  auto decls = std::make_shared<TypeDecls>();
  Scope scope;
  scope.kind = kind;
  scope.id = id;
  scope.decls = decls.get();
  const Opened opened(*this, scope);
  while (!is_done()) type_decl(kind == Scope::Kind::ComponentType);
  return decls;
}

void ComponentParser::type_decl(bool of_component) {
  if (c_.at_form("type")) return type_field();
  if (c_.at_form("alias")) return alias_field();
  if (c_.at_form("import") && of_component) return import_field();
  if (c_.at_form("core") && (c_.at_keyword("type", 2) || c_.at_keyword("rec", 2))) {
    c_.next(), c_.next();
    return c_.at_keyword("type") ? core_type() : core_rec();
  }
  const uint64_t offset = c_.peek().offset;
  if (!c_.accept_form("export")) {
    c_.accept(TokenKind::LParen);
    return unexpected();
  }
  ExportDecl e;
  e.name = extern_name();
  const BoundType type = extern_type();
  e.type = type.type;
  c_.expect_close();
  push(std::move(e), offset);
  bind(type.type.sort, type.id, offset);
}

// ---- extern types

// `(type x)` or `(type $i "n")`, and not the definition of a type.
bool ComponentParser::at_type_use() const {
  return c_.at_form("type") && at_index(2) &&
         (c_.kind(3) == TokenKind::RParen || c_.kind(3) == TokenKind::String);
}

// `(sort id? ...)`
ComponentParser::BoundType ComponentParser::extern_type() {
  BoundType bound;
  c_.expect(TokenKind::LParen);
  const Sort sort = sort_keyword(false);
  bound.id = optional_id();
  bound.type = extern_type_body(sort, bound.id);
  c_.expect_close();
  return bound;
}

// Behind the sort and the identifier, up to the ")". Spec: externtype.
ExternTypeRef ComponentParser::extern_type_body(Sort sort, std::string_view id) {
  ExternTypeRef type;
  type.sort = sort;
  const uint64_t offset = c_.peek().offset;
  switch (sort) {
    case Sort::CoreModule:
      if (at_type_use()) {
        type.index = reference(Sort::CoreType);
      } else {
        push(CoreTypeDef{core_module_type(id)}, offset);
        type.index = bind(Sort::CoreType, {}, offset);
      }
      break;
    case Sort::Func: type.index = func_type_use(); break;
    case Sort::Component:
      type.index = at_type_use()
                       ? reference(Sort::Type)
                       : add_type({ComponentTypeDef{type_decls(Scope::Kind::ComponentType, id)}}, offset);
      break;
    case Sort::Instance:
      type.index = at_type_use()
                       ? reference(Sort::Type)
                       : add_type({InstanceTypeDef{type_decls(Scope::Kind::InstanceType, id)}}, offset);
      break;
    case Sort::Type:
      if (c_.accept_form("sub")) {
        if (!c_.accept_keyword("resource")) unexpected();
        type.sub_resource = true;
        c_.expect_close();
      } else {
        type.index = type_bound();
      }
      break;
    case Sort::Value:
      type.eq_value = c_.accept_form("eq");
      if (type.eq_value) {
        type.index = reference(Sort::Value);
        c_.expect_close();
      } else {
        type.value_type = val_type();
      }
      break;
    default: c_.set_error(ErrorCode::UnexpectedToken, offset, std::string(text_of(sort)));
  }
  return type;
}

// `(eq t)`
uint32_t ComponentParser::type_bound() {
  const uint64_t offset = c_.peek().offset;
  if (!c_.accept_form("eq")) return unexpected(), 0;
  const ValTypeRef type = val_type();
  c_.expect_close();
  if (const auto* index = std::get_if<uint32_t>(&type.type)) return *index;
  return add_type({PrimitiveDef{std::get<Primitive>(type.type)}}, offset);
}

// `(type x)`, or a function type, which becomes a definition.
uint32_t ComponentParser::func_type_use() {
  if (at_type_use()) return reference(Sort::Type);
  const uint64_t offset = c_.peek().offset;
  return add_type({func_type_body()}, offset);
}

}  // namespace skiff::component::wat
