// Canonical WIT text.
#include "component/wit/print.h"

#include "component/wit/lexer.h"

namespace skiff::component::wit {
namespace {

std::string_view text_of(Primitive p) {
  switch (p) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case Primitive::ID:                               \
    return TEXT;
#include "component/types/primitives.def"
  }
  return {};
}

std::string quoted(std::string_view s) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : s) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      // As bytes: also forbidden characters then stay out of the text.
      ((out += '\\') += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

class Printer {
 public:
  Printer(const Resolve& resolve, PrintOptions options) : r_(resolve), options_(options) {}

  void package_body(PackageId id);
  void package(PackageId main);
  void world(WorldId id);
  void type(const Type& t);
  void function_type(const Function& f);
  std::string take() { return std::move(out_); }

 private:
  void line(std::string_view text = {}) {
    if (!text.empty()) indent(), out_ += text;
    out_ += '\n';
  }
  void indent() { out_.append(2 * depth_, ' '); }
  void open(std::string_view text) { indent(), out_ += text, out_ += " {\n", ++depth_; }
  void close() { --depth_, line("}"); }

  void docs(std::string_view text);
  void attributes(const Attributes& a);
  std::string path(InterfaceId id) const;
  void interface(InterfaceId id);
  void interface_items(InterfaceId id);
  void optional(std::string_view keyword, const std::optional<Type>& t);
  void type_body(const TypeBody& body);
  void labels(std::string_view keyword, const std::string& name, const std::vector<Label>& labels);
  void type_def(TypeId id, const std::vector<const Function*>& functions);
  void function(const Function& f);
  void uses(const std::vector<TypeId>& types);
  void types(const std::vector<TypeId>& types, const std::vector<const Function*>& functions);
  void world_item(std::string_view keyword, const std::string& key, const WorldItem& item);

  const Resolve& r_;
  PrintOptions options_;
  std::optional<PackageId> current_;
  std::string out_;
  size_t depth_ = 0;
};

void Printer::docs(std::string_view text) {
  if (!options_.docs || text.empty()) return;
  for (;;) {
    const size_t newline = text.find('\n');
    const std::string_view part = text.substr(0, newline);
    indent();
    out_ += "///";
    if (!part.empty()) (out_ += ' ') += part;
    out_ += '\n';
    if (newline == std::string_view::npos) return;
    text.remove_prefix(newline + 1);
  }
}

void Printer::attributes(const Attributes& a) {
  docs(a.docs);
  const Stability& s = a.stability;
  if (s.kind == Stability::Kind::Stable) line("@since(version = " + s.since.to_string() + ")");
  if (s.kind == Stability::Kind::Unstable)
    line("@unstable(feature = " + print_name(s.feature) + ")");
  if (s.deprecated) line("@deprecated(version = " + s.deprecated->to_string() + ")");
  if (a.external_id) line("@external-id(" + quoted(*a.external_id) + ")");
}

// ---- types

void Printer::optional(std::string_view keyword, const std::optional<Type>& t) {
  out_ += keyword;
  if (!t) return;
  out_ += '<', type(*t), out_ += '>';
}

void Printer::type(const Type& t) {
  if (const Primitive* p = std::get_if<Primitive>(&t)) {
    out_ += text_of(*p);
    return;
  }
  const TypeDef& def = r_[std::get<TypeId>(t)];
  if (!def.name.empty()) {
    out_ += print_name(def.name);
  } else if (const Own* own = std::get_if<Own>(&def.body)) {
    out_ += print_name(r_[own->resource].name);
  } else {
    type_body(def.body);
  }
}

// The expression of a structural type.
void Printer::type_body(const TypeBody& body) {
  if (const auto* t = std::get_if<Own>(&body)) {
    out_ += "own<" + print_name(r_[t->resource].name) + ">";
  } else if (const auto* t = std::get_if<Borrow>(&body)) {
    out_ += "borrow<" + print_name(r_[t->resource].name) + ">";
  } else if (const auto* t = std::get_if<Tuple>(&body)) {
    out_ += "tuple<";
    for (size_t i = 0; i < t->types.size(); ++i) {
      if (i != 0) out_ += ", ";
      type(t->types[i]);
    }
    out_ += '>';
  } else if (const auto* t = std::get_if<Option>(&body)) {
    optional("option", t->type);
  } else if (const auto* t = std::get_if<ResultOf>(&body)) {
    if (!t->error) return optional("result", t->ok);
    out_ += "result<";
    if (t->ok) {
      type(*t->ok);
    } else {
      out_ += '_';
    }
    out_ += ", ", type(*t->error), out_ += '>';
  } else if (const auto* t = std::get_if<List>(&body)) {
    out_ += "list<", type(t->element);
    if (t->length) out_ += ", " + std::to_string(*t->length);
    out_ += '>';
  } else if (const auto* t = std::get_if<Map>(&body)) {
    out_ += "map<", type(t->key), out_ += ", ", type(t->value), out_ += '>';
  } else if (const auto* t = std::get_if<Stream>(&body)) {
    optional("stream", t->element);
  } else if (const auto* t = std::get_if<Future>(&body)) {
    optional("future", t->element);
  } else if (const auto* t = std::get_if<Alias>(&body)) {
    type(t->type);
  }
}

void Printer::labels(std::string_view keyword, const std::string& name,
                     const std::vector<Label>& labels) {
  open(std::string(keyword) + ' ' + name);
  for (const Label& label : labels) docs(label.docs), line(print_name(label.name) + ",");
  close();
}

void Printer::type_def(TypeId id, const std::vector<const Function*>& functions) {
  const TypeDef& def = r_[id];
  const std::string name = print_name(def.name);
  line();
  attributes(def.attributes);
  if (const auto* t = std::get_if<Record>(&def.body)) {
    open("record " + name);
    for (const Field& f : t->fields) {
      docs(f.docs);
      indent(), out_ += print_name(f.name) + ": ", type(f.type), out_ += ",\n";
    }
    close();
  } else if (const auto* t = std::get_if<Variant>(&def.body)) {
    open("variant " + name);
    for (const Case& c : t->cases) {
      docs(c.docs);
      indent(), out_ += print_name(c.name);
      if (c.type) out_ += '(', type(*c.type), out_ += ')';
      out_ += ",\n";
    }
    close();
  } else if (const auto* t = std::get_if<Enum>(&def.body)) {
    labels("enum", name, t->cases);
  } else if (const auto* t = std::get_if<Flags>(&def.body)) {
    labels("flags", name, t->flags);
  } else if (std::holds_alternative<Resource>(def.body)) {
    if (functions.empty()) return line("resource " + name + ";");
    open("resource " + name);
    for (const Function* f : functions) function(*f);
    close();
  } else {
    indent(), out_ += "type " + name + " = ", type_body(def.body), out_ += ";\n";
  }
}

// ---- functions

void Printer::function_type(const Function& f) {
  if (f.kind == Function::Kind::Static) out_ += "static ";
  if (f.async_) out_ += "async ";
  out_ += f.kind == Function::Kind::Constructor ? "(" : "func(";
  const size_t first = f.kind == Function::Kind::Method ? 1 : 0;
  for (size_t i = first; i < f.params.size(); ++i) {
    if (i != first) out_ += ", ";
    out_ += print_name(f.params[i].name) + ": ", type(f.params[i].type);
  }
  out_ += ')';
  if (!f.result) return;
  if (f.kind == Function::Kind::Constructor) {
    const TypeId* id = std::get_if<TypeId>(&*f.result);
    const Own* own = id ? std::get_if<Own>(&r_[*id].body) : nullptr;
    if (own && own->resource == f.resource) return;
  }
  out_ += " -> ", type(*f.result);
}

void Printer::function(const Function& f) {
  attributes(f.attributes);
  indent();
  if (f.kind == Function::Kind::Constructor) {
    out_ += "constructor";
  } else {
    out_ += print_name(f.item_name()) + ": ";
  }
  function_type(f);
  out_ += ";\n";
}

// ---- interfaces and worlds

// The parts of a name between separators, each escaped where it is a keyword.
std::string print_parts(std::string_view name, char separator) {
  std::string out;
  for (;;) {
    const size_t end = name.find(separator);
    out += print_name(name.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += separator;
    name.remove_prefix(end + 1);
  }
}

// "ns:name@version", or with an item "ns:name/item@version".
std::string print_package_name(const PackageName& name, std::string_view item = {}) {
  std::string out = print_parts(name.ns, ':') + ':' + print_parts(name.name, '/');
  if (!item.empty()) out += '/' + print_name(item);
  if (name.version) out += '@' + name.version->to_string();
  return out;
}

std::string Printer::path(InterfaceId id) const {
  const Interface& i = r_[id];
  return i.package == current_ ? print_name(i.name)
                               : print_package_name(r_[*i.package].name, i.name);
}

// `use` statements: neighbours of one interface with the same attributes are one.
void Printer::uses(const std::vector<TypeId>& types) {
  const auto same = [&](const TypeId& a, const TypeId& b) {
    const Attributes& x = r_[a].attributes;
    const Attributes& y = r_[b].attributes;
    return r_.used_from(a) == r_.used_from(b) && x.docs == y.docs && x.stability == y.stability;
  };
  for (size_t i = 0; i < types.size();) {
    attributes(r_[types[i]].attributes);
    indent(), out_ += "use " + path(*r_.used_from(types[i])) + ".{";
    const size_t first = i;
    do {
      const TypeDef& def = r_[types[i]];
      const std::string& target = r_[std::get<TypeId>(std::get<Alias>(def.body).type)].name;
      out_ += (i == first ? "" : ", ") + print_name(target);
      if (target != def.name) out_ += " as " + print_name(def.name);
    } while (++i < types.size() && same(types[first], types[i]));
    out_ += "};\n";
  }
}

void Printer::types(const std::vector<TypeId>& all, const std::vector<const Function*>& functions) {
  std::vector<TypeId> used;
  for (TypeId id : all)
    if (r_.used_from(id)) used.push_back(id);
  uses(used);
  std::unordered_map<uint32_t, std::vector<const Function*>> by_resource;
  for (const Function* f : functions)
    if (f->kind != Function::Kind::Freestanding) by_resource[f->resource.index].push_back(f);
  for (TypeId id : all)
    if (!r_.used_from(id)) type_def(id, by_resource[id.index]);
}

void Printer::interface_items(InterfaceId id) {
  const Interface& i = r_[id];
  std::vector<TypeId> all;
  for (const auto& [name, type] : i.types) all.push_back(type);
  std::vector<const Function*> functions;
  for (const auto& [name, f] : i.functions) functions.push_back(&f);
  types(all, functions);
  for (const Function* f : functions)
    if (f->kind == Function::Kind::Freestanding) line(), function(*f);
}

void Printer::interface(InterfaceId id) {
  attributes(r_[id].attributes);
  open("interface " + print_name(r_[id].name));
  interface_items(id);
  close();
}

void Printer::world_item(std::string_view keyword, const std::string& key, const WorldItem& item) {
  if (const auto* f = std::get_if<Function>(&item)) {
    attributes(f->attributes);
    indent(), out_ += keyword, out_ += ' ' + print_name(key) + ": ", function_type(*f),
        out_ += ";\n";
    return;
  }
  const auto& i = std::get<WorldInterface>(item);
  attributes(i.attributes);
  const std::string start = std::string(keyword) + ' ';
  if (r_.name_of(i.interface) == key) return line(start + path(i.interface) + ";");
  if (!r_[i.interface].name.empty())
    return line(start + print_name(key) + ": " + path(i.interface) + ";");
  open(start + print_name(key) + ": interface");
  interface_items(i.interface);
  close();
}

void Printer::world(WorldId id) {
  const World& w = r_[id];
  current_ = w.package;
  attributes(w.attributes);
  open("world " + print_name(w.name));
  std::vector<TypeId> all;
  std::vector<const Function*> functions;
  for (const auto& [key, item] : w.imports) {
    if (std::holds_alternative<WorldInterface>(item)) world_item("import", key, item);
    if (const TypeId* type = std::get_if<TypeId>(&item)) all.push_back(*type);
    if (const Function* f = std::get_if<Function>(&item)) functions.push_back(f);
  }
  types(all, functions);
  for (const auto& [key, item] : w.imports)
    if (const Function* f = std::get_if<Function>(&item);
        f && f->kind == Function::Kind::Freestanding)
      line(), world_item("import", key, item);
  if (!w.exports.empty()) line();
  for (const auto& [key, item] : w.exports) world_item("export", key, item);
  close();
}

// ---- packages

void Printer::package_body(PackageId id) {
  current_ = id;
  bool first = true;
  for (const auto& [name, i] : r_[id].interfaces) {
    if (!std::exchange(first, false)) line();
    interface(i);
  }
  for (const auto& [name, w] : r_[id].worlds) {
    if (!std::exchange(first, false)) line();
    world(w);
  }
}

void Printer::package(PackageId main) {
  docs(r_[main].docs);
  line("package " + print_package_name(r_[main].name) + ";");
  line();
  package_body(main);
  if (!options_.dependencies) return;
  for (uint32_t i = 0; i < r_.packages.size(); ++i) {
    if (PackageId{i} == main) continue;
    line();
    docs(r_.packages[i].docs);
    open("package " + print_package_name(r_.packages[i].name));
    package_body({i});
    close();
  }
}

}  // namespace

std::string print_name(std::string_view name) {
  return is_keyword(name) ? "%" + std::string(name) : std::string(name);
}

std::string print_package(const Resolve& resolve, PackageId package, PrintOptions options) {
  Printer printer(resolve, options);
  printer.package(package);
  return printer.take();
}

std::string print_world(const Resolve& resolve, WorldId world, PrintOptions options) {
  Printer printer(resolve, options);
  printer.world(world);
  return printer.take();
}

std::string print_type(const Resolve& resolve, const Type& type) {
  Printer printer(resolve, {});
  printer.type(type);
  return printer.take();
}

std::string print_function(const Resolve& resolve, const Function& function) {
  Printer printer(resolve, {});
  printer.function_type(function);
  return printer.take();
}

}  // namespace skiff::component::wit
