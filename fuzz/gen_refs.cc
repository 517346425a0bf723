// References: making, casting, converting and taking apart objects, exceptions, and tables.
#include "fuzz/gen_body.h"

namespace skiff::fuzz {
namespace {

constexpr uint32_t kKnownLength = 8;   // of arrays made for bulk operators

}  // namespace

// ------------------------------------------------------------------------------------------------- references

void BodyGen::reference(ValType t) {
  const HeapType heap = t.heap();
  switch (c.in.below(10)) {
    case 0:
    case 1: return terminal(t);
    case 2:
      if (get_local(t)) return;
      break;
    case 3:
      if (get_table(t)) return;
      break;
    case 4:
      if (get_field(t)) return;
      break;
    case 5:
      if (c.gc()) return cast(t);
      break;
    case 6:
      if (!t.is_nullable_ref() && c.has(Feature::FunctionReferences)) return non_null(heap);
      break;
    case 7:
      if (heap == HeapType::Exn && c.has(Feature::FunctionReferences)) return exception_ref(c.in.below(c.m.tags.size()));
      if (c.gc() && heap == HeapType::Extern) {
        value(ValType::ref(HeapType::Any, t.is_nullable_ref()));
        return op(Op::ExternConvertAny);
      }
      if (c.gc() && heap == HeapType::Any && c.in.one_in(3)) {
        value(ValType::ref(HeapType::Extern, t.is_nullable_ref()));
        return op(Op::AnyConvertExtern);
      }
      if (c.gc() && c.heap_matches(HeapType::I31, heap)) {
        value(ValType::I32);
        return op(Op::RefI31);
      }
      break;
    default: break;
  }
  if (!concrete(heap)) terminal(t);
}

// A random supertype, abstract or concrete, or the type itself.
HeapType BodyGen::super_of(HeapType heap) {
  std::vector<HeapType> supers = {heap, c.top(heap)};
  for (HeapType t : {HeapType::Eq, HeapType::Struct, HeapType::Array})
    if (c.heap_matches(heap, t)) supers.push_back(t);
  if (heap.is_concrete() && c.type(heap.index()).super)
    supers.push_back(HeapType::concrete(*c.type(heap.index()).super));
  return c.in.pick(supers);
}

// A value of a supertype, cast. Guarded casts have a constant for the other case.
void BodyGen::cast(ValType t) {
  const ValType from = ValType::ref(super_of(t.heap()), true);
  if (!trap_free() && c.in.one_in(3)) {
    value(from);
    return heap_op(t.is_nullable_ref() ? Op::RefCastNull : Op::RefCast, t);
  }
  begin(Op::Block, {}, {t});
  if (c.in.one_in(2)) {
    begin(Op::Block, {}, {from});
    value(from);
    br_on_cast(Op::BrOnCastFail, 0, from, t);
    op(Op::Br, 1);
    end();
  } else {
    value(from);
    br_on_cast(Op::BrOnCast, 0, from, t);
  }
  op(Op::Drop);
  terminal(t);
  end();
}

// A non-null reference from a nullable one.   Requires: there are such.
void BodyGen::non_null(HeapType heap) {
  const ValType from = ValType::ref(heap, true), to = ValType::ref(heap, false);
  if (!trap_free() && c.in.one_in(3)) {
    value(from);
    return op(Op::RefAsNonNull);
  }
  begin(Op::Block, {}, {to});
  if (c.in.one_in(2)) {
    begin(Op::Block, {}, {});
    value(from);
    op(Op::BrOnNull, 0);
    op(Op::Br, 1);
    end();
  } else {
    value(from);
    op(Op::BrOnNonNull, 0);
  }
  terminal(to);
  end();
}

// An exception of a tag, thrown and caught.
void BodyGen::exception_ref(uint32_t tag) {
  const ValType exn = ValType::ref(HeapType::Exn, false);
  const Types params = c.tag_type(tag).params;
  const Catch all{Catch::Kind::CatchAllRef, 0, 0};
  begin(Op::Block, {}, {exn});
  begin(Op::TryTable, {}, {}, {&all, 1});
  ++catchers_;
  values(params);
  --catchers_;
  op(Op::Throw, tag);
  end();
  // The code of the values may have branched to here; tag 0 has none.
  if (params.empty()) op(Op::Unreachable);
  else exception_ref(0);
  end();
}

// Any number from references: tests, comparisons, lengths, i31.
bool BodyGen::i32_of_ref() {
  if (!c.refs()) return false;
  switch (c.gc() ? c.in.below(5) : 0) {
    case 0:
      value(c.random_ref());
      op(Op::RefIsNull);
      return true;
    case 1:
      value(ValType::EqRef);
      value(ValType::EqRef);
      op(Op::RefEq);
      return true;
    case 2: {
      const ValType t = c.random_ref();
      value(ValType::ref(super_of(t.heap()), true));
      heap_op(t.is_nullable_ref() ? Op::RefTestNull : Op::RefTest, t);
      return true;
    }
    case 3:
      value(ValType::ref(HeapType::I31, !trap_free()));
      op(c.in.one_in(2) ? Op::I31GetS : Op::I31GetU);
      return true;
    default:
      if (c.arrays.empty()) return false;
      value(ValType::ref(HeapType::Array, !trap_free()));
      op(Op::ArrayLen);
      return true;
  }
}

// ---------------------------------------------------------------------------------------- structs and arrays

// A new struct or array of a type that matches; false when there is none.
bool BodyGen::concrete(HeapType heap) {
  std::vector<uint32_t> fitting;
  for (const auto* list : {&c.structs, &c.arrays})
    for (uint32_t t : *list)
      if (c.heap_matches(HeapType::concrete(t), heap)) fitting.push_back(t);
  if (fitting.empty()) return false;
  const uint32_t type = c.in.pick(fitting);
  if (c.type(type).comp.kind == CompositeType::Kind::Struct) make_struct(type);
  else make_array(type);
  return true;
}

void BodyGen::make_struct(uint32_t type) {
  const std::vector<FieldType> fields = c.fields(type);
  bool defaultable = true;
  for (const FieldType& field : fields) defaultable &= field.storage.is_defaultable();
  if (defaultable && c.in.one_in(3)) return op(Op::StructNewDefault, type);
  for (const FieldType& field : fields) value(field.storage.unpacked());
  op(Op::StructNew, type);
}

void BodyGen::make_array(uint32_t type) {
  const ValType element = c.fields(type)[0].storage;
  const auto length = [&] {
    if (!trap_free() && c.in.one_in(64)) return i32(0x7FFFFFFF);
    value(ValType::I32);
    mask(AddressType::I32, 15);
  };
  // Where in a segment of `size` units; trap-free code finds dropped ones empty.
  const auto range = [&](size_t size) {
    const uint32_t start = c.in.below(size + 1);
    i32(start + (trap_free() ? 0 : c.in.one_in(16)));
    return static_cast<uint32_t>(size) - start;
  };
  switch (c.in.below(5)) {
    case 1:
      if (!element.is_defaultable()) break;
      length();
      return op(Op::ArrayNewDefault, type);
    case 2: {
      const uint32_t n = c.in.below(5);
      for (uint32_t i = 0; i < n; ++i) value(element.unpacked());
      return op(Op::ArrayNewFixed, type, n);
    }
    case 3: {
      if (element.is_ref() || c.m.datas.empty() || !c.m.data_count) break;
      const uint32_t d = c.in.below(c.m.datas.size());
      const bool gone = trap_free() && c.m.datas[d].active;
      const uint32_t rest = range(gone ? 0 : c.m.datas[d].bytes.size());
      i32(c.in.below(rest / element.size() + 1));
      return op(Op::ArrayNewData, type, d);
    }
    case 4: {
      std::vector<uint32_t> fitting;
      for (uint32_t e = 0; e < c.m.elems.size(); ++e)
        if (c.matches(c.m.elems[e].type, element)) fitting.push_back(e);
      if (fitting.empty()) break;
      const uint32_t e = c.in.pick(fitting);
      const bool gone = trap_free() && c.m.elems[e].mode != ElemSegment::Mode::Passive;
      i32(c.in.below(range(gone ? 0 : c.m.elems[e].size()) + 1));
      return op(Op::ArrayNewElem, type, e);
    }
    default: break;
  }
  value(element.unpacked());
  length();
  op(Op::ArrayNew, type);
}

// A reference to an object of this type, in trap-free code never null.
void BodyGen::object(uint32_t type) {
  value(ValType::ref(HeapType::concrete(type), !trap_free() && c.in.one_in(4)));
}

// Evaluates an array, an index and further operands into scratch locals, and pushes whether the index is in
// bounds.
void BodyGen::array_and_index(uint32_t type, std::span<const ValType> more, uint32_t& array,
                              uint32_t& index) {
  object(type);
  value(ValType::I32);
  mask(AddressType::I32, 15);
  values(more);
  for (size_t i = more.size(); i-- > 0;) op(Op::LocalSet, scratch(more[i]));
  array = scratch(ValType::ref(HeapType::concrete(type), true));
  index = scratch(ValType::I32);
  // The element may be an i32, too, and then has that local.
  if (!more.empty() && more[0] == ValType::I32) index = new_local(ValType::I32);
  if (!more.empty() && more[0] == locals_[array].type) array = new_local(locals_[array].type);
  op(Op::LocalSet, index);
  op(Op::LocalSet, array);
  op(Op::LocalGet, index);
  op(Op::LocalGet, array);
  op(Op::ArrayLen);
  op(Op::I32LtU);
}

// A field of a struct or an element of an array; false when none has type t.
bool BodyGen::get_field(ValType t) {
  std::vector<std::pair<uint32_t, uint32_t>> fitting;
  for (const auto* list : {&c.structs, &c.arrays})
    for (uint32_t type : *list)
      for (uint32_t f = 0; f < c.fields(type).size(); ++f)
        if (c.matches(c.fields(type)[f].storage.unpacked(), t)) fitting.emplace_back(type, f);
  if (fitting.empty()) return false;
  const auto [type, field] = c.in.pick(fitting);
  const ValType storage = c.fields(type)[field].storage;
  const size_t form = storage.is_packed() ? c.in.between(1, 2) : 0;
  if (c.type(type).comp.kind == CompositeType::Kind::Struct) {
    object(type);
    static constexpr Op kGet[] = {Op::StructGet, Op::StructGetS, Op::StructGetU};
    op(kGet[form], type, field);
    return true;
  }
  static constexpr Op kGet[] = {Op::ArrayGet, Op::ArrayGetS, Op::ArrayGetU};
  if (!trap_free()) {
    object(type);
    value(ValType::I32);
    if (!c.in.one_in(8)) mask(AddressType::I32, 3);
    op(kGet[form], type);
    return true;
  }
  uint32_t array = 0, index = 0;
  array_and_index(type, {}, array, index);
  begin(Op::If, {}, {storage.unpacked()});
  op(Op::LocalGet, array);
  op(Op::LocalGet, index);
  op(kGet[form], type);
  begin_part(Op::Else);
  labels_.back().legacy_catch = false;
  terminal(storage.unpacked());
  end();
  return true;
}

bool BodyGen::set_field() {
  std::vector<std::pair<uint32_t, uint32_t>> fitting;
  for (const auto* list : {&c.structs, &c.arrays})
    for (uint32_t type : *list)
      for (uint32_t f = 0; f < c.fields(type).size(); ++f)
        if (c.fields(type)[f].mut) fitting.emplace_back(type, f);
  if (fitting.empty()) return false;
  const auto [type, field] = c.in.pick(fitting);
  const ValType t = c.fields(type)[field].storage.unpacked();
  if (c.type(type).comp.kind == CompositeType::Kind::Struct) {
    object(type);
    value(t);
    op(Op::StructSet, type, field);
    return true;
  }
  if (!trap_free()) {
    object(type);
    value(ValType::I32);
    if (!c.in.one_in(8)) mask(AddressType::I32, 3);
    value(t);
    op(Op::ArraySet, type);
    return true;
  }
  uint32_t array = 0, index = 0;
  array_and_index(type, {&t, 1}, array, index);
  const uint32_t element = scratch(t);
  begin(Op::If, {}, {});
  op(Op::LocalGet, array);
  op(Op::LocalGet, index);
  op(Op::LocalGet, element);
  op(Op::ArraySet, type);
  end();
  return true;
}

// An array of kKnownLength elements that is also kept in a local.
void BodyGen::known_array(uint32_t type) {
  value(c.fields(type)[0].storage.unpacked());
  i32(kKnownLength);
  op(Op::ArrayNew, type);
  store_local(ValType::ref(HeapType::concrete(type), false), Op::LocalTee);
}

// array.fill, array.copy, array.init_data, array.init_elem.
bool BodyGen::array_bulk() {
  std::vector<uint32_t> fitting;
  for (uint32_t t : c.arrays)
    if (c.fields(t)[0].mut) fitting.push_back(t);
  if (fitting.empty()) return false;
  const uint32_t type = c.in.pick(fitting);
  const ValType element = c.fields(type)[0].storage;
  const bool known = trap_free() || c.in.one_in(2);
  const auto array = [&](uint32_t t) { known ? known_array(t) : object(t); };
  const auto small = [&] { i32(c.in.below(kKnownLength / 2 + (trap_free() ? 1 : 3))); };

  array(type);
  small();
  switch (c.in.below(4)) {
    case 1: {
      std::vector<uint32_t> sources;
      for (uint32_t t : c.arrays) {
        const ValType from = c.fields(t)[0].storage;
        if (from == element || (!from.is_packed() && !element.is_packed() && c.matches(from, element)))
          sources.push_back(t);
      }
      const uint32_t source = c.in.pick(sources);
      array(source);
      small();
      small();
      op(Op::ArrayCopy, type, source);
      return true;
    }
    case 2: {
      if (element.is_ref() || c.m.datas.empty() || !c.m.data_count) break;
      const uint32_t d = c.in.below(c.m.datas.size());
      const bool gone = trap_free() && c.m.datas[d].active;
      const auto size = static_cast<uint32_t>(gone ? 0 : c.m.datas[d].bytes.size());
      const uint32_t start = c.in.below(size + 1);
      i32(start);
      i32(std::min(c.in.below((size - start) / element.size() + 1), kKnownLength / 2));
      op(Op::ArrayInitData, type, d);
      return true;
    }
    case 3: {
      std::vector<uint32_t> elems;
      for (uint32_t e = 0; e < c.m.elems.size(); ++e)
        if (c.matches(c.m.elems[e].type, element)) elems.push_back(e);
      if (elems.empty()) break;
      const uint32_t e = c.in.pick(elems);
      const bool gone = trap_free() && c.m.elems[e].mode != ElemSegment::Mode::Passive;
      const auto size = static_cast<uint32_t>(gone ? 0 : c.m.elems[e].size());
      const uint32_t start = c.in.below(size + 1);
      i32(start);
      i32(std::min(c.in.below(size - start + 1), kKnownLength / 2));
      op(Op::ArrayInitElem, type, e);
      return true;
    }
    default: break;
  }
  value(element.unpacked());
  small();
  op(Op::ArrayFill, type);
  return true;
}

// ----------------------------------------------------------------------------------------------------- tables

// In trap-free code one that has elements, and not the table of functions for writing.
bool BodyGen::choose_table(uint32_t& table, bool writes) {
  if (!c.refs()) return false;
  std::vector<uint32_t> fitting;
  for (uint32_t i = 0; i < c.m.tables.size(); ++i) {
    const bool safe = c.m.tables[i].type.limits.min > 0 && !(writes && i == c.call_table);
    if (!trap_free() || safe) fitting.push_back(i);
  }
  if (fitting.empty()) return false;
  table = c.in.pick(fitting);
  return true;
}

void BodyGen::table_index(uint32_t table) {
  const TableType& t = c.m.tables[table].type;
  value(value_type(t.address));
  const uint64_t size = Context::floor_power(t.limits.min);
  if (trap_free() || !c.in.one_in(8)) mask(t.address, size == 0 ? 0 : size - 1);
}

bool BodyGen::get_table(ValType t) {
  uint32_t table = 0;
  if (!choose_table(table, false) || !c.matches(c.m.tables[table].type.elem, t)) return false;
  table_index(table);
  op(Op::TableGet, table);
  return true;
}

void BodyGen::table_statement() {
  uint32_t table = 0;
  if (!choose_table(table, true)) return cheap_statement();
  const TableType t = c.m.tables[table].type;
  switch (c.in.below(3)) {
    case 0:
      table_index(table);
      value(t.elem);
      return op(Op::TableSet, table);
    case 1:
      value(t.elem);
      value(value_type(t.address));
      if (!c.in.one_in(8)) mask(t.address, 3);
      op(Op::TableGrow, table);
      return op(Op::Drop);
    default: return table_bulk();
  }
}

// table.fill, table.copy, table.init, elem.drop.
void BodyGen::table_bulk() {
  uint32_t table = 0;
  if (!c.has(Feature::BulkMemory) || !choose_table(table, true)) return cheap_statement();
  const TableType t = c.m.tables[table].type;
  const auto place = [&](uint64_t size) {
    return c.in.below(static_cast<size_t>(size) + 1) + (trap_free() ? 0 : c.in.one_in(16));
  };
  const auto at = place(t.limits.min);
  const uint64_t room = t.limits.min - std::min<uint64_t>(at, t.limits.min);
  switch (c.in.below(4)) {
    case 0:
      address_const(t.address, at);
      value(t.elem);
      address_const(t.address, place(room));
      return op(Op::TableFill, table);
    case 1: {
      uint32_t source = 0;
      if (!choose_table(source, false) || !c.matches(c.m.tables[source].type.elem, t.elem)) break;
      const TableType from = c.m.tables[source].type;
      const auto start = place(from.limits.min);
      const uint64_t rest = from.limits.min - std::min<uint64_t>(start, from.limits.min);
      const bool wide = t.address == AddressType::I64 && from.address == AddressType::I64;
      address_const(t.address, at);
      address_const(from.address, start);
      address_const(wide ? AddressType::I64 : AddressType::I32, place(std::min(room, rest)));
      return op(Op::TableCopy, table, source);
    }
    case 2: {
      std::vector<uint32_t> fitting;
      for (uint32_t e = 0; e < c.m.elems.size(); ++e)
        if (c.matches(c.m.elems[e].type, t.elem)) fitting.push_back(e);
      if (fitting.empty()) break;
      const uint32_t e = c.in.pick(fitting);
      const bool gone = trap_free() && c.m.elems[e].mode != ElemSegment::Mode::Passive;
      const uint64_t size = gone ? 0 : c.m.elems[e].size();
      const auto start = place(size);
      address_const(t.address, at);
      i32(start);
      i32(place(std::min(room, size - std::min<uint64_t>(start, size))));
      return op(Op::TableInit, e, table);
    }
    default:
      if (trap_free() || c.m.elems.empty()) break;
      return op(Op::ElemDrop, c.in.below(c.m.elems.size()));
  }
  cheap_statement();
}

}  // namespace skiff::fuzz
