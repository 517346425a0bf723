// The fields of a module in the last pass (Spec: text-module): every abbreviation is expanded here, so
// that a Module knows only the plain forms.
#include "engine/binary/encode.h"
#include "engine/text/parse_instr.h"
#include "engine/text/parser.h"

namespace skiff::text {

void Parser::skip_binder() {
  c_.accept(TokenKind::Id);
  if (c_.at(TokenKind::Annot) && c_.text() == "(@name") c_.skip();
}

std::string_view Parser::stored_name() { return arena_->store(std::string_view(c_.expect_name())); }

// `(export "name")*` of a definition.
void Parser::inline_exports(ExternKind kind, uint32_t index) {
  while (c_.ok() && c_.at_form("export")) {
    const uint64_t offset = c_.peek().offset;
    c_.accept_form("export");
    module_.exports.push_back({stored_name(), kind, index, offset});
    c_.expect_close();
  }
}

// `(import "module" "name")` of a definition; true when it is there.
bool Parser::inline_import(ExternKind kind, uint32_t index) {
  const uint64_t offset = c_.peek().offset;
  if (!c_.accept_form("import")) return false;
  const std::string_view module = stored_name();
  const std::string_view name = stored_name();
  c_.expect_close();
  module_.imports.push_back({module, name, kind, index, offset});
  return true;
}

namespace {
template <class T>
uint32_t next_index(const std::vector<T>& items) {
  return static_cast<uint32_t>(items.size());
}
}  // namespace

// `(import "module" "name" (func id? ...))`
void Parser::import_field() {
  Import import;
  import.offset = c_.peek().offset;
  c_.accept_form("import");
  import.module = stored_name();
  import.name = stored_name();
  c_.expect(TokenKind::LParen);
  const std::string_view kind = c_.text();
  c_.next();
  skip_binder();
  if (kind == "func") {
    import.kind = ExternKind::Func;
    import.index = next_index(module_.functions);
    func_definition();
  } else if (kind == "table") {
    import.kind = ExternKind::Table;
    import.index = next_index(module_.tables);
    module_.tables.push_back({table_type(), std::nullopt});
  } else if (kind == "memory") {
    import.kind = ExternKind::Memory;
    import.index = next_index(module_.memories);
    module_.memories.push_back({memory_type()});
  } else if (kind == "global") {
    import.kind = ExternKind::Global;
    import.index = next_index(module_.globals);
    module_.globals.push_back({global_type(), {}});
  } else if (kind == "tag") {
    import.kind = ExternKind::Tag;
    import.index = next_index(module_.tags);
    module_.tags.push_back({{type_use([](const Binder&) {}).index}});
  }
  c_.expect_close();
  c_.expect_close();
  module_.imports.push_back(import);
}

void Parser::func_field() {
  c_.accept_form("func");
  skip_binder();
  const uint32_t index = next_index(module_.functions);
  inline_exports(ExternKind::Func, index);
  if (inline_import(ExternKind::Func, index)) {
    func_definition();
  } else {
    const uint64_t offset = c_.peek().offset;
    std::vector<Binder> locals;
    const TypeUse use = type_use([&](const Binder& b) { locals.push_back(b); });
    module_.functions.push_back({use.index, {}});
    module_.functions.back().body.offset = offset;
    if (c_.ok()) func_body(use, std::move(locals));
  }
  c_.expect_close();
}

// An imported function: its parameters may have names.
void Parser::func_definition() {
  const uint32_t index = next_index(module_.functions);
  Scope scope;
  NameMap names;
  uint32_t n = 0;
  const TypeUse use = type_use([&](const Binder& b) {
    if (!b.id.empty() && !scope.bind(b.id, n))
      c_.set_error(ErrorCode::DuplicateLocal, "$" + std::string(b.id));
    if (b.name) names.entries.emplace_back(n, *b.name);
    ++n;
  });
  module_.functions.push_back({use.index, {}});
  if (!names.entries.empty()) module_.names.locals.entries.emplace_back(index, std::move(names));
}

// `(local id? t)* ` or `(local t*)*`; appends their binders.
std::vector<ValType> Parser::local_types(std::vector<Binder>& binders) {
  std::vector<ValType> types;
  while (c_.accept_form("local")) {
    while (c_.ok() && !c_.at(TokenKind::RParen)) {
      binders.push_back(binder());
      types.push_back(val_type());
      if (!binders.back().id.empty()) break;
    }
    c_.expect_close();
  }
  return types;
}

// `locals` holds the binders of the inline parameters, if there were any.
void Parser::func_body(const TypeUse& use, std::vector<Binder> locals) {
  const uint32_t func = next_index(module_.functions) - 1;
  if (locals.empty()) {
    if (const FuncType* type = func_type(use.index)) locals.resize(type->params.size());
  }
  const std::vector<ValType> types = local_types(locals);
  Scope scope;
  NameMap names;
  for (uint32_t i = 0; i < locals.size(); ++i) {
    if (!locals[i].id.empty() && !scope.bind(locals[i].id, i))
      c_.set_error(ErrorCode::DuplicateLocal, "$" + std::string(locals[i].id));
    if (locals[i].name) names.entries.emplace_back(i, *locals[i].name);
  }
  if (!names.entries.empty()) module_.names.locals.entries.emplace_back(func, std::move(names));

  Writer out;
  std::vector<std::pair<uint32_t, ValType>> runs;
  for (ValType t : types) {
    if (runs.empty() || runs.back().second != t) runs.emplace_back(0, t);
    ++runs.back().first;
  }
  out.u32(runs.size());
  for (const auto& [count, type] : runs) {
    out.u32(count);
    encode_val_type(out, type);
  }
  BodyParser body(*this, out, func, scope);
  body.sequence();
  module_.functions.back().body.bytes = arena_->store(out.view());
  NameMap labels = body.take_label_names();
  if (!labels.entries.empty()) module_.names.labels.entries.emplace_back(func, std::move(labels));
  for (const BranchHint& hint : body.take_hints()) module_.branch_hints.push_back(hint);
}

void Parser::table_field() {
  c_.accept_form("table");
  skip_binder();
  const uint32_t index = next_index(module_.tables);
  inline_exports(ExternKind::Table, index);
  if (inline_import(ExternKind::Table, index)) {
    module_.tables.push_back({table_type(), std::nullopt});
  } else {
    table_definition();
  }
  c_.expect_close();
}

// `limits reftype expr?` or `reftype (elem ...)`.
void Parser::table_definition() {
  const auto index = next_index(module_.tables);
  Table table;
  table.type.address = address_type();
  if (!c_.at(TokenKind::Nat)) {
    table.type.elem = ref_type();
    module_.tables.push_back(table);
    return inline_elems(index, table.type.address);
  }
  table.type.limits = limits();
  table.type.elem = ref_type();
  if (!c_.at(TokenKind::RParen)) table.init = const_expr_until_close();
  module_.tables.push_back(table);
}

void Parser::inline_elems(uint32_t table, AddressType address) {
  ElemSegment segment;
  segment.mode = ElemSegment::Mode::Active;
  segment.table = table;
  segment.offset = c_.peek().offset;
  segment.offset_expr = zero_expr(address);
  if (!c_.accept_form("elem")) return c_.unexpected();
  TableType& type = module_.tables[table].type;
  segment.type = type.elem;
  // A list of indices is in the short form if the table can hold any function.
  const bool holds_funcs = type.elem.heap() == HeapType::Func;
  segment.uses_exprs = c_.at(TokenKind::LParen) || !holds_funcs;
  while (c_.ok() && !c_.at(TokenKind::RParen)) {
    if (c_.at(TokenKind::LParen) && segment.uses_exprs)
      segment.exprs.push_back(elem_item());
    else if (segment.uses_exprs)
      segment.exprs.push_back(ref_func_expr(index(funcs)));
    else
      segment.funcs.push_back(index(funcs));
  }
  if (!segment.uses_exprs) segment.type = ValType::ref(HeapType::Func, false);
  c_.expect_close();
  type.limits = {segment.size(), segment.size()};
  module_.elems.push_back(std::move(segment));
}

void Parser::memory_field() {
  c_.accept_form("memory");
  skip_binder();
  const uint32_t index = next_index(module_.memories);
  inline_exports(ExternKind::Memory, index);
  if (inline_import(ExternKind::Memory, index)) {
    module_.memories.push_back({memory_type()});
  } else {
    memory_definition();
  }
  c_.expect_close();
}

// `limits shared? (pagesize n)?` or `(pagesize n)? (data "..."*)`.
void Parser::memory_definition() {
  const uint32_t index = next_index(module_.memories);
  const size_t begin = c_.position();
  const AddressType address = address_type();
  if (c_.at(TokenKind::Nat)) {
    c_.seek(begin);
    module_.memories.push_back({memory_type()});
    return;
  }
  MemoryType type;
  type.address = address;
  type.page_size_log2 = page_size();
  module_.memories.push_back({type});
  inline_data(index, address);
}

void Parser::inline_data(uint32_t memory, AddressType address) {
  DataSegment segment;
  segment.active = true;
  segment.memory = memory;
  segment.offset = c_.peek().offset;
  segment.offset_expr = zero_expr(address);
  if (!c_.accept_form("data")) return c_.unexpected();
  segment.bytes = data_strings();
  c_.expect_close();
  MemoryType& type = module_.memories[memory].type;
  const unsigned log2 = type.page_size_log2;
  const uint64_t size = segment.bytes.size();
  uint64_t pages = log2 >= 64 ? 0 : size >> log2;
  if (log2 < 64 && (pages << log2) != size) ++pages;
  type.limits = {pages, pages};
  module_.datas.push_back(std::move(segment));
}

void Parser::global_field() {
  c_.accept_form("global");
  skip_binder();
  const uint32_t index = next_index(module_.globals);
  inline_exports(ExternKind::Global, index);
  const bool imported = inline_import(ExternKind::Global, index);
  Global global{global_type(), {}};
  if (!imported) global.init = const_expr_until_close();
  module_.globals.push_back(global);
  c_.expect_close();
}

void Parser::tag_field() {
  c_.accept_form("tag");
  skip_binder();
  const uint32_t index = next_index(module_.tags);
  inline_exports(ExternKind::Tag, index);
  inline_import(ExternKind::Tag, index);
  module_.tags.push_back({{type_use([](const Binder&) {}).index}});
  c_.expect_close();
}

// `(export "name" (func x))`
void Parser::export_field() {
  Export field;
  field.offset = c_.peek().offset;
  c_.accept_form("export");
  field.name = stored_name();
  c_.expect(TokenKind::LParen);
  const struct {
    std::string_view keyword;
    ExternKind kind;
    const IndexSpace* space;
  } kinds[] = {
      {"func", ExternKind::Func, &funcs},        {"table", ExternKind::Table, &tables},
      {"memory", ExternKind::Memory, &memories}, {"global", ExternKind::Global, &globals},
      {"tag", ExternKind::Tag, &tags},
  };
  const IndexSpace* space = nullptr;
  for (const auto& k : kinds) {
    if (!c_.at_keyword(k.keyword)) continue;
    field.kind = k.kind;
    space = k.space;
  }
  if (!space) return c_.unexpected();
  c_.next();
  field.index = index(*space);
  c_.expect_close();
  c_.expect_close();
  module_.exports.push_back(field);
}

void Parser::start_field() {
  const uint64_t offset = c_.peek().offset;
  c_.accept_form("start");
  if (module_.start) return c_.set_error(ErrorCode::MultipleStartSections, offset);
  module_.start_offset = offset;
  module_.start = index(funcs);
  c_.expect_close();
}

// `(elem id? (table x)? offset list)`, `(elem id? declare list)` or `(elem id? list)`
void Parser::elem_field() {
  ElemSegment segment;
  segment.offset = c_.peek().offset;
  c_.accept_form("elem");
  skip_binder();
  bool may_omit_kind = false;
  if (c_.accept_keyword("declare")) {
    segment.mode = ElemSegment::Mode::Declarative;
  } else if (c_.at_form("table") || c_.at(TokenKind::Nat)) {
    // A number alone is the table in the syntax of WebAssembly 1.0.
    segment.mode = ElemSegment::Mode::Active;
    may_omit_kind = c_.at(TokenKind::Nat);
    const bool form = c_.accept_form("table");
    segment.table = index(tables);
    if (form) c_.expect_close();
    segment.offset_expr = offset_expr();
  } else if (c_.at(TokenKind::LParen) && !c_.at_form("ref")) {
    segment.mode = ElemSegment::Mode::Active;
    may_omit_kind = true;
    segment.offset_expr = offset_expr();
  }
  elem_list(segment, may_omit_kind);
  c_.expect_close();
  module_.elems.push_back(std::move(segment));
}

// `func x*` or `reftype expr*`; with the table left out, `func` may be too.
void Parser::elem_list(ElemSegment& segment, bool may_omit_kind) {
  if (c_.accept_keyword("func") || (may_omit_kind && (at_index() || c_.at(TokenKind::RParen)))) {
    segment.type = ValType::ref(HeapType::Func, false);
    while (c_.ok() && !c_.at(TokenKind::RParen)) segment.funcs.push_back(index(funcs));
    return;
  }
  segment.type = ref_type();
  segment.uses_exprs = true;
  while (c_.ok() && !c_.at(TokenKind::RParen)) segment.exprs.push_back(elem_item());
}

// `(item instr*)` or a folded instruction.
ConstExpr Parser::elem_item() {
  const uint64_t offset = c_.peek().offset;
  if (c_.accept_form("item")) {
    const ConstExpr expr = const_expr_until_close();
    c_.expect_close();
    return expr;
  }
  Writer out;
  BodyParser(*this, out).folded_expr();
  return {arena_->store(out.view()), offset};
}

// `(offset instr*)` or a folded instruction.
ConstExpr Parser::offset_expr() {
  const uint64_t offset = c_.peek().offset;
  if (c_.accept_form("offset")) {
    const ConstExpr expr = const_expr_until_close();
    c_.expect_close();
    return expr;
  }
  Writer out;
  BodyParser(*this, out).folded_expr();
  return {arena_->store(out.view()), offset};
}

ConstExpr Parser::const_expr_until_close() {
  const uint64_t offset = c_.peek().offset;
  Writer out;
  BodyParser(*this, out).sequence();
  return {arena_->store(out.view()), offset};
}

ConstExpr Parser::zero_expr(AddressType address) {
  Instr e;
  e.op = address == AddressType::I64 ? Op::I64Const : Op::I32Const;
  Writer out;
  encode_instr(out, e);
  e.op = Op::End;
  encode_instr(out, e);
  return {arena_->store(out.view()), c_.peek().offset};
}

ConstExpr Parser::ref_func_expr(uint32_t func) {
  Instr e;
  e.op = Op::RefFunc;
  e.index = func;
  Writer out;
  encode_instr(out, e);
  e.op = Op::End;
  encode_instr(out, e);
  return {arena_->store(out.view()), c_.peek().offset};
}

ByteSpan Parser::data_strings() {
  std::vector<uint8_t> bytes;
  while (c_.at_string()) {
    parse_string(c_.text(), bytes);
    c_.next();
  }
  return arena_->store(bytes);
}

// `(data id? (memory x)? offset? "..."*)`
void Parser::data_field() {
  DataSegment segment;
  segment.offset = c_.peek().offset;
  c_.accept_form("data");
  skip_binder();
  if (c_.at_form("memory") || c_.at(TokenKind::Nat)) {
    // A number alone is the memory in the syntax of WebAssembly 1.0.
    const bool form = c_.accept_form("memory");
    segment.memory = index(memories);
    segment.active = true;
    if (form) c_.expect_close();
  }
  if (segment.active || c_.at(TokenKind::LParen)) {
    segment.active = true;
    segment.offset_expr = offset_expr();
  }
  segment.bytes = data_strings();
  c_.expect_close();
  module_.datas.push_back(segment);
}

}  // namespace skiff::text
