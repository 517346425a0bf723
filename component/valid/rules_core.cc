// Core modules, core types, module types and core instances (Spec: Explainer.md, Instance Definitions, Type
// Definitions). Core types are canonical: two scopes' equal types have one id in the engine's registry.
#include <algorithm>
#include <set>

#include "component/valid/validator.h"
#include "engine/valid/valid.h"

namespace skiff::component {
namespace {

using ImportNames = std::set<std::pair<std::string_view, std::string_view>>;

// Spec: valid-limits, valid-memtype.
Status check_memory(const MemoryType& t, uint64_t offset) {
  auto bad = [&](ErrorCode code) { return fail(code, offset); };
  if (t.page_size_log2 != 0 && t.page_size_log2 != 16) return bad(ErrorCode::InvalidPageSize);
  const bool wide = t.address == AddressType::I64;
  uint64_t most = wide ? UINT64_MAX : UINT32_MAX;
  if (t.page_size_log2 == 16) most = (most >> 16) + 1;
  if (t.limits.min > most || t.limits.max.value_or(0) > most)
    return bad(!wide && t.page_size_log2 == 16 ? ErrorCode::MemorySizeTooLarge : ErrorCode::MemorySizeLimit);
  if (t.limits.max && *t.limits.max < t.limits.min) return bad(ErrorCode::SizeMinimumGreater);
  if (t.shared && !t.limits.max) return bad(ErrorCode::SharedMemoryMaximum);
  return {};
}

Status check_table(const TableType& t, uint64_t offset) {
  const uint64_t most = t.address == AddressType::I64 ? UINT64_MAX : UINT32_MAX;
  if (t.limits.min > most || t.limits.max.value_or(0) > most) return fail(ErrorCode::TableSize, offset);
  if (t.limits.max && *t.limits.max < t.limits.min) return fail(ErrorCode::SizeMinimumGreater, offset);
  return {};
}

std::string import_name(std::string_view module, std::string_view name) {
  return "`" + std::string(module) + ":" + std::string(name) + "`";
}

CoreExtern extern_of(const ModuleInfo& info, ExternKind kind, uint32_t index) {
  CoreExtern e;
  e.kind = kind;
  switch (kind) {
    case ExternKind::Func: e.type_id = info.func_types[index]; break;
    case ExternKind::Table: e.table = info.tables[index]; break;
    case ExternKind::Memory: e.memory = info.module.memories[index].type; break;
    case ExternKind::Global: e.global = info.globals[index]; break;
    case ExternKind::Tag: e.type_id = info.tag_types[index]; break;
  }
  return e;
}

}  // namespace

// ------------------------------------------------------------------------------------------- modules

Status Validator::core_module(const CoreModuleDef& d, Scope& s) {
  if (++s.module_count > limits::kModules) return limit("too many core modules");
  const ModuleInfo* info = SKIFF_TRY(modules_.check(d));
  ModuleType type;
  ImportNames names;
  for (const Import& i : info->module.imports) {
    if (!names.emplace(i.module, i.name).second)
      return bad("duplicate import name " + import_name(i.module, i.name));
    type.imports.push_back({std::string(i.module), std::string(i.name), extern_of(*info, i.kind, i.index)});
  }
  for (const Export& e : info->module.exports)
    type.exports.push_back({std::string(e.name), extern_of(*info, e.kind, e.index)});
  s.info->module_defs.push_back(info);
  s.info->core_modules.push_back(table_->add(std::move(type)));
  return {};
}

// --------------------------------------------------------------------------------------- core types

Result<ModuleTypes> Validator::core_rec_type(const CoreRecType& t, std::span<const uint32_t> known) {
  std::optional<uint32_t> wrong;
  auto check = [&](uint32_t index) {
    if (index < known.size() && known[index] == kNoType) wrong = index;
  };
  auto check_type = [&](skiff::ValType v) {
    if (v.is_ref() && v.heap().is_concrete()) check(v.heap().index());
  };
  for (const SubType& sub : t.types) {
    if (sub.super) check(*sub.super);
    for (skiff::ValType v : sub.comp.func.params) check_type(v);
    for (skiff::ValType v : sub.comp.func.results) check_type(v);
    for (const FieldType& f : sub.comp.fields) check_type(f.storage);
  }
  if (wrong) return bad("core type index " + std::to_string(*wrong) + " is a module type");
  Result<ModuleTypes> types = registry_.add_group(t.types, known);
  if (types) return types;
  Error e = std::move(types).error();
  e.offset = offset_;
  if (e.code == ErrorCode::UnknownType) e.detail += ": type index out of bounds";
  return std::unexpected(std::move(e));
}

Status Validator::core_type(const CoreTypeDef& d, Scope& s) {
  if (s.info->core_types.size() >= limits::kDefinitions) return limit("too many core types");
  if (const CoreRecType* rec = std::get_if<CoreRecType>(&d.type)) {
    ModuleTypes types = SKIFF_TRY(core_rec_type(*rec, s.canonical_ids));
    for (uint32_t id : types.ids()) {
      s.info->core_types.push_back({std::nullopt, id});
      s.canonical_ids.push_back(id);
    }
    held_types_.push_back(std::move(types));
    return {};
  }
  const TypeId id = SKIFF_TRY(module_type(*std::get<std::shared_ptr<const CoreModuleType>>(d.type), s));
  s.info->core_types.push_back({id, 0});
  s.canonical_ids.push_back(kNoType);
  return {};
}

Result<skiff::ValType> Validator::core_value_type(skiff::ValType t, std::span<const uint32_t> known) {
  if (!t.is_ref() || !t.heap().is_concrete()) return t;
  const uint32_t index = t.heap().index();
  if (index >= known.size() || known[index] == kNoType) return out_of_bounds("type", index);
  return skiff::ValType::ref(HeapType::concrete(known[index]), t.is_nullable_ref());
}

Result<CoreExtern> Validator::core_extern(const CoreExternType& t, std::span<const uint32_t> known) {
  CoreExtern e;
  e.kind = t.kind;
  switch (t.kind) {
    case ExternKind::Func:
    case ExternKind::Tag: {
      if (t.func_type >= known.size() || known[t.func_type] == kNoType)
        return out_of_bounds("type", t.func_type);
      e.type_id = known[t.func_type];
      const CompositeType& comp = registry_.get(e.type_id).type.comp;
      if (comp.kind != CompositeType::Kind::Func)
        return bad("core type index " + std::to_string(t.func_type) + " is not a function type");
      if (t.kind == ExternKind::Tag && !comp.func.results.empty())
        return fail(ErrorCode::NonEmptyTagResult, offset_);
      return e;
    }
    case ExternKind::Table:
      e.table = t.table;
      e.table.elem = SKIFF_TRY(core_value_type(t.table.elem, known));
      SKIFF_TRY(check_table(e.table, offset_));
      return e;
    case ExternKind::Memory:
      e.memory = t.memory;
      SKIFF_TRY(check_memory(e.memory, offset_));
      return e;
    case ExternKind::Global:
      e.global = t.global;
      e.global.type = SKIFF_TRY(core_value_type(t.global.type, known));
      return e;
  }
  return e;
}

// Spec: core:moduletype. Its type index space starts empty; outer aliases count it as a scope.
Result<TypeId> Validator::module_type(const CoreModuleType& t, Scope& s) {
  if (t.decls.size() > limits::kDeclarators) return limit("too many declarators");
  if (s.depth + 1 > limits::kNesting) return limit("scopes are nested too deeply");
  ModuleType type;
  std::vector<uint32_t> ids;
  ImportNames imports;
  std::set<std::string_view> exports;
  for (const CoreModuleDecl& decl : t.decls) {
    if (decl.offset != 0) offset_ = decl.offset;
    if (const auto* d = std::get_if<CoreImportDecl>(&decl.decl)) {
      if (!imports.emplace(d->module, d->name).second)
        return bad("duplicate import name " + import_name(d->module, d->name));
      type.imports.push_back({d->module, d->name, SKIFF_TRY(core_extern(d->type, ids))});
    } else if (const auto* d = std::get_if<CoreExportDecl>(&decl.decl)) {
      if (!exports.insert(d->name).second) return bad("export name `" + d->name + "` already defined");
      type.exports.push_back({d->name, SKIFF_TRY(core_extern(d->type, ids))});
    } else if (const auto* d = std::get_if<CoreTypeDef>(&decl.decl)) {
      const CoreRecType* rec = std::get_if<CoreRecType>(&d->type);
      if (!rec) return bad("a module type cannot define another module type");
      ModuleTypes types = SKIFF_TRY(core_rec_type(*rec, ids));
      ids.insert(ids.end(), types.ids().begin(), types.ids().end());
      held_types_.push_back(std::move(types));
    } else {
      const auto& a = std::get<AliasDef>(decl.decl);
      if (a.kind != AliasDef::Kind::Outer || a.sort != Sort::CoreType)
        return bad("only outer type aliases are allowed in module types");
      const std::vector<uint32_t>* space = &ids;
      Scope* scope = &s;
      for (uint32_t i = 0; i < a.count; ++i, scope = scope->parent) {
        if (!scope) return bad("invalid outer alias count of " + std::to_string(a.count));
        space = &scope->canonical_ids;
      }
      if (a.index >= space->size()) return out_of_bounds("type", a.index);
      if ((*space)[a.index] == kNoType) return bad("a module type cannot alias another module type");
      ids.push_back((*space)[a.index]);
    }
  }
  const TypeId id = table_->add(std::move(type));
  SKIFF_TRY(check_size(id));
  return id;
}

Result<uint32_t> Validator::core_func_type(const skiff::FuncType& type, Scope& s) {
  std::vector<uint32_t> key;
  for (skiff::ValType t : type.params) key.push_back(t.bits());
  key.push_back(~uint32_t{0});
  for (skiff::ValType t : type.results) key.push_back(t.bits());
  if (const auto it = func_types_.find(key); it != func_types_.end()) return it->second;
  // Its references, if any, are to canonical ids already.
  SubType sub;
  sub.comp.func = type;
  std::vector<uint32_t> known;
  auto localize = [&](skiff::ValType& t) {
    if (!t.is_ref() || !t.heap().is_concrete()) return;
    known.push_back(t.heap().index());
    t = skiff::ValType::ref(HeapType::concrete(static_cast<uint32_t>(known.size() - 1)), t.is_nullable_ref());
  };
  for (skiff::ValType& t : sub.comp.func.params) localize(t);
  for (skiff::ValType& t : sub.comp.func.results) localize(t);
  ModuleTypes types = SKIFF_TRY(registry_.add_group({&sub, 1}, known));
  const uint32_t id = types.id(0);
  held_types_.push_back(std::move(types));
  func_types_.emplace(std::move(key), id);
  return id;
}

const skiff::FuncType* Validator::core_func(uint32_t index, const Scope& s) const {
  if (index >= s.info->core_funcs.size()) return nullptr;
  return &registry_.func_type(s.info->core_funcs[index]);
}

// --------------------------------------------------------------------------------------- instances

Status Validator::core_instance(const CoreInstanceDef& d, Scope& s) {
  if (++s.core_instance_count > limits::kInstances) return limit("too many core instances");
  CoreInstanceInfo info;
  info.module = d.module;
  if (d.module)
    SKIFF_TRY(core_instantiate(d, s, info));
  else
    SKIFF_TRY(core_inline(d, s, info));
  return add_core_instance(std::move(info), s);
}

Status Validator::add_core_instance(CoreInstanceInfo info, Scope& s) {
  s.info->core_instances.push_back(std::move(info));
  const CoreInstanceInfo& added = s.info->core_instances.back();
  std::unordered_map<std::string_view, uint32_t> names;
  for (uint32_t i = 0; i < added.exports.size(); ++i) names.emplace(added.exports[i].name, i);
  s.core_instance_names.push_back(std::move(names));
  return {};
}

Status Validator::core_instantiate(const CoreInstanceDef& d, Scope& s, CoreInstanceInfo& info) {
  if (*d.module >= s.info->core_modules.size()) return out_of_bounds("module", *d.module);
  if (d.args.size() > limits::kArguments) return limit("too many arguments");
  std::unordered_map<std::string_view, uint32_t> args;
  for (const CoreInstantiateArg& a : d.args) {
    if (a.value.sort != Sort::CoreInstance) return bad("a module can only be instantiated with instances");
    if (a.value.index >= s.info->core_instances.size()) return out_of_bounds("core instance", a.value.index);
    if (!args.emplace(a.name, a.value.index).second)
      return bad("duplicate module instantiation argument named `" + a.name + "`");
  }
  const auto& type = table_->get<ModuleType>(s.info->core_modules[*d.module]);
  SKIFF_TRY(spend(4 * type.imports.size() + Budget::kMake * type.exports.size()));
  for (const CoreImport& i : type.imports) {
    const auto arg = args.find(i.module);
    if (arg == args.end()) return bad("missing module instantiation argument named `" + i.module + "`");
    const auto& names = s.core_instance_names[arg->second];
    const auto found = names.find(i.name);
    if (found == names.end()) {
      return bad("module instantiation argument `" + i.module + "` does not export an item named `" + i.name +
                 "`");
    }
    const CoreExtern& actual = s.info->core_instances[arg->second].exports[found->second].type;
    SKIFF_TRY(placed(core_matches(registry_, actual, i.type),
                     "type mismatch in import `" + i.module + "::" + i.name + "`"));
  }
  info.exports = type.exports;
  return {};
}

Status Validator::core_inline(const CoreInstanceDef& d, Scope& s, CoreInstanceInfo& info) {
  if (d.exports.size() > limits::kArguments) return limit("too many exports");
  std::set<std::string_view> names;
  for (const CoreInlineExport& e : d.exports) {
    if (!names.insert(e.name).second) return bad("export name `" + e.name + "` already defined");
    info.exports.push_back({e.name, SKIFF_TRY(core_item(e.value, s))});
  }
  return {};
}

Result<CoreExtern> Validator::core_item(const SortIdx& item, Scope& s) {
  const ComponentInfo& c = *s.info;
  CoreExtern e;
  auto take = [&](ExternKind kind, const auto& space, auto& place) -> Result<CoreExtern> {
    if (item.index >= space.size()) return out_of_bounds(core_kind_name(kind), item.index);
    e.kind = kind;
    place = space[item.index];
    return e;
  };
  switch (item.sort) {
    case Sort::CoreFunc: return take(ExternKind::Func, c.core_funcs, e.type_id);
    case Sort::CoreTable: return take(ExternKind::Table, c.core_tables, e.table);
    case Sort::CoreMemory: return take(ExternKind::Memory, c.core_memories, e.memory);
    case Sort::CoreGlobal: return take(ExternKind::Global, c.core_globals, e.global);
    case Sort::CoreTag: return take(ExternKind::Tag, c.core_tags, e.type_id);
    case Sort::CoreType:
    case Sort::CoreModule:
    case Sort::CoreInstance:
    case Sort::Func:
    case Sort::Value:
    case Sort::Type:
    case Sort::Component:
    case Sort::Instance: break;
  }
  return bad("a core instance cannot export a " + std::string(text_of(item.sort)));
}

Status Validator::core_alias(const AliasDef& d, Scope& s) {
  ComponentInfo& c = *s.info;
  if (d.index >= c.core_instances.size()) return out_of_bounds("core instance", d.index);
  const auto& names = s.core_instance_names[d.index];
  const auto it = names.find(d.name);
  if (it == names.end()) {
    return bad("core instance " + std::to_string(d.index) + " has no export named `" + d.name + "`");
  }
  const CoreExtern e = c.core_instances[d.index].exports[it->second].type;
  auto wrong = [&] {
    return bad("export `" + d.name + "` for core instance " + std::to_string(d.index) + " is not a " +
               std::string(text_of(d.sort).substr(sizeof "core" )));
  };
  const Sort kSorts[] = {Sort::CoreFunc, Sort::CoreTable, Sort::CoreMemory, Sort::CoreGlobal, Sort::CoreTag};
  if (kSorts[static_cast<size_t>(e.kind)] != d.sort) return wrong();
  switch (e.kind) {
    case ExternKind::Func: c.core_funcs.push_back(e.type_id); break;
    case ExternKind::Table: c.core_tables.push_back(e.table); break;
    case ExternKind::Memory: c.core_memories.push_back(e.memory); break;
    case ExternKind::Global: c.core_globals.push_back(e.global); break;
    case ExternKind::Tag: c.core_tags.push_back(e.type_id); break;
  }
  return {};
}

}  // namespace skiff::component
