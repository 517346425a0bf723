// Printing WAVE, along the type.
#include "component/tools/wave.h"
#include "engine/base/utf8.h"
#include "engine/text/numbers.h"

namespace skiff::component {
namespace {

class Printer {
 public:
  explicit Printer(const TypeTable& types) : types_(types) {}

  void value(ValType type, const Val& v) {
    if (type.is_primitive()) return primitive(type.primitive(), v);
    std::visit([&](const auto& body) { print(body, v); }, types_.body(type.id()));
  }
  std::string out;

 private:
  void primitive(Primitive type, const Val& v) {
    switch (type) {
      case Primitive::Bool: out += v.as_bool() ? "true" : "false"; break;
      case Primitive::F32: out += text::print_f32(static_cast<uint32_t>(v.bits())); break;
      case Primitive::F64: out += text::print_f64(v.bits()); break;
      case Primitive::Char: quoted_char(static_cast<uint32_t>(v.bits())); break;
      case Primitive::String: quoted(v.string()); break;
      case Primitive::ErrorContext: out += "<error-context>"; break;
      case Primitive::S8:
      case Primitive::S16:
      case Primitive::S32:
      case Primitive::S64: out += std::to_string(v.as_signed()); break;
      default: out += std::to_string(v.bits()); break;
    }
  }
  // `quote`: the character that must be escaped.
  bool escaped(uint32_t c, char quote) {
    constexpr std::string_view kFrom = "\n\r\t\\", kTo = "nrt\\";
    if (c < 0x80) {
      if (const size_t i = kFrom.find(static_cast<char>(c)); i != std::string_view::npos)
        return out += {'\\', kTo[i]}, true;
      if (static_cast<char>(c) == quote) return out += {'\\', quote}, true;
    }
    if (c >= 0x20 && c != 0x7F) return false;
    char text[16];
    std::snprintf(text, sizeof text, "\\u{%x}", c);
    out += text;
    return true;
  }
  void quoted_char(uint32_t c) {
    out += '\'';
    if (!escaped(c, '\'')) append_utf8(out, c);
    out += '\'';
  }
  void quoted(std::string_view text) {
    out += '"';
    for (const char c : text)
      if (!escaped(static_cast<uint8_t>(c), '"')) out += c;
    out += '"';
  }

  // `f(i)` prints element i.
  template <class F>
  void sequence(char open, char close, size_t count, F&& f) {
    out += open;
    for (size_t i = 0; i < count; ++i) {
      if (i) out += ", ";
      f(i);
    }
    out += close;
  }

  void print(const ListType& type, const Val& v) {
    sequence('[', ']', v.length(), [&](size_t i) { value(type.element, v.element_at(i)); });
  }
  void print(const MapType& type, const Val& v) {
    sequence('{', '}', v.length(), [&](size_t i) {
      const Val entry = v.element_at(i);
      value(type.key, entry.items()[0]);
      out += ": ";
      value(type.value, entry.items()[1]);
    });
  }
  void print(const TupleType& type, const Val& v) {
    sequence('(', ')', type.types.size(), [&](size_t i) { value(type.types[i], v.items()[i]); });
  }
  void print(const RecordType& type, const Val& v) {
    sequence('{', '}', type.fields.size(), [&](size_t i) {
      out += type.fields[i].label + ": ";
      value(type.fields[i].type, v.items()[i]);
    });
  }
  void print(const FlagsType& type, const Val& v) {
    std::vector<size_t> set;
    for (size_t i = 0; i < type.labels.size(); ++i)
      if (v.flags() >> i & 1) set.push_back(i);
    sequence('{', '}', set.size(), [&](size_t i) { out += type.labels[set[i]]; });
  }
  void print(const EnumType& type, const Val& v) { out += type.labels[v.case_index()]; }
  void print(const VariantType& type, const Val& v) {
    labelled(type.cases[v.case_index()].label, type.cases[v.case_index()].type, v);
  }
  void print(const OptionType& type, const Val& v) {
    labelled(v.case_index() ? "some" : "none", v.case_index() ? OptType(type.type) : OptType(), v);
  }
  void print(const ResultType& type, const Val& v) {
    labelled(v.case_index() ? "err" : "ok", v.case_index() ? type.error : type.ok, v);
  }
  void labelled(std::string_view label, const OptType& type, const Val& v) {
    out += label;
    if (!type) return;
    out += '(';
    value(*type, *v.payload());
    out += ')';
  }
  void print(const OwnType&, const Val&) { out += "<own>"; }
  void print(const BorrowType&, const Val&) { out += "<borrow>"; }
  void print(const StreamType&, const Val&) { out += "<stream>"; }
  void print(const FutureType&, const Val&) { out += "<future>"; }
  template <class T>
  void print(const T&, const Val&) {}  // no value types

  const TypeTable& types_;
};

}  // namespace

std::string print_wave(const TypeTable& types, ValType type, const Val& value) {
  Printer printer(types);
  printer.value(type, value);
  return std::move(printer.out);
}

}  // namespace skiff::component
