// A program that lowers and lifts values as told on its standard input, for abi_reference_test.py, which does
// the same with the specification's definitions.py and compares. One request a line:
//   lower ENCODING WIDE TYPE VALUE    answers  flat N...; realloc OLD,OLD_SIZE,ALIGN,SIZE...; memory HEX
//   lift ENCODING WIDE TYPE HEX N...  answers  value VALUE
// or "trap". Types and values are s-expressions, see parse_type and parse_value.
#include <cstdio>
#include <iostream>
#include <sstream>

#include "component/abi/lift.h"
#include "component/abi/shape.h"
#include "engine/exec/memory.h"

namespace skiff::component {
namespace {

constexpr uint64_t kFirst = 64;      // where the bump allocator starts

class TestContext final : public LiftLowerContext {
 public:
  using LiftLowerContext::LiftLowerContext;
  bool trap(CmTrap, std::string) override { return false; }
  bool reallocate(uint64_t old, uint64_t old_size, uint32_t align, uint64_t size, uint64_t& ptr) override {
    calls << old << ',' << old_size << ',' << align << ',' << size << ' ';
    next = (next + align - 1) & ~uint64_t{align - 1};
    ptr = next;
    next += size;
    uint8_t* to = range(ptr, size);
    if (!to) return false;
    if (const uint8_t* from = range(old, std::min(old_size, size))) std::copy_n(from, std::min(old_size, size), to);
    return true;
  }
  bool lift_own(uint32_t, ResourceId, ResourceVal&) override { return false; }
  bool lift_borrow(uint32_t, ResourceId, ResourceVal&) override { return false; }
  bool lower_own(const ResourceVal&, ResourceId, uint64_t&) override { return false; }
  bool lower_borrow(const ResourceVal&, ResourceId, uint64_t&) override { return false; }
  bool lift_shared(Val::Kind, uint32_t, ValType, SharedObjectPtr&) override { return false; }
  bool lower_shared(Val::Kind, const SharedObjectPtr&, ValType, uint64_t&) override { return false; }

  std::ostringstream calls;
  uint64_t next = kFirst;
};

std::string word(std::istream& in) {
  std::string text;
  in >> text;
  return text;
}

// u8, ..., string; list T | fixed N T | record N T... | variant N (T or _)... | flags N | map K V | option T |
// result (T or _) (T or _) | enum N | tuple N T...
OptType parse_type(std::istream& in, TypeTable& types) {
  const std::string name = word(in);
  if (name == "_") return {};
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  if (name == TEXT) return ValType(Primitive::ID);
#include "component/types/primitives.def"
  auto number = [&] { return static_cast<uint32_t>(std::stoul(word(in))); };
  auto one = [&] { return *parse_type(in, types); };
  if (name == "list") return ValType::of(types.add(ListType{one(), {}}));
  if (name == "fixed") {
    const uint32_t n = number();
    return ValType::of(types.add(ListType{one(), n}));
  }
  if (name == "map") {
    const ValType key = one();
    return ValType::of(types.add(MapType{key, one()}));
  }
  if (name == "option") return ValType::of(types.add(OptionType{one()}));
  if (name == "result") {
    const OptType ok = parse_type(in, types);
    return ValType::of(types.add(ResultType{ok, parse_type(in, types)}));
  }
  const uint32_t n = number();
  std::vector<std::string> labels;
  for (uint32_t i = 0; i < n; ++i) labels.push_back("l" + std::to_string(i));
  if (name == "flags") return ValType::of(types.add(FlagsType{labels}));
  if (name == "enum") return ValType::of(types.add(EnumType{labels}));
  RecordType record;
  TupleType tuple;
  VariantType variant;
  for (uint32_t i = 0; i < n; ++i) {
    const OptType type = parse_type(in, types);
    if (type) record.fields.push_back({labels[i], *type}), tuple.types.push_back(*type);
    variant.cases.push_back({labels[i], type});
  }
  if (name == "record") return ValType::of(types.add(record));
  if (name == "tuple") return ValType::of(types.add(tuple));
  return ValType::of(types.add(variant));
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 1; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}
template <class Bytes>
std::string to_hex(const Bytes& bytes) {
  std::string hex = "x";
  char digits[3];
  for (const auto byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<uint8_t>(byte)));
    hex += digits;
  }
  return hex;
}

