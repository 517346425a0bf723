// Transfer. The two sides are a pair of contexts and types, walked together.
#include "component/abi/transfer.h"

#include <algorithm>

#include "component/abi/bits.h"
#include "component/abi/shape.h"
#include "component/abi/strings.h"
#include "engine/base/check.h"
#include "engine/base/utf8.h"

namespace skiff::component {
namespace {

class Transfer {
 public:
  Transfer(LiftLowerContext& from, LiftLowerContext& to) : from_(from), to_(to) {}

  // From memory to memory; both places are in memory, checked.
  bool memory(const uint8_t* p, ValType a, uint8_t* q, ValType b) {
    if (a.is_primitive()) return primitive_memory(p, a.primitive(), q);
    const Shape s(from_.types, a), t(to_.types, b);
    switch (s.kind()) {
      case Shape::Kind::Record: return fields(p, s, q, t, s.size());
      case Shape::Kind::Variant: return variant(p, s, a, q, t, b);
      case Shape::Kind::List: {
        if (s.fixed_length()) return elements(p, s, q, t, *s.fixed_length());
        uint64_t length = 0, ptr = 0;
        if (!list(load_bits(p, from_.pointer_size()), load_bits(p + from_.pointer_size(), from_.pointer_size()), s, t,
                  ptr, length))
          return false;
        return put_pair(q, ptr, length);
      }
      case Shape::Kind::Flags: store_bits(q, mask(s, load_bits(p, s.flags_size())), t.flags_size()); return true;
      default: {
        Val value;
        return load(from_, p, a, value) && store(to_, value, b, q);
      }
    }
  }

  bool flat(FlatReader& in, ValType a, FlatWriter& out, ValType b) {
    if (a.is_primitive()) return primitive_flat(in, a.primitive(), out);
    const Shape s(from_.types, a), t(to_.types, b);
    switch (s.kind()) {
      case Shape::Kind::Record:
        for (size_t i = 0; i < s.size(); ++i)
          if (!flat(in, s.field(i), out, t.field(i))) return false;
        return true;
      case Shape::Kind::Variant: return flat_variant(in, s, a, out, t, b);
      case Shape::Kind::List: {
        if (s.fixed_length()) {
          for (uint32_t i = 0; i < *s.fixed_length(); ++i)
            if (!flat(in, s.element(), out, t.element())) return false;
          return true;
        }
        uint64_t ptr = in.address(from_.options.wide), length = in.address(from_.options.wide);
        if (!list(ptr, length, s, t, ptr, length)) return false;
        out.put(ptr);
        out.put(length);
        return true;
      }
      case Shape::Kind::Flags: out.put(mask(s, in.u32())); return true;
      default: {
        Val value;
        return lift_flat(from_, in, a, value) && lower_flat(to_, value, b, out);
      }
    }
  }

  // Flat values into memory: results that come back in registers.
  bool flat_to_memory(FlatReader& in, ValType a, uint8_t* q, ValType b) {
    Val value;
    return lift_flat(from_, in, a, value) && store(to_, value, b, q);
  }
  bool memory_to_flat(const uint8_t* p, ValType a, FlatWriter& out, ValType b) {
    Val value;
    return load(from_, p, a, value) && lower_flat(to_, value, b, out);
  }

 private:
  static uint64_t mask(const Shape& s, uint64_t bits) {
    return s.size() < 32 ? bits & ((uint64_t{1} << s.size()) - 1) : bits & 0xFFFFFFFF;
  }
  bool put_pair(uint8_t* q, uint64_t first, uint64_t second) {
    store_bits(q, first, to_.pointer_size());
    store_bits(q + to_.pointer_size(), second, to_.pointer_size());
    return true;
  }

  // Numbers and bools, normalised.
  static uint64_t normal(Primitive type, uint64_t bits) {
    switch (type) {
      case Primitive::Bool: return bits != 0;
      case Primitive::F32: return canonical_nan32(static_cast<uint32_t>(bits));
      case Primitive::F64: return canonical_nan64(bits);
      case Primitive::U8: return bits & 0xFF;
      case Primitive::U16: return bits & 0xFFFF;
      // Flat signed numbers fill 32 bits.
      case Primitive::S8: return static_cast<uint32_t>(static_cast<int8_t>(bits));
      case Primitive::S16: return static_cast<uint32_t>(static_cast<int16_t>(bits));
      default: return bits;
    }
  }
  bool check_char(uint64_t c) {
    return (c < 0x110000 && (c < 0xD800 || c >= 0xE000)) || from_.trap(CmTrap::InvalidChar);
  }

