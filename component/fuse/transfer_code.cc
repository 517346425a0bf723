// Values from one memory to another, type by type.
#include "component/fuse/transfer_code.h"

#include <algorithm>

#include "component/abi/context.h"
#include "engine/base/check.h"

namespace skiff::component::fuse {
namespace {

// Larger types, and what comes after that many bytes of code, are the host's: it walks them.
constexpr uint64_t kMaxInlineNodes = 200;
constexpr size_t kMaxCode = 32 << 10;
constexpr uint64_t kMaxCopiedInPieces = 64;
constexpr size_t kMaxCompares = 4;            // cases of a variant that are told apart one by one
constexpr size_t kMaxTableCases = 256;

constexpr CoreType kI32 = CoreType::I32, kI64 = CoreType::I64, kF32 = CoreType::F32, kF64 = CoreType::F64;

CoreType flat_type(Primitive type) {
  switch (type) {
    case Primitive::S64:
    case Primitive::U64: return kI64;
    case Primitive::F32: return kF32;
    case Primitive::F64: return kF64;
    default: return kI32;
  }
}

struct Access {
  Op load, store;
};
// Numbers of that many bytes, as i32 or i64.
Access access_of(uint64_t size) {
  switch (size) {
    case 1: return {Op::I32Load8U, Op::I32Store8};
    case 2: return {Op::I32Load16U, Op::I32Store16};
    case 4: return {Op::I32Load, Op::I32Store};
    default: return {Op::I64Load, Op::I64Store};
  }
}

bool is_index(Shape::Kind kind) {
  return kind == Shape::Kind::Own || kind == Shape::Kind::Borrow || kind == Shape::Kind::Stream ||
         kind == Shape::Kind::Future;
}

}  // namespace

// ---- checks

void TransferCode::trap(CmTrap t) {
  code_.i32(static_cast<uint32_t>(t));
  intrinsic(Intrinsic::Trap);
  code_.op(Op::Unreachable);
}

void TransferCode::trap_if(CmTrap t) {
  code_.open(Op::If);
  trap(t);
  code_.close();
}

// The end of the range is on the stack, as an i64.
void TransferCode::check_bounds(const Port& port, CmTrap outside) {
  code_.memory_size(port.memory);
  code_.op(Op::I64ExtendI32U);
  code_.i64(port.side->memory_type.page_size_log2);
  code_.op(Op::I64Shl);
  code_.op(Op::I64GtU);
  trap_if(outside);
}

void TransferCode::check_range(const Port& port, Local ptr, uint64_t size, uint32_t align, CmTrap outside) {
  if (align > 1) {
    code_.get(ptr);
    code_.i32(align - 1);
    code_.op(Op::I32And);
    trap_if(CmTrap::UnalignedPointer);
  }
  code_.get(ptr);
  code_.op(Op::I64ExtendI32U);
  code_.i64(size);
  code_.op(Op::I64Add);
  check_bounds(port, outside);
}

void TransferCode::check_range_of(const Port& port, Local ptr, Local size, uint32_t align, CmTrap outside) {
  if (align > 1) {
    code_.get(ptr);
    code_.i32(align - 1);
    code_.op(Op::I32And);
    trap_if(CmTrap::UnalignedPointer);
  }
  code_.get(ptr);
  code_.op(Op::I64ExtendI32U);
  code_.get(size);
  code_.op(Op::I64ExtendI32U);
  code_.op(Op::I64Add);
  check_bounds(port, outside);
}

Local TransferCode::allocate(uint32_t align, Local size) {
  if (to_.side->sees_threads) {
    begin_intrinsic();
    code_.i32(align);
    code_.get(size);
    intrinsic(Intrinsic::Realloc);
    return copy_of(kI32);
  }
  code_.i32(0);
  code_.global_set(to_.may_leave);
  code_.i32(0);
  code_.i32(0);
  code_.i32(align);
  code_.get(size);
  code_.call(to_.realloc);
  const Local ptr = copy_of(kI32);
  code_.i32(1);
  code_.global_set(to_.may_leave);
  return ptr;
}

void TransferCode::check_char(Local c) {
  code_.get(c);
  code_.i32(0xD800);
  code_.op(Op::I32Sub);
  code_.i32(0x800);
  code_.op(Op::I32LtU);
  code_.get(c);
  code_.i32(0x110000);
  code_.op(Op::I32GeU);
  code_.op(Op::I32Or);
  trap_if(CmTrap::InvalidChar);
}

// ---- scalars

// Joined flat types hold the bits of what is narrower (Spec: CoerceValueIter).
void TransferCode::get_as(Local local, CoreType want) {
  const CoreType have = code_.type_of(local);
  code_.get(local);
  if (have == want) return;
  if (have == kI64 && want == kF64) return code_.op(Op::F64ReinterpretI64);
  if (have == kI64) code_.op(Op::I32WrapI64);
  if (want == kF32) code_.op(Op::F32ReinterpretI32);
}

void TransferCode::set_from(CoreType have, Local local) {
  const CoreType want = code_.type_of(local);
  if (have != want) {
    if (have == kF32) code_.op(Op::I32ReinterpretF32);
    if (have == kF64) code_.op(Op::I64ReinterpretF64);
    else if (want == kI64) code_.op(Op::I64ExtendI32U);
  }
  code_.set(local);
}

void TransferCode::canonical_nan(CoreType type) {
  const Local value = copy_of(type);
  code_.get(value);
  if (type == kF32) code_.f32(0x7FC00000);
  else code_.f64(0x7FF8000000000000);
  code_.get(value);
  code_.get(value);
  code_.op(type == kF32 ? Op::F32Eq : Op::F64Eq);
  code_.op(Op::Select);
}

// Flat numbers fill 32 bits.
void TransferCode::normalise_flat(Primitive type) {
  switch (type) {
    case Primitive::Bool:
      code_.i32(0);
      return code_.op(Op::I32Ne);
    case Primitive::U8:
      code_.i32(0xFF);
      return code_.op(Op::I32And);
    case Primitive::U16:
      code_.i32(0xFFFF);
      return code_.op(Op::I32And);
    case Primitive::S8: return code_.op(Op::I32Extend8S);
    case Primitive::S16: return code_.op(Op::I32Extend16S);
    case Primitive::F32: return canonical_nan(kF32);
    case Primitive::F64: return canonical_nan(kF64);
    default: return;
  }
}

void TransferCode::mask_flags(size_t labels) {
  if (labels >= 32) return;
  code_.i32((uint32_t{1} << labels) - 1);
  code_.op(Op::I32And);
}

void TransferCode::flat_primitive(Cursor& in, Primitive type, Cursor& out) {
  const Local first = in.next();
  if (type == Primitive::String) {
    get_as(first, kI32);
    const Local ptr = copy_of(kI32);
    get_as(in.next(), kI32);
    const Local units = copy_of(kI32);
    Local to_ptr = 0, to_units = 0;
    string(ptr, units, to_ptr, to_units);
    code_.get(to_ptr);
    set_from(kI32, out.next());
    code_.get(to_units);
    return set_from(kI32, out.next());
  }
  const CoreType core = flat_type(type);
  if (type == Primitive::ErrorContext) {
    begin_intrinsic();
    code_.i32(ValType(type).bits());
    code_.i32(ValType(type).bits());
    get_as(first, kI32);
    intrinsic(Intrinsic::Handle);
  } else {
    get_as(first, core);
    if (type == Primitive::Char) {
      const Local c = copy_of(kI32);
      check_char(c);
      code_.get(c);
    }
    normalise_flat(type);
  }
  set_from(core, out.next());
}

void TransferCode::memory_primitive(Local source, Local target, uint64_t offset, Primitive type) {
  if (type == Primitive::String) {
    Local ptr = 0, units = 0;
    memory_pair(source, offset, ptr, units);
    string(ptr, units, ptr, units);
    return put_pair(target, offset, ptr, units);
  }
  code_.get(target);
  if (type == Primitive::ErrorContext) {
    begin_intrinsic();
    code_.i32(ValType(type).bits());
    code_.i32(ValType(type).bits());
    code_.get(source);
    code_.access(Op::I32Load, from_.memory, offset);
    intrinsic(Intrinsic::Handle);
    return code_.access(Op::I32Store, to_.memory, offset);
  }
  code_.get(source);
  if (type == Primitive::F32 || type == Primitive::F64) {
    const bool wide = type == Primitive::F64;
    code_.access(wide ? Op::F64Load : Op::F32Load, from_.memory, offset);
    canonical_nan(wide ? kF64 : kF32);
    return code_.access(wide ? Op::F64Store : Op::F32Store, to_.memory, offset);
  }
  const Access access = access_of(types_.facts(ValType(type)).size[0]);
  code_.access(access.load, from_.memory, offset);
  if (type == Primitive::Bool) normalise_flat(type);
  if (type == Primitive::Char) {
    const Local c = copy_of(kI32);
    check_char(c);
    code_.get(c);
  }
  code_.access(access.store, to_.memory, offset);
}

// ---- strings and lists

void TransferCode::memory_pair(Local source, uint64_t offset, Local& first, Local& second) {
  code_.get(source);
  code_.access(Op::I32Load, from_.memory, offset);
  first = copy_of(kI32);
  code_.get(source);
  code_.access(Op::I32Load, from_.memory, offset + 4);
  second = copy_of(kI32);
}

void TransferCode::put_pair(Local target, uint64_t offset, Local first, Local second) {
  code_.get(target);
  code_.get(first);
  code_.access(Op::I32Store, to_.memory, offset);
  code_.get(target);
  code_.get(second);
  code_.access(Op::I32Store, to_.memory, offset + 4);
}

// UTF-8 to UTF-8 is checked where it is, then copied: nobody else changes that memory.
void TransferCode::string(Local ptr, Local units, Local& to_ptr, Local& to_units) {
  if (from_.side->encoding != StringEncoding::Utf8 || to_.side->encoding != StringEncoding::Utf8) {
    begin_intrinsic();
    code_.get(ptr);
    code_.get(units);
    intrinsic(Intrinsic::String);
    const Local both = copy_of(kI64);
    code_.get(both);
    code_.op(Op::I32WrapI64);
    to_ptr = copy_of(kI32);
    code_.get(both);
    code_.i64(32);
    code_.op(Op::I64ShrU);
    code_.op(Op::I32WrapI64);
    to_units = copy_of(kI32);
    return;
  }
  code_.get(units);
  code_.i32(kMaxByteLength);
  code_.op(Op::I32GtU);
  trap_if(CmTrap::StringTooLong);
  check_range_of(from_, ptr, units, 1, CmTrap::StringContent);
  begin_intrinsic();
  code_.get(ptr);
  code_.get(units);
  intrinsic(Intrinsic::CheckUtf8);
  const Local target = allocate(1, units);
  check_range_of(to_, target, units, 1, CmTrap::StringContent);
  code_.get(target);
  code_.get(ptr);
  code_.get(units);
  code_.memory_copy(to_.memory, from_.memory);
  to_ptr = target;
  to_units = units;
}

void TransferCode::list(Local ptr, Local count, const Shape& s, const Shape& t, Local& to_ptr) {
  const uint64_t size = s.element_size(false);
  const uint32_t align = s.element_align(false);
  code_.get(count);
  code_.i32(static_cast<uint32_t>(kMaxByteLength / size));
  code_.op(Op::I32GtU);
  trap_if(CmTrap::ListTooLong);
  Local bytes = count;
  if (size != 1) {
    code_.get(count);
    code_.i32(static_cast<uint32_t>(size));
    code_.op(Op::I32Mul);
    bytes = copy_of(kI32);
  }
  check_range_of(from_, ptr, bytes, align, CmTrap::ListContent);
  to_ptr = allocate(align, bytes);
  check_range_of(to_, to_ptr, bytes, align, CmTrap::ListContent);
  const bool number = !s.is_map() && s.element().is_primitive() && is_number(s.element().primitive());
  if (!number && (s.is_map() || !is_plain(s.element()))) return elements(ptr, to_ptr, count, s, t);
  code_.get(to_ptr);
  code_.get(ptr);
  code_.get(bytes);
  code_.memory_copy(to_.memory, from_.memory);
  if (is_plain(s.element())) return;
  begin_intrinsic();
  code_.get(to_ptr);
  code_.get(count);
  code_.i32(static_cast<uint32_t>(size));
  intrinsic(Intrinsic::Nans);
}

void TransferCode::elements(Local source, Local target, Local count, const Shape& s, const Shape& t) {
  const auto size = static_cast<uint32_t>(s.element_size(false));
  code_.get(source);
  const Local p = copy_of(kI32);
  code_.get(target);
  const Local q = copy_of(kI32);
  code_.get(source);
  code_.get(count);
  code_.i32(size);
  code_.op(Op::I32Mul);
  code_.op(Op::I32Add);
  const Local end = copy_of(kI32);
  const uint32_t done = code_.open(Op::Block);
  const uint32_t again = code_.open(Op::Loop);
  code_.get(p);
  code_.get(end);
  code_.op(Op::I32Eq);
  code_.br_if(done);
  if (s.is_map()) memory_fields(p, q, 0, s, t, 2);
  else memory(p, q, 0, s.element(), t.element());
  for (const Local at : {p, q}) {
    code_.get(at);
    code_.i32(size);
    code_.op(Op::I32Add);
    code_.set(at);
  }
  code_.br(again);
  code_.close();
  code_.close();
}

// ---- compound types

// Whole numbers without padding between them: any bits are a value.
bool TransferCode::is_plain(ValType type) const {
  if (type.is_primitive()) {
    const Primitive p = type.primitive();
    return is_number(p) && p != Primitive::F32 && p != Primitive::F64;
  }
  const TypeFacts& facts = types_.facts(type);
  if (facts.nodes > kMaxInlineNodes || facts.has_handle || facts.has_pointer) return false;
  const Shape s(types_, type);
  if (s.kind() == Shape::Kind::List) return is_plain(s.element());
  if (s.kind() == Shape::Kind::Flags) return s.size() == s.flags_size() * 8;
  if (s.kind() != Shape::Kind::Record) return false;
  uint64_t size = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    if (!is_plain(s.field(i))) return false;
    size += types_.facts(s.field(i)).size[0];
  }
  return size == facts.size[0];
}

