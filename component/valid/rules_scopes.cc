// Component and instance types: their declarators, in a scope of their own (Spec: Explainer.md, Declarators).
#include "component/valid/validator.h"

namespace skiff::component {

Status Validator::declarators(const TypeDecls& decls, Scope& s) {
  if (decls.decls.size() > limits::kDeclarators) return limit("too many declarators");
  for (const TypeDecl& decl : decls.decls) {
    if (decl.offset != 0) offset_ = decl.offset;
    SKIFF_TRY(declarator(decl, s));
    if (budget_.exhausted()) return spend(1);
  }
  return {};
}

Status Validator::declarator(const TypeDecl& decl, Scope& s) {
  return std::visit(
      [&](const auto& d) -> Status {
        using T = std::decay_t<decltype(d)>;
        if constexpr (std::is_same_v<T, CoreTypeDef>) return core_type(d, s);
        if constexpr (std::is_same_v<T, TypeDef>) return type_def(d, s);
        if constexpr (std::is_same_v<T, ImportDef>) {
          if (s.kind != Scope::Kind::ComponentType) return bad("an instance type cannot have imports");
          return import_def(d, s);
        }
        if constexpr (std::is_same_v<T, ExportDecl>) return export_decl(d, s);
        if constexpr (std::is_same_v<T, AliasDef>) {
          const bool allowed = d.kind == AliasDef::Kind::Export
                                   ? d.sort == Sort::Instance || d.sort == Sort::Type
                                   : d.kind == AliasDef::Kind::Outer &&
                                         (d.sort == Sort::CoreType || d.sort == Sort::Type);
          if (!allowed)
            return bad("aliases in component and instance types may only refer to types or instances");
          return alias(d, s);
        }
        return {};
      },
      decl.decl);
}

Status Validator::component_type_def(const ComponentTypeDef& d, Scope& s) {
  Scope inner;
  SKIFF_TRY(enter(inner, Scope::Kind::ComponentType, &s));
  SKIFF_TRY(declarators(*d.decls, inner));
  const NodeId node = component_node(inner);
  ComponentType type;
  type.imports = std::move(inner.imports);
  type.exports = std::move(inner.exports);
  type.parameters = std::move(inner.parameters);
  type.fresh = std::move(inner.fresh);
  const TypeId id = table_->add(std::move(type));
  SKIFF_TRY(check_size(id));
  add_type(s, {AnyType::Kind::Component, {}, id}, node);
  return {};
}

Status Validator::instance_type_def(const InstanceTypeDef& d, Scope& s) {
  Scope inner;
  SKIFF_TRY(enter(inner, Scope::Kind::InstanceType, &s));
  SKIFF_TRY(declarators(*d.decls, inner));
  InstanceType type;
  type.exports = std::move(inner.exports);
  type.fresh = std::move(inner.fresh);
  const TypeId id = table_->add(std::move(type));
  SKIFF_TRY(check_size(id));
  add_type(s, {AnyType::Kind::Instance, {}, id}, nodes_.positional(inner.export_nodes));
  return {};
}

}  // namespace skiff::component
