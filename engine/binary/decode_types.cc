// Types in the binary format (Spec: binary-types): value, reference and heap types, the type section with
// its recursion groups, and the types of tables, memories, globals and tags.
#include <iterator>

#include "engine/binary/decode_parts.h"
#include "engine/syntax/limits.h"

namespace skiff {

namespace detail {
std::string disabled(Feature feature) {
  const std::string name(name_of(feature));
  return name + " is disabled; enable with --features=+" + name;
}
}  // namespace detail

namespace {

using detail::disabled;

constexpr uint8_t kRefByte = 0x64, kRefNullByte = 0x63;
constexpr uint8_t kFuncByte = 0x60, kStructByte = 0x5F, kArrayByte = 0x5E;
constexpr uint8_t kSubByte = 0x50, kSubFinalByte = 0x4F, kRecByte = 0x4E;
constexpr uint8_t kEmptyBlockByte = 0x40;

// Bits of the flags of limits.
constexpr uint8_t kHasMax = 0x01, kShared = 0x02, kAddress64 = 0x04, kPageSize = 0x08;

std::string hex(uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  return std::string("0x") + kDigits[byte >> 4] + kDigits[byte & 15];
}

// A negative one-byte LEB128: the codes of types, where a type index could stand as well.
bool is_type_code(uint8_t byte) { return (byte & 0xC0) == 0x40; }

bool is_abstract_heap_code(uint8_t byte) {
  switch (byte) {
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) case CODE:
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
    return true;
  }
  return false;
}

// The proposal that brought an abstract heap type.
Feature feature_of(HeapType type) {
  if (type == HeapType::Func || type == HeapType::Extern) return Feature::ReferenceTypes;
  if (type == HeapType::Exn || type == HeapType::NoExn) return Feature::Exceptions;
  return Feature::Gc;
}

// After its byte `code`, which is_abstract_heap_code.
HeapType check_abstract(Reader& reader, Features features, uint64_t at, uint8_t code, ErrorCode error) {
  const HeapType type = HeapType::abstract(code);
  if (!features.has(feature_of(type))) reader.set_error_at(error, at, disabled(feature_of(type)));
  return type;
}

// Spec: binary-reftype, when the next byte announces one. False: it does not, nothing has been read.
bool read_ref_type_if(Reader& reader, Features features, ErrorCode error, ValType& out) {
  const uint64_t at = reader.offset();
  const uint8_t code = reader.peek();
  if (code == kRefByte || code == kRefNullByte) {
    reader.u8();
    if (!features.has(Feature::FunctionReferences)) {
      reader.set_error_at(error, at, disabled(Feature::FunctionReferences));
    }
    out = ValType::ref(decode_heap_type(reader, features), code == kRefNullByte);
    return true;
  }
  if (!is_abstract_heap_code(code)) return false;
  reader.u8();
  out = ValType::ref(check_abstract(reader, features, at, code, error), true);
  return true;
}

// Reports a type of the wrong kind at the next byte (or the end of the input).
void wrong_type(Reader& reader, ErrorCode error, const char* wanted) {
  const uint64_t at = reader.offset();
  const uint8_t code = reader.u8();
  reader.set_error_at(error, at, hex(code) + " is not " + wanted);
}

// Spec: binary-mut.
bool read_mut(Reader& reader) {
  const uint64_t at = reader.offset();
  const uint8_t mut = reader.u8();
  if (mut > 1) reader.set_error_at(ErrorCode::MalformedMutability, at);
  return mut == 1;
}

// Spec: binary-storagetype, binary-fieldtype.
FieldType read_field_type(Reader& reader, Features features) {
  FieldType field;
  const uint8_t code = reader.peek();
  if (code == static_cast<uint8_t>(ValType::Kind::I8) || code == static_cast<uint8_t>(ValType::Kind::I16)) {
    reader.u8();
    field.storage = ValType(static_cast<ValType::Kind>(code));
  } else if (is_type_code(code) || reader.at_end()) {
    field.storage = decode_val_type(reader, features);
  } else {
    wrong_type(reader, ErrorCode::MalformedStorageType, "a storage type");
  }
  field.mut = read_mut(reader);
  return field;
}

// Spec: binary-resulttype.
std::vector<ValType> read_result_type(Reader& reader, Features features, uint32_t limit, const char* what) {
  std::vector<ValType> types;
  const uint64_t at = reader.offset();
  const uint32_t n = reader.count();
  if (n > limit) {
    reader.set_error_at(ErrorCode::ImplementationLimit, at, std::string("too many ") + what);
    return types;
  }
  types.reserve(n);
  for (uint32_t i = 0; i < n && reader.ok(); ++i) types.push_back(decode_val_type(reader, features));
  return types;
}

void read_fields(Reader& reader, Features features, std::vector<FieldType>& fields) {
  const uint64_t at = reader.offset();
  const uint32_t n = reader.count();
  if (n > limits::kStructFields) {
    return reader.set_error_at(ErrorCode::ImplementationLimit, at, "too many struct fields");
  }
  fields.reserve(n);
  for (uint32_t i = 0; i < n && reader.ok(); ++i) fields.push_back(read_field_type(reader, features));
}

// Spec: binary-comptype.
CompositeType read_composite_type(Reader& reader, Features features) {
  CompositeType type;
  const uint64_t at = reader.offset();
  const uint8_t form = reader.u8();
  if (!reader.ok()) return type;
  if (form >= 0x80) {
    reader.set_error_at(ErrorCode::IntegerRepresentationTooLong, at);
  } else if (form == kFuncByte) {
    type.func.params = read_result_type(reader, features, limits::kParams, "parameters");
    type.func.results = read_result_type(reader, features, limits::kResults, "results");
  } else if (form != kStructByte && form != kArrayByte) {
    reader.set_error_at(ErrorCode::MalformedDefinitionType, at, hex(form) + " is not a composite type");
  } else if (!features.has(Feature::Gc)) {
    reader.set_error_at(ErrorCode::MalformedDefinitionType, at, disabled(Feature::Gc));
  } else if (form == kStructByte) {
    type.kind = CompositeType::Kind::Struct;
    read_fields(reader, features, type.fields);
  } else {
    type.kind = CompositeType::Kind::Array;
    type.fields.push_back(read_field_type(reader, features));
  }
  return type;
}

struct LimitsFlags {
  uint8_t flags = 0;
  bool has(uint8_t bit) const { return (flags & bit) != 0; }
};

// The flags of limits; `allowed`: the bits that mean something here if their proposals are enabled.
LimitsFlags read_limits_flags(Reader& reader, Features features, uint8_t allowed) {
  const uint64_t at = reader.offset();
  const LimitsFlags flags{reader.u8()};
  std::string detail;
  auto gate = [&](uint8_t bit, Feature feature) {
    if (features.has(feature)) return;
    if (flags.has(bit & allowed)) detail = disabled(feature);
    allowed = static_cast<uint8_t>(allowed & ~bit);
  };
  gate(kShared, Feature::Threads);
  gate(kAddress64, Feature::Memory64);
  gate(kPageSize, Feature::CustomPageSizes);
  if ((flags.flags & ~allowed) != 0) {
    reader.set_error_at(ErrorCode::MalformedLimitsFlags, at, std::move(detail));
    return {};
  }
  return flags;
}

// Spec: binary-limits, after the flags.
Limits read_limits(Reader& reader, Features features, LimitsFlags flags) {
  auto bound = [&] { return features.has(Feature::Memory64) ? reader.u64() : reader.u32(); };
  Limits limits;
  limits.min = bound();
  if (flags.has(kHasMax)) limits.max = bound();
  return limits;
}

AddressType address_type(LimitsFlags flags) {
  return flags.has(kAddress64) ? AddressType::I64 : AddressType::I32;
}

}  // namespace

