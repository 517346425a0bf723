// Import matching: one rule per kind, each on canonical types.
#include "engine/exec/link.h"

#include "engine/exec/memory.h"
#include "engine/exec/table.h"

namespace skiff {
namespace {

std::string describe(const Limits& limits) {
  std::string text = std::to_string(limits.min);
  if (limits.max) text += " " + std::to_string(*limits.max);
  return text;
}

std::string describe(const MemoryType& type) {
  std::string text = "memory ";
  if (type.address == AddressType::I64) text += "i64 ";
  text += describe(type.limits);
  if (type.shared) text += " shared";
  if (type.page_size_log2 != 16)
    text += " (pagesize " + std::to_string(uint64_t{1} << type.page_size_log2) + ")";
  return text;
}

std::string describe(const TableType& type) {
  return std::string("table ") + (type.address == AddressType::I64 ? "i64 " : "") + describe(type.limits) +
         " " + to_string(type.elem);
}

std::string describe(const GlobalType& type) {
  return type.mut ? "global (mut " + to_string(type.type) + ")" : "global " + to_string(type.type);
}

std::string describe_func(const TypeRegistry& types, uint32_t id) {
  return "func " + to_string(types.func_type(id));
}
std::string describe_tag(const TypeRegistry& types, uint32_t id) {
  return "tag " + to_string(types.func_type(id));
}

MemoryType dynamic_type(LinearMemory& memory) {
  MemoryType type = memory.type();
  type.limits.min = memory.pages();
  return type;
}

TableType dynamic_type(const TableObject& table) {
  TableType type = table.type;
  type.limits.min = table.inst.length;
  return type;
}

// Spec: match-limits.
bool fits(const Limits& found, const Limits& wanted) {
  if (found.min < wanted.min) return false;
  return !wanted.max || (found.max && *found.max <= *wanted.max);
}

// Spec: match-memtype.
bool fits(const MemoryType& found, const MemoryType& wanted) {
  return found.address == wanted.address && found.shared == wanted.shared &&
         found.page_size_log2 == wanted.page_size_log2 && fits(found.limits, wanted.limits);
}

// Spec: match-tabletype. Tables are read and written, so element types must be equal.
bool fits(const TableType& found, const TableType& wanted) {
  return found.address == wanted.address && found.elem == wanted.elem && fits(found.limits, wanted.limits);
}

// Spec: match-globaltype.
bool fits(const TypeRegistry& types, const GlobalType& found, const GlobalType& wanted) {
  if (found.mut != wanted.mut) return false;
  return wanted.mut ? found.type == wanted.type : matches(types, found.type, wanted.type);
}

bool fits(const ModuleInfo& info, const Import& import, const Extern& value) {
  const TypeRegistry& types = *info.registry;
  if (value.kind != import.kind) return false;
  switch (import.kind) {
    case ExternKind::Func: {
      const uint32_t wanted = info.func_types[import.index];
      return value.func->type_id == wanted || types.is_subtype(value.func->type_id, wanted);
    }
    case ExternKind::Table: return fits(dynamic_type(*value.table), info.tables[import.index]);
    case ExternKind::Memory:
      return fits(dynamic_type(*value.memory), info.module.memories[import.index].type);
    case ExternKind::Global: return fits(types, value.global_type, info.globals[import.index]);
    case ExternKind::Tag: return value.tag->type_id == info.tag_types[import.index];
  }
  return false;
}

}  // namespace

Status check_import(const ModuleInfo& info, const Import& import, const Extern& value) {
  if (fits(info, import, value)) return {};
  std::string detail(import.module);
  detail.append(".").append(import.name);
  detail +=
      ": expected " + describe_import(info, import) + ", found " + describe_extern(*info.registry, value);
  return fail(ErrorCode::IncompatibleImportType, import.offset, kNoIndex, std::move(detail));
}

std::string describe_import(const ModuleInfo& info, const Import& import) {
  switch (import.kind) {
    case ExternKind::Func: return describe_func(*info.registry, info.func_types[import.index]);
    case ExternKind::Table: return describe(info.tables[import.index]);
    case ExternKind::Memory: return describe(info.module.memories[import.index].type);
    case ExternKind::Global: return describe(info.globals[import.index]);
    case ExternKind::Tag: return describe_tag(*info.registry, info.tag_types[import.index]);
  }
  return {};
}

std::string describe_extern(const TypeRegistry& types, const Extern& value) {
  switch (value.kind) {
    case ExternKind::Func: return describe_func(types, value.func->type_id);
    case ExternKind::Table: return describe(dynamic_type(*value.table));
    case ExternKind::Memory: return describe(dynamic_type(*value.memory));
    case ExternKind::Global: return describe(value.global_type);
    case ExternKind::Tag: return describe_tag(types, value.tag->type_id);
  }
  return {};
}

}  // namespace skiff
