// Substitution: types and nodes with other resources in place of some (Spec: Explainer.md, Type Checking:
// instantiation replaces type parameters by what was supplied, and abstract resources by fresh ones). Parts
// that mention none of the replaced resources are shared, each part is rewritten once.
#pragma once

#include <unordered_map>

#include "component/types/types.h"
#include "component/valid/budget.h"
#include "component/valid/nodes.h"

namespace skiff::component {

class Substitution {
 public:
  Substitution(TypeTable& table, Nodes& nodes, Budget& budget)
      : table_(table), nodes_(nodes), budget_(budget) {}

  // Requires: before anything is rewritten.
  void map(ResourceId from, ResourceId to) { resources_[from] = to; }
  void map_node(NodeId from, NodeId to) {
    if (from != kNoNode && from != to) node_memo_[from] = to;
    nodes_mapped_ |= from != to;
  }

  // When the budget is exhausted these return what they got; the caller asks the budget in the end.
  ValType operator()(ValType type);
  AnyType operator()(const AnyType& type);
  ExternType operator()(const ExternType& type);
  TypeId operator()(TypeId type);
  NodeId node(NodeId node);
  std::vector<NamedExtern> operator()(const std::vector<NamedExtern>& externs);

 private:
  ResourceId resource(ResourceId id) const;
  OptType operator()(const OptType& type);
  template <class T>
  TypeBody rewrite(const T& type);

  TypeTable& table_;
  Nodes& nodes_;
  Budget& budget_;
  std::unordered_map<ResourceId, ResourceId> resources_;
  std::unordered_map<TypeId, TypeId> type_memo_;
  std::unordered_map<NodeId, NodeId> node_memo_;
  bool nodes_mapped_ = false;
};

}  // namespace skiff::component
