// One rule a kind of definition; modules by name.
#include "component/valid/core_match.h"

#include <map>
#include <string_view>

#include "engine/valid/valid.h"

namespace skiff::component {
namespace {

std::unexpected<Error> bad(std::string detail) {
  return fail(ErrorCode::InvalidComponent, kNoOffset, kNoIndex, std::move(detail));
}

// Spec: match-limits.
bool fits(const Limits& sub, const Limits& super) {
  return sub.min >= super.min && (!super.max || (sub.max && *sub.max <= *super.max));
}

std::string describe(const skiff::FuncType& type) {
  std::string text = "(func";
  for (skiff::ValType t : type.params) text += " (param " + to_string(t) + ")";
  for (skiff::ValType t : type.results) text += " (result " + to_string(t) + ")";
  return text + ")";
}

std::string describe(const TypeRegistry& registry, uint32_t id) {
  const CompositeType& comp = registry.get(id).type.comp;
  return comp.kind == CompositeType::Kind::Func ? describe(comp.func) : "type " + std::to_string(id);
}

Status func_matches(const TypeRegistry& registry, uint32_t sub, uint32_t super) {
  if (sub == super || registry.is_subtype(sub, super)) return {};
  return bad("expected: " + describe(registry, super) + ", found: " + describe(registry, sub));
}

Status table_matches(const TableType& sub, const TableType& super) {
  if (sub.elem != super.elem)
    return bad("expected table element type " + to_string(super.elem) + ", found " + to_string(sub.elem));
  if (sub.address != super.address) return bad("mismatch in index type used for tables");
  if (!fits(sub.limits, super.limits)) return bad("mismatch in table limits");
  return {};
}

Status memory_matches(const MemoryType& sub, const MemoryType& super) {
  if (sub.shared != super.shared) return bad("mismatch in the shared flag for memories");
  if (sub.address != super.address) return bad("mismatch in index type used for memories");
  if (sub.page_size_log2 != super.page_size_log2) return bad("mismatch in page size for memories");
  if (!fits(sub.limits, super.limits)) return bad("mismatch in memory limits");
  return {};
}

Status global_matches(const TypeRegistry& registry, const GlobalType& sub, const GlobalType& super) {
  if (sub.mut != super.mut) return bad("global types differ in mutability");
  const bool ok = super.mut ? sub.type == super.type : matches(registry, sub.type, super.type);
  if (ok) return {};
  return bad("expected global type " + to_string(super.type) + ", found " + to_string(sub.type));
}

Status in(std::string where, Status status) {
  if (!status) status.error().detail = where + ": " + status.error().detail;
  return status;
}

}  // namespace

std::string_view core_kind_name(ExternKind kind) {
  switch (kind) {
    case ExternKind::Func: return "func";
    case ExternKind::Table: return "table";
    case ExternKind::Memory: return "memory";
    case ExternKind::Global: return "global";
    case ExternKind::Tag: return "tag";
  }
  return "";
}

Status core_matches(const TypeRegistry& registry, const CoreExtern& sub, const CoreExtern& super) {
  if (sub.kind != super.kind) {
    return bad("expected " + std::string(core_kind_name(super.kind)) + ", found " +
               std::string(core_kind_name(sub.kind)));
  }
  switch (super.kind) {
    case ExternKind::Func: return func_matches(registry, sub.type_id, super.type_id);
    case ExternKind::Table: return table_matches(sub.table, super.table);
    case ExternKind::Memory: return memory_matches(sub.memory, super.memory);
    case ExternKind::Global: return global_matches(registry, sub.global, super.global);
    case ExternKind::Tag:
      if (sub.type_id == super.type_id) return {};
      return bad("expected tag: " + describe(registry, super.type_id) +
                 ", found: " + describe(registry, sub.type_id));
  }
  return {};
}

Status core_matches(const TypeRegistry& registry, const ModuleType& sub, const ModuleType& super) {
  std::map<std::pair<std::string_view, std::string_view>, const CoreExtern*> imports;
  for (const CoreImport& i : super.imports) imports.emplace(std::pair<std::string_view, std::string_view>(i.module, i.name), &i.type);
  for (const CoreImport& i : sub.imports) {
    const std::string name = "`" + i.module + "::" + i.name + "`";
    const auto it = imports.find({i.module, i.name});
    if (it == imports.end()) return bad("missing expected import " + name);
    if (Status s = in("type mismatch in import " + name, core_matches(registry, *it->second, i.type)); !s)
      return s;
  }
  std::map<std::string_view, const CoreExtern*> exports;
  for (const CoreExport& e : sub.exports) exports.emplace(e.name, &e.type);
  for (const CoreExport& e : super.exports) {
    const auto it = exports.find(e.name);
    if (it == exports.end()) return bad("missing expected export `" + e.name + "`");
    if (Status s = in("type mismatch in export `" + e.name + "`", core_matches(registry, *it->second, e.type));
        !s)
      return s;
  }
  return {};
}

}  // namespace skiff::component