void TransferCode::copy_bytes(Local source, Local target, uint64_t offset, uint64_t size) {
  if (size > kMaxCopiedInPieces) {
    for (const Local at : {target, source}) {
      code_.get(at);
      code_.i32(static_cast<uint32_t>(offset));
      code_.op(Op::I32Add);
    }
    code_.i32(static_cast<uint32_t>(size));
    return code_.memory_copy(to_.memory, from_.memory);
  }
  while (size) {
    const uint64_t piece = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
    const Access access = access_of(piece);
    code_.get(target);
    code_.get(source);
    code_.access(access.load, from_.memory, offset);
    code_.access(access.store, to_.memory, offset);
    offset += piece;
    size -= piece;
  }
}

template <class F>
void TransferCode::cases(Local index, const Shape& s, F&& emit) {
  std::vector<uint32_t> payloads;
  for (size_t i = 0; i < s.size(); ++i)
    if (s.case_type(i)) payloads.push_back(static_cast<uint32_t>(i));
  if (payloads.size() <= kMaxCompares || s.size() > kMaxTableCases) {
    for (const uint32_t i : payloads) {
      code_.get(index);
      code_.i32(i);
      code_.op(Op::I32Eq);
      code_.open(Op::If);
      emit(i);
      code_.close();
    }
    return;
  }
  const uint32_t done = code_.open(Op::Block);
  std::vector<uint32_t> labels(payloads.size());
  for (size_t k = payloads.size(); k-- > 0;) labels[k] = code_.open(Op::Block);
  std::vector<uint32_t> targets(s.size() + 1, done);
  for (size_t k = 0; k < payloads.size(); ++k) targets[payloads[k]] = labels[k];
  code_.get(index);
  code_.br_table(std::move(targets));
  for (const uint32_t i : payloads) {
    code_.close();
    emit(i);
    code_.br(done);
  }
  code_.close();
}

