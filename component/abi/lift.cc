// Lifting: from memory and flat values to Vals.
#include "component/abi/lift.h"

#include "component/abi/bits.h"
#include "component/abi/shape.h"
#include "component/abi/strings.h"
#include "engine/base/check.h"

namespace skiff::component {
namespace {

bool lift_char(LiftLowerContext& cx, uint32_t c, Val& value) {
  if (c >= 0x110000 || (c >= 0xD800 && c < 0xE000)) return cx.trap(CmTrap::InvalidChar);
  value = Val::of_char(c);
  return true;
}

// A number, bool, char or handle from its bits, of which only those of its type count.
bool lift_scalar(LiftLowerContext& cx, Primitive type, uint64_t bits, Val& value) {
  switch (type) {
    case Primitive::Bool: value = Val::of_bool(bits != 0); return true;
    case Primitive::S8:
    case Primitive::U8: bits &= 0xFF; break;
    case Primitive::S16:
    case Primitive::U16: bits &= 0xFFFF; break;
    case Primitive::S32:
    case Primitive::U32: bits &= 0xFFFFFFFF; break;
    case Primitive::S64:
    case Primitive::U64: break;
    case Primitive::F32: bits = canonical_nan32(static_cast<uint32_t>(bits)); break;
    case Primitive::F64: bits = canonical_nan64(bits); break;
    case Primitive::Char: return lift_char(cx, static_cast<uint32_t>(bits), value);
    case Primitive::ErrorContext: {
      SharedObjectPtr object;
      if (!cx.lift_shared(Val::Kind::ErrorContext, static_cast<uint32_t>(bits), type, object)) return false;
      value = Val::of_shared(Val::Kind::ErrorContext, std::move(object));
      return true;
    }
    case Primitive::String: SKIFF_CHECK(!"a scalar");
  }
  value = Val::scalar(kind_of(type), bits);
  return true;
}

// Spec: unpack_flags_from_int: bits without label are ignored.
Val flags_of(const Shape& shape, uint32_t bits) {
  return Val::of_flags(shape.size() < 32 ? bits & ((uint32_t{1} << shape.size()) - 1) : bits);
}

bool lift_handle(LiftLowerContext& cx, const Shape& shape, ValType type, uint32_t index, Val& value) {
  ResourceVal resource;
  SharedObjectPtr object;
  switch (shape.kind()) {
    case Shape::Kind::Own:
      if (!cx.lift_own(index, shape.resource(), resource)) return false;
      value = Val::of_own(resource);
      return true;
    case Shape::Kind::Borrow:
      if (!cx.lift_borrow(index, shape.resource(), resource)) return false;
      value = Val::of_borrow(resource);
      return true;
    case Shape::Kind::Stream:
    case Shape::Kind::Future: {
      const Val::Kind kind = shape.kind() == Shape::Kind::Stream ? Val::Kind::Stream : Val::Kind::Future;
      if (!cx.lift_shared(kind, index, type, object)) return false;
      value = Val::of_shared(kind, std::move(object));
      return true;
    }
    default: break;
  }
  SKIFF_CHECK(!"a handle");
  return false;
}

bool load_record(LiftLowerContext& cx, const uint8_t* p, const Shape& shape, size_t count, Val& value) {
  const bool wide = cx.options.wide;
  if (!cx.spend(count * sizeof(Val) + sizeof(std::vector<Val>))) return false;
  std::vector<Val> fields(count);
  uint64_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    const ValType type = shape.field(i);
    const TypeFacts& facts = cx.types.facts(type);
    at = align_to(at, facts.align[wide]);
    if (!load(cx, p + at, type, fields[i])) return false;
    at += facts.size[wide];
  }
  value = Val::of_record(std::move(fields));
  return true;
}

bool load_variant(LiftLowerContext& cx, const uint8_t* p, const Shape& shape, ValType type, Val& value) {
  const uint64_t index = load_bits(p, shape.discriminant_size());
  if (index >= shape.size()) return cx.trap(CmTrap::InvalidDiscriminant);
  value = Val::of_case(static_cast<uint32_t>(index));
  const OptType payload_type = shape.case_type(index);
  if (!payload_type) return true;
  if (!cx.spend(sizeof(Val))) return false;
  // The payload follows at the alignment of the widest case, which is that of the variant unless the
  // discriminant is wider, and then its size is that.
  Val payload;
  if (!load(cx, p + cx.types.facts(type).align[cx.options.wide], *payload_type, payload)) return false;
  value = Val::of_case(static_cast<uint32_t>(index), std::move(payload));
  return true;
}

// Spec: load_list_from_valid_range
bool load_elements(LiftLowerContext& cx, const uint8_t* p, uint64_t length, const Shape& shape, Val& value) {
  if (!shape.is_map()) return load_list(cx, p, length, shape.element(), value);
  if (!cx.spend(length * sizeof(Val) + sizeof(std::vector<Val>))) return false;
  const uint64_t size = shape.element_size(cx.options.wide);
  std::vector<Val> elements(length);
  for (uint64_t i = 0; i < length; ++i)
    if (!load_record(cx, p + i * size, shape, 2, elements[i])) return false;
  value = Val::of_list(std::move(elements));
  return true;
}

// Spec: load_list_from_range
bool load_list_range(LiftLowerContext& cx, uint64_t ptr, uint64_t length, const Shape& shape, Val& value) {
  const uint64_t size = shape.element_size(cx.options.wide);
  if (length > kMaxByteLength / size) return cx.trap(CmTrap::ListTooLong);
  const uint8_t* p =
      cx.checked(ptr, length * size, shape.element_align(cx.options.wide), CmTrap::UnalignedPointer,
                 cx.between_components ? CmTrap::ListContent : CmTrap::ListOutOfBounds);
  return p && load_elements(cx, p, length, shape, value);
}

bool lift_flat_variant(LiftLowerContext& cx, FlatReader& flat, const Shape& shape, ValType type, Val& value) {
  const uint32_t count = cx.flat_count(type);
  const uint32_t index = flat.u32();
  if (index >= shape.size()) return cx.trap(CmTrap::InvalidDiscriminant);
  FlatReader rest = flat;
  flat.skip(count - 1);
  const OptType payload_type = shape.case_type(index);
  if (!payload_type) {
    value = Val::of_case(index);
    return true;
  }
  Val payload;
  if (!cx.spend(sizeof(Val)) || !lift_flat(cx, rest, *payload_type, payload)) return false;
  value = Val::of_case(index, std::move(payload));
  return true;
}

bool lift_flat_list(LiftLowerContext& cx, FlatReader& flat, const Shape& shape, Val& value) {
  if (!shape.fixed_length()) {
    const uint64_t ptr = flat.address(cx.options.wide);
    const uint64_t length = flat.address(cx.options.wide);
    return load_list_range(cx, ptr, length, shape, value);
  }
  std::vector<Val> elements(*shape.fixed_length());
  for (Val& element : elements)
    if (!lift_flat(cx, flat, shape.element(), element)) return false;
  value = Val::of_list(std::move(elements));
  return true;
}

}  // namespace

