// Packages: collecting them from files, their order, and paths to their items.
#include "component/wit/resolve.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "component/types/names.h"
#include "component/wit/lexer.h"
#include "component/wit/name.h"
#include "component/wit/parser.h"
#include "component/wit/resolve_parts.h"

namespace skiff::component::wit {

std::unexpected<Error> Resolver::error(Span at, std::string what, std::string hint) const {
  return std::unexpected(
      sources_.error(ErrorCode::InvalidWit, at, std::move(what), std::move(hint)));
}

std::unexpected<Error> Resolver::cycle_error(const std::vector<Edge>& cycle, std::string_view what,
                                             const std::function<std::string(uint32_t)>& name,
                                             const std::function<Span(Edge)>& span) const {
  constexpr size_t kShown = 8;
  std::string path = "`" + name(cycle[0].from) + "`";
  for (size_t i = 0; i < cycle.size(); ++i) {
    if (i == kShown && cycle.size() > kShown + 1) path += " -> ...", i = cycle.size() - 1;
    path += " -> `" + name(cycle[i].to) + "`";
  }
  return error(span(cycle[0]),
               std::string(what) + " `" + name(cycle[0].from) + "` depends on itself", path);
}

// ---- collecting packages

Status Resolver::parse(std::span<const SourceGroup> groups) {
  for (size_t i = 0; i < groups.size(); ++i) {
    std::vector<const ast::File*> files;
    for (uint32_t file : groups[i].files) {
      files_.push_back(SKIFF_TRY(parse_file(sources_, file, options_.features)));
      files.push_back(&files_.back());
    }
    SKIFF_TRY(add_group(files, i == 0));
    ++groups_;
  }
  return {};
}

Status Resolver::add_group(const std::vector<const ast::File*>& files, bool is_main) {
  std::vector<const ast::Scope*> scopes;
  const ast::Scope* named = nullptr;
  std::vector<std::string> texts;
  const ast::File* first_items = nullptr;
  for (const ast::File* file : files) {
    if (!file->scope.items.empty() && !first_items) first_items = file;
    scopes.push_back(&file->scope);
    texts.push_back(squeeze(sources_.text(file->file)));
    if (!file->scope.package) continue;
    if (!named) named = &file->scope;
    if (*named->package != *file->scope.package)
      return error(file->scope.package_span,
                   "this file is of package `" + file->scope.package->to_string() +
                       "`, others beside it of `" + named->package->to_string() + "`",
                   "all files of a directory are one package");
    if (named != &file->scope && !named->docs.empty() && !file->scope.docs.empty())
      return error(file->scope.package_span, "documentation of the package stands in two files",
                   "keep one of them");
  }
  std::sort(texts.begin(), texts.end());
  const uint32_t here = files.empty() ? 0 : sources_.base(files[0]->file);
  if (!named && (first_items || is_main)) {
    const uint32_t at = first_items ? sources_.base(first_items->file) : here;
    return error({at, at}, "no file says which package this is",
                 "add `package ns:name;` as the first line");
  }
  if (named) {
    std::string all = std::accumulate(texts.begin(), texts.end(), std::string());
    SKIFF_TRY(add_package(scopes, *named, std::move(all)));
  }
  for (const ast::File* file : files)
    for (const ast::Scope& nested : file->nested)
      SKIFF_TRY(add_package({&nested}, nested, squeeze(sources_.text(nested.body))));
  return {};
}

Status Resolver::add_package(const std::vector<const ast::Scope*>& scopes, const ast::Scope& named,
                             std::string squeezed) {
  const auto [slot, is_new] = package_by_name_.try_emplace(named.package->to_string(),
                                                           static_cast<uint32_t>(packages_.size()));
  if (!is_new) {
    // Dependencies may bring the same package more than once.
    const PackageSource& earlier = packages_[slot->second];
    const bool same_group = earlier.group == groups_;
    if (!same_group && earlier.squeezed == squeezed) return {};
    return error(named.package_span,
                 "package `" + named.package->to_string() +
                     (same_group ? "` is defined twice" : "` is defined twice, differently"),
                 "the other is at " + sources_.position(earlier.span.begin));
  }
  PackageSource& package = packages_.emplace_back();
  package.name = *named.package;
  package.span = named.package_span;
  package.squeezed = std::move(squeezed);
  package.group = groups_;
  for (const ast::Scope* scope : scopes) {
    if (!scope->docs.empty()) package.docs = scope->docs;
    package.scopes.push_back(static_cast<uint32_t>(scopes_.size()));
    scopes_.push_back({scope, slot->second, {}});
  }
  return {};
}

Status Resolver::collect_scope(PackageSource& package, uint32_t scope) {
  FileScope& file = scopes_[scope];
  for (const ast::Item& tree : file.scope->items) {
    if (const auto* use = std::get_if<ast::TopLevelUse>(&tree)) {
      if (!file.uses.emplace(use->as.name, use).second)
        return error(use->as.span,
                     "`" + std::string(use->as.name) + "` is defined twice in this file",
                     "rename one with `as`");
      continue;
    }
    PackageItem item;
    item.interface = std::get_if<ast::Interface>(&tree);
    item.world = std::get_if<ast::World>(&tree);
    item.name = item.interface ? item.interface->name.name : item.world->name.name;
    item.scope = scope;
    item.off =
        !SKIFF_TRY(is_on(item.interface ? item.interface->attributes : item.world->attributes,
                         file.package, item.span()));
    if (item.interface) SKIFF_TRY(check_contents_gated(*item.interface));
    const auto [slot, is_new] =
        package.by_name.emplace(item.name, static_cast<uint32_t>(package.items.size()));
    if (!is_new)
      return error(
          item.span(), "`" + std::string(item.name) + "` is defined twice in this package",
          "the other is at " + sources_.position(package.items[slot->second].span().begin));
    package.items.push_back(item);
  }
  return {};
}

Status Resolver::collect_items(uint32_t index) {
  PackageSource& package = packages_[index];
  for (uint32_t scope : package.scopes) SKIFF_TRY(collect_scope(package, scope));
  std::unordered_map<std::string, std::string_view> strong;
  for (const PackageItem& item : package.items)
    if (const auto [slot, is_new] = strong.emplace(strong_name(item.name), item.name); !is_new)
      return error(item.span(), "`" + std::string(item.name) + "` and `" +
                                    std::string(slot->second) +
                                    "` differ in upper and lower case only");
  for (uint32_t scope : package.scopes)
    for (const ast::Item& tree : scopes_[scope].scope->items) {
      const auto* use = std::get_if<ast::TopLevelUse>(&tree);
      if (!use) continue;
      const auto own = package.by_name.find(use->as.name);
      if (own != package.by_name.end() && package.items[own->second].scope == scope &&
          (use->path.package || use->path.item.name != use->as.name))
        return error(package.items[own->second].span(),
                     "`" + std::string(use->as.name) + "` is defined twice in this file",
                     "rename one of them");
    }
  return {};
}

// ---- order

namespace {

// Calls f for each path in an item that leads to another one, with the attributes of what it stands
// in.
template <class F>
void each_path(const ast::Interface& tree, F f) {
  for (const ast::InterfaceItem& item : tree.items)
    if (const auto* use = std::get_if<ast::Use>(&item)) f(use->from, use->attributes);
}
template <class F>
void each_path(const ast::World& tree, F f) {
  for (const ast::WorldItem& part : tree.items) {
    if (const auto* use = std::get_if<ast::Use>(&part)) f(use->from, use->attributes);
    if (const auto* include = std::get_if<ast::Include>(&part))
      f(include->world, include->attributes);
    if (const auto* e = std::get_if<ast::Extern>(&part)) {
      if (const auto* path = std::get_if<ast::UsePath>(&e->what)) f(*path, e->attributes);
      if (const auto* inner = std::get_if<ast::Interface>(&e->what)) each_path(*inner, f);
    }
  }
}

}  // namespace

// Edges between packages; spans[i] belongs to edge i. What is switched off counts as little as what
// is unknown.
std::vector<Edge> Resolver::package_edges(std::vector<Span>& spans) const {
  std::vector<Edge> edges;
  for (uint32_t from = 0; from < packages_.size(); ++from)
    for (const PackageItem& item : packages_[from].items) {
      if (item.off) continue;
      const auto edge = [&](const ast::UsePath& path, const Attributes& attributes) {
        const Result<bool> on = is_on(attributes, from, path.span);
        const Result<ItemRef> to = find_path(item.scope, path);
        if (!on || !*on || !to || to->package == from) return;
        edges.push_back({from, to->package});
        spans.push_back(path.span);
      };
      if (item.interface) {
        each_path(*item.interface, edge);
      } else {
        each_path(*item.world, edge);
      }
    }
  return edges;
}

Result<std::vector<uint32_t>> Resolver::package_order() {
  const auto count = static_cast<uint32_t>(packages_.size());
  // Positions by name, so that the order does not depend on that of files.
  std::vector<uint32_t> sorted(count);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) {
    return packages_[a].name.to_string() < packages_[b].name.to_string();
  });
  std::vector<uint32_t> position(count);
  for (uint32_t i = 0; i < count; ++i) position[sorted[i]] = i;
  std::vector<Span> spans;
  std::vector<Edge> edges = package_edges(spans);
  for (Edge& e : edges) e = {position[e.from], position[e.to]};
  TopologicalOrder sort = toposort(count, edges);
  if (!sort.cycle.empty()) {
    return cycle_error(
        sort.cycle, "package", [&](uint32_t i) { return packages_[sorted[i]].name.to_string(); },
        [&](Edge e) {
          for (size_t i = 0; i < edges.size(); ++i)
            if (edges[i].from == e.from && edges[i].to == e.to) return spans[i];
          return Span{};
        });
  }
  for (uint32_t& i : sort.order) i = sorted[i];
  return sort.order;
}