void TransferCode::flat_variant(Cursor& in, const Shape& s, ValType a, Cursor& out, const Shape& t) {
  const size_t count = types_.facts(a).flat[0].count;
  Cursor payload_in = in, payload_out = out;
  in.at += count;
  out.at += count;
  get_as(payload_in.next(), kI32);
  const Local index = copy_of(kI32);
  code_.get(index);
  code_.i32(static_cast<uint32_t>(s.size()));
  code_.op(Op::I32GeU);
  trap_if(CmTrap::InvalidDiscriminant);
  code_.get(index);
  set_from(kI32, payload_out.next());
  cases(index, s, [&](uint32_t i) {
    Cursor x = payload_in, y = payload_out;
    flat(x, *s.case_type(i), y, *t.case_type(i));
  });
}

// Leaves what the receiver gets on the stack.
void TransferCode::flat_handle(Local index, ValType a, ValType b) {
  if (flat_own_borrow(index, a, b)) return;
  begin_intrinsic();
  code_.i32(a.bits());
  code_.i32(b.bits());
  code_.get(index);
  intrinsic(Intrinsic::Handle);
}

// A borrowed handle of a resource of the callee's own becomes the representation.
bool TransferCode::flat_own_borrow(Local index, ValType a, ValType b) {
  const auto* borrow = types_.get_if<BorrowType>(b);
  if (!implemented_ || !borrow) return false;
  const auto found = std::find_if(implemented_->begin(), implemented_->end(),
                                  [&](const auto& resource) { return resource.first == borrow->resource; });
  if (found == implemented_->end()) return false;
  const uint32_t reps = imports_.reps(found->second, from_.side->inst);
  const Local rep = code_.add_local(kI32);
  const uint32_t done = code_.open(Op::Block);
  const uint32_t slow = code_.open(Op::Block);
  code_.get(index);
  code_.table_size(reps);
  code_.op(Op::I32GeU);
  code_.br_if(slow);
  code_.get(index);
  code_.table_get(reps);
  code_.br_on_null(slow);
  code_.op(Op::I31GetU);
  code_.set(rep);
  code_.br(done);
  code_.close();
  code_.i32(1);
  code_.set(lent_);
  begin_intrinsic();
  code_.i32(a.bits());
  code_.i32(b.bits());
  code_.get(index);
  intrinsic(Intrinsic::Handle);
  code_.set(rep);
  code_.close();
  code_.get(rep);
  return true;
}

