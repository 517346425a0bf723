// Interfaces and worlds as component types. A component type has one index space of types and one
// of instances; an instance type inside it has its own types and reaches those of other interfaces
// by outer aliases to aliases of instance exports.
#include "component/wit/encode.h"

#include <map>

#include "component/binary/binary.h"

namespace skiff::component::wit {
namespace {

// Declarations with the number of types among them, and where WIT types went.
struct Decls {
  TypeDecls out;
  uint32_t types = 0;
  std::unordered_map<uint32_t, uint32_t> by_id;         // TypeId -> type index
  std::unordered_map<std::string, uint32_t> functions;  // signature -> type index

  uint32_t add_type(component::TypeDef def) {
    out.decls.push_back({std::move(def), 0});
    return types++;
  }
  uint32_t add_alias(AliasDef alias) {
    out.decls.push_back({std::move(alias), 0});
    return types++;
  }
};

class TypeEncoder {
 public:
  explicit TypeEncoder(const Resolve& resolve) : r_(resolve) {}

  ComponentTypeDef interface(InterfaceId id);
  ComponentTypeDef world(WorldId id);

 private:
  Decls& current() { return inner_ ? *inner_ : outer_; }
  ComponentTypeDef finish() { return {std::make_shared<const TypeDecls>(std::move(outer_.out))}; }

  // Adds the instance type of an interface; without functions for what only lends its types. Its
  // type index.
  uint32_t instance_type(InterfaceId id, bool with_functions);
  void add_instance(ExternName name, InterfaceId id, uint32_t type, bool is_import);
  void live_interfaces(InterfaceId id, std::vector<InterfaceId>& out) const;
  ExternName extern_name(const std::string& key, const WorldItem& item) const;
  void world_item(const std::string& key, const WorldItem& item, bool is_import);

  ValTypeRef value(const Type& type);
  OptValType value(const std::optional<Type>& type);
  uint32_t index_of(TypeId id);
  uint32_t foreign(InterfaceId owner, TypeId id);
  uint32_t named(const wit::TypeDef& def, uint32_t index, bool is_resource);
  ValTypeRef structure(const TypeBody& body);
  component::TypeDef definition(const TypeBody& body);
  uint32_t function(const Function& f);

