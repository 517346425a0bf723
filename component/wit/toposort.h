// Topological order of a small graph given by edges; nodes are numbers. Among the orders possible,
// the one that keeps nodes nearest to their number: for lists that are in order already, the list
// itself.
#pragma once

#include <cstdint>
#include <vector>

namespace skiff::component::wit {

struct Edge {
  uint32_t from;  // needs `to`, which comes first
  uint32_t to;
};

struct TopologicalOrder {
  std::vector<uint32_t> order;  // all nodes, when there is no cycle
  std::vector<Edge> cycle;      // else the edges of one cycle: a->b, b->c, c->a
};

/// Time: (nodes + edges) * log(nodes).
TopologicalOrder toposort(uint32_t nodes, const std::vector<Edge>& edges);

}  // namespace skiff::component::wit
