// Matching of canonical types, on top of the type registry (Spec: chapter 3.3).
#include "engine/syntax/subtyping.h"
#include "engine/valid/valid.h"

namespace skiff {
namespace {

struct RegistryTypes {
  const TypeRegistry& registry;
  CompositeType::Kind comp_kind(uint32_t id) const { return registry.get(id).type.comp.kind; }
  bool is_subtype(uint32_t sub, uint32_t super) const { return registry.is_subtype(sub, super); }
};

}  // namespace

bool matches(const TypeRegistry& registry, HeapType sub, HeapType super) {
  return subtyping::heap_matches(RegistryTypes{registry}, sub, super);
}

bool matches(const TypeRegistry& registry, ValType sub, ValType super) {
  return subtyping::val_matches(RegistryTypes{registry}, sub, super);
}

HeapType top_of(const TypeRegistry& registry, HeapType type) {
  if (!type.is_concrete()) return subtyping::abstract_top(type);
  const CompositeType::Kind kind = registry.get(type.index()).type.comp.kind;
  return subtyping::abstract_top(subtyping::abstract_super(kind));
}

}  // namespace skiff
