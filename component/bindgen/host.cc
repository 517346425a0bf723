// Bindings for hosts: abstract classes to implement for what a world imports, classes with typed calls for what it
// exports, over host/bind.h.
#include <algorithm>

#include "component/bindgen/emit.h"

namespace skiff::component::bindgen {

using wit::Function;
using wit::TypeId;

namespace {

bool is_resource(const Plan& plan, TypeId type) {
  return std::holds_alternative<wit::Resource>(plan.resolve()[type].body);
}

std::string result_of(const Plan& plan, const Scope& scope, const Function& f) {
  if (f.kind == Function::Kind::Constructor && !f.result) {
    const std::string r = plan.name(f.resource, scope);
    return scope.ours ? "std::unique_ptr<" + r + ">" : r;
  }
  return plan.maybe_value(f.result, scope);
}

// What the class of an interface calls its functions: those of resources that are no methods are here as well.
std::string interface_function(const Scope& scope, const Function& f) {
  if (f.kind == Function::Kind::Freestanding) return scope.function_names.at(&f);
  const std::string& r = scope.type_names.at(f.resource);
  return f.kind == Function::Kind::Constructor ? "construct_" + r : r + "_" + scope.function_names.at(&f);
}

std::vector<const Function*> interface_functions(const Scope& scope) {
  std::vector<const Function*> out;
  for (const Function* f : scope.functions)
    if (f->kind != Function::Kind::Method) out.push_back(f);
  return out;
}

// The classes "host" and "guest" of a scope, should the WIT have such names.
std::string class_name(const Scope& scope, std::string name) {
  const auto taken = [&](const std::string& n) {
    const auto is = [&](const auto& entry) { return entry.second == n; };
    return std::ranges::any_of(scope.type_names, is) || std::ranges::any_of(scope.function_names, is);
  };
  while (taken(name)) name += '_';
  return name;
}
std::string host_class(const Scope& scope) { return class_name(scope, "host"); }
std::string guest_class(const Scope& scope) { return class_name(scope, "guest"); }
bool has_host(const Scope& scope) { return !scope.left_out && !interface_functions(scope).empty(); }

std::string with_call(const std::string& params) {
  return params.empty() ? "skiff::bind::Call& call" : "skiff::bind::Call& call, " + params;
}

// ---- header

void declare_resource(const Plan& plan, const Scope& scope, TypeId type, Writer& out) {
  const std::string& name = scope.type_names.at(type);
  const std::string number = std::to_string(plan.resource_number({type, &scope}));
  out.line("class " + name + " : public skiff::bind::" + (scope.ours ? "Resource" : "GuestResource") + " {");
  out.line(" public:");
  out.line("  static constexpr uint32_t kType = " + number + ";");
  if (!scope.ours) {
    out.line("  " + name + "() = default;");
    out.line("  explicit " + name + "(skiff::bind::GuestResource&& r) : GuestResource(std::move(r)) {}");
  }
  for (const Function* f : scope.functions_of(type)) {
    if (f->kind != Function::Kind::Method || scope.left_out) continue;
    const std::string params = declare(params_of(plan, *f, scope));
    out.docs(f->attributes.docs, "  ");
    const std::string& called = scope.function_names.at(f);
    if (scope.ours)
      out.line("  virtual " + result_of(plan, scope, *f) + " " + called + "(" + with_call(params) + ") = 0;");
    else
      out.line("  skiff::RunResult<" + result_of(plan, scope, *f) + "> " + called + "(" + params + ") const;");
  }
  out.line("};");
}

void declare_host(const Plan& plan, const Scope& scope, Writer& out) {
  if (!has_host(scope)) {
    if (!scope.left_out) out.line("void define(skiff::bind::Imports& imports);");
    return;
  }
  out.line("/// To be implemented.");
  out.line("class " + host_class(scope) + " {");
  out.line(" public:");
  out.line("  virtual ~" + host_class(scope) + "() = default;");
  for (const Function* f : interface_functions(scope)) {
    out.docs(f->attributes.docs, "  ");
    out.line("  virtual " + result_of(plan, scope, *f) + " " + interface_function(scope, *f) + "(" +
             with_call(declare(params_of(plan, *f, scope))) + ") = 0;");
  }
  out.line("};");
  out.line("void define(skiff::bind::Imports& imports, " + host_class(scope) + "& implementation);");
}

void declare_guest(const Plan& plan, const Scope& scope, Writer& out) {
  if (interface_functions(scope).empty()) return;
  const std::string name = guest_class(scope);
  out.line("/// Calls the component.");
  out.line("class " + name + " {");
  out.line(" public:");
  out.line("  explicit " + name + "(std::shared_ptr<skiff::bind::Exports> exports) : exports_(std::move(exports)) {}");
  for (const Function* f : interface_functions(scope)) {
    out.docs(f->attributes.docs, "  ");
    out.line("  skiff::RunResult<" + result_of(plan, scope, *f) + "> " + interface_function(scope, *f) + "(" +
             declare(params_of(plan, *f, scope)) + ") const;");
  }
  out.line();
  out.line(" private:");
  out.line("  std::shared_ptr<skiff::bind::Exports> exports_;");
  out.line("};");
}

// The members of the class of the world: how to get at what each scope exports.
std::vector<std::pair<std::string, const Scope*>> members(const Plan& plan) {
  NameSet names;
  for (const char* taken : {"instantiate", "exports", "world", "kResources"}) names.add(taken);
  std::vector<std::pair<std::string, const Scope*>> out;
  for (const Scope& scope : plan.scopes())
    if (scope.exported && !interface_functions(scope).empty())
      out.emplace_back(names.add(scope.key.empty() ? "functions" : scope.namespaces.back()), &scope);
  return out;
}

// A namespace for the class of the world, where no interface is.
std::string world_namespace(const Plan& plan) {
  std::string out = plan.options().root.empty() ? "" : "::" + plan.options().root;
  return out + "::" + plan.file_name() + "_world";
}

void declare_world(const Plan& plan, Writer& out) {
  const std::string ns = world_namespace(plan);
  out.line();
  out.line("// ---- world " + plan.resolve().name_of(plan.world_id()));
  out.line();
  out.open_namespace(ns);
  out.line("/// What skiff::bind::Imports of this world are made with.");
  out.line("inline constexpr uint32_t kResources = " + std::to_string(plan.resource_count()) + ";");
  out.line();
  out.line("/// An instance of a component of this world.");
  out.line("class world {");
  out.line(" public:");
  out.line("  /// `imports`: all that the component imports has been defined in its linker.   Errors: what is missing or has");
  out.line("  /// another type, among imports and exports; traps of start functions.");
  out.line("  static skiff::RunResult<world> instantiate(skiff::component::ComponentStore& store, skiff::bind::Imports& imports,");
  out.line("                                             skiff::component::ComponentPtr component);");
  for (const auto& [name, scope] : members(plan)) {
    const std::string type = plan.full_namespace(*scope) + "::" + guest_class(*scope);
    out.line("  " + type + " " + name + "() const { return " + type + "(exports_); }");
  }
  out.line();
  out.line(" private:");
  out.line("  explicit world(std::shared_ptr<skiff::bind::Exports> exports) : exports_(std::move(exports)) {}");
  out.line("  std::shared_ptr<skiff::bind::Exports> exports_;");
  out.line("};");
  out.close_namespace(ns);
}

}  // namespace

std::string host_header(const Plan& plan) {
  Writer out;
  out.line("// The world " + plan.resolve().name_of(plan.world_id()) + " for C++ hosts, made by `skiff bindgen --host`.");
  out.line("// Implement the classes `host` and the resources of imported interfaces; call what is in namespace exports.");
  out.line("#pragma once");
  out.line();
  out.line("#include \"component/bindgen/host/bind.h\"");
  for (const Scope& scope : plan.scopes()) {
    if (scope.empty()) continue;
    const std::string ns = plan.full_namespace(scope);
    out.line();
    out.line("// ---- " + scope.title + (scope.exported ? ", exported" : ", imported"));
    out.line();
    out.docs(scope.docs);
    out.open_namespace(ns);
    declare_types(plan, scope, out, [&](TypeId type) { declare_resource(plan, scope, type, out); });
    if (scope.exported) declare_guest(plan, scope, out);
    else declare_host(plan, scope, out);
    out.close_namespace(ns);
  }
  declare_world(plan, out);
  return out.take();
}

// ---- source

namespace {

class Source {
 public:
  explicit Source(const Plan& plan) : plan_(plan) {}
  std::string make();

