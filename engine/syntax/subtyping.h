// Spec: match-heaptype and match-valtype, written once for the type registry (which needs them while it
// enters types) and for validation (valid/match.cc). Types are canonical. `Types` tells about concrete ones:
//   CompositeType::Kind comp_kind(uint32_t id)      bool is_subtype(uint32_t sub, uint32_t super)
#pragma once

#include "engine/syntax/types.h"

namespace skiff::subtyping {

/// The abstract type directly above all concrete types of a kind.
constexpr HeapType abstract_super(CompositeType::Kind kind) {
  switch (kind) {
    case CompositeType::Kind::Func: return HeapType::Func;
    case CompositeType::Kind::Struct: return HeapType::Struct;
    case CompositeType::Kind::Array: return HeapType::Array;
  }
  return HeapType::Any;
}

/// The abstract type below all concrete types of a kind.
constexpr HeapType abstract_bottom(CompositeType::Kind kind) {
  return kind == CompositeType::Kind::Func ? HeapType::NoFunc : HeapType::None;
}

/// The top of an abstract type's hierarchy.
constexpr HeapType abstract_top(HeapType type) {
  switch (type.code()) {
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) \
  case CODE: return HeapType::TOP;
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
  }
  return type;
}

/// Requires: both abstract.
constexpr bool abstract_matches(HeapType sub, HeapType super) {
  if (sub == super) return true;
  const HeapType top = abstract_top(sub);
  if (super == top) return true;
  const bool bottom =
      sub == HeapType::None || sub == HeapType::NoFunc || sub == HeapType::NoExtern || sub == HeapType::NoExn;
  if (bottom) return abstract_top(super) == top;
  return super == HeapType::Eq && (sub == HeapType::I31 || sub == HeapType::Struct || sub == HeapType::Array);
}

template <class Types>
bool heap_matches(const Types& types, HeapType sub, HeapType super) {
  if (sub == super) return true;
  if (sub.is_concrete() && super.is_concrete()) return types.is_subtype(sub.index(), super.index());
  if (sub.is_concrete()) return abstract_matches(abstract_super(types.comp_kind(sub.index())), super);
  if (super.is_concrete()) return sub == abstract_bottom(types.comp_kind(super.index()));
  return abstract_matches(sub, super);
}

template <class Types>
bool val_matches(const Types& types, ValType sub, ValType super) {
  if (sub == super || sub.is_bot()) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.is_nullable_ref() && !super.is_nullable_ref()) return false;
  return heap_matches(types, sub.heap(), super.heap());
}

}  // namespace skiff::subtyping
