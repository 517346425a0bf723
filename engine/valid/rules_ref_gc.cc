// Rules of references, casts, structs and arrays (Spec: valid-instr-ref, valid-instr-struct,
// valid-instr-array, valid-instr-i31, valid-instr-extern).
#include "engine/syntax/limits.h"
#include "engine/valid/checker.h"

namespace skiff {
namespace {

ValType concrete_ref(uint32_t id, bool nullable) { return ValType::ref(HeapType::concrete(id), nullable); }

// Spec: reference type difference: what a failed cast to `target` leaves of `source`.
ValType difference(ValType source, ValType target) {
  return target.is_nullable_ref() ? source.with_null(false) : source;
}

// Packed fields are read by get_s and get_u only, others by get only.
bool reads_packed(Op op) {
  return op == Op::StructGetS || op == Op::StructGetU || op == Op::ArrayGetS || op == Op::ArrayGetU;
}

}  // namespace

// --------------------------------------------------------------------------------------------- references

bool FunctionChecker::check_ref_null() {
  resolved_.type = instr_.type;
  if (!resolve(resolved_.type)) return false;
  push(resolved_.type);
  return true;
}

bool FunctionChecker::check_ref_func() {
  if (!has_index(instr_.index, info_.func_types.size(), ErrorCode::UnknownFunction)) return false;
  // Spec: context.refs. Constant expressions declare what they name.
  if (!constant_ && !info_.declared_funcs[instr_.index])
    return error(ErrorCode::UndeclaredFunctionReference, " " + std::to_string(instr_.index));
  resolved_.type_id = info_.func_types[instr_.index];
  resolved_.type = concrete_ref(resolved_.type_id, false);
  push(resolved_.type);
  return true;
}

// ref.is_null, ref.as_non_null
bool FunctionChecker::check_ref_unary() {
  ValType type;
  if (!pop_ref(type)) return false;
  resolved_.type = type;
  if (instr_.op == Op::RefIsNull) {
    push(ValType::I32);
  } else {
    push(type.is_bot() ? type : type.with_null(false));
  }
  return true;
}

bool FunctionChecker::check_ref_eq() {
  if (!pop(ValType::EqRef) || !pop(ValType::EqRef)) return false;
  push(ValType::I32);
  return true;
}

bool FunctionChecker::check_ref_i31() {
  if (!pop(ValType::I32)) return false;
  push(ValType::ref(HeapType::I31, false));
  return true;
}

bool FunctionChecker::check_i31_get() {
  if (!pop(ValType::I31Ref)) return false;
  push(ValType::I32);
  return true;
}

bool FunctionChecker::check_br_on_null() {
  ControlFrame* target = label(instr_.index);
  ValType type;
  if (target == nullptr || !pop_ref(type)) return false;
  const std::span<const ValType> types = target->info.label_types();
  branches_to(*target);
  if (!pop_all(types) || !push_all(types)) return false;
  resolved_.type = type;
  push(type.is_bot() ? type : type.with_null(false));
  return true;
}

bool FunctionChecker::check_br_on_non_null() {
  ControlFrame* target = label(instr_.index);
  if (target == nullptr) return false;
  const std::span<const ValType> types = target->info.label_types();
  if (types.empty() || !types.back().is_ref())
    return error(ErrorCode::TypeMismatch, "the label's last type is not a reference");
  ValType type;
  if (!pop_ref(type)) return false;
  resolved_.type = type;
  const ValType carried = type.is_bot() ? type : type.with_null(false);
  if (!matches(carried, types.back())) return mismatch(types.back(), carried);
  branches_to(*target);
  const auto rest = types.first(types.size() - 1);
  return pop_all(rest) && push_all(rest);
}

// br_on_cast l rt1 rt2: [t* rt1] -> [t* rt1\rt2], the label takes [t* rt2]; br_on_cast_fail the other way.
bool FunctionChecker::check_br_on_cast() {
  ControlFrame* target = label(instr_.index);
  if (target == nullptr) return false;
  resolved_.type = instr_.type;
  resolved_.type2 = instr_.type2;
  if (!resolve(resolved_.type) || !resolve(resolved_.type2)) return false;
  const ValType from = resolved_.type, to = resolved_.type2;
  if (!matches(to, from)) return mismatch(from, to);
  const bool on_success = instr_.op == Op::BrOnCast;
  const ValType branches = on_success ? to : difference(from, to);
  const ValType stays = on_success ? difference(from, to) : to;

  const std::span<const ValType> types = target->info.label_types();
  if (types.empty()) return error(ErrorCode::TypeMismatch, "the label takes no operand");
  if (!matches(branches, types.back())) return mismatch(types.back(), branches);
  branches_to(*target);
  const auto rest = types.first(types.size() - 1);
  if (!pop(from) || !pop_all(rest) || !push_all(rest)) return false;
  push(stays);
  return true;
}

// ref.test, ref.cast: the operand may be anything of the target's hierarchy.
bool FunctionChecker::check_ref_cast() {
  resolved_.type = instr_.type;
  if (!resolve(resolved_.type)) return false;
  if (!pop(ValType::ref(top_of(registry_, resolved_.type.heap()), true))) return false;
  push(instr_.op == Op::RefTest || instr_.op == Op::RefTestNull ? ValType::I32 : resolved_.type);
  return true;
}

// Nullability is kept.
bool FunctionChecker::check_convert() {
  const bool to_any = instr_.op == Op::AnyConvertExtern;
  ValType found;
  if (!pop_any(found)) return false;
  const ValType expected = to_any ? ValType::ExternRef : ValType::AnyRef;
  if (!matches(found, expected)) return mismatch(expected, found);
  resolved_.type = found;
  push(ValType::ref(to_any ? HeapType::Any : HeapType::Extern, found.is_nullable_ref()));
  return true;
}

// ------------------------------------------------------------------------------------------------ structs

// The type of an index that must be a struct's or array's; sets resolved_.type_id.
const CanonType* FunctionChecker::composite(uint32_t index, CompositeType::Kind kind) {
  if (!has_index(index, info_.types.size(), ErrorCode::UnknownType)) return nullptr;
  const CanonType& type = registry_.get(info_.types.id(index));
  if (type.type.comp.kind != kind) {
    const char* what =
        kind == CompositeType::Kind::Struct ? " is not a struct type" : " is not an array type";
    error(ErrorCode::TypeMismatch, "type " + std::to_string(index) + what);
    return nullptr;
  }
  resolved_.type_id = type.id;
  return &type;
}

bool FunctionChecker::check_struct_new() {
  const CanonType* type = composite(instr_.index, CompositeType::Kind::Struct);
  if (type == nullptr) return false;
  const std::vector<FieldType>& fields = type->type.comp.fields;
  if (instr_.op == Op::StructNewDefault) {
    if (!type->defaultable) return error(ErrorCode::TypeMismatch, "a field has no default value");
  } else {
    for (size_t i = fields.size(); i-- > 0 && !bottomless();)
      if (!pop(fields[i].storage.unpacked())) return false;
  }
  push(concrete_ref(type->id, false));
  return true;
}

bool FunctionChecker::check_struct_access() {
  const CanonType* type = composite(instr_.index, CompositeType::Kind::Struct);
  if (type == nullptr) return false;
  const std::vector<FieldType>& fields = type->type.comp.fields;
  if (!has_index(instr_.index2, fields.size(), ErrorCode::UnknownField)) return false;
  const FieldType& field = fields[instr_.index2];
  const ValType object = concrete_ref(type->id, true);
  resolved_.type = field.storage;
  if (instr_.op == Op::StructSet) {
    if (!field.mut) return error(ErrorCode::ImmutableField, " " + std::to_string(instr_.index2));
    return pop(field.storage.unpacked()) && pop(object);
  }
  if (field.storage.is_packed() != reads_packed(instr_.op))
    return error(ErrorCode::TypeMismatch, "wrong accessor for a field of type " + to_string(field.storage));
  if (!pop(object)) return false;
  push(field.storage.unpacked());
  return true;
}

// ------------------------------------------------------------------------------------------------- arrays

// array.new, array.new_default, array.new_fixed
bool FunctionChecker::check_array_new() {
  const CanonType* type = composite(instr_.index, CompositeType::Kind::Array);
  if (type == nullptr) return false;
  const ValType storage = type->type.comp.fields[0].storage;
  resolved_.type = storage;
  if (instr_.op == Op::ArrayNewFixed) {
    if (instr_.index2 > limits::kArrayNewFixed)
      return error(ErrorCode::ImplementationLimit, "array.new_fixed operands");
    for (uint32_t i = 0; i < instr_.index2 && !bottomless(); ++i)
      if (!pop(storage.unpacked())) return false;
  } else {
    if (!pop(ValType::I32)) return false;
    if (instr_.op == Op::ArrayNew) {
      if (!pop(storage.unpacked())) return false;
    } else if (!type->defaultable) {
      return error(ErrorCode::TypeMismatch, "elements have no default value");
    }
  }
  push(concrete_ref(type->id, false));
  return true;
}

// The segment operand of array.new_data and array.init_data.
bool FunctionChecker::data_source(const FieldType& field) {
  if (!data_index(instr_.index2)) return false;
  return !field.storage.is_ref() || error(ErrorCode::ArrayNotNumeric);
}

// The segment operand of array.new_elem and array.init_elem.
bool FunctionChecker::elem_source(const FieldType& field) {
  if (!elem_index(instr_.index2)) return false;
  const ValType elem = info_.elem_types[instr_.index2];
  return matches(elem, field.storage) || mismatch(field.storage, elem);
}

bool FunctionChecker::check_array_new_segment() {
  const CanonType* type = composite(instr_.index, CompositeType::Kind::Array);
  if (type == nullptr) return false;
  const FieldType& field = type->type.comp.fields[0];
  resolved_.type = field.storage;
  if (!(instr_.op == Op::ArrayNewData ? data_source(field) : elem_source(field))) return false;
  if (!pop(ValType::I32) || !pop(ValType::I32)) return false;
  push(concrete_ref(type->id, false));
  return true;
}

bool FunctionChecker::check_array_access() {
  const CanonType* type = composite(instr_.index, CompositeType::Kind::Array);
  if (type == nullptr) return false;
  const FieldType& field = type->type.comp.fields[0];
  const ValType array = concrete_ref(type->id, true);
  resolved_.type = field.storage;
  if (instr_.op == Op::ArraySet) {
    if (!field.mut) return error(ErrorCode::ImmutableArray);
    return pop(field.storage.unpacked()) && pop(ValType::I32) && pop(array);
  }
  if (field.storage.is_packed() != reads_packed(instr_.op))
    return error(ErrorCode::TypeMismatch, "wrong accessor for elements of type " + to_string(field.storage));
  if (!pop(ValType::I32) || !pop(array)) return false;
  push(field.storage.unpacked());
  return true;
}

bool FunctionChecker::check_array_len() {
  if (!pop(ValType::ArrayRef)) return false;
  push(ValType::I32);
  return true;
}

bool FunctionChecker::check_array_fill() {
  const CanonType* type = composite(instr_.index, CompositeType::Kind::Array);
  if (type == nullptr) return false;
  const FieldType& field = type->type.comp.fields[0];
  resolved_.type = field.storage;
  if (!field.mut) return error(ErrorCode::ImmutableArray);
  return pop(ValType::I32) && pop(field.storage.unpacked()) && pop(ValType::I32) &&
         pop(concrete_ref(type->id, true));
}

bool FunctionChecker::check_array_copy() {
  const CanonType* from = composite(instr_.index2, CompositeType::Kind::Array);
  if (from == nullptr) return false;
  const CanonType* to = composite(instr_.index, CompositeType::Kind::Array);
  if (to == nullptr) return false;
  resolved_.type_id2 = from->id;
  const FieldType &a = to->type.comp.fields[0], &b = from->type.comp.fields[0];
  resolved_.type = a.storage;
  if (!a.mut) return error(ErrorCode::ImmutableArray);
  if (!matches(b.storage, a.storage))
    return error(ErrorCode::ArrayTypesDoNotMatch, to_string(a.storage) + " and " + to_string(b.storage));
  return pop(ValType::I32) && pop(ValType::I32) && pop(concrete_ref(from->id, true)) && pop(ValType::I32) &&
         pop(concrete_ref(to->id, true));
}

bool FunctionChecker::check_array_init() {
  const CanonType* type = composite(instr_.index, CompositeType::Kind::Array);
  if (type == nullptr) return false;
  const FieldType& field = type->type.comp.fields[0];
  resolved_.type = field.storage;
  if (!field.mut) return error(ErrorCode::ImmutableArray);
  if (!(instr_.op == Op::ArrayInitData ? data_source(field) : elem_source(field))) return false;
  return pop(ValType::I32) && pop(ValType::I32) && pop(ValType::I32) && pop(concrete_ref(type->id, true));
}

}  // namespace skiff