// ---- paths

Result<uint32_t> Resolver::find_package(const PackageName& name, Span at) const {
  const auto found = package_by_name_.find(name.to_string());
  if (found != package_by_name_.end()) return found->second;
  std::vector<std::string> versions;
  std::vector<std::string> all;
  for (const PackageSource& p : packages_) {
    all.push_back(p.name.to_string());
    if (p.name.ns == name.ns && p.name.name == name.name) versions.push_back(p.name.to_string());
  }
  std::string hint;
  if (!versions.empty()) {
    hint = "there is";
    for (const std::string& v : versions) hint += " `" + v + "`";
  } else if (const std::string near = nearest(name.to_string(), all); !near.empty()) {
    hint = "did you mean `" + near + "`?";
  } else {
    hint = "put its WIT into `deps/`";
  }
  return error(at, "package `" + name.to_string() + "` is not known", hint);
}

Result<ItemRef> Resolver::find_path(uint32_t scope, const ast::UsePath& path) const {
  const ast::UsePath* at = &path;
  // `use a as b; use b as c;` may chain within a file; a chain longer than the file's uses is a
  // cycle.
  for (size_t steps = 0; !at->package; ++steps) {
    const FileScope& file = scopes_[scope];
    const auto use = file.uses.find(at->item.name);
    const bool is_self = use != file.uses.end() && &use->second->path == at;
    if (use == file.uses.end() || is_self) break;
    if (steps > file.uses.size())
      return error(path.span, "`use` of `" + std::string(path.item.name) + "` refers to itself");
    at = &use->second->path;
  }
  const uint32_t index =
      at->package ? SKIFF_TRY(find_package(*at->package, at->span)) : scopes_[scope].package;
  const PackageSource& package = packages_[index];
  const auto found = package.by_name.find(at->item.name);
  if (found != package.by_name.end()) return ItemRef{index, found->second};
  std::vector<std::string> names;
  for (const PackageItem& item : package.items) names.emplace_back(item.name);
  const std::string near = nearest(at->item.name, names);
  return error(at->span,
               "package `" + package.name.to_string() + "` has no interface or world `" +
                   std::string(at->item.name) + "`",
               near.empty() ? std::string{} : "did you mean `" + near + "`?");
}

