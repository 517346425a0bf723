// Value and start definitions (Spec: Explainer.md, Value Definitions, Start Definitions; Binary.md, val).
// Every value is used exactly once; literals are checked against their type here, since only the type says
// how long they are.
#include <cmath>
#include <cstring>

#include "component/valid/validator.h"
#include "engine/base/reader.h"
#include "engine/base/utf8.h"

namespace skiff::component {
namespace {

// Reads one literal. Every value takes at least one byte, so the work is linear in the bytes; recursion is
// bounded by the depth of types.
class Literal {
 public:
  Literal(const TypeTable& table, std::span<const uint8_t> bytes) : table_(table), bytes_(bytes) {}

  bool value(ValType type) {
    if (type.is_primitive()) return primitive(type.primitive());
    return std::visit([&](const auto& t) { return shape(t); }, table_.body(type.id()));
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  bool byte(uint8_t& b) {
    if (at_end()) return false;
    b = bytes_[at_++];
    return true;
  }
  // LEB128 of `bits` bits.
  bool number(int bits, bool is_signed, uint64_t* out = nullptr) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      uint8_t b;
      if (!byte(b)) return false;
      value |= shift < 64 ? uint64_t{b & 0x7fu} << shift : 0;
      if (shift + 7 >= bits) {
        const int rest = bits - shift;  // bits of this byte that count
        if (b & 0x80) return false;
        const uint8_t high = static_cast<uint8_t>((b & 0x7f) >> (is_signed ? rest - 1 : rest));
        const uint8_t ones = static_cast<uint8_t>(0x7f >> (is_signed ? rest - 1 : rest));
        if (high != 0 && !(is_signed && high == ones)) return false;
        break;
      }
      if (!(b & 0x80)) break;
    }
    if (out) *out = value;
    return true;
  }
  bool skip(size_t n) {
    if (bytes_.size() - at_ < n) return false;
    at_ += n;
    return true;
  }
  template <class Float, class Bits>
  bool float_value(Bits nan) {
    const size_t start = at_;
    if (!skip(sizeof(Float))) return false;
    Float f;
    Bits bits;
    std::memcpy(&f, bytes_.data() + start, sizeof f);
    std::memcpy(&bits, bytes_.data() + start, sizeof bits);
    return !std::isnan(f) || bits == nan;
  }
  bool character() {
    if (at_end()) return false;
    const uint8_t first = bytes_[at_];
    const size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const size_t start = at_;
    return skip(n) && is_utf8(bytes_.subspan(start, n));
  }
  bool string() {
    uint64_t n;
    if (!number(32, false, &n)) return false;
    const size_t start = at_;
    return skip(n) && is_utf8(bytes_.subspan(start, n));
  }
  bool primitive(Primitive p) {
    uint8_t b;
    switch (p) {
      case Primitive::Bool: return byte(b) && b <= 1;
      case Primitive::S8:
      case Primitive::U8: return byte(b);
      case Primitive::S16: return number(16, true);
      case Primitive::U16: return number(16, false);
      case Primitive::S32: return number(32, true);
      case Primitive::U32: return number(32, false);
      case Primitive::S64: return number(64, true);
      case Primitive::U64: return number(64, false);
      case Primitive::F32: return float_value<float, uint32_t>(0x7fc00000u);
      case Primitive::F64: return float_value<double, uint64_t>(0x7ff8000000000000u);
      case Primitive::Char: return character();
      case Primitive::String: return string();
      case Primitive::ErrorContext: return false;
    }
    return false;
  }
  bool choice(size_t count, uint64_t& i) { return number(32, false, &i) && i < count; }
  bool optional(const OptType& t) { return !t || value(*t); }

  bool shape(const RecordType& t) {
    for (const Field& f : t.fields)
      if (!value(f.type)) return false;
    return true;
  }
  bool shape(const TupleType& t) {
    for (ValType e : t.types)
      if (!value(e)) return false;
    return true;
  }
  bool shape(const VariantType& t) {
    uint64_t i;
    return choice(t.cases.size(), i) && optional(t.cases[i].type);
  }
  bool shape(const EnumType& t) {
    uint64_t i;
    return choice(t.labels.size(), i);
  }
  bool shape(const ListType& t) {
    uint64_t n = t.length.value_or(0);
    if (!t.length && !number(32, false, &n)) return false;
    for (; n > 0; --n)
      if (!value(t.element)) return false;
    return true;
  }
  bool shape(const MapType& t) {
    uint64_t n;
    if (!number(32, false, &n)) return false;
    for (; n > 0; --n)
      if (!value(t.key) || !value(t.value)) return false;
    return true;
  }
  bool shape(const FlagsType& t) { return skip((t.labels.size() + 7) / 8); }
  bool shape(const OptionType& t) {
    uint8_t b;
    return byte(b) && b <= 1 && (b == 0 || value(t.type));
  }
  bool shape(const ResultType& t) {
    uint8_t b;
    return byte(b) && b <= 1 && optional(b == 0 ? t.ok : t.error);
  }
  // Handles have no literals.
  template <class T>
  bool shape(const T&) {
    return false;
  }

  const TypeTable& table_;
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

}  // namespace

Status Validator::value_def(const ValueDef& d, Scope& s) {
  SKIFF_TRY(need(Feature::CmValues, "a value definition"));
  const TypedValue t = SKIFF_TRY(value_type(d.type, s));
  Literal literal(*table_, d.bytes);
  if (!literal.value(t.type) || !literal.at_end())
    return bad("value is not one of type " + to_string(*table_, t.type));
  s.info->values.push_back(t.type);
  s.value_nodes.push_back(t.node);
  s.value_used.push_back(false);
  return {};
}

Status Validator::start_def(const StartDef& d, Scope& s) {
  SKIFF_TRY(need(Feature::CmValues, "a start definition"));
  if (d.func >= s.info->funcs.size()) return out_of_bounds("function", d.func);
  const auto& type = table_->get<FuncType>(s.info->funcs[d.func]);
  const NodeId node = s.func_nodes[d.func];
  if (d.args.size() != type.params.size())
    return bad("component start function requires " + std::to_string(type.params.size()) +
               " arguments but was given " + std::to_string(d.args.size()));
  if (d.results != (type.result ? 1u : 0u))
    return bad("component start function has a result count of " + std::to_string(d.results) +
               " but the function type has a result count of " + (type.result ? "1" : "0"));
  Matcher matcher(*table_, *table_, registry_, budget_);
  for (size_t i = 0; i < d.args.size(); ++i) {
    const TypedItem arg = SKIFF_TRY(item({Sort::Value, d.args[i]}, s));
    ExternType param;
    param.sort = Sort::Value;
    param.value = type.params[i].type;
    SKIFF_TRY(placed(matcher.extern_type(Matcher::A, arg.type, param),
                     "value type mismatch for component start function argument " + std::to_string(i)));
  }
  if (type.result) {
    s.info->values.push_back(*type.result);
    s.value_nodes.push_back(node);
    s.value_used.push_back(false);
  }
  return {};
}

}  // namespace skiff::component
