// Uniting worlds: what `from` names is found in `into` by package, interface and name, or copied.
// Recursion: over types, bounded by kMaxDepth; named ones are met in an order in which the chain is
// short.
#include "component/tools/module.h"
#include "component/tools/wit_names.h"
#include "component/wit/print.h"
#include "component/wit/version.h"

namespace skiff::component::tools {
namespace {

constexpr uint32_t kMaxDepth = 200;

class Merger {
 public:
  Merger(Resolve& into, WorldId world, const Resolve& from)
      : into_(into), world_(world), from_(from) {}

  Status run(const World& world);

 private:
  void raise(PackageId id, const wit::Version& version);
  PackageId package(PackageId id);
  Result<InterfaceId> interface(InterfaceId id);
  Result<TypeId> type(TypeId id, uint32_t depth);
  Result<TypeId> owned_type(TypeId id, uint32_t depth);
  Status body(TypeBody& body, uint32_t depth);
  Result<Function> function(const Function& f);
  Status items(const OrderedMap<WorldItem>& from, OrderedMap<WorldItem> World::* to);

  static std::unexpected<Error> bad(std::string what) {
    return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex, std::move(what));
  }

  Resolve& into_;
  WorldId world_;
  const Resolve& from_;
  std::unordered_map<uint32_t, InterfaceId> interfaces_;
  std::unordered_map<uint32_t, TypeId> types_;
};

// Gives a package of `into` a newer version: its interfaces have new names in the world.
void Merger::raise(PackageId id, const wit::Version& version) {
  World& world = into_[world_];
  for (OrderedMap<WorldItem>* items : {&world.imports, &world.exports}) {
    OrderedMap<WorldItem> renamed;
    for (auto& [key, item] : *items) {
      std::string name = key;
      const auto* i = std::get_if<WorldInterface>(&item);
      if (i && into_[i->interface].package == id && key == into_.name_of(i->interface)) {
        wit::PackageName package = into_[id].name;
        package.version = version;
        name = package.item(into_[i->interface].name);
      }
      renamed.insert(std::move(name), std::move(item));
    }
    *items = std::move(renamed);
  }
  into_[id].name.version = version;
}

// The package of that name, or of a compatible version, or a new one.
PackageId Merger::package(PackageId id) {
  const wit::Package& p = from_[id];
  if (const auto found = into_.find_package(p.name)) return *found;
  for (uint32_t i = 0; p.name.version && i < into_.packages.size(); ++i) {
    const wit::PackageName& other = into_.packages[i].name;
    if (other.ns != p.name.ns || other.name != p.name.name || !other.version) continue;
    if (!wit::semver_compatible(*p.name.version, *other.version)) continue;
    if (wit::compare(*p.name.version, *other.version) > 0) raise({i}, *p.name.version);
    return {i};
  }
  into_.packages.push_back({p.name, p.docs, {}, {}});
  return {static_cast<uint32_t>(into_.packages.size() - 1)};
}

// The interface with all its types and functions. Those that it uses come before it.
Result<InterfaceId> Merger::interface(InterfaceId id) {
  if (const auto found = interfaces_.find(id.index); found != interfaces_.end())
    return found->second;
  const wit::Interface& source = from_[id];
  const auto fresh = [&] {
    const InterfaceId made{static_cast<uint32_t>(into_.interfaces.size())};
    wit::Interface& i = into_.interfaces.emplace_back();
    i.name = source.name;
    i.attributes = source.attributes;
    return made;
  };
  InterfaceId target;
  if (source.name.empty() || !source.package) {
    target = fresh();
    into_[target].package = into_[world_].package;
  } else {
    const PackageId owner = package(*source.package);
    if (const InterfaceId* there = into_[owner].interfaces.find(source.name)) {
      target = *there;
    } else {
      target = fresh();
      into_[target].package = owner;
      into_[owner].interfaces.insert(source.name, target);
    }
  }
  interfaces_.emplace(id.index, target);
  for (const auto& [name, t] : source.types) SKIFF_TRY(type(t, 0));
  for (const auto& [name, f] : source.functions) {
    Function copy = SKIFF_TRY(function(f));
    const Function* there = into_[target].functions.find(name);
    if (there && print_function(into_, *there) != print_function(into_, copy))
      return bad("function `" + name + "` of `" + from_.name_of(id) + "` has two types");
    if (!there) into_[target].functions.insert(name, std::move(copy));
  }
  into_[target].functions.sort_by(
      [](const auto& entry) { return entry.second.kind == Function::Kind::Freestanding; });
  return target;
}

Status Merger::body(TypeBody& body, uint32_t depth) {
  Status status;
  const auto map = [&](TypeId& id) {
    if (!status) return;
    if (auto mapped = type(id, depth + 1)) {
      id = *mapped;
    } else {
      status = std::unexpected(std::move(mapped).error());
    }
  };
  each_type(body, [&](Type& part) {
    if (TypeId* id = std::get_if<TypeId>(&part)) map(*id);
  });
  if (Own* own = std::get_if<Own>(&body)) map(own->resource);
  if (Borrow* borrow = std::get_if<Borrow>(&body)) map(borrow->resource);
  return status;
}

// A named type: the one of the same name where its owner went, or a copy there.
Result<TypeId> Merger::owned_type(TypeId id, uint32_t depth) {
  const wit::TypeDef& source = from_[id];
  Owner owner = world_;
  if (const InterfaceId* i = std::get_if<InterfaceId>(&source.owner)) {
    const auto found = interfaces_.find(i->index);
    owner = found != interfaces_.end() ? found->second : SKIFF_TRY(interface(*i));
    if (const auto done = types_.find(id.index); done != types_.end()) return done->second;
  }
  const InterfaceId* in = std::get_if<InterfaceId>(&owner);
  const TypeId* there = nullptr;
  if (in) {
    there = into_[*in].types.find(source.name);
  } else if (const WorldItem* item = into_[world_].imports.find(source.name)) {
    there = std::get_if<TypeId>(item);
    if (!there) return bad("`" + source.name + "` is a type and something else");
  }
  if (there) {
    if (into_[*there].body.index() != source.body.index())
      return bad("type `" + source.name + "` is defined in two ways");
    return *there;
  }
  wit::TypeDef copy = source;
  copy.owner = owner;
  SKIFF_TRY(body(copy.body, depth));
  const TypeId made{static_cast<uint32_t>(into_.types.size())};
  into_.types.push_back(std::move(copy));
  if (in) {
    into_[*in].types.insert(source.name, made);
  } else {
    into_[world_].imports.insert(source.name, made);
  }
  return made;
}

Result<TypeId> Merger::type(TypeId id, uint32_t depth) {
  if (const auto found = types_.find(id.index); found != types_.end()) return found->second;
  if (depth > kMaxDepth)
    return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex, "types are nested too deep");
  TypeId made;
  if (!from_[id].name.empty()) {
    made = SKIFF_TRY(owned_type(id, depth));
  } else {
    wit::TypeDef copy = from_[id];
    SKIFF_TRY(body(copy.body, depth));
    made = {static_cast<uint32_t>(into_.types.size())};
    into_.types.push_back(std::move(copy));
  }
  types_.emplace(id.index, made);
  return made;
}

