// Values: construction, copying, comparison, and the check against a type.
#include "component/abi/value.h"

#include "component/abi/shape.h"
#include "engine/base/check.h"
#include "engine/base/utf8.h"

namespace skiff::component {

Val Val::of_string(std::string text) {
  const auto units = static_cast<uint32_t>(text.size());
  return of_string(std::move(text), StringSource::Utf8, units);
}

Val Val::of_string(std::string text, StringSource source, uint32_t code_units) {
  Val v;
  v.string_ = new std::string(std::move(text));
  v.kind_ = Kind::String;
  v.sub_ = static_cast<uint8_t>(source);
  v.aux_ = code_units;
  return v;
}

Val Val::of_list(std::vector<Val> elements) {
  Val v;
  v.items_ = new std::vector<Val>(std::move(elements));
  v.kind_ = Kind::List;
  return v;
}

Val Val::of_numbers(Primitive element, std::vector<uint8_t> bytes) {
  SKIFF_DCHECK(is_number(element) && bytes.size() % size_of(element) == 0);
  Val v;
  v.bytes_ = new std::vector<uint8_t>(std::move(bytes));
  v.kind_ = Kind::Numbers;
  v.sub_ = static_cast<uint8_t>(element);
  return v;
}

Val Val::of_record(std::vector<Val> fields) {
  Val v = of_list(std::move(fields));
  v.kind_ = Kind::Record;
  return v;
}

Val Val::of_case(uint32_t index) {
  Val v;
  v.kind_ = Kind::Variant;
  v.aux_ = index;
  v.payload_ = nullptr;
  return v;
}

Val Val::of_case(uint32_t index, Val payload) {
  Val v = of_case(index);
  v.payload_ = new Val(std::move(payload));
  return v;
}

Val Val::of_resource(Kind kind, ResourceVal resource) {
  Val v;
  v.resource_ = new ResourceVal(resource);
  v.kind_ = kind;
  return v;
}

Val Val::of_shared(Kind kind, SharedObjectPtr object) {
  Val v;
  v.shared_ = new SharedObjectPtr(std::move(object));
  v.kind_ = kind;
  return v;
}

// Values nest as deep as their type, which the validator bounds; the embedder's own are its own affair.
void Val::destroy() {
  switch (kind_) {
    case Kind::String: delete string_; break;
    case Kind::List:
    case Kind::Record: delete items_; break;
    case Kind::Numbers: delete bytes_; break;
    case Kind::Variant: delete payload_; break;
    case Kind::Own:
    case Kind::Borrow: delete resource_; break;
    case Kind::Stream:
    case Kind::Future:
    case Kind::ErrorContext: delete shared_; break;
    default: break;
  }
  kind_ = Kind::Bool;
  bits_ = 0;
}

void Val::copy(const Val& other) {
  sub_ = other.sub_;
  aux_ = other.aux_;
  bits_ = other.bits_;
  switch (other.kind_) {
    case Kind::String: string_ = new std::string(*other.string_); break;
    case Kind::List:
    case Kind::Record: items_ = new std::vector<Val>(*other.items_); break;
    case Kind::Numbers: bytes_ = new std::vector<uint8_t>(*other.bytes_); break;
    case Kind::Variant: payload_ = other.payload_ ? new Val(*other.payload_) : nullptr; break;
    case Kind::Own:
    case Kind::Borrow: resource_ = new ResourceVal(*other.resource_); break;
    case Kind::Stream:
    case Kind::Future:
    case Kind::ErrorContext: shared_ = new SharedObjectPtr(*other.shared_); break;
    default: break;
  }
  kind_ = other.kind_;
}

int64_t Val::as_signed() const {
  switch (kind_) {
    case Kind::S8: return static_cast<int8_t>(bits_);
    case Kind::S16: return static_cast<int16_t>(bits_);
    case Kind::S32: return static_cast<int32_t>(bits_);
    default: return static_cast<int64_t>(bits_);
  }
}

size_t Val::length() const {
  return kind_ == Kind::Numbers ? bytes_->size() / size_of(element()) : items_->size();
}

Val Val::element_at(size_t i) const {
  if (kind_ != Kind::Numbers) return (*items_)[i];
  const uint32_t size = size_of(element());
  uint64_t bits = 0;
  std::memcpy(&bits, bytes_->data() + i * size, size);
  return scalar(kind_of(element()), bits);
}

bool Val::operator==(const Val& other) const {
  auto is_list = [](const Val& v) { return v.kind_ == Kind::List || v.kind_ == Kind::Numbers; };
  if (kind_ != other.kind_) {
    if (!is_list(*this) || !is_list(other) || length() != other.length()) return false;
    for (size_t i = 0, n = length(); i < n; ++i)
      if (!(element_at(i) == other.element_at(i))) return false;
    return true;
  }
  switch (kind_) {
    case Kind::String: return *string_ == *other.string_;
    case Kind::List:
    case Kind::Record: return *items_ == *other.items_;
    case Kind::Numbers:
      return *bytes_ == *other.bytes_ && (bytes_->empty() || sub_ == other.sub_);
    case Kind::Variant:
      if (aux_ != other.aux_ || !payload_ != !other.payload_) return false;
      return !payload_ || *payload_ == *other.payload_;
    case Kind::Own:
    case Kind::Borrow: return *resource_ == *other.resource_;
    case Kind::Stream:
    case Kind::Future:
    case Kind::ErrorContext: return *shared_ == *other.shared_;
    default: return bits_ == other.bits_;
  }
}

bool is_number(Primitive p) {
  switch (p) {
    case Primitive::S8:
    case Primitive::U8:
    case Primitive::S16:
    case Primitive::U16:
    case Primitive::S32:
    case Primitive::U32:
    case Primitive::S64:
    case Primitive::U64:
    case Primitive::F32:
    case Primitive::F64: return true;
    case Primitive::Bool:
    case Primitive::Char:
    case Primitive::String:
    case Primitive::ErrorContext: break;
  }
  return false;
}

Val::Kind kind_of(Primitive p) {
  switch (p) {
    case Primitive::Bool: return Val::Kind::Bool;
    case Primitive::S8: return Val::Kind::S8;
    case Primitive::U8: return Val::Kind::U8;
    case Primitive::S16: return Val::Kind::S16;
    case Primitive::U16: return Val::Kind::U16;
    case Primitive::S32: return Val::Kind::S32;
    case Primitive::U32: return Val::Kind::U32;
    case Primitive::S64: return Val::Kind::S64;
    case Primitive::U64: return Val::Kind::U64;
    case Primitive::F32: return Val::Kind::F32;
    case Primitive::F64: return Val::Kind::F64;
    case Primitive::Char: return Val::Kind::Char;
    case Primitive::String: return Val::Kind::String;
    case Primitive::ErrorContext: return Val::Kind::ErrorContext;
  }
  return Val::Kind::Bool;
}

uint32_t size_of(Primitive p) {
  switch (p) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case Primitive::ID: return SIZE;
#include "component/types/primitives.def"
  }
  return 0;
}

