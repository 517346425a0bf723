// References, structs, arrays, casts. Reading, writing and casting are inline, from the layouts of engine/gc/object.h
// and type_info.h; whatever allocates or touches many elements is a library call. Objects do not move and the
// native stack is scanned conservatively, so references are ordinary integers here.
#include "compiler/llvm/translate.h"
#include "engine/base/bits.h"
#include "engine/base/check.h"
#include "engine/gc/object.h"
#include "engine/gc/type_info.h"

namespace skiff::llvm_tier {

using llvm::BasicBlock;
using llvm::Value;

namespace {

// The same layout as TypeTable makes (engine/gc/type_info.cc).
uint64_t field_offset(const CompositeType& type, uint32_t field) {
  uint64_t offset = gc::kFieldsOffset;
  for (uint32_t i = 0;; ++i) {
    const uint32_t size = type.fields[i].storage.size();
    offset = align_up<uint64_t>(offset, size);
    if (i == field) return offset;
    offset += size;
  }
}

bool may_be_i31(ValType source) {
  const HeapType heap = source.heap();
  return heap == HeapType::Any || heap == HeapType::Eq || heap == HeapType::I31 || heap == HeapType::Extern;
}

}  // namespace

void FunctionTranslator::emit_reference(const Instr& instr, const ResolvedInstr& r) {
  switch (instr.op) {
    case Op::RefNull: return push(i64(0));
    case Op::RefIsNull: return push(b.CreateZExt(b.CreateICmpEQ(pop(), i64(0)), b.getInt32Ty()));
    case Op::RefFunc: {
      const size_t count = shared.info.module.functions.size();
      Value* funcs = load_pointer(ctx_, offsetof(VmCtx, funcs), count * sizeof(void*));
      return push(load_invariant(b.getInt64Ty(), funcs, uint64_t{instr.index} * sizeof(void*)));
    }
    case Op::RefEq: {
      Value* other = pop();
      return push(b.CreateZExt(b.CreateICmpEQ(pop(), other), b.getInt32Ty()));
    }
    case Op::RefAsNonNull: return trap_if(b.CreateICmpEQ(stack_.back(), i64(0)), TrapCode::NullReference);
    default: SKIFF_CHECK(!"reference operator without IR");
  }
}

void FunctionTranslator::emit_gc(const Instr& instr, const ResolvedInstr& r) {
  switch (instr.op) {
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::StructSet: return emit_struct_op(instr, r);
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::ArrayNewData:
    case Op::ArrayNewElem: return emit_array_new(instr, r);
    case Op::RefTest:
    case Op::RefTestNull: {
      // r.type is the target; the operand may be anything of its hierarchy.
      Value* is = ref_test(pop(), instr.type.heap(), r.type, ValType());
      return push(b.CreateZExt(is, b.getInt32Ty()));
    }
    case Op::RefCast:
    case Op::RefCastNull:
      return trap_if(b.CreateNot(ref_test(stack_.back(), instr.type.heap(), r.type, ValType())), TrapCode::CastFailure);
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return;
    case Op::RefI31: return push(widen(b.CreateOr(b.CreateShl(pop(), 1), 1)));
    case Op::I31GetS:
    case Op::I31GetU: {
      Value* ref = pop();
      trap_if(b.CreateICmpEQ(ref, i64(0)), TrapCode::NullI31Reference);
      Value* word = b.CreateTrunc(ref, b.getInt32Ty());
      return push(instr.op == Op::I31GetS ? b.CreateAShr(word, 1) : b.CreateLShr(word, 1));
    }
    default: return emit_array_op(instr, r);
  }
}

// Writes values into the frame's scratch slots, for a library call.
Value* FunctionTranslator::pack_into_slots(llvm::ArrayRef<Value*> values, std::span<const ValType> types) {
  uint32_t count = 0;
  for (ValType t : types) count += t.unpacked().slots();
  Value* slots = scratch(std::max(count, 1u));
  cost_ += values.size();
  uint32_t slot = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    store_slot(values[i], slots, slot);
    slot += types[i].unpacked().slots();
  }
  return slots;
}

Value* FunctionTranslator::field_load(ValType storage, Value* object, uint64_t offset, Op op) {
  if (!storage.is_packed()) {
    return load(type(storage), object, offset, Alias::Heap, std::min(storage.size(), 16u));
  }
  Value* raw = load(b.getIntNTy(storage.size() * 8), object, offset, Alias::Heap, storage.size());
  const bool is_signed = op == Op::StructGetS || op == Op::ArrayGetS;
  return is_signed ? b.CreateSExt(raw, b.getInt32Ty()) : b.CreateZExt(raw, b.getInt32Ty());
}

void FunctionTranslator::field_store(ValType storage, Value* value, Value* object, uint64_t offset) {
  if (storage.is_packed()) value = b.CreateTrunc(value, b.getIntNTy(storage.size() * 8));
  store(value, object, offset, Alias::Heap, std::min(storage.size(), 16u))->setVolatile(true);
}

