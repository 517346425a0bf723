// The generator's types: recursion groups with subtypes, signatures of functions and tags, random types for
// values, and the subtyping relation. Subtyping here compares indices where the specification compares
// structures: what it calls a subtype is one.
#include <algorithm>

#include "engine/syntax/subtyping.h"
#include "fuzz/gen_context.h"

namespace skiff::fuzz {
namespace {

// What engine/syntax/subtyping.h asks about concrete types.
struct DeclaredTypes {
  const Module& m;
  CompositeType::Kind comp_kind(uint32_t i) const { return m.types[i].comp.kind; }
  bool is_subtype(uint32_t sub, uint32_t super) const {
    for (std::optional<uint32_t> t = sub; t; t = m.types[*t].super)
      if (*t == super) return true;
    return false;
  }
};

}  // namespace

bool Context::heap_matches(HeapType sub, HeapType super) const {
  return subtyping::heap_matches(DeclaredTypes{m}, sub, super);
}

bool Context::matches(ValType sub, ValType super) const {
  return subtyping::val_matches(DeclaredTypes{m}, sub, super);
}

bool Context::all_match(std::span<const ValType> subs, std::span<const ValType> supers) const {
  if (subs.size() != supers.size()) return false;
  for (size_t i = 0; i < subs.size(); ++i)
    if (!matches(subs[i], supers[i])) return false;
  return true;
}

HeapType Context::top(HeapType heap) const {
  if (heap.is_concrete()) heap = subtyping::abstract_super(type(heap.index()).comp.kind);
  return subtyping::abstract_top(heap);
}

bool Context::inhabited(HeapType heap) const {
  if (heap.is_concrete()) {
    if (type(heap.index()).comp.kind != CompositeType::Kind::Func) return true;
    return heap.index() < declared && !m.functions.empty();
  }
  if (heap == HeapType::Func) return !m.functions.empty();
  if (heap == HeapType::Any || heap == HeapType::Eq || heap == HeapType::I31) return gc();
  if (heap == HeapType::Extern) return gc();
  if (heap == HeapType::Struct) return !structs.empty();
  if (heap == HeapType::Array) return !arrays.empty();
  return false;
}

ValType Context::random_number() {
  static constexpr ValType kTypes[] = {ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128};
  return kTypes[in.below(has(Feature::Simd) ? 5 : 4)];
}

HeapType Context::random_heap() {
  std::vector<HeapType> heaps = {HeapType::Func, HeapType::Extern};
  if (gc()) {
    heaps.insert(heaps.end(), {HeapType::Any, HeapType::Eq, HeapType::I31, HeapType::Struct, HeapType::Array,
                               HeapType::None, HeapType::NoFunc, HeapType::NoExtern});
  }
  if (has(Feature::Exceptions)) heaps.push_back(HeapType::Exn);
  const bool concrete = has(Feature::FunctionReferences) && declared != 0;
  if (concrete && in.one_in(2)) return HeapType::concrete(in.below(declared));
  return in.pick(heaps);
}

ValType Context::random_ref() {
  const HeapType heap = random_heap();
  const bool strict = has(Feature::FunctionReferences) && inhabited(heap) && in.one_in(3);
  return ValType::ref(heap, !strict);
}

ValType Context::random_type() { return refs() && in.one_in(3) ? random_ref() : random_number(); }

std::vector<ValType> Context::random_types(uint32_t most) {
  std::vector<ValType> types(in.below(most + 1));
  for (ValType& t : types) t = random_type();
  return types;
}

uint32_t Context::func_type(const std::vector<ValType>& params, const std::vector<ValType>& results) {
  const FuncType wanted{params, results};
  for (uint32_t i = declared; i < m.types.size(); ++i)
    if (m.types[i].comp.func == wanted) return i;
  SubType added;
  added.comp.func = wanted;
  m.rec_groups.push_back({static_cast<uint32_t>(m.types.size()), 1});
  m.types.push_back(std::move(added));
  return static_cast<uint32_t>(m.types.size() - 1);
}

// `strict`: the field may be, and then was, a non-nullable reference. At most one per struct: the size of a
// value stays linear in the number of types.
FieldType Context::random_field(uint32_t index, uint32_t group_end, bool& strict) {
  FieldType field;
  field.mut = !in.one_in(4);
  switch (in.below(4)) {
    case 0: field.storage = random_number(); break;
    case 1: field.storage = in.one_in(2) ? ValType::I16 : ValType::I8; break;
    case 2: field.storage = ValType::ref(HeapType::concrete(in.below(group_end)), true); break;
    default: {
      const HeapType heap = random_heap();
      const bool known = heap.is_concrete() ? heap.index() < index : true;
      const bool wants = strict && known && inhabited(heap) && in.one_in(4);
      if (wants) strict = false;
      field.storage = ValType::ref(heap, !wants);
    }
  }
  return field;
}

// A type without supertype.
SubType Context::random_comp(uint32_t index, uint32_t group_end) {
  SubType t;
  bool strict = true;
  const uint32_t kind = gc() ? in.below(3) : 0;
  if (kind == 0) {
    t.comp.kind = CompositeType::Kind::Func;
    t.comp.func = {random_types(4), random_types(has(Feature::MultiValue) ? 3 : 1)};
  } else if (kind == 1) {
    t.comp.kind = CompositeType::Kind::Struct;
    t.comp.fields.resize(in.below(5));
    for (FieldType& field : t.comp.fields) field = random_field(index, group_end, strict);
  } else {
    t.comp.kind = CompositeType::Kind::Array;
    t.comp.fields = {random_field(index, group_end, strict)};
  }
  return t;
}

void Context::make_rec_group(uint32_t size) {
  const auto first = static_cast<uint32_t>(m.types.size());
  const uint32_t end = first + size;
  for (uint32_t i = first; i < end; ++i) {
    SubType t;
    const uint32_t super = i == 0 ? 0 : in.below(i);
    if (gc() && i != 0 && in.one_in(3) && !m.types[super].final) {
      t = m.types[super];
      t.super = super;
      bool strict = false;
      if (t.comp.kind == CompositeType::Kind::Struct)
        for (uint32_t n = in.below(3); n > 0; --n) t.comp.fields.push_back(random_field(i, end, strict));
    } else {
      t = random_comp(i, end);
      t.super.reset();
    }
    t.final = !gc() || !in.one_in(2);
    m.types.push_back(std::move(t));
  }
  m.rec_groups.push_back({first, size});
  for (uint32_t i = first; i < end; ++i) {
    switch (m.types[i].comp.kind) {
      case CompositeType::Kind::Func: func_types.push_back(i); break;
      case CompositeType::Kind::Struct: structs.push_back(i); break;
      case CompositeType::Kind::Array: arrays.push_back(i); break;
    }
  }
  declared = end;
}

void Context::make_types() {
  for (uint32_t groups = in.below(8); groups > 0 && m.types.size() < 12; --groups)
    make_rec_group(gc() ? in.between(1, 3) : 1);
  if (!func_types.empty()) return;
  SubType simple;
  simple.comp.func = {{ValType::I32, ValType::I64}, {ValType::I32}};
  m.rec_groups.push_back({declared, 1});
  m.types.push_back(simple);
  func_types.push_back(declared++);
}

// Imported functions, one defined function of each declared type, some more.
void Context::make_signatures() {
  for (uint32_t i = 0; i < m.imported_funcs; ++i) {
    // The host has no values of non-nullable types.
    uint32_t type = in.pick(func_types);
    const std::vector<ValType>& results = m.types[type].comp.func.results;
    const bool possible = std::ranges::all_of(results, [](ValType t) { return t.is_defaultable(); });
    if (options.trap_free && !possible) type = func_type({ValType::I32}, {});
    m.functions[i].type = type;
  }
  for (uint32_t t : func_types) m.functions.push_back({.type = t, .body = {}});
  for (uint32_t more = in.below(3); more > 0; --more)
    m.functions.push_back({.type = in.pick(func_types), .body = {}});
  if (in.one_in(8)) {
    m.start = static_cast<uint32_t>(m.functions.size());
    m.functions.push_back({.type = func_type({}, {}), .body = {}});
  }
}

void Context::make_tags() {
  if (!has(Feature::Exceptions)) return;
  // One of them can be thrown without anything.
  m.tags.push_back({{func_type({}, {})}});
  for (uint32_t n = in.below(4); n > 0; --n) m.tags.push_back({{func_type(random_types(3), {})}});
}

}  // namespace skiff::fuzz
