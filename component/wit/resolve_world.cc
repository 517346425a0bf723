// Worlds: their own items, then those of the worlds that they include.
#include <functional>

#include "component/types/names.h"
#include "component/wit/name.h"
#include "component/wit/resolve_parts.h"

namespace skiff::component::wit {

// Copies types that a world owns for another world that includes it, and what refers to them.
class WorldCloner {
 public:
  WorldCloner(Resolver& resolver, WorldId into) : r_(resolver), into_(into) {}

  /// Copies a type that the included world owns, under a name.
  TypeId clone_named(TypeId id, const std::string& name) {
    TypeDef copy = r_.out_[id];
    copy.name = name;
    copy.owner = into_;
    map_body(copy.body);
    return add(id, std::move(copy));
  }
  /// From here on, `id` is to be taken for `same`.
  void identify(TypeId id, TypeId same) { map_[id.index] = same; }

  Function clone(Function f) {
    f.resource = map_id(f.resource);
    for (Param& p : f.params) p.type = map(p.type);
    if (f.result) f.result = map(*f.result);
    return f;
  }

 private:
  TypeId add(TypeId id, TypeDef copy) {
    const TypeId result{static_cast<uint32_t>(r_.out_.types.size())};
    r_.out_.types.push_back(std::move(copy));
    r_.borrows_.push_back(r_.borrows_[id.index]);
    map_.emplace(id.index, result);
    return result;
  }
  TypeId map_id(TypeId id) const {
    const auto found = map_.find(id.index);
    return found == map_.end() ? id : found->second;
  }
  // Anonymous types are copied when something in them is. Their nesting is bounded by the parser.
  Type map(Type type) {
    const TypeId* id = std::get_if<TypeId>(&type);
    if (!id) return type;
    const auto found = map_.find(id->index);
    if (found != map_.end()) return found->second;
    if (!r_.out_[*id].name.empty()) return type;
    TypeDef copy = r_.out_[*id];
    const size_t before = changes_;
    map_body(copy.body);
    if (changes_ == before) return type;
    return add(*id, std::move(copy));
  }
  void map_into(Type& type) {
    const Type mapped = map(type);
    changes_ += mapped != type;
    type = mapped;
  }
  void map_into(std::optional<Type>& type) {
    if (type) map_into(*type);
  }
  void map_into(TypeId& resource) {
    const TypeId mapped = map_id(resource);
    changes_ += mapped != resource;
    resource = mapped;
  }
  void map_body(TypeBody& body) {
    if (auto* t = std::get_if<Own>(&body)) return map_into(t->resource);
    if (auto* t = std::get_if<Borrow>(&body)) return map_into(t->resource);
    each_type(body, [&](Type& part) { map_into(part); });
  }