  const Resolve& r_;
  Decls outer_;
  std::optional<Decls> inner_;
  std::optional<InterfaceId> interface_;  // that inner_ is of
  bool import_types_ = false;             // types of a world are imports
  uint32_t instances_ = 0;
  std::unordered_map<uint32_t, uint32_t> instance_of_;      // InterfaceId -> newest instance
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> lent_;  // instance, TypeId -> outer type index
};

// ---- types

ValTypeRef TypeEncoder::value(const Type& type) {
  if (const Primitive* p = std::get_if<Primitive>(&type)) return {*p};
  return {index_of(std::get<TypeId>(type))};
}

OptValType TypeEncoder::value(const std::optional<Type>& type) {
  if (!type) return std::nullopt;
  return value(*type);
}

// The type of another interface, as alias of its instance's export.
uint32_t TypeEncoder::foreign(InterfaceId owner, TypeId id) {
  const uint32_t instance = instance_of_.at(owner.index);
  const auto [slot, is_new] = lent_.try_emplace({instance, id.index}, outer_.types);
  if (is_new) outer_.add_alias({AliasDef::Kind::Export, Sort::Type, instance, 0, r_[id].name});
  if (!inner_) return slot->second;
  return inner_->add_alias({AliasDef::Kind::Outer, Sort::Type, slot->second, 1, {}});
}

// Exports (or imports, for types of worlds) a type under its name. The index that this introduces.
uint32_t TypeEncoder::named(const wit::TypeDef& def, uint32_t index, bool is_resource) {
  ExternName name{def.name, std::nullopt, std::nullopt, def.attributes.external_id};
  ExternTypeRef type;
  type.sort = Sort::Type;
  type.index = index;
  type.sub_resource = is_resource;
  Decls& d = current();
  if (import_types_) {
    d.out.decls.push_back({ImportDef{std::move(name), type}, 0});
  } else {
    d.out.decls.push_back({ExportDecl{std::move(name), type}, 0});
  }
  return d.types++;
}

component::TypeDef TypeEncoder::definition(const TypeBody& body) {
  return type_definition(body, [this](const Type& type) { return value(type); });
}

// A body without its name. Aliases are what they stand for.
ValTypeRef TypeEncoder::structure(const TypeBody& body) {
  if (const auto* alias = std::get_if<Alias>(&body)) return value(alias->type);
  component::TypeDef def = definition(body);
  return {current().add_type(std::move(def))};
}

// The index of a type in the current scope. Recursion: through anonymous types only, whose depth is
// bounded; named ones are encoded before what refers to them.
uint32_t TypeEncoder::index_of(TypeId id) {
  if (const auto found = current().by_id.find(id.index); found != current().by_id.end())
    return found->second;
  const wit::TypeDef& def = r_[id];
  const InterfaceId* owner = std::get_if<InterfaceId>(&def.owner);
  uint32_t index = 0;
  if (owner && (!inner_ || *owner != *interface_)) {
    index = foreign(*owner, id);
  } else if (std::holds_alternative<Resource>(def.body)) {
    index = named(def, 0, true);
  } else {
    const ValTypeRef type = structure(def.body);
    const uint32_t* defined = std::get_if<uint32_t>(&type.type);
    index = defined ? *defined : current().add_type({PrimitiveDef{std::get<Primitive>(type.type)}});
    if (!def.name.empty()) index = named(def, index, false);
  }
  current().by_id[id.index] = index;
  return index;
}

// ---- functions, instances

uint32_t TypeEncoder::function(const Function& f) {
  FuncTypeDef def;
  def.async_ = f.async_;
  const auto key_of = [](const ValTypeRef& t) {
    const Primitive* p = std::get_if<Primitive>(&t.type);
    return p ? "p" + std::to_string(static_cast<unsigned>(*p))
             : std::to_string(std::get<uint32_t>(t.type));
  };
  std::string key = f.async_ ? "async" : "";
  for (const Param& p : f.params) {
    def.params.push_back({p.name, value(p.type)});
    key += "," + p.name + ":" + key_of(def.params.back().type);
  }
  def.result = value(f.result);
  if (def.result) key += "->" + key_of(*def.result);
  if (const auto found = current().functions.find(key); found != current().functions.end())
    return found->second;
  const uint32_t index = current().add_type({std::move(def)});
  current().functions.emplace(std::move(key), index);
  return index;
}

uint32_t TypeEncoder::instance_type(InterfaceId id, bool with_functions) {
  inner_.emplace();
  interface_ = id;
  for (const auto& [name, type] : r_[id].types) index_of(type);
  if (with_functions)
    for (const auto& [name, f] : r_[id].functions) {
      ExternTypeRef type;
      type.sort = Sort::Func;
      type.index = function(f);
      inner_->out.decls.push_back(
          {ExportDecl{{name, std::nullopt, std::nullopt, f.attributes.external_id}, type}, 0});
    }
  TypeDecls decls = std::move(inner_->out);
  inner_.reset();
  return outer_.add_type({InstanceTypeDef{std::make_shared<const TypeDecls>(std::move(decls))}});
}

void TypeEncoder::add_instance(ExternName name, InterfaceId id, uint32_t type, bool is_import) {
  ExternTypeRef ref;
  ref.sort = Sort::Instance;
  ref.index = type;
  if (is_import) {
    outer_.out.decls.push_back({ImportDef{std::move(name), ref}, 0});
  } else {
    outer_.out.decls.push_back({ExportDecl{std::move(name), ref}, 0});
  }
  instance_of_[id.index] = instances_++;
}

// The interfaces that one uses, directly or not, in the order in which they need each other.
void TypeEncoder::live_interfaces(InterfaceId root, std::vector<InterfaceId>& out) const {
  std::unordered_map<uint32_t, bool> seen;
  std::vector<std::pair<std::vector<InterfaceId>, size_t>>
      stack;  // what is left to visit of each on the path
  std::vector<InterfaceId> path{root};
  stack.emplace_back(r_.direct_deps(root), 0);
  while (!stack.empty()) {
    auto& [deps, next] = stack.back();
    if (next == deps.size()) {
      out.push_back(path.back());
      path.pop_back();
      stack.pop_back();
      continue;
    }
    const InterfaceId dep = deps[next++];
    if (std::exchange(seen[dep.index], true)) continue;
    path.push_back(dep);
    stack.emplace_back(r_.direct_deps(dep), 0);
  }
}

ComponentTypeDef TypeEncoder::interface(InterfaceId id) {
  std::vector<InterfaceId> live;
  live_interfaces(id, live);
  for (InterfaceId i : live) {
    const uint32_t type = instance_type(i, i == id);
    add_instance({r_.name_of(i), std::nullopt, std::nullopt, std::nullopt}, i, type, i != id);
  }
  return finish();
}

// ---- worlds

ExternName TypeEncoder::extern_name(const std::string& key, const WorldItem& item) const {
  ExternName name{key, std::nullopt, std::nullopt, std::nullopt};
  if (const auto* i = std::get_if<WorldInterface>(&item)) {
    name.implements = r_.implements(key, *i);
    name.external_id = i->attributes.external_id;
  } else if (const auto* f = std::get_if<Function>(&item)) {
    name.external_id = f->attributes.external_id;
  }
  return name;
}

void TypeEncoder::world_item(const std::string& key, const WorldItem& item, bool is_import) {
  if (const TypeId* id = std::get_if<TypeId>(&item)) {
    import_types_ = true;
    index_of(*id);
    import_types_ = false;
    return;
  }
  if (const auto* i = std::get_if<WorldInterface>(&item)) {
    const uint32_t type = instance_type(i->interface, true);
    return add_instance(extern_name(key, item), i->interface, type, is_import);
  }
  ExternTypeRef type;
  type.sort = Sort::Func;
  type.index = function(std::get<Function>(item));
  if (is_import) {
    outer_.out.decls.push_back({ImportDef{extern_name(key, item), type}, 0});
  } else {
    outer_.out.decls.push_back({ExportDecl{extern_name(key, item), type}, 0});
  }
}

ComponentTypeDef TypeEncoder::world(WorldId id) {
  for (const auto& [key, item] : r_[id].imports) world_item(key, item, true);
  for (const auto& [key, item] : r_[id].exports) world_item(key, item, false);
  return finish();
}

// ---- components

// A component type that exports the world's under its full name.
ComponentTypeDef wrapped_world(const Resolve& resolve, WorldId id) {
  TypeDecls decls;
  decls.decls.push_back({component::TypeDef{world_type(resolve, id)}, 0});
  ExternTypeRef type;
  type.sort = Sort::Component;
  decls.decls.push_back(
      {ExportDecl{{resolve.name_of(id), std::nullopt, std::nullopt, std::nullopt}, type}, 0});
  return {std::make_shared<const TypeDecls>(std::move(decls))};
}

// Defines a component type and exports it; each takes a type index.
void add_type_export(Component& out, uint32_t& types, const std::string& name,
                     ComponentTypeDef type) {
  out.definitions.push_back({component::TypeDef{std::move(type)}, 0});
  ExportDef e;
  e.name.name = name;
  e.value = {Sort::Type, types};
  out.definitions.push_back({std::move(e), 0});
  types += 2;
}

}  // namespace

component::TypeDef type_definition(const TypeBody& body,
                                   const std::function<ValTypeRef(const Type&)>& value) {
  const auto maybe = [&](const std::optional<Type>& type) {
    return type ? OptValType(value(*type)) : std::nullopt;
  };
  const auto resource = [&](TypeId id) { return std::get<uint32_t>(value(Type{id}).type); };
  if (const auto* t = std::get_if<Record>(&body)) {
    RecordDef def;
    for (const Field& f : t->fields) def.fields.push_back({f.name, value(f.type)});
    return {std::move(def)};
  }
  if (const auto* t = std::get_if<Variant>(&body)) {
    VariantDef def;
    for (const wit::Case& c : t->cases) def.cases.push_back({c.name, maybe(c.type)});
    return {std::move(def)};
  }
  if (const auto* t = std::get_if<Enum>(&body)) {
    EnumDef def;
    for (const Label& label : t->cases) def.labels.push_back(label.name);
    return {std::move(def)};
  }
  if (const auto* t = std::get_if<Flags>(&body)) {
    FlagsDef def;
    for (const Label& label : t->flags) def.labels.push_back(label.name);
    return {std::move(def)};
  }
  if (const auto* t = std::get_if<Tuple>(&body)) {
    TupleDef def;
    for (const Type& element : t->types) def.types.push_back(value(element));
    return {std::move(def)};
  }
  if (const auto* t = std::get_if<ResultOf>(&body)) {
    const OptValType ok = maybe(t->ok);
    return {ResultDef{ok, maybe(t->error)}};
  }
  if (const auto* t = std::get_if<Map>(&body)) {
    const ValTypeRef key = value(t->key);
    return {MapDef{key, value(t->value)}};
  }
  if (const auto* t = std::get_if<Own>(&body)) return {OwnDef{resource(t->resource)}};
  if (const auto* t = std::get_if<Borrow>(&body)) return {BorrowDef{resource(t->resource)}};
  if (const auto* t = std::get_if<Option>(&body)) return {OptionDef{value(t->type)}};
  if (const auto* t = std::get_if<List>(&body)) return {ListDef{value(t->element), t->length}};
  if (const auto* t = std::get_if<Stream>(&body)) return {StreamDef{maybe(t->element)}};
  return {FutureDef{maybe(std::get<Future>(body).element)}};
}

ComponentTypeDef world_type(const Resolve& resolve, WorldId world) {
  return TypeEncoder(resolve).world(world);
}

Component package_component(const Resolve& resolve, PackageId package) {
  Component out;
  uint32_t types = 0;
  for (const auto& [name, id] : resolve[package].interfaces)
    add_type_export(out, types, name, TypeEncoder(resolve).interface(id));
  for (const auto& [name, id] : resolve[package].worlds)
    add_type_export(out, types, name, wrapped_world(resolve, id));
  return out;
}

std::vector<uint8_t> encode_package(const Resolve& resolve, PackageId package) {
  return encode_component(package_component(resolve, package));
}

Component world_component(const Resolve& resolve, WorldId world, StringEncoding strings) {
  Component out;
  ComponentCustom custom;
  custom.name = kEncodingSection;
  custom.bytes = SharedBytes::own({kEncodingVersion, static_cast<uint8_t>(strings)});
  out.customs.push_back(std::move(custom));
  uint32_t types = 0;
  add_type_export(out, types, resolve[world].name, wrapped_world(resolve, world));
  return out;
}

std::vector<uint8_t> encode_world_section(const Resolve& resolve, WorldId world,
                                          StringEncoding strings) {
  return encode_component(world_component(resolve, world, strings));
}

}  // namespace skiff::component::wit