Status Resolver::check_not_off(const PackageItem& item, Span at) const {
  if (!item.off) return {};
  const Stability& s =
      (item.interface ? item.interface->attributes : item.world->attributes).stability;
  return error(
      at,
      "`" + std::string(item.name) + "` is part of the feature `" + s.feature +
          "`, which is not enabled",
      "enable the feature, or put @unstable(feature = " + s.feature + ") before this item");
}

Result<ItemRef> Resolver::find_interface(uint32_t scope, const ast::UsePath& path) const {
  const ItemRef ref = SKIFF_TRY(find_path(scope, path));
  if (!item(ref).interface)
    return error(path.span, "`" + std::string(path.item.name) + "` is a world, not an interface",
                 "worlds are brought in by `include`");
  SKIFF_TRY(check_not_off(item(ref), path.span));
  return ref;
}

Result<ItemRef> Resolver::find_world(uint32_t scope, const ast::UsePath& path) const {
  const ItemRef ref = SKIFF_TRY(find_path(scope, path));
  if (!item(ref).world)
    return error(path.span, "`" + std::string(path.item.name) + "` is an interface, not a world",
                 "interfaces are brought in by `import` or `export`");
  SKIFF_TRY(check_not_off(item(ref), path.span));
  return ref;
}

// ---- gates