  Resolver& r_;
  WorldId into_;
  std::unordered_map<uint32_t, TypeId> map_;
  size_t changes_ = 0;
};

Status Resolver::add_world_item(World& world, bool is_export, std::string key, WorldItem value,
                                Span at) {
  const auto* interface = std::get_if<WorldInterface>(&value);
  SKIFF_TRY(spend(interface ? cost(interface->interface) : 1));
  OrderedMap<WorldItem>& items = is_export ? world.exports : world.imports;
  const std::string what = is_export ? "exported" : "imported";
  const std::string name = key;
  if (items.insert(std::move(key), std::move(value))) return {};
  return error(at, "`" + name + "` is " + what + " twice in world `" + world.name + "`",
               name.find(':') == std::string::npos ? "rename one of them" : "remove one of them");
}

Status Resolver::add_extern(World& world, const ast::Extern& tree, uint32_t scope,
                            TypeScope& types) {
  const Span at = tree.name ? tree.name->span : std::get<ast::UsePath>(tree.what).span;
  if (!SKIFF_TRY(is_on(tree.attributes, scopes_[scope].package, at))) return {};
  if (const auto* func = std::get_if<ast::Func>(&tree.what)) {
    std::optional<Function> f = SKIFF_TRY(types.function(*func, std::nullopt));
    f->attributes = tree.attributes;
    std::string key = f->name;
    return add_world_item(world, tree.is_export, std::move(key), std::move(*f), at);
  }
  WorldInterface item;
  item.attributes = tree.attributes;
  std::string key;
  if (const auto* inner = std::get_if<ast::Interface>(&tree.what)) {
    item.interface = SKIFF_TRY(build_interface(*inner, {}, scope));
    out_[item.interface].attributes.stability = tree.attributes.stability;
  } else {
    const ItemRef ref = SKIFF_TRY(find_interface(scope, std::get<ast::UsePath>(tree.what)));
    item.interface = {this->item(ref).id};
    key = out_.name_of(item.interface);
  }
  if (tree.name) key = tree.name->name;
  return add_world_item(world, tree.is_export, std::move(key), std::move(item), at);
}

namespace {

// Plain names of a world must differ strongly, imports and exports each for themselves.
std::optional<std::string> strong_clash(const OrderedMap<WorldItem>& items, std::string& other) {
  std::unordered_map<std::string, std::string_view> seen;
  for (const auto& [key, value] : items)
    if (const auto [slot, is_new] = seen.emplace(strong_name(key), key); !is_new) {
      other = slot->second;
      return key;
    }
  return std::nullopt;
}

// What a plain key becomes by `include ... with`: also "[method]r.f" when r is renamed. Marks what
// was used.
std::string renamed(const std::string& key, const ast::Include& tree, std::vector<bool>& used) {
  for (size_t i = 0; i < tree.with.size(); ++i) {
    const std::string_view from = tree.with[i].name.name;
    if (key == from) {
      used[i] = true;
      return std::string(tree.with[i].as.name);
    }
    const size_t close = key.find(']');
    if (close == std::string::npos) continue;
    const std::string_view rest = std::string_view(key).substr(close + 1);
    const std::string_view resource = rest.substr(0, rest.find('.'));
    if (resource == from)
      return key.substr(0, close + 1) + std::string(tree.with[i].as.name) +
             std::string(rest.substr(resource.size()));
  }
  return key;
}

Attributes& attributes_of(WorldItem& item, Attributes& none) {
  if (auto* i = std::get_if<WorldInterface>(&item)) return i->attributes;
  if (auto* f = std::get_if<Function>(&item)) return f->attributes;
  return none;
}

}  // namespace

Status Resolver::include_items(World& into, const OrderedMap<WorldItem>& from,
                               PackageId from_package, bool is_export, const ast::Include& tree,
                               WorldCloner& cloner, std::vector<bool>& used) {
  const std::string_view what = is_export ? "export" : "import";
  for (const auto& [key, value] : from) {
    const auto* interface = std::get_if<WorldInterface>(&value);
    SKIFF_TRY(spend(interface ? cost(interface->interface) : 1));
    OrderedMap<WorldItem>& items = is_export ? into.exports : into.imports;
    const bool is_plain = key.find(':') == std::string::npos;
    const std::string name = is_plain ? renamed(key, tree, used) : key;
    const WorldItem* there = items.find(name);
    if (there && !is_plain) continue;
    if (there) {
      // The same type of the same interface, used by both, is one.
      const TypeId* a = std::get_if<TypeId>(there);
      const TypeId* b = std::get_if<TypeId>(&value);
      if (!a || !b || !out_.used_from(*a) || !out_.used_from(*b) ||
          out_.resolve_alias(*a) != out_.resolve_alias(*b))
        return error(
            tree.world.span,
            "the included " + std::string(what) + " `" + name + "` conflicts with an earlier one",
            "rename it: `include ... with { " + key + " as new-name }`");
      cloner.identify(*b, *a);
      continue;
    }
    WorldItem copy = value;
    if (TypeId* type = std::get_if<TypeId>(&copy)) *type = cloner.clone_named(*type, name);
    if (Function* f = std::get_if<Function>(&copy)) {
      *f = cloner.clone(std::move(*f));
      f->name = name;
    }
    Attributes none;
    Attributes& attributes = attributes_of(copy, none);
    // The gate of the `include` wins; a version of the included world's package means nothing in
    // another one.
    const bool foreign =
        attributes.stability.kind == Stability::Kind::Stable && from_package != into.package;
    if (tree.attributes.stability.kind != Stability::Kind::Unknown || foreign)
      attributes.stability = tree.attributes.stability;
    items.insert(name, std::move(copy));
  }
  return {};
}

Status Resolver::include_world(WorldId into, const ast::Include& tree, uint32_t scope) {
  const ItemRef ref = SKIFF_TRY(find_world(scope, tree.world));
  const WorldId from{item(ref).id};
  std::unordered_map<std::string_view, bool> seen;
  for (const ast::UseName& rename : tree.with)
    if (!seen.emplace(rename.name.name, true).second)
      return error(rename.name.span, "`" + std::string(rename.name.name) + "` is renamed twice");
  WorldCloner cloner(*this, into);
  std::vector<bool> used(tree.with.size());
  // Copies: out_.worlds does not grow here, but both are parts of it.
  const OrderedMap<WorldItem> imports = out_[from].imports;
  const OrderedMap<WorldItem> exports = out_[from].exports;
  SKIFF_TRY(include_items(out_[into], imports, out_[from].package, false, tree, cloner, used));
  SKIFF_TRY(include_items(out_[into], exports, out_[from].package, true, tree, cloner, used));
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i])
      return error(tree.with[i].name.span,
                   "world `" + out_[from].name + "` has no import or export `" +
                       std::string(tree.with[i].name.name) + "`",
                   "only plain names can be renamed, not those of interfaces");
  return {};
}

Status Resolver::resolve_world(PackageSource& package, PackageItem& item) {
  const WorldId id{static_cast<uint32_t>(out_.worlds.size())};
  out_.worlds.emplace_back();
  item.id = id.index;
  World world;
  world.name = item.name;
  world.package = package.id;
  world.attributes = item.world->attributes;
  TypeScope types(*this, id, item.scope);
  for (const ast::WorldItem& part : item.world->items) {
    if (const auto* use = std::get_if<ast::Use>(&part)) types.add(*use);
    if (const auto* type = std::get_if<ast::Type>(&part)) types.add(*type);
  }
  SKIFF_TRY(types.define());
  for (const auto& [name, type] : types.types())
    SKIFF_TRY(add_world_item(world, false, name, type, item.span()));
  for (Function& f : types.functions()) {
    std::string key = f.name;
    SKIFF_TRY(add_world_item(world, false, std::move(key), std::move(f), item.span()));
  }
  for (const ast::WorldItem& part : item.world->items)
    if (const auto* e = std::get_if<ast::Extern>(&part))
      SKIFF_TRY(add_extern(world, *e, item.scope, types));
  out_[id] = std::move(world);
  for (const ast::WorldItem& part : item.world->items)
    if (const auto* include = std::get_if<ast::Include>(&part))
      if (SKIFF_TRY(is_on(include->attributes, scopes_[item.scope].package, include->world.span)))
        SKIFF_TRY(include_world(id, *include, item.scope));
  out_[package.id].worlds.insert(std::string(item.name), id);
  std::string other;
  for (const auto* items : {&out_[id].imports, &out_[id].exports})
    if (const auto clash = strong_clash(*items, other))
      return error(item.span(), "`" + *clash + "` and `" + other + "` of world `" +
                                    std::string(item.name) +
                                    "` are too similar to be told apart in bindings");
  return {};
}

}  // namespace skiff::component::wit