// Numbers, bools, chars: bits; flags: bits; string: SOURCE UNITS xHEX; list: N V...; record: V...; variant: CASE V?
Val parse_value(std::istream& in, const TypeTable& types, ValType type);
Val parse_elements(std::istream& in, const TypeTable& types, const Shape& shape, uint32_t n) {
  std::vector<Val> items;
  std::vector<uint8_t> bytes;
  const bool numbers =
      !shape.is_map() && shape.element().is_primitive() && is_number(shape.element().primitive());
  for (uint32_t i = 0; i < n; ++i) {
    if (shape.is_map()) {
      Val key = parse_value(in, types, shape.field(0));
      items.push_back(Val::of_record({key, parse_value(in, types, shape.field(1))}));
      continue;
    }
    Val value = parse_value(in, types, shape.element());
    const uint64_t bits = value.is_scalar() ? value.bits() : 0;
    if (numbers) bytes.insert(bytes.end(), reinterpret_cast<const uint8_t*>(&bits),
                              reinterpret_cast<const uint8_t*>(&bits) + size_of(shape.element().primitive()));
    else items.push_back(std::move(value));
  }
  return numbers ? Val::of_numbers(shape.element().primitive(), std::move(bytes)) : Val::of_list(std::move(items));
}
Val parse_value(std::istream& in, const TypeTable& types, ValType type) {
  if (type == Primitive::String) {
    const auto source = static_cast<StringSource>(std::stoul(word(in)));
    const auto units = static_cast<uint32_t>(std::stoul(word(in)));
    return Val::of_string(from_hex(word(in)), source, units);
  }
  if (type.is_primitive()) return Val::scalar(kind_of(type.primitive()), std::stoull(word(in)));
  const Shape shape(types, type);
  if (shape.kind() == Shape::Kind::Flags) return Val::of_flags(static_cast<uint32_t>(std::stoul(word(in))));
  if (shape.kind() == Shape::Kind::List)
    return parse_elements(in, types, shape, static_cast<uint32_t>(std::stoul(word(in))));
  if (shape.kind() == Shape::Kind::Record) {
    std::vector<Val> fields;
    for (size_t i = 0; i < shape.size(); ++i) fields.push_back(parse_value(in, types, shape.field(i)));
    return Val::of_record(std::move(fields));
  }
  const auto index = static_cast<uint32_t>(std::stoul(word(in)));
  const OptType payload = shape.case_type(index);
  return payload ? Val::of_case(index, parse_value(in, types, *payload)) : Val::of_case(index);
}

void print_value(std::ostream& out, const Val& value) {
  switch (value.kind()) {
    case Val::Kind::String:
      out << static_cast<int>(value.string_source()) << ' ' << value.code_units() << ' ' << to_hex(value.string())
          << ' ';
      return;
    case Val::Kind::List:
    case Val::Kind::Numbers:
      out << value.length() << ' ';
      for (size_t i = 0; i < value.length(); ++i) print_value(out, value.element_at(i));
      return;
    case Val::Kind::Record:
      for (const Val& field : value.items()) print_value(out, field);
      return;
    case Val::Kind::Variant:
      out << value.case_index() << ' ';
      if (value.payload()) print_value(out, *value.payload());
      return;
    default: out << value.bits() << ' ';
  }
}

std::string answer(const std::string& line) {
  std::istringstream in(line);
  const std::string verb = word(in);
  const auto encoding = static_cast<StringEncoding>(std::stoul(word(in)));
  const bool wide = word(in) == "1";
  TypeTable types;
  FuncType function;
  const ValType type = *parse_type(in, types);
  function.params.push_back({"a", type});
  MemoryType memory_type;
  memory_type.limits.min = 4;
  const auto memory = std::move(LinearMemory::create(memory_type, default_tunables()).value());
  TestContext cx(types, {encoding, memory.get(), wide});
  std::ostringstream out;
  Slot flat[kMaxFlatParams + 1];
  if (verb == "lower") {
    const Val value = parse_value(in, types, type);
    FlatWriter writer(flat);
    if (!lower_params(cx, function, {&value, 1}, writer)) return "trap";
    out << "flat ";
    for (uint32_t i = 0; i < writer.count(); ++i) out << flat[i].u64 << ' ';
    const std::span<uint8_t> used = memory->bytes().first(cx.next);
    out << "; realloc " << cx.calls.str() << "; memory " << to_hex(used);
    return out.str();
  }
  const std::string image = from_hex(word(in));
  std::copy(image.begin(), image.end(), memory->bytes().begin());
  uint32_t n = 0;
  for (std::string number = word(in); !number.empty(); number = word(in)) flat[n++].u64 = std::stoull(number);
  FlatReader reader(flat);
  std::vector<Val> values;
  if (!lift_params(cx, function, kMaxFlatParams, reader, values)) return "trap";
  out << "value ";
  print_value(out, values[0]);
  return out.str();
}

}  // namespace
}  // namespace skiff::component

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << skiff::component::answer(line) << std::endl;
}