namespace {

std::string_view name_of(Val::Kind kind) {
  constexpr std::string_view kNames[] = {"bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32",
                                         "f64", "char", "flags", "string", "list", "list of numbers",
                                         "record", "variant", "own", "borrow", "stream", "future",
                                         "error-context"};
  return kNames[static_cast<size_t>(kind)];
}

class Conforms {
 public:
  Conforms(const TypeTable& types, std::string& where) : types_(types), where_(where) {}

  bool check(ValType type, const Val& v) {
    if (type.is_primitive()) return check_primitive(type.primitive(), v);
    const Shape shape(types_, type);
    switch (shape.kind()) {
      case Shape::Kind::Record: return check_record(shape, v);
      case Shape::Kind::Variant: return check_variant(shape, v);
      case Shape::Kind::List: return check_list(shape, v);
      case Shape::Kind::Flags:
        if (v.kind() != Val::Kind::Flags) return differs("flags", v);
        if (shape.size() < 32 && v.flags() >> shape.size()) return wrong("flags: a bit without a label");
        return true;
      case Shape::Kind::Own: return v.kind() == Val::Kind::Own || differs("own", v);
      case Shape::Kind::Borrow: return v.kind() == Val::Kind::Borrow || differs("borrow", v);
      case Shape::Kind::Stream: return v.kind() == Val::Kind::Stream || differs("stream", v);
      case Shape::Kind::Future: return v.kind() == Val::Kind::Future || differs("future", v);
      case Shape::Kind::Primitive: break;
    }
    return wrong("not a value type");
  }

