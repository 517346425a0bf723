// Entry points, identifiers and index spaces, and the fields of a component by their keywords (Spec:
// Explainer.md, Index Spaces, Component Definitions).
#include "component/text/parse_component.h"

#include <algorithm>

#include "component/binary/binary.h"
#include "component/binary/decode_parts.h"
#include "component/text/parser.h"
#include "component/text/text.h"
#include "engine/binary/decode_parts.h"
#include "engine/text/numbers.h"
#include "engine/text/text.h"

namespace skiff::component {
namespace wat {

ComponentParser::Opened::Opened(ComponentParser& parser, Scope& scope) : parser_(parser), scope_(scope) {
  scope.enclosing = parser.scope_;
  parser.scope_ = &scope;
  if (++parser.depth_ > limits::kNesting) parser.c_.set_error(ErrorCode::TooDeeplyNested);
}

std::shared_ptr<const Component> ComponentParser::component(std::string_view id, bool outermost) {
  auto component = std::make_shared<Component>();
  component->offset = c_.peek().offset;
  Scope scope;
  scope.id = id;
  scope.component = component.get();
  const Opened opened(*this, scope);
  if (outermost) component->names.component = id;
  // The name of a nested component in its own name section; the identifier is one of the enclosing scope.
  if (c_.at(TokenKind::Annot) && c_.text() == "(@name") {
    c_.next();
    component->names.component = c_.expect_name();
    c_.expect_close();
  }
  fields();
  return component;
}

// ---- tokens

void ComponentParser::unexpected() {
  if (c_.at(TokenKind::Error) || c_.at(TokenKind::End) || c_.at(TokenKind::Annot)) return c_.unexpected();
  c_.set_error(ErrorCode::UnexpectedToken, std::string(c_.text().substr(0, 60)));
}

void ComponentParser::need(Feature feature) {
  if (!features_.has(feature)) c_.set_error(ErrorCode::FeatureDisabled, skiff::detail::disabled(feature));
}

bool ComponentParser::is_done() const {
  return !c_.ok() || c_.at(TokenKind::RParen) || c_.at(TokenKind::End) || c_.at(TokenKind::Error);
}

bool ComponentParser::at_index(size_t ahead) const {
  return c_.kind(ahead) == TokenKind::Nat || c_.kind(ahead) == TokenKind::Id;
}

std::string_view ComponentParser::id_text(const text::Token& token) {
  const std::string_view text = c_.text(token);
  if (text.size() < 2) return c_.set_error(ErrorCode::EmptyIdentifier, token.offset), std::string_view{};
  return text[1] == '"' ? arena_.store(std::string_view(text::parse_id(text))) : text.substr(1);
}

std::string_view ComponentParser::optional_id() {
  return c_.at(TokenKind::Id) ? id_text(c_.next()) : std::string_view{};
}

uint32_t ComponentParser::nat() {
  if (!c_.at(TokenKind::Nat)) return unexpected(), 0;
  const auto value = text::parse_unsigned(c_.text(), 32);
  if (!value) return c_.set_error(ErrorCode::I32OutOfRange), 0;
  c_.next();
  return static_cast<uint32_t>(*value);
}

std::string ComponentParser::string() {
  if (!c_.at_string()) return unexpected(), std::string{};
  const uint32_t offset = c_.peek().offset;
  std::string name = c_.expect_name();
  if (name.size() > limits::kStringSize) {
    c_.set_error(ErrorCode::ImplementationLimit, offset, "name is too long");
  }
  return name;
}

// ---- definitions and their indices

uint32_t ComponentParser::bind(Sort sort, std::string_view id, uint64_t offset) {
  Scope::Space& space = scope_->space(sort);
  const uint32_t index = space.count++;
  if (sort == Sort::CoreType && scope_->core) scope_->core->types.count = space.count;
  if (sort == Sort::Type && scope_->component) {
    scope_->type_definitions.push_back(static_cast<uint32_t>(scope_->component->definitions.size() - 1));
  }
  if (id.empty()) return index;
  if (!space.ids.try_emplace(id, index).second) {
    c_.set_error(ErrorCode::DuplicateIdentifier, offset, "$" + std::string(id));
  }
  if (sort == Sort::CoreType && scope_->core && !scope_->core->types.scope.bind(id, index)) {
    // Hides an identifier that has implied an outer alias before.
    c_.set_error(ErrorCode::DuplicateIdentifier, offset, "$" + std::string(id));
  }
  if (scope_->component) {
    scope_->component->names.of_sort[static_cast<size_t>(sort)].emplace_back(index, id);
  }
  return index;
}

uint32_t ComponentParser::add_type(TypeDef def, uint64_t offset, std::string_view id) {
  push(std::move(def), offset);
  return bind(Sort::Type, id, offset);
}

uint32_t ComponentParser::add_alias(AliasDef def, uint64_t offset, std::string_view id) {
  const Sort sort = def.sort;
  push(std::move(def), offset);
  return bind(sort, id, offset);
}

// `n` or `$id`, which may be of an enclosing scope.
uint32_t ComponentParser::index(Sort sort) {
  if (!c_.at(TokenKind::Id)) return nat();
  const text::Token token = c_.next();
  const std::string_view id = id_text(token);
  if (const auto found = scope_->space(sort).find(id)) return *found;
  return outer_index(sort, id, token.offset);
}

// Spec: the inline sugar of outer aliases. The alias is reused when the identifier comes again.
uint32_t ComponentParser::outer_index(Sort sort, std::string_view id, uint64_t offset) {
  const bool aliasable =
      sort == Sort::CoreModule || sort == Sort::CoreType || sort == Sort::Component || sort == Sort::Type;
  uint32_t count = 1;
  for (Scope* scope = scope_->enclosing; scope; scope = scope->enclosing, ++count) {
    const auto found = scope->space(sort).find(id);
    if (!found) continue;
    if (!aliasable) {
      c_.set_error(ErrorCode::OuterItem, offset,
                   " `" + std::string(id) + "` is not a module, type, or component");
      return 0;
    }
    AliasDef alias;
    alias.kind = AliasDef::Kind::Outer;
    alias.sort = sort;
    alias.count = count;
    alias.index = *found;
    const uint32_t index = add_alias(std::move(alias), offset);
    scope_->space(sort).outer.emplace(id, index);
    if (sort == Sort::CoreType && scope_->core) scope_->core->types.scope.bind(id, index);
    return index;
  }
  c_.set_error(ErrorCode::UnknownIdentifier, offset,
               std::string(text_of(sort)) + " $" + std::string(id));
  return 0;
}

// An index, then strings that project exports of instances: `$i "a" "b"` (Spec: inline export aliases).
uint32_t ComponentParser::reference_names(Sort sort) {
  const bool in_core_instance = is_core(sort) && sort != Sort::CoreModule && sort != Sort::CoreType;
  if (!(at_index() && c_.kind(1) == TokenKind::String)) return index(sort);
  const uint64_t offset = c_.peek().offset;
  AliasDef alias;
  alias.kind = in_core_instance ? AliasDef::Kind::CoreExport : AliasDef::Kind::Export;
  uint32_t result = index(in_core_instance ? Sort::CoreInstance : Sort::Instance);
  while (c_.ok() && c_.at_string()) {
    alias.index = result;
    alias.name = string();
    const bool last = !c_.at_string();
    alias.sort = last ? sort : in_core_instance ? Sort::CoreInstance : Sort::Instance;
    result = add_alias(alias, offset);
  }
  return result;
}

// Where the sort is clear from the place: `$f`, `(func $f)`, `(func $i "f")`, core ones with or without
// the keyword `core`.
uint32_t ComponentParser::reference(Sort sort) {
  if (!c_.accept(TokenKind::LParen)) return index(sort);
  const uint64_t offset = c_.peek().offset;
  const Sort found = sort_keyword(is_core(sort));
  if (c_.ok() && found != sort) c_.set_error(ErrorCode::UnexpectedToken, offset, std::string(text_of(found)));
  const uint32_t result = reference_names(sort);
  c_.expect_close();
  return result;
}

// The sort that the keywords here name; nothing moves. `in_core`: core sorts go without `core`.
std::optional<Sort> ComponentParser::at_sort(bool in_core) {
  const bool core = in_core || c_.at_keyword("core");
  const bool prefixed = c_.at_keyword("core");
  const text::Token& token = c_.peek(prefixed ? 1 : 0);
  if (token.kind != TokenKind::Keyword) return std::nullopt;
  const std::string_view keyword = c_.text(token);
  for (size_t i = 0; i < kSortCount; ++i) {
    const Sort sort = static_cast<Sort>(i);
    if (is_core(sort) != core) continue;
    const std::string_view text = text_of(sort);
    if ((core ? text.substr(5) : text) == keyword) return sort;
  }
  return std::nullopt;
}

Sort ComponentParser::sort_keyword(bool in_core) {
  const auto sort = at_sort(in_core);
  if (!sort) return unexpected(), Sort::Func;
  if (*sort == Sort::Value) need(Feature::CmValues);
  c_.accept_keyword("core");
  c_.next();
  return *sort;
}

// Spec: externidx: `(func $f)`, `(core module $i "m")`.
SortIdx ComponentParser::sort_reference(bool in_core) {
  SortIdx out;
  c_.expect(TokenKind::LParen);
  out.sort = sort_keyword(in_core);
  out.index = reference_names(out.sort);
  c_.expect_close();
  return out;
}

// ---- names

// Spec: externnamelit attribute*. A repeated attribute is left, for the caller not to expect it.
ExternName ComponentParser::extern_name() {
  ExternName name;
  name.name = string();
  for (bool more = true; more && c_.ok();) {
    auto attribute = [&](const char* keyword, std::optional<std::string>& place, Feature feature) {
      if (place || !c_.at_form(keyword)) return false;
      need(feature);
      c_.accept_form(keyword);
      place = string();
      c_.expect_close();
      return true;
    };
    more = attribute("implements", name.implements, Feature::CmImplements) ||
           attribute("versionsuffix", name.version_suffix, Feature::CmCanonicalNames) ||
           attribute("external-id", name.external_id, Feature::CmImplements);
  }
  return name;
}

// Is this `(export "name" attribute*)`, or with `import`, and nothing else in it?
bool ComponentParser::at_names_only(std::string_view keyword) const {
  if (!c_.at_form(keyword) || c_.kind(2) != TokenKind::String) return false;
  size_t ahead = 3;
  while (c_.kind(ahead) == TokenKind::LParen && c_.kind(ahead + 2) == TokenKind::String &&
         c_.kind(ahead + 3) == TokenKind::RParen &&
         (c_.at_keyword("implements", ahead + 1) || c_.at_keyword("versionsuffix", ahead + 1) ||
          c_.at_keyword("external-id", ahead + 1)))
    ahead += 4;
  return c_.kind(ahead) == TokenKind::RParen;
}

// The last token within the form here.
text::Token ComponentParser::last_within() {
  const size_t begin = c_.position();
  const uint32_t close = c_.peek().partner;
  c_.seek(close - 1);
  const text::Token last = c_.peek();
  c_.seek(begin);
  return last;
}

ComponentParser::Head ComponentParser::head(bool with_exports) {
  Head head;
  head.offset = c_.peek().offset;
  head.id = optional_id();
  while (with_exports && c_.ok() && at_names_only("export")) {
    c_.accept_form("export");
    head.exports.push_back(extern_name());
    c_.expect_close();
  }
  return head;
}

void ComponentParser::inline_exports(const Head& head, SortIdx value) {
  for (const ExternName& name : head.exports) {
    push(ExportDef{name, value, std::nullopt}, head.offset);
    bind(value.sort, {}, head.offset);
  }
}

// ---- fields

void ComponentParser::fields() {
  while (!is_done()) field();
}

void ComponentParser::field() {
  using Method = void (ComponentParser::*)();
  static constexpr struct {
    std::string_view keyword;
    Method method;
  } kFields[] = {
      {"component", &ComponentParser::component_field}, {"instance", &ComponentParser::instance_field},
      {"type", &ComponentParser::type_field},           {"canon", &ComponentParser::canon_field},
      {"func", &ComponentParser::func_field},           {"start", &ComponentParser::start_field},
      {"import", &ComponentParser::import_field},       {"export", &ComponentParser::export_field},
      {"value", &ComponentParser::value_field},         {"core", &ComponentParser::core_field},
  };
  if (c_.at(TokenKind::Annot) && c_.text() == "(@custom") return custom_annotation();
  if (c_.at_form("alias")) return alias_field();
  if (!c_.at(TokenKind::LParen)) return unexpected();
  const std::string_view keyword = c_.text(c_.peek(1));
  for (const auto& row : kFields)
    if (row.keyword == keyword) return (this->*row.method)();
  c_.next();
  unexpected();
}

void ComponentParser::core_field() {
  static constexpr std::pair<std::string_view, Sort> kAliases[] = {
      {"table", Sort::CoreTable}, {"memory", Sort::CoreMemory}, {"global", Sort::CoreGlobal},
      {"tag", Sort::CoreTag}};
  c_.accept_form("core");
  if (c_.at_keyword("module")) return core_module_field();
  if (c_.at_keyword("instance")) return core_instance_field();
  if (c_.at_keyword("type")) return core_type();
  if (c_.at_keyword("rec")) return core_rec();
  if (c_.at_keyword("func")) return core_func_field();
  for (const auto& [keyword, sort] : kAliases)
    if (c_.at_keyword(keyword)) return core_alias_field(sort);
  unexpected();
}

// `(@custom "name" "..."*)`, at its place among the definitions.
void ComponentParser::custom_annotation() {
  ComponentCustom custom;
  custom.offset = c_.next().offset;
  custom.name = string();
  custom.after = scope_->component->definitions.size();
  std::vector<uint8_t> bytes;
  while (c_.at_string()) {
    text::parse_string(c_.text(), bytes);
    c_.next();
  }
  c_.expect_close();
  custom.bytes = SharedBytes::own(std::move(bytes));
  const bool first = std::ranges::find(scope_->component->customs, custom.name, &ComponentCustom::name) ==
                     scope_->component->customs.end();
  if (custom.name == detail::kNameSection && first && c_.ok()) {
    scope_->component->names = detail::read_names(custom.bytes.bytes, features_);
  }
  scope_->component->customs.push_back(std::move(custom));
}

}  // namespace wat

// ---- entry points

Result<std::shared_ptr<const Component>> parse_component_fields(text::TokenCursor& cursor, std::string_view id,
                                                                Features features) {
  wat::ComponentParser parser(cursor, features);
  auto component = parser.component(id, true);
  cursor.expect_close();
  if (!cursor.ok()) return std::unexpected(cursor.error());
  return component;
}

Result<std::shared_ptr<const Component>> parse_component(text::TokenCursor& cursor, Features features) {
  cursor.expect(text::TokenKind::LParen);
  cursor.expect_keyword("component");
  std::string id;
  if (cursor.at(text::TokenKind::Id)) id = text::parse_id(cursor.text(cursor.next()));
  return parse_component_fields(cursor, id, features);
}

namespace {

// Position of the first character from `i` on that is neither blank nor in a comment.
size_t skip_blanks(std::string_view source, size_t i) {
  while (i < source.size()) {
    const std::string_view rest = source.substr(i);
    if (std::string_view(" \t\r\n").find(rest[0]) != std::string_view::npos) {
      ++i;
    } else if (rest.starts_with(";;")) {
      i = std::min(source.find('\n', i), source.size());
    } else if (rest.starts_with("(;")) {
      size_t depth = 0;
      do {
        const std::string_view two = source.substr(i, 2);
        if (two == "(;") ++depth;
        if (two == ";)") --depth;
        i += two == "(;" || two == ";)" ? 2 : 1;
      } while (depth != 0 && i < source.size());
    } else {
      break;
    }
  }
  return i;
}

}  // namespace

bool is_component_text(std::string_view source) {
  constexpr std::string_view kKeyword = "component";
  const size_t paren = skip_blanks(source, 0);
  if (paren >= source.size() || source[paren] != '(') return false;
  const size_t keyword = skip_blanks(source, paren + 1);
  if (keyword >= source.size() || !source.substr(keyword).starts_with(kKeyword)) return false;
  const size_t end = keyword + kKeyword.size();
  return end >= source.size() || std::string_view(" \t\r\n();").find(source[end]) != std::string_view::npos;
}

Result<std::shared_ptr<const Component>> parse_component(std::string_view source, Features features) {
  const text::TokenList tokens = text::tokenize(source);
  text::TokenCursor cursor(tokens);
  auto component = parse_component(cursor, features);
  if (!component) return component;
  if (!cursor.at(text::TokenKind::End)) {
    cursor.unexpected();
    return std::unexpected(cursor.error());
  }
  return component;
}

Result<std::vector<uint8_t>> component_wat_to_binary(std::string_view source, Features features) {
  const auto component = SKIFF_TRY(parse_component(source, features));
  return encode_component(*component);
}

}  // namespace skiff::component
