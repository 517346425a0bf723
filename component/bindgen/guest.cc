// Bindings for guests: a header with what a world imports and what it wants implemented, and a source with the core
// imports and exports behind that, by the codecs of guest/wit.h.
#include <algorithm>

#include "component/bindgen/emit.h"
#include "component/wit/encode.h"

namespace skiff::component::bindgen {

using wit::Function;
using wit::Type;
using wit::TypeId;

namespace {

std::string result_of(const Plan& plan, const Scope& scope, const Function& f) {
  return plan.maybe_value(f.result, scope);
}

// A constructor that can fail gives something else than the resource.
bool is_plain_constructor(const Plan& plan, const Function& f) {
  if (f.kind != Function::Kind::Constructor) return false;
  const wit::TypeBody* body = f.result ? plan.body(*f.result) : nullptr;
  return !body || std::holds_alternative<wit::Own>(*body);
}

// ---- header

// The class of an imported resource.
void declare_theirs(const Plan& plan, const Scope& scope, TypeId type, Writer& out) {
  const std::string& name = scope.type_names.at(type);
  out.line("class " + name + " : public wit::resource<" + name + "> {");
  out.line(" public:");
  out.line("  explicit " + name + "(wit::handle h) : resource(h) {}");
  for (const Function* f : scope.functions_of(type)) {
    const std::vector<ParamInfo> params = params_of(plan, *f, scope);
    out.docs(f->attributes.docs, "  ");
    if (is_plain_constructor(plan, *f)) {
      out.line("  " + std::string(params.size() == 1 ? "explicit " : "") + name + "(" + declare(params) + ");");
      continue;
    }
    const bool method = f->kind == Function::Kind::Method;
    const std::string called = f->kind == Function::Kind::Constructor ? "make" : scope.function_names.at(f);
    out.line("  " + std::string(method ? "" : "static ") + result_of(plan, scope, *f) + " " + called + "(" +
             declare(params) + ")" + (method ? " const;" : ";"));
  }
  out.line("  static void wit_drop(int32_t handle);");
  out.line("};");
}

// The base of an exported one.
void declare_ours(const Plan& plan, const Scope& scope, TypeId type, Writer& out) {
  const std::string& name = scope.type_names.at(type);
  out.line("/// Derive from it; implement its methods, and define its static functions.");
  out.line("class " + name + " : public wit::exported {");
  out.line(" public:");
  for (const Function* f : scope.functions_of(type)) {
    const std::string params = declare(params_of(plan, *f, scope));
    out.docs(f->attributes.docs, "  ");
    if (f->kind == Function::Kind::Constructor)
      out.line("  static " + (is_plain_constructor(plan, *f) ? "std::unique_ptr<" + name + ">" : result_of(plan, scope, *f)) +
               " construct(" + params + ");");
    else if (f->kind == Function::Kind::Static)
      out.line("  static " + result_of(plan, scope, *f) + " " + scope.function_names.at(f) + "(" + params + ");");
    else
      out.line("  virtual " + result_of(plan, scope, *f) + " " + scope.function_names.at(f) + "(" + params + ") = 0;");
  }
  out.line("};");
}

}  // namespace

std::string guest_header(const Plan& plan) {
  Writer out;
  out.line("// The world " + plan.resolve().name_of(plan.world_id()) + " for C++ guests, made by `skiff bindgen --guest`.");
  out.line("// What is imported can be called; what is in namespace exports is to be implemented.");
  out.line("#pragma once");
  out.line();
  out.line("#include \"wit.h\"");
  for (const Scope& scope : plan.scopes()) {
    if (scope.empty()) continue;
    const std::string ns = plan.full_namespace(scope);
    out.line();
    out.line("// ---- " + scope.title + (scope.exported ? ", exported" : ", imported"));
    out.line();
    out.docs(scope.docs);
    out.open_namespace(ns);
    declare_types(plan, scope, out, [&](TypeId type) {
      if (scope.ours) declare_ours(plan, scope, type, out);
      else declare_theirs(plan, scope, type, out);
    });
    for (const Function* f : scope.functions_of(std::nullopt)) {
      out.docs(f->attributes.docs);
      out.line(result_of(plan, scope, *f) + " " + scope.function_names.at(f) + "(" + declare(params_of(plan, *f, scope)) +
               ");");
    }
    out.close_namespace(ns);
  }
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
  void imports(const Scope& scope);
  void import(const Scope& scope, const Function& f, size_t number);
  void exports(const Scope& scope);
  void exported_function(const Scope& scope, const Function& f);
  void resource_exports(const Scope& scope, TypeId type);
  void world_section();
  std::string symbol(const char* what, size_t number) const {
    return plan_.file_name() + "_" + what + "_" + std::to_string(number);
  }
  std::string next_import() { return symbol("import", imports_++); }
  std::string core_import(std::string_view module, std::string_view field) const {
    return "__attribute__((import_module(" + quoted(module) + "), import_name(" + quoted(field) + ")))";
  }
  const Plan& plan_;
  Writer out_;
  size_t imports_ = 0, exports_ = 0;
};

std::string core_params(const Flat& flat, bool named) {
  std::string out;
  for (size_t i = 0; i < flat.size(); ++i) {
    out += (i ? ", " : "") + std::string(core_type(flat[i]));
    if (named) out += " p_" + std::to_string(i);
  }
  return out;
}

// Fields of records, for the codecs; what the runtime has to know of exported resources.
void Source::traits(const Scope& scope) {
  const std::string ns = plan_.full_namespace(scope);
  for (const TypeId type : scope.types) {
    const auto* record = std::get_if<wit::Record>(&plan_.resolve()[type].body);
    if (!record) continue;
    std::string all;
    for (const std::string& field : field_names(*record)) all += (all.empty() ? "v." : ", v.") + field;
    out_.line("template <>");
    out_.line("struct wit::fields<" + ns + "::" + scope.type_names.at(type) + "> {");
    out_.line("  static auto of(auto& v) { return std::tie(" + all + "); }");
    out_.line("};");
  }
  if (!scope.ours) return;
  for (const TypeId type : scope.types) {
    if (!std::holds_alternative<wit::Resource>(plan_.resolve()[type].body)) continue;
    const std::string full = ns + "::" + scope.type_names.at(type);
    const std::string& label = plan_.resolve()[type].name;
    const std::string module = "[export]" + scope.key;
    const std::string make = next_import(), rep = next_import(), drop = next_import();
    out_.line("extern \"C\" {");
    out_.line(core_import(module, "[resource-new]" + label) + "\nint32_t " + make + "(" + full + "*);");
    out_.line(core_import(module, "[resource-rep]" + label) + "\n" + full + "* " + rep + "(int32_t);");
    out_.line(core_import(module, "[resource-drop]" + label) + "\nvoid " + drop + "(int32_t);");
    out_.line("}");
    out_.line("template <>");
    out_.line("struct wit::intrinsics<" + full + "> {");
    out_.line("  static int32_t make(" + full + "* object) { return " + make + "(object); }");
    out_.line("  static " + full + "* rep(int32_t handle) { return " + rep + "(handle); }");
    out_.line("  static void drop(int32_t handle) { " + drop + "(handle); }");
    out_.line("};");
  }
}

void Source::imports(const Scope& scope) {
  const std::string module = scope.key.empty() ? "$root" : scope.key;
  const size_t first = imports_;
  std::vector<std::pair<std::string, TypeId>> drops;
  out_.line();
  out_.line("// ---- " + scope.title + ", imported");
  out_.line();
  out_.line("extern \"C\" {");
  for (const Function* f : scope.functions) {
    Flat params;
    for (const wit::Param& p : f->params) plan_.flatten(p.type, params);
    if (params.size() > kMaxFlat) params = {Core::I32};
    const Flat result = plan_.flat(f->result);
    if (result.size() > 1) params.push_back(Core::I32);
    out_.line(core_import(module, f->name));
    out_.line(std::string(result.size() == 1 ? core_type(result[0]) : "void") + " " + next_import() + "(" +
              core_params(params, false) + ");");
  }
  for (const TypeId type : scope.types) {
    if (!std::holds_alternative<wit::Resource>(plan_.resolve()[type].body)) continue;
    drops.emplace_back(next_import(), type);
    out_.line(core_import(module, "[resource-drop]" + plan_.resolve()[type].name));
    out_.line("void " + drops.back().first + "(int32_t);");
  }
  out_.line("}");
  const std::string ns = plan_.full_namespace(scope);
  out_.line();
  out_.open_namespace(ns);
  for (size_t i = 0; i < scope.functions.size(); ++i) import(scope, *scope.functions[i], first + i);
  for (const auto& [name, type] : drops)
    out_.line("void " + scope.type_names.at(type) + "::wit_drop(int32_t handle) { " + name + "(handle); }");
  out_.close_namespace(ns);
}

void Source::import(const Scope& scope, const Function& f, size_t number) {
  const std::vector<ParamInfo> params = params_of(plan_, f, scope);
  const bool free = f.kind == Function::Kind::Freestanding;
  const std::string owner = free ? "" : scope.type_names.at(f.resource);
  const bool constructor = is_plain_constructor(plan_, f);
  const std::string result = constructor ? owner : result_of(plan_, scope, f);
  std::string call = "wit::call<" + result + ">(" + symbol("import", number);
  if (f.kind == Function::Kind::Method) call += ", wit::borrow<" + owner + ">(*this)";
  for (const ParamInfo& p : params)
    call += ", " + (p.passing == Passing::Borrow ? "wit::borrow<" + p.resource + ">(" + p.name + ")" : p.name);
  call += ")";
  if (constructor) {
    out_.line(owner + "::" + owner + "(" + declare(params) + ") : resource(" + call + ") {}");
    return;
  }
  const std::string name = f.kind == Function::Kind::Constructor ? "make" : scope.function_names.at(&f);
  out_.line(result + " " + (free ? "" : owner + "::") + name + "(" + declare(params) + ")" +
            (f.kind == Function::Kind::Method ? " const" : "") + " {");
  out_.line("  " + std::string(f.result ? "return " : "") + call + ";");
  out_.line("}");
}

void Source::exported_function(const Scope& scope, const Function& f) {
  const std::vector<ParamInfo> params = params_of(plan_, f, scope);
  const std::string ns = plan_.full_namespace(scope);
  Flat flat;
  for (const wit::Param& p : f.params) plan_.flatten(p.type, flat);
  const bool in_memory = flat.size() > kMaxFlat;
  if (in_memory) flat = {Core::I32};
  const Flat result = plan_.flat(f.result);
  const std::string core_result(result.empty() ? "void" : result.size() > 1 ? "int32_t" : core_type(result[0]));
  const std::string name = (scope.key.empty() ? "" : scope.key + "#") + f.name;
  const std::string id = symbol("export", exports_++);

  out_.line("extern \"C\" __attribute__((export_name(" + quoted(name) + ")))");
  out_.line(core_result + " " + id + "(" + core_params(flat, true) + ") {");
  if (!f.params.empty()) {
    std::string all = in_memory ? "static_cast<uint32_t>(p_0)" : "std::in_place";
    for (size_t i = 0; !in_memory && i < flat.size(); ++i) all += ", p_" + std::to_string(i);
    out_.line("  wit::arguments in(" + all + ");");
  }
  const std::string owner = f.kind == Function::Kind::Freestanding ? "" : ns + "::" + scope.type_names.at(f.resource);
  if (f.kind == Function::Kind::Method) out_.line("  auto* self = in.take<" + owner + "*>();");
  std::string args;
  for (const ParamInfo& p : params) {
    std::string held = p.stored, given = p.name;
    switch (p.passing) {
      case Passing::View: held = p.declared; break;
      case Passing::Span: held = p.plain ? p.declared : p.stored; break;
      case Passing::Borrow:
        held = p.ours ? p.resource + "*" : p.resource;
        if (p.ours) given = "*" + p.name;
        break;
      case Passing::Own:
      case Passing::Value: given = "std::move(" + p.name + ")"; break;
      case Passing::Reference: break;
    }
    out_.line("  auto " + p.name + " = in.take<" + held + ">();");
    args += (args.empty() ? "" : ", ") + given;
  }
  std::string call;
  switch (f.kind) {
    case Function::Kind::Freestanding: call = ns + "::" + scope.function_names.at(&f); break;
    case Function::Kind::Method: call = "self->" + scope.function_names.at(&f); break;
    case Function::Kind::Static: call = owner + "::" + scope.function_names.at(&f); break;
    case Function::Kind::Constructor: call = owner + "::construct"; break;
  }
  call += "(" + args + ")";
  const bool finish = f.result && plan_.has_pointer(*f.result);
  if (result.empty()) out_.line("  " + call + ";");
  else if (finish) out_.line("  return wit::give_until_finish(" + call + ");");
  else out_.line("  return wit::give<" + core_result + ">(" + call + ");");
  out_.line("}");
  if (finish) {
    out_.line("extern \"C\" __attribute__((export_name(" + quoted("cabi_post_" + name) + ")))");
    out_.line("void " + id + "_post(int32_t) { wit::finish<" + result_of(plan_, scope, f) + ">(); }");
  }
}

void Source::resource_exports(const Scope& scope, TypeId type) {
  const std::string full = plan_.full_namespace(scope) + "::" + scope.type_names.at(type);
  out_.line("extern \"C\" __attribute__((export_name(" +
            quoted(scope.key + "#[dtor]" + plan_.resolve()[type].name) + ")))");
  out_.line("void " + symbol("export", exports_++) + "(" + full + "* object) { wit::own_of<" + full +
            ">::destroy(object); }");
}

void Source::exports(const Scope& scope) {
  out_.line();
  out_.line("// ---- " + scope.title + ", exported");
  const std::string ns = plan_.full_namespace(scope);
  out_.line();
  // Inside of the namespace, for the short names of types.
  out_.open_namespace(ns);
  for (const Function* f : scope.functions) exported_function(scope, *f);
  for (const TypeId type : scope.types)
    if (std::holds_alternative<wit::Resource>(plan_.resolve()[type].body)) resource_exports(scope, type);
  out_.close_namespace(ns);
}

// The custom section that `skiff component new` reads; linkers pass it on.
void Source::world_section() {
  const std::vector<uint8_t> bytes = wit::encode_world_section(plan_.resolve(), plan_.world_id(), StringEncoding::Utf8);
  out_.line();
  out_.line("// What world this is, for `skiff component new`.");
  out_.line("__asm__(");
  out_.line("    \".section \\\".custom_section." + std::string(wit::kWorldSection) + ":" +
            plan_.resolve().name_of(plan_.world_id()) + "\\\",\\\"\\\",@\\n\"");
  for (size_t at = 0; at < bytes.size(); at += 24) {
    std::string one = "    \".byte ";
    for (size_t i = at; i < std::min(bytes.size(), at + 24); ++i) one += (i == at ? "" : ",") + std::to_string(bytes[i]);
    out_.line(one + "\\n\"");
  }
  out_.line(");");
}

// Without these, every program would contain the C library's output, for messages that it has nowhere to write.
constexpr std::string_view kRuntime = R"(
extern "C" {
// What callers allocate their values by.
__attribute__((weak, export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t, size_t align, size_t size) {
  if (size == 0) return reinterpret_cast<void*>(align);
  void* p = std::realloc(old, size);
  if (!p) __builtin_trap();
  return p;
}
// Failures of the C++ library are traps, without the output of messages that would bring WASI into every program.
__attribute__((weak)) void abort_message(const char*, ...) { __builtin_trap(); }
__attribute__((weak)) void __abort_message(const char*, ...) { __builtin_trap(); }
}
#ifdef _LIBCPP_VERSION
_LIBCPP_BEGIN_NAMESPACE_STD
__attribute__((weak)) void __libcpp_verbose_abort(const char*, ...) noexcept { __builtin_trap(); }
_LIBCPP_END_NAMESPACE_STD
#endif
)";

std::string Source::make() {
  out_.line("// The world " + plan_.resolve().name_of(plan_.world_id()) + ", made by `skiff bindgen --guest`: see " +
            plan_.file_name() + ".h.");
  out_.line("#include \"" + plan_.file_name() + ".h\"");
  out_.line();
  for (const Scope& scope : plan_.scopes()) traits(scope);
  for (const Scope& scope : plan_.scopes()) {
    const bool resources = std::ranges::any_of(scope.types, [&](TypeId type) {
      return std::holds_alternative<wit::Resource>(plan_.resolve()[type].body);
    });
    if (scope.functions.empty() && !resources) continue;
    if (scope.exported) exports(scope);
    else imports(scope);
  }
  std::string out = out_.take() + std::string(kRuntime);
  out_ = Writer();
  world_section();
  return out + out_.take();
}

}  // namespace

std::string guest_source(const Plan& plan) { return Source(plan).make(); }

}  // namespace skiff::component::bindgen
