// Linear memories and tables.
//
// A guarded memory is accessed at base + index + offset without a check: what is out of bounds faults. Such
// accesses are volatile, for a fault is an effect. Any other memory is checked against its length first; its
// loads are then plain, its stores volatile all the same (a trap may make any store the last one).
#include "compiler/llvm/translate.h"
#include "engine/base/check.h"
#include "engine/exec/memory.h"

namespace skiff::llvm_tier {

using llvm::Type;
using llvm::Value;

bool FunctionTranslator::is_guarded(uint32_t memory) const {
  return LinearMemory::is_guarded(shared.info.module.memories[memory].type, shared.options.tunables);
}

Value* FunctionTranslator::memory_inst(uint32_t memory) {
  if (memory == 0) return load_pointer(ctx_, offsetof(VmCtx, memory0), sizeof(MemoryInst));
  Value* memories =
      load_pointer(ctx_, offsetof(VmCtx, memories), shared.info.module.memories.size() * sizeof(void*));
  return load_pointer(memories, uint64_t{memory} * sizeof(void*), sizeof(MemoryInst));
}

Value* FunctionTranslator::memory_base(uint32_t memory) {
  if (memory == 0) return load_invariant(pointer_type(), ctx_, offsetof(VmCtx, memory0_base));
  return load_invariant(pointer_type(), memory_inst(memory), offsetof(MemoryInst, base));
}

// A length that is too old is too small: the access traps rightly (memories only grow).
Value* FunctionTranslator::memory_length(uint32_t memory) {
  Value* inst = memory_inst(memory);
  auto* length = llvm::cast<llvm::LoadInst>(
      load(b.getInt64Ty(), inst, offsetof(MemoryInst, byte_length), Alias::MemoryLength, 8));
  if (shared.info.module.memories[memory].type.shared) length->setAtomic(llvm::AtomicOrdering::Monotonic);
  return length;
}

// Index plus offset, or all ones where that overflows: an address that no memory has.
Value* FunctionTranslator::effective_address(const MemArg& arg, Value* index, AddressType address) {
  if (address == AddressType::I32) return b.CreateAdd(widen(index), i64(arg.offset));
  if (arg.offset == 0) return index;
  return b.CreateBinaryIntrinsic(llvm::Intrinsic::uadd_sat, index, i64(arg.offset));
}

FunctionTranslator::Place FunctionTranslator::locate(const MemArg& arg, Value* index, AddressType address,
                                                     uint32_t size, bool aligned) {
  Place place;
  const MemoryType& memory = shared.info.module.memories[arg.memory].type;
  if (aligned && size > 1) {
    Value* low = b.CreateAdd(b.CreateTrunc(index, b.getInt32Ty()), i32(static_cast<uint32_t>(arg.offset)));
    trap_if(b.CreateIsNotNull(b.CreateAnd(low, i32(size - 1))), TrapCode::UnalignedAtomic);
  }
  Value* wide = address == AddressType::I64 ? index : widen(index);
  if (!is_guarded(arg.memory)) {
    place.checked = true;
    place.is_volatile = memory.shared;
    Value* length = memory_length(arg.memory);
    const uint64_t reach = arg.offset + size;  // what the index must leave
    const bool wraps = reach < arg.offset;
    if (wraps) {
      trap_if(b.getTrue(), TrapCode::MemoryOutOfBounds);
    } else if (address == AddressType::I32) {
      trap_if(b.CreateICmpUGT(b.CreateAdd(wide, i64(reach)), length), TrapCode::MemoryOutOfBounds);
    } else {
      const auto minimum = static_cast<unsigned __int128>(memory.limits.min) << memory.page_size_log2;
      Value* outside = b.CreateICmpUGT(wide, b.CreateSub(length, i64(reach)));
      if (reach > minimum) outside = b.CreateOr(outside, b.CreateICmpULT(length, i64(reach)));
      trap_if(outside, TrapCode::MemoryOutOfBounds);
    }
  }
  place.pointer = offset(b.CreatePtrAdd(memory_base(arg.memory), wide), arg.offset);
  return place;
}

Value* FunctionTranslator::raw_load(Type* type, const Place& place) {
  llvm::LoadInst* load = b.CreateAlignedLoad(type, place.pointer, llvm::Align(1), place.is_volatile);
  load->setMetadata(llvm::LLVMContext::MD_tbaa, shared.alias(Alias::Memory));
  return load;
}

// Where a store that straddles the memory's end may write its first part before it faults (all but x86-64), a load
// of the same bytes goes first.
void FunctionTranslator::raw_store(Value* value, const Place& place) {
  const bool one_byte = value->getType()->getPrimitiveSizeInBits() == 8;
  if (!place.checked && !one_byte && target.arch != llvm::Triple::x86_64) raw_load(value->getType(), place);
  llvm::StoreInst* store = b.CreateAlignedStore(value, place.pointer, llvm::Align(1), true);
  store->setMetadata(llvm::LLVMContext::MD_tbaa, shared.alias(Alias::Memory));
}

void FunctionTranslator::emit_memory_access(const Instr& instr, const ResolvedInstr& r) {
  const OpInfo& row = info(instr.op);
  const uint32_t size = 1u << row.width;
  switch (row.shape) {
    case Shape::Load: {
      const Place place = locate(instr.memarg, pop(), r.address, size, false);
      return push(emit_after_load(*this, instr.op, raw_load(load_memory_type(*this, instr.op), place)));
    }
    case Shape::Store: {
      Value* value = emit_before_store(*this, instr.op, pop());
      return raw_store(value, locate(instr.memarg, pop(), r.address, size, false));
    }
    case Shape::LoadLane: {
      Value* vector = pop();
      const Place place = locate(instr.memarg, pop(), r.address, size, false);
      Value* raw = raw_load(b.getIntNTy(size * 8), place);
      return push(emit_load_lane(*this, instr.op, raw, vector, instr.lane));
    }
    default: {
      Value* value = emit_store_lane(*this, instr.op, pop(), instr.lane);
      return raw_store(value, locate(instr.memarg, pop(), r.address, size, false));
    }
  }
}

// All bytes of a fill or copy are known to be there before the first is written.
FunctionTranslator::Place FunctionTranslator::small_range(uint32_t memory, Value* address, uint32_t size) {
  Value* index = widen(address);
  trap_if(b.CreateICmpUGT(b.CreateAdd(index, i64(size)), memory_length(memory)), TrapCode::MemoryOutOfBounds);
  return {b.CreatePtrAdd(memory_base(memory), index), shared.info.module.memories[memory].type.shared, true};
}

namespace {

// Compilers copy structures by memory.copy with a constant length; a library call takes longer than the copy.
constexpr uint64_t kSmallLength = 128;

uint32_t small_length(const Value* n) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(n);
  return constant && constant->getZExtValue() <= kSmallLength ? static_cast<uint32_t>(constant->getZExtValue()) : 0;
}

/// Calls `each` with offset and size of the pieces that a range is moved in: 16 bytes, then smaller powers of two.
template <class F>
void for_pieces(uint32_t length, F each) {
  for (uint32_t at = 0, size = 16; at < length; at += size) {
    while (size > length - at) size /= 2;
    each(at, size);
  }
}

}  // namespace