ValType decode_val_type(Reader& reader, Features features) {
  const uint64_t at = reader.offset();
  const uint8_t code = reader.peek();
  switch (static_cast<ValType::Kind>(code)) {
    case ValType::Kind::I32:
    case ValType::Kind::I64:
    case ValType::Kind::F32:
    case ValType::Kind::F64: reader.u8(); return ValType(static_cast<ValType::Kind>(code));
    case ValType::Kind::V128:
      reader.u8();
      if (!features.has(Feature::Simd)) {
        reader.set_error_at(ErrorCode::MalformedType, at, disabled(Feature::Simd));
      }
      return ValType::V128;
    case ValType::Kind::Bot:
    case ValType::Kind::Ref:
    case ValType::Kind::RefNull:
    case ValType::Kind::I8:
    case ValType::Kind::I16: break;
  }
  ValType type = ValType::I32;
  if (!read_ref_type_if(reader, features, ErrorCode::MalformedType, type)) {
    wrong_type(reader, ErrorCode::MalformedType, "a value type");
  }
  return type;
}

HeapType decode_heap_type(Reader& reader, Features features) {
  const uint64_t at = reader.offset();
  const uint8_t code = reader.peek();
  if (is_type_code(code)) {
    if (is_abstract_heap_code(code)) {
      reader.u8();
      return check_abstract(reader, features, at, code, ErrorCode::MalformedHeapType);
    }
    wrong_type(reader, ErrorCode::MalformedHeapType, "a heap type");
    return HeapType::Func;
  }
  const int64_t index = reader.s33();
  if (index < 0) {
    reader.set_error_at(ErrorCode::MalformedHeapType, at);
  } else if (!features.has(Feature::FunctionReferences)) {
    reader.set_error_at(ErrorCode::MalformedHeapType, at, disabled(Feature::FunctionReferences));
  }
  if (!reader.ok()) return HeapType::Func;
  return HeapType::concrete(static_cast<uint32_t>(std::min<int64_t>(index, HeapType::kAbstract - 1)));
}

