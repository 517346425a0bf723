// Resolver: the passes from syntax trees to the model, private to resolve*.cc and elaborate.cc.
//  resolve.cc        packages: which there are, their order, paths between them, feature gates
//  resolve_types.cc  TypeScope: types and functions of one interface or world
//  resolve_world.cc  worlds: items and includes
//  elaborate.cc      worlds: the interfaces that their items imply
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "component/wit/ast.h"
#include "component/wit/resolve.h"
#include "component/wit/toposort.h"

namespace skiff::component::wit {

/// An interface or world of a package, before and after it is resolved.
struct PackageItem {
  std::string_view name;
  const ast::Interface* interface = nullptr;  // this or
  const ast::World* world = nullptr;          // that
  uint32_t scope = 0;                         // Resolver::scopes_
  bool off = false;                           // switched off by its gate
  uint32_t id = 0;                            // InterfaceId or WorldId, once resolved

  Span span() const { return interface ? interface->name.span : world->name.span; }
};

struct ItemRef {
  uint32_t package = 0;  // Resolver::packages_
  uint32_t item = 0;     // PackageSource::items
};

/// The names that one file (or nested package) adds to those of its package.
struct FileScope {
  const ast::Scope* scope = nullptr;
  uint32_t package = 0;
  std::unordered_map<std::string_view, const ast::TopLevelUse*> uses;
};

struct PackageSource {
  PackageName name;
  Span span;  // of its first declaration
  std::string docs;
  std::vector<uint32_t> scopes;  // Resolver::scopes_
  std::string squeezed;          // what defines it; for telling duplicates from conflicts
  std::vector<PackageItem> items;
  std::unordered_map<std::string_view, uint32_t> by_name;
  size_t group = 0;  // which of the source groups it stands in first
  PackageId id;
};

class Resolver {
 public:
  Resolver(const SourceMap& sources, const Options& options)
      : sources_(sources), options_(options) {}
  Result<Resolved> run(std::span<const SourceGroup> groups);

 private:
  friend class TypeScope;
  friend class WorldCloner;

  // resolve.cc
  std::unexpected<Error> error(Span at, std::string what, std::string hint = {}) const;
  std::unexpected<Error> cycle_error(const std::vector<Edge>& cycle, std::string_view what,
                                     const std::function<std::string(uint32_t)>& name,
                                     const std::function<Span(Edge)>& span) const;
  Status parse(std::span<const SourceGroup> groups);
  Status add_group(const std::vector<const ast::File*>& files, bool is_main);
  Status add_package(const std::vector<const ast::Scope*>& scopes, const ast::Scope& named,
                     std::string squeezed);
  Status collect_items(uint32_t package);
  Status collect_scope(PackageSource& package, uint32_t scope);
  std::vector<Edge> package_edges(std::vector<Span>& spans) const;
  Result<std::vector<uint32_t>> package_order();
  Result<uint32_t> find_package(const PackageName& name, Span at) const;
  Result<ItemRef> find_path(uint32_t scope, const ast::UsePath& path) const;
  Result<ItemRef> find_interface(uint32_t scope, const ast::UsePath& path) const;
  Result<ItemRef> find_world(uint32_t scope, const ast::UsePath& path) const;
  Status check_not_off(const PackageItem& item, Span at) const;
  // Whether an item exists, going by its gate.
  Result<bool> is_on(const Attributes& attributes, uint32_t package, Span at) const;
  Status check_contents_gated(const ast::Interface& tree) const;
  Status resolve_package(uint32_t package);
  Result<std::vector<uint32_t>> item_order(uint32_t package);
  Status resolve_interface(PackageSource& package, PackageItem& item);
  Result<InterfaceId> build_interface(const ast::Interface& tree, std::string_view name,
                                      uint32_t scope);
  const PackageItem& item(ItemRef ref) const { return packages_[ref.package].items[ref.item]; }

