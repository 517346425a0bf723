// Instances and aliases (Spec: Explainer.md, Instance Definitions, Alias Definitions, Type Checking).
// Instantiation matches each argument with the import's type, in order, so that supplied resources stand
// for the type parameters in all later imports and in the exports; resources that the component makes
// itself become new ones for each instance.
#include "component/valid/validator.h"

namespace skiff::component {

Status Validator::instance(const InstanceDef& d, Scope& s) {
  if (++s.instance_count > limits::kInstances) return limit("too many instances");
  return d.component ? instantiate(d, s) : inline_exports(d, s);
}

Result<TypedItem> Validator::item(const SortIdx& ref, Scope& s) {
  const ComponentInfo& c = *s.info;
  TypedItem i;
  i.type.sort = ref.sort;
  switch (ref.sort) {
    case Sort::CoreModule:
      if (ref.index >= c.core_modules.size()) return out_of_bounds("module", ref.index);
      i.type.id = c.core_modules[ref.index];
      return i;
    case Sort::Func:
      if (ref.index >= c.funcs.size()) return out_of_bounds("function", ref.index);
      i.type.id = c.funcs[ref.index];
      i.node = s.func_nodes[ref.index];
      return i;
    case Sort::Value:
      if (ref.index >= c.values.size()) return out_of_bounds("value", ref.index);
      if (s.value_used[ref.index]) return bad("cannot use value " + std::to_string(ref.index) + " more than once");
      s.value_used[ref.index] = true;
      i.type.value = c.values[ref.index];
      i.node = s.value_nodes[ref.index];
      return i;
    case Sort::Type:
      if (ref.index >= c.type_space.size()) return out_of_bounds("type", ref.index);
      i.type.type = c.type_space[ref.index];
      i.node = s.type_nodes[ref.index];
      return i;
    case Sort::Component:
      if (ref.index >= c.components.size()) return out_of_bounds("component", ref.index);
      i.type.id = c.components[ref.index];
      i.node = s.component_nodes[ref.index];
      return i;
    case Sort::Instance:
      if (ref.index >= c.instances.size()) return out_of_bounds("instance", ref.index);
      i.type.id = c.instances[ref.index];
      i.node = s.instance_nodes[ref.index];
      return i;
    case Sort::CoreFunc:
    case Sort::CoreTable:
    case Sort::CoreMemory:
    case Sort::CoreGlobal:
    case Sort::CoreTag:
    case Sort::CoreType:
    case Sort::CoreInstance: break;
  }
  return bad("a " + std::string(text_of(ref.sort)) + " cannot be passed between components");
}

Status Validator::push(const TypedItem& item, Scope& s, bool value_used) {
  ComponentInfo& c = *s.info;
  switch (item.type.sort) {
    case Sort::CoreModule: c.core_modules.push_back(item.type.id); return {};
    case Sort::Func:
      c.funcs.push_back(item.type.id);
      s.func_nodes.push_back(item.node);
      return {};
    case Sort::Value:
      SKIFF_TRY(need(Feature::CmValues, "a value"));
      c.values.push_back(item.type.value);
      s.value_nodes.push_back(item.node);
      s.value_used.push_back(value_used);
      return {};
    case Sort::Type: add_type(s, item.type.type, item.node); return {};
    case Sort::Component:
      c.components.push_back(item.type.id);
      s.component_nodes.push_back(item.node);
      return {};
    case Sort::Instance:
      c.instances.push_back(item.type.id);
      s.instance_nodes.push_back(item.node);
      return {};
    case Sort::CoreFunc:
    case Sort::CoreTable:
    case Sort::CoreMemory:
    case Sort::CoreGlobal:
    case Sort::CoreTag:
    case Sort::CoreType:
    case Sort::CoreInstance: break;
  }
  return bad("not a definition of a component");
}

// ------------------------------------------------------------------------------------ instantiation

// What the component names by its import goes by the argument's name outside.
void Validator::rename(const TypedItem& actual, const TypedItem& expected, Substitution& substitution) {
  if (expected.type.sort == Sort::Type) {
    substitution.map_node(expected.node, actual.node);
  } else if (expected.type.sort == Sort::Instance) {
    const auto& a = table_->get<InstanceType>(actual.type.id);
    const auto& e = table_->get<InstanceType>(expected.type.id);
    if (expected.node == kNoNode || !budget_.spend(e.exports.size())) return;
    for (size_t i = 0; i < e.exports.size(); ++i) {
      const auto it = a.by_name.find(e.exports[i].name.name);
      if (it == a.by_name.end()) continue;
      rename({a.exports[it->second].type, nodes_.child(actual.node, it->second)},
             {e.exports[i].type, nodes_.child(expected.node, i)}, substitution);
    }
  }
}

Status Validator::instantiate(const InstanceDef& d, Scope& s) {
  if (*d.component >= s.info->components.size()) return out_of_bounds("component", *d.component);
  if (d.args.size() > limits::kArguments) return limit("too many arguments");
  std::unordered_map<std::string_view, TypedItem> args;
  for (const InstantiateArg& a : d.args) {
    if (!args.emplace(a.name, SKIFF_TRY(item(a.value, s))).second)
      return bad("instantiation argument `" + a.name + "` conflicts with previous argument `" + a.name + "`");
  }
  const auto& type = table_->get<ComponentType>(s.info->components[*d.component]);
  const NodeId node = s.component_nodes[*d.component];
  SKIFF_TRY(spend(4 * type.imports.size()));

  Matcher matcher(*table_, *table_, registry_, budget_);
  Substitution substitution(*table_, nodes_, budget_);
  for (size_t i = 0; i < type.imports.size(); ++i) {
    const NamedExtern& import = type.imports[i];
    const auto arg = args.find(import.name.name);
    if (arg == args.end()) return bad("missing import named `" + import.name.name + "`");
    SKIFF_TRY(placed(matcher.extern_type(Matcher::A, arg->second.type, import.type),
                     "type mismatch for import `" + import.name.name + "`"));
    rename(arg->second, {import.type, nodes_.child(node, i)}, substitution);
  }
  for (ResourceId r : type.parameters)
    if (const auto supplied = matcher.bound(Matcher::B, r)) substitution.map(r, *supplied);
  for (ResourceId r : type.fresh) substitution.map(r, table_->new_resource());

  InstanceType result;
  result.exports = substitution(type.exports);
  SKIFF_TRY(spend(type.exports.size()));
  std::vector<NodeId> nodes;
  for (size_t i = 0; i < type.exports.size(); ++i)
    nodes.push_back(substitution.node(nodes_.child(node, type.imports.size() + i)));
  SKIFF_TRY(spend(1));
  s.info->instances.push_back(table_->add(std::move(result)));
  s.instance_nodes.push_back(nodes_.positional(nodes));
  return check_size(s.info->instances.back());
}

Status Validator::inline_exports(const InstanceDef& d, Scope& s) {
  if (d.exports.size() > limits::kArguments) return limit("too many exports");
  InstanceType type;
  NamedTypes named;
  std::vector<NodeId> nodes;
  for (const InlineExport& e : d.exports) {
    const TypedItem value = SKIFF_TRY(item(e.value, s));
    SKIFF_TRY(check_name(e.name, value.type, Direction::Export, named));
    // No function of these exports can mention a resource by the name that it gets here.
    named.resources.clear();
    type.exports.push_back({e.name, value.type});
    nodes.push_back(value.node);
  }
  const TypeId id = table_->add(std::move(type));
  SKIFF_TRY(check_size(id));
  s.info->instances.push_back(id);
  s.instance_nodes.push_back(nodes_.positional(nodes));
  return {};
}

// ------------------------------------------------------------------------------------------ aliases

Status Validator::alias(const AliasDef& d, Scope& s) {
  switch (d.kind) {
    case AliasDef::Kind::Export: return alias_export(d, s);
    case AliasDef::Kind::CoreExport: return core_alias(d, s);
    case AliasDef::Kind::Outer: return alias_outer(d, s);
  }
  return {};
}

Status Validator::alias_export(const AliasDef& d, Scope& s) {
  if (d.index >= s.info->instances.size()) return out_of_bounds("instance", d.index);
  const auto& type = table_->get<InstanceType>(s.info->instances[d.index]);
  const auto it = type.by_name.find(d.name);
  if (it == type.by_name.end())
    return bad("instance " + std::to_string(d.index) + " has no export named `" + d.name + "`");
  const TypedItem item{type.exports[it->second].type, nodes_.child(s.instance_nodes[d.index], it->second)};
  if (item.type.sort != d.sort) {
    const std::string_view what = d.sort == Sort::CoreModule ? "module" : text_of(d.sort);
    return bad("export `" + d.name + "` for instance " + std::to_string(d.index) + " is not a " +
               std::string(what));
  }
  return push(item, s, false);
}

// Spec: an alias through a component's boundary must not refer to resources, so that the component could
// stand elsewhere.
Status Validator::alias_outer(const AliasDef& d, Scope& s) {
  Scope* outer = &s;
  bool crosses = false;
  for (uint32_t i = 0; i < d.count; ++i) {
    crosses |= outer->kind == Scope::Kind::Component;
    outer = outer->parent;
    if (!outer) return bad("invalid outer alias count of " + std::to_string(d.count));
  }
  const ComponentInfo& from = *outer->info;
  switch (d.sort) {
    case Sort::CoreModule:
      if (d.index >= from.core_modules.size()) return out_of_bounds("module", d.index);
      s.info->core_modules.push_back(from.core_modules[d.index]);
      return {};
    case Sort::CoreType: {
      if (d.index >= from.core_types.size()) return out_of_bounds("core type", d.index);
      const CoreTypeInfo type = from.core_types[d.index];
      const uint32_t id = outer->canonical_ids[d.index];
      s.info->core_types.push_back(type);
      s.canonical_ids.push_back(id);
      return {};
    }
    case Sort::Component: {
      if (d.index >= from.components.size()) return out_of_bounds("component", d.index);
      const TypeId type = from.components[d.index];
      const NodeId node = outer->component_nodes[d.index];
      s.info->components.push_back(type);
      s.component_nodes.push_back(node);
      return {};
    }
    case Sort::Type: {
      if (d.index >= from.type_space.size()) return out_of_bounds("type", d.index);
      const AnyType type = from.type_space[d.index];
      if (crosses && table_->facts(type).has_resource && mentions_free_resource(type)) {
        return bad(
            "cannot alias outer type which transitively refers to resources not defined in the current "
            "component");
      }
      add_type(s, type, NodeId(outer->type_nodes[d.index]));
      return {};
    }
    case Sort::CoreFunc:
    case Sort::CoreTable:
    case Sort::CoreMemory:
    case Sort::CoreGlobal:
    case Sort::CoreTag:
    case Sort::CoreInstance:
    case Sort::Func:
    case Sort::Value:
    case Sort::Instance: break;
  }
  return bad("outer aliases may only refer to modules, core types, components and types, not to a " +
             std::string(text_of(d.sort)));
}

}  // namespace skiff::component