BlockType decode_block_type(Reader& reader, Features features) {
  BlockType type;
  const uint64_t at = reader.offset();
  const uint8_t code = reader.peek();
  if (code == kEmptyBlockByte) {
    reader.u8();
    return type;
  }
  if (is_type_code(code)) {
    type.kind = BlockType::Kind::Value;
    type.value = decode_val_type(reader, features);
    return type;
  }
  type.kind = BlockType::Kind::Index;
  const int64_t index = reader.s33();
  if (index < 0) {
    reader.set_error_at(ErrorCode::MalformedBlockType, at);
  } else if (!features.has(Feature::MultiValue)) {
    reader.set_error_at(ErrorCode::MalformedBlockType, at, disabled(Feature::MultiValue));
  }
  type.index = static_cast<uint32_t>(index);
  return type;
}

namespace detail {

// Spec: binary-subtype.
SubType read_sub_type(Reader& reader, Features features) {
  SubType type;
  const uint64_t at = reader.offset();
  const uint8_t form = reader.peek();
  if (form == kSubByte || form == kSubFinalByte) {
    reader.u8();
    if (!features.has(Feature::Gc)) {
      reader.set_error_at(ErrorCode::MalformedDefinitionType, at, disabled(Feature::Gc));
    }
    type.final = form == kSubFinalByte;
    const uint32_t n = reader.count();
    if (n > 1) reader.set_error_at(ErrorCode::SubType, at, "more than one supertype");
    if (n == 1) type.super = reader.u32();
  }
  type.comp = read_composite_type(reader, features);
  return type;
}

bool read_rec_type(Reader& reader, Features features, std::vector<SubType>& types) {
  const uint64_t at = reader.offset();
  const bool group = reader.peek() == kRecByte;
  uint32_t n = 1;
  if (group) {
    reader.u8();
    if (!features.has(Feature::Gc)) {
      reader.set_error_at(ErrorCode::MalformedDefinitionType, at, disabled(Feature::Gc));
    }
    n = reader.count();
  }
  if (n > limits::kTypes - types.size()) {
    reader.set_error(ErrorCode::ImplementationLimit, "too many types");
  }
  for (uint32_t i = 0; i < n && reader.ok(); ++i) types.push_back(read_sub_type(reader, features));
  return group;
}

void read_type_section(Reader& reader, Module& module) {
  read_list(reader, module.rec_groups, 2, limits::kRecGroups, "types", [&] {
    const auto first = static_cast<uint32_t>(module.types.size());
    read_rec_type(reader, module.features, module.types);
    module.rec_groups.push_back({first, static_cast<uint32_t>(module.types.size()) - first});
  });
}

ValType read_ref_type(Reader& reader, Features features) {
  // The only element type of WebAssembly 1.0: not a value type there, hence not gated.
  if (reader.peek() == HeapType::Func.code()) {
    reader.u8();
    return ValType::FuncRef;
  }
  ValType type = ValType::FuncRef;
  if (!read_ref_type_if(reader, features, ErrorCode::MalformedReferenceType, type)) {
    wrong_type(reader, ErrorCode::MalformedReferenceType, "a reference type");
  }
  return type;
}

TableType read_table_type(Reader& reader, Features features) {
  TableType type;
  type.elem = read_ref_type(reader, features);
  const LimitsFlags flags = read_limits_flags(reader, features, kHasMax | kAddress64);
  type.limits = read_limits(reader, features, flags);
  type.address = address_type(flags);
  return type;
}

MemoryType read_memory_type(Reader& reader, Features features) {
  MemoryType type;
  const LimitsFlags flags = read_limits_flags(reader, features, kHasMax | kShared | kAddress64 | kPageSize);
  type.limits = read_limits(reader, features, flags);
  type.address = address_type(flags);
  type.shared = flags.has(kShared);
  if (flags.has(kPageSize)) {
    const uint64_t at = reader.offset();
    const uint32_t log2 = reader.u32();
    if (log2 >= 64) reader.set_error_at(ErrorCode::MalformedPageSize, at);
    type.page_size_log2 = static_cast<uint8_t>(log2);
  }
  return type;
}

GlobalType read_global_type(Reader& reader, Features features) {
  GlobalType type;
  type.type = decode_val_type(reader, features);
  type.mut = read_mut(reader);
  return type;
}

TagType read_tag_type(Reader& reader) {
  const uint64_t at = reader.offset();
  if (reader.u8() != 0) reader.set_error_at(ErrorCode::MalformedTagAttribute, at);
  return {reader.u32()};
}

}  // namespace detail
}  // namespace skiff