void FunctionTranslator::emit_struct_op(const Instr& instr, const ResolvedInstr& r) {
  const CompositeType& type = shared.info.registry->get(shared.info.types.id(instr.index)).type.comp;
  auto object_of = [&](Value* ref) {
    trap_if(b.CreateICmpEQ(ref, i64(0)), TrapCode::NullStructReference);
    return b.CreateIntToPtr(ref, pointer_type());
  };
  switch (instr.op) {
    case Op::StructNew: {
      std::vector<ValType> types;
      for (const FieldType& field : type.fields) types.push_back(field.storage);
      Value* slots = pack_into_slots(top(types.size()), types);
      drop(types.size());
      return push(libcall(Libcall::struct_new, {i32(instr.index), slots}));
    }
    case Op::StructNewDefault: return push(libcall(Libcall::struct_new_default, {i32(instr.index)}));
    case Op::StructSet: {
      Value* value = pop();
      Value* object = object_of(pop());
      return field_store(type.fields[instr.index2].storage, value, object, field_offset(type, instr.index2));
    }
    default: {
      Value* object = object_of(pop());
      const ValType storage = type.fields[instr.index2].storage;
      return push(field_load(storage, object, field_offset(type, instr.index2), instr.op));
    }
  }
}

void FunctionTranslator::emit_array_new(const Instr& instr, const ResolvedInstr& r) {
  const CompositeType& type = shared.info.registry->get(shared.info.types.id(instr.index)).type.comp;
  const ValType storage = type.fields[0].storage;
  switch (instr.op) {
    case Op::ArrayNew: {
      Value* n = pop();
      Value* init = pop();
      Value* slots = pack_into_slots({init}, {&storage, 1});
      return push(libcall(Libcall::array_new, {i32(instr.index), slots, n}));
    }
    case Op::ArrayNewDefault: return push(libcall(Libcall::array_new_default, {i32(instr.index), pop()}));
    case Op::ArrayNewFixed: {
      const std::vector<ValType> types(instr.index2, storage);
      Value* slots = pack_into_slots(top(types.size()), types);
      drop(types.size());
      return push(libcall(Libcall::array_new_fixed, {i32(instr.index), slots, i32(instr.index2)}));
    }
    default: {
      Value* n = pop();
      Value* start = pop();
      const Libcall call = instr.op == Op::ArrayNewData ? Libcall::array_new_data : Libcall::array_new_elem;
      return push(libcall(call, {i32(instr.index), i32(instr.index2), start, n}));
    }
  }
}

// Checked address of an element.
Value* FunctionTranslator::array_element(Value* array, Value* index, ValType storage) {
  trap_if(b.CreateICmpEQ(array, i64(0)), TrapCode::NullArrayReference);
  Value* object = b.CreateIntToPtr(array, pointer_type());
  Value* length = load(b.getInt32Ty(), object, gc::kArrayLengthOffset, Alias::Heap, 4);
  trap_if(b.CreateICmpUGE(index, length), TrapCode::ArrayOutOfBounds);
  return b.CreatePtrAdd(object, b.CreateMul(widen(index), i64(storage.size())));
}

void FunctionTranslator::emit_array_op(const Instr& instr, const ResolvedInstr& r) {
  auto storage = [&] {
    return shared.info.registry->get(shared.info.types.id(instr.index)).type.comp.fields[0].storage;
  };
  switch (instr.op) {
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU: {
      Value* index = pop();
      Value* element = array_element(pop(), index, storage());
      return push(field_load(storage(), element, gc::kElementsOffset, instr.op));
    }
    case Op::ArraySet: {
      Value* value = pop();
      Value* index = pop();
      Value* element = array_element(pop(), index, storage());
      return field_store(storage(), value, element, gc::kElementsOffset);
    }
    case Op::ArrayLen: {
      Value* array = pop();
      trap_if(b.CreateICmpEQ(array, i64(0)), TrapCode::NullArrayReference);
      Value* object = b.CreateIntToPtr(array, pointer_type());
      return push(load(b.getInt32Ty(), object, gc::kArrayLengthOffset, Alias::Heap, 4));
    }
    case Op::ArrayFill: {
      const Values v = pop_many(4);  // array, start, value, length
      const ValType type = storage();
      Value* slots = pack_into_slots({v[2]}, {&type, 1});
      return trap_on(libcall(Libcall::array_fill, {i32(instr.index), v[0], v[1], slots, v[3]}));
    }
    case Op::ArrayCopy: {
      const Values v = pop_many(5);
      return trap_on(libcall(Libcall::array_copy, {v[0], v[1], v[2], v[3], v[4]}));
    }
    case Op::ArrayInitData:
    case Op::ArrayInitElem: {
      const Values v = pop_many(4);
      const Libcall call = instr.op == Op::ArrayInitData ? Libcall::array_init_data : Libcall::array_init_elem;
      return trap_on(libcall(call, {i32(instr.index), i32(instr.index2), v[0], v[1], v[2], v[3]}));
    }
    default: SKIFF_CHECK(!"GC operator without IR");
  }
}

