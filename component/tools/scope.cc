// Types in the root and in the wrappers of exported interfaces. A wrapper imports the functions and
// every named type they mention, and exports them with types told in terms of its own exports: so
// every type in the exported instance has a name. Recursion: over types, bounded by kMaxDepth.
#include "component/tools/scope.h"

#include <functional>

#include "component/tools/wit_names.h"
#include "component/wit/encode.h"

namespace skiff::component::tools {
namespace {

constexpr uint32_t kMaxDepth = 200;

std::unexpected<Error> too_deep() {
  return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex, "types are nested too deep");
}

std::unexpected<Error> absent(const wit::TypeDef& def) {
  return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex,
              "type `" + def.name + "` is not at hand where it is used");
}

using Encode = std::function<Result<ValTypeRef>(const Type&)>;

// The definition of a body whose parts are encoded by `encode`.
Result<TypeDef> define(const TypeBody& body, const Encode& encode) {
  Status status;
  TypeDef def = type_definition(body, [&](const Type& type) -> ValTypeRef {
    Result<ValTypeRef> part = encode(type);
    if (part) return *part;
    if (status) status = std::unexpected(std::move(part).error());
    return {uint32_t{0}};
  });
  if (!status) return std::unexpected(std::move(status).error());
  return def;
}

Result<FuncTypeDef> define(const Function& f, const Encode& encode) {
  FuncTypeDef def;
  def.async_ = f.async_;
  for (const Param& p : f.params) def.params.push_back({p.name, SKIFF_TRY(encode(p.type))});
  if (f.result) def.result = SKIFF_TRY(encode(*f.result));
  return def;
}

ExternTypeRef type_ref(uint32_t index, bool sub_resource) {
  ExternTypeRef type;
  type.sort = Sort::Type;
  type.index = index;
  type.sub_resource = sub_resource;
  return type;
}

ExternTypeRef func_ref(uint32_t index) {
  ExternTypeRef type;
  type.sort = Sort::Func;
  type.index = index;
  return type;
}

}  // namespace

// ---- the root

RootScope::RootScope(const Resolve& resolve, WorldId world, ComponentBuilder& builder)
    : r_(resolve), out_(builder) {
  Resolve imports = resolve;
  imports[world].exports = {};
  const ComponentTypeDef type = world_type(imports, world);
  for (const TypeDecl& decl : type.decls->decls) {
    if (const auto* def = std::get_if<TypeDef>(&decl.decl)) {
      out_.type(*def);
    } else if (const auto* alias = std::get_if<AliasDef>(&decl.decl)) {
      out_.add(alias->sort, *alias);
    } else if (const auto* import = std::get_if<ImportDef>(&decl.decl)) {
      const uint32_t index = out_.import(import->name, import->type);
      auto& indices = import->type.sort == Sort::Instance ? instances_
                      : import->type.sort == Sort::Func   ? functions_
                                                          : types_;
      indices.emplace(import->name.name, index);
    }
  }
  for (const auto& [key, item] : resolve[world].imports)
    if (const auto* i = std::get_if<WorldInterface>(&item))
      instance_of_[i->interface.index] = instances_.at(key);
  for (const auto& [key, item] : resolve[world].exports)
    if (const auto* i = std::get_if<WorldInterface>(&item)) pending_.insert(i->interface.index);
}

uint32_t RootScope::import_function(const std::string& key, const std::string& name) {
  return key.empty() ? functions_.at(name) : out_.alias(Sort::Func, instances_.at(key), name);
}

uint32_t RootScope::import_resource(const std::string& key, TypeId id) {
  if (key.empty()) return types_.at(r_[id].name);
  const uint32_t instance = instances_.at(key);
  const auto [slot, is_new] = aliases_.try_emplace({instance, id.index}, 0);
  if (is_new) slot->second = out_.alias(Sort::Type, instance, r_[id].name);
  return slot->second;
}

std::optional<SortIdx> RootScope::find_import(const std::string& name) const {
  if (const auto i = instances_.find(name); i != instances_.end())
    return SortIdx{Sort::Instance, i->second};
  if (const auto f = functions_.find(name); f != functions_.end())
    return SortIdx{Sort::Func, f->second};
  if (const auto t = types_.find(name); t != types_.end()) return SortIdx{Sort::Type, t->second};
  return std::nullopt;
}

