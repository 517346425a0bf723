// The whole tree: definitions in order, each in its scope, and the type that a finished component gets.
#include <algorithm>

#include "component/valid/validator.h"
#include "engine/base/check.h"

namespace skiff::component {

Result<std::unique_ptr<ComponentInfo>> validate_component(std::shared_ptr<const Component> component,
                                                          TypeRegistry& registry,
                                                          CoreModuleSource& modules,
                                                          const ComponentValidateOptions& options) {
  return Validator(registry, modules, options).run(std::move(component));
}

Result<const ModuleInfo*> PlainModules::check(const CoreModuleDef& module) {
  auto located = [&](Error e) {
    if (e.offset != kNoOffset) e.offset += module.offset;
    return std::unexpected(std::move(e));
  };
  Result<Module> decoded = decode_module(module.binary, features_);
  if (!decoded) return located(std::move(decoded).error());
  Result<std::unique_ptr<ModuleInfo>> info = validate_module(std::move(*decoded), registry_);
  if (!info) return located(std::move(info).error());
  modules_.push_back(std::move(*info));
  return modules_.back().get();
}

Result<std::unique_ptr<ComponentInfo>> Validator::run(std::shared_ptr<const Component> syntax) {
  Scope scope;
  SKIFF_TRY(need(Feature::ComponentModel, "a component"));
  SKIFF_TRY(component(syntax, scope));
  scope.info->held_types = std::move(held_types_);
  return std::move(scope.info);
}

Status Validator::enter(Scope& scope, Scope::Kind kind, Scope* parent) {
  scope.kind = kind;
  scope.parent = parent;
  scope.depth = parent ? parent->depth + 1 : 0;
  scope.info->types = table_;
  if (scope.depth > limits::kNesting) return limit("scopes are nested too deeply");
  return {};
}

Status Validator::component(const std::shared_ptr<const Component>& syntax, Scope& scope) {
  if (!scope.parent) SKIFF_TRY(enter(scope, Scope::Kind::Component, nullptr));
  scope.info->syntax = syntax;
  if (syntax->definitions.size() > limits::kDefinitions) return limit("too many definitions");
  for (const Definition& def : syntax->definitions) {
    offset_ = def.offset;
    budget_.earn(Budget::kDefinition);
    SKIFF_TRY(definition(def, scope));
    if (budget_.exhausted()) return spend(1);
  }
  return finish(scope);
}

Status Validator::definition(const Definition& def, Scope& s) {
  return std::visit(
      [&](const auto& d) -> Status {
        using T = std::decay_t<decltype(d)>;
        if constexpr (std::is_same_v<T, CoreModuleDef>) return core_module(d, s);
        if constexpr (std::is_same_v<T, CoreInstanceDef>) return core_instance(d, s);
        if constexpr (std::is_same_v<T, CoreTypeDef>) return core_type(d, s);
        if constexpr (std::is_same_v<T, ComponentDef>) return nested(d, s);
        if constexpr (std::is_same_v<T, InstanceDef>) return instance(d, s);
        if constexpr (std::is_same_v<T, AliasDef>) return alias(d, s);
        if constexpr (std::is_same_v<T, TypeDef>) return type_def(d, s);
        if constexpr (std::is_same_v<T, CanonDef>) return canon(d, s);
        if constexpr (std::is_same_v<T, StartDef>) return start_def(d, s);
        if constexpr (std::is_same_v<T, ImportDef>) return import_def(d, s);
        if constexpr (std::is_same_v<T, ExportDef>) return export_def(d, s);
        if constexpr (std::is_same_v<T, ValueDef>) return value_def(d, s);
        return {};
      },
      def.def);
}

Status Validator::nested(const ComponentDef& def, Scope& s) {
  if (++s.component_count > limits::kComponents) return limit("too many components");
  const uint64_t here = offset_;
  Scope inner;
  SKIFF_TRY(enter(inner, Scope::Kind::Component, &s));
  inner.info->parent = s.info.get();
  SKIFF_TRY(component(def.component, inner));
  offset_ = here;
  s.info->components.push_back(inner.info->type);
  s.component_nodes.push_back(component_node(inner));
  s.info->children.push_back(std::move(inner.info));
  return {};
}

NodeId Validator::component_node(const Scope& s) {
  std::vector<NodeId> children = s.import_nodes;
  children.insert(children.end(), s.export_nodes.begin(), s.export_nodes.end());
  return nodes_.positional(children);
}

// ------------------------------------------------------------------------------ types of components

// The component's own type: resources that exports mention and no import brought are abstract outside.
Status Validator::finish(Scope& s) {
  for (size_t i = 0; i < s.value_used.size(); ++i)
    if (!s.value_used[i]) return bad("value index " + std::to_string(i) + " was not used");
  ComponentType type;
  type.imports = s.imports;
  type.parameters = s.parameters;
  const std::unordered_set<ResourceId> parameters(s.parameters.begin(), s.parameters.end());
  for (ResourceId r : free_resources(s.exports))
    if (!parameters.contains(r)) type.fresh.push_back(r);
  std::unordered_set<ResourceId> bindable(type.fresh.begin(), type.fresh.end());
  for (const NamedExtern& e : s.exports) {
    SKIFF_TRY(spend(1));
    type.exports.push_back({e.name, sealed(e.type, bindable)});
  }
  const TypeId id = table_->add(std::move(type));
  SKIFF_TRY(check_size(id));
  s.info->type = id;
  return {};
}

// The type with fresh_resource exactly at the first export of each of the resources in `bindable`.
ExternType Validator::sealed(const ExternType& type, std::unordered_set<ResourceId>& bindable) {
  ExternType r = type;
  if (type.sort == Sort::Type)
    r.fresh_resource = type.type.kind == AnyType::Kind::Resource && bindable.erase(type.type.id) > 0;
  else if (type.sort == Sort::Instance)
    r.id = sealed_instance(type.id, bindable);
  return r;
}

TypeId Validator::sealed_instance(TypeId type, std::unordered_set<ResourceId>& bindable) {
  if (!table_->facts(type).has_resource) return type;
  const auto& instance = table_->get<InstanceType>(type);
  if (!budget_.spend(Budget::kMake * (1 + instance.exports.size()))) return type;
  InstanceType result;
  bool changed = false;
  for (const NamedExtern& e : instance.exports) {
    result.exports.push_back({e.name, sealed(e.type, bindable)});
    const ExternType& now = result.exports.back().type;
    changed |= now.id != e.type.id || now.fresh_resource != e.type.fresh_resource;
  }
  result.fresh = instance.fresh;
  return changed ? table_->add(std::move(result)) : type;
}

void Validator::collect_resources(const ExternType& type, std::unordered_set<TypeId>& seen,
                                  std::unordered_set<ResourceId>& bound, std::vector<ResourceId>& out) {
  if (type.sort == Sort::Value) {
    if (!type.value.is_primitive()) collect_resources(type.value.id(), seen, bound, out);
  } else if (type.sort == Sort::Type) {
    if (type.type.kind == AnyType::Kind::Resource) {
      if (bound.insert(type.type.id).second) out.push_back(type.type.id);
    } else if (type.type.kind != AnyType::Kind::Value) {
      collect_resources(type.type.id, seen, bound, out);
    } else if (!type.type.value.is_primitive()) {
      collect_resources(type.type.value.id(), seen, bound, out);
    }
  } else if (type.id != kNoType) {
    collect_resources(type.id, seen, bound, out);
  }
}

// Free resources of a type, in order. `bound`: those bound on the way, or in `out` already. Every resource is
// bound by one type only, so they need not be unbound again.
void Validator::collect_resources(TypeId type, std::unordered_set<TypeId>& seen,
                                  std::unordered_set<ResourceId>& bound, std::vector<ResourceId>& out) {
  if (!table_->facts(type).has_resource || !seen.insert(type).second || !budget_.spend(1)) return;
  auto value = [&](ValType t) {
    if (!t.is_primitive()) collect_resources(t.id(), seen, bound, out);
  };
  auto optional = [&](const OptType& t) {
    if (t) value(*t);
  };
  auto resource = [&](ResourceId r) {
    if (bound.insert(r).second) out.push_back(r);
  };
  auto externs = [&](const std::vector<NamedExtern>& list) {
    if (!budget_.spend(list.size())) return;
    for (const NamedExtern& e : list) collect_resources(e.type, seen, bound, out);
  };
  std::visit(
      [&](const auto& t) {
        using T = std::decay_t<decltype(t)>;
        if constexpr (std::is_same_v<T, RecordType>) {
          for (const Field& f : t.fields) value(f.type);
        } else if constexpr (std::is_same_v<T, VariantType>) {
          for (const VariantCase& c : t.cases) optional(c.type);
        } else if constexpr (std::is_same_v<T, ListType>) {
          value(t.element);
        } else if constexpr (std::is_same_v<T, MapType>) {
          value(t.key);
          value(t.value);
        } else if constexpr (std::is_same_v<T, TupleType>) {
          for (ValType e : t.types) value(e);
        } else if constexpr (std::is_same_v<T, OptionType>) {
          value(t.type);
        } else if constexpr (std::is_same_v<T, ResultType>) {
          optional(t.ok);
          optional(t.error);
        } else if constexpr (std::is_same_v<T, OwnType> || std::is_same_v<T, BorrowType>) {
          resource(t.resource);
        } else if constexpr (std::is_same_v<T, StreamType> || std::is_same_v<T, FutureType>) {
          optional(t.element);
        } else if constexpr (std::is_same_v<T, FuncType>) {
          for (const Field& p : t.params) value(p.type);
          optional(t.result);
        } else if constexpr (std::is_same_v<T, InstanceType>) {
          bound.insert(t.fresh.begin(), t.fresh.end());
          externs(t.exports);
        } else if constexpr (std::is_same_v<T, ComponentType>) {
          bound.insert(t.parameters.begin(), t.parameters.end());
          bound.insert(t.fresh.begin(), t.fresh.end());
          externs(t.imports);
          externs(t.exports);
        }
      },
      table_->body(type));
}

std::vector<ResourceId> Validator::free_resources(const std::vector<NamedExtern>& externs) {
  std::unordered_set<TypeId> seen;
  std::unordered_set<ResourceId> bound;
  std::vector<ResourceId> out;
  for (const NamedExtern& e : externs) collect_resources(e.type, seen, bound, out);
  return out;
}

bool Validator::mentions_free_resource(const AnyType& type) {
  ExternType t;
  t.sort = Sort::Type;
  t.type = type;
  return !free_resources({{ExternName{}, t}}).empty();
}

}  // namespace skiff::component
