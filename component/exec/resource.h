// ResourceType: a resource type at run time (Spec: CanonicalABI.md, Resource State). Every instantiation of
// the component that defines one makes a new one; identity is the address. Owned by the component
// store, those of the host by whoever made them.
#pragma once

#include <functional>

#include "engine/exec/store.h"

namespace skiff::component {

class ComponentInstance;
class ComponentStore;

class ResourceType {
 public:
  /// Defined by a component. `dtor` may be null.
  ResourceType(ComponentInstance* impl, FuncInst* dtor, bool wide) : impl(impl), dtor(dtor), wide(wide) {}
  /// Defined by the host, for any number of stores. `drop`, when there is one, is called with the representation;
  /// it may trap.
  using HostDrop = std::function<Outcome(ComponentStore& store, uint64_t rep)>;
  explicit ResourceType(HostDrop drop) : host_drop(std::move(drop)) {}
  ResourceType(const ResourceType&) = delete;

  ComponentInstance* const impl = nullptr;   // null: the host
  FuncInst* dtor = nullptr;
  const bool wide = false;                   // representation is an i64
  const HostDrop host_drop;
};

}  // namespace skiff::component