// Spec: exec-ref.test. `canonical` is the target as a canonical reference type, `module_type` its heap type in the
// module's own indices; `source` the operand's type, or Bot when it is not known.
Value* FunctionTranslator::ref_test(Value* ref, HeapType module_type, ValType canonical, ValType source) {
  Value* is_null = b.CreateICmpEQ(ref, i64(0));
  Value* nullable = b.getInt1(canonical.is_nullable_ref());
  const HeapType target = canonical.heap();
  const bool top_type = target == HeapType::Any || target == HeapType::Extern || target == HeapType::Func ||
                        target == HeapType::Exn;
  const bool bottom_type = target == HeapType::None || target == HeapType::NoExtern || target == HeapType::NoFunc ||
                           target == HeapType::NoExn;
  if (top_type) return b.CreateOr(nullable, b.CreateNot(is_null));
  if (bottom_type) return b.CreateAnd(nullable, is_null);
  BasicBlock* start = b.GetInsertBlock();
  BasicBlock* test = new_block("test");
  BasicBlock* done = new_block("tested");
  b.CreateCondBr(is_null, done, test);
  b.SetInsertPoint(test);
  BasicBlock* i31_block = nullptr;
  const bool is_func = target.is_concrete() &&
                       shared.info.registry->get(target.index()).type.comp.kind == CompositeType::Kind::Func;
  if (!is_func && (source.is_bot() || may_be_i31(source))) {
    i31_block = test;
    Value* is_i31 = b.CreateTrunc(ref, b.getInt1Ty());
    BasicBlock* object = new_block("object");
    b.CreateCondBr(is_i31, done, object);
    b.SetInsertPoint(object);
  }
  Value* is = target.is_concrete() ? test_concrete(ref, module_type, target) : test_abstract(ref, target);
  BasicBlock* end = b.GetInsertBlock();
  b.CreateBr(done);
  b.SetInsertPoint(done);
  llvm::PHINode* result = b.CreatePHI(b.getInt1Ty(), 3);
  result->addIncoming(nullable, start);
  if (i31_block) result->addIncoming(b.getInt1(target == HeapType::I31 || target == HeapType::Eq), i31_block);
  result->addIncoming(is, end);
  return result;
}

// Of an object that is neither null nor an i31.
Value* FunctionTranslator::test_abstract(Value* ref, HeapType target) {
  if (target == HeapType::I31) return b.getFalse();
  Value* info = load(pointer_type(), b.CreateIntToPtr(ref, pointer_type()), 0, Alias::Heap, 8);
  Value* kind = load_invariant(b.getInt8Ty(), info, offsetof(gc::TypeInfo, kind), 1);
  auto is = [&](gc::Kind k) { return b.CreateICmpEQ(kind, b.getInt8(static_cast<uint8_t>(k))); };
  if (target == HeapType::Struct) return is(gc::Kind::Struct);
  if (target == HeapType::Array) return is(gc::Kind::Array);
  SKIFF_CHECK(target == HeapType::Eq);
  return b.CreateOr(is(gc::Kind::Struct), is(gc::Kind::Array));
}

// Spec: match-deftype, as gc::is_subtype has it. The invariant loads: types and the displays in them never change.
Value* FunctionTranslator::test_concrete(Value* ref, HeapType module_type, HeapType canonical) {
  const CanonType& type = shared.info.registry->get(canonical.index());
  const uint32_t index = module_type.index();
  Value* object = b.CreateIntToPtr(ref, pointer_type());
  if (type.type.comp.kind == CompositeType::Kind::Func && type.type.final) {
    Value* ids = load_pointer(ctx_, offsetof(VmCtx, type_ids), shared.info.types.size() * sizeof(uint32_t));
    Value* expected = load_invariant(b.getInt32Ty(), ids, uint64_t{index} * sizeof(uint32_t), 4);
    return b.CreateICmpEQ(load_invariant(b.getInt32Ty(), object, offsetof(FuncInst, type_id), 4), expected);
  }
  if (type.type.comp.kind == CompositeType::Kind::Func || type.depth >= gc::kInlineDisplay) {
    return b.CreateIsNotNull(libcall(Libcall::ref_test, {ref, i32(1), i64(index)}));
  }
  Value* types = load_pointer(ctx_, offsetof(VmCtx, types), shared.info.types.size() * sizeof(void*));
  Value* expected = load_invariant(pointer_type(), types, uint64_t{index} * sizeof(void*));
  Value* actual = load(pointer_type(), object, 0, Alias::Heap, 8);
  if (!type.type.final) {
    const uint64_t at = offsetof(gc::TypeInfo, display) + uint64_t{type.depth} * sizeof(void*);
    actual = load_invariant(pointer_type(), actual, at);
  }
  return b.CreateICmpEQ(actual, expected);
}

}  // namespace skiff::llvm_tier