 private:
  void traits(const Scope& scope);
  void names(std::string_view trait, const std::string& type, std::vector<std::string_view> labels);
  void imports(const Scope& scope);
  void import(const Scope& scope, const Function& f, const std::string& glue);
  void exports(const Scope& scope);
  void world();
  void find(const Scope& scope);
  const Plan& plan_;
  Writer out_;
  std::map<const Function*, size_t> numbers_;   // of exported functions
};

void Source::names(std::string_view trait, const std::string& type, std::vector<std::string_view> labels) {
  out_.line("template <>");
  out_.line("struct skiff::bind::" + std::string(trait) + "<" + type + "> {");
  std::string all;
  for (const std::string_view label : labels) all += (all.empty() ? "" : ", ") + quoted(label);
  out_.line("  static constexpr std::array<std::string_view, " + std::to_string(labels.size()) + "> kNames = {" + all + "};");
  out_.line("};");
}

void Source::traits(const Scope& scope) {
  const std::string ns = plan_.full_namespace(scope);
  for (const TypeId type : scope.types) {
    const auto& body = plan_.resolve()[type].body;
    const std::string full = ns + "::" + scope.type_names.at(type);
    std::vector<std::string_view> labels;
    if (const auto* e = std::get_if<wit::Enum>(&body)) {
      for (const wit::Label& l : e->cases) labels.push_back(l.name);
      names("Names", full, std::move(labels));
    } else if (const auto* flags = std::get_if<wit::Flags>(&body)) {
      for (const wit::Label& l : flags->flags) labels.push_back(l.name);
      names("Names", full, std::move(labels));
    } else if (const auto* variant = std::get_if<wit::Variant>(&body)) {
      for (const wit::Case& c : variant->cases) labels.push_back(c.name);
      names("Cases", full, std::move(labels));
    } else if (const auto* record = std::get_if<wit::Record>(&body)) {
      const std::vector<std::string> fields = field_names(*record);
      out_.line("template <>");
      out_.line("struct skiff::bind::Fields<" + full + "> {");
      out_.line("  static constexpr auto kFields = std::tuple(");
      for (size_t i = 0; i < fields.size(); ++i)
        out_.line("      field(" + quoted(record->fields[i].name) + ", &" + full + "::" + fields[i] + ")" +
                  (i + 1 < fields.size() ? "," : ");"));
      out_.line("};");
    }
  }
}

// The function that codecs call: parameters as they are lifted.
void Source::import(const Scope& scope, const Function& f, const std::string& glue) {
  std::string params = "skiff::bind::Call& call", args = "call";
  if (f.kind == Function::Kind::Method)
    params += ", skiff::bind::Borrowed<" + scope.type_names.at(f.resource) + ">& self";
  for (const ParamInfo& p : params_of(plan_, f, scope)) {
    std::string type = p.stored, given = p.name;
    switch (p.passing) {
      case Passing::View:
        type = "skiff::bind::Text";
        given += ".view";
        break;
      case Passing::Span: type = p.plain ? p.declared : p.stored; break;
      case Passing::Borrow:
        type = p.ours ? "skiff::bind::Borrowed<" + p.resource + ">" : p.stored;
        given = "*" + p.name;
        break;
      case Passing::Own:
      case Passing::Value: given = "std::move(" + p.name + ")"; break;
      case Passing::Reference: break;
    }
    params += ", " + type + "& " + p.name;
    args += ", " + given;
  }
  out_.line(result_of(plan_, scope, f) + " " + glue + "(" + params + ") {");
  const std::string target = f.kind == Function::Kind::Method
                                 ? "self->" + scope.function_names.at(&f)
                                 : "call.host<" + host_class(scope) + ">()." + interface_function(scope, f);
  out_.line("  return " + target + "(" + args + ");");
  out_.line("}");
}

void Source::imports(const Scope& scope) {
  const std::string ns = plan_.full_namespace(scope);
  out_.line();
  out_.line("// ---- " + scope.title + ", imported");
  out_.line();
  out_.open_namespace(ns);
  if (!scope.functions.empty()) out_.line("namespace {");
  for (size_t i = 0; i < scope.functions.size(); ++i) import(scope, *scope.functions[i], "call_" + std::to_string(i));
  if (!scope.functions.empty()) out_.line("}  // namespace");
  const bool object = has_host(scope);
  out_.line("void define(skiff::bind::Imports& imports" + (object ? ", " + host_class(scope) + "& implementation" : "") +
            ") {");
  out_.line("  [[maybe_unused]] auto to = imports.interface(" + quoted(scope.key) + ", " +
            (object ? "&implementation" : "nullptr") + ");");
  for (const TypeId type : scope.types) {
    const Plan::Origin origin = plan_.resource(type, scope);
    const bool resource = is_resource(plan_, origin.type);
    const std::string& label = plan_.resolve()[type].name;
    const std::string& name = scope.type_names.at(type);
    // Of a used resource, the one that defines it must be the host's as well.
    if (resource && origin.scope->left_out) continue;
    out_.line("  to." + std::string(resource ? "resource" : "type") + "<" + name + ">(" + quoted(label) + ");");
  }
  for (size_t i = 0; i < scope.functions.size(); ++i) {
    const Function& f = *scope.functions[i];
    std::string params;
    for (const wit::Param& p : f.params) params += (params.empty() ? "" : " ") + p.name;
    out_.line("  to.function<&call_" + std::to_string(i) + ">(" + quoted(f.name) + ", " + quoted(params) + ");");
  }
  out_.line("}");
  out_.close_namespace(ns);
}

// The types by which codecs take arguments, for checking the component's; and the arguments.
struct Arguments {
  std::string types, values;
};
Arguments arguments(const Plan& plan, const Function& f, const Scope& scope) {
  Arguments out;
  for (const ParamInfo& p : params_of(plan, f, scope)) {
    std::string type = p.stored, value = p.name;
    if (p.passing == Passing::View || p.passing == Passing::Span) type = p.declared;
    if (p.passing == Passing::Borrow)
      value = p.ours ? "skiff::bind::Borrowed<" + p.resource + ">{&" + p.name + "}"
                     : "skiff::bind::borrow<" + p.resource + ">(" + p.name + ")";
    out.types += ", " + type;
    out.values += ", " + value;
  }
  return out;
}

void Source::exports(const Scope& scope) {
  const std::string ns = plan_.full_namespace(scope);
  out_.line();
  out_.line("// ---- " + scope.title + ", exported");
  out_.line();
  out_.open_namespace(ns);
  for (const Function* f : scope.functions) {
    const std::string result = result_of(plan_, scope, *f);
    const bool method = f->kind == Function::Kind::Method;
    const std::string owner = method ? scope.type_names.at(f->resource) : guest_class(scope);
    const std::string name = method ? scope.function_names.at(f) : interface_function(scope, *f);
    out_.line("skiff::RunResult<" + result + "> " + owner + "::" + name + "(" + declare(params_of(plan_, *f, scope)) +
              ") const {");
    out_.line("  return " + std::string(method ? "exports()." : "exports_->") + "call<" + result + ">(" +
              std::to_string(numbers_.at(f)) + (method ? ", skiff::bind::borrow<" + owner + ">(*this)" : "") +
              arguments(plan_, *f, scope).values + ");");
    out_.line("}");
  }
  out_.close_namespace(ns);
}

// Inside of the function that finds all exports.
void Source::find(const Scope& scope) {
  out_.line("  exports->interface(" + quoted(scope.key) + ");");
  const std::string ns = plan_.full_namespace(scope);
  for (const TypeId type : scope.types)
    if (is_resource(plan_, type))
      out_.line("  exports->resource<" + ns + "::" + scope.type_names.at(type) + ">(" +
                quoted(plan_.resolve()[type].name) + ");");
  // Types in full: this is another namespace.
  Scope outside = scope;
  for (const auto& [type, name] : scope.type_names) outside.shadowed.insert(name);
  for (const Function* f : scope.functions) {
    std::string params;
    for (const wit::Param& p : f->params) params += (params.empty() ? "" : " ") + p.name;
    std::string types = result_of(plan_, outside, *f);
    if (f->kind == Function::Kind::Method)
      types += ", skiff::bind::borrow<" + ns + "::" + scope.type_names.at(f->resource) + ">";
    types += arguments(plan_, *f, outside).types;
    out_.line("  exports->function<" + types + ">(" + quoted(f->name) + ", " + quoted(params) + ");");
  }
}

void Source::world() {
  const std::string ns = world_namespace(plan_);
  out_.line();
  out_.open_namespace(ns);
  out_.line("skiff::RunResult<world> world::instantiate(skiff::component::ComponentStore& store, skiff::bind::Imports& imports,");
  out_.line("                                           skiff::component::ComponentPtr component) {");
  out_.line("  auto made = skiff::bind::Exports::instantiate(store, imports, std::move(component));");
  out_.line("  if (!made) return std::unexpected(std::move(made.error()));");
  out_.line("  const std::shared_ptr<skiff::bind::Exports> exports = std::move(*made);");
  for (const Scope& scope : plan_.scopes())
    if (scope.exported && !scope.functions.empty()) find(scope);
  out_.line("  if (auto found = exports->status(); !found) return std::unexpected(std::move(found.error()));");
  out_.line("  return world(exports);");
  out_.line("}");
  out_.close_namespace(ns);
}

std::string Source::make() {
  out_.line("// The world " + plan_.resolve().name_of(plan_.world_id()) + ", made by `skiff bindgen --host`: see " +
            plan_.file_name() + ".h.");
  out_.line("#include \"" + plan_.file_name() + ".h\"");
  out_.line();
  for (const Scope& scope : plan_.scopes()) traits(scope);
  size_t number = 0;
  for (const Scope& scope : plan_.scopes())
    if (scope.exported)
      for (const Function* f : scope.functions) numbers_.emplace(f, number++);
  for (const Scope& scope : plan_.scopes()) {
    if (scope.empty() || scope.left_out) continue;
    if (!scope.exported) imports(scope);
    else if (!scope.functions.empty()) exports(scope);
  }
  world();
  return out_.take();
}

}  // namespace

std::string host_source(const Plan& plan) { return Source(plan).make(); }

}  // namespace skiff::component::bindgen