 private:
  bool wrong(std::string text) {
    where_ = std::move(text);
    return false;
  }
  bool differs(std::string_view expected, const Val& v) {
    return wrong(std::string("expected ").append(expected).append(", found ").append(name_of(v.kind())));
  }
  bool inside(std::string place) {
    where_ = place.append(": ").append(where_);
    return false;
  }

  bool check_primitive(Primitive p, const Val& v) {
    if (v.kind() != kind_of(p)) return differs(name_of(kind_of(p)), v);
    if (p == Primitive::String) return is_utf8(v.string()) || wrong("string that is not UTF-8");
    if (p == Primitive::Char)
      return v.bits() < 0xD800 || (v.bits() >= 0xE000 && v.bits() < 0x110000) || wrong("not a char");
    return true;
  }

  bool check_record(const Shape& shape, const Val& v) {
    if (v.kind() != Val::Kind::Record) return differs("record", v);
    if (v.items().size() != shape.size())
      return wrong("expected " + std::to_string(shape.size()) + " fields, found " +
                   std::to_string(v.items().size()));
    for (size_t i = 0; i < shape.size(); ++i)
      if (!check(shape.field(i), v.items()[i])) return inside("field " + std::to_string(i));
    return true;
  }

  bool check_variant(const Shape& shape, const Val& v) {
    if (v.kind() != Val::Kind::Variant) return differs("variant", v);
    if (v.case_index() >= shape.size()) return wrong("no case " + std::to_string(v.case_index()));
    const OptType type = shape.case_type(v.case_index());
    if (type.has_value() != (v.payload() != nullptr))
      return wrong(type ? "a case that needs a payload" : "a case that has no payload");
    return !type || check(*type, *v.payload()) || inside("case " + std::to_string(v.case_index()));
  }

  bool check_list(const Shape& shape, const Val& v) {
    if (v.kind() != Val::Kind::List && v.kind() != Val::Kind::Numbers) return differs("list", v);
    if (shape.fixed_length() && v.length() != *shape.fixed_length())
      return wrong("expected " + std::to_string(*shape.fixed_length()) + " elements, found " +
                   std::to_string(v.length()));
    if (v.kind() == Val::Kind::Numbers)
      return v.bytes().empty() ||
             (shape.element().is_primitive() && shape.element().primitive() == v.element()) ||
             wrong("elements of another type");
    for (size_t i = 0; i < v.items().size(); ++i)
      if (!check_element(shape, v.items()[i])) return inside("element " + std::to_string(i));
    return true;
  }

  bool check_element(const Shape& shape, const Val& v) {
    if (!shape.is_map()) return check(shape.element(), v);
    if (v.kind() != Val::Kind::Record || v.items().size() != 2) return differs("key and value", v);
    return check(shape.field(0), v.items()[0]) && check(shape.field(1), v.items()[1]);
  }

  const TypeTable& types_;
  std::string& where_;
};

}  // namespace

bool conforms(const TypeTable& types, ValType type, const Val& value, std::string& where) {
  return Conforms(types, where).check(type, value);
}

}  // namespace skiff::component
