// Rewriting by the shape of the type. Recursion is bounded by the depth that the validator allows types.
#include "component/valid/substitute.h"

#include <type_traits>

namespace skiff::component {
namespace {

// Number of direct parts of a type.
size_t parts(const TypeBody& body) {
  return std::visit(
      [](const auto& t) -> size_t {
        using T = std::decay_t<decltype(t)>;
        if constexpr (std::is_same_v<T, RecordType>) return t.fields.size();
        if constexpr (std::is_same_v<T, VariantType>) return t.cases.size();
        if constexpr (std::is_same_v<T, TupleType>) return t.types.size();
        if constexpr (std::is_same_v<T, FuncType>) return t.params.size();
        return 1;  // those with externs are charged there
      },
      body);
}

}  // namespace

ResourceId Substitution::resource(ResourceId id) const {
  const auto it = resources_.find(id);
  return it == resources_.end() ? id : it->second;
}

ValType Substitution::operator()(ValType type) {
  return type.is_primitive() ? type : ValType::of((*this)(type.id()));
}

OptType Substitution::operator()(const OptType& type) {
  return type ? OptType((*this)(*type)) : std::nullopt;
}

AnyType Substitution::operator()(const AnyType& type) {
  AnyType r = type;
  switch (type.kind) {
    case AnyType::Kind::Value: r.value = (*this)(type.value); break;
    case AnyType::Kind::Func:
    case AnyType::Kind::Component:
    case AnyType::Kind::Instance: r.id = (*this)(type.id); break;
    case AnyType::Kind::Resource: r.id = resource(type.id); break;
  }
  return r;
}

ExternType Substitution::operator()(const ExternType& type) {
  ExternType r = type;
  if (type.sort == Sort::Type)
    r.type = (*this)(type.type);
  else if (type.sort == Sort::Value)
    r.value = (*this)(type.value);
  else if (type.id != kNoType)
    r.id = (*this)(type.id);
  return r;
}

std::vector<NamedExtern> Substitution::operator()(const std::vector<NamedExtern>& externs) {
  std::vector<NamedExtern> result;
  if (!budget_.spend(Budget::kMake * externs.size())) return result;
  result.reserve(externs.size());
  for (const NamedExtern& e : externs) result.push_back({e.name, (*this)(e.type)});
  return result;
}

template <class T>
TypeBody Substitution::rewrite(const T& type) {
  T t = type;
  if constexpr (std::is_same_v<T, RecordType>) {
    for (Field& f : t.fields) f.type = (*this)(f.type);
  } else if constexpr (std::is_same_v<T, VariantType>) {
    for (VariantCase& c : t.cases) c.type = (*this)(c.type);
  } else if constexpr (std::is_same_v<T, ListType> || std::is_same_v<T, StreamType> ||
                       std::is_same_v<T, FutureType>) {
    t.element = (*this)(t.element);
  } else if constexpr (std::is_same_v<T, MapType>) {
    t.key = (*this)(t.key);
    t.value = (*this)(t.value);
  } else if constexpr (std::is_same_v<T, TupleType>) {
    for (ValType& e : t.types) e = (*this)(e);
  } else if constexpr (std::is_same_v<T, OptionType>) {
    t.type = (*this)(t.type);
  } else if constexpr (std::is_same_v<T, ResultType>) {
    t.ok = (*this)(t.ok);
    t.error = (*this)(t.error);
  } else if constexpr (std::is_same_v<T, OwnType> || std::is_same_v<T, BorrowType>) {
    t.resource = resource(t.resource);
  } else if constexpr (std::is_same_v<T, FuncType>) {
    for (Field& p : t.params) p.type = (*this)(p.type);
    t.result = (*this)(t.result);
  } else if constexpr (std::is_same_v<T, InstanceType>) {
    t.exports = (*this)(type.exports);
  } else if constexpr (std::is_same_v<T, ComponentType>) {
    t.imports = (*this)(type.imports);
    t.exports = (*this)(type.exports);
  }
  return t;
}

TypeId Substitution::operator()(TypeId type) {
  if (resources_.empty() || !table_.facts(type).has_resource) return type;
  if (const auto it = type_memo_.find(type); it != type_memo_.end()) return it->second;
  if (!budget_.spend(Budget::kMake * (1 + parts(table_.body(type))))) return type;
  const TypeId result =
      table_.add(std::visit([&](const auto& t) { return rewrite(t); }, table_.body(type)));
  type_memo_.emplace(type, result);
  return result;
}

NodeId Substitution::node(NodeId node) {
  if (node == kNoNode || !(nodes_mapped_ || (nodes_.has_resource(node) && !resources_.empty()))) return node;
  if (const auto it = node_memo_.find(node); it != node_memo_.end()) return it->second;
  NodeId result = node;
  if (nodes_.kind(node) == Nodes::Kind::Resource) {
    const ResourceId to = resource(nodes_.resource_of(node));
    if (to != nodes_.resource_of(node) && budget_.spend(Budget::kMake)) result = nodes_.resource(to);
  } else {
    std::vector<NodeId> children(nodes_.children(node).begin(), nodes_.children(node).end());
    if (!budget_.spend(1 + children.size())) return node;
    bool changed = false;
    for (NodeId& c : children) {
      const NodeId to = this->node(c);
      changed |= to != c;
      c = to;
    }
    if (changed && budget_.spend(Budget::kMake + 4 * children.size()))
      result = nodes_.with_children(node, children);
  }
  node_memo_.emplace(node, result);
  return result;
}

}  // namespace skiff::component
