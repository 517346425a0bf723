// Making nodes. Children lie in one array, in order of creation.
#include "component/valid/nodes.h"

#include <algorithm>

namespace skiff::component {

NodeId Nodes::add(Kind kind, std::span<const NodeId> children) {
  // The children may lie in our own array.
  const std::vector<NodeId> list(children.begin(), children.end());
  Node node;
  node.kind = kind;
  node.first = static_cast<uint32_t>(children_.size());
  node.count = static_cast<uint32_t>(list.size());
  for (NodeId c : list) node.has_resource |= nodes_[c].has_resource;
  children_.insert(children_.end(), list.begin(), list.end());
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

NodeId Nodes::plain(std::span<const NodeId> parts) {
  std::vector<NodeId> kept;
  for (NodeId p : parts)
    if (p != kNoNode && (kept.empty() || kept.back() != p)) kept.push_back(p);
  if (kept.empty()) return kNoNode;
  if (kept.size() == 1 && kind(kept[0]) == Kind::Plain) return kept[0];
  return add(Kind::Plain, kept);
}

NodeId Nodes::positional(std::span<const NodeId> children) {
  if (std::all_of(children.begin(), children.end(), [](NodeId c) { return c == kNoNode; })) return kNoNode;
  return add(Kind::Plain, children);
}

NodeId Nodes::nominal(std::span<const NodeId> parts) {
  std::vector<NodeId> kept;
  for (NodeId p : parts)
    if (p != kNoNode) kept.push_back(p);
  return add(Kind::Nominal, kept);
}

NodeId Nodes::resource(ResourceId id) {
  const NodeId node = add(Kind::Resource, {});
  nodes_[node].resource = id;
  nodes_[node].has_resource = true;
  return node;
}

NodeId Nodes::copy(NodeId node) {
  switch (kind(node)) {
    case Kind::Plain: return node;
    case Kind::Nominal: return add(Kind::Nominal, children(node));
    case Kind::Resource: return resource(resource_of(node));
  }
  return node;
}

NodeId Nodes::with_children(NodeId like, std::span<const NodeId> children) {
  return add(kind(like), children);
}

}  // namespace skiff::component
