// Writing JSON.
#include "component/wit/json.h"

namespace skiff::component::wit {
namespace {

// Appends JSON with commas and indentation in their places.
class JsonWriter {
 public:
  explicit JsonWriter(unsigned indent) : indent_(indent) {}

  void begin(char bracket) { value(), out_ += bracket, ++depth_, first_ = true; }
  void end(char bracket) {
    --depth_;
    if (!first_) newline();
    out_ += bracket, first_ = false;
  }
  void key(std::string_view name) {
    value();
    string_text(name), out_ += indent_ ? ": " : ":";
    after_key_ = true;
  }
  void string(std::string_view s) { value(), string_text(s); }
  void number(uint64_t n) { value(), out_ += std::to_string(n); }
  void null() { value(), out_ += "null"; }
  std::string take() { return std::move(out_); }

 private:
  // Before every value or key.
  void value() {
    if (std::exchange(after_key_, false)) return;
    if (!std::exchange(first_, false)) out_ += ',';
    if (depth_ != 0) newline();
  }
  void newline() {
    if (indent_) (out_ += '\n').append(depth_ * indent_, ' ');
  }
  void string_text(std::string_view s) {
    constexpr char kHex[] = "0123456789abcdef";
    out_ += '"';
    for (char c : s) {
      if (c == '"' || c == '\\') {
        (out_ += '\\') += c;
      } else if (c == '\n') {
        out_ += "\\n";
      } else if (static_cast<uint8_t>(c) < 0x20) {
        ((out_ += "\\u00") += kHex[c >> 4]) += kHex[c & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string out_;
  unsigned indent_;
  size_t depth_ = 0;
  bool first_ = true;
  bool after_key_ = false;
};

std::string_view text_of(Primitive p) {
  switch (p) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case Primitive::ID:                               \
    return TEXT;
#include "component/types/primitives.def"
  }
  return {};
}

class Dump {
 public:
  Dump(const Resolve& resolve, unsigned indent) : r_(resolve), w_(indent) {}
  std::string run();

 private:
  template <class F>
  void object(F fill) {
    w_.begin('{'), fill(), w_.end('}');
  }
  template <class F>
  void array(F fill) {
    w_.begin('['), fill(), w_.end(']');
  }
  void field(std::string_view key, std::string_view value) { w_.key(key), w_.string(value); }
  void field(std::string_view key, uint64_t value) { w_.key(key), w_.number(value); }

  void docs(std::string_view text) {
    if (text.empty()) return;
    w_.key("docs");
    object([&] { field("contents", text); });
  }
  void attributes(const Attributes& a);
  void stability(const Stability& s);
  void type(const Type& t);
  void type(const std::optional<Type>& t) { t ? type(*t) : w_.null(); }
  void labels(const std::vector<Label>& labels);
  void body(const TypeBody& body);
  void type_def(const TypeDef& def);
  void function_kind(const Function& f);
  void function(const Function& f);
  void interface(const Interface& i);
  void world_items(const OrderedMap<WorldItem>& items);
  void world(const World& w);
  void package(const Package& p);

  const Resolve& r_;
  JsonWriter w_;
};

void Dump::stability(const Stability& s) {
  if (s.kind == Stability::Kind::Unknown) return;
  const bool stable = s.kind == Stability::Kind::Stable;
  w_.key("stability");
  object([&] {
    w_.key(stable ? "stable" : "unstable");
    object([&] {
      stable ? field("since", s.since.to_string()) : field("feature", s.feature);
      if (s.deprecated) field("deprecated", s.deprecated->to_string());
    });
  });
}

void Dump::attributes(const Attributes& a) {
  docs(a.docs);
  stability(a.stability);
  if (a.external_id) field("external_id", *a.external_id);
}

void Dump::type(const Type& t) {
  if (const Primitive* p = std::get_if<Primitive>(&t)) return w_.string(text_of(*p));
  w_.number(std::get<TypeId>(t).index);
}

void Dump::labels(const std::vector<Label>& labels) {
  array([&] {
    for (const Label& label : labels) object([&] { field("name", label.name), docs(label.docs); });
  });
}

void Dump::body(const TypeBody& body) {
  const auto one = [&](std::string_view key, auto value) { object([&] { w_.key(key), value(); }); };
  if (std::holds_alternative<Resource>(body)) return w_.string("resource");
  if (const auto* t = std::get_if<Record>(&body)) {
    one("record", [&] {
      one("fields", [&] {
        array([&] {
          for (const Field& f : t->fields)
            object([&] { field("name", f.name), w_.key("type"), type(f.type), docs(f.docs); });
        });
      });
    });
  } else if (const auto* t = std::get_if<Variant>(&body)) {
    one("variant", [&] {
      one("cases", [&] {
        array([&] {
          for (const Case& c : t->cases)
            object([&] { field("name", c.name), w_.key("type"), type(c.type), docs(c.docs); });
        });
      });
    });
  } else if (const auto* t = std::get_if<Enum>(&body)) {
    one("enum", [&] { one("cases", [&] { labels(t->cases); }); });
  } else if (const auto* t = std::get_if<Flags>(&body)) {
    one("flags", [&] { one("flags", [&] { labels(t->flags); }); });
  } else if (const auto* t = std::get_if<Own>(&body)) {
    one("handle", [&] { one("own", [&] { w_.number(t->resource.index); }); });
  } else if (const auto* t = std::get_if<Borrow>(&body)) {
    one("handle", [&] { one("borrow", [&] { w_.number(t->resource.index); }); });
  } else if (const auto* t = std::get_if<Tuple>(&body)) {
    one("tuple", [&] {
      one("types", [&] {
        array([&] {
          for (const Type& element : t->types) type(element);
        });
      });
    });
  } else if (const auto* t = std::get_if<Option>(&body)) {
    one("option", [&] { type(t->type); });
  } else if (const auto* t = std::get_if<ResultOf>(&body)) {
    one("result",
        [&] { object([&] { w_.key("ok"), type(t->ok), w_.key("err"), type(t->error); }); });
  } else if (const auto* t = std::get_if<List>(&body)) {
    if (!t->length) return one("list", [&] { type(t->element); });
    one("fixed-length-list", [&] { array([&] { type(t->element), w_.number(*t->length); }); });
  } else if (const auto* t = std::get_if<Map>(&body)) {
    one("map", [&] { array([&] { type(t->key), type(t->value); }); });
  } else if (const auto* t = std::get_if<Stream>(&body)) {
    one("stream", [&] { type(t->element); });
  } else if (const auto* t = std::get_if<Future>(&body)) {
    one("future", [&] { type(t->element); });
  } else if (const auto* t = std::get_if<Alias>(&body)) {
    one("type", [&] { type(t->type); });
  }
}

void Dump::type_def(const TypeDef& def) {
  object([&] {
    w_.key("name");
    def.name.empty() ? w_.null() : w_.string(def.name);
    w_.key("kind"), body(def.body);
    w_.key("owner");
    if (const auto* i = std::get_if<InterfaceId>(&def.owner)) {
      object([&] { field("interface", i->index); });
    } else if (const auto* w = std::get_if<WorldId>(&def.owner)) {
      object([&] { field("world", w->index); });
    } else {
      w_.null();
    }
    attributes(def.attributes);
  });
}

void Dump::function_kind(const Function& f) {
  const std::string prefix = f.async_ ? "async-" : "";
  switch (f.kind) {
    case Function::Kind::Freestanding:
      return w_.string(prefix + "freestanding");
    case Function::Kind::Method:
      return object([&] { field(prefix + "method", f.resource.index); });
    case Function::Kind::Static:
      return object([&] { field(prefix + "static", f.resource.index); });
    case Function::Kind::Constructor:
      return object([&] { field("constructor", f.resource.index); });
  }
}

void Dump::function(const Function& f) {
  object([&] {
    field("name", f.name);
    w_.key("kind"), function_kind(f);
    w_.key("params");
    array([&] {
      for (const Param& p : f.params)
        object([&] { field("name", p.name), w_.key("type"), type(p.type); });
    });
    if (f.result) w_.key("result"), type(*f.result);
    attributes(f.attributes);
  });
}

void Dump::interface(const Interface& i) {
  object([&] {
    w_.key("name");
    i.name.empty() ? w_.null() : w_.string(i.name);
    w_.key("types");
    object([&] {
      for (const auto& [name, id] : i.types) field(name, id.index);
    });
    w_.key("functions");
    object([&] {
      for (const auto& [name, f] : i.functions) w_.key(name), function(f);
    });
    attributes(i.attributes);
    w_.key("package");
    i.package ? w_.number(i.package->index) : w_.null();
  });
}

void Dump::world_items(const OrderedMap<WorldItem>& items) {
  object([&] {
    for (const auto& [key, item] : items) {
      const auto* i = std::get_if<WorldInterface>(&item);
      w_.key(i && r_.name_of(i->interface) == key
                 ? "interface-" + std::to_string(i->interface.index)
                 : key);
      object([&] {
        if (i) {
          w_.key("interface");
          object([&] { field("id", i->interface.index), attributes(i->attributes); });
        } else if (const auto* f = std::get_if<Function>(&item)) {
          w_.key("function"), function(*f);
        } else {
          field("type", std::get<TypeId>(item).index);
        }
      });
    }
  });
}

void Dump::world(const World& w) {
  object([&] {
    field("name", w.name);
    w_.key("imports"), world_items(w.imports);
    w_.key("exports"), world_items(w.exports);
    field("package", w.package.index);
    attributes(w.attributes);
  });
}

void Dump::package(const Package& p) {
  object([&] {
    field("name", p.name.to_string());
    docs(p.docs);
    w_.key("interfaces");
    object([&] {
      for (const auto& [name, id] : p.interfaces) field(name, id.index);
    });
    w_.key("worlds");
    object([&] {
      for (const auto& [name, id] : p.worlds) field(name, id.index);
    });
  });
}

std::string Dump::run() {
  object([&] {
    const auto list = [&](std::string_view key, const auto& items, auto write) {
      w_.key(key);
      array([&] {
        for (const auto& item : items) (this->*write)(item);
      });
    };
    list("worlds", r_.worlds, &Dump::world);
    list("interfaces", r_.interfaces, &Dump::interface);
    list("types", r_.types, &Dump::type_def);
    list("packages", r_.packages, &Dump::package);
  });
  return w_.take();
}

}  // namespace

std::string to_json(const Resolve& resolve, unsigned indent) { return Dump(resolve, indent).run(); }

}  // namespace skiff::component::wit
