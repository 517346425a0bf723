// The passes of the module parser, and what is not a field of its own: identifiers, name annotations and
// custom sections (Spec: text-module, text-context, custom annotations).
#include "engine/text/parse_module.h"

#include <algorithm>

#include "engine/base/utf8.h"
#include "engine/text/numbers.h"
#include "engine/text/parser.h"
#include "engine/text/sections.h"

namespace skiff::text {
Parser::Parser(TokenCursor& cursor, Features features, SourceMap* source_map)
    : types{ErrorCode::UnknownTypeName, ErrorCode::DuplicateType},
      funcs{ErrorCode::UnknownFuncName, ErrorCode::DuplicateFunc},
      tables{ErrorCode::UnknownTableName, ErrorCode::DuplicateTable},
      memories{ErrorCode::UnknownMemoryName, ErrorCode::DuplicateMemory},
      globals{ErrorCode::UnknownGlobalName, ErrorCode::DuplicateGlobal},
      tags{ErrorCode::UnknownTagName, ErrorCode::DuplicateTag},
      elems{ErrorCode::UnknownElemName, ErrorCode::DuplicateElem},
      datas{ErrorCode::UnknownDataName, ErrorCode::DuplicateData},
      c_(cursor),
      source_map_(source_map),
      arena_(std::make_shared<ByteArena>()) {
  module_.features = features;
  module_.storage.push_back(arena_);
}

Result<Module> Parser::run(bool with_id) {
  if (with_id) {
    const Binder b = binder();
    if (b.name) module_.names.module = b.name;
  } else {
    bind_name_annotation(true);
  }
  if (c_.at(TokenKind::Annot) && c_.text() == "(@name") bind_name_annotation(false);
  first_field_ = c_.position();
  bind_fields();
  if (c_.ok()) define_types();
  if (c_.ok()) parse_fields();
  // Type indices that were beyond the types known so far: implied types may have got them since. Then
  // everything is read once more, with all types there.
  if (c_.ok() && forward_type_) {
    if (*forward_type_ < types.count) {
      forget_fields();
      parse_fields();
    } else if (forward_type_inline_) {
      c_.set_error(ErrorCode::UnknownTypeName, forward_offset_);
    }
  }
  if (!c_.ok()) return std::unexpected(c_.error());
  add_data_count();
  place_customs();
  return std::move(module_);
}

void Parser::forget_fields() {
  Module fresh;
  fresh.storage = std::move(module_.storage);
  fresh.features = module_.features;
  fresh.types = std::move(module_.types);
  fresh.rec_groups = std::move(module_.rec_groups);
  fresh.names = std::move(module_.names);
  fresh.names.locals = {};
  fresh.names.labels = {};
  fresh.imported_funcs = module_.imported_funcs;
  fresh.imported_tables = module_.imported_tables;
  fresh.imported_memories = module_.imported_memories;
  fresh.imported_globals = module_.imported_globals;
  fresh.imported_tags = module_.imported_tags;
  module_ = std::move(fresh);
}

// The data count section is needed where code names data segments, also ones that do not exist.
void Parser::add_data_count() {
  if (uses_data_index_) module_.data_count = static_cast<uint32_t>(module_.datas.size());
}

// First pass -------------------------------------------------------------------------------------

void Parser::bind_fields() {
  while (c_.ok() && !c_.at(TokenKind::RParen) && !c_.at(TokenKind::End)) bind_field();
}

void Parser::bind_field() {
  if (c_.at(TokenKind::Annot)) {
    if (c_.text().ends_with("custom")) return custom_annotation();
    return c_.unexpected();
  }
  const size_t begin = c_.position();
  c_.expect(TokenKind::LParen);
  if (!c_.at(TokenKind::Keyword)) return c_.unexpected();
  const std::string_view keyword = c_.text();
  c_.next();
  if (keyword == "type") {
    bind_definition(types, module_.names.types);
  } else if (keyword == "rec") {
    while (c_.ok() && c_.at_form("type")) {
      const size_t type_begin = c_.position();
      c_.accept_form("type");
      bind_definition(types, module_.names.types);
      c_.seek(type_begin);
      c_.skip();
    }
  } else if (keyword == "import") {
    c_.expect(TokenKind::String);
    c_.expect(TokenKind::String);
    c_.expect(TokenKind::LParen);
    const std::string_view kind = c_.text();
    static constexpr std::string_view kKinds[] = {"func", "table", "memory", "global", "tag"};
    const auto it = std::ranges::find(kKinds, kind);
    if (it == std::end(kKinds)) return c_.unexpected();
    c_.next();
    bind_extern(static_cast<ExternKind>(it - kKinds), true);
  } else if (keyword == "func") {
    bind_extern(ExternKind::Func, has_inline_import());
  } else if (keyword == "table") {
    if (has_child("elem")) ++elems.count;
    bind_extern(ExternKind::Table, has_inline_import());
  } else if (keyword == "memory") {
    if (has_child("data")) ++datas.count;
    bind_extern(ExternKind::Memory, has_inline_import());
  } else if (keyword == "global") {
    bind_extern(ExternKind::Global, has_inline_import());
  } else if (keyword == "tag") {
    bind_extern(ExternKind::Tag, has_inline_import());
  } else if (keyword == "elem") {
    bind_definition(elems, module_.names.elems);
  } else if (keyword == "data") {
    bind_definition(datas, module_.names.datas);
  } else if (keyword != "export" && keyword != "start") {
    c_.seek(begin + 1);
    return c_.unexpected();
  }
  if (!c_.ok()) return;
  c_.seek(begin);
  c_.skip();
}

// Does the definition, behind its keyword, have `(import ...)` behind its name and exports?
bool Parser::has_inline_import() {
  const size_t begin = c_.position();
  skip_binder();
  while (c_.at_form("export")) c_.skip();
  const bool found = c_.at_form("import");
  c_.seek(begin);
  return found;
}

// Is there a form with this keyword directly within the definition?
bool Parser::has_child(std::string_view keyword) {
  const size_t begin = c_.position();
  bool found = false;
  while (!found && !c_.at(TokenKind::RParen) && !c_.at(TokenKind::End) && !c_.at(TokenKind::Error)) {
    found = c_.at_form(keyword);
    c_.skip();
  }
  c_.seek(begin);
  return found;
}

void Parser::bind_extern(ExternKind kind, bool imported) {
  struct Row {
    IndexSpace& space;
    NameMap& names;
    uint32_t& imported;
    ErrorCode import_after;
  };
  Names& names = module_.names;
  const Row rows[] = {
      {funcs, names.funcs, module_.imported_funcs, ErrorCode::ImportAfterFunction},
      {tables, names.tables, module_.imported_tables, ErrorCode::ImportAfterTable},
      {memories, names.memories, module_.imported_memories, ErrorCode::ImportAfterMemory},
      {globals, names.globals, module_.imported_globals, ErrorCode::ImportAfterGlobal},
      {tags, names.tags, module_.imported_tags, ErrorCode::ImportAfterTag},
  };
  const Row& row = rows[static_cast<size_t>(kind)];
  if (imported) {
    if (last_definition_) c_.set_error(rows[static_cast<size_t>(*last_definition_)].import_after);
    ++row.imported;
  } else {
    last_definition_ = kind;
  }
  bind_definition(row.space, row.names);
}

void Parser::bind_definition(IndexSpace& space, NameMap& names) {
  const uint64_t offset = c_.peek().offset;
  const Binder b = binder();
  if (!b.id.empty() && !space.scope.bind(b.id, space.count))
    c_.set_error(space.duplicate, offset, "$" + std::string(b.id));
  if (b.name) names.entries.emplace_back(space.count, *b.name);
  ++space.count;
}

// Second and third pass --------------------------------------------------------------------------

void Parser::define_types() {
  c_.seek(first_field_);
  module_.types.reserve(types.count);
  while (c_.ok() && !c_.at(TokenKind::RParen) && !c_.at(TokenKind::End)) {
    if (c_.at_form("type") || c_.at_form("rec"))
      rec_group();
    else
      c_.skip();
  }
}

void Parser::parse_fields() {
  c_.seek(first_field_);
  while (c_.ok() && !c_.at(TokenKind::RParen) && !c_.at(TokenKind::End)) parse_field();
}

void Parser::parse_field() {
  static constexpr struct {
    std::string_view keyword;
    FieldMethod method;
  } kFields[] = {
      {"func", &Parser::func_field},     {"import", &Parser::import_field}, {"export", &Parser::export_field},
      {"global", &Parser::global_field}, {"data", &Parser::data_field},     {"elem", &Parser::elem_field},
      {"table", &Parser::table_field},   {"memory", &Parser::memory_field}, {"tag", &Parser::tag_field},
      {"start", &Parser::start_field},
  };
  const std::string_view keyword = c_.text(c_.peek(1));
  for (const auto& field : kFields)
    if (c_.at(TokenKind::LParen) && keyword == field.keyword) return (this->*field.method)();
  c_.skip();  // types and annotations, already read
}

// Indices and names ------------------------------------------------------------------------------

uint64_t Parser::nat(unsigned bits) {
  if (!c_.at(TokenKind::Nat)) return c_.unexpected(), 0;
  const auto value = parse_unsigned(c_.text(), bits);
  if (!value) {
    const ErrorCode code = bits == 8    ? ErrorCode::I8OutOfRange
                           : bits == 32 ? ErrorCode::I32OutOfRange
                                        : ErrorCode::I64OutOfRange;
    return c_.set_error(code), 0;
  }
  c_.next();
  return *value;
}

std::string_view Parser::id_text(const Token& token) {
  const std::string_view text = c_.text(token);
  return text.size() > 1 && text[1] == '"' ? arena_->store(std::string_view(parse_id(text))) : text.substr(1);
}

std::string_view Parser::optional_id() {
  return c_.at(TokenKind::Id) ? id_text(c_.next()) : std::string_view{};
}

Binder Parser::binder() {
  Binder b;
  b.id = optional_id();
  if (c_.at(TokenKind::Annot) && c_.text() == "(@name") {
    c_.next();
    b.name = stored_name();
    c_.expect_close();
  } else if (!b.id.empty()) {
    b.name = arena_->store(b.id);
  }
  return b;
}

uint32_t Parser::index(const IndexSpace& space) {
  if (!c_.at(TokenKind::Id)) return static_cast<uint32_t>(nat(32));
  const std::string_view id = id_text(c_.peek());
  const auto found = space.scope.find(id);
  if (!found) return c_.set_error(space.unknown, "$" + std::string(id)), 0;
  c_.next();
  return *found;
}

uint32_t Parser::field_index(uint32_t type) {
  if (!c_.at(TokenKind::Id)) return static_cast<uint32_t>(nat(32));
  const std::string_view id = id_text(c_.peek());
  const auto scope = fields_.find(type);
  const auto found = scope == fields_.end() ? std::nullopt : scope->second.find(id);
  if (!found) return c_.set_error(ErrorCode::UnknownFieldName, "$" + std::string(id)), 0;
  c_.next();
  return *found;
}

// Annotations ------------------------------------------------------------------------------------

// `(@name "...")` of the module, `at_start` when none has been read.
void Parser::bind_name_annotation(bool at_start) {
  if (!c_.at(TokenKind::Annot) || c_.text() != "(@name") return;
  if (!at_start) return c_.set_error(ErrorCode::MalformedNameAnnotation, "multiple module");
  c_.next();
  module_.names.module = stored_name();
  c_.expect_close();
}

// `(@custom "name" (before|after section)? "..."*)`
void Parser::custom_annotation() {
  Custom custom;
  custom.section.offset = c_.peek().offset;
  c_.next();
  auto malformed = [&](const char* detail) { c_.set_error(ErrorCode::MalformedCustomAnnotation, detail); };
  if (!c_.at_string()) return malformed("missing section name");
  const std::string name = parse_string(c_.text());
  if (!is_utf8(name)) return malformed("malformed UTF-8 encoding");
  c_.next();
  custom.section.name = arena_->store(std::string_view(name));
  custom.place = 2 * static_cast<int>(kSections.size()) + 1;
  if (c_.at(TokenKind::LParen)) {
    const auto place = custom_placement();
    if (!place) return;
    custom.place = *place;
  }
  custom.section.bytes = data_strings();
  if (!c_.at(TokenKind::RParen)) return malformed("unexpected token");
  c_.next();
  customs_.push_back(custom);
}

// Twice the section's place in the order from 1, plus one for "after".
std::optional<int> Parser::custom_placement() {
  c_.next();
  const bool before = c_.at_keyword("before");
  auto malformed = [&](const char* detail) {
    c_.set_error(ErrorCode::MalformedCustomAnnotation, detail);
    return std::nullopt;
  };
  if (!before && !c_.at_keyword("after")) return malformed("malformed placement");
  c_.next();
  int place = 0;
  for (size_t i = 0; i < kSections.size(); ++i)
    if (c_.at_keyword(kSections[i].keyword)) place = static_cast<int>(i) + 1;
  if (c_.at_keyword("first")) place = 1;
  if (c_.at_keyword("last")) place = static_cast<int>(kSections.size());
  // "(before first)" and "(after last)" are the only sensible ones; the others mean those sections.
  if (place == 0) return malformed("malformed section kind");
  c_.next();
  if (!c_.at(TokenKind::RParen)) return malformed("unexpected token");
  c_.next();
  return 2 * place + (before ? 0 : 1);
}

void Parser::place_customs() {
  // In the order of the source at one place.
  std::ranges::sort(customs_, {}, [](const Custom& c) { return std::pair(c.place, c.section.offset); });
  for (Custom& custom : customs_) {
    // Behind section number `after` of kSections, 0: in front of all.
    const int after = custom.place % 2 == 0 ? custom.place / 2 - 1 : custom.place / 2;
    custom.section.after = after == 0 ? uint8_t{0} : kSections[static_cast<size_t>(after) - 1].id;
    module_.customs.push_back(custom.section);
  }
}

// Entry points -----------------------------------------------------------------------------------

Result<Module> parse_module(TokenCursor& cursor, Features features, SourceMap* map) {
  cursor.expect(TokenKind::LParen);
  cursor.expect_keyword("module");
  if (!cursor.ok()) return std::unexpected(cursor.error());
  Result<Module> module = Parser(cursor, features, map).run(true);
  cursor.expect_close();
  if (!cursor.ok()) return std::unexpected(cursor.error());
  return module;
}

Result<Module> parse_module_fields(TokenCursor& cursor, Features features) {
  Result<Module> module = Parser(cursor, features).run(false);
  cursor.expect_close();
  if (!cursor.ok()) return std::unexpected(cursor.error());
  return module;
}

Result<Module> parse_bare_fields(TokenCursor& cursor, Features features, SourceMap* map) {
  return Parser(cursor, features, map).run(false);
}

}  // namespace skiff::text
