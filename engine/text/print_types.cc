// Names, types and the heads of definitions, as text.
#include <algorithm>

#include "engine/text/printer.h"

namespace skiff::text {
namespace {

bool is_idchar(char c) {
  return c > 0x20 && c < 0x7F && std::string_view("\"(),;[]{}").find(c) == std::string_view::npos;
}

const NameMap kNoNames;

}  // namespace

const NameMap& names_of(const IndirectNameMap& map, uint32_t index) {
  const auto it = std::ranges::lower_bound(map.entries, index, {}, [](const auto& e) { return e.first; });
  return it != map.entries.end() && it->first == index ? it->second : kNoNames;
}

Identifiers::Identifiers(const NameMap& names, size_t count) {
  std::unordered_map<std::string_view, uint32_t> first;
  for (const auto& [index, name] : names.entries)
    if (index < count && !name.empty() && first.try_emplace(name, index).second) ids_.emplace(index, name);
}

void append_string(std::string& out, std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (char c : bytes) {
    if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
      out.push_back(c);
    } else {
      const auto b = static_cast<uint8_t>(c);
      out.append({'\\', kHex[b >> 4], kHex[b & 15]});
    }
  }
  out.push_back('"');
}

void append_id(std::string& out, std::string_view name) {
  out.push_back('$');
  if (std::ranges::all_of(name, is_idchar))
    out += name;
  else
    append_string(out, name);
}

// `$id (;n;)` or `(;n;)`, and the name as annotation where it cannot be an identifier.
void Printer::binder(const NameMap& names, const Identifiers& ids, uint32_t index, bool comment) {
  const std::string_view id = ids.find(index);
  if (!id.empty()) out_ += ' ', append_id(out_, id);
  if (comment) out_.append(" (;").append(std::to_string(index)).append(";)");
  if (!id.empty()) return;
  const auto it = std::ranges::lower_bound(names.entries, index, {}, [](const auto& e) { return e.first; });
  if (it == names.entries.end() || it->first != index) return;
  out_ += " (@name ";
  append_string(out_, it->second);
  out_ += ')';
}

void Printer::definition(const char* keyword, const NameMap& names, const Identifiers& ids, uint32_t index) {
  out_.append("(").append(keyword);
  binder(names, ids, index, true);
}

void Printer::reference(const Identifiers& ids, uint32_t index) {
  const std::string_view id = ids.find(index);
  if (id.empty())
    out_ += std::to_string(index);
  else
    append_id(out_, id);
}

void Printer::heap_type(HeapType t) {
  if (t.is_concrete())
    reference(types_, t.index());
  else
    out_ += to_string(t);
}

void Printer::val_type(ValType t) {
  if (!t.is_ref() || !t.heap().is_concrete()) {
    out_ += to_string(t);
    return;
  }
  out_ += t.is_nullable_ref() ? "(ref null " : "(ref ";
  heap_type(t.heap());
  out_ += ')';
}

void Printer::val_types(const char* keyword, const std::vector<ValType>& types) {
  if (types.empty()) return;
  out_.append(" (").append(keyword);
  for (ValType t : types) out_ += ' ', val_type(t);
  out_ += ')';
}

void Printer::field_type(const FieldType& field) {
  if (field.mut) out_ += "(mut ";
  val_type(field.storage);
  if (field.mut) out_ += ')';
}

void Printer::composite_type(uint32_t index) {
  const CompositeType& comp = m_.types[index].comp;
  switch (comp.kind) {
    case CompositeType::Kind::Func:
      out_ += "(func";
      val_types("param", comp.func.params);
      val_types("result", comp.func.results);
      break;
    case CompositeType::Kind::Struct: {
      out_ += "(struct";
      const NameMap& names = names_of(names_->fields, index);
      const auto ids = fields_.find(index);
      const Identifiers none;
      for (uint32_t i = 0; i < comp.fields.size(); ++i) {
        out_ += " (field";
        binder(names, ids == fields_.end() ? none : ids->second, i, false);
        out_ += ' ';
        field_type(comp.fields[i]);
        out_ += ')';
      }
      break;
    }
    case CompositeType::Kind::Array:
      out_ += "(array ";
      field_type(comp.fields[0]);
      break;
  }
  out_ += ')';
}

void Printer::sub_type(uint32_t index) {
  const SubType& type = m_.types[index];
  definition("type", names_->types, types_, index);
  out_ += ' ';
  const bool plain = type.final && !type.super;
  if (!plain) {
    out_ += type.final ? "(sub final " : "(sub ";
    if (type.super) reference(types_, *type.super), out_ += ' ';
  }
  composite_type(index);
  out_ += plain ? ")" : "))";
}

const FuncType* Printer::func_type(uint32_t index) const {
  if (index >= m_.types.size() || m_.types[index].comp.kind != CompositeType::Kind::Func) return nullptr;
  return &m_.types[index].comp.func;
}

// ` (type x) (param ...) (result ...)`; parameters one by one where `locals` names them. Of a long type only
// the index is repeated: a body may use it very often.
void Printer::type_use(uint32_t index, const NameMap* locals, const Identifiers* local_ids) {
  out_ += " (type ";
  reference(types_, index);
  out_ += ')';
  const FuncType* type = func_type(index);
  if (!type) return;
  constexpr size_t kLong = 50;
  const bool named = locals && !locals->entries.empty();
  if (!named && type->params.size() + type->results.size() > kLong) return;
  if (named) {
    for (uint32_t i = 0; i < type->params.size(); ++i) {
      out_ += " (param";
      binder(*locals, *local_ids, i, false);
      out_ += ' ';
      val_type(type->params[i]);
      out_ += ')';
    }
  } else {
    val_types("param", type->params);
  }
  val_types("result", type->results);
}

void Printer::limits(const Limits& limits, AddressType address) {
  if (address == AddressType::I64) out_ += "i64 ";
  out_ += std::to_string(limits.min);
  if (limits.max) out_.append(" ").append(std::to_string(*limits.max));
}

void Printer::memory_type(const MemoryType& type) {
  limits(type.limits, type.address);
  if (type.shared) out_ += " shared";
  if (type.page_size_log2 != 16 && type.page_size_log2 < 64)
    out_.append(" (pagesize ").append(std::to_string(uint64_t{1} << type.page_size_log2)).append(")");
}

void Printer::table_type(const TableType& type) {
  limits(type.limits, type.address);
  out_ += ' ';
  val_type(type.elem);
}

void Printer::global_type(const GlobalType& type) {
  if (type.mut) out_ += "(mut ";
  val_type(type.type);
  if (type.mut) out_ += ')';
}

}  // namespace skiff::text
