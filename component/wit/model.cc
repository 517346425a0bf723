// Names, lookups and walks over resolved WIT.
#include "component/wit/model.h"

#include <algorithm>
#include <numeric>

#include "component/wit/toposort.h"

namespace skiff::component::wit {

std::string_view Function::item_name() const {
  const std::string_view all = name;
  if (kind == Kind::Freestanding) return all;
  if (kind == Kind::Constructor) return all.substr(all.find(']') + 1);
  return all.substr(all.find('.') + 1);
}

std::string PackageName::to_string() const {
  std::string s = ns + ':' + name;
  if (version) s += '@' + version->to_string();
  return s;
}

std::string PackageName::item(std::string_view item) const {
  std::string s = ns + ':' + name + '/';
  s += item;
  if (version) s += '@' + version->to_string();
  return s;
}

std::string Resolve::name_of(InterfaceId id) const {
  const Interface& i = (*this)[id];
  if (i.name.empty() || !i.package) return {};
  return (*this)[*i.package].name.item(i.name);
}

std::string Resolve::name_of(WorldId id) const {
  return (*this)[(*this)[id].package].name.item((*this)[id].name);
}

std::optional<PackageId> Resolve::find_package(const PackageName& name) const {
  for (uint32_t i = 0; i < packages.size(); ++i)
    if (packages[i].name == name) return PackageId{i};
  return std::nullopt;
}

std::optional<std::string> Resolve::implements(std::string_view key,
                                               const WorldInterface& item) const {
  std::string name = name_of(item.interface);
  if (name.empty() || name == key) return std::nullopt;
  return name;
}

Type Resolve::resolve_alias(Type type) const {
  while (const TypeId* id = std::get_if<TypeId>(&type)) {
    const Alias* alias = std::get_if<Alias>(&(*this)[*id].body);
    if (!alias) break;
    type = alias->type;
  }
  return type;
}

std::optional<InterfaceId> Resolve::used_from(TypeId id) const {
  const TypeDef& t = (*this)[id];
  const Alias* alias = std::get_if<Alias>(&t.body);
  if (!alias || t.name.empty()) return std::nullopt;
  const TypeId* target = std::get_if<TypeId>(&alias->type);
  if (!target) return std::nullopt;
  const TypeDef& from = (*this)[*target];
  const InterfaceId* owner = std::get_if<InterfaceId>(&from.owner);
  if (!owner || from.owner == t.owner) return std::nullopt;
  return *owner;
}

std::vector<InterfaceId> Resolve::direct_deps(InterfaceId id) const {
  std::vector<InterfaceId> deps;
  std::unordered_map<uint32_t, bool> seen;
  for (const auto& [name, type] : (*this)[id].types)
    if (const auto from = used_from(type))
      if (!std::exchange(seen[from->index], true)) deps.push_back(*from);
  return deps;
}

bool Resolve::has_borrow(Type type) const {
  // A worklist with a set: types are a graph with shared parts, and as deep as the input likes.
  std::vector<TypeId> work;
  std::unordered_map<uint32_t, bool> seen;
  const auto visit = [&](const Type& t) {
    if (const TypeId* id = std::get_if<TypeId>(&t))
      if (!std::exchange(seen[id->index], true)) work.push_back(*id);
  };
  visit(type);
  while (!work.empty()) {
    const TypeId id = work.back();
    work.pop_back();
    if (std::holds_alternative<Borrow>((*this)[id].body)) return true;
    each_type((*this)[id].body, visit);
  }
  return false;
}

namespace {

std::vector<std::string> world_names(const Resolve& resolve, PackageId package) {
  std::vector<std::string> names;
  for (const auto& [name, id] : resolve[package].worlds) names.push_back(name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string s;
  for (const std::string& name : names) s += (s.empty() ? "`" : ", `") + name + "`";
  return s;
}

Result<WorldId> world_of(const Resolve& resolve, PackageId package, std::string_view which) {
  const std::vector<std::string> names = world_names(resolve, package);
  const std::string where = "package `" + resolve[package].name.to_string() + "`";
  if (which.empty()) {
    if (names.size() == 1) return resolve[package].worlds[0].second;
    if (names.empty())
      return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, where + " has no world");
    return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
                where + " has several worlds, name one of " + joined(names));
  }
  if (const WorldId* id = resolve[package].worlds.find(which)) return *id;
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
              where + " has no world `" + std::string(which) + "`" +
                  (names.empty() ? "" : "; it has " + joined(names)));
}

}  // namespace

Result<WorldId> select_world(const Resolve& resolve, PackageId package, std::string_view which) {
  const size_t slash = which.rfind('/', which.find('@'));
  if (which.find(':') == std::string_view::npos || slash == std::string_view::npos)
    return world_of(resolve, package, which);
  const size_t at = which.find('@');
  const std::string_view prefix = which.substr(0, slash);
  const std::string_view world =
      which.substr(slash + 1, at == std::string_view::npos ? at : at - slash - 1);
  std::vector<PackageId> found;
  for (uint32_t i = 0; i < resolve.packages.size(); ++i) {
    const PackageName& name = resolve.packages[i].name;
    if (name.ns + ':' + name.name != prefix) continue;
    if (at != std::string_view::npos &&
        (!name.version || name.version->to_string() != which.substr(at + 1)))
      continue;
    found.push_back(PackageId{i});
  }
  if (found.size() == 1) return world_of(resolve, found[0], world);
  std::string detail = found.empty() ? "no package for world `" : "several packages match world `";
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, detail + std::string(which) + "`");
}

std::vector<PackageId> order_packages(Resolve& resolve) {
  const auto count = static_cast<uint32_t>(resolve.packages.size());
  std::vector<uint32_t> sorted(count);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) {
    return resolve.packages[a].name.to_string() < resolve.packages[b].name.to_string();
  });
  std::vector<uint32_t> position(count);
  for (uint32_t i = 0; i < count; ++i) position[sorted[i]] = i;
  std::vector<Edge> edges;
  const auto edge = [&](PackageId from, InterfaceId to) {
    const std::optional<PackageId>& package = resolve[to].package;
    if (package && *package != from)
      edges.push_back({position[from.index], position[package->index]});
  };
  for (uint32_t i = 0; i < resolve.interfaces.size(); ++i)
    if (resolve.interfaces[i].package)
      for (InterfaceId dep : resolve.direct_deps({i})) edge(*resolve.interfaces[i].package, dep);
  for (const World& w : resolve.worlds)
    for (const auto* items : {&w.imports, &w.exports})
      for (const auto& [key, item] : *items)
        if (const auto* interface = std::get_if<WorldInterface>(&item))
          edge(w.package, interface->interface);
  const TopologicalOrder sort = toposort(count, edges);
  std::vector<PackageId> new_id(count);
  if (!sort.cycle.empty()) {
    for (uint32_t i = 0; i < count; ++i) new_id[i] = {i};
    return new_id;
  }
  std::vector<Package> packages;
  for (uint32_t i : sort.order) {
    new_id[sorted[i]] = {static_cast<uint32_t>(packages.size())};
    packages.push_back(std::move(resolve.packages[sorted[i]]));
  }
  resolve.packages = std::move(packages);
  for (Interface& i : resolve.interfaces)
    if (i.package) i.package = new_id[i.package->index];
  for (World& w : resolve.worlds) w.package = new_id[w.package.index];
  return new_id;
}

}  // namespace skiff::component::wit
