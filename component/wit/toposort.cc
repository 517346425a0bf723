// Kahn's algorithm with the ready nodes in a heap by number.
#include "component/wit/toposort.h"

#include <functional>
#include <queue>

namespace skiff::component::wit {
namespace {

// Some cycle among the nodes that still wait; each of them waits for another one of them.
std::vector<Edge> find_cycle(const std::vector<uint32_t>& waiting, const std::vector<Edge>& edges) {
  constexpr uint32_t kNone = ~uint32_t{0};
  std::vector<uint32_t> next(waiting.size(), kNone);  // an edge to follow from each waiting node
  for (uint32_t i = 0; i < edges.size(); ++i)
    if (waiting[edges[i].from] != 0 && waiting[edges[i].to] != 0 && next[edges[i].from] == kNone)
      next[edges[i].from] = i;
  uint32_t node = 0;
  while (waiting[node] == 0) ++node;
  // Walking as many steps as there are nodes surely ends within a cycle.
  for (size_t i = 0; i < waiting.size(); ++i) node = edges[next[node]].to;
  std::vector<Edge> cycle;
  const uint32_t start = node;
  do {
    cycle.push_back(edges[next[node]]);
    node = edges[next[node]].to;
  } while (node != start);
  return cycle;
}

}  // namespace

TopologicalOrder toposort(uint32_t nodes, const std::vector<Edge>& edges) {
  std::vector<uint32_t> waiting(nodes, 0);  // how many nodes each still waits for
  std::vector<std::vector<uint32_t>> dependents(nodes);
  for (const Edge& e : edges) {
    ++waiting[e.from];
    dependents[e.to].push_back(e.from);
  }
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  for (uint32_t i = 0; i < nodes; ++i)
    if (waiting[i] == 0) ready.push(i);
  TopologicalOrder result;
  while (!ready.empty()) {
    const uint32_t node = ready.top();
    ready.pop();
    result.order.push_back(node);
    for (uint32_t dependent : dependents[node])
      if (--waiting[dependent] == 0) ready.push(dependent);
  }
  if (result.order.size() < nodes) result.cycle = find_cycle(waiting, edges);
  return result;
}

}  // namespace skiff::component::wit
