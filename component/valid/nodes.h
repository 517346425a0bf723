// Nodes: which types must have a name of their own where they are used (Spec: Explainer.md, External
// Visibility of Types). The TypeTable knows types up to equality; for visibility it matters through which
// type index a record, variant, enum, flags or resource was reached, since exporting a type gives a name to
// the new index only. So the validator keeps, beside each type, a node:
//
//   Nominal, Resource   stand for one type index that must be named; their number is its identity
//   Plain               everything else: refers to the nodes of its parts
//
// Nodes of instance types have one child an export, those of component types one an import and then one an
// export. Node 0 is a type without anything to name. Nodes form a graph without cycles.
#pragma once

#include <span>
#include <vector>

#include "component/types/types.h"

namespace skiff::component {

using NodeId = uint32_t;
inline constexpr NodeId kNoNode = 0;

class Nodes {
 public:
  enum class Kind : uint8_t { Plain, Nominal, Resource };

  Nodes() : nodes_(1) {}

  /// Of a value or function type that needs no name itself: only the parts that matter are kept.
  NodeId plain(std::span<const NodeId> parts);
  /// Of an instance or component type: children keep their places.
  NodeId positional(std::span<const NodeId> children);
  NodeId nominal(std::span<const NodeId> parts);
  NodeId resource(ResourceId id);
  /// The same with another identity: what a new type index has.
  NodeId copy(NodeId node);

  Kind kind(NodeId node) const { return nodes_[node].kind; }
  bool has_resource(NodeId node) const { return nodes_[node].has_resource; }
  /// Requires: kind is Resource.
  ResourceId resource_of(NodeId node) const { return nodes_[node].resource; }
  /// Invalidated by the next new node.
  std::span<const NodeId> children(NodeId node) const {
    return std::span(children_).subspan(nodes_[node].first, nodes_[node].count);
  }
  /// Of a positional node; kNoNode has only children that are kNoNode.
  NodeId child(NodeId node, size_t i) const { return node == kNoNode ? kNoNode : children(node)[i]; }
  /// A node like `like` with these children.
  NodeId with_children(NodeId like, std::span<const NodeId> children);

 private:
  struct Node {
    Kind kind = Kind::Plain;
    bool has_resource = false;
    ResourceId resource = 0;
    uint32_t first = 0, count = 0;
  };
  NodeId add(Kind kind, std::span<const NodeId> children);
  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
};

}  // namespace skiff::component
