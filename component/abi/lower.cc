// Lowering: from Vals to memory and flat values. Memories never move, so addresses stay good when the guest's
// realloc grows one.
#include "component/abi/bits.h"
#include "component/abi/lift.h"
#include "component/abi/shape.h"
#include "component/abi/strings.h"
#include "engine/base/check.h"

namespace skiff::component {
namespace {

// A number, bool, char or error-context as bits: as many as its type has, or (signed, flat) sign-extended to 32.
bool scalar_bits(LiftLowerContext& cx, Primitive type, const Val& value, bool flat, uint64_t& bits) {
  switch (type) {
    case Primitive::S8:
    case Primitive::S16:
      bits = flat ? static_cast<uint32_t>(value.as_signed()) : value.bits();
      return true;
    case Primitive::F32: bits = canonical_nan32(static_cast<uint32_t>(value.bits())); return true;
    case Primitive::F64: bits = canonical_nan64(value.bits()); return true;
    case Primitive::ErrorContext: return cx.lower_shared(Val::Kind::ErrorContext, value.shared(), type, bits);
    default: bits = value.bits(); return true;
  }
}

bool lower_handle(LiftLowerContext& cx, const Shape& shape, ValType type, const Val& value, uint64_t& bits) {
  switch (shape.kind()) {
    case Shape::Kind::Own: return cx.lower_own(value.resource(), shape.resource(), bits);
    case Shape::Kind::Borrow: return cx.lower_borrow(value.resource(), shape.resource(), bits);
    case Shape::Kind::Stream: return cx.lower_shared(Val::Kind::Stream, value.shared(), type, bits);
    case Shape::Kind::Future: return cx.lower_shared(Val::Kind::Future, value.shared(), type, bits);
    default: break;
  }
  SKIFF_CHECK(!"a handle");
  return false;
}

bool store_record(LiftLowerContext& cx, const Val& value, const Shape& shape, size_t count, uint8_t* p) {
  const bool wide = cx.options.wide;
  uint64_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    const ValType type = shape.field(i);
    const TypeFacts& facts = cx.types.facts(type);
    at = align_to(at, facts.align[wide]);
    if (!store(cx, value.items()[i], type, p + at)) return false;
    at += facts.size[wide];
  }
  return true;
}

bool store_elements(LiftLowerContext& cx, const Val& list, const Shape& shape, uint8_t* p) {
  if (!shape.is_map()) return store_list(cx, list, 0, list.length(), shape.element(), p);
  const uint64_t size = shape.element_size(cx.options.wide);
  for (const Val& element : list.items()) {
    if (!store_record(cx, element, shape, 2, p)) return false;
    p += size;
  }
  return true;
}

// Spec: store_list_into_range
bool store_list_range(LiftLowerContext& cx, const Val& list, const Shape& shape, uint64_t& ptr) {
  const uint64_t size = shape.element_size(cx.options.wide);
  const uint32_t align = shape.element_align(cx.options.wide);
  // The reference relies on lifting for this bound; the host's lists meet it here.
  if (list.length() > 2 * kMaxByteLength / size) return cx.trap(CmTrap::ListTooLong);
  const uint64_t bytes = list.length() * size;
  if (!cx.allocate(align, bytes, ptr)) return false;
  uint8_t* p = cx.checked(ptr, bytes, align,
                          cx.between_components ? CmTrap::UnalignedPointer : CmTrap::ReallocUnaligned,
                          cx.between_components ? CmTrap::ListContent : CmTrap::ReallocOutOfBounds);
  return p && store_elements(cx, list, shape, p);
}

bool store_text(LiftLowerContext& cx, const Val& value, uint64_t& ptr, uint64_t& units) {
  if (value.code_units() > kMaxByteLength) return cx.trap(CmTrap::StringTooLong);
  return store_string(cx, {value.string(), value.string_source(), value.code_units()}, ptr, units);
}

bool lower_flat_variant(LiftLowerContext& cx, const Val& value, const Shape& shape, ValType type,
                        FlatWriter& flat) {
  const uint32_t end = flat.count() + cx.flat_count(type);
  flat.put(value.case_index());
  if (value.payload() && !lower_flat(cx, *value.payload(), *shape.case_type(value.case_index()), flat))
    return false;
  while (flat.count() < end) flat.put(0);
  return true;
}

bool lower_flat_list(LiftLowerContext& cx, const Val& value, const Shape& shape, FlatWriter& flat) {
  if (shape.fixed_length()) {
    for (size_t i = 0; i < value.length(); ++i)
      if (!lower_flat(cx, value.element_at(i), shape.element(), flat)) return false;
    return true;
  }
  uint64_t ptr = 0;
  if (!store_list_range(cx, value, shape, ptr)) return false;
  flat.put(ptr);
  flat.put(value.length());
  return true;
}

}  // namespace

bool store_list(LiftLowerContext& cx, const Val& list, uint64_t first, uint64_t length, ValType element,
                uint8_t* p) {
  const uint64_t size = cx.types.facts(element).size[cx.options.wide];
  if (list.kind() == Val::Kind::Numbers) {
    if (length) std::memcpy(p, list.bytes().data() + first * size, length * size);
    if (element == Primitive::F32 || element == Primitive::F64)
      canonicalize_nans(element.primitive(), {p, static_cast<size_t>(length * size)});
    return true;
  }
  for (uint64_t i = 0; i < length; ++i)
    if (!store(cx, list.items()[first + i], element, p + i * size)) return false;
  return true;
}

