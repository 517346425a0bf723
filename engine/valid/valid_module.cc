// Module-level validation (Spec: valid-module), in the order of the sections of the binary format, so that
// the error of the lowest offset is found first. It fills the ModuleInfo as it goes: what is not yet in it is
// not yet in scope, which is exactly what constant expressions must see (table initialisers: imported
// globals; a global's initialiser: the globals before it).
#include <algorithm>
#include <numeric>
#include <string>

#include "engine/valid/valid_bodies.h"
#include "engine/valid/walker.h"

namespace skiff {
namespace {

constexpr uint8_t kTypeSection = 1, kImportSection = 2, kFunctionSection = 3, kTableSection = 4,
                  kMemorySection = 5, kStartSection = 8, kTagSection = 13;

// Notes the functions that constant expressions name (Spec: context.refs).
struct DeclaringSink : NullSink {
  explicit DeclaringSink(std::vector<bool>& declared) : declared_funcs(declared) {}
  void instr(const Instr& instr, const ResolvedInstr&, const WalkView&) {
    if (instr.op == Op::RefFunc) declared_funcs[instr.index] = true;
  }
  std::vector<bool>& declared_funcs;
};

class ModuleValidator {
 public:
  explicit ModuleValidator(ModuleInfo& info)
      : info_(info), module_(info.module), sink_(info.declared_funcs) {}

  Status run(TypeRegistry& registry, const ValidateOptions& options);

 private:
  Status types(TypeRegistry& registry);
  Status functions();
  Status tables();
  Status memories();
  Status tags();
  Status globals();
  Status exports();
  Status start();
  Status elems();
  Status datas();

  Status function_type(uint32_t index, uint64_t offset, uint32_t& id) const;
  Status table(uint32_t index);
  Status memory_type(const MemoryType& type, uint64_t offset) const;
  Status elem(const ElemSegment& segment);
  Status resolve(ValType& type, uint64_t offset) const;
  Status constant(const ConstExpr& expr, ValType expected) {
    return walk_const_expr(info_, expr, expected, scratch_, sink_);
  }
  uint64_t section_offset(uint8_t id) const;
  // Offset of an item of an index space: its import, else the section that defines it.
  uint64_t item_offset(ExternKind kind, uint32_t index, uint8_t section) const;

