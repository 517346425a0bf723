// Types as C++ declares them.
#include "component/bindgen/emit.h"

#include <variant>

namespace skiff::component::bindgen {

using wit::TypeId;

void Writer::docs(std::string_view text, std::string_view indent) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string one(text.substr(0, end));
    // A backslash at the end would make a comment of the next line as well.
    while (!one.empty() && (one.back() == ' ' || one.back() == '\\' || one.back() == '\r')) one.pop_back();
    line(std::string(indent) + (one.empty() ? "///" : "/// " + one));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::vector<std::string> field_names(const wit::Record& record) {
  NameSet names;
  std::vector<std::string> out;
  for (const wit::Field& f : record.fields) out.push_back(names.add(identifier(f.name)));
  return out;
}

std::vector<std::string> case_names(const Plan& plan, const Scope& scope, TypeId variant) {
  NameSet names;
  for (const std::string& taken : {scope.type_names.at(variant), std::string("value"), std::string("wit_cases")})
    names.add(taken);
  std::vector<std::string> out;
  for (const wit::Case& c : std::get<wit::Variant>(plan.resolve()[variant].body).cases)
    out.push_back(names.add(identifier(c.name)));
  return out;
}

std::vector<std::string> label_names(const std::vector<wit::Label>& labels, bool flags) {
  NameSet names;
  if (flags)
    for (const char* taken : {"bits", "has", "wit_flags"}) names.add(taken);
  std::vector<std::string> out;
  for (const wit::Label& l : labels) out.push_back(names.add(identifier(l.name)));
  return out;
}

namespace {

std::string unsigned_for(size_t values) {
  return values <= 256 ? "uint8_t" : values <= 65536 ? "uint16_t" : "uint32_t";
}

void declare_enum(const wit::Enum& e, const std::string& name, Writer& out) {
  out.line("enum class " + name + " : " + unsigned_for(e.cases.size()) + " {");
  const std::vector<std::string> names = label_names(e.cases, false);
  for (size_t i = 0; i < names.size(); ++i) {
    out.docs(e.cases[i].docs, "  ");
    out.line("  " + names[i] + ",");
  }
  out.line("};");
}

void declare_flags(const wit::Flags& flags, const std::string& name, Writer& out) {
  const std::vector<std::string> names = label_names(flags.flags, true);
  const std::string bits = names.size() <= 8 ? "uint8_t" : names.size() <= 16 ? "uint16_t" : "uint32_t";
  out.line("struct " + name + " {");
  out.line("  using wit_flags = void;");
  for (size_t i = 0; i < names.size(); ++i) {
    out.docs(flags.flags[i].docs, "  ");
    out.line("  static const " + name + " " + names[i] + ";");
  }
  out.line("  " + bits + " bits = 0;");
  out.line("  constexpr bool has(" + name + " all) const { return (bits & all.bits) == all.bits; }");
  out.line("  constexpr bool operator==(const " + name + "&) const = default;");
  for (const char* op : {"|", "&", "^"})
    out.line("  friend constexpr " + name + " operator" + op + "(" + name + " a, " + name + " b) { return {static_cast<" +
             bits + ">(a.bits " + op + " b.bits)}; }");
  out.line("};");
  for (size_t i = 0; i < names.size(); ++i)
    out.line("inline constexpr " + name + " " + name + "::" + names[i] + "{" + std::to_string(uint32_t{1} << i) + "};");
}

void declare_variant(const Plan& plan, const Scope& scope, TypeId type, const wit::Variant& v, Writer& out) {
  const std::vector<std::string> names = case_names(plan, scope, type);
  out.line("struct " + scope.type_names.at(type) + " {");
  out.line("  using wit_cases = void;");
  std::string all;
  for (size_t i = 0; i < names.size(); ++i) {
    out.docs(v.cases[i].docs, "  ");
    if (v.cases[i].type) out.line("  struct " + names[i] + " {\n    " + plan.value(*v.cases[i].type, scope) + " value;\n  };");
    else out.line("  struct " + names[i] + " {};");
    all += (i ? ", " : "") + names[i];
  }
  out.line("  std::variant<" + all + "> value;");
  out.line("};");
}

void declare_record(const Plan& plan, const Scope& scope, const wit::Record& record, const std::string& name, Writer& out) {
  const std::vector<std::string> names = field_names(record);
  out.line("struct " + name + " {");
  for (size_t i = 0; i < names.size(); ++i) {
    out.docs(record.fields[i].docs, "  ");
    const wit::TypeBody* body = plan.body(record.fields[i].type);
    const bool number = body ? std::holds_alternative<wit::Enum>(*body) : !plan.is_string(record.fields[i].type);
    out.line("  " + plan.value(record.fields[i].type, scope) + " " + names[i] + (number ? "{};" : ";"));
  }
  out.line("};");
}

}  // namespace

// In this order: what methods of resources mention need only be declared, but aliases must be there; records may
// hold resources.
void declare_types(const Plan& plan, const Scope& scope, Writer& out, const std::function<void(TypeId)>& resource) {
  const auto each = [&]<class Body, class F>(std::type_identity<Body>, F f) {
    for (const TypeId type : scope.types) {
      const wit::TypeDef& def = plan.resolve()[type];
      if (const auto* body = std::get_if<Body>(&def.body)) f(type, *body, def);
    }
  };
  const auto forward = [&](const char* kind) {
    return [&out, &scope, kind](TypeId type, const auto&, const wit::TypeDef&) {
      out.line(std::string(kind) + " " + scope.type_names.at(type) + ";");
    };
  };
  each(std::type_identity<wit::Resource>{}, forward("class"));
  each(std::type_identity<wit::Record>{}, forward("struct"));
  each(std::type_identity<wit::Variant>{}, forward("struct"));
  each(std::type_identity<wit::Enum>{}, [&](TypeId type, const wit::Enum& e, const wit::TypeDef& def) {
    out.docs(def.attributes.docs);
    declare_enum(e, scope.type_names.at(type), out);
  });
  each(std::type_identity<wit::Flags>{}, [&](TypeId type, const wit::Flags& flags, const wit::TypeDef& def) {
    out.docs(def.attributes.docs);
    declare_flags(flags, scope.type_names.at(type), out);
  });
  for (const TypeId type : scope.types) {
    const wit::TypeDef& def = plan.resolve()[type];
    if (std::holds_alternative<wit::Resource>(def.body) || std::holds_alternative<wit::Record>(def.body) ||
        std::holds_alternative<wit::Variant>(def.body) || std::holds_alternative<wit::Enum>(def.body) ||
        std::holds_alternative<wit::Flags>(def.body))
      continue;
    out.docs(def.attributes.docs);
    out.line("using " + scope.type_names.at(type) + " = " + plan.alias_target(type, scope) + ";");
  }
  each(std::type_identity<wit::Resource>{}, [&](TypeId type, const wit::Resource&, const wit::TypeDef& def) {
    out.docs(def.attributes.docs);
    resource(type);
  });
  for (const TypeId type : scope.types) {
    const wit::TypeDef& def = plan.resolve()[type];
    if (const auto* record = std::get_if<wit::Record>(&def.body)) {
      out.docs(def.attributes.docs);
      declare_record(plan, scope, *record, scope.type_names.at(type), out);
    } else if (const auto* variant = std::get_if<wit::Variant>(&def.body)) {
      out.docs(def.attributes.docs);
      declare_variant(plan, scope, type, *variant, out);
    }
  }
}

}  // namespace skiff::component::bindgen