  // resolve_world.cc
  Status resolve_world(PackageSource& package, PackageItem& item);
  Status add_extern(World& world, const ast::Extern& tree, uint32_t scope, class TypeScope& types);
  Status add_world_item(World& world, bool is_export, std::string key, WorldItem value, Span at);
  Status include_world(WorldId into, const ast::Include& tree, uint32_t scope);
  Status include_items(World& into, const OrderedMap<WorldItem>& from, PackageId from_package,
                       bool is_export, const ast::Include& tree, class WorldCloner& cloner,
                       std::vector<bool>& used);

  // elaborate.cc
  Status elaborate(WorldId id, Span at);
  Status elaborate_imports(const World& world, OrderedMap<WorldItem>& imports);
  Status elaborate_exports(const World& world, Span at, OrderedMap<WorldItem>& imports,
                           OrderedMap<WorldItem>& exports);
  Status import_closure(InterfaceId root, OrderedMap<WorldItem>& imports,
                        const Stability& stability, std::unordered_map<uint32_t, bool>* seen);
  Status spend(size_t items);
  size_t cost(InterfaceId id) const;
  Status spend_dependencies(InterfaceId root);

  const SourceMap& sources_;
  const Options& options_;
  std::deque<ast::File> files_;
  std::deque<FileScope> scopes_;
  std::deque<PackageSource> packages_;
  std::unordered_map<std::string, uint32_t> package_by_name_;
  Resolve out_;
  std::vector<bool> borrows_;                   // by TypeId: holds a borrowed handle
  std::vector<std::vector<InterfaceId>> deps_;  // by InterfaceId
  size_t groups_ = 0;                           // source groups that are parsed
  size_t items_ = 0;                            // of worlds
};

/// Types and functions of one interface or world. Named types get defined in topological order;
/// equal anonymous types are one.
class TypeScope {
 public:
  TypeScope(Resolver& resolver, Owner owner, uint32_t scope)
      : r_(resolver), owner_(owner), scope_(scope) {}

  void add(const ast::Use& use) { uses_.push_back(&use); }
  void add(const ast::Type& type) { types_.push_back(&type); }
  /// Defines all types that were added. Afterwards types() lists them in order, functions() those
  /// of resources.
  Status define();
  const OrderedMap<TypeId>& types() const { return by_name_; }
  std::vector<Function>& functions() { return functions_; }
  /// A function that is switched on, or nothing.
  Result<std::optional<Function>> function(const ast::Func& tree, std::optional<TypeId> resource);
  /// Records a name; error when the scope has one that is not different enough.
  Status claim(std::string_view name, Span at);

 private:
  struct Pending {
    const ast::Type* type = nullptr;
    const ast::Use* use = nullptr;  // with `name`
    const ast::UseName* name = nullptr;
    std::string_view as() const { return type ? type->name.name : name->as.name; }
    Span span() const { return type ? type->name.span : name->as.span; }
  };
  Status collect(std::vector<Pending>& pending);
  Status collect_use(const ast::Use& use, std::vector<Pending>& pending);
  Result<std::vector<uint32_t>> order(const std::vector<Pending>& pending);
  Status define_use(const Pending& p);
  Status define_type(const ast::Type& tree);
  Result<TypeBody> body(const ast::Type& tree);
  Status members(const ast::Type& tree);
  Result<Type> type(const ast::TypeExpr& tree);
  Result<std::optional<Type>> optional_type(const ast::TypeExpr& tree);
  Result<TypeBody> type_body(const ast::TypeExpr& tree);
  Result<Type> named(const ast::Ident& name);
  Result<TypeId> resource(const ast::Ident& name);
  Status check_constructor(const ast::Func& tree, const Function& func);
  TypeId intern(TypeBody body);
  TypeId add_type(TypeDef type);

  Resolver& r_;
  Owner owner_;
  uint32_t scope_;
  std::vector<const ast::Use*> uses_;
  std::vector<const ast::Type*> types_;
  OrderedMap<TypeId> by_name_;
  std::vector<Function> functions_;
  std::unordered_map<std::string_view, std::string> off_;  // switched-off types: name to feature
  std::unordered_map<std::string, std::pair<std::string, Span>> claimed_;  // strong name to name
  std::unordered_map<std::string, TypeId> anonymous_;
};

}  // namespace skiff::component::wit
