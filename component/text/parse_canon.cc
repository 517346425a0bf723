// Functions and canonical definitions (Spec: Explainer.md, Canonical Definitions), in both orders: the
// definition with the sort inside, `(canon lift ... (func $f))`, and inverted, `(func $f (canon lift ...))`.
// Immediates follow the table canon.def.
#include <algorithm>

#include "component/text/parser.h"

namespace skiff::component::wat {
namespace {

struct CanonRow {
  std::string_view text;
  CanonKind kind;
  const char* immediates;
  Feature feature;
};
constexpr CanonRow kCanons[] = {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) {TEXT, CanonKind::ID, IMMEDIATES, Feature::FEATURE},
#include "component/types/canon.def"
};

}  // namespace

// `(canon name immediate* (core func id?))`, `(canon lift ... (func id? type))`
void ComponentParser::canon_field() {
  const uint64_t offset = c_.peek().offset;
  CanonDef canon = canon_body();
  std::string_view id;
  const bool lift = canon.kind == CanonKind::Lift;
  if (lift) {
    const BoundType type = extern_type();
    if (type.type.sort != Sort::Func) c_.set_error(ErrorCode::UnexpectedToken, offset, "lift makes a function");
    canon.type = type.type.index;
    id = type.id;
  } else {
    c_.expect(TokenKind::LParen);
    if (sort_keyword(false) != Sort::CoreFunc) c_.set_error(ErrorCode::UnexpectedToken, "expected (core func)");
    id = optional_id();
    c_.expect_close();
  }
  c_.expect_close();
  push(std::move(canon), offset);
  bind(lift ? Sort::Func : Sort::CoreFunc, id, offset);
}

// `(func id? (export "n")* ((import "n") type | (alias ...) | type (canon lift ...)))`
void ComponentParser::func_field() {
  c_.accept_form("func");
  const Head head = this->head();
  if (c_.at_form("alias")) return inverted_alias(Sort::Func, head);
  if (c_.at_form("import")) {
    inline_import(Sort::Func, head, [&] { return extern_type_body(Sort::Func, head.id); });
    return c_.expect_close();
  }
  const uint32_t type = func_type_use();
  if (!c_.at_form("canon")) return unexpected();
  CanonDef canon = canon_body();
  if (canon.kind != CanonKind::Lift) c_.set_error(ErrorCode::UnexpectedToken, head.offset, "expected canon lift");
  c_.expect_close();
  c_.expect_close();
  canon.type = type;
  push(std::move(canon), head.offset);
  const uint32_t index = bind(Sort::Func, head.id, head.offset);
  inline_exports(head, {Sort::Func, index});
}

// `(core func id? ((alias ...) | (canon name ...)))`
void ComponentParser::core_func_field() {
  c_.accept_keyword("func");
  const Head head = this->head(false);
  if (c_.at_form("alias")) return inverted_alias(Sort::CoreFunc, head);
  if (!c_.at_form("canon")) return unexpected();
  CanonDef canon = canon_body();
  if (canon.kind == CanonKind::Lift) {
    c_.set_error(ErrorCode::UnexpectedToken, head.offset, "lift makes a component function");
  }
  c_.expect_close();
  c_.expect_close();
  push(std::move(canon), head.offset);
  bind(Sort::CoreFunc, head.id, head.offset);
}

// "(canon", the name and the immediates, up to what names the result or the ")". The type of a lift is not
// among them.
CanonDef ComponentParser::canon_body() {
  CanonDef canon;
  c_.accept_form("canon");
  const auto row = std::ranges::find(kCanons, c_.text(), &CanonRow::text);
  if (!c_.at(TokenKind::Keyword) || row == std::end(kCanons)) return unexpected(), canon;
  need(row->feature);
  c_.next();
  canon.kind = row->kind;
  for (const char* letter = row->immediates; *letter != '\0' && c_.ok(); ++letter) {
    if (canon.kind != CanonKind::Lift || *letter != 't') immediate(*letter, canon);
  }
  return canon;
}

// `letter`: of a row of canon.def.
void ComponentParser::immediate(char letter, CanonDef& canon) {
  switch (letter) {
    case 'F': canon.core_func = reference(Sort::CoreFunc); return;
    case 'f': canon.func = reference(Sort::Func); return;
    case 't': canon.type = reference(Sort::Type); return;
    case 'T': canon.core_type = reference(Sort::CoreType); return;
    case 'b': canon.core_table = reference(Sort::CoreTable); return;
    case 'm': {
      if (at_index()) {
        canon.memory = index(Sort::CoreMemory);
        return;
      }
      std::vector<CanonOpt> options;
      if (!c_.at_form("memory") || !canon_option(options)) return unexpected();
      canon.memory = options[0].index;
      return;
    }
    case 'v': canon.value_type = core_val_type(); return;
    case 'i': canon.number = nat(); return;
    case 'a':
      canon.async_ = c_.accept_keyword("async");
      return;
    case 'c': canon.cancellable = c_.accept_keyword("cancellable"); return;
    case 's': canon.shared = c_.accept_keyword("shared"); return;
    case 'r':
      if (!c_.accept_form("result")) return;
      canon.result = val_type();
      return c_.expect_close();
    case 'o': canon.options = canon_options(); return;
  }
}

std::vector<CanonOpt> ComponentParser::canon_options() {
  std::vector<CanonOpt> options;
  while (c_.ok() && canon_option(options)) {
    if (options.size() > limits::kCanonOptions) {
      c_.set_error(ErrorCode::ImplementationLimit, "too many canonical options");
    }
  }
  return options;
}

// Spec: canonopt. False: there is none here.
bool ComponentParser::canon_option(std::vector<CanonOpt>& options) {
  static constexpr struct {
    std::string_view text;
    CanonOpt::Kind kind;
  } kFlags[] = {
      {"string-encoding=utf8", CanonOpt::Kind::Utf8},
      {"string-encoding=utf16", CanonOpt::Kind::Utf16},
      {"string-encoding=latin1+utf16", CanonOpt::Kind::Latin1Utf16},
      {"async", CanonOpt::Kind::Async},
  };
  static constexpr struct {
    std::string_view text;
    CanonOpt::Kind kind;
    Sort sort;
  } kReferences[] = {
      {"memory", CanonOpt::Kind::Memory, Sort::CoreMemory},
      {"realloc", CanonOpt::Kind::Realloc, Sort::CoreFunc},
      {"post-return", CanonOpt::Kind::PostReturn, Sort::CoreFunc},
      {"callback", CanonOpt::Kind::Callback, Sort::CoreFunc},
  };
  for (const auto& row : kFlags) {
    if (!c_.at_keyword(row.text)) continue;
    if (row.kind == CanonOpt::Kind::Async) need(Feature::CmAsync);
    c_.next();
    options.push_back({row.kind, 0});
    return true;
  }
  for (const auto& row : kReferences) {
    if (!c_.at_form(row.text)) continue;
    if (row.kind == CanonOpt::Kind::Callback) need(Feature::CmAsync);
    c_.accept_form(row.text);
    // `(memory (core memory $i "m"))`, and without the sort `(memory $i "m")`.
    const uint32_t index = at_index() ? reference_names(row.sort) : reference(row.sort);
    c_.expect_close();
    options.push_back({row.kind, index});
    return true;
  }
  return false;
}

}  // namespace skiff::component::wat