bool store(LiftLowerContext& cx, const Val& value, ValType type, uint8_t* p) {
  const uint32_t address = cx.pointer_size();
  auto store_pair = [&](uint64_t first, uint64_t second) {
    store_bits(p, first, address);
    store_bits(p + address, second, address);
    return true;
  };
  uint64_t ptr = 0, bits = 0;
  if (type.is_primitive()) {
    const Primitive primitive = type.primitive();
    if (primitive == Primitive::String) return store_text(cx, value, ptr, bits) && store_pair(ptr, bits);
    if (!scalar_bits(cx, primitive, value, false, bits)) return false;
    store_bits(p, bits, size_of(primitive));
    return true;
  }
  const Shape shape(cx.types, type);
  switch (shape.kind()) {
    case Shape::Kind::Record: return store_record(cx, value, shape, shape.size(), p);
    case Shape::Kind::Variant:
      store_bits(p, value.case_index(), shape.discriminant_size());
      if (!value.payload()) return true;
      return store(cx, *value.payload(), *shape.case_type(value.case_index()),
                   p + cx.types.facts(type).align[cx.options.wide]);
    case Shape::Kind::List:
      if (shape.fixed_length()) return store_elements(cx, value, shape, p);
      return store_list_range(cx, value, shape, ptr) && store_pair(ptr, value.length());
    case Shape::Kind::Flags: store_bits(p, value.flags(), shape.flags_size()); return true;
    case Shape::Kind::Own:
    case Shape::Kind::Borrow:
    case Shape::Kind::Stream:
    case Shape::Kind::Future:
      if (!lower_handle(cx, shape, type, value, bits)) return false;
      store_bits(p, bits, 4);
      return true;
    case Shape::Kind::Primitive: break;
  }
  return false;
}

bool lower_flat(LiftLowerContext& cx, const Val& value, ValType type, FlatWriter& flat) {
  uint64_t bits = 0;
  if (type.is_primitive()) {
    if (type.primitive() == Primitive::String) {
      uint64_t ptr = 0;
      if (!store_text(cx, value, ptr, bits)) return false;
      flat.put(ptr);
    } else if (!scalar_bits(cx, type.primitive(), value, true, bits)) {
      return false;
    }
    flat.put(bits);
    return true;
  }
  const Shape shape(cx.types, type);
  switch (shape.kind()) {
    case Shape::Kind::Record:
      for (size_t i = 0; i < shape.size(); ++i)
        if (!lower_flat(cx, value.items()[i], shape.field(i), flat)) return false;
      return true;
    case Shape::Kind::Variant: return lower_flat_variant(cx, value, shape, type, flat);
    case Shape::Kind::List: return lower_flat_list(cx, value, shape, flat);
    case Shape::Kind::Flags: flat.put(value.flags()); return true;
    case Shape::Kind::Own:
    case Shape::Kind::Borrow:
    case Shape::Kind::Stream:
    case Shape::Kind::Future:
      if (!lower_handle(cx, shape, type, value, bits)) return false;
      flat.put(bits);
      return true;
    case Shape::Kind::Primitive: break;
  }
  return false;
}

bool lower_params(LiftLowerContext& cx, const FuncType& type, std::span<const Val> values, FlatWriter& flat) {
  SKIFF_CHECK(values.size() == type.params.size());
  if (flat_param_count(cx.types, type, cx.options.wide) <= kMaxFlatParams) {
    for (size_t i = 0; i < values.size(); ++i)
      if (!lower_flat(cx, values[i], type.params[i].type, flat)) return false;
    return true;
  }
  const bool wide = cx.options.wide;
  const RecordLayout layout = params_layout(cx.types, type, wide);
  uint64_t ptr = 0;
  if (!cx.allocate(layout.align, layout.size, ptr)) return false;
  uint8_t* p =
      cx.checked(ptr, layout.size, layout.align,
                 cx.between_components ? CmTrap::UnalignedPointer : CmTrap::ReallocUnaligned,
                 cx.between_components ? CmTrap::PointerOutOfBounds : CmTrap::ReallocOutOfBounds);
  if (!p) return false;
  uint64_t at = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const TypeFacts& facts = cx.types.facts(type.params[i].type);
    at = align_to(at, facts.align[wide]);
    if (!store(cx, values[i], type.params[i].type, p + at)) return false;
    at += facts.size[wide];
  }
  flat.put(ptr);
  return true;
}

bool lower_result(LiftLowerContext& cx, const FuncType& type, uint32_t max_flat, const Val& value, uint64_t out,
                  FlatWriter& flat) {
  if (!type.result) return true;
  if (cx.flat_count(*type.result) <= max_flat) return lower_flat(cx, value, *type.result, flat);
  const TypeFacts& facts = cx.types.facts(*type.result);
  const bool wide = cx.options.wide;
  uint8_t* p = cx.checked(out, facts.size[wide], facts.align[wide], CmTrap::UnalignedPointer,
                          CmTrap::PointerOutOfBounds);
  return p && store(cx, value, *type.result, p);
}

}  // namespace skiff::component