void RootScope::enter(bool exports) {
  exports_ = exports;
  own_.clear();
}

void RootScope::exported(InterfaceId id, uint32_t instance) {
  instance_of_[id.index] = instance;
  pending_.erase(id.index);
}

Result<ValTypeRef> RootScope::value(const Type& type) {
  if (const Primitive* p = std::get_if<Primitive>(&type)) return ValTypeRef{*p};
  if (depth_ > kMaxDepth) return too_deep();
  ++depth_;
  Result<ValTypeRef> result = encode(std::get<TypeId>(type));
  --depth_;
  return result;
}

Result<ValTypeRef> RootScope::encode(TypeId id) {
  const wit::TypeDef& def = r_[id];
  if (!def.name.empty()) {
    if (std::holds_alternative<WorldId>(def.owner)) {
      const auto found = types_.find(def.name);
      return found != types_.end() ? Result<ValTypeRef>(ValTypeRef{found->second}) : absent(def);
    }
    const InterfaceId* owner = std::get_if<InterfaceId>(&def.owner);
    // What an interface exports that is not exported yet is told by its structure.
    const bool local = owner && exports_ && pending_.contains(owner->index);
    if (owner && !local) {
      const auto found = instance_of_.find(owner->index);
      if (found == instance_of_.end()) return absent(def);
      const uint32_t instance = found->second;
      const auto [slot, is_new] = aliases_.try_emplace({instance, id.index}, 0);
      if (is_new) slot->second = out_.alias(Sort::Type, instance, def.name);
      return ValTypeRef{slot->second};
    }
  }
  if (const auto found = own_.find(id.index); found != own_.end()) return found->second;
  ValTypeRef type;
  if (std::holds_alternative<Resource>(def.body)) {
    const auto found = local_resources_.find(id.index);
    if (found == local_resources_.end()) return absent(def);
    type.type = found->second;
  } else if (const Alias* alias = std::get_if<Alias>(&def.body)) {
    type = SKIFF_TRY(value(alias->type));
  } else {
    type.type =
        out_.type(SKIFF_TRY(define(def.body, [this](const Type& part) { return value(part); })));
  }
  own_.emplace(id.index, type);
  return type;
}

Result<uint32_t> RootScope::type_index(TypeId id) {
  const ValTypeRef type = SKIFF_TRY(value(Type{id}));
  if (const uint32_t* index = std::get_if<uint32_t>(&type.type)) return *index;
  return out_.type({PrimitiveDef{std::get<Primitive>(type.type)}});
}

Result<uint32_t> RootScope::function_type(const Function& f) {
  return out_.type({SKIFF_TRY(define(f, [this](const Type& part) { return value(part); }))});
}

// ---- the wrapper of an exported interface

namespace {

class Wrapper {
 public:
  Wrapper(const Resolve& resolve, InterfaceId id, RootScope& scope)
      : r_(resolve), id_(id), scope_(scope) {}

  Result<uint32_t> run(const std::vector<uint32_t>& functions, ComponentBuilder& out);

 private:
  Result<ValTypeRef> imported(const Type& type);
  Result<ValTypeRef> import_named(TypeId id);
  Result<ValTypeRef> exported(const Type& type);
  Status export_type(const std::string& name, TypeId id);
  Result<uint32_t> index(ValTypeRef type);

