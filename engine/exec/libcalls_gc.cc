// Structs, arrays, casts and exception objects. The heap does not move objects, but every allocation may
// collect: operands that are references stay in the caller's slots, which are scanned, until they are stored.
#include <algorithm>
#include <cstring>

#include "engine/base/bits.h"
#include "engine/base/check.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/gc/heap.h"
#include "engine/gc/object.h"
#include "engine/gc/type_info.h"
#include "engine/valid/valid.h"

namespace skiff::libcall {
namespace {

using gc::ArrayObject;
using gc::Object;
using gc::TypeInfo;

gc::Heap& heap_of(VmCtx* ctx) { return ctx->vm_store->store->heap(); }

// Writes one field or element from its slot(s). Spec: packfield.
void store_value(uint8_t* to, ValType storage, const Slot* from) {
  switch (storage.size()) {
    case 1: return store_unaligned<uint8_t>(to, static_cast<uint8_t>(from->u32));
    case 2: return store_unaligned<uint16_t>(to, static_cast<uint16_t>(from->u32));
    case 4: return store_unaligned<uint32_t>(to, from->u32);
    case 8: return store_unaligned<uint64_t>(to, from->u64);
    default: std::memcpy(to, from, 16);
  }
}

// Reads one. Spec: unpackfield.
void load_value(const uint8_t* from, ValType storage, int sign, Slot* to) {
  auto extend = [&](auto narrow, auto narrow_signed) {
    to->u64 = sign == 1 ? static_cast<uint32_t>(int32_t{narrow_signed}) : uint32_t{narrow};
  };
  switch (storage.size()) {
    case 1: return extend(load_unaligned<uint8_t>(from), load_unaligned<int8_t>(from));
    case 2: return extend(load_unaligned<uint16_t>(from), load_unaligned<int16_t>(from));
    case 4: to->u64 = load_unaligned<uint32_t>(from); return;
    case 8: to->u64 = load_unaligned<uint64_t>(from); return;
    default: std::memcpy(static_cast<void*>(to), from, 16);
  }
}

ValType element_type(const TypeInfo* type) { return type->fields[0].storage; }

ArrayObject* array_of(Ref r) { return static_cast<ArrayObject*>(gc::to_object(r)); }

uint8_t* element(ArrayObject* array, uint32_t i) {
  return array->elements() + (uint64_t{i} << array->type->elem_size_log2);
}

// Null and bounds checks of everything that touches n elements from i.
TrapCode check_elements(Ref array, uint32_t i, uint32_t n) {
  if (array == kNullRef) return TrapCode::NullArrayReference;
  return in_bounds(i, n, array_of(array)->length) ? TrapCode::None : TrapCode::ArrayOutOfBounds;
}

void fill_elements(ArrayObject* array, uint32_t i, const Slot* value, uint32_t n) {
  const ValType storage = element_type(array->type);
  const size_t size = storage.size();
  uint8_t* to = element(array, i);
  if (n == 0) return;
  store_value(to, storage, value);
  // Doubles what is there: memcpy does the work whatever the size of an element.
  const uint64_t total = uint64_t{n} * size;
  for (uint64_t done = size; done < total;) {
    const uint64_t more = std::min(done, total - done);
    std::memcpy(to + done, to, more);
    done += more;
  }
}

TrapCode new_array_object(VmCtx* ctx, uint32_t type, uint32_t n, ArrayObject*& out) {
  out = heap_of(ctx).allocate_array(ctx->types[type], n);
  return out ? TrapCode::None : TrapCode::OutOfMemory;
}

}  // namespace

TrapCode struct_new(VmCtx* ctx, uint32_t type, const Slot* fields, Ref& out) {
  const TypeInfo* info = ctx->types[type];
  Object* object = heap_of(ctx).allocate_struct(info);
  if (!object) return TrapCode::OutOfMemory;
  for (uint32_t i = 0; i < info->field_count; ++i) {
    store_value(object->bytes() + info->fields[i].offset, info->fields[i].storage, fields);
    fields += info->fields[i].storage.slots();
  }
  out = gc::to_ref(object);
  return TrapCode::None;
}

TrapCode struct_new_default(VmCtx* ctx, uint32_t type, Ref& out) {
  Object* object = heap_of(ctx).allocate_struct(ctx->types[type]);
  if (!object) return TrapCode::OutOfMemory;
  out = gc::to_ref(object);
  return TrapCode::None;
}

TrapCode array_new(VmCtx* ctx, uint32_t type, const Slot* init, uint32_t n, Ref& out) {
  ArrayObject* array = nullptr;
  if (const TrapCode trap = new_array_object(ctx, type, n, array); trap != TrapCode::None) return trap;
  fill_elements(array, 0, init, n);
  out = gc::to_ref(array);
  return TrapCode::None;
}

TrapCode array_new_default(VmCtx* ctx, uint32_t type, uint32_t n, Ref& out) {
  ArrayObject* array = nullptr;
  if (const TrapCode trap = new_array_object(ctx, type, n, array); trap != TrapCode::None) return trap;
  out = gc::to_ref(array);
  return TrapCode::None;
}

TrapCode array_new_fixed(VmCtx* ctx, uint32_t type, const Slot* elems, uint32_t n, Ref& out) {
  ArrayObject* array = nullptr;
  if (const TrapCode trap = new_array_object(ctx, type, n, array); trap != TrapCode::None) return trap;
  const ValType storage = element_type(array->type);
  for (uint32_t i = 0; i < n; ++i, elems += storage.slots()) store_value(element(array, i), storage, elems);
  out = gc::to_ref(array);
  return TrapCode::None;
}

TrapCode array_new_data(VmCtx* ctx, uint32_t type, uint32_t data, uint32_t offset, uint32_t n, Ref& out) {
  const DataInst& segment = ctx->datas[data];
  const uint64_t bytes = uint64_t{n} << ctx->types[type]->elem_size_log2;
  if (!in_bounds(offset, bytes, segment.length)) return TrapCode::MemoryOutOfBounds;
  ArrayObject* array = nullptr;
  if (const TrapCode trap = new_array_object(ctx, type, n, array); trap != TrapCode::None) return trap;
  if (n != 0) std::memcpy(array->elements(), segment.bytes + offset, bytes);
  out = gc::to_ref(array);
  return TrapCode::None;
}

TrapCode array_new_elem(VmCtx* ctx, uint32_t type, uint32_t elem, uint32_t offset, uint32_t n, Ref& out) {
  const ElemInst& segment = ctx->elems[elem];
  if (!in_bounds(offset, n, segment.length)) return TrapCode::TableOutOfBounds;
  ArrayObject* array = nullptr;
  if (const TrapCode trap = new_array_object(ctx, type, n, array); trap != TrapCode::None) return trap;
  if (n != 0) std::memcpy(array->elements(), segment.elems + offset, uint64_t{n} * sizeof(Ref));
  out = gc::to_ref(array);
  return TrapCode::None;
}

TrapCode array_fill(VmCtx*, uint32_t, Ref array, uint32_t i, const Slot* value, uint32_t n) {
  if (const TrapCode trap = check_elements(array, i, n); trap != TrapCode::None) return trap;
  fill_elements(array_of(array), i, value, n);
  return TrapCode::None;
}

TrapCode array_copy(VmCtx*, Ref dst, uint32_t di, Ref src, uint32_t si, uint32_t n) {
  if (dst == kNullRef || src == kNullRef) return TrapCode::NullArrayReference;
  if (const TrapCode trap = check_elements(dst, di, n); trap != TrapCode::None) return trap;
  if (const TrapCode trap = check_elements(src, si, n); trap != TrapCode::None) return trap;
  ArrayObject* to = array_of(dst);
  std::memmove(element(to, di), element(array_of(src), si), uint64_t{n} << to->type->elem_size_log2);
  return TrapCode::None;
}

TrapCode array_init_data(VmCtx* ctx, uint32_t, uint32_t data, Ref array, uint32_t i, uint32_t offset,
                         uint32_t n) {
  if (const TrapCode trap = check_elements(array, i, n); trap != TrapCode::None) return trap;
  ArrayObject* to = array_of(array);
  const DataInst& segment = ctx->datas[data];
  const uint64_t bytes = uint64_t{n} << to->type->elem_size_log2;
  if (!in_bounds(offset, bytes, segment.length)) return TrapCode::MemoryOutOfBounds;
  if (n != 0) std::memcpy(element(to, i), segment.bytes + offset, bytes);
  return TrapCode::None;
}

TrapCode array_init_elem(VmCtx* ctx, uint32_t, uint32_t elem, Ref array, uint32_t i, uint32_t offset,
                         uint32_t n) {
  if (const TrapCode trap = check_elements(array, i, n); trap != TrapCode::None) return trap;
  const ElemInst& segment = ctx->elems[elem];
  if (!in_bounds(offset, n, segment.length)) return TrapCode::TableOutOfBounds;
  if (n != 0) std::memcpy(element(array_of(array), i), segment.elems + offset, uint64_t{n} * sizeof(Ref));
  return TrapCode::None;
}

TrapCode struct_get(Ref object, uint32_t field, int sign, Slot* out) {
  if (object == kNullRef) return TrapCode::NullStructReference;
  const Object* o = gc::to_object(object);
  const gc::FieldLayout& layout = o->type->fields[field];
  load_value(o->bytes() + layout.offset, layout.storage, sign, out);
  return TrapCode::None;
}

TrapCode struct_set(Ref object, uint32_t field, const Slot* value) {
  if (object == kNullRef) return TrapCode::NullStructReference;
  Object* o = gc::to_object(object);
  const gc::FieldLayout& layout = o->type->fields[field];
  store_value(o->bytes() + layout.offset, layout.storage, value);
  return TrapCode::None;
}

TrapCode array_get(Ref array, uint32_t i, int sign, Slot* out) {
  if (const TrapCode trap = check_elements(array, i, 1); trap != TrapCode::None) return trap;
  ArrayObject* a = array_of(array);
  load_value(element(a, i), element_type(a->type), sign, out);
  return TrapCode::None;
}

TrapCode array_set(Ref array, uint32_t i, const Slot* value) {
  if (const TrapCode trap = check_elements(array, i, 1); trap != TrapCode::None) return trap;
  ArrayObject* a = array_of(array);
  store_value(element(a, i), element_type(a->type), value);
  return TrapCode::None;
}

TrapCode array_len(Ref array, uint32_t& out) {
  if (array == kNullRef) return TrapCode::NullArrayReference;
  out = array_of(array)->length;
  return TrapCode::None;
}

namespace {

// Whether a non-null reference is of an abstract type of its own hierarchy.
bool is_abstract(Ref value, HeapType target) {
  if (target == HeapType::Any || target == HeapType::Extern || target == HeapType::Func ||
      target == HeapType::Exn)
    return true;
  if (target == HeapType::None || target == HeapType::NoExtern || target == HeapType::NoFunc ||
      target == HeapType::NoExn)
    return false;
  if (is_i31(value)) return target == HeapType::I31 || target == HeapType::Eq;
  const gc::Kind kind = gc::to_object(value)->type->kind;
  if (target == HeapType::Struct) return kind == gc::Kind::Struct;
  if (target == HeapType::Array) return kind == gc::Kind::Array;
  if (target == HeapType::Eq) return kind == gc::Kind::Struct || kind == gc::Kind::Array;
  return false;  // i31
}

}  // namespace

bool ref_matches(const TypeRegistry& types, Ref value, ValType target) {
  if (value == kNullRef) return target.is_nullable_ref();
  const HeapType heap = target.heap();
  if (!heap.is_concrete()) return is_abstract(value, heap);
  if (types.get(heap.index()).type.comp.kind == CompositeType::Kind::Func)
    return types.is_subtype(reinterpret_cast<const FuncInst*>(value)->type_id, heap.index());
  if (is_i31(value)) return false;
  const TypeInfo* type = gc::to_object(value)->type;
  return type->id != gc::kNoTypeId && types.is_subtype(type->id, heap.index());
}

bool ref_test(VmCtx* ctx, Ref value, ValType target) {
  return ref_matches(ctx->vm_store->store->engine().types(), value, target);
}

bool val_matches(const TypeRegistry& types, const Val& value, ValType target) {
  if (!target.is_ref() || !value.type.is_ref()) return value.type == target;
  if (matches(types, value.type, target)) return true;
  return top_of(types, value.type.heap()) == top_of(types, target.heap()) &&
         ref_matches(types, value.ref, target);
}

TrapCode new_exception(VmCtx* ctx, uint32_t tag, const Slot* payload, Ref& out) {
  const TagInst* inst = ctx->tags[tag];
  Store& store = *ctx->vm_store->store;
  const std::vector<ValType>& params = store.engine().types().func_type(inst->type_id).params;
  uint32_t slots = 0;
  for (ValType type : params) slots += type.slots();
  // Asked for each slot in order: the second one of a v128 belongs to no parameter of its own.
  auto type = params.begin();
  uint32_t first_slot = 0;
  auto is_ref = [&](uint32_t slot) {
    if (slot != first_slot) return false;
    first_slot += type->slots();
    return gc::may_point_to_object(*type++, store.engine().types());
  };
  gc::ExceptionObject* exn = store.heap().allocate_exception(inst, {&payload->u64, slots}, is_ref);
  if (!exn) return TrapCode::OutOfMemory;
  out = gc::to_ref(exn);
  return TrapCode::None;
}

const TagInst* exception_tag(Ref exn) {
  return static_cast<const TagInst*>(static_cast<gc::ExceptionObject*>(gc::to_object(exn))->tag);
}

void exception_payload(Ref exn, Slot* out) {
  const std::span<uint64_t> slots = static_cast<gc::ExceptionObject*>(gc::to_object(exn))->slots();
  if (!slots.empty()) std::memcpy(static_cast<void*>(out), slots.data(), slots.size_bytes());
}

}  // namespace skiff::libcall
