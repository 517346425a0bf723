// Elaboration: a world lists what its items imply. An interface that an import uses types of is
// imported before it. One that an export uses types of is exported before it when the world exports
// it, else imported; then no interface reached through it may be exported, or the exporting
// component would see the same types twice.
#include <algorithm>
#include <functional>

#include "component/wit/resolve_parts.h"

namespace skiff::component::wit {
namespace {

// Interfaces, used types, own types, functions, functions of resources: what refers comes after.
int rank(const Resolve& resolve, const WorldItem& item) {
  if (std::holds_alternative<WorldInterface>(item)) return 0;
  if (const TypeId* type = std::get_if<TypeId>(&item)) return resolve.used_from(*type) ? 1 : 2;
  return std::get<Function>(item).kind == Function::Kind::Freestanding ? 3 : 4;
}

void sort_items(const Resolve& resolve, OrderedMap<WorldItem>& items) {
  items.sort_by([&](const auto& entry) { return rank(resolve, entry.second); });
}

}  // namespace

Status Resolver::spend(size_t items) {
  items_ += items;
  if (items_ <= kMaxItems) return {};
  return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex,
              "worlds and dependencies of interfaces have more than " + std::to_string(kMaxItems) +
                  " items together");
}

// What it costs to have an interface among imports or exports: its items are listed there in the
// binary format.
size_t Resolver::cost(InterfaceId id) const {
  return 1 + out_[id].types.size() + out_[id].functions.size();
}

// An interface's own binary form lists the types of all interfaces that it uses, directly or not.
Status Resolver::spend_dependencies(InterfaceId root) {
  std::unordered_map<uint32_t, bool> seen;
  std::vector<InterfaceId> work = deps_[root.index];
  while (!work.empty()) {
    const InterfaceId id = work.back();
    work.pop_back();
    if (std::exchange(seen[id.index], true)) continue;
    SKIFF_TRY(spend(1 + out_[id].types.size()));
    work.insert(work.end(), deps_[id.index].begin(), deps_[id.index].end());
  }
  return {};
}

// Imports an interface under its own name, after all that it uses. `seen`: stops at what it holds
// already.
Status Resolver::import_closure(InterfaceId root, OrderedMap<WorldItem>& imports,
                                const Stability& stability,
                                std::unordered_map<uint32_t, bool>* seen) {
  struct Frame {
    InterfaceId id;
    size_t next = 0;  // in deps_
  };
  const auto is_done = [&](InterfaceId id) {
    if (seen) return std::exchange((*seen)[id.index], true);
    return imports.contains(out_.name_of(id));
  };
  if (is_done(root)) return {};
  std::vector<Frame> stack{{root}};
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (top.next < deps_[top.id.index].size()) {
      const InterfaceId dep = deps_[top.id.index][top.next++];
      if (!is_done(dep)) stack.push_back({dep});
      continue;
    }
    WorldInterface item{top.id, {}};
    if (stability.kind == Stability::Kind::Unstable) item.attributes.stability = stability;
    if (imports.insert(out_.name_of(top.id), std::move(item))) SKIFF_TRY(spend(cost(top.id)));
    stack.pop_back();
  }
  return {};
}

Status Resolver::elaborate_imports(const World& world, OrderedMap<WorldItem>& imports) {
  for (const auto& [key, item] : world.imports) {
    if (const auto* interface = std::get_if<WorldInterface>(&item)) {
      for (InterfaceId dep : deps_[interface->interface.index])
        SKIFF_TRY(import_closure(dep, imports, interface->attributes.stability, nullptr));
    } else if (const TypeId* type = std::get_if<TypeId>(&item)) {
      if (const auto from = out_.used_from(*type))
        SKIFF_TRY(import_closure(*from, imports, out_[*type].attributes.stability, nullptr));
    }
    // An interface may be there already, as what another one uses; it keeps its place and gets the
    // attributes.
    if (WorldItem* there = imports.find(key)) {
      *there = item;
    } else {
      imports.insert(key, item);
    }
  }
  return {};
}

Status Resolver::elaborate_exports(const World& world, Span at, OrderedMap<WorldItem>& imports,
                                   OrderedMap<WorldItem>& exports) {
  std::unordered_map<uint32_t, uint32_t>
      exported;  // InterfaceId exported under its own name -> entry
  for (uint32_t i = 0; i < world.exports.size(); ++i) {
    const auto& [key, item] = world.exports[i];
    if (const auto* interface = std::get_if<WorldInterface>(&item);
        interface && key == out_.name_of(interface->interface))
      exported.emplace(interface->interface.index, i);
  }
  // Exports in the order of their dependencies among each other, functions first.
  std::vector<Edge> edges;
  for (uint32_t i = 0; i < world.exports.size(); ++i)
    if (const auto* interface = std::get_if<WorldInterface>(&world.exports[i].second))
      for (InterfaceId dep : deps_[interface->interface.index])
        if (const auto found = exported.find(dep.index); found != exported.end())
          edges.push_back({i, found->second});
  const TopologicalOrder sort = toposort(static_cast<uint32_t>(world.exports.size()), edges);
  for (const auto& [key, item] : world.exports)
    if (std::holds_alternative<Function>(item)) exports.insert(key, item);
  std::unordered_map<uint32_t, bool> required;  // interfaces that exports need as imports
  for (uint32_t i : sort.order) {
    const auto& [key, item] = world.exports[i];
    const auto* interface = std::get_if<WorldInterface>(&item);
    if (!interface) continue;
    for (InterfaceId dep : deps_[interface->interface.index])
      if (!exported.contains(dep.index))
        SKIFF_TRY(import_closure(dep, imports, interface->attributes.stability, &required));
    exports.insert(key, item);
  }
  for (const auto& [key, item] : exports) {
    const auto* interface = std::get_if<WorldInterface>(&item);
    if (!interface || !required.contains(interface->interface.index) ||
        !exported.contains(interface->interface.index))
      continue;
    return error(at,
                 "world `" + world.name + "` exports `" + key +
                     "` and also needs it as an import, since an exported interface uses types of "
                     "an interface "
                     "that uses it and is not exported",
                 "export the interfaces between them too");
  }
  return {};
}

Status Resolver::elaborate(WorldId id, Span at) {
  World& world = out_[id];
  sort_items(out_, world.imports);
  OrderedMap<WorldItem> imports;
  OrderedMap<WorldItem> exports;
  SKIFF_TRY(elaborate_imports(world, imports));
  SKIFF_TRY(elaborate_exports(world, at, imports, exports));
  sort_items(out_, imports);
  world.imports = std::move(imports);
  world.exports = std::move(exports);
  return {};
}

}  // namespace skiff::component::wit