uint32_t flat_param_count(const TypeTable& types, const FuncType& type, bool wide) {
  uint32_t count = 0;
  for (const Field& param : type.params)
    count = std::min<uint32_t>(count + types.facts(param.type).flat[wide].count, kMaxFlatParams + 1);
  return count;
}

RecordLayout params_layout(const TypeTable& types, const FuncType& type, bool wide) {
  RecordLayout layout;
  for (const Field& param : type.params) {
    const TypeFacts& facts = types.facts(param.type);
    layout.size = align_to(layout.size, facts.align[wide]) + facts.size[wide];
    layout.align = std::max(layout.align, facts.align[wide]);
  }
  layout.size = align_to(layout.size, layout.align);
  return layout;
}

bool load_list(LiftLowerContext& cx, const uint8_t* p, uint64_t length, ValType element, Val& value) {
  const uint64_t size = cx.types.facts(element).size[cx.options.wide];
  if (element.is_primitive() && is_number(element.primitive())) {
    if (!cx.spend(length * size)) return false;
    std::vector<uint8_t> bytes(p, p + length * size);
    canonicalize_nans(element.primitive(), bytes);
    value = Val::of_numbers(element.primitive(), std::move(bytes));
    return true;
  }
  if (!cx.spend(length * sizeof(Val) + sizeof(std::vector<Val>))) return false;
  std::vector<Val> elements(length);
  for (uint64_t i = 0; i < length; ++i)
    if (!load(cx, p + i * size, element, elements[i])) return false;
  value = Val::of_list(std::move(elements));
  return true;
}