// False: not of a small constant length.
bool FunctionTranslator::emit_small_fill(const Instr& instr, const ResolvedInstr& r) {
  const uint32_t length = small_length(stack_.back());
  if (length == 0 || r.address != AddressType::I32) return false;
  const Values operands = pop_many(3);
  const Place to = small_range(instr.index, operands[0], length);
  Value* byte = b.CreateTrunc(operands[1], b.getInt8Ty());
  for_pieces(length, [&](uint32_t at, uint32_t size) {
    Value* piece = size == 1 ? byte : b.CreateVectorSplat(size, byte);
    if (size > 1 && size < 16) piece = b.CreateBitCast(piece, b.getIntNTy(size * 8));
    raw_store(piece, {offset(to.pointer, at), true, true});
  });
  return true;
}

bool FunctionTranslator::emit_small_copy(const Instr& instr, const ResolvedInstr& r) {
  const uint32_t length = small_length(stack_.back());
  if (length == 0 || r.address != AddressType::I32 || r.address2 != AddressType::I32) return false;
  const Values operands = pop_many(3);
  const Place from = small_range(instr.index2, operands[1], length);
  const Place to = small_range(instr.index, operands[0], length);
  Values pieces;
  for_pieces(length, [&](uint32_t at, uint32_t size) {
    Type* piece = size == 16 ? static_cast<Type*>(v128_type()) : b.getIntNTy(size * 8);
    pieces.push_back(raw_load(piece, {offset(from.pointer, at), from.is_volatile, true}));
  });
  size_t next = 0;
  for_pieces(length, [&](uint32_t at, uint32_t) { raw_store(pieces[next++], {offset(to.pointer, at), true, true}); });
  return true;
}

