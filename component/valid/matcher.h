// Matcher: subtyping between types of one or two tables (Spec: Explainer.md, Type Checking). Value and
// function types must be equal, instance, component and module types are compared by their names.
//
// Resources are compared as tokens. A resource that is bound where the two sides meet, a type parameter of
// what is being satisfied, is mapped to the token of what the other side supplies when its `(sub resource)`
// is reached, which comes before any use of it; every other resource is its own token. Sides keep their maps
// apart, since contravariance (imports of components) exchanges the roles, not the types.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "component/types/types.h"
#include "component/valid/budget.h"
#include "engine/syntax/type_registry.h"

namespace skiff::component {

class Matcher {
 public:
  /// Which of the two tables a type belongs to.
  enum Side : uint8_t { A = 0, B = 1 };

  Matcher(const TypeTable& a, const TypeTable& b, const TypeRegistry& registry, Budget& budget)
      : tables_{&a, &b}, registry_(registry), budget_(budget) {}

  /// Binds a resource of `side` to one of the other side.
  void bind(Side side, ResourceId resource, ResourceId other);
  /// What a resource of `side` was bound to: a resource of the other side, or nothing.
  std::optional<ResourceId> bound(Side side, ResourceId resource) const;

  /// All bindings of a side; the lower half of each token is a resource of the other side.
  const std::unordered_map<ResourceId, uint64_t>& bindings(Side side) const { return maps_[side]; }

  /// `sub` is a type of side `side`, `super` one of the other. Errors: InvalidComponent, ImplementationLimit.
  Status extern_type(Side side, const ExternType& sub, const ExternType& super);

 private:
  using Token = uint64_t;
  class Binders;

  static Side other(Side side) { return side == A ? B : A; }
  const TypeTable& table(Side side) const { return *tables_[side]; }
  bool same_table() const { return tables_[0] == tables_[1]; }
  Token token(Side side, ResourceId resource) const;
  void changed() { resource_memo_.clear(); }

  Status type_extern(Side side, const ExternType& sub, const ExternType& super);
  Status any(Side side, const AnyType& a, const AnyType& b);
  Status instance(Side side, TypeId sub, TypeId super);
  Status exports(Side side, const std::vector<NamedExtern>& sub,
                 const std::unordered_map<std::string, uint32_t>* by_name,
                 const std::vector<NamedExtern>& super, const char* what);
  Status component(Side side, TypeId sub, TypeId super);
  Status func(Side side, TypeId a, TypeId b);
  Status value(Side side, ValType a, ValType b);
  Status body(Side side, const TypeBody& a, const TypeBody& b);
  Status optional(Side side, const OptType& a, const OptType& b, const std::string& what);
  Status resource(Side side, ResourceId a, ResourceId b);
  template <class T>
  Status same(Side side, const T& a, const T& b);

  const TypeTable* tables_[2];
  const TypeRegistry& registry_;
  Budget& budget_;
  std::unordered_map<ResourceId, Token> maps_[2];
  // Pairs of types found equal; those that mention resources only until a binding changes.
  std::unordered_set<uint64_t> memo_;
  std::unordered_set<uint64_t> resource_memo_;
};

}  // namespace skiff::component
