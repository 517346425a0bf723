// WIT types and functions as definitions of a component: RootScope for the component that is being
// made, where imports are at hand, and wrap_interface() for the nested component that gives an
// exported interface's types and functions their names.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "component/tools/builder.h"
#include "component/wit/model.h"
#include "engine/base/result.h"

namespace skiff::component::tools {

class RootScope {
 public:
  /// Defines the imports of the world.
  RootScope(const wit::Resolve& resolve, wit::WorldId world, ComponentBuilder& builder);

  /// The imported function of an interface; of the world itself when `key` is empty.
  uint32_t import_function(const std::string& key, const std::string& name);
  /// The imported resource of an interface, or of the world.
  uint32_t import_resource(const std::string& key, wit::TypeId id);

  /// An import of the component by its name; nothing when there is none.
  std::optional<SortIdx> find_import(const std::string& name) const;

  /// A resource that an exported interface defines.
  void define_resource(wit::TypeId id, uint32_t type) { local_resources_.emplace(id.index, type); }
  /// Requires: define_resource() was called.
  uint32_t local_resource(wit::TypeId id) const { return local_resources_.at(id.index); }

  /// From now on types are seen as imports see them, or as exports do, to whom those of interfaces
  /// that are still to be exported have no names.
  void enter_imports() { enter(false); }
  void enter_exports() { enter(true); }
  /// The instance that an exported interface became; later ones refer to its types.
  void exported(wit::InterfaceId id, uint32_t instance);

  /// Errors: ImplementationLimit.
  Result<ValTypeRef> value(const wit::Type& type);
  /// The index of a type, also where it is a primitive one.
  Result<uint32_t> type_index(wit::TypeId id);
  Result<uint32_t> function_type(const wit::Function& f);

 private:
  void enter(bool exports);
  Result<ValTypeRef> encode(wit::TypeId id);

  const wit::Resolve& r_;
  ComponentBuilder& out_;
  std::unordered_map<std::string, uint32_t> instances_, functions_, types_;  // of imports, by key
  std::unordered_map<uint32_t, uint32_t> instance_of_;         // InterfaceId -> newest instance
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> aliases_;  // instance, TypeId -> type index
  std::unordered_map<uint32_t, uint32_t> local_resources_;
  std::unordered_set<uint32_t> pending_;  // InterfaceIds still to be exported
  bool exports_ = false;
  std::unordered_map<uint32_t, ValTypeRef> own_;  // without names, and anonymous ones
  uint32_t depth_ = 0;
};

/// Instantiates a component that exports the interface: its types under their names, and the
/// functions given (indices in the root, in the order of the interface). The instance's index.
/// Requires: the scope sees types as exports do, and has not exported the interface.
Result<uint32_t> wrap_interface(const wit::Resolve& resolve, wit::InterfaceId id, RootScope& scope,
                                const std::vector<uint32_t>& functions, ComponentBuilder& out);

}  // namespace skiff::component::tools