Result<Function> Merger::function(const Function& f) {
  Function copy = f;
  const auto map = [&](Type& t) -> Status {
    if (TypeId* id = std::get_if<TypeId>(&t)) *id = SKIFF_TRY(type(*id, 0));
    return {};
  };
  for (Param& p : copy.params) SKIFF_TRY(map(p.type));
  if (copy.result) SKIFF_TRY(map(*copy.result));
  if (copy.kind != Function::Kind::Freestanding) copy.resource = SKIFF_TRY(type(copy.resource, 0));
  return copy;
}

Status Merger::items(const OrderedMap<WorldItem>& from, OrderedMap<WorldItem> World::* to) {
  for (const auto& [from_key, item] : from) {
    std::string key = from_key;
    if (const TypeId* id = std::get_if<TypeId>(&item)) {
      SKIFF_TRY(type(*id, 0));
      continue;
    }
    WorldItem copy = item;
    if (auto* i = std::get_if<WorldInterface>(&copy)) {
      const bool own_name = key == from_.name_of(i->interface);
      i->interface = SKIFF_TRY(interface(i->interface));
      if (own_name) key = into_.name_of(i->interface);
    } else {
      copy = SKIFF_TRY(function(std::get<Function>(item)));
    }
    const WorldItem* there = (into_[world_].*to).find(key);
    if (!there) {
      (into_[world_].*to).insert(key, std::move(copy));
    } else if (there->index() != copy.index()) {
      return bad("`" + key + "` means different things in two worlds");
    } else if (const auto* i = std::get_if<WorldInterface>(there);
               i && i->interface != std::get<WorldInterface>(copy).interface) {
      return bad("interface `" + key + "` is written inline in two worlds");
    }
  }
  return {};
}

Status Merger::run(const World& world) {
  SKIFF_TRY(items(world.imports, &World::imports));
  SKIFF_TRY(items(world.exports, &World::exports));
  const auto rank = [&](const auto& entry) {
    if (std::holds_alternative<WorldInterface>(entry.second)) return 0;
    if (const TypeId* id = std::get_if<TypeId>(&entry.second)) return into_.used_from(*id) ? 1 : 2;
    return std::get<Function>(entry.second).kind == Function::Kind::Freestanding ? 3 : 4;
  };
  into_[world_].imports.sort_by(rank);
  return {};
}

}  // namespace

Status merge_world(wit::DecodedWorld& into, const wit::DecodedWorld& from) {
  return Merger(into.resolve, into.world, from.resolve).run(from.resolve[from.world]);
}

}  // namespace skiff::component::tools