void TransferCode::flat(Cursor& in, ValType a, Cursor& out, ValType b) {
  if (a.is_primitive()) return flat_primitive(in, a.primitive(), out);
  const Shape s(types_, a), t(types_, b);
  if (is_index(s.kind())) {
    get_as(in.next(), kI32);
    flat_handle(copy_of(kI32), a, b);
    return set_from(kI32, out.next());
  }
  switch (s.kind()) {
    case Shape::Kind::Record:
      for (size_t i = 0; i < s.size(); ++i) flat(in, s.field(i), out, t.field(i));
      return;
    case Shape::Kind::Variant: return flat_variant(in, s, a, out, t);
    case Shape::Kind::Flags:
      get_as(in.next(), kI32);
      mask_flags(s.size());
      return set_from(kI32, out.next());
    default: break;
  }
  if (s.fixed_length()) {
    for (uint32_t i = 0; i < *s.fixed_length(); ++i) flat(in, s.element(), out, t.element());
    return;
  }
  get_as(in.next(), kI32);
  const Local ptr = copy_of(kI32);
  get_as(in.next(), kI32);
  const Local count = copy_of(kI32);
  Local to_ptr = 0;
  list(ptr, count, s, t, to_ptr);
  code_.get(to_ptr);
  set_from(kI32, out.next());
  code_.get(count);
  set_from(kI32, out.next());
}