void FunctionTranslator::emit_memory_op(const Instr& instr, const ResolvedInstr& r) {
  auto wide = [&](Value* v, AddressType a) { return a == AddressType::I64 ? v : widen(v); };
  // The length of a copy has the narrower type of the two memories.
  const bool both64 = r.address == AddressType::I64 && r.address2 == AddressType::I64;
  switch (instr.op) {
    case Op::MemorySize: {
      const unsigned log2 = shared.info.module.memories[instr.index].type.page_size_log2;
      return push(narrow(b.CreateLShr(memory_length(instr.index), i64(log2)), r.address));
    }
    case Op::MemoryGrow: {
      Value* delta = wide(pop(), r.address);
      return push(narrow(libcall(Libcall::memory_grow, {i32(instr.index), delta}), r.address));
    }
    case Op::MemoryFill: {
      if (emit_small_fill(instr, r)) return;
      Value* n = wide(pop(), r.address);
      Value* value = pop();
      return trap_on(libcall(Libcall::memory_fill, {i32(instr.index), wide(pop(), r.address), value, n}));
    }
    case Op::MemoryCopy: {
      if (emit_small_copy(instr, r)) return;
      Value* n = wide(pop(), both64 ? AddressType::I64 : AddressType::I32);
      Value* src = wide(pop(), r.address2);
      Value* dst = wide(pop(), r.address);
      return trap_on(libcall(Libcall::memory_copy, {i32(instr.index), i32(instr.index2), dst, src, n}));
    }
    case Op::MemoryInit: {
      const uint32_t memory = instr.index2;
      Value* n = widen(pop());
      Value* src = widen(pop());
      Value* dst = wide(pop(), shared.info.module.memories[memory].type.address);
      return trap_on(libcall(Libcall::memory_init, {i32(instr.index), i32(memory), dst, src, n}));
    }
    case Op::DataDrop: libcall(Libcall::data_drop, {i32(instr.index)}); return;
    default: SKIFF_CHECK(!"memory operator without IR");
  }
}

Value* FunctionTranslator::table_inst(uint32_t table) {
  Value* tables = load_pointer(ctx_, offsetof(VmCtx, tables), shared.info.tables.size() * sizeof(void*));
  return load_pointer(tables, uint64_t{table} * sizeof(void*), sizeof(TableInst));
}

// Tables that cannot grow have one length for ever, and their elements one place.
bool FunctionTranslator::has_fixed_length(uint32_t table) const {
  const Limits& limits = shared.info.tables[table].limits;
  return limits.max && *limits.max == limits.min;
}

Value* FunctionTranslator::table_length(uint32_t table) {
  if (has_fixed_length(table)) return i64(shared.info.tables[table].limits.min);
  return load(b.getInt64Ty(), table_inst(table), offsetof(TableInst, length), Alias::Table, 8);
}

Value* FunctionTranslator::table_element(uint32_t table, Value* index, TrapCode code) {
  trap_if(b.CreateICmpUGE(index, table_length(table)), code);
  Value* elements = has_fixed_length(table)
                        ? load_invariant(pointer_type(), table_inst(table), offsetof(TableInst, elems))
                        : load(pointer_type(), table_inst(table), offsetof(TableInst, elems), Alias::Table, 8);
  return b.CreateGEP(b.getInt64Ty(), elements, index);
}

void FunctionTranslator::emit_table_op(const Instr& instr, const ResolvedInstr& r) {
  auto wide = [&](Value* v, AddressType a) { return a == AddressType::I64 ? v : widen(v); };
  const bool both64 = r.address == AddressType::I64 && r.address2 == AddressType::I64;
  switch (instr.op) {
    case Op::TableGet: {
      Value* element = table_element(instr.index, wide(pop(), r.address), TrapCode::TableOutOfBounds);
      return push(load(b.getInt64Ty(), element, 0, Alias::Table, 8));
    }
    case Op::TableSet: {
      Value* value = pop();
      Value* element = table_element(instr.index, wide(pop(), r.address), TrapCode::TableOutOfBounds);
      store(value, element, 0, Alias::Table, 8)->setVolatile(true);
      return;
    }
    case Op::TableSize: return push(narrow(table_length(instr.index), r.address));
    case Op::TableGrow: {
      Value* delta = wide(pop(), r.address);
      Value* init = pop();
      return push(narrow(libcall(Libcall::table_grow, {i32(instr.index), init, delta}), r.address));
    }
    case Op::TableFill: {
      Value* n = wide(pop(), r.address);
      Value* value = pop();
      return trap_on(libcall(Libcall::table_fill, {i32(instr.index), wide(pop(), r.address), value, n}));
    }
    case Op::TableCopy: {
      Value* n = wide(pop(), both64 ? AddressType::I64 : AddressType::I32);
      Value* src = wide(pop(), r.address2);
      Value* dst = wide(pop(), r.address);
      return trap_on(libcall(Libcall::table_copy, {i32(instr.index), i32(instr.index2), dst, src, n}));
    }
    case Op::TableInit: {
      Value* n = widen(pop());
      Value* src = widen(pop());
      Value* dst = wide(pop(), shared.info.tables[instr.index2].address);
      return trap_on(libcall(Libcall::table_init, {i32(instr.index), i32(instr.index2), dst, src, n}));
    }
    case Op::ElemDrop: libcall(Libcall::elem_drop, {i32(instr.index)}); return;
    default: SKIFF_CHECK(!"table operator without IR");
  }
}

}  // namespace skiff::llvm_tier