Result<bool> Resolver::is_on(const Attributes& attributes, uint32_t package, Span at) const {
  const Stability& s = attributes.stability;
  if (s.kind == Stability::Kind::Unknown) return true;
  if (s.kind == Stability::Kind::Unstable)
    return options_.all_unstable || std::find(options_.unstable.begin(), options_.unstable.end(),
                                              s.feature) != options_.unstable.end();
  const std::optional<Version>& version = packages_[package].name.version;
  if (!version)
    return error(at, "`@since` in a package without a version", "give the package a version");
  if (compare(s.since, *version) > 0)
    return error(at, "`@since` names version " + s.since.to_string() +
                         ", but the package is of version " + version->to_string());
  return true;
}

// Types in an unstable interface must be unstable too: others could refer to them without noticing.
Status Resolver::check_contents_gated(const ast::Interface& tree) const {
  const Stability& outer = tree.attributes.stability;
  if (outer.kind != Stability::Kind::Unstable) return {};
  for (const ast::InterfaceItem& part : tree.items) {
    const auto* type = std::get_if<ast::Type>(&part);
    if (type && type->attributes.stability.kind != Stability::Kind::Unstable)
      return error(type->name.span,
                   "type `" + std::string(type->name.name) + "` is not gated, but its interface is",
                   "put @unstable(feature = " + outer.feature + ") before it");
  }
  return {};
}

// ---- packages

// Order of the items of a package: interfaces by `use`, worlds by `include`.
Result<std::vector<uint32_t>> Resolver::item_order(uint32_t index) {
  const PackageSource& package = packages_[index];
  std::vector<Edge> edges;
  std::vector<Span> spans;
  const auto edge = [&](uint32_t from, const ast::UsePath& path) -> Status {
    const ItemRef to = SKIFF_TRY(find_path(package.items[from].scope, path));
    if (to.package != index) return {};
    edges.push_back({from, to.item});
    spans.push_back(path.span);
    return {};
  };
  for (uint32_t i = 0; i < package.items.size(); ++i) {
    const PackageItem& item = package.items[i];
    if (item.off) continue;
    if (item.interface) {
      for (const ast::InterfaceItem& part : item.interface->items)
        if (const auto* use = std::get_if<ast::Use>(&part))
          if (SKIFF_TRY(is_on(use->attributes, index, use->from.span)))
            SKIFF_TRY(edge(i, use->from));
      continue;
    }
    for (const ast::WorldItem& part : item.world->items)
      if (const auto* include = std::get_if<ast::Include>(&part))
        if (SKIFF_TRY(is_on(include->attributes, index, include->world.span)))
          SKIFF_TRY(edge(i, include->world));
  }
  TopologicalOrder sort = toposort(static_cast<uint32_t>(package.items.size()), edges);
  if (sort.cycle.empty()) return std::move(sort.order);
  return cycle_error(
      sort.cycle, package.items[sort.cycle[0].from].interface ? "interface" : "world",
      [&](uint32_t i) { return std::string(package.items[i].name); },
      [&](Edge e) {
        for (size_t i = 0; i < edges.size(); ++i)
          if (edges[i].from == e.from && edges[i].to == e.to) return spans[i];
        return Span{};
      });
}