  bool primitive_memory(const uint8_t* p, Primitive type, uint8_t* q) {
    if (type == Primitive::String) {
      uint64_t ptr = 0, units = 0;
      const uint32_t size = from_.pointer_size();
      return string(load_bits(p, size), load_bits(p + size, size), ptr, units) && put_pair(q, ptr, units);
    }
    if (type == Primitive::ErrorContext) {
      Val value;
      return load(from_, p, type, value) && store(to_, value, type, q);
    }
    const uint64_t bits = load_bits(p, size_of(type));
    if (type == Primitive::Char && !check_char(bits)) return false;
    store_bits(q, normal(type, bits), size_of(type));
    return true;
  }

  bool primitive_flat(FlatReader& in, Primitive type, FlatWriter& out) {
    switch (type) {
      case Primitive::String: {
        uint64_t ptr = in.address(from_.options.wide), units = in.address(from_.options.wide);
        if (!string(ptr, units, ptr, units)) return false;
        out.put(ptr);
        out.put(units);
        return true;
      }
      case Primitive::ErrorContext: {
        Val value;
        return lift_flat(from_, in, type, value) && lower_flat(to_, value, type, out);
      }
      case Primitive::S64:
      case Primitive::U64:
      case Primitive::F64: out.put(normal(type, in.u64())); return true;
      case Primitive::Char: {
        const uint32_t c = in.u32();
        out.put(c);
        return check_char(c);
      }
      default: out.put(normal(type, in.u32())); return true;
    }
  }

  // UTF-8 to UTF-8 out of a memory that nobody else changes: checked where it is, then copied.
  bool string(uint64_t from_ptr, uint64_t from_units, uint64_t& ptr, uint64_t& units) {
    const bool utf8 =
        from_.options.encoding == StringEncoding::Utf8 && to_.options.encoding == StringEncoding::Utf8;
    if (utf8 && from_units <= kMaxByteLength && !from_.options.memory->type().shared) {
      const uint8_t* p =
          from_.checked(from_ptr, from_units, 1, CmTrap::UnalignedPointer, CmTrap::StringContent);
      if (!p) return false;
      const std::string_view text(reinterpret_cast<const char*>(p), static_cast<size_t>(from_units));
      if (is_utf8(text))
        return store_string(to_, {text, StringSource::Utf8, static_cast<uint32_t>(from_units)}, ptr, units);
    }
    Val value;
    if (!load_string(from_, from_ptr, from_units, value)) return false;
    return store_string(to_, {value.string(), value.string_source(), value.code_units()}, ptr, units);
  }

  bool list(uint64_t from_ptr, uint64_t count, const Shape& s, const Shape& t, uint64_t& ptr, uint64_t& length) {
    const uint64_t size = s.element_size(from_.options.wide);
    if (count > kMaxByteLength / size) return from_.trap(CmTrap::ListTooLong);
    const uint8_t* p = from_.checked(from_ptr, count * size, s.element_align(from_.options.wide),
                                     CmTrap::UnalignedPointer, CmTrap::ListContent);
    if (!p) return false;
    const uint64_t to_size = count * t.element_size(to_.options.wide);
    const uint32_t align = t.element_align(to_.options.wide);
    if (!to_.allocate(align, to_size, ptr)) return false;
    uint8_t* q = to_.checked(ptr, to_size, align, CmTrap::UnalignedPointer, CmTrap::ListContent);
    length = count;
    return q && elements(p, s, q, t, count);
  }

  bool elements(const uint8_t* p, const Shape& s, uint8_t* q, const Shape& t, uint64_t count) {
    const uint64_t from_size = s.element_size(from_.options.wide), to_size = t.element_size(to_.options.wide);
    if (!s.is_map() && s.element().is_primitive() && is_number(s.element().primitive())) {
      if (count) std::memmove(q, p, count * from_size);
      canonicalize_nans(s.element().primitive(), {q, static_cast<size_t>(count * from_size)});
      return true;
    }
    for (uint64_t i = 0; i < count; ++i, p += from_size, q += to_size)
      if (s.is_map() ? !fields(p, s, q, t, 2) : !memory(p, s.element(), q, t.element())) return false;
    return true;
  }

  bool fields(const uint8_t* p, const Shape& s, uint8_t* q, const Shape& t, size_t count) {
    uint64_t at = 0, to = 0;
    for (size_t i = 0; i < count; ++i) {
      const TypeFacts& a = from_.types.facts(s.field(i));
      const TypeFacts& b = to_.types.facts(t.field(i));
      at = align_to(at, a.align[from_.options.wide]);
      to = align_to(to, b.align[to_.options.wide]);
      if (!memory(p + at, s.field(i), q + to, t.field(i))) return false;
      at += a.size[from_.options.wide];
      to += b.size[to_.options.wide];
    }
    return true;
  }

