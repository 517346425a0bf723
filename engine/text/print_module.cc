// The fields of a module, in the order of the binary's sections.
#include "engine/base/reader.h"
#include "engine/syntax/limits.h"
#include "engine/text/printer.h"
#include "engine/text/sections.h"

namespace skiff {

Result<std::string> print_wat(const Module& module, const PrintOptions& options) {
  return text::Printer(module, options).run();
}

namespace text {

Printer::Printer(const Module& module, const PrintOptions& options)
    : m_(module), options_(options), names_(options.names ? &module.names : &no_names_) {
  types_ = Identifiers(names_->types, m_.types.size());
  funcs_ = Identifiers(names_->funcs, m_.functions.size());
  tables_ = Identifiers(names_->tables, m_.tables.size());
  memories_ = Identifiers(names_->memories, m_.memories.size());
  globals_ = Identifiers(names_->globals, m_.globals.size());
  tags_ = Identifiers(names_->tags, m_.tags.size());
  elems_ = Identifiers(names_->elems, m_.elems.size());
  datas_ = Identifiers(names_->datas, m_.datas.size());
  for (const auto& [type, names] : names_->fields.entries)
    if (type < m_.types.size()) fields_.emplace(type, Identifiers(names, m_.types[type].comp.fields.size()));
}

Result<std::string> Printer::run() {
  out_ = "(module";
  if (names_->module) {
    const std::string_view name = *names_->module;
    out_ += ' ';
    if (name.empty())
      out_ += "(@name \"\")";
    else
      append_id(out_, name);
  }
  module_types();
  module_imports();
  SKIFF_TRY(module_functions());
  SKIFF_TRY(module_tables());
  module_memories();
  module_tags();
  SKIFF_TRY(module_globals());
  module_exports();
  if (m_.start) {
    line(1);
    out_ += "(start ";
    reference(funcs_, *m_.start);
    out_ += ')';
  }
  SKIFF_TRY(module_elems());
  SKIFF_TRY(module_datas());
  module_customs();
  out_ += ")\n";
  return std::move(out_);
}

// Starts a line. Deep nesting does not go on indenting: the text stays linear in the module's size.
void Printer::line(size_t depth) {
  constexpr size_t kDeepest = 40;
  out_ += '\n';
  out_.append(2 * (depth < kDeepest ? depth : kDeepest), ' ');
}

void Printer::module_types() {
  for (const RecGroup& group : m_.rec_groups) {
    const bool alone = group.count == 1;
    if (!alone) line(1), out_ += "(rec";
    for (uint32_t i = 0; i < group.count; ++i) {
      line(alone ? 1 : 2);
      sub_type(group.first + i);
    }
    if (!alone) out_ += ')';
  }
}

void Printer::module_imports() {
  for (const Import& import : m_.imports) {
    line(1);
    out_ += "(import ";
    append_string(out_, import.module);
    out_ += ' ';
    append_string(out_, import.name);
    out_ += ' ';
    const uint32_t i = import.index;
    switch (import.kind) {
      case ExternKind::Func: {
        definition("func", names_->funcs, funcs_, i);
        const NameMap& names = names_of(names_->locals, i);
        const FuncType* type = func_type(m_.functions[i].type);
        const Identifiers ids(names, type ? type->params.size() : 0);
        type_use(m_.functions[i].type, &names, &ids);
        break;
      }
      case ExternKind::Table:
        definition("table", names_->tables, tables_, i);
        out_ += ' ';
        table_type(m_.tables[i].type);
        break;
      case ExternKind::Memory:
        definition("memory", names_->memories, memories_, i);
        out_ += ' ';
        memory_type(m_.memories[i].type);
        break;
      case ExternKind::Global:
        definition("global", names_->globals, globals_, i);
        out_ += ' ';
        global_type(m_.globals[i].type);
        break;
      case ExternKind::Tag:
        definition("tag", names_->tags, tags_, i);
        type_use(m_.tags[i].type.type, nullptr, nullptr);
        break;
    }
    out_ += "))";
  }
}

Status Printer::module_functions() {
  for (uint32_t i = m_.imported_funcs; i < m_.functions.size(); ++i) {
    line(1);
    SKIFF_TRY(function(i));
    // Locals are run-length encoded in the binary only; nobody could parse more text than this.
    if (out_.size() > limits::kModuleSize)
      return fail(ErrorCode::ImplementationLimit, m_.functions[i].body.offset, i, "text is too long");
  }
  return {};
}

// The locals that a body declares, one by one; `reader` moves behind the declarations.
Result<std::vector<ValType>> Printer::declared_locals(Reader& reader) {
  std::vector<ValType> types;
  for (uint32_t groups = reader.count(); groups != 0 && reader.ok(); --groups) {
    const uint32_t n = reader.u32();
    const ValType type = decode_val_type(reader, m_.features);
    if (n > limits::kLocals || types.size() + n > limits::kLocals) reader.set_error(ErrorCode::TooManyLocals);
    if (reader.ok()) types.insert(types.end(), n, type);
  }
  if (!reader.ok()) return std::unexpected(reader.error());
  return types;
}

Status Printer::function(uint32_t index) {
  const Function& f = m_.functions[index];
  Reader reader(f.body.bytes, f.body.offset);
  const std::vector<ValType> declared = SKIFF_TRY(declared_locals(reader));
  const FuncType* type = func_type(f.type);
  const size_t params = type ? type->params.size() : 0;
  const NameMap& names = names_of(names_->locals, index);
  locals_ = Identifiers(names, params + declared.size());

  definition("func", names_->funcs, funcs_, index);
  type_use(f.type, &names, &locals_);
  if (!declared.empty()) {
    line(2);
    if (names.entries.empty()) {
      out_ += "(local";
      for (ValType t : declared) out_ += ' ', val_type(t);
      out_ += ')';
    } else {
      for (size_t i = 0; i < declared.size(); ++i) {
        out_ += i == 0 ? "(local" : " (local";
        binder(names, locals_, static_cast<uint32_t>(params + i), false);
        out_ += ' ';
        val_type(declared[i]);
        out_ += ')';
      }
    }
  }
  label_names_ = &names_of(names_->labels, index);
  SKIFF_TRY(options_.fold ? folded_body(reader, index, f.body.offset)
                          : flat_body(reader, index, f.body.offset));
  out_ += ')';
  return {};
}

Status Printer::module_tables() {
  for (uint32_t i = m_.imported_tables; i < m_.tables.size(); ++i) {
    line(1);
    definition("table", names_->tables, tables_, i);
    out_ += ' ';
    table_type(m_.tables[i].type);
    if (m_.tables[i].init) SKIFF_TRY(const_expr(*m_.tables[i].init));
    out_ += ')';
  }
  return {};
}

void Printer::module_memories() {
  for (uint32_t i = m_.imported_memories; i < m_.memories.size(); ++i) {
    line(1);
    definition("memory", names_->memories, memories_, i);
    out_ += ' ';
    memory_type(m_.memories[i].type);
    out_ += ')';
  }
}

void Printer::module_tags() {
  for (uint32_t i = m_.imported_tags; i < m_.tags.size(); ++i) {
    line(1);
    definition("tag", names_->tags, tags_, i);
    type_use(m_.tags[i].type.type, nullptr, nullptr);
    out_ += ')';
  }
}

Status Printer::module_globals() {
  for (uint32_t i = m_.imported_globals; i < m_.globals.size(); ++i) {
    line(1);
    definition("global", names_->globals, globals_, i);
    out_ += ' ';
    global_type(m_.globals[i].type);
    SKIFF_TRY(const_expr(m_.globals[i].init));
    out_ += ')';
  }
  return {};
}

void Printer::module_exports() {
  static constexpr const char* kKeywords[] = {"func", "table", "memory", "global", "tag"};
  const Identifiers* ids[] = {&funcs_, &tables_, &memories_, &globals_, &tags_};
  for (const Export& e : m_.exports) {
    const auto kind = static_cast<size_t>(e.kind);
    line(1);
    out_ += "(export ";
    append_string(out_, e.name);
    out_.append(" (").append(kKeywords[kind]).append(" ");
    reference(*ids[kind], e.index);
    out_ += "))";
  }
}

Status Printer::module_elems() {
  for (uint32_t i = 0; i < m_.elems.size(); ++i) SKIFF_TRY(elem_segment(i));
  return {};
}

Status Printer::elem_segment(uint32_t index) {
  const ElemSegment& segment = m_.elems[index];
  line(1);
  definition("elem", names_->elems, elems_, index);
  switch (segment.mode) {
    case ElemSegment::Mode::Active:
      if (segment.table != 0) {
        out_ += " (table ";
        reference(tables_, segment.table);
        out_ += ')';
      }
      out_ += " (offset";
      SKIFF_TRY(const_expr(segment.offset_expr));
      out_ += ')';
      break;
    case ElemSegment::Mode::Declarative: out_ += " declare"; break;
    case ElemSegment::Mode::Passive: break;
  }
  if (!segment.uses_exprs) {
    out_ += " func";
    for (uint32_t f : segment.funcs) out_ += ' ', reference(funcs_, f);
  } else {
    out_ += ' ';
    val_type(segment.type);
    for (const ConstExpr& expr : segment.exprs) {
      out_ += " (item";
      SKIFF_TRY(const_expr(expr));
      out_ += ')';
    }
  }
  out_ += ')';
  return {};
}

Status Printer::module_datas() {
  for (uint32_t i = 0; i < m_.datas.size(); ++i) {
    const DataSegment& segment = m_.datas[i];
    line(1);
    definition("data", names_->datas, datas_, i);
    if (segment.active) {
      if (segment.memory != 0) {
        out_ += " (memory ";
        reference(memories_, segment.memory);
        out_ += ')';
      }
      out_ += " (offset";
      SKIFF_TRY(const_expr(segment.offset_expr));
      out_ += ')';
    }
    out_ += ' ';
    append_string(out_, {reinterpret_cast<const char*>(segment.bytes.data()), segment.bytes.size()});
    out_ += ')';
  }
  return {};
}

std::string section_place(uint8_t after) {
  for (const SectionKeyword& section : kSections)
    if (section.id == after) return "(after " + std::string(section.keyword) + ")";
  return "(before first)";
}

// Names and hints are shown where they belong; what could not be read as such stays a custom section.
bool Printer::shows_custom(const CustomSection& section) const {
  if (section.name == "metadata.code.branch_hint") return m_.branch_hints.empty();
  if (section.name != "name") return true;
  const Names& n = m_.names;
  const auto none = [](const auto&... maps) { return (maps.entries.empty() && ...); };
  return !n.module && none(n.funcs, n.types, n.tables, n.memories, n.globals, n.elems, n.datas, n.tags,
                           n.locals, n.labels, n.fields);
}

void Printer::module_customs() {
  for (const CustomSection& section : m_.customs) {
    if (!shows_custom(section)) continue;
    line(1);
    out_ += "(@custom ";
    append_string(out_, section.name);
    out_ += ' ';
    out_ += section_place(section.after);
    out_ += ' ';
    append_string(out_, {reinterpret_cast<const char*>(section.bytes.data()), section.bytes.size()});
    out_ += ')';
  }
}

}  // namespace text
}  // namespace skiff