Result<InterfaceId> Resolver::build_interface(const ast::Interface& tree, std::string_view name,
                                              uint32_t scope) {
  const InterfaceId id{static_cast<uint32_t>(out_.interfaces.size())};
  out_.interfaces.emplace_back();
  out_[id].name = name;
  out_[id].package = packages_[scopes_[scope].package].id;
  out_[id].attributes = tree.attributes;
  TypeScope types(*this, id, scope);
  for (const ast::InterfaceItem& item : tree.items) {
    if (const auto* use = std::get_if<ast::Use>(&item)) types.add(*use);
    if (const auto* type = std::get_if<ast::Type>(&item)) types.add(*type);
  }
  SKIFF_TRY(types.define());
  for (Function& f : types.functions()) {
    std::string key = f.name;
    out_[id].functions.insert(std::move(key), std::move(f));
  }
  for (const ast::InterfaceItem& item : tree.items) {
    const auto* func = std::get_if<ast::Func>(&item);
    if (!func) continue;
    std::optional<Function> f = SKIFF_TRY(types.function(*func, std::nullopt));
    if (!f) continue;
    std::string key = f->name;
    out_[id].functions.insert(std::move(key), std::move(*f));
  }
  out_[id].types = types.types();
  deps_.push_back(out_.direct_deps(id));
  SKIFF_TRY(spend_dependencies(id));
  return id;
}

Status Resolver::resolve_interface(PackageSource& package, PackageItem& item) {
  const InterfaceId id = SKIFF_TRY(build_interface(*item.interface, item.name, item.scope));
  item.id = id.index;
  out_[package.id].interfaces.insert(std::string(item.name), id);
  return {};
}

Status Resolver::resolve_package(uint32_t index) {
  PackageSource& package = packages_[index];
  package.id = {static_cast<uint32_t>(out_.packages.size())};
  Package& out = out_.packages.emplace_back();
  out.name = package.name;
  out.docs = package.docs;
  for (uint32_t scope : package.scopes)
    for (const ast::Item& tree : scopes_[scope].scope->items)
      if (const auto* use = std::get_if<ast::TopLevelUse>(&tree)) {
        const ItemRef ref = SKIFF_TRY(find_path(scope, use->path));
        if (item(ref).world)
          return error(
              use->path.span,
              "`" + std::string(use->path.item.name) + "` is a world, `use` is for interfaces",
              "name the world where it is included");
      }
  const std::vector<uint32_t> order = SKIFF_TRY(item_order(index));
  for (uint32_t i : order)
    if (!package.items[i].off && package.items[i].interface)
      SKIFF_TRY(resolve_interface(package, package.items[i]));
  for (uint32_t i : order)
    if (!package.items[i].off && package.items[i].world)
      SKIFF_TRY(resolve_world(package, package.items[i]));
  // Only now: includes merge what worlds say, not what that implies.
  for (const PackageItem& item : package.items)
    if (!item.off && item.world) SKIFF_TRY(elaborate(WorldId{item.id}, item.span()));
  return {};
}

Result<Resolved> Resolver::run(std::span<const SourceGroup> groups) {
  SKIFF_TRY(parse(groups));
  for (uint32_t i = 0; i < packages_.size(); ++i) SKIFF_TRY(collect_items(i));
  const std::vector<uint32_t> order = SKIFF_TRY(package_order());
  for (uint32_t i : order) SKIFF_TRY(resolve_package(i));
  return Resolved{std::move(out_), packages_[0].id};
}

Result<Resolved> resolve_sources(const SourceMap& sources, std::span<const SourceGroup> groups,
                                 const Options& options) {
  if (groups.empty() || groups[0].files.empty())
    return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex, "there is no WIT file");
  return Resolver(sources, options).run(groups);
}

Result<Resolved> parse_wit(std::string path, std::string text, const Options& options) {
  SourceMap sources;
  SourceGroup group;
  group.files.push_back(SKIFF_TRY(sources.add(std::move(path), std::move(text))));
  return resolve_sources(sources, {&group, 1}, options);
}

}  // namespace skiff::component::wit