  const Resolve& r_;
  InterfaceId id_;
  RootScope& scope_;
  ComponentBuilder in_;
  std::vector<InstantiateArg> args_;
  std::unordered_map<uint32_t, ValTypeRef> imported_, exported_;
  uint32_t depth_ = 0;
};

Result<uint32_t> Wrapper::index(ValTypeRef type) {
  if (const uint32_t* index = std::get_if<uint32_t>(&type.type)) return *index;
  return in_.type({PrimitiveDef{std::get<Primitive>(type.type)}});
}

// A type as the imported functions mention it: named ones are imports.
Result<ValTypeRef> Wrapper::imported(const Type& type) {
  if (const Primitive* p = std::get_if<Primitive>(&type)) return ValTypeRef{*p};
  const TypeId id = std::get<TypeId>(type);
  if (const auto found = imported_.find(id.index); found != imported_.end()) return found->second;
  if (depth_ > kMaxDepth) return too_deep();
  ++depth_;
  Result<ValTypeRef> result = import_named(id);
  --depth_;
  if (result) imported_.emplace(id.index, *result);
  return result;
}

Result<ValTypeRef> Wrapper::import_named(TypeId id) {
  const wit::TypeDef& def = r_[id];
  if (const Alias* alias = std::get_if<Alias>(&def.body)) return imported(alias->type);
  const bool resource = std::holds_alternative<Resource>(def.body);
  uint32_t index = 0;
  if (!resource) {
    index =
        in_.type(SKIFF_TRY(define(def.body, [this](const Type& part) { return imported(part); })));
    if (def.name.empty()) return ValTypeRef{index};
  }
  const std::string name = "type-" + std::to_string(args_.size()) + "-" + def.name;
  args_.push_back({name, {Sort::Type, SKIFF_TRY(scope_.type_index(id))}, 0});
  return ValTypeRef{in_.import(plain_name(name), type_ref(index, resource))};
}

// A type as the exported functions mention it: those of the interface by their exports.
Result<ValTypeRef> Wrapper::exported(const Type& type) {
  if (const Primitive* p = std::get_if<Primitive>(&type)) return ValTypeRef{*p};
  const TypeId id = std::get<TypeId>(type);
  if (const auto found = exported_.find(id.index); found != exported_.end()) return found->second;
  const wit::TypeDef& def = r_[id];
  if (!def.name.empty()) return imported(type);
  if (depth_ > kMaxDepth) return too_deep();
  ++depth_;
  Result<TypeDef> made = define(def.body, [this](const Type& part) { return exported(part); });
  --depth_;
  const ValTypeRef result{in_.type(SKIFF_TRY(std::move(made)))};
  exported_.emplace(id.index, result);
  return result;
}

Status Wrapper::export_type(const std::string& name, TypeId id) {
  const wit::TypeDef& def = r_[id];
  uint32_t type = 0;
  if (const Alias* alias = std::get_if<Alias>(&def.body)) {
    type = SKIFF_TRY(index(SKIFF_TRY(exported(alias->type))));
  } else if (std::holds_alternative<Resource>(def.body)) {
    type = SKIFF_TRY(index(SKIFF_TRY(imported(Type{id}))));
  } else {
    type =
        in_.type(SKIFF_TRY(define(def.body, [this](const Type& part) { return exported(part); })));
  }
  exported_[id.index] = ValTypeRef{in_.export_(plain_name(name), {Sort::Type, type})};
  return {};
}

Result<uint32_t> Wrapper::run(const std::vector<uint32_t>& functions, ComponentBuilder& out) {
  const wit::Interface& interface = r_[id_];
  const uint32_t first = in_.count(Sort::Func);
  for (size_t i = 0; i < functions.size(); ++i) {
    const Function& f = interface.functions[i].second;
    const uint32_t type =
        in_.type({SKIFF_TRY(define(f, [this](const Type& part) { return imported(part); }))});
    const std::string name = "func-" + std::to_string(i);
    args_.push_back({name, {Sort::Func, functions[i]}, 0});
    in_.import(plain_name(name), func_ref(type));
  }
  for (const auto& [name, type] : interface.types) SKIFF_TRY(export_type(name, type));
  for (size_t i = 0; i < functions.size(); ++i) {
    const Function& f = interface.functions[i].second;
    const uint32_t type =
        in_.type({SKIFF_TRY(define(f, [this](const Type& part) { return exported(part); }))});
    ExternName name = plain_name(f.name);
    name.external_id = f.attributes.external_id;
    in_.export_(std::move(name), {Sort::Func, first + static_cast<uint32_t>(i)}, func_ref(type));
  }
  const uint32_t component = out.component(in_.take());
  return out.instance(component, std::move(args_));
}

}  // namespace

Result<uint32_t> wrap_interface(const Resolve& resolve, InterfaceId id, RootScope& scope,
                                const std::vector<uint32_t>& functions, ComponentBuilder& out) {
  return Wrapper(resolve, id, scope).run(functions, out);
}

}  // namespace skiff::component::tools