  ModuleInfo& info_;
  const Module& module_;
  DeclaringSink sink_;
  WalkScratch scratch_;
};

Status bad(ErrorCode code, uint64_t offset, std::string detail = {}) {
  return fail(code, offset, kNoIndex, std::move(detail));
}

#define SKIFF_RETURN_IF_BAD(EXPR) \
  if (Status skiff_status = (EXPR); !skiff_status) return skiff_status

Status ModuleValidator::run(TypeRegistry& registry, const ValidateOptions& options) {
  SKIFF_RETURN_IF_BAD(types(registry));
  SKIFF_RETURN_IF_BAD(functions());
  // Imported globals are in scope for everybody.
  for (uint32_t i = 0; i < module_.imported_globals; ++i) {
    GlobalType type = module_.globals[i].type;
    SKIFF_RETURN_IF_BAD(resolve(type.type, item_offset(ExternKind::Global, i, kImportSection)));
    info_.globals.push_back(type);
  }
  SKIFF_RETURN_IF_BAD(tables());
  SKIFF_RETURN_IF_BAD(memories());
  SKIFF_RETURN_IF_BAD(tags());
  SKIFF_RETURN_IF_BAD(globals());
  SKIFF_RETURN_IF_BAD(exports());
  SKIFF_RETURN_IF_BAD(start());
  SKIFF_RETURN_IF_BAD(elems());
  if (options.bodies) SKIFF_RETURN_IF_BAD(validate_bodies(info_, options.threads));
  return datas();
}

// ------------------------------------------------------------------------------------------------ helpers

uint64_t ModuleValidator::section_offset(uint8_t id) const {
  for (const Module::SectionRange& s : module_.sections)
    if (s.id == id) return s.offset;
  return kNoOffset;
}

uint64_t ModuleValidator::item_offset(ExternKind kind, uint32_t index, uint8_t section) const {
  for (const Import& i : module_.imports)
    if (i.kind == kind && i.index == index) return i.offset;
  return section_offset(section);
}

Status ModuleValidator::resolve(ValType& type, uint64_t offset) const {
  if (!type.is_ref() || !type.heap().is_concrete()) return {};
  if (type.heap().index() >= info_.types.size())
    return bad(ErrorCode::UnknownType, offset, " " + std::to_string(type.heap().index()));
  type = info_.types.canonical(type);
  return {};
}

Status ModuleValidator::function_type(uint32_t index, uint64_t offset, uint32_t& id) const {
  if (index >= info_.types.size()) return bad(ErrorCode::UnknownType, offset, " " + std::to_string(index));
  id = info_.types.id(index);
  if (info_.registry->get(id).type.comp.kind == CompositeType::Kind::Func) return {};
  return bad(ErrorCode::TypeMismatch, offset, "type " + std::to_string(index) + " is not a function type");
}

// ------------------------------------------------------------------------------------------- index spaces

Status ModuleValidator::types(TypeRegistry& registry) {
  Result<ModuleTypes> types = registry.add(module_);
  if (!types) {
    Error e = std::move(types).error();
    if (e.offset == kNoOffset) e.offset = section_offset(kTypeSection);
    return std::unexpected(std::move(e));
  }
  info_.types = std::move(*types);
  info_.registry = &registry;
  return {};
}

Status ModuleValidator::functions() {
  info_.declared_funcs.resize(module_.functions.size());
  info_.func_types.reserve(module_.functions.size());
  for (uint32_t i = 0; i < module_.functions.size(); ++i) {
    uint32_t id = 0;
    if (Status s = function_type(module_.functions[i].type, 0, id); !s) {
      s.error().offset = item_offset(ExternKind::Func, i, kFunctionSection);
      return s;
    }
    info_.func_types.push_back(id);
  }
  return {};
}

Status ModuleValidator::tables() {
  if (module_.tables.size() > 1 && !module_.features.has(Feature::ReferenceTypes))
    return bad(ErrorCode::MultipleTables, item_offset(ExternKind::Table, 1, kTableSection));
  info_.tables.reserve(module_.tables.size());
  for (uint32_t i = 0; i < module_.tables.size(); ++i) SKIFF_RETURN_IF_BAD(table(i));
  return {};
}

// Spec: valid-tabletype, valid-table.
Status ModuleValidator::table(uint32_t index) {
  const Table& t = module_.tables[index];
  TableType type = t.type;
  auto invalid = [&](ErrorCode code, std::string detail = {}) {
    return bad(code, item_offset(ExternKind::Table, index, kTableSection), std::move(detail));
  };
  if (Status s = resolve(type.elem, 0); !s) return invalid(s.error().code, s.error().detail);
  const uint64_t most = type.address == AddressType::I64 ? UINT64_MAX : UINT32_MAX;
  if (type.limits.min > most || type.limits.max.value_or(0) > most) return invalid(ErrorCode::TableSize);
  if (type.limits.max && *type.limits.max < type.limits.min) return invalid(ErrorCode::SizeMinimumGreater);
  if (t.init) {
    SKIFF_RETURN_IF_BAD(constant(*t.init, type.elem));
  } else if (index >= module_.imported_tables && !type.elem.is_defaultable()) {
    return invalid(ErrorCode::TypeMismatch, "a table of non-nullable references needs an initial value");
  }
  info_.tables.push_back(type);
  return {};
}

Status ModuleValidator::memories() {
  if (module_.memories.size() > 1 && !module_.features.has(Feature::MultiMemory))
    return bad(ErrorCode::MultipleMemories, item_offset(ExternKind::Memory, 1, kMemorySection));
  for (uint32_t i = 0; i < module_.memories.size(); ++i) {
    Status s = memory_type(module_.memories[i].type, 0);
    if (s) continue;
    s.error().offset = item_offset(ExternKind::Memory, i, kMemorySection);
    return s;
  }
  return {};
}

// Spec: valid-memtype, with the proposals for sharing and custom page sizes.
Status ModuleValidator::memory_type(const MemoryType& type, uint64_t offset) const {
  if (type.page_size_log2 != 0 && type.page_size_log2 != 16) return bad(ErrorCode::InvalidPageSize, offset);
  const bool wide = type.address == AddressType::I64;
  // Pages that cover the address space; with pages of one byte all but the last address.
  uint64_t most = wide ? UINT64_MAX : UINT32_MAX;
  if (type.page_size_log2 == 16) most = (most >> 16) + 1;
  if (type.limits.min > most || type.limits.max.value_or(0) > most) {
    if (!wide && type.page_size_log2 == 16) return bad(ErrorCode::MemorySizeTooLarge, offset);
    return bad(ErrorCode::MemorySizeLimit, offset, std::to_string(most) + " pages");
  }
  if (type.limits.max && *type.limits.max < type.limits.min)
    return bad(ErrorCode::SizeMinimumGreater, offset);
  if (type.shared && !type.limits.max) return bad(ErrorCode::SharedMemoryMaximum, offset);
  return {};
}

Status ModuleValidator::tags() {
  info_.tag_types.reserve(module_.tags.size());
  for (uint32_t i = 0; i < module_.tags.size(); ++i) {
    uint32_t id = 0;
    Status s = function_type(module_.tags[i].type.type, 0, id);
    if (s && !info_.registry->func_type(id).results.empty()) s = bad(ErrorCode::NonEmptyTagResult, 0);
    if (!s) {
      s.error().offset = item_offset(ExternKind::Tag, i, kTagSection);
      return s;
    }
    info_.tag_types.push_back(id);
  }
  return {};
}

Status ModuleValidator::globals() {
  info_.globals.reserve(module_.globals.size());
  for (uint32_t i = module_.imported_globals; i < module_.globals.size(); ++i) {
    const Global& g = module_.globals[i];
    GlobalType type = g.type;
    SKIFF_RETURN_IF_BAD(resolve(type.type, g.init.offset));
    SKIFF_RETURN_IF_BAD(constant(g.init, type.type));
    info_.globals.push_back(type);
  }
  return {};
}

// ------------------------------------------------------------------------------------- exports and start

// Spec: valid-export; names are compared after sorting, which no choice of names can make slow.
Status ModuleValidator::exports() {
  const std::vector<Export>& exports = module_.exports;
  auto check = [](size_t size, ErrorCode code, const Export& e) {
    return e.index < size ? Status{} : bad(code, e.offset, " " + std::to_string(e.index));
  };
  for (const Export& e : exports) {
    switch (e.kind) {
      case ExternKind::Func:
        SKIFF_RETURN_IF_BAD(check(module_.functions.size(), ErrorCode::UnknownFunction, e));
        info_.declared_funcs[e.index] = true;
        break;
      case ExternKind::Table:
        SKIFF_RETURN_IF_BAD(check(module_.tables.size(), ErrorCode::UnknownTable, e));
        break;
      case ExternKind::Memory:
        SKIFF_RETURN_IF_BAD(check(module_.memories.size(), ErrorCode::UnknownMemory, e));
        break;
      case ExternKind::Global:
        SKIFF_RETURN_IF_BAD(check(module_.globals.size(), ErrorCode::UnknownGlobal, e));
        break;
      case ExternKind::Tag: SKIFF_RETURN_IF_BAD(check(module_.tags.size(), ErrorCode::UnknownTag, e)); break;
    }
  }
  std::vector<uint32_t> order(exports.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const std::string_view x = exports[a].name, y = exports[b].name;
    if (x.size() != y.size()) return x.size() < y.size();
    const int c = x.compare(y);
    return c != 0 ? c < 0 : a < b;
  });
  uint32_t second = kNoIndex;
  for (size_t i = 1; i < order.size(); ++i)
    if (exports[order[i]].name == exports[order[i - 1]].name) second = std::min(second, order[i]);
  if (second == kNoIndex) return {};
  return bad(ErrorCode::DuplicateExportName, exports[second].offset, std::string(exports[second].name));
}

Status ModuleValidator::start() {
  if (!module_.start) return {};
  const uint64_t at = module_.start_offset ? module_.start_offset : section_offset(kStartSection);
  if (*module_.start >= module_.functions.size())
    return bad(ErrorCode::UnknownFunction, at, " " + std::to_string(*module_.start));
  const FuncType& type = info_.func_type(*module_.start);
  if (type.params.empty() && type.results.empty()) return {};
  return bad(ErrorCode::StartFunction, at, "has type " + to_string(type));
}

// ---------------------------------------------------------------------------------------------- segments

Status ModuleValidator::elems() {
  info_.elem_types.reserve(module_.elems.size());
  for (const ElemSegment& segment : module_.elems) SKIFF_RETURN_IF_BAD(elem(segment));
  return {};
}

// Spec: valid-elem.
Status ModuleValidator::elem(const ElemSegment& segment) {
  ValType type = segment.type;
  SKIFF_RETURN_IF_BAD(resolve(type, segment.offset));
  if (segment.mode == ElemSegment::Mode::Active) {
    if (segment.table >= info_.tables.size())
      return bad(ErrorCode::UnknownTable, segment.offset, " " + std::to_string(segment.table));
    const TableType& table = info_.tables[segment.table];
    if (!matches(*info_.registry, type, table.elem))
      return bad(ErrorCode::TypeMismatch, segment.offset,
                 "expected " + to_string(table.elem) + ", found " + to_string(type));
    SKIFF_RETURN_IF_BAD(constant(segment.offset_expr, value_type(table.address)));
  }
  for (const uint32_t f : segment.funcs) {
    if (f >= info_.func_types.size())
      return bad(ErrorCode::UnknownFunction, segment.offset, " " + std::to_string(f));
    info_.declared_funcs[f] = true;
  }
  for (const ConstExpr& e : segment.exprs) SKIFF_RETURN_IF_BAD(constant(e, type));
  info_.elem_types.push_back(type);
  return {};
}

// Spec: valid-data.
Status ModuleValidator::datas() {
  for (const DataSegment& segment : module_.datas) {
    if (!segment.active) continue;
    if (segment.memory >= module_.memories.size())
      return bad(ErrorCode::UnknownMemory, segment.offset, " " + std::to_string(segment.memory));
    const AddressType address = module_.memories[segment.memory].type.address;
    SKIFF_RETURN_IF_BAD(constant(segment.offset_expr, value_type(address)));
  }
  return {};
}

#undef SKIFF_RETURN_IF_BAD

}  // namespace

Result<std::unique_ptr<ModuleInfo>> validate_module(Module module, TypeRegistry& registry,
                                                    const ValidateOptions& options) {
  auto info = std::make_unique<ModuleInfo>();
  info->module = std::move(module);
  if (Status s = ModuleValidator(*info).run(registry, options); !s)
    return std::unexpected(std::move(s).error());
  return info;
}

}  // namespace skiff