  bool variant(const uint8_t* p, const Shape& s, ValType a, uint8_t* q, const Shape& t, ValType b) {
    const uint64_t index = load_bits(p, s.discriminant_size());
    if (index >= s.size()) return from_.trap(CmTrap::InvalidDiscriminant);
    store_bits(q, index, t.discriminant_size());
    const OptType payload = s.case_type(index);
    return !payload || memory(p + from_.types.facts(a).align[from_.options.wide], *payload,
                              q + to_.types.facts(b).align[to_.options.wide], *t.case_type(index));
  }

  bool flat_variant(FlatReader& in, const Shape& s, ValType a, FlatWriter& out, const Shape& t, ValType b) {
    const uint32_t in_count = from_.flat_count(a);
    const uint32_t end = out.count() + to_.flat_count(b);
    const uint32_t index = in.u32();
    if (index >= s.size()) return from_.trap(CmTrap::InvalidDiscriminant);
    FlatReader payload_in = in;
    in.skip(in_count - 1);
    out.put(index);
    if (const OptType payload = s.case_type(index))
      if (!flat(payload_in, *payload, out, *t.case_type(index))) return false;
    while (out.count() < end) out.put(0);
    return true;
  }

  LiftLowerContext& from_;
  LiftLowerContext& to_;
};

}  // namespace

bool transfer_memory(LiftLowerContext& from, const uint8_t* p, ValType a, LiftLowerContext& to, uint8_t* q,
                     ValType b) {
  return Transfer(from, to).memory(p, a, q, b);
}

bool transfer_params(LiftLowerContext& from, const FuncType& from_type, uint32_t max_flat, FlatReader& flat,
                     LiftLowerContext& to, const FuncType& to_type, FlatWriter& out) {
  const bool from_flat = flat_param_count(from.types, from_type, from.options.wide) <= max_flat;
  const bool to_flat = flat_param_count(to.types, to_type, to.options.wide) <= kMaxFlatParams;
  if (from_flat != to_flat) {
    std::vector<Val> values;
    return lift_params(from, from_type, max_flat, flat, values) && lower_params(to, to_type, values, out);
  }
  Transfer transfer(from, to);
  if (from_flat) {
    for (size_t i = 0; i < from_type.params.size(); ++i)
      if (!transfer.flat(flat, from_type.params[i].type, out, to_type.params[i].type)) return false;
    return true;
  }
  const RecordLayout source = params_layout(from.types, from_type, from.options.wide);
  const RecordLayout target = params_layout(to.types, to_type, to.options.wide);
  const uint8_t* p = from.checked(flat.address(from.options.wide), source.size, source.align,
                                  CmTrap::UnalignedPointer, CmTrap::PointerOutOfBounds);
  uint64_t ptr = 0;
  if (!p || !to.allocate(target.align, target.size, ptr)) return false;
  uint8_t* q = to.checked(ptr, target.size, target.align, CmTrap::UnalignedPointer, CmTrap::PointerOutOfBounds);
  if (!q) return false;
  uint64_t at = 0, put = 0;
  for (size_t i = 0; i < from_type.params.size(); ++i) {
    const ValType a = from_type.params[i].type, b = to_type.params[i].type;
    at = align_to(at, from.types.facts(a).align[from.options.wide]);
    put = align_to(put, to.types.facts(b).align[to.options.wide]);
    if (!transfer.memory(p + at, a, q + put, b)) return false;
    at += from.types.facts(a).size[from.options.wide];
    put += to.types.facts(b).size[to.options.wide];
  }
  out.put(ptr);
  return true;
}

bool transfer_result(LiftLowerContext& from, const FuncType& from_type, uint32_t from_max_flat, FlatReader& flat,
                     LiftLowerContext& to, const FuncType& to_type, uint32_t to_max_flat, uint64_t out_address,
                     FlatWriter& out) {
  if (!from_type.result) return true;
  const ValType a = *from_type.result, b = *to_type.result;
  const uint8_t* p = nullptr;
  uint8_t* q = nullptr;
  if (from.flat_count(a) > from_max_flat) {
    const TypeFacts& facts = from.types.facts(a);
    p = from.checked(flat.address(from.options.wide), facts.size[from.options.wide], facts.align[from.options.wide],
                     CmTrap::UnalignedPointer, CmTrap::PointerOutOfBounds);
    if (!p) return false;
  }
  if (to.flat_count(b) > to_max_flat) {
    const TypeFacts& facts = to.types.facts(b);
    q = to.checked(out_address, facts.size[to.options.wide], facts.align[to.options.wide], CmTrap::UnalignedPointer,
                   CmTrap::PointerOutOfBounds);
    if (!q) return false;
  }
  Transfer transfer(from, to);
  if (p && q) return transfer.memory(p, a, q, b);
  if (p) return transfer.memory_to_flat(p, a, out, b);
  return q ? transfer.flat_to_memory(flat, a, q, b) : transfer.flat(flat, a, out, b);
}

}  // namespace skiff::component