void TransferCode::memory_fields(Local source, Local target, uint64_t offset, const Shape& s, const Shape& t,
                                 size_t count) {
  uint64_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    const TypeFacts& facts = types_.facts(s.field(i));
    at = align_to(at, facts.align[0]);
    memory(source, target, offset + at, s.field(i), t.field(i));
    at += facts.size[0];
  }
}

void TransferCode::memory_variant(Local source, Local target, uint64_t offset, const Shape& s, ValType a,
                                  const Shape& t) {
  const Access access = access_of(s.discriminant_size());
  code_.get(source);
  code_.access(access.load, from_.memory, offset);
  const Local index = copy_of(kI32);
  code_.get(index);
  code_.i32(static_cast<uint32_t>(s.size()));
  code_.op(Op::I32GeU);
  trap_if(CmTrap::InvalidDiscriminant);
  code_.get(target);
  code_.get(index);
  code_.access(access.store, to_.memory, offset);
  const uint64_t payload = offset + types_.facts(a).align[0];
  cases(index, s, [&](uint32_t i) { memory(source, target, payload, *s.case_type(i), *t.case_type(i)); });
}

void TransferCode::memory(Local source, Local target, uint64_t offset, ValType a, ValType b) {
  if (a.is_primitive()) return memory_primitive(source, target, offset, a.primitive());
  const TypeFacts& facts = types_.facts(a);
  const Shape s(types_, a), t(types_, b);
  if (facts.nodes > kMaxInlineNodes || code_.size() > kMaxCode) {
    begin_intrinsic();
    code_.i32(a.bits());
    code_.i32(b.bits());
    for (const Local at : {source, target}) {
      code_.get(at);
      code_.i32(static_cast<uint32_t>(offset));
      code_.op(Op::I32Add);
    }
    return intrinsic(Intrinsic::Memory);
  }
  if (is_plain(a)) return copy_bytes(source, target, offset, facts.size[0]);
  switch (s.kind()) {
    case Shape::Kind::Record: return memory_fields(source, target, offset, s, t, s.size());
    case Shape::Kind::Variant: return memory_variant(source, target, offset, s, a, t);
    case Shape::Kind::Flags: {
      const Access access = access_of(s.flags_size());
      code_.get(target);
      code_.get(source);
      code_.access(access.load, from_.memory, offset);
      mask_flags(s.size());
      return code_.access(access.store, to_.memory, offset);
    }
    case Shape::Kind::List: break;
    default:
      code_.get(target);
      begin_intrinsic();
      code_.i32(a.bits());
      code_.i32(b.bits());
      code_.get(source);
      code_.access(Op::I32Load, from_.memory, offset);
      intrinsic(Intrinsic::Handle);
      return code_.access(Op::I32Store, to_.memory, offset);
  }
  if (s.fixed_length()) {
    Local p = source, q = target;
    if (offset) {
      code_.get(source);
      code_.i32(static_cast<uint32_t>(offset));
      code_.op(Op::I32Add);
      p = copy_of(kI32);
      code_.get(target);
      code_.i32(static_cast<uint32_t>(offset));
      code_.op(Op::I32Add);
      q = copy_of(kI32);
    }
    code_.i32(*s.fixed_length());
    return elements(p, q, copy_of(kI32), s, t);
  }
  Local ptr = 0, count = 0, to_ptr = 0;
  memory_pair(source, offset, ptr, count);
  list(ptr, count, s, t, to_ptr);
  put_pair(target, offset, to_ptr, count);
}

}  // namespace skiff::component::fuse
