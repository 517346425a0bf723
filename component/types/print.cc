// to_string of types, in the words of the text format. What it writes is for messages, so it is cut where it
// gets long or deep: work is bounded whatever the type.
#include <algorithm>
#include <type_traits>

#include "component/types/types.h"

namespace skiff::component {
namespace {

constexpr size_t kLongest = 400;
constexpr uint32_t kDeepest = 12;

class Printer {
 public:
  explicit Printer(const TypeTable& table) : table_(table) {}

  void type(ValType t, uint32_t depth) {
    if (t.is_primitive()) {
      switch (t.primitive()) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case Primitive::ID: out += TEXT; break;
#include "component/types/primitives.def"
      }
      return;
    }
    if (depth > kDeepest || out.size() > kLongest) {
      out += "...";
      return;
    }
    std::visit([&](const auto& body) { print(body, depth + 1); }, table_.body(t.id()));
  }
  void func(const FuncType& t, uint32_t depth) {
    out += t.async_ ? "(func async" : "(func";
    for (const Field& p : t.params) {
      if (full()) break;
      out += " (param \"" + p.label + "\" ";
      type(p.type, depth);
      out += ')';
    }
    if (t.result) {
      out += " (result ";
      type(*t.result, depth);
      out += ')';
    }
    out += ')';
  }
  std::string out;

 private:
  // True, with a mark left, when enough is written.
  bool full() {
    if (out.size() <= kLongest) return false;
    out += " ...";
    return true;
  }
  void optional(const OptType& t, uint32_t depth) {
    if (!t) return;
    out += ' ';
    type(*t, depth);
  }
  void print(const RecordType& t, uint32_t depth) {
    out += "(record";
    for (const Field& f : t.fields) {
      if (full()) break;
      out += " (field \"" + f.label + "\" ";
      type(f.type, depth);
      out += ')';
    }
    out += ')';
  }
  void print(const VariantType& t, uint32_t depth) {
    out += "(variant";
    for (const VariantCase& c : t.cases) {
      if (full()) break;
      out += " (case \"" + c.label + "\"";
      optional(c.type, depth);
      out += ')';
    }
    out += ')';
  }
  void print(const ListType& t, uint32_t depth) {
    out += "(list ";
    type(t.element, depth);
    if (t.length) out += " " + std::to_string(*t.length);
    out += ')';
  }
  void print(const MapType& t, uint32_t depth) {
    out += "(map ";
    type(t.key, depth);
    out += ' ';
    type(t.value, depth);
    out += ')';
  }
  void print(const TupleType& t, uint32_t depth) {
    out += "(tuple";
    for (ValType e : t.types) {
      if (full()) break;
      out += ' ';
      type(e, depth);
    }
    out += ')';
  }
  void labels(const char* word, const std::vector<std::string>& labels) {
    out += word;
    for (const std::string& l : labels) {
      if (full()) break;
      out += " \"" + l + "\"";
    }
    out += ')';
  }
  void print(const FlagsType& t, uint32_t) { labels("(flags", t.labels); }
  void print(const EnumType& t, uint32_t) { labels("(enum", t.labels); }
  void print(const OptionType& t, uint32_t depth) {
    out += "(option ";
    type(t.type, depth);
    out += ')';
  }
  void print(const ResultType& t, uint32_t depth) {
    out += "(result";
    optional(t.ok, depth);
    if (t.error) {
      out += " (error";
      optional(t.error, depth);
      out += ')';
    }
    out += ')';
  }
  void print(const OwnType& t, uint32_t) { out += "(own resource" + std::to_string(t.resource) + ")"; }
  void print(const BorrowType& t, uint32_t) { out += "(borrow resource" + std::to_string(t.resource) + ")"; }
  void print(const StreamType& t, uint32_t depth) {
    out += "(stream";
    optional(t.element, depth);
    out += ')';
  }
  void print(const FutureType& t, uint32_t depth) {
    out += "(future";
    optional(t.element, depth);
    out += ')';
  }
  void print(const FuncType& t, uint32_t depth) { func(t, depth); }
  void print(const ComponentType&, uint32_t) { out += "(component ...)"; }
  void print(const InstanceType&, uint32_t) { out += "(instance ...)"; }
  void print(const ModuleType&, uint32_t) { out += "(core module ...)"; }

  const TypeTable& table_;
};

}  // namespace

std::string to_string(const TypeTable& table, ValType type) {
  Printer printer(table);
  printer.type(type, 0);
  return std::move(printer.out);
}

std::string to_string(const TypeTable& table, const FuncType& type) {
  Printer printer(table);
  printer.func(type, 0);
  return std::move(printer.out);
}

}  // namespace skiff::component