bool load(LiftLowerContext& cx, const uint8_t* p, ValType type, Val& value) {
  const uint32_t address = cx.pointer_size();
  if (type.is_primitive()) {
    const Primitive primitive = type.primitive();
    if (primitive == Primitive::String)
      return load_string(cx, load_bits(p, address), load_bits(p + address, address), value);
    return lift_scalar(cx, primitive, load_bits(p, size_of(primitive)), value);
  }
  const Shape shape(cx.types, type);
  switch (shape.kind()) {
    case Shape::Kind::Record: return load_record(cx, p, shape, shape.size(), value);
    case Shape::Kind::Variant: return load_variant(cx, p, shape, type, value);
    case Shape::Kind::List:
      if (shape.fixed_length()) return load_elements(cx, p, *shape.fixed_length(), shape, value);
      return load_list_range(cx, load_bits(p, address), load_bits(p + address, address), shape, value);
    case Shape::Kind::Flags:
      value = flags_of(shape, static_cast<uint32_t>(load_bits(p, shape.flags_size())));
      return true;
    case Shape::Kind::Own:
    case Shape::Kind::Borrow:
    case Shape::Kind::Stream:
    case Shape::Kind::Future:
      return lift_handle(cx, shape, type, static_cast<uint32_t>(load_bits(p, 4)), value);
    case Shape::Kind::Primitive: break;
  }
  return false;
}

bool lift_flat(LiftLowerContext& cx, FlatReader& flat, ValType type, Val& value) {
  if (type.is_primitive()) {
    const Primitive primitive = type.primitive();
    if (primitive == Primitive::String) {
      const uint64_t ptr = flat.address(cx.options.wide);
      const uint64_t units = flat.address(cx.options.wide);
      return load_string(cx, ptr, units, value);
    }
    const bool long_ = primitive == Primitive::S64 || primitive == Primitive::U64 || primitive == Primitive::F64;
    return lift_scalar(cx, primitive, long_ ? flat.u64() : flat.u32(), value);
  }
  const Shape shape(cx.types, type);
  switch (shape.kind()) {
    case Shape::Kind::Record: {
      if (!cx.spend(shape.size() * sizeof(Val))) return false;
      std::vector<Val> fields(shape.size());
      for (size_t i = 0; i < fields.size(); ++i)
        if (!lift_flat(cx, flat, shape.field(i), fields[i])) return false;
      value = Val::of_record(std::move(fields));
      return true;
    }
    case Shape::Kind::Variant: return lift_flat_variant(cx, flat, shape, type, value);
    case Shape::Kind::List: return lift_flat_list(cx, flat, shape, value);
    case Shape::Kind::Flags: value = flags_of(shape, flat.u32()); return true;
    case Shape::Kind::Own:
    case Shape::Kind::Borrow:
    case Shape::Kind::Stream:
    case Shape::Kind::Future: return lift_handle(cx, shape, type, flat.u32(), value);
    case Shape::Kind::Primitive: break;
  }
  return false;
}

bool lift_params(LiftLowerContext& cx, const FuncType& type, uint32_t max_flat, FlatReader& flat,
                 std::vector<Val>& values) {
  values.reserve(values.size() + type.params.size());
  if (flat_param_count(cx.types, type, cx.options.wide) <= max_flat) {
    for (const Field& param : type.params)
      if (!lift_flat(cx, flat, param.type, values.emplace_back())) return false;
    return true;
  }
  const bool wide = cx.options.wide;
  const RecordLayout layout = params_layout(cx.types, type, wide);
  const uint8_t* p = cx.checked(flat.address(wide), layout.size, layout.align, CmTrap::UnalignedPointer,
                                CmTrap::PointerOutOfBounds);
  if (!p) return false;
  uint64_t at = 0;
  for (const Field& param : type.params) {
    const TypeFacts& facts = cx.types.facts(param.type);
    at = align_to(at, facts.align[wide]);
    if (!load(cx, p + at, param.type, values.emplace_back())) return false;
    at += facts.size[wide];
  }
  return true;
}

bool lift_result(LiftLowerContext& cx, const FuncType& type, uint32_t max_flat, FlatReader& flat, Val& value) {
  if (!type.result) return true;
  if (cx.flat_count(*type.result) <= max_flat) return lift_flat(cx, flat, *type.result, value);
  const TypeFacts& facts = cx.types.facts(*type.result);
  const bool wide = cx.options.wide;
  const uint8_t* p = cx.checked(flat.address(wide), facts.size[wide], facts.align[wide], CmTrap::UnalignedPointer,
                                CmTrap::PointerOutOfBounds);
  return p && load(cx, p, *type.result, value);
}

}  // namespace skiff::component
